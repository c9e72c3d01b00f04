//! Runs a plan: scheduling, records, clean-up. One file per kind of work.

mod base;
mod context;
mod error;
mod image;
mod lock;
mod package;
mod records;
mod run;
mod session;
mod settle;
pub mod wapt;
mod wheels;

pub use error::{RELOCK, StepError, lines_of};
pub use lock::{hold, observe, renew};
pub use package::{Line, blocking_reader, of_items, read_listing};
pub use records::Records;
pub use run::{BuildError, Done, Survey, run, survey};
pub use session::{Lines, Session, remove_leftovers, sweep};
pub use settle::settle;
