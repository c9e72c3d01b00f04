//! `factory plan`.

use std::path::{Path, PathBuf};

use super::{
    context::{Context, Trust},
    signer::CertificateArgs,
};
use crate::{
    build::{Survey, survey},
    diag::{Exit, Failure},
    pipeline::Project,
    plan::{Plan, State, Step, Want, Work},
    report::{PlanRow, PlanState, PlanView},
    source::{
        lockfile::{Packages, pylock_name, render_pylock},
        wheelhouse::Wheelhouse,
    },
    util::files::write_whole,
};

/// Show what is cached and what will run, and why, without doing any of it
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write what is in the wheelhouses as `pylock.<platform>.toml` (PEP 751) into this folder
    #[arg(long, value_name = "DIR")]
    pylock: Option<PathBuf>,
    #[command(flatten)]
    signer: CertificateArgs,
    #[command(flatten)]
    trust: Trust,
}

/// Runs the verb.
pub async fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let mut project = context.open_with_sources(args.trust).await?;
    project.signer = args.signer.fingerprint()?;
    let (engine, info) = context.engine().await?;
    let plan = project.plan(&info, Want::All)?;
    let session = context.session(&project, engine)?;
    let survey = context.until_stopped(async { Ok(survey(&plan, &session).await?) }).await?;
    if let Some(folder) = &args.pylock {
        pylock(folder, &project, &plan, &survey, context)?;
    }
    print(&project, &plan, &survey, context);
    Ok(())
}

/// Prints the plan of what is wanted.
pub async fn show(project: &Project, want: Want, context: &Context) -> Result<(), Failure> {
    let (engine, info) = context.engine().await?;
    let plan = project.plan(&info, want)?;
    let session = context.session(project, engine)?;
    let survey = context.until_stopped(async { Ok(survey(&plan, &session).await?) }).await?;
    print(project, &plan, &survey, context);
    Ok(())
}

/// Writes the wheelhouses of every platform in the form of PEP 751. All of them must be there.
fn pylock(folder: &Path, project: &Project, plan: &Plan, survey: &Survey, context: &Context) -> Result<(), Failure> {
    let folder = std::path::absolute(folder)
        .map_err(|error| Failure::new(Exit::Usage, "`--pylock` is no folder").because(error))?;
    let mut texts = Vec::new();
    for target in &project.targets {
        let platform = &target.platform.id;
        let (mut packages, mut machine) = (Packages::default(), None);
        for step in plan.steps.iter().filter(|step| step.platform == *platform) {
            let Work::Wheels(work) = &step.work else { continue };
            let (wheel_dir, key) = (&project.wheel_dir, &work.key);
            let cached = survey.states.get(&step.id) == Some(&State::Cached);
            let manifest = Wheelhouse::manifest(wheel_dir, platform.as_str(), key).filter(|_| cached);
            let manifest = manifest.ok_or_else(|| {
                Failure::new(Exit::Usage, format!("the wheels of {} are not built", step.id))
                    .help("`factory build wheels`")
            })?;
            let house = Wheelhouse::folder(wheel_dir, platform.as_str(), key);
            packages.add(work.image.as_str(), &house, &manifest.wheels).map_err(|clash| {
                Failure::new(Exit::Usage, format!("{platform}: {clash}"))
                    .help("pin one version of it in both requirements files")
            })?;
            machine = Some((work.python.version.clone(), work.machine.clone()));
        }
        let Some((python, machine)) = machine else { continue };
        texts.push((folder.join(pylock_name(platform)), render_pylock(&packages, &python, &machine, &folder)));
    }
    for (path, text) in texts {
        write_whole(&path, text.as_bytes()).map_err(|error| {
            Failure::new(Exit::StepFailed, "the lock for other tools could not be written").because(error)
        })?;
        context.events().info(format!("wrote {}", path.display()));
    }
    Ok(())
}

fn print(project: &Project, plan: &Plan, survey: &Survey, context: &Context) {
    context.warn_of_age(project, plan, survey);
    let rows = plan.steps.iter().filter_map(|step| {
        let (state, why) = match survey.states.get(&step.id)? {
            State::Cached => (PlanState::Cached, survey.record(step).map(|record| record.note).unwrap_or_default()),
            State::Run(why) => (PlanState::Run, why.clone()),
            State::Waits(on) => (PlanState::Waits, format!("depends on what {} gives", name(on.as_str()))),
            State::Idle => return None,
        };
        Some(row(step, state, why, survey.estimate(step)))
    });
    let view = PlanView { title: project.title(), rows: rows.collect() };
    context.reporter.print(view);
}

fn row(step: &Step, state: PlanState, why: String, estimate_ms: Option<u64>) -> PlanRow {
    PlanRow {
        platform: step.platform.to_string(),
        step: name(step.id.as_str()).to_owned(),
        title: step.title.clone(),
        state,
        why,
        estimate_ms: if state == PlanState::Cached { None } else { estimate_ms },
    }
}

fn name(id: &str) -> &str {
    id.split_once('/').map_or(id, |(_, name)| name)
}
