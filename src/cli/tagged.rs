//! Whether a release is what its git tag holds, for verbs that publish it.

use crate::{
    diag::{Exit, Failure},
    pipeline::truth::ReleaseProblem,
    source::git::Elsewhere,
};

/// Refuses a release whose git tag holds something else.
///
/// # Errors
/// Exit code 1 where it does.
pub fn is_of_its_tag(elsewhere: Option<Elsewhere>) -> Result<(), Failure> {
    match elsewhere.map(ReleaseProblem::Elsewhere) {
        Some(problem) => Err(Failure::new(Exit::StepFailed, problem.sentence()).help(problem.help())),
        None => Ok(()),
    }
}
