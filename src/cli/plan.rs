//! `factory plan`.

mod pylock;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    context::{Context, DigestArgs},
    lock,
    planned::{Planned, planned},
    signer::CertificateArgs,
};
use crate::{
    diag::{Exit, Failure},
    engine::{Engine, EngineInfo, Obstacle},
    event::StepId,
    execute::{AssessedPlan, RunOptions, assess},
    pipeline::Project,
    plan::{State, Step, Want},
    report::{Output, PlanDot, PlanEstimate, PlanRow, PlanState, PlanView},
};

/// Show what is cached and what will run, why, and how long it will take, without doing any of it
///
/// How long a step takes is what it took the last time. A key that depends on what an earlier step will give is not known
/// yet: such a step waits, and may turn out to be cached.
#[derive(Debug, clap::Args)]
#[command(after_long_help = crate::cli::examples::PLAN)]
pub struct Args {
    /// Print the graph for Graphviz: `factory plan --dot | dot -Tsvg`
    #[arg(long)]
    dot: bool,
    /// Write what is in the wheelhouses as `pylock.<platform>.toml` (PEP 751) into this folder
    #[arg(long, value_name = "DIR")]
    pylock: Option<PathBuf>,
    /// Ask no engine: believe what earlier builds have noted, and do not look whether their images are still there. So it is
    /// where none answers
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    signer: CertificateArgs,
    #[command(flatten)]
    digests: DigestArgs,
}

/// Runs the verb.
pub async fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    if args.dot && context.reporter.settings().output == Output::Json {
        let failure = Failure::new(Exit::Usage, "`--dot` is for Graphviz, `--output json` for other programs");
        return Err(failure.help("leave one of them out; the JSON form has the graph in `needs` and `uses`"));
    }
    let mut project = context.open_with_sources(args.digests).await?;
    project.signer = args.signer.fingerprint()?;
    let request = PlanRequest { want: Want::All, offline: args.offline, locked: false, pylock: args.pylock.as_deref() };
    let (view, _) = view(&project, &request, context).await?;
    if args.dot {
        context.reporter.print(PlanDot(view));
    } else {
        context.reporter.print(view);
    }
    Ok(())
}

/// What is planned, and how.
struct PlanRequest<'p> {
    want: Want,
    /// No engine is asked.
    offline: bool,
    /// It is held against the lock.
    locked: bool,
    /// Where the wheelhouses are written down.
    pylock: Option<&'p Path>,
}

/// Prints the plan of what is wanted; with `locked`, also what of it differs from the lock.
///
/// # Errors
/// Those of a build before it begins, so far as they are known.
pub async fn show(project: &Project, want: Want, locked: bool, context: &Context) -> Result<(), Failure> {
    let (view, drift) = view(project, &PlanRequest { want, offline: false, locked, pylock: None }, context).await?;
    context.reporter.print(view);
    drift
}

/// The plan, and what of it differs from the lock.
async fn view(
    project: &Project,
    request: &PlanRequest<'_>,
    context: &Context,
) -> Result<(PlanView, Result<(), Failure>), Failure> {
    // A build would read it, and end there.
    let lock = Arc::new(lock::load(project, request.locked)?);
    let ask = async || if request.offline { Ok(None) } else { reached(context).await };
    let Planned { plan, engine, offline, .. } = planned(project, request.want, ask).await?;
    let mut session = context.session(project, engine)?;
    session.options = RunOptions { offline, lock, locked: request.locked, ..session.options };
    let assessed = context.until_stopped(async { Ok(assess(&plan, &session).await?) }).await?;
    let drift = if request.locked { lock::check(&plan, &assessed, &session, context).await } else { Ok(()) };
    if let Some(folder) = request.pylock {
        pylock::write(folder, project, &plan, &assessed, context)?;
    }
    context.warn_of_doubts(project, &plan, &assessed);
    for text in project.unneeded(&plan) {
        context.events().warn(text);
    }
    let estimate = assessed.estimate(&plan, session.options.jobs);
    let view = PlanView {
        title: project.title(),
        rows: plan.steps.iter().filter_map(|step| row(step, &assessed)).collect(),
        committed: assessed
            .states
            .values()
            .filter(|state| matches!(state, State::Labels(why) if why.is_empty()))
            .count(),
        searched: plan.steps.iter().filter(|step| is_searched(step, &assessed)).count(),
        estimate: PlanEstimate {
            jobs: session.options.jobs,
            run_ms: estimate.run_ms,
            work_ms: estimate.work_ms,
            unknown: estimate.unknown,
        },
    };
    Ok((view, drift))
}

/// The engine; `None`, which is said, where none answers.
async fn reached(context: &Context) -> Result<Option<(Arc<dyn Engine>, EngineInfo)>, Failure> {
    match context.engine().await {
        Ok((engine, info)) => {
            if let Some(Obstacle { what, help }) = info.obstacle() {
                context.events().warn(format!("{what}: `factory build` will stop before it does anything; {help}"));
            }
            Ok(Some((engine, info)))
        }
        Err(failure) if failure.exit() == Exit::NoEngine => {
            context.events().warn(format!(
                "{}; the plan does not know what is built: it believes what earlier builds have noted",
                failure.message()
            ));
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// Whether a package will be made, and it is searched then what its programs and libraries need.
fn is_searched(step: &Step, assessed: &AssessedPlan) -> bool {
    let Some(work) = step.work.package() else { return false };
    work.is_searched() && matches!(assessed.states.get(&step.id), Some(State::Run(_) | State::Waits(_)))
}

/// A step as it is shown; `None` where nothing wants it.
fn row(step: &Step, assessed: &AssessedPlan) -> Option<PlanRow> {
    let waits_for = || step.needs.iter().filter(|need| assessed.is_open(need));
    let (state, why) = match assessed.states.get(&step.id)? {
        State::Cached => (PlanState::Cached, assessed.record(step).map(|record| record.note).unwrap_or_default()),
        // The commit in a label is no reason for anything.
        State::Labels(why) if why.is_empty() => {
            (PlanState::Cached, assessed.record(step).map(|record| record.note).unwrap_or_default())
        }
        State::Labels(why) => (PlanState::Labels, why.clone()),
        State::Stored(why) => (PlanState::Store, why.clone()),
        State::Run(why) => (PlanState::Run, why.clone()),
        State::Waits(_) => (PlanState::Waits, outputs(&waits_for().map(StepId::name).collect::<Vec<_>>())),
        State::Idle => return None,
    };
    let all = |ids: &[StepId]| ids.iter().map(ToString::to_string).collect();
    Some(PlanRow {
        platform: step.platform.to_string(),
        step: step.id.name().to_owned(),
        title: step.title.clone(),
        state,
        why,
        key: assessed.keys.get(&step.id).map(ToString::to_string),
        waits_for: if state == PlanState::Waits { waits_for().map(ToString::to_string).collect() } else { Vec::new() },
        needs: all(&step.needs),
        uses: step.uses.iter().chain(&step.after).map(ToString::to_string).collect(),
        estimate_ms: assessed.took_ms(&step.id).filter(|_| matches!(state, PlanState::Run | PlanState::Waits)),
    })
}

/// `depends on what base and wheels-core give`.
fn outputs(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("depends on what {one} gives"),
        [first @ .., last] => format!("depends on what {} and {last} give", first.join(", ")),
    }
}
