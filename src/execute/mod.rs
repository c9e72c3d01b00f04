//! Runs a plan: scheduling, records, clean-up. What a step does is in [`work`](crate::work).

mod build_failure;
mod containers;
pub(crate) mod context;
pub(crate) mod disk;
pub(crate) mod error;
pub(crate) mod judged;
pub(crate) mod keep;
pub(crate) mod lock;
pub(crate) mod owner;
pub(crate) mod records;
pub(crate) mod room;
pub(crate) mod run;
mod schedule;
pub(crate) mod session;
mod settle;
pub(crate) mod step_cache;
mod step_output;
pub(crate) mod told;
pub(crate) mod transient;
mod used;
pub(crate) mod work;

pub use containers::{Containers, leftovers, remove_leftovers, remove_of_run, sweep};
pub use error::{RELOCK, StepError, lines_of};
pub use keep::{forget_kept, mark_kept};
pub(crate) use lock::hold_index;
pub use lock::{hold, observe, renew};
pub use records::{RECORDS, Records};
pub use run::{AssessedPlan, assess};
pub use schedule::{BuildError, Done, Failed, Tally, run};
pub use session::{IDLE_TIMEOUT, Network, Notes, ProjectPaths, RunIds, RunOptions, Services, Session};
pub use settle::settle;
pub use step_output::StepOutput;
pub use used::Used;
pub use work::{Run, RunImage, RunLookedAt, RunShipped, Shipped, StepContext, watched};
