//! What lints have left to say of what a step makes: warnings are said, and what refuses it ends the step.

use super::{Session, StepError};
use crate::{
    check::{Judged, Refusal},
    event::StepId,
};

impl From<Refusal> for StepError {
    fn from(refusal: Refusal) -> Self {
        Self::Contents { message: refusal.message, help: refusal.help }
    }
}

/// Says all of it.
///
/// # Errors
/// What refuses it.
pub fn say(judged: Judged, step: &StepId, session: &Session) -> Result<(), StepError> {
    for warning in judged.warnings {
        session.doubt(step, warning);
    }
    judged.refusal.map_or(Ok(()), |refusal| Err(refusal.into()))
}
