//! Tells people and machines what happens: the only floor that prints. It takes [`Event`](crate::event::Event)s and
//! views and never decides what is done.
//!
//! stdout is data (views, the closing table, JSON lines), stderr is talk. [`Reporter`] is the entrance.

mod clock;
mod doctor;
mod dot;
mod explain;
mod human;
mod json;
mod list;
mod live;
mod logs;
mod made;
mod plain;
mod plan;
mod reporter;
#[cfg(test)]
mod scene;
mod settings;
mod sheet;
mod steps;
mod stream;
mod style;
mod table;
mod tee;
mod terminal_sink;
pub mod text;
pub mod units;
mod view;

pub use clock::Clock;
pub use doctor::{Check, CheckState, DoctorView};
pub use dot::PlanDot;
pub use explain::LintView;
pub use json::SCHEMA;
pub use list::{ListColumn, ListKind, ListView, ProseView};
pub use logs::{LastRun, LastStep, LogDir};
pub use plan::{PlanEstimate, PlanRow, PlanState, PlanView};
pub use reporter::{ReportError, Reporter};
pub use settings::{Output, Settings, Surroundings, Verbosity};
pub use sheet::{DifferenceView, PackageView, Section, Sheet, VerifiedView};
pub use style::{Glyphs, Paint, Style};
pub use table::{Cell, Column, Table};
pub use tee::{Masked, Tee};
pub use view::View;
