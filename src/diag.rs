//! How the program ends: the exit codes, and errors as people and machines see them. Prints nothing, and knows no
//! module above: each turns its own errors into a [`Failure`].

mod render;

use std::{error::Error, fmt};

use miette::Diagnostic;

pub use render::{render, to_json};

/// The exit codes of `factory`, all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// 0: everything that was asked is done.
    Done = 0,
    /// 1: a step failed.
    StepFailed = 1,
    /// 2: the command line, the recipe or a platform file is wrong; nothing was done.
    Usage = 2,
    /// 3: no daemon answers.
    NoEngine = 3,
    /// 4: a check or a signature failed.
    CheckFailed = 4,
    /// 130: stopped by Ctrl-C or SIGTERM.
    Interrupted = 130,
}

impl Exit {
    /// Every code, in order.
    pub const ALL: [Self; 6] =
        [Self::Done, Self::StepFailed, Self::Usage, Self::NoEngine, Self::CheckFailed, Self::Interrupted];

    /// The number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// What it means, for the help page.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "everything that was asked is done",
            Self::StepFailed => "a step failed",
            Self::Usage => "the command line, the recipe or a platform file is wrong; nothing was done",
            Self::NoEngine => "no daemon answers",
            Self::CheckFailed => "a check or a signature failed",
            Self::Interrupted => "stopped by Ctrl-C or SIGTERM",
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why the program cannot do what was asked.
///
/// Texts are lower-case sentence fragments; a line of help says what to do, the next command in backticks.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    cause: Option<Box<dyn Error + Send + Sync>>,
    also: Option<Box<Also>>,
    help: Vec<String>,
    parts: Vec<Part>,
    shown: Option<Box<dyn Diagnostic + Send + Sync>>,
}

/// What else went wrong or was not done; seldom there.
#[derive(Debug, Default)]
struct Also {
    lines: Vec<String>,
}

/// One of several things that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Part {
    /// Which: the step's name.
    pub name: String,
    /// What went wrong, in a sentence.
    pub message: String,
    /// What was said last.
    pub tail: Vec<String>,
    /// The file with everything that was said; empty where there is none.
    pub log: String,
    /// What to do about it.
    pub help: Vec<String>,
}

impl Failure {
    /// A failure that ends the program with `exit`.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        let (help, parts) = (Vec::new(), Vec::new());
        Self { exit, message: message.into(), cause: None, also: None, help, parts, shown: None }
    }

    /// The same with one more line of help.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }

    /// The same with something else that went wrong or was not done.
    #[must_use]
    pub fn also(mut self, line: impl Into<String>) -> Self {
        self.also.get_or_insert_default().lines.push(line.into());
        self
    }

    /// The same with the error behind it; the error's own sources are shown too.
    #[must_use]
    pub fn because(mut self, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(error.into());
        self
    }

    /// The same with a diagnostic that points into a text; its related ones are shown one by one.
    #[must_use]
    pub fn showing(mut self, diagnostic: impl Diagnostic + Send + Sync + 'static) -> Self {
        self.shown = Some(Box::new(diagnostic));
        self
    }

    /// The same with one of several things that failed.
    #[must_use]
    pub fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The message without causes and help.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it, line by line.
    #[must_use]
    pub fn helps(&self) -> &[String] {
        &self.help
    }

    /// The causes from the nearest to the deepest. One that only repeats the end of the text before it is left out.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        let mut causes: Vec<String> = Vec::new();
        let mut next: Option<&dyn Error> = self.cause.as_deref().map(|error| -> &dyn Error { error });
        while let Some(error) = next {
            let text = error.to_string();
            let before = causes.last().unwrap_or(&self.message);
            if !before.ends_with(&text) {
                causes.push(text);
            }
            next = error.source();
        }
        causes
    }

    /// The first thing that it shows of a text, in one line: `factory.toml:7: unknown platform `debain-12``.
    #[must_use]
    pub fn first_issue(&self) -> Option<String> {
        let first = *self.diagnostics().first()?;
        let place = render::places(first).next().and_then(|place| Some(format!("{}:{}: ", place.file?, place.line)));
        Some(place.unwrap_or_default() + &first.to_string())
    }

    fn also_lines(&self) -> &[String] {
        self.also.as_ref().map_or(&[], |also| &also.lines)
    }

    fn diagnostics(&self) -> Vec<&dyn Diagnostic> {
        let Some(shown) = &self.shown else {
            return Vec::new();
        };
        match shown.related() {
            Some(related) => related.collect(),
            None => vec![shown.as_ref()],
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|error| -> &(dyn Error + 'static) { error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("pushing layer 3: {0}")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn codes_are_documented() {
        let table: Vec<_> = Exit::ALL.iter().map(|exit| format!("{} {}", exit.code(), exit.meaning())).collect();
        insta::assert_snapshot!(table.join("\n"), @r"
        0 everything that was asked is done
        1 a step failed
        2 the command line, the recipe or a platform file is wrong; nothing was done
        3 no daemon answers
        4 a check or a signature failed
        130 stopped by Ctrl-C or SIGTERM
        ");
    }

    #[test]
    fn a_cause_that_repeats_is_left_out() {
        let error = Outer(std::io::Error::other("connection reset"));
        let failure = Failure::new(Exit::StepFailed, "cannot push").because(error);
        assert_eq!(failure.causes(), ["pushing layer 3: connection reset"]);
    }
}
