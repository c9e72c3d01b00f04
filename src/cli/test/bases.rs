//! The base images that only a test needs: no step of a build leads to them where no package of the platform comes out of an image.

use crate::{
    cli::context::Context,
    diag::Failure,
    engine::EngineInfo,
    execute::{Session, assess, run as run_plan},
    install_test::TestTarget,
    names::PlatformId,
    pipeline::Project,
    plan::{Plan, Want},
};

/// The steps of base images that are not there and that a build would not make either; `plan` is that of the packages.
///
/// # Errors
/// When the engine does not answer.
pub(super) async fn missing(
    project: &Project,
    plan: &Plan,
    targets: &[TestTarget],
    info: &EngineInfo,
    session: &Session,
) -> Result<Plan, Failure> {
    let mut platforms: Vec<&PlatformId> = Vec::new();
    for target in targets.iter().filter(|target| !comes_of_images(plan, &target.platform)) {
        if session.services.engine.image(&target.base).await?.is_none() {
            platforms.push(&target.platform);
        }
    }
    if platforms.is_empty() {
        return Ok(Plan::default());
    }
    let mut bases = project.plan(info, Want::Bases)?;
    bases.steps.retain(|step| platforms.contains(&&step.platform));
    bases.steps.iter_mut().for_each(|step| step.wanted = true);
    Ok(bases)
}

fn comes_of_images(plan: &Plan, platform: &PlatformId) -> bool {
    let own = plan.steps.iter().filter(|step| step.platform == *platform);
    own.filter_map(|step| step.work.package()).any(|work| work.image.is_some())
}

/// Takes or makes them. With `keep_going` a platform whose base image cannot be had is not tested, and the others are.
///
/// # Errors
/// Those of the steps.
pub(super) async fn make(bases: &Plan, session: &Session, keep_going: bool, context: &Context) -> Result<(), Failure> {
    if bases.steps.is_empty() {
        return Ok(());
    }
    let mut session = session.clone();
    session.options.keep_going = keep_going;
    let assessed = context.until_stopped(async { Ok(assess(bases, &session).await?) }).await?;
    match run_plan(bases, &assessed, &session).await {
        Ok(_) => Ok(()),
        Err(failed) => {
            let failure = Failure::from(failed);
            if !keep_going || session.services.cancel.is_cancelled() {
                return Err(failure);
            }
            context.events().warn(failure.message().to_owned());
            Ok(())
        }
    }
}
