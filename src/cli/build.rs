//! `factory build`.

mod left;

use std::{path::PathBuf, sync::Arc};

use super::{
    artifact::Artifact,
    context::{Context, DigestArgs},
    failure::failed_to_write,
    lock,
    planned::{Planned, planned},
    tagged::is_of_its_tag,
    wapt,
};
use crate::{
    diag::{Exit, Failure},
    engine::EngineInfo,
    event::Event,
    execute::{
        AssessedPlan, BuildError, Done, Failed, RunOptions, Session, StepError, Used, assess, forget_kept, mark_kept,
        remove_leftovers, remove_of_run, run as run_plan, sweep,
    },
    names::{Period, PlatformId},
    pipeline::Project,
    plan::{Plan, State, Step, Want},
    publish::sums,
    source::wheelhouse::Wheelhouse,
    work::{GOALS, Goal},
};

/// Build wheels, images and packages: what changed, and nothing else
///
/// Ends in a table of what was made. A failed or interrupted build is continued by the same command. What it was made of is
/// written to `factory.lock`, to be committed.
#[derive(Debug, clap::Args)]
#[command(after_long_help = wapt::examples::BUILD)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Args {
    #[arg(value_name = "WHAT", value_parser = what, help = help_of_what())]
    what: Option<What>,
    /// Show what would run, and why, and do nothing: the same as `factory plan`
    #[arg(long)]
    dry_run: bool,
    /// Build the images again without the engine's cached layers, for the distro's latest updates, and ask the store for nothing
    /// that steps gave
    #[arg(long, conflicts_with = "dry_run")]
    no_cache: bool,
    /// Fetch or make the base images again; what is built on one that did not change stays
    #[arg(long, conflicts_with = "dry_run")]
    refresh: bool,
    /// Take nothing else than what `factory.lock` says, and leave it as it is
    #[arg(long)]
    locked: bool,
    /// After a failure, go on with everything that does not depend on it
    #[arg(long)]
    keep_going: bool,
    /// After a failure, begin nothing more: what runs is let finish. This is the default
    #[arg(long, conflicts_with = "keep_going")]
    fail_fast: bool,
    /// Keep the container of a step that failed, to look around in until the next build or test
    #[arg(long)]
    keep_failed: bool,
    /// Stop a container or an image build that says nothing for so long, and try it once more
    #[arg(long = "patience", value_name = "TIME", default_value = "30m")]
    idle_timeout: Period,
    #[command(flatten)]
    wapt: wapt::build::BuildArgs,
    #[command(flatten)]
    digests: DigestArgs,
}

/// What is built.
#[derive(Debug, Clone)]
enum What {
    /// What has a word of its own.
    Only(Goal),
    /// Something that needs no recipe.
    Path(PathBuf),
}

fn help_of_what() -> String {
    let words = GOALS.map(|goal| format!("`{}`", goal.word));
    let (last, others) = words.split_last().map_or(("", &[][..]), |(last, others)| (last.as_str(), others));
    format!("Only these, and what they need: {} or {last}; or {}", others.join(", "), wapt::build::PATHS)
}

fn what(word: &str) -> Result<What, String> {
    if let Some(goal) = GOALS.into_iter().find(|goal| goal.word == word) {
        return Ok(What::Only(goal));
    }
    if Artifact::is_path(word) {
        return Ok(What::Path(PathBuf::from(word)));
    }
    let words = GOALS.map(|goal| format!("`{}`", goal.word)).join(", ");
    Err(format!("expected {words}, or a path ({})", wapt::build::EXAMPLES))
}

impl Args {
    /// What the steps of this run share.
    fn session(&self, mut session: Session, engine: &EngineInfo) -> Session {
        session.options = RunOptions {
            no_cache: self.no_cache,
            refresh: self.refresh,
            keep_going: self.keep_going,
            keep_failed: self.keep_failed,
            idle_timeout: self.idle_timeout.duration(),
            locked: self.locked,
            ..session.options
        };
        if let Some(cpus) = usize::try_from(engine.cpus).ok().filter(|cpus| *cpus > 0) {
            session.services.cpus = cpus;
        }
        session
    }

    fn want(&self) -> Want {
        match self.what {
            None | Some(What::Path(_)) => Want::All,
            Some(What::Only(goal)) => Want::Only(goal),
        }
    }
}

