//! Refuses a release whose records are not true.

use crate::{
    diag::{Exit, Failure},
    execute::{Session, assess},
    names::PlatformId,
    pipeline::{
        Project,
        truth::{ReleaseProblem, failed, stale, tested},
    },
    plan::Plan,
    work::Gives,
};

/// What is pushed must be what the checkout makes, what was tested, and what a commit holds.
pub(super) async fn check(
    allow_dirty: bool,
    plan: &Plan,
    platforms: &[PlatformId],
    project: &Project,
    session: &Session,
) -> Result<(), Failure> {
    if !allow_dirty {
        if let Some(dirt) = project.dirt()? {
            return Err(refusal(&dirt));
        }
        if let Some(elsewhere) = &project.stamp()?.elsewhere {
            return Err(refusal(&ReleaseProblem::Elsewhere(elsewhere.clone())));
        }
        up_to_date(plan, platforms, session).await?;
    }
    if let Some(text) = project.loose_lock()? {
        session.services.events.warn(text);
    }
    for platform in platforms {
        if let Some(failed) = failed(&project.folder, platform, &project.release.tag)? {
            session.services.events.warn(format!("{} {failed}", project.title()));
            continue;
        }
        match tested(&project.folder, platform, &project.release.tag)? {
            Some(problem) => problem.first().map_or(Ok(()), |problem| Err(refusal(problem)))?,
            None if session_tests(plan, platform) => {
                let text = format!("{} was not tested on {platform}; `factory test` does", project.title());
                session.services.events.warn(text);
            }
            None => {}
        }
    }
    Ok(())
}

/// Whether there is anything to test on a platform.
fn session_tests(plan: &Plan, platform: &PlatformId) -> bool {
    plan.steps.iter().any(|step| step.platform == *platform && step.work.package().is_some())
}

/// Refuses what a build would make again: it is of other files than those that are here.
async fn up_to_date(plan: &Plan, platforms: &[PlatformId], session: &Session) -> Result<(), Failure> {
    let assessed = assess(plan, session).await?;
    assessed.doubts(plan).into_iter().for_each(|text| session.services.events.warn(text));
    for step in plan.steps.iter().filter(|step| platforms.contains(&step.platform)) {
        let pushed = match step.work.gives() {
            Gives::Image(_) | Gives::Files => true,
            // Wheels are pushed by their key, which says what they are of.
            Gives::Wheels { .. } | Gives::Nothing => false,
        };
        let Some(why) = stale(&assessed, &step.id) else { continue };
        if pushed {
            let message = format!("{} is not what this checkout makes: {why}", step.id);
            return Err(Failure::new(Exit::StepFailed, message).help(
                "`factory build` makes it, `factory test` tests it; `--allow-dirty` pushes what was built before",
            ));
        }
    }
    Ok(())
}

fn refusal(problem: &ReleaseProblem) -> Failure {
    Failure::new(Exit::StepFailed, problem.sentence()).help(problem.help())
}
