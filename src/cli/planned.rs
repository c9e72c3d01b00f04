//! The plan of a verb, and the engine where a step of it needs one: what is made of files of the project alone is made without.

use std::sync::Arc;

use super::context::Context;
use crate::{
    diag::{Exit, Failure},
    engine::{Engine, EngineInfo, Nobody},
    pipeline::{PipelineError, Project},
    plan::{Plan, PlanError, Want},
};

/// A plan, and what its steps run on.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The engine; [`Nobody`] where none is needed.
    pub engine: Arc<dyn Engine>,
    /// What it is.
    pub info: EngineInfo,
    /// Whether it is [`Nobody`].
    pub offline: bool,
}

impl Planned {
    fn alone(plan: Plan) -> Self {
        let (engine, info) = nobody();
        Self { plan, engine, info, offline: true }
    }

    /// The plan of everything, where no step of it needs an engine; `None` where one does, or where that cannot be known.
    pub fn without_engine(project: &Project) -> Option<Self> {
        let plan = project.plan(&nobody().1, Want::All).ok()?;
        (!plan.needs_engine()).then(|| Self::alone(plan))
    }
}

/// No engine: what is planned is planned for this machine.
fn nobody() -> (Arc<dyn Engine>, EngineInfo) {
    (Arc::new(Nobody), Nobody::info_of(std::env::consts::ARCH))
}

/// Plans what is wanted. Where a step of it needs an engine, `ask` gives one, or `None` for a plan that is not carried out; else none is
/// asked.
///
/// # Errors
/// Those of the plan, and of `ask`.
pub async fn planned(
    project: &Project,
    want: Want,
    ask: impl AsyncFnOnce() -> Result<Option<(Arc<dyn Engine>, EngineInfo)>, Failure>,
) -> Result<Planned, Failure> {
    let here = nobody().1;
    let plan = match project.plan(&here, want) {
        Ok(plan) if !plan.needs_engine() => return Ok(Planned::alone(plan)),
        Ok(plan) => Some(plan),
        // An engine may be on another machine.
        Err(PipelineError::Plan(PlanError::Machine { .. })) => None,
        Err(error) => return Err(error.into()),
    };
    let answer = ask().await?;
    let machine = answer.as_ref().map_or(&here, |(_, info)| info);
    let plan = match plan.filter(|_| machine.arch == here.arch) {
        Some(plan) => plan,
        None => project.plan(machine, want)?,
    };
    Ok(match answer {
        Some((engine, info)) => Planned { plan, engine, info, offline: false },
        None => Planned::alone(plan),
    })
}

/// The same for a verb that speaks to a registry: an engine that answers says which ones need no TLS, and none is needed where no step
/// needs one.
///
/// # Errors
/// As [`planned`].
pub async fn planned_for_registry(project: &Project, want: Want, context: &Context) -> Result<Planned, Failure> {
    match context.engine().await {
        Ok((engine, info)) => Ok(Planned { plan: project.plan(&info, want)?, engine, info, offline: false }),
        Err(failure) if failure.exit() == Exit::NoEngine => planned(project, want, async || Err(failure)).await,
        Err(failure) => Err(failure),
    }
}
