//! The plan: every step of a run, known before any is run. Reads the project's files, renders Dockerfiles, computes
//! keys; never talks to the daemon and never writes.

pub(crate) mod assess;
pub(crate) mod context;
pub(crate) mod dockerfile;
mod estimate;
pub(crate) mod make;
pub(crate) mod maker;
pub(crate) mod step;
pub(crate) mod times;

pub use assess::{Assessment, Judged, NoRecord, Record, RecordedFile, Root, State, assess, judge};
pub use context::{ContextFile, ContextSource};
pub use dockerfile::{TemplateError, Templates};
pub use estimate::{Estimate, estimate};
pub use make::{make, names};
pub use maker::{PlanContext, PlanError, Want};
pub use step::{Holdings, Inputs, Origins, Plan, Specifiers, Step, Unmade, label};
pub use times::Times;

#[cfg(test)]
mod tests;
