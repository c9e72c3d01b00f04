//! `test-<unit>`: a service is started as systemd would start it, must do what the recipe says, and must end when it is
//! told to.
//!
//! systemd itself does not run in the container. What only it can do is left out, and the step's log says which keys
//! that are: sandboxing, resource limits, sockets, `ExecStartPost=`, `ExecStop=`, restarts, readiness of `Type=notify`.

mod load;
mod probe;
mod process;
mod spawn;

use std::time::{Duration, Instant};

use super::{Finding, InstallTestError, container::TestContainer};
use crate::{
    engine::Output as _,
    execute::StepOutput,
    recipe::{UnitCheck, UnitExpectation},
    unit::{KillMode, Kind, UnitError, UnitName},
};
use process::{Process, exit_words};
use spawn::Spawn;

/// Longer than this no service should need to stop, whatever its unit allows: a shutdown waits for it.
const LONGEST_STOP: Duration = Duration::from_secs(10);
/// How much later than a process its end may be told.
const ENGINE_DELAY: Duration = Duration::from_secs(20);
/// How long a command that has to end by itself may take: what systemd waits when a unit says nothing.
const LONGEST_START: Duration = Duration::from_secs(90);

/// Runs a service of the recipe, holds it against what must be true, and stops it.
///
/// # Errors
/// The finding.
pub async fn check(
    container: &TestContainer<'_>,
    check: &UnitCheck,
    named: bool,
    output: &StepOutput,
) -> Result<String, InstallTestError> {
    match held(container, check, output).await {
        // It was not asked for: there may be a reason not to.
        Err(InstallTestError::Found(finding)) if finding.help.is_none() && !named => {
            Err(finding.help(left_out(check)).into())
        }
        ended => ended,
    }
}

fn left_out(check: &UnitCheck) -> String {
    format!(
        "one that cannot run alone in a container is left out with a reason: `[[test.unit]]`, `name = \"{}\"`, `skip = \"…\"`",
        check.unit
    )
}

async fn held(
    container: &TestContainer<'_>,
    check: &UnitCheck,
    output: &StepOutput,
) -> Result<String, InstallTestError> {
    let unit = UnitName::new(&check.unit).map_err(|error| unit_finding(&error))?;
    if matches!(check.expectation, UnitExpectation::Skip { .. }) {
        let message = format!("no package has the unit {unit} that the recipe leaves out of the test");
        return Err(Finding::new(message).help(load::shipped(container)).into());
    }
    let loaded = load::load(container, &unit, output).await?;
    let service = loaded.service(&unit).map_err(|error| cannot_run(&error, check))?;
    if !service.left_out.is_empty() {
        output.line(&format!("left out, because only systemd can do it: {}", service.left_out.join(", ")));
    }
    let spawn = Spawn::prepare(container, &service).await?;
    let ended = run(container, check, &spawn, output).await;
    // Whatever happened: the next service wants the same ports.
    let swept = process::sweep(container).await;
    let note = ended?;
    swept?;
    Ok(note)
}

/// What systemd refuses, or only systemd can run: the recipe may leave it out.
fn cannot_run(error: &UnitError, check: &UnitCheck) -> InstallTestError {
    Finding::new(error.to_string()).help(left_out(check)).into()
}

fn unit_finding(error: &UnitError) -> InstallTestError {
    Finding::new(error.to_string()).into()
}

