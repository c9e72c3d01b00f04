//! Install tests: the packages of a release go into a clean container of their platform as a user's machine would take
//! them, are held against what was packed, their services are run, and they are removed and purged.
//!
//! A check that does not pass is a [`Finding`], and the next check is held all the same where it still says something.
//! The container never outlives the test, unless somebody wants to look around in it.

mod bytecode;
mod container;
mod error;
mod files;
mod groups;
mod install;
mod library;
mod listing;
mod loading;
mod manager;
mod record;
mod recorder;
mod removal;
mod runs;
mod service;
mod target;
mod ties;
mod transfer;
mod units;

pub use error::{Finding, InstallTestError};
pub use record::{Failed, Passed};
pub use recorder::{Check, CheckResult, Verdict};
pub use target::{Built, TestTarget};

use crate::execute::Session;
use container::TestContainer;
use install::Before;
use recorder::CheckRecorder;
use runs::Run;

/// Tests the packages of one platform. With `keep` the test stops at the first check that does not pass, and the
/// container stays as it is then; one in which all passed goes.
///
/// # Errors
/// What is no finding: a base image or a package that is gone, the daemon, Ctrl-C.
pub async fn run(target: &TestTarget, session: &Session, keep: bool) -> Result<Verdict, InstallTestError> {
    let verdict = in_all(target, session, keep).await?;
    if verdict.passed() {
        Passed::write(target, &session.paths.project)?;
    } else {
        Failed::write(target, &verdict, &session.paths.project)?;
    }
    Ok(verdict)
}

/// Tests all packages in one container, or those that cannot be installed beside each other in several. With `keep` the first
/// container stays in which something did not pass, and no other one follows.
async fn in_all(target: &TestTarget, session: &Session, keep: bool) -> Result<Verdict, InstallTestError> {
    let parts = target.parts();
    if parts.is_empty() {
        return in_one(target, session, keep).await;
    }
    let all: Vec<String> = parts.iter().map(|part| part.names().collect::<Vec<_>>().join(", ")).collect();
    session.services.events.info(format!(
        "{}: packages conflict and are tested in a container each time: {}",
        target.platform,
        all.join("; ")
    ));
    let mut verdict = Verdict { platform: target.platform.to_string(), checks: Vec::new() };
    for part in &parts {
        verdict.checks.extend(in_one(part, session, keep).await?.checks);
        if keep && !verdict.passed() {
            break;
        }
    }
    Ok(verdict)
}

async fn in_one(target: &TestTarget, session: &Session, keep: bool) -> Result<Verdict, InstallTestError> {
    let mut recorder = CheckRecorder::new(target, session);
    let install = recorder.step("test-install");
    let container = tokio::select! {
        container = TestContainer::open(target, session, &install) => container?,
        () = session.services.cancel.cancelled() => return Err(InstallTestError::Interrupted),
    };
    let ended = checks(&container, &mut recorder, keep).await;
    let verdict = recorder.verdict();
    if keep && (ended.is_err() || !verdict.passed()) {
        session
            .services
            .events
            .info(format!("the container stays until the next run of factory here: `{}`", container.way_in()));
    } else {
        // Given up on Ctrl-C: whoever runs this removes what is left of the run.
        tokio::select! {
            () = container.close() => {}
            () = session.services.cancel.cancelled() => return Err(InstallTestError::Interrupted),
        }
    }
    ended?;
    Ok(verdict)
}

/// Holds every check.
async fn checks(
    container: &TestContainer<'_>,
    recorder: &mut CheckRecorder<'_>,
    keep: bool,
) -> Result<(), InstallTestError> {
    let target = container.target;
    let mut before = Before::default();
    let title = format!("install {} in a clean container", target.names().collect::<Vec<_>>().join(", "));
    let step = recorder.step("test-install");
    let installed =
        recorder.hold(&step, title, async |lines| install::install(container, &mut before, lines).await).await?;
    // Without an installation nothing else means anything; a container to look around in is left as it is.
    let mut goes_on = installed;

    let step = recorder.step("test-files");
    let title = "compare what is installed with what was packed".to_owned();
    let passed = recorder.hold_if(goes_on, &step, title, async |lines| files::check(container, lines).await).await?;
    goes_on &= passed || !keep;

    let step = recorder.step("test-units");
    let title = "let systemd judge the units".to_owned();
    let judged = recorder.hold_if(goes_on, &step, title, async |lines| units::check(container, lines).await).await?;
    goes_on &= judged || !keep;

    for run in &target.units {
        let step = recorder.unit_step(run.unit());
        let (check, named) = match run {
            Run::Checked { check, named } => (check, *named),
            Run::LeftOut { reason, .. } => {
                recorder.leave_out(&step, reason);
                continue;
            }
        };
        let title = format!("run {}", check.unit);
        let passed = recorder
            .hold_if(goes_on, &step, title, async |lines| service::check(container, check, named, lines).await)
            .await?;
        goes_on &= passed || !keep;
    }

    let step = recorder.step("test-remove");
    let title = "remove the packages".to_owned();
    let removed =
        recorder.hold_if(goes_on, &step, title, async |lines| removal::remove(container, &before, lines).await).await?;
    goes_on &= removed || !keep;

    let step = recorder.step("test-purge");
    let title = "purge the packages".to_owned();
    recorder.hold_if(goes_on, &step, title, async |lines| removal::purge(container, &before, lines).await).await?;
    Ok(())
}
