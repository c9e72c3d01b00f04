//! Install tests: the packages of a release go into a clean container of their platform as a user's machine would take
//! them, are held against what was packed, their services are run, and they are removed and purged.
//!
//! A check that does not pass is a [`Finding`], and the next check is held all the same where it still says something.
//! The container never outlives the test, unless somebody wants to look around in it.

mod bench;
mod bytecode;
mod error;
mod files;
mod groups;
mod install;
mod ledger;
mod listing;
mod loading;
mod manager;
mod record;
mod removal;
mod runs;
mod service;
mod subject;
mod transfer;
mod units;

pub use error::{Finding, TrialError};
pub use ledger::{Check, CheckResult, Verdict};
pub use record::{Failed, Passed};
pub use subject::{Built, Subject};

use crate::execute::Session;
use bench::Bench;
use install::Before;
use ledger::Ledger;
use runs::Run;

/// Tests the packages of one platform. With `keep` the test stops at the first check that does not pass, and the
/// container stays as it is then; one in which all passed goes.
///
/// # Errors
/// What is no finding: a base image or a package that is gone, the daemon, Ctrl-C.
pub async fn run(subject: &Subject, session: &Session, keep: bool) -> Result<Verdict, TrialError> {
    let verdict = in_all(subject, session, keep).await?;
    if verdict.passed() {
        Passed::keep(subject, &session.project)?;
    } else {
        Failed::keep(subject, &verdict, &session.project)?;
    }
    Ok(verdict)
}

/// Tests all packages in one container, or those that cannot be installed beside each other in several. With `keep` the first
/// container stays in which something did not pass, and no other one follows.
async fn in_all(subject: &Subject, session: &Session, keep: bool) -> Result<Verdict, TrialError> {
    let parts = subject.parts();
    if parts.is_empty() {
        return in_one(subject, session, keep).await;
    }
    let all: Vec<String> = parts.iter().map(|part| part.names().collect::<Vec<_>>().join(", ")).collect();
    session.events.info(format!(
        "{}: packages conflict and are tested in a container each time: {}",
        subject.platform,
        all.join("; ")
    ));
    let mut verdict = Verdict { platform: subject.platform.to_string(), checks: Vec::new() };
    for part in &parts {
        verdict.checks.extend(in_one(part, session, keep).await?.checks);
        if keep && !verdict.passed() {
            break;
        }
    }
    Ok(verdict)
}

async fn in_one(subject: &Subject, session: &Session, keep: bool) -> Result<Verdict, TrialError> {
    let mut ledger = Ledger::new(subject, session);
    let install = ledger.step("test-install");
    let bench = tokio::select! {
        bench = Bench::open(subject, session, &install) => bench?,
        () = session.cancel.cancelled() => return Err(TrialError::Interrupted),
    };
    let ended = checks(&bench, &mut ledger, keep).await;
    let verdict = ledger.verdict();
    if keep && (ended.is_err() || !verdict.passed()) {
        session.events.info(format!("the container stays until the next run of factory here: `{}`", bench.way_in()));
    } else {
        // Given up on Ctrl-C: whoever runs this removes what is left of the run.
        tokio::select! {
            () = bench.close() => {}
            () = session.cancel.cancelled() => return Err(TrialError::Interrupted),
        }
    }
    ended?;
    Ok(verdict)
}

/// Holds every check.
async fn checks(bench: &Bench<'_>, ledger: &mut Ledger<'_>, keep: bool) -> Result<(), TrialError> {
    let subject = bench.subject;
    let mut before = Before::default();
    let title = format!("install {} in a clean container", subject.names().collect::<Vec<_>>().join(", "));
    let step = ledger.step("test-install");
    let installed = ledger.hold(&step, title, async |lines| install::install(bench, &mut before, lines).await).await?;
    // Without an installation nothing else means anything; a container to look around in is left as it is.
    let mut goes_on = installed;

    let step = ledger.step("test-files");
    let title = "compare what is installed with what was packed".to_owned();
    let passed = ledger.hold_if(goes_on, &step, title, async |lines| files::check(bench, lines).await).await?;
    goes_on &= passed || !keep;

    let step = ledger.step("test-units");
    let title = "let systemd judge the units".to_owned();
    let judged = ledger.hold_if(goes_on, &step, title, async |lines| units::check(bench, lines).await).await?;
    goes_on &= judged || !keep;

    for run in &subject.units {
        let step = ledger.unit_step(run.unit());
        let (trial, named) = match run {
            Run::Checked { trial, named } => (trial, *named),
            Run::LeftOut { reason, .. } => {
                ledger.leave_out(&step, reason);
                continue;
            }
        };
        let title = format!("run {}", trial.unit);
        let passed = ledger
            .hold_if(goes_on, &step, title, async |lines| service::check(bench, trial, named, lines).await)
            .await?;
        goes_on &= passed || !keep;
    }

    let step = ledger.step("test-remove");
    let title = "remove the packages".to_owned();
    let removed =
        ledger.hold_if(goes_on, &step, title, async |lines| removal::remove(bench, &before, lines).await).await?;
    goes_on &= removed || !keep;

    let step = ledger.step("test-purge");
    let title = "purge the packages".to_owned();
    ledger.hold_if(goes_on, &step, title, async |lines| removal::purge(bench, &before, lines).await).await?;
    Ok(())
}