async fn run(
    container: &TestContainer<'_>,
    check: &UnitCheck,
    spawn: &Spawn<'_>,
    lines: &StepOutput,
) -> Result<String, InstallTestError> {
    for command in &spawn.service.before {
        spawn.to_its_end(container, command, "ExecStartPre=", lines).await?;
    }
    if spawn.service.kind == Kind::Oneshot {
        for command in &spawn.service.start {
            spawn.to_its_end(container, command, "ExecStart=", lines).await?;
        }
        return match probe::after_oneshot(container, check).await? {
            Some(seen) => Ok(format!("ended with success, {seen}")),
            None => Ok("ended with success".to_owned()),
        };
    }
    let Some(command) = spawn.service.start.first() else {
        return Err(InstallTestError::Internal(format!("{} has no command", check.unit)));
    };
    let output = process::Output::new(lines);
    let mut process = Process::start(container, spawn.exec(container, command, lines).await?, &output);
    let started = Instant::now();
    let seen = tokio::select! {
        seen = probe::running(container, check, &output) => seen.map_err(|error| with_output(error, &output))?,
        code = process.ended() => return Err(ended_early(check, code?, started, &output).into()),
    };
    lines.line(&seen);
    let stopped = stop(container, check, spawn, &mut process, &output, lines).await?;
    Ok(format!("{seen}, {stopped}"))
}

fn ended_early(check: &UnitCheck, code: i64, started: Instant, output: &process::Output<'_>) -> Finding {
    let expected = probe::expectation(check);
    let (how, after) = (exit_words(code), seconds(started.elapsed()));
    let message = format!("{} should {expected}, but it {how} after {after}", check.unit);
    Finding::new(message).saying(&output.tail())
}

/// A finding shows what the service said last.
fn with_output(error: InstallTestError, output: &process::Output<'_>) -> InstallTestError {
    match error {
        InstallTestError::Found(finding) => finding.saying(&output.tail()).into(),
        error => error,
    }
}

/// Stops the service as systemd would.
async fn stop(
    container: &TestContainer<'_>,
    check: &UnitCheck,
    spawn: &Spawn<'_>,
    process: &mut Process<'_>,
    output: &process::Output<'_>,
    lines: &StepOutput,
) -> Result<String, InstallTestError> {
    let stop = &spawn.service.stop;
    let limit = stop.limit.unwrap_or(LONGEST_STOP).min(LONGEST_STOP);
    let (started, signal) = (Instant::now(), stop.signal);
    let whom = match (stop.mode, output.process()) {
        (KillMode::Mixed | KillMode::Process, Some(main)) => main.to_string(),
        _ => "all".to_owned(),
    };
    lines.line(&format!("SIG{signal} to {}", if whom == "all" { "all of its processes" } else { &whom }));
    process::signal(container, signal, &whom).await?;
    let expected = format!("SIG{signal} should end {} within {}", check.unit, seconds(limit));
    let mut ended = tokio::time::timeout(limit, process.ended()).await.ok();
    let took = started.elapsed();
    // Engines say that a process has ended only seconds later, when a child of it still holds its output.
    if ended.is_none()
        && !process::signal(container, "none", "all").await?.iter().any(|left| output.process() == Some(*left))
    {
        ended = tokio::time::timeout(ENGINE_DELAY, process.ended()).await.ok();
    }
    let Some(code) = ended.transpose()? else {
        let finding = Finding::new(format!("{expected}, but it still runs")).saying(&output.tail());
        return Err(finding.help("let it end at the signal: a shutdown waits for every service").into());
    };
    let how = exit_words(code);
    lines.line(&format!("it {how} after {}", seconds(took)));
    if stop.mode == KillMode::ControlGroup {
        let left = process::wait_for_none(container, limit.saturating_sub(took)).await?;
        if left > 0 {
            let message = format!("{expected}, but it left {left} of its processes running");
            return Err(Finding::new(message).saying(&output.tail()).into());
        }
    }
    if !stop.is_success(code) {
        let message = format!("{} should end with success at SIG{signal}, but it {how}", check.unit);
        let help = "end with 0 at the signal, or name the code in `SuccessExitStatus=`: systemd calls the unit failed";
        return Err(Finding::new(message).saying(&output.tail()).help(help).into());
    }
    Ok(format!("stopped in {}", seconds(took)))
}

/// `0.4 s`.
fn seconds(time: Duration) -> String {
    let tenths = time.as_millis() / 100;
    if tenths.is_multiple_of(10) { format!("{} s", tenths / 10) } else { format!("{}.{} s", tenths / 10, tenths % 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        assert_eq!(seconds(Duration::from_millis(420)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(10)), "10 s");
    }
}
