//! [`Process`]: the main process of a service while it is watched, what it says, and signals to it and its children.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use futures::future::{BoxFuture, FutureExt as _};

use super::super::{
    InstallTestError,
    container::{TestContainer, argv},
};
use crate::{
    engine::{ExecSpec, Output as EngineOutput, Progress},
    execute::StepOutput,
    unit,
};

/// Sends signals, and says who is there.
const SIGNAL: &str = include_str!("signal.sh");
/// What `start.sh` says before it gives way.
const MARK: &str = "factory-test process ";
/// Lines that are kept for a finding.
const TAIL: usize = 100;
/// How often is looked whether processes have ended.
const PAUSE: Duration = Duration::from_millis(100);
/// How long killed processes may take to be gone.
const LONGEST_SWEEP: Duration = Duration::from_secs(20);

/// The main process of a service.
pub struct Process<'a> {
    running: BoxFuture<'a, Result<i64, InstallTestError>>,
}

impl fmt::Debug for Process<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").finish_non_exhaustive()
    }
}

impl<'a> Process<'a> {
    /// Starts it; it runs as long as it is waited for.
    pub fn start(container: &'a TestContainer<'_>, spec: ExecSpec, output: &'a Output<'_>) -> Self {
        Self { running: container.exec(spec, output).boxed() }
    }

    /// Waits for its end; gives its exit code. May be dropped and called again, until it has ended.
    ///
    /// # Errors
    /// When the daemon goes away.
    pub async fn ended(&mut self) -> Result<i64, InstallTestError> {
        (&mut self.running).await
    }
}

/// What a process says: lines of the step, the last of them kept, and its number.
#[derive(Debug)]
pub struct Output<'a> {
    of_step: &'a StepOutput,
    process: OnceLock<u32>,
    tail: Mutex<VecDeque<String>>,
}

impl<'a> Output<'a> {
    /// Output that becomes lines of a step.
    #[must_use]
    pub fn new(output: &'a StepOutput) -> Self {
        Self { of_step: output, process: OnceLock::new(), tail: Mutex::default() }
    }

    /// Its number in the container, once it runs.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.process.get().copied()
    }

    /// The last lines.
    #[must_use]
    pub fn tail(&self) -> Vec<String> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl EngineOutput for Output<'_> {
    fn line(&self, line: &str) {
        if self.process.get().is_none()
            && let Some(number) = line.strip_prefix(MARK).and_then(|number| number.parse().ok())
        {
            // It is told once.
            let _ = self.process.set(number);
            return;
        }
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() == TAIL {
            tail.pop_front();
        }
        tail.push_back(line.to_owned());
        drop(tail);
        self.of_step.line(line);
    }

    fn progress(&self, progress: Progress) {
        self.of_step.progress(progress);
    }
}

/// Sends a signal to one process of the service or to `all`; gives the numbers of its processes.
///
/// # Errors
/// When the daemon goes away.
pub async fn signal(container: &TestContainer<'_>, signal: &str, whom: &str) -> Result<Vec<u32>, InstallTestError> {
    let answer = container.ask(argv(&["/bin/sh", "-c", SIGNAL, "signal", signal, whom], [] as [&str; 0])).await?;
    if answer.code != 0 {
        let why = answer.lines.last().cloned().unwrap_or_default();
        return Err(InstallTestError::Internal(format!("no signals can be sent in the container: {why}")));
    }
    Ok(answer.lines.iter().filter_map(|line| line.parse().ok()).collect())
}

/// Waits until the service has no processes; gives how many it has when the time is over.
///
/// # Errors
/// When the daemon goes away.
pub async fn wait_for_none(container: &TestContainer<'_>, limit: Duration) -> Result<usize, InstallTestError> {
    let end = Instant::now() + limit;
    loop {
        let left = signal(container, "none", "all").await?.len();
        if left == 0 || Instant::now() >= end {
            return Ok(left);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Kills what is left of a service.
///
/// # Errors
/// When the daemon goes away, or the kernel does not let go of a process.
pub async fn sweep(container: &TestContainer<'_>) -> Result<(), InstallTestError> {
    let end = Instant::now() + LONGEST_SWEEP;
    while !signal(container, "KILL", "all").await?.is_empty() {
        if Instant::now() >= end {
            return Err(InstallTestError::Internal("a killed process does not end".to_owned()));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// An exit code in words, after `it`.
#[must_use]
pub fn exit_words(code: i64) -> String {
    match (code, unit::by_signal(code)) {
        (_, Some(signal)) => format!("was ended by SIG{signal}"),
        (126, _) => "could not be executed (exit code 126)".to_owned(),
        (127, _) => "was not found (exit code 127)".to_owned(),
        (code, _) => format!("ended with exit code {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Events, StepId};

    #[test]
    fn codes_in_words() {
        assert_eq!(exit_words(0), "ended with exit code 0");
        assert_eq!(exit_words(143), "was ended by SIGTERM");
        assert_eq!(exit_words(200), "ended with exit code 200");
        assert_eq!(exit_words(127), "was not found (exit code 127)");
    }

    #[test]
    fn the_number_is_no_line() {
        let step = StepId::new(&"debian-12".parse().unwrap(), "test-x");
        let lines = StepOutput::new(&Events::none(), &step);
        let output = Output::new(&lines);
        for line in ["early", "factory-test process 42", "factory-test process 43", "late"] {
            output.line(line);
        }
        assert_eq!(output.process(), Some(42));
        assert_eq!(output.tail(), ["early", "factory-test process 43", "late"]);
    }

    /// In a session of their own, as the engine starts commands.
    #[test]
    fn signals_reach_only_what_is_there() {
        let mut child = std::process::Command::new("setsid").args(["sleep", "600"]).spawn().unwrap();
        let pid = child.id().to_string();
        let run = |signal: &str, whom: &str| {
            let script =
                std::process::Command::new("setsid").args(["sh", "-c", SIGNAL, "signal", signal, whom]).output();
            String::from_utf8(script.unwrap().stdout).unwrap()
        };
        assert!(run("none", "all").lines().any(|line| line == pid));
        assert!(run("TERM", &pid).lines().any(|line| line == pid));
        assert!(!child.wait().unwrap().success());
        assert!(!run("none", "all").lines().any(|line| line == pid), "one that has ended is not listed");
    }
}
