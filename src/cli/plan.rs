//! `factory plan`.

use super::context::Context;
use crate::{
    build::survey,
    diag::Failure,
    pipeline::Project,
    plan::{State, Step, Want},
    report::{PlanRow, PlanState, PlanView},
};

/// Show what is cached and what will run, and why, without doing any of it
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the verb.
pub async fn run(_args: &Args, context: &Context) -> Result<(), Failure> {
    let project = context.open_with_sources().await?;
    show(&project, Want::All, context).await
}

/// Prints the plan of what is wanted.
pub async fn show(project: &Project, want: Want, context: &Context) -> Result<(), Failure> {
    let (engine, info) = context.engine().await?;
    let plan = project.plan(&info, want)?;
    let session = context.session(project, engine)?;
    let survey = context.until_stopped(async { Ok(survey(&plan, &session).await?) }).await?;
    context.warn_of_age(project, &plan, &survey);
    let rows = plan.steps.iter().filter_map(|step| {
        let (state, why) = match survey.states.get(&step.id)? {
            State::Cached => (PlanState::Cached, survey.record(step).map(|record| record.note).unwrap_or_default()),
            State::Run(why) => (PlanState::Run, why.clone()),
            State::Waits(on) => (PlanState::Waits, format!("depends on what {} gives", name(on.as_str()))),
            State::Idle => return None,
        };
        Some(row(step, state, why, survey.estimate(&session, step)))
    });
    let view = PlanView { title: project.title(), rows: rows.collect() };
    context.reporter.print(view);
    Ok(())
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
