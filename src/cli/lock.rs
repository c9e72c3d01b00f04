//! `factory.lock` in the verbs that read and write it.

use super::context::Context;
use crate::{
    diag::{Exit, Failure},
    execute::{AssessedPlan, Session, hold, observe, renew},
    pipeline::Project,
    plan::{Plan, Record},
    source::lockfile::{Lockfile, LockfileError, NAME},
};

/// The project's lock. With `locked` there must be one.
///
/// # Errors
/// Exit code 2, at the file's line.
pub fn load(project: &Project, locked: bool) -> Result<Lockfile, Failure> {
    match Lockfile::load(&project.folder)? {
        Some(lock) => Ok(lock),
        None if locked => {
            Err(Failure::new(Exit::Usage, format!("there is no `{NAME}` that the build could be held to"))
                .help(format!("`factory build` writes it; look at it and commit it: `git add {NAME}`")))
        }
        None => Ok(Lockfile::default()),
    }
}

/// Refuses what is known to differ from the lock before anything runs.
///
/// # Errors
/// Exit code 4 with everything that differs.
pub async fn check(plan: &Plan, assessed: &AssessedPlan, session: &Session, context: &Context) -> Result<(), Failure> {
    let held = hold(plan, session, |id| assessed.states.get(id).cloned(), |step| assessed.record(step));
    context.until_stopped(async { Ok(held.await?) }).await
}

/// Writes what a run that succeeded was made of, and says so where that is something else than before.
///
/// # Errors
/// When the daemon does not answer, or the file cannot be written.
pub async fn write(
    project: &Project,
    plan: &Plan,
    session: &Session,
    context: &Context,
    records: &std::collections::BTreeMap<crate::event::StepId, Record>,
) -> Result<(), Failure> {
    let now = observe(plan, session, |step| records.get(&step.id).cloned()).await?;
    let platforms = project.targets.first().map(|target| target.recipe.project.platforms.clone()).unwrap_or_default();
    let lock = renew(&session.options.lock, now, plan, &platforms);
    let changed = lock
        .save(&project.folder)
        .map_err(|error| Failure::new(Exit::StepFailed, format!("`{NAME}` could not be written")).because(error))?;
    if changed {
        let is_empty =
            lock.bases.is_empty() && lock.sources.is_empty() && lock.houses.is_empty() && lock.indexes.is_empty();
        let says = if is_empty {
            format!(
                "`{NAME}` names nothing: no base image, source or wheelhouse went into this; commit it, `--locked` holds a later build to \
                 that"
            )
        } else {
            format!("`{NAME}` says what this was made of: commit it with the release")
        };
        context.events().info(says);
    }
    Ok(())
}

impl From<LockfileError> for Failure {
    fn from(error: LockfileError) -> Self {
        let help =
            format!("take the file of a commit again (`git checkout -- {NAME}`), or remove it and run `factory build`");
        match error {
            LockfileError::Newer { .. } => Self::new(Exit::Usage, error.to_string())
                .help("build with the factory that wrote it (`factory --version` says which this is)")
                .help(format!("or have this one write it anew: `rm {NAME}`, then `factory build`")),
            LockfileError::Report(report) => Self::new(Exit::Usage, report.to_string()).showing(report).help(help),
            error => Self::new(Exit::Usage, error.to_string()).help(help),
        }
    }
}
