//! Runs a plan: scheduling, records, clean-up. One file per kind of work.

mod accounts;
mod base;
mod cause;
mod context;
mod disk;
mod error;
mod image;
mod keep;
mod lock;
mod owner;
mod package;
mod recall;
mod records;
mod run;
mod schedule;
mod session;
mod settle;
mod starts;
mod told;
mod transient;
mod used;
pub mod wapt;
mod wheels;

pub use error::{RELOCK, StepError, lines_of};
pub use keep::{forget_kept, mark_kept};
pub use lock::{hold, observe, renew};
pub use package::{Line, blocking_reader, file_names as package_names, of_items, read_listing};
pub use records::{RECORDS, Records};
pub use run::{Survey, survey};
pub use schedule::{BuildError, Done, Failed, Tally, run};
pub use session::{Containers, Lines, PATIENCE, Session, leftovers, remove_leftovers, remove_of_run, sweep};
pub use settle::settle;
pub use used::Used;
