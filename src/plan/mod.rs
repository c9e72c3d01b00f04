//! The plan: every step of a run, known before any is run. Reads the project's files, renders Dockerfiles, computes
//! keys; never talks to the daemon and never writes.

mod assess;
mod context;
mod dockerfile;
mod estimate;
mod make;
mod step;
mod times;

pub use assess::{Assessment, Judged, Record, RecordedFile, Root, State, assess, judge};
pub use context::{ContextFile, ContextSource};
pub use dockerfile::{TemplateError, Templates};
pub use estimate::{Estimate, estimate};
pub use make::{Contexts, PlanContext, PlanError, Want, make, names};
pub use step::{
    AccountKind, Asked, BaseWork, BuilderWork, ImageWork, Index, Inputs, Links, Origins, Own, OwnFiles, PackageWork,
    Plan, QuirksWork, SeedWork, Start, Step, Unmade, WaptWork, WheelsWork, Wishes, Work, label,
};
pub use times::Times;

#[cfg(test)]
mod tests;
