//! `factory build`.

use std::sync::Arc;

use clap::ValueEnum;

use super::{context::Context, lock};
use crate::{
    build::{Session, Survey, remove_leftovers, run as run_plan, survey, sweep},
    diag::{Exit, Failure},
    event::Event,
    pipeline::Project,
    plan::{Plan, State, Want},
    publish::sums,
};

/// Build wheels, images and packages: what changed, and nothing else
///
/// Ends in a table of what was made. A failed or interrupted build is continued by the same command. What it was made of is
/// written to `factory.lock`, to be committed.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Args {
    /// Only these, and what they need
    #[arg(value_name = "WHAT")]
    what: Option<What>,
    /// Show what would run, and why, and do nothing: the same as `factory plan`
    #[arg(long)]
    dry_run: bool,
    /// Build the images again without the engine's cached layers, for the distro's latest updates
    #[arg(long, conflicts_with = "dry_run")]
    no_cache: bool,
    /// Fetch or make the base images again; what is built on one that did not change stays
    #[arg(long, conflicts_with = "dry_run")]
    refresh: bool,
    /// Take nothing else than what `factory.lock` says, and leave it as it is
    #[arg(long, conflicts_with = "dry_run")]
    locked: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// The wheels of every requirements set
    Wheels,
    /// The container images
    Images,
    /// The rpm and deb packages
    Packages,
}

impl Args {
    fn want(&self) -> Want {
        match self.what {
            None => Want::All,
            Some(What::Wheels) => Want::Wheels,
            Some(What::Images) => Want::Images,
            Some(What::Packages) => Want::Packages,
        }
    }
}

/// Runs the verb.
pub async fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let project = context.open_with_sources().await?;
    if args.dry_run {
        return super::plan::show(&project, args.want(), context).await;
    }
    let (engine, info) = context.engine().await?;
    let plan = project.plan(&info, args.want())?;
    let _lock = context.lock(&project).await?;
    let session = Session {
        no_cache: args.no_cache,
        refresh: args.refresh,
        lock: Arc::new(lock::load(&project, args.locked)?),
        locked: args.locked,
        ..context.session(&project, engine)?
    };
    sweep(&session);
    let looking = async {
        remove_leftovers(session.engine.as_ref(), &project.home, None).await?;
        Ok(survey(&plan, &session).await?)
    };
    let survey = context.until_stopped(looking).await?;
    if args.locked {
        lock::check(&plan, &survey, &session, context).await?;
    }
    announce(&plan, &survey, &project, context);
    context.warn_of_age(&project, &plan, &survey);
    let ended = run_plan(&plan, &survey, &session).await;
    // Whatever happened, no container of this run stays; a daemon that is gone was said already.
    let tidied = remove_leftovers(session.engine.as_ref(), &project.home, Some(&session.run)).await;
    let done = ended?;
    tidied?;
    for target in &project.targets {
        sums::write(&project.packages.join(target.platform.id.as_str()))
            .map_err(|error| Failure::new(Exit::StepFailed, "the checksums could not be written").because(error))?;
    }
    if !args.locked {
        lock::write(&project, &plan, &session, &done.records).await?;
    }
    context.events().emit(Event::Made { items: done.made, took: done.took });
    Ok(())
}

fn announce(plan: &Plan, survey: &Survey, project: &Project, context: &Context) {
    let count = |wanted: fn(&State) -> bool| {
        plan.steps.iter().filter(|step| survey.states.get(&step.id).is_some_and(wanted)).count()
    };
    context.events().emit(Event::Started {
        verb: "build",
        title: project.title(),
        cached: count(|state| *state == State::Cached),
        to_run: count(|state| matches!(state, State::Run(_) | State::Waits(_))),
    });
}
