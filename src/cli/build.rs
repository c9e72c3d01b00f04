//! `factory build`.

mod file;

use std::{path::PathBuf, sync::Arc};

use clap::ValueEnum;

use super::{
    artifact::Artifact,
    context::{Context, Trust},
    lock,
    signer::SignerArgs,
};
use crate::{
    build::{Session, Survey, remove_leftovers, run as run_plan, survey, sweep},
    diag::{Exit, Failure},
    event::Event,
    format::wapt::Generation,
    pipeline::Project,
    plan::{Plan, State, Step, Want, Work},
    publish::sums,
};

/// Build wheels, images and packages: what changed, and nothing else
///
/// Ends in a table of what was made. A failed or interrupted build is continued by the same command. What it was made of is
/// written to `factory.lock`, to be committed.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Args {
    /// Only these, and what they need: `wheels`, `images`, `packages` or `wapt`; or a WAPT package's folder or file, which is
    /// built or signed anew without a recipe
    #[arg(value_name = "WHAT", value_parser = what)]
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
    /// Give a WAPT package that is named by its path another attribute; `version=+` counts its version on
    #[arg(long, value_name = "NAME=VALUE", value_parser = attribute, help_heading = "A WAPT package by its path")]
    set: Vec<(String, String)>,
    /// Where it goes; beside what it is made from when not given
    #[arg(long, value_name = "DIR", help_heading = "A WAPT package by its path")]
    into: Option<PathBuf>,
    /// Which WAPT's rules its file is named by
    #[arg(long, value_name = "WAPT", default_value = "2", help_heading = "A WAPT package by its path")]
    file_name: FileName,
    /// Put the WAPT packages that were made into this repository, as `factory publish` does
    #[arg(long, value_name = "DIR", conflicts_with = "dry_run")]
    publish: Option<PathBuf>,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    trust: Trust,
}

/// What is built.
#[derive(Debug, Clone)]
enum What {
    /// The wheels of every requirements set.
    Wheels,
    /// The container images.
    Images,
    /// The rpm and deb packages.
    Packages,
    /// The WAPT packages.
    Wapt,
    /// Something that needs no recipe.
    Path(PathBuf),
}

fn what(word: &str) -> Result<What, String> {
    Ok(match word {
        "wheels" => What::Wheels,
        "images" => What::Images,
        "packages" => What::Packages,
        "wapt" => What::Wapt,
        path if Artifact::is_path(path) => What::Path(PathBuf::from(path)),
        _ => {
            return Err(
                "expected `wheels`, `images`, `packages`, `wapt`, or a path (`./folder`, `file.wapt`)".to_owned()
            );
        }
    })
}

fn attribute(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected `name=value`, e.g. `version=1.2-3`")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// The rules for names of files.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum FileName {
    /// WAPT 2: with systems and their versions
    #[value(name = "2")]
    V2,
    /// WAPT 1.8: architecture, maturity and locale only
    #[value(name = "1.8")]
    V1,
}

impl From<FileName> for Generation {
    fn from(name: FileName) -> Self {
        match name {
            FileName::V1 => Self::V1,
            FileName::V2 => Self::V2,
        }
    }
}

impl Args {
    fn want(&self) -> Want {
        match self.what {
            None | Some(What::Path(_)) => Want::All,
            Some(What::Wheels) => Want::Wheels,
            Some(What::Images) => Want::Images,
            Some(What::Packages) => Want::Packages,
            Some(What::Wapt) => Want::Wapt,
        }
    }
}

/// Runs the verb.
pub async fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    if let Some(What::Path(path)) = &args.what {
        return file::run(path, args, context);
    }
    if !args.set.is_empty() || args.into.is_some() {
        let failure = Failure::new(Exit::Usage, "`--set` and `--into` are for a package that is named by its path");
        return Err(
            failure.help("`factory build FILE.wapt --set version=+`; what a recipe makes is said in factory.toml")
        );
    }
    let mut project = context.open_with_sources(args.trust).await?;
    project.signer = args.signer.certificate.fingerprint()?;
    if args.dry_run {
        return super::plan::show(&project, args.want(), context).await;
    }
    let (engine, info) = context.engine().await?;
    let plan = project.plan(&info, args.want())?;
    if matches!(args.what, Some(What::Wapt)) && !plan.steps.iter().any(|step| matches!(step.work, Work::Wapt(_))) {
        let failure = Failure::new(Exit::Usage, "no WAPT package is made on these platforms");
        return Err(failure
            .help("they are made on the platform that [[wapt]] names, else on the official one, else on the first"));
    }
    let _lock = context.lock(&project).await?;
    let mut session = Session {
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
    if signs(&plan, &survey) {
        session.identity = Some(Arc::new(args.signer.identity()?));
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
    let wapts: Vec<PathBuf> = done
        .made
        .iter()
        .filter(|made| Artifact::is_wapt(&made.name))
        .map(|made| project.folder.join(&made.name))
        .collect();
    context.events().emit(Event::Made { items: done.made, took: done.took });
    match &args.publish {
        Some(repository) => super::publish::publish(&wapts, repository, None, Vec::new(), false, context),
        None => Ok(()),
    }
}

/// Whether a step that signs will run.
fn signs(plan: &Plan, survey: &Survey) -> bool {
    let will_run = |step: &Step| matches!(survey.states.get(&step.id), Some(State::Run(_) | State::Waits(_)));
    plan.steps.iter().any(|step| matches!(step.work, Work::Wapt(_)) && will_run(step))
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
