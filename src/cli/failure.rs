//! Errors of the floors below, as the user sees them: an exit code, a sentence, and what to type next.

use std::fmt;

use miette::{Diagnostic, NamedSource, SourceSpan};

use crate::{
    build::{BuildError, StepError},
    diag::{Exit, Failure},
    engine::EngineError,
    pipeline::PipelineError,
    util::toml::Source,
};

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match &error {
            EngineError::Unreachable { denied, .. } => {
                let failure = Self::new(Exit::NoEngine, error.to_string());
                if *denied {
                    failure.help("`sudo usermod -aG docker $USER`, log in again, and run the same command")
                } else {
                    failure
                        .help("start it (`sudo systemctl start docker`), or install it (`sudo apt-get install docker.io`)")
                        .help("another one is named with `DOCKER_HOST` or `docker context use`")
                }
            }
            EngineError::Lost { .. } => Self::new(Exit::NoEngine, error.to_string()).help(
                "start it again (`sudo systemctl restart docker`) and run the same command: finished steps are kept",
            ),
            EngineError::RegistryUnreachable { .. } => Self::new(Exit::StepFailed, error.to_string())
                .help("`factory doctor` says whether it can be reached from here"),
            EngineError::RegistryBusy { .. } => Self::new(Exit::StepFailed, error.to_string())
                .help("the registry is busy or unwell: the same command does the rest later"),
            EngineError::Refused { .. } if error.is_lost_layer() => Self::new(Exit::StepFailed, error.to_string())
                .help("`sudo systemctl restart docker`, and the same command again: a known fault of the engine"),
            _ => Self::new(Exit::StepFailed, error.to_string()),
        }
    }
}

impl From<PipelineError> for Failure {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Recipe(error) => error.into(),
            PipelineError::Platforms(error) => error.into(),
            PipelineError::UnknownPlatform(unknown) => {
                let help = unknown.help();
                Self::new(Exit::Usage, unknown.to_string()).help(help)
            }
            PipelineError::ForeignPlatform { ref id, .. } => Self::new(Exit::Usage, error.to_string())
                .help(format!("add `\"{id}\"` to `[project] platforms` in factory.toml")),
            PipelineError::NoTag => Self::new(Exit::Usage, error.to_string())
                .help("name it: `--tag 2.5.11` or `FACTORY_TAG=2.5.11`; a git tag on this commit would do as well"),
            PipelineError::Epoch(_) => {
                Self::new(Exit::Usage, error.to_string()).help("`SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)`")
            }
            PipelineError::Sources { message, report, choice } => {
                Self::new(if choice { Exit::Usage } else { Exit::StepFailed }, message).showing(report)
            }
            PipelineError::Interrupted => Self::new(Exit::Interrupted, "interrupted"),
            error => Self::new(Exit::Usage, error.to_string()),
        }
    }
}

impl From<StepError> for Failure {
    fn from(error: StepError) -> Self {
        let failure = match error {
            StepError::Engine(error) => return error.into(),
            StepError::Interrupted => return Self::new(Exit::Interrupted, "interrupted"),
            StepError::Drift { differences } => return super::lock::drift(&differences),
            StepError::Reported { message, report } => return Self::new(Exit::StepFailed, message).showing(*report),
            error => error,
        };
        let help = failure.help();
        with_help(Self::new(Exit::StepFailed, failure.to_string()), help)
    }
}

fn with_help(failure: Failure, help: Option<String>) -> Failure {
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

impl From<Box<BuildError>> for Failure {
    fn from(failed: Box<BuildError>) -> Self {
        let BuildError { step, error, others, skipped, tail: _ } = *failed;
        if matches!(error, StepError::Interrupted) {
            return Self::new(Exit::Interrupted, "interrupted; finished steps are kept")
                .help("run the same command to go on");
        }
        let exit = match &error {
            StepError::Engine(EngineError::Lost { .. } | EngineError::Unreachable { .. }) => Exit::NoEngine,
            StepError::Drift { .. } => Exit::CheckFailed,
            _ => Exit::StepFailed,
        };
        let mut failure = Self::new(exit, format!("{step} failed: {error}"));
        failure = with_help(failure, error.help());
        if let StepError::Requirement { reason, file, name, line, .. } = &error
            && let Some(pointed) = Pointed::at(file, name, *line, reason)
        {
            failure = failure.showing(pointed);
        }
        if let StepError::Reported { report, .. } = &error {
            failure = failure.showing(report.as_ref().clone());
        }
        for (step, error) in others {
            failure = failure.help(format!("{step} failed, too: {error}"));
        }
        if !skipped.is_empty() {
            let names: Vec<String> = skipped.iter().map(ToString::to_string).collect();
            failure = failure.help(format!("not run because of it: {}", names.join(", ")));
        }
        failure.help(format!("the whole output: `factory log {step}`"))
    }
}

/// A line of a file of the user.
#[derive(Debug)]
struct Pointed {
    reason: String,
    source: NamedSource<String>,
    span: SourceSpan,
}

impl Pointed {
    fn at(file: &std::path::Path, name: &str, line: usize, reason: &str) -> Option<Self> {
        let text = fs_err::read_to_string(file).ok()?;
        let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
        let length = text.get(start..)?.lines().next()?.trim_end().len();
        // Requirements may hold `https://user:password@…`: the same text with stars, byte for byte as long.
        let source = NamedSource::new(name, Source::new(name, &text).text().to_owned());
        Some(Self { reason: reason.to_owned(), source, span: (start, length).into() })
    }
}

impl fmt::Display for Pointed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Pointed {}

impl Diagnostic for Pointed {
    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(miette::LabeledSpan::new_with_span(Some("here".to_owned()), self.span))))
    }
}
