//! [`CheckRecorder`]: every check is told as a step while it runs (a line with its time, a log of its own), and its result is
//! kept for the verdict.

use std::time::{Duration, Instant};

use super::{Finding, InstallTestError, TestTarget, library};
use crate::{
    engine::Output as _,
    event::{Event, Outcome, StepId},
    execute::{Session, StepOutput},
};

/// What a test came to on one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The platform's id.
    pub platform: String,
    /// Every check, in order.
    pub checks: Vec<Check>,
}

impl Verdict {
    /// Whether every check was held and passed, but for units that are left out for a reason.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| matches!(check.result, CheckResult::Passed(_) | CheckResult::LeftOut(_)))
    }

    /// The checks that did not pass.
    pub fn failed(&self) -> impl Iterator<Item = (&Check, &Finding)> {
        self.checks.iter().filter_map(|check| match &check.result {
            CheckResult::Failed(finding) => Some((check, finding)),
            _ => None,
        })
    }
}

/// A check that was held, or passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its step.
    pub step: StepId,
    /// How it ended.
    pub result: CheckResult,
    /// Wall time.
    pub took: Duration,
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckResult {
    /// It passed: what was seen.
    Passed(String),
    /// It did not.
    Failed(Finding),
    /// It could not be held, because an earlier one failed.
    Skipped,
    /// A unit that is not run: why.
    LeftOut(String),
}

/// The checks of one platform.
#[derive(Debug)]
pub struct CheckRecorder<'a> {
    target: &'a TestTarget,
    session: &'a Session,
    checks: Vec<Check>,
    taken: Vec<String>,
}

impl<'a> CheckRecorder<'a> {
    /// An empty one.
    #[must_use]
    pub fn new(target: &'a TestTarget, session: &'a Session) -> Self {
        let taken = RESERVED.map(str::to_owned).to_vec();
        Self { target, session, checks: Vec::new(), taken }
    }

    /// The step of a check: in the second container `test-install+2`, as no unit's is called.
    #[must_use]
    pub fn step(&self, name: &str) -> StepId {
        match self.target.number {
            0 | 1 => StepId::new(&self.target.platform, name),
            number => StepId::new(&self.target.platform, &format!("{name}+{number}")),
        }
    }

    /// The step of a unit's check: no two are the same.
    pub fn unit_step(&mut self, unit: &str) -> StepId {
        let base = step_name(unit);
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        let name = std::iter::once(base.clone()).chain(numbered).find(|name| !self.taken.contains(name));
        let name = name.unwrap_or(base);
        self.taken.push(name.clone());
        self.step(&name)
    }

    /// Holds a check: gives whether it passed.
    ///
    /// # Errors
    /// What is no finding: the daemon is gone, Ctrl-C.
    pub async fn hold(
        &mut self,
        step: &StepId,
        title: String,
        work: impl AsyncFnOnce(&StepOutput) -> Result<String, InstallTestError>,
    ) -> Result<bool, InstallTestError> {
        let started = Instant::now();
        let events = &self.session.services.events;
        events.emit(Event::StepStarted { step: step.clone(), title, why: "asked for".to_owned() });
        let output = StepOutput::new(events, step);
        let ended = tokio::select! {
            ended = async { self.advised(work(&output).await, step, &output).await } => ended,
            () = self.session.services.cancel.cancelled() => Err(InstallTestError::Interrupted),
        };
        let took = started.elapsed();
        let (outcome, note) = match &ended {
            Ok(note) => (Outcome::Done, note.clone()),
            Err(InstallTestError::Interrupted) => (Outcome::Interrupted, String::new()),
            Err(error) => {
                output.line(&format!("error: {error}"));
                (Outcome::Failed, error.to_string())
            }
        };
        events.emit(Event::StepFinished { step: step.clone(), outcome, took, note });
        let result = match ended {
            Ok(note) => CheckResult::Passed(note),
            Err(InstallTestError::Found(finding)) => CheckResult::Failed(*finding),
            Err(error) => return Err(error),
        };
        let passed = matches!(result, CheckResult::Passed(_));
        self.checks.push(Check { step: step.clone(), result, took });
        Ok(passed)
    }

    /// What a check came to, with the packages that would bring libraries which it missed.
    async fn advised(
        &self,
        ended: Result<String, InstallTestError>,
        step: &StepId,
        output: &StepOutput,
    ) -> Result<String, InstallTestError> {
        match ended {
            Err(InstallTestError::Found(finding)) => {
                Err(library::advised(*finding, self.target, step, self.session, output).await.into())
            }
            ended => ended,
        }
    }

    /// Holds a check where it means something, else passes it over, which is no failure of its own.
    ///
    /// # Errors
    /// As [`CheckRecorder::hold`].
    pub async fn hold_if(
        &mut self,
        means_something: bool,
        step: &StepId,
        title: String,
        work: impl AsyncFnOnce(&StepOutput) -> Result<String, InstallTestError>,
    ) -> Result<bool, InstallTestError> {
        if means_something {
            return self.hold(step, title, work).await;
        }
        let (step, took, note) = (step.clone(), Duration::ZERO, String::new());
        self.session.services.events.emit(Event::StepFinished {
            step: step.clone(),
            outcome: Outcome::Skipped,
            took,
            note,
        });
        self.checks.push(Check { step, result: CheckResult::Skipped, took });
        Ok(true)
    }

    /// Notes that a unit is not run.
    pub fn leave_out(&mut self, step: &StepId, reason: &str) {
        let (step, took, note) = (step.clone(), Duration::ZERO, format!("not run: {reason}"));
        self.session.services.events.emit(Event::StepFinished {
            step: step.clone(),
            outcome: Outcome::Skipped,
            took,
            note,
        });
        self.checks.push(Check { step, result: CheckResult::LeftOut(reason.to_owned()), took });
    }

    /// The verdict.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        Verdict { platform: self.target.platform.to_string(), checks: self.checks }
    }
}

/// Steps that are not a unit's.
const RESERVED: [&str; 5] = ["test-install", "test-files", "test-units", "test-remove", "test-purge"];

/// The longest name of a unit's step, in characters.
const LONGEST_NAME: usize = 60;

/// `test-` and a unit's name as a file may be called: without `.service`, and with a dash for every odd character.
fn step_name(unit: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "@._-".contains(c) { c } else { '-' };
    let stem = unit.strip_suffix(".service").unwrap_or(unit);
    format!("test-{}", stem.chars().map(plain).take(LONGEST_NAME).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_a_name_that_a_file_may_have() {
        assert_eq!(
            step_name("canopsis-engine@cleaner-cleaner_events.service"),
            "test-canopsis-engine@cleaner-cleaner_events"
        );
        assert_eq!(step_name("x@a\\x2db:c/../d.timer"), "test-x@a-x2db-c-..-d.timer");
        assert_eq!(step_name(&"é".repeat(300)).len(), 65);
    }
}
