//! Why an install test could not be held ([`InstallTestError`]), and what it found ([`Finding`]).

use crate::{
    engine::{EngineError, Output as _},
    event::StepId,
    execute::StepOutput,
    stage::{AccountsError, StageError, TreeError},
};

/// Why an install test ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallTestError {
    /// The run was interrupted.
    #[error("interrupted")]
    Interrupted,
    /// A check did not pass.
    #[error("{}", .0.message)]
    Found(Box<Finding>),
    /// There is no package of this release to test.
    #[error("{step} was not built for this release: {why}")]
    NotBuilt {
        /// The step that makes it.
        step: StepId,
        /// What is missing.
        why: String,
    },
    /// A build would make the package again: what is here is of other files than those that are here.
    #[error("{step} is not what this checkout makes: {why}")]
    Outdated {
        /// The step that makes it.
        step: StepId,
        /// Why it would run.
        why: String,
    },
    /// The recipe makes no packages.
    #[error("the recipe has no `[[package]]` for {0}: there is nothing to install")]
    NoPackages(String),
    /// The image that the container is made of is gone.
    #[error("the base image of {platform} (`{image}`) is not in the daemon")]
    NoBase {
        /// The platform.
        platform: String,
        /// The image's name.
        image: String,
    },
    /// How packages are installed there is not written down.
    #[error("install tests do not know the package manager of {platform} ({manager}) yet")]
    NoManager {
        /// The platform.
        platform: String,
        /// Its package manager.
        manager: &'static str,
    },
    /// The platform's packages are not those of its package manager: it only builds them.
    #[error(
        "install tests cannot be held on {platform}: its package manager ({manager}) does not install {format} packages"
    )]
    Foreign {
        /// The platform.
        platform: String,
        /// Its package manager.
        manager: &'static str,
        /// The format of its packages.
        format: &'static str,
    },
    /// The daemon.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The files of the container.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// A path.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The container's accounts.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// A file of ours.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A fault of this program.
    #[error("this is a fault of factory itself: {0}")]
    Internal(String),
}

/// What a check found wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Finding {
    /// What was expected and what was found, in one sentence.
    pub message: String,
    /// The lines behind it: paths, or what a program said last.
    pub details: Vec<String>,
    /// What to change, where that is known.
    pub help: Option<String>,
}

/// How many lines follow a finding; the step's log has all of them.
const MOST_DETAILS: usize = 12;
/// The longest of them, in characters.
const LONGEST_DETAIL: usize = 240;

impl Finding {
    /// A finding without lines behind it.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), details: Vec::new(), help: None }
    }

    /// The same with the first of these lines, and how many more there are.
    #[must_use]
    pub fn with(mut self, lines: &[String]) -> Self {
        self.details = lines.iter().take(MOST_DETAILS).map(|line| cut(line)).collect();
        if let Some(more) = lines.len().checked_sub(MOST_DETAILS + 1) {
            self.details.push(format!("and {} more", more + 1));
        }
        self
    }

    /// The same with the last of these lines.
    #[must_use]
    pub fn with_last(self, lines: &[String]) -> Self {
        let last = &lines[lines.len().saturating_sub(MOST_DETAILS)..];
        self.with(last)
    }

    /// The same with the last of the lines that a service said.
    #[must_use]
    pub fn saying(mut self, lines: &[String]) -> Self {
        self = self.with_last(lines);
        if !self.details.is_empty() {
            self.details.insert(0, "it said last:".to_owned());
        }
        self
    }

    /// The same with what to change.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<Finding> for InstallTestError {
    fn from(finding: Finding) -> Self {
        Self::Found(Box::new(finding))
    }
}

/// Nothing, or a finding of these lines.
///
/// # Errors
/// The finding, where there are lines.
pub fn none_of(lines: &[String], message: impl FnOnce(usize) -> String) -> Result<(), Finding> {
    if lines.is_empty() { Ok(()) } else { Err(Finding::new(message(lines.len())).with(lines)) }
}

/// Puts lines into the step's log.
pub fn tell(texts: &[String], output: &StepOutput) {
    for text in texts {
        output.line(text);
    }
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(LONGEST_DETAIL) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_shows_a_screenful() {
        let lines: Vec<String> = (0..30).map(|number| format!("line {number}")).collect();
        let first = Finding::new("bad").with(&lines);
        assert_eq!((first.details.len(), first.details[0].as_str()), (13, "line 0"));
        assert_eq!(first.details[12], "and 18 more");
        let last = Finding::new("bad").with_last(&lines);
        assert_eq!((last.details.len(), last.details[11].as_str()), (12, "line 29"));
        assert_eq!(Finding::new("bad").with(&["é".repeat(300)]).details[0].chars().count(), 241);
        assert_eq!(Finding::new("bad").saying(&lines[..1]).details, ["it said last:", "line 0"]);
        assert!(Finding::new("bad").saying(&[]).details.is_empty());
        assert_eq!(Finding::new("bad").with(&lines[..12]).details.len(), 12);
    }
}
