//! Runs a plan: every step as soon as what it needs is done, up to `--jobs` at once and not too many that take the same
//! ([`load`]), the longest way first ([`queue`]).

mod ended;
mod execute;
mod load;
mod queue;
mod run_state;

use std::time::Instant;

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};

pub use ended::{BuildError, Done, Failed, Tally};

use super::{Session, run::AssessedPlan};
use crate::plan::Plan;
use execute::{Ended, execute};
use run_state::RunState;

/// Runs what the assessment says must run. A failure stops new steps from starting (with `keep_going` only those that depend
/// on it); those that run are let finish, so that their work is not lost. Ctrl-C and a daemon that is gone stop all.
///
/// # Errors
/// All failures, with what was done beside them.
pub async fn run(plan: &Plan, assessed: &AssessedPlan, session: &Session) -> Result<Done, Box<BuildError>> {
    let started = Instant::now();
    let mut state = RunState::new(plan, assessed, session);
    let mut running: FuturesUnordered<BoxFuture<'_, Ended<'_>>> = FuturesUnordered::new();
    loop {
        while let Some(start) = state.next() {
            running.push(execute(start, session).boxed());
        }
        let Some(ended) = running.next().await else { break };
        state.take(ended);
    }
    state.finish(started.elapsed())
}
