//! What is tested without an engine: what a step made is looked at, and nothing of it is started.

use std::time::Instant;

use super::{Args, failure_of, outcome};
use crate::{
    cli::{
        context::Context,
        planned::{Planned, planned},
    },
    diag::{Exit, Failure},
    event::{Event, Outcome, StepId},
    execute::{AssessedPlan, Records, Session, assess},
    install_test::{Check, CheckResult, Finding, InstallTestError, Verdict},
    pipeline::{Project, truth},
    plan::{Plan, Record, Step, Want},
};

/// Runs the verb where no platform has packages that are installed.
pub(super) async fn run(args: &Args, project: &Project, context: &Context) -> Result<(), Failure> {
    let none = async || Err(Failure::new(Exit::Usage, "nothing of these platforms is tested"));
    let Planned { plan, engine, .. } = planned(project, Want::All, none).await?;
    let _lock = context.lock(project).await?;
    let mut session = context.session(project, engine)?;
    session.options.offline = true;
    let assessed = context.until_stopped(async { Ok(assess(&plan, &session).await?) }).await?;
    let to_run = steps(&plan).count();
    if to_run == 0 {
        let failure = Failure::new(Exit::Usage, "the recipe makes nothing on these platforms that could be tested");
        return Err(failure.help("choose other platforms with `--platform`"));
    }
    context.events().emit(Event::Started { verb: "test", title: project.title(), cached: 0, to_run });
    let started = Instant::now();
    let verdicts = verdicts(args, &plan, Some(&assessed), &session).map_err(|error| failure_of(error, project))?;
    context.reporter.print(outcome::view((&project.title(), "looked at"), &verdicts, &[], started.elapsed()));
    match outcome::verdicts_failure(&verdicts, true) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// The steps whose product is looked at.
fn steps(plan: &Plan) -> impl Iterator<Item = &Step> {
    plan.steps.iter().filter(|step| step.work.runner().as_looked_at().is_some())
}

/// What is found of each of them, by platform.
pub(super) fn verdicts(
    args: &Args,
    plan: &Plan,
    assessed: Option<&AssessedPlan>,
    session: &Session,
) -> Result<Vec<Verdict>, InstallTestError> {
    let mut verdicts: Vec<Verdict> = Vec::new();
    for step in steps(plan) {
        let missing = |why: &str| InstallTestError::NotBuilt { step: step.id.clone(), why: why.to_owned() };
        let record = Records::for_project(&session.paths.project).load(&step.id);
        let record = record.ok_or_else(|| missing("there is no record of it"))?;
        if !args.allow_dirty
            && let Some(why) = assessed.and_then(|assessed| truth::stale(assessed, &step.id))
        {
            return Err(InstallTestError::Outdated { step: step.id.clone(), why });
        }
        let check = check(step, &record, session);
        match verdicts.iter_mut().find(|verdict| verdict.platform == step.platform.as_str()) {
            Some(verdict) => verdict.checks.push(check),
            None => verdicts.push(Verdict { platform: step.platform.to_string(), checks: vec![check] }),
        }
    }
    Ok(verdicts)
}

/// Looks at what a step made, as a step of its own.
fn check(step: &Step, record: &Record, session: &Session) -> Check {
    let (events, started) = (&session.services.events, Instant::now());
    let own = StepId::new(&step.platform, &format!("test-{}", step.id.name()));
    let title = format!("look at {}", step.title);
    events.emit(Event::StepStarted { step: own.clone(), title, why: "asked for".to_owned() });
    let found = step.work.runner().as_looked_at().map(|looked| looked.look(record, session));
    let (outcome, note, result) = match found.unwrap_or_else(|| Ok(String::new())) {
        Ok(seen) => (Outcome::Done, seen.clone(), CheckResult::Passed(seen)),
        Err(wrong) => {
            for line in &wrong {
                events.emit(Event::StepLog { step: own.clone(), line: format!("error: {line}") });
            }
            let finding = finding(wrong);
            (Outcome::Failed, finding.message.clone(), CheckResult::Failed(finding))
        }
    };
    let took = started.elapsed();
    events.emit(Event::StepFinished { step: own.clone(), outcome, took, note });
    Check { step: own, result, took }
}

fn finding(mut wrong: Vec<String>) -> Finding {
    let message = if wrong.len() == 1 { wrong.remove(0) } else { format!("{} things are wrong with it", wrong.len()) };
    Finding { message, details: wrong, help: None }
}