/// Runs the verb.
pub async fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    if let Some(What::Path(path)) = &args.what {
        return wapt::build::run(path, &args.wapt, context);
    }
    args.wapt.without_path()?;
    let mut project = context.open_with_sources(args.digests).await?;
    project.signer = args.wapt.signer.certificate.fingerprint()?;
    if args.dry_run {
        return super::plan::show(&project, args.want(), args.locked, context).await;
    }
    // Before anything else is asked; it is read again once no other process can write it.
    lock::load(&project, args.locked)?;
    let builder = async || context.builder().await.map(Some);
    let Planned { plan, engine, info, offline } = planned(&project, args.want(), builder).await?;
    if let Some(What::Only(Goal { nothing: Some((message, help)), .. })) = args.what
        && !plan.steps.iter().any(|step| step.wanted)
    {
        return Err(Failure::new(Exit::Usage, message).help(help));
    }
    if args.wapt.wants_its_tag() {
        is_of_its_tag(project.stamp()?.elsewhere.clone())?;
    }
    let _lock = context.lock(&project).await?;
    let mut session = args.session(context.session(&project, engine)?, &info);
    session.options.lock = Arc::new(lock::load(&project, args.locked)?);
    session.options.offline = offline;
    sweep(&session);
    if plan.steps.iter().any(|step| step.wanted && step.work.wheelhouse().is_some()) {
        // One that cannot be made is said by whoever writes there.
        let _ = Wheelhouse::begin(&project.wheel_dir);
    }
    let looking = async {
        if !offline {
            remove_leftovers(session.services.engine.as_ref(), &project.checkout_id, project.name()).await?;
            forget_kept(session.services.engine.as_ref(), &project.folder, &project.checkout_id).await?;
        }
        Ok(assess(&plan, &session).await?)
    };
    let assessed = context.until_stopped(looking).await?;
    if args.locked {
        lock::check(&plan, &assessed, &session, context).await?;
    }
    if signs(&plan, &assessed) {
        session.options.identity = Some(Arc::new(args.wapt.signer.identity()?));
    }
    announce(&plan, &assessed, &project, context);
    context.warn_of_doubts(&project, &plan, &assessed);
    let ended = run_plan(&plan, &assessed, &session).await;
    // Whatever happened, no container of this run stays but those of failed steps that were asked for; a daemon that is gone was
    // said already.
    if let Err(error) = mark_kept(&session) {
        context.events().warn(format!("images made of kept containers will not be removed: {error}"));
    }
    let tidied = if offline {
        Ok(0)
    } else {
        remove_of_run(session.services.engine.as_ref(), &project.checkout_id, &session.ids.run, &session.kept).await
    };
    match ended {
        Ok(done) => {
            tidied?;
            if !args.locked {
                lock::write(&project, &plan, &session, context, &done.records).await?;
            }
            let made: Vec<String> = done.made.iter().map(|made| made.name.clone()).collect();
            close(done, &plan, |_| true, &project, context)?;
            args.wapt.publish_made(&made, &project.folder, context)
        }
        Err(failed) => {
            if !matches!(failed.failed.as_slice(), [Failed { error: StepError::Interrupted, .. }, ..]) {
                context.events().info(failed.tally.sentence());
            }
            Err(if args.keep_going { close_in_part(failed, &plan, &project, context) } else { failed.into() })
        }
    }
}

/// Lists the checksums of the platforms that are complete, and shows what was made.
fn close(
    done: Done,
    plan: &Plan,
    complete: impl Fn(&PlatformId) -> bool,
    project: &Project,
    context: &Context,
) -> Result<(), Failure> {
    let now = crate::util::clock::now();
    if let Err(error) = Used::note(&project.folder, &project.wheel_dir, plan, &done.records, now) {
        context.events().warn(format!("`factory clean` will not know what was used: {error}"));
    }
    for platform in project.targets.iter().map(|target| &target.platform.id).filter(|id| complete(id)) {
        let unwritten = |error| failed_to_write("the checksums could not be written", error, &project.packages);
        if let Some(folder) = project.packages_of(platform).map_err(unwritten)? {
            sums::write(&folder).map_err(unwritten)?;
            let listed = sums::listed(&folder).map_err(unwritten)?;
            for name in left::over(&listed, &project.release.version.to_string(), platform, plan, &done.records) {
                let path = folder.path().join(&name);
                let path = path.strip_prefix(&project.folder).unwrap_or(&path).display().to_string();
                context
                    .events()
                    .warn(format!("`{path}` is of this release, and nothing here makes it any more: `rm` it"));
            }
        }
    }
    for text in project.unneeded(plan) {
        context.events().warn(text);
    }
    context.events().emit(Event::Made { items: done.made, took: done.took });
    Ok(())
}

/// Whether a step that signs will run.
fn signs(plan: &Plan, assessed: &AssessedPlan) -> bool {
    let will_run =
        |step: &Step| matches!(assessed.states.get(&step.id), Some(State::Run(_) | State::Stored(_) | State::Waits(_)));
    plan.steps.iter().any(|step| step.work.is_signed() && will_run(step))
}

/// The same after a run that went on behind failures: what it made is used, the failures end it all the same.
fn close_in_part(mut failed: Box<BuildError>, plan: &Plan, project: &Project, context: &Context) -> Failure {
    let done = std::mem::take(&mut failed.done);
    let made: Vec<_> = done.records.keys().cloned().collect();
    let complete = |id: &PlatformId| {
        plan.steps.iter().filter(|step| step.wanted && step.platform == *id).all(|step| made.contains(&step.id))
    };
    // Where the checksums cannot be written either, the steps that failed are still the news.
    let closed = close(done, plan, complete, project, context);
    let failure = Failure::from(failed);
    match closed {
        Ok(()) => failure,
        Err(error) => failure.also(error.message()),
    }
}

fn announce(plan: &Plan, assessed: &AssessedPlan, project: &Project, context: &Context) {
    let count = |wanted: fn(&State) -> bool| {
        plan.steps.iter().filter(|step| assessed.states.get(&step.id).is_some_and(wanted)).count()
    };
    context.events().emit(Event::Started {
        verb: "build",
        title: project.title(),
        cached: count(|state| matches!(state, State::Cached | State::Labels(_))),
        to_run: count(|state| matches!(state, State::Run(_) | State::Stored(_) | State::Waits(_))),
    });
}
