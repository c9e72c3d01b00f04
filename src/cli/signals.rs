//! Ctrl-C and its kin: the first one stops the run in order, the second one at once.

use tokio::signal::unix::{SignalKind, signal};

use super::context::Context;
use crate::diag::{Exit, Failure};

/// Cancels the context's token at SIGINT, SIGTERM or SIGHUP; a second one ends the process.
///
/// # Errors
/// When the system does not let us listen.
pub fn watch(context: &Context) -> Result<(), Failure> {
    let refuse = |error| Failure::new(Exit::StepFailed, "cannot listen for signals").because(error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(refuse)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(refuse)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(refuse)?;
    let (cancel, events) = (context.cancel.clone(), context.events());
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            if cancel.is_cancelled() {
                at_once();
            }
            events.info("stopping; once more stops at once and leaves containers to the next run");
            cancel.cancel();
        }
    });
    Ok(())
}

#[expect(clippy::exit, reason = "asked for twice: nothing may hold it up")]
fn at_once() -> ! {
    std::process::exit(i32::from(Exit::Interrupted.code()))
}
