//! `factory build`.

mod file;

use std::{path::PathBuf, sync::Arc};

use clap::ValueEnum;

use super::{
    artifact::Artifact,
    context::{Context, Trust},
    failure::failed_to_write,
    lock,
    signer::SignerArgs,
};
use crate::{
    diag::{Exit, Failure},
    engine::EngineInfo,
    event::Event,
    execute::{
        BuildError, Done, Failed, Session, StepError, Survey, Used, forget_kept, mark_kept, remove_leftovers,
        remove_of_run, run as run_plan, survey, sweep,
    },
    format::{PackageFormat, wapt::Generation},
    names::{Period, PlatformId},
    pipeline::Project,
    plan::{Plan, State, Step, Want},
    publish::sums,
    source::wheelhouse::Wheelhouse,
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
    /// Build the images again without the engine's cached layers, for the distro's latest updates, and ask the store for nothing
    /// that steps gave
    #[arg(long, conflicts_with = "dry_run")]
    no_cache: bool,
    /// Fetch or make the base images again; what is built on one that did not change stays
    #[arg(long, conflicts_with = "dry_run")]
    refresh: bool,
    /// Take nothing else than what `factory.lock` says, and leave it as it is
    #[arg(long, conflicts_with = "dry_run")]
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
    #[arg(long, value_name = "TIME", default_value = "30m")]
    patience: Period,
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
    /// Publish although the checkout is not at the commit of the release's git tag
    #[arg(long, requires = "publish")]
    allow_dirty: bool,
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
    /// What the steps of this run share.
    fn session(&self, session: Session, engine: &EngineInfo) -> Session {
        Session {
            no_cache: self.no_cache,
            refresh: self.refresh,
            keep_going: self.keep_going,
            keep_failed: self.keep_failed,
            patience: self.patience.duration(),
            cpus: usize::try_from(engine.cpus).unwrap_or(session.cpus),
            ..session
        }
    }

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
    // Before anything else is asked; it is read again once nobody else can write it.
    lock::load(&project, args.locked)?;
    let (engine, info) = context.builder().await?;
    let plan = project.plan(&info, args.want())?;
    if matches!(args.what, Some(What::Wapt)) && !plan.steps.iter().any(|step| step.wanted) {
        let failure = Failure::new(Exit::Usage, "no WAPT package is made on these platforms");
        return Err(failure
            .help("they are made on the platform that [[wapt]] names, else on the official one, else on the first"));
    }
    if args.publish.is_some() && !args.allow_dirty {
        super::publish::is_of_its_tag(project.stamp()?.elsewhere.clone())?;
    }
    let _lock = context.lock(&project).await?;
    let mut session = Session {
        lock: Arc::new(lock::load(&project, args.locked)?),
        locked: args.locked,
        ..args.session(context.session(&project, engine)?, &info)
    };
    sweep(&session);
    if plan.steps.iter().any(|step| step.wanted && step.work.wheelhouse().is_some()) {
        // One that cannot be made is said by whoever writes there.
        let _ = Wheelhouse::begin(&project.wheel_dir);
    }
    let looking = async {
        remove_leftovers(session.engine.as_ref(), &project.home, project.name()).await?;
        forget_kept(session.engine.as_ref(), &project.folder, &project.home).await?;
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
    context.warn_of_doubts(&project, &plan, &survey);
    let ended = run_plan(&plan, &survey, &session).await;
    // Whatever happened, no container of this run stays but those of failed steps that were asked for; a daemon that is gone was
    // said already.
    if let Err(error) = mark_kept(&session) {
        context.events().warn(format!("images made of kept containers will not be removed: {error}"));
    }
    let tidied = remove_of_run(session.engine.as_ref(), &project.home, &session.run, &session.kept).await;
    match ended {
        Ok(done) => {
            tidied?;
            if !args.locked {
                lock::write(&project, &plan, &session, &done.records).await?;
            }
            let wapts = wapts(&done, &project);
            close(done, &plan, |_| true, &project, context)?;
            match &args.publish {
                Some(repository) => super::publish::publish(&wapts, repository, None, Vec::new(), false, context),
                None => Ok(()),
            }
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
        }
    }
    for text in project.unneeded(plan) {
        context.events().warn(text);
    }
    context.events().emit(Event::Made { items: done.made, took: done.took });
    Ok(())
}

/// The WAPT packages of a run.
fn wapts(done: &Done, project: &Project) -> Vec<PathBuf> {
    let made = done
        .made
        .iter()
        .filter(|made| PackageFormat::of_file(&made.name).is_some_and(|(it, _)| it == PackageFormat::Wapt));
    made.map(|made| project.folder.join(&made.name)).collect()
}

/// Whether a step that signs will run.
fn signs(plan: &Plan, survey: &Survey) -> bool {
    let will_run =
        |step: &Step| matches!(survey.states.get(&step.id), Some(State::Run(_) | State::Stored(_) | State::Waits(_)));
    plan.steps.iter().any(|step| step.work.is_signed() && will_run(step))
}

/// The same after a run that went on behind failures: what it made counts, the failures end it all the same.
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

fn announce(plan: &Plan, survey: &Survey, project: &Project, context: &Context) {
    let count = |wanted: fn(&State) -> bool| {
        plan.steps.iter().filter(|step| survey.states.get(&step.id).is_some_and(wanted)).count()
    };
    context.events().emit(Event::Started {
        verb: "build",
        title: project.title(),
        cached: count(|state| matches!(state, State::Cached | State::Labels(_))),
        to_run: count(|state| matches!(state, State::Run(_) | State::Stored(_) | State::Waits(_))),
    });
}
