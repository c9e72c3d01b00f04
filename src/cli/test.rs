//! `factory test`.

mod bases;
mod looked;
mod outcome;

use std::{collections::BTreeSet, time::Instant};

use futures::{StreamExt as _, stream};

use super::context::{Context, DigestArgs};
use crate::{
    diag::{Exit, Failure},
    event::Event,
    execute::{AssessedPlan, Session, assess, forget_kept, remove_leftovers, remove_of_run},
    install_test::{self, InstallTestError, TestTarget, Verdict},
    names::{self, PlatformId},
    pipeline::{Project, truth},
    plan::{Plan, Want},
    recipe::Release,
    report::{Output, Verbosity},
    work,
};
use outcome::{verdicts_failure, view};

/// Install the packages in a clean container of each platform, run their units, remove and purge them
///
/// Takes the packages that `factory build` made for this release. Each check is a step with a log of its own; every
/// service runs without systemd, as its unit says. What a build would make again is not tested. Modules for Windows are looked at,
/// without an engine: what must and what must not be in them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = crate::cli::examples::TEST)]
pub struct Args {
    /// Stop at the first check that fails and keep the container to look around in, until the next build or test
    #[arg(long, visible_alias = "keep-failed")]
    keep: bool,
    /// Test the other platforms where one cannot be tested: a package was not built or is not what
    /// the checkout makes, or its base image is gone
    #[arg(long, conflicts_with = "keep")]
    keep_going: bool,
    /// Test the packages that were built although the checkout has changed since
    #[arg(long)]
    allow_dirty: bool,
    #[command(flatten)]
    digests: DigestArgs,
}

/// A platform that could not be tested.
struct NotTested {
    platform: PlatformId,
    error: InstallTestError,
}

/// Runs the verb.
pub async fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let project = context.open_with_sources(args.digests).await?;
    if project.targets.iter().all(|target| target.platform.windows.is_some()) {
        return looked::run(args, &project, context).await;
    }
    let (engine, info) = context.engine().await?;
    let plan = project.plan(&info, Want::Only(work::package::GOAL))?;
    let _lock = context.lock(&project).await?;
    let session = context.session(&project, engine)?;
    let untested: BTreeSet<&str> = plan.steps.iter().filter_map(|step| step.work.untested()).collect();
    for said in untested {
        context.events().info(said);
    }
    for unmade in &plan.unmade {
        context.events().warn(unmade.sentence());
    }
    let (mut targets, mut not_tested) = targets(&project, &plan, args.keep_going)?;
    let mut known = None;
    if !args.allow_dirty {
        let assessed = context.until_stopped(async { Ok(assess(&plan, &session).await?) }).await?;
        assessed.doubts(&plan).into_iter().for_each(|text| context.events().warn(text));
        for NotTested { platform, error } in outdated(&plan, &assessed) {
            if !targets.iter().any(|target| target.platform == platform) {
                continue;
            }
            if !args.keep_going {
                return Err(failure_of(error, &project));
            }
            targets.retain(|target| target.platform != platform);
            not_tested.push(NotTested { platform, error });
        }
        known = Some(assessed);
    }
    let leftovers = async {
        remove_leftovers(session.services.engine.as_ref(), &project.checkout_id, project.name()).await?;
        Ok(forget_kept(session.services.engine.as_ref(), &project.folder, &project.checkout_id).await?)
    };
    context.until_stopped(leftovers).await?;
    let missing = bases::missing(&project, &plan, &targets, &info, &session);
    let bases = context.until_stopped(missing).await?;
    let to_run = bases.steps.len() + targets.iter().map(TestTarget::checks).sum::<usize>();
    context.events().emit(Event::Started { verb: "test", title: project.title(), cached: 0, to_run });
    let started = Instant::now();
    bases::make(&bases, &session, args.keep_going, context).await?;
    let (mut verdicts, ended) = try_each(&targets, &mut not_tested, &session, args).await;
    if !args.keep {
        // A daemon that is gone was said already.
        let _ = remove_of_run(session.services.engine.as_ref(), &project.checkout_id, &session.ids.run, &session.kept)
            .await;
    }
    if ended.is_ok() {
        look(args, (&project, &plan, known.as_ref()), &session, (&mut verdicts, &mut not_tested))?;
    }
    // As a build that is told to be quiet: all is well where nothing is said.
    let settings = context.reporter.settings();
    let is_quiet = settings.verbosity == Verbosity::Quiet && settings.output == Output::Human;
    let is_well = ended.is_ok() && not_tested.is_empty() && verdicts.iter().all(Verdict::passed);
    let is_silent = verdicts.is_empty() || is_quiet && is_well;
    if !is_silent {
        let done = "installed, checked and removed";
        context.reporter.print(view((&project.title(), done), &verdicts, &not_tested, started.elapsed()));
    }
    match ended {
        Err(InstallTestError::Interrupted) if args.keep => return Err(Failure::new(Exit::Interrupted, "interrupted")),
        ended => ended.map_err(|error| failure_of(error, &project))?,
    }
    let mut failure = verdicts_failure(&verdicts, args.keep);
    for NotTested { platform, error } in not_tested {
        failure = Some(match failure {
            None => failure_of(error, &project),
            Some(failure) => failure.help(format!("{platform} was not tested: {error}")),
        });
    }
    failure.map_or(Ok(()), Err)
}

