//! What verbs have for update feeds (docs/updates.md).

pub mod doctor;
pub mod keys;
pub mod publish;
mod root;

use crate::{
    diag::{Exit, Failure},
    publish::feed::update::UpdateError,
};

/// The heading of their options.
const HEADING: &str = "Update feeds";

impl From<UpdateError> for Failure {
    fn from(error: UpdateError) -> Self {
        let exit = match (error.is_refusal(), error.is_usage()) {
            (true, _) => Exit::CheckFailed,
            (false, true) => Exit::Usage,
            (false, false) => Exit::StepFailed,
        };
        let help = error.help();
        let failure = Self::new(exit, error.to_string());
        let failure = match std::error::Error::source(&error) {
            Some(source) => failure.because(reasons(source)),
            None => failure,
        };
        help.into_iter().fold(failure, Self::help)
    }
}

/// An error and its reasons as one text.
fn reasons(error: &dyn std::error::Error) -> String {
    let more = error.source().map(|source| format!(": {}", reasons(source))).unwrap_or_default();
    format!("{error}{more}")
}

/// `days` from `now` on.
///
/// # Errors
/// Where no calendar has that day.
fn ends(now: i64, days: u16) -> Result<factory_tuf::Time, Failure> {
    let seconds = now.saturating_add(i64::from(days) * 86_400);
    factory_tuf::Time::new(seconds).map_err(|error| Failure::new(Exit::StepFailed, error.to_string()))
}