/// What was made: the project, its plan, and that held against the world, where it was.
type Made<'m> = (&'m Project, &'m Plan, Option<&'m AssessedPlan>);

/// Looks at what is tested without an engine, too.
fn look(
    args: &Args,
    (project, plan, assessed): Made<'_>,
    session: &Session,
    (verdicts, not_tested): (&mut Vec<Verdict>, &mut Vec<NotTested>),
) -> Result<(), Failure> {
    match looked::verdicts(args, plan, assessed, session) {
        Ok(looked) => verdicts.extend(looked),
        Err(error) if args.keep_going => {
            let windows = project.targets.iter().map(|target| &target.platform).find(|one| one.windows.is_some());
            if let Some(platform) = windows {
                not_tested.push(NotTested { platform: platform.id.clone(), error });
            }
        }
        Err(error) => return Err(failure_of(error, project)),
    }
    Ok(())
}

/// What is tested on each platform, and with `keep_going` the platforms where nothing can be.
fn targets(project: &Project, plan: &Plan, keep_going: bool) -> Result<(Vec<TestTarget>, Vec<NotTested>), Failure> {
    let (mut targets, mut not_tested) = (Vec::new(), Vec::new());
    // Where no package is made there is nothing to test.
    let is_made = |platform: &PlatformId| !plan.unmade.iter().any(|unmade| unmade.platform == *platform);
    let distros = project.targets.iter().filter(|target| target.platform.windows.is_none());
    for target in distros.filter(|target| is_made(&target.platform.id)) {
        match TestTarget::find(&target.platform, &target.recipe, &project.release.tag, plan, &project.folder) {
            Ok(target) => targets.push(target),
            Err(error) if keep_going => not_tested.push(NotTested { platform: target.platform.id.clone(), error }),
            Err(error) => {
                let failure = failure_of(error, project);
                let others = "`factory test --keep-going` tests the other platforms";
                return Err(if project.targets.len() > 1 { failure.help(others) } else { failure });
            }
        }
    }
    Ok((targets, not_tested))
}

/// The platforms of which a build would make a package again, each with the first of these packages.
fn outdated(plan: &Plan, assessed: &AssessedPlan) -> Vec<NotTested> {
    let mut found: Vec<NotTested> = Vec::new();
    for step in plan.steps.iter().filter(|step| step.work.package().is_some()) {
        let known = found.iter().any(|one| one.platform == step.platform);
        if let (false, Some(why)) = (known, truth::stale(assessed, &step.id)) {
            let error = InstallTestError::Outdated { step: step.id.clone(), why };
            found.push(NotTested { platform: step.platform.clone(), error });
        }
    }
    found
}

/// Up to `--jobs` platforms at once, one when a container is to be kept. A check that fails stops none, and with
/// `--keep-going` neither does a platform that cannot be tested; a daemon that is gone, or Ctrl-C, stops all.
async fn try_each(
    targets: &[TestTarget],
    not_tested: &mut Vec<NotTested>,
    session: &Session,
    args: &Args,
) -> (Vec<Verdict>, Result<(), InstallTestError>) {
    let mut verdicts = Vec::new();
    let at_once = if args.keep { 1 } else { session.options.jobs.max(1) };
    let run = async |target| (target, install_test::run(target, session, args.keep).await);
    let mut running = stream::iter(targets).map(run).buffered(at_once);
    while let Some((target, ended)) = running.next().await {
        match ended {
            Ok(verdict) => verdicts.push(verdict),
            Err(error @ (InstallTestError::Interrupted | InstallTestError::Engine(_))) => {
                return (verdicts, Err(error));
            }
            Err(error) if args.keep_going => {
                not_tested.push(NotTested { platform: target.platform.clone(), error });
            }
            Err(error) => return (verdicts, Err(error)),
        }
    }
    (verdicts, Ok(()))
}

fn failure_of(error: InstallTestError, project: &Project) -> Failure {
    let build = || {
        let Release { tag, release, .. } = &project.release;
        let release =
            if *release == names::Release::default() { String::new() } else { format!(" --release {release}") };
        format!("`factory build --tag {tag}{release}`")
    };
    match error {
        InstallTestError::Interrupted => Failure::new(Exit::Interrupted, "interrupted; no container is left"),
        InstallTestError::Engine(error) => error.into(),
        InstallTestError::NotBuilt { .. } => Failure::new(Exit::StepFailed, error.to_string()).help(build()),
        InstallTestError::Outdated { .. } => Failure::new(Exit::StepFailed, error.to_string())
            .help(format!("{} makes it; `--allow-dirty` tests what was built before", build())),
        InstallTestError::NoBase { .. } => {
            Failure::new(Exit::StepFailed, error.to_string()).help(format!("{} takes or makes it again", build()))
        }
        InstallTestError::NoPackages(_) | InstallTestError::NoManager { .. } | InstallTestError::Foreign { .. } => {
            Failure::new(Exit::Usage, error.to_string()).help("choose other platforms with `--platform`")
        }
        error => Failure::new(Exit::StepFailed, error.to_string()),
    }
}
