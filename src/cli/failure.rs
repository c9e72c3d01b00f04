//! Errors of the floors below, as the user sees them: an exit code, a sentence, and what to type next.

use std::{
    fmt,
    io::{self, Read as _},
    path::Path,
};

use miette::{Diagnostic, NamedSource, SourceSpan};

use super::unreachable::ways_out;
use crate::{
    diag::{Exit, Failure, Part},
    engine::EngineError,
    event::StepId,
    execute::{BuildError, Failed, RELOCK, StepError, lines_of},
    pipeline::{Misplaced, PipelineError},
    plan::{PlanError, TemplateError},
    source::git::WorktreeError,
    util::{
        behind::behind,
        disk,
        files::Stopped,
        folder::open_file,
        state::{self, Unread},
        toml::{Report, Source},
    },
};

/// The largest file of the user of which a line is shown, in bytes.
const LARGEST_SHOWN: u64 = 4 << 20;

/// A file of ours in `folder` that could not be written; a full disk is named with what it has free.
pub fn failed_to_write(what: &str, error: io::Error, folder: &Path) -> Failure {
    let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    let failure = Failure::new(Exit::StepFailed, what).because(error);
    match disk::room(folder).filter(|_| full) {
        Some(room) => failure.help(format!("{room}: make room there and run the same command")),
        None => failure,
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match &error {
            EngineError::Refused { reason, .. } | EngineError::Build { reason } if disk::is_full(reason) => Self::new(
                Exit::StepFailed,
                error.to_string(),
            )
            .help(
                "the engine's disk is full: `docker system df` says what takes it, `factory clean --older-than 30d` \
                           frees what this project made",
            ),
            EngineError::Unreachable { address, reason, denied } => {
                let failure = Self::new(Exit::NoEngine, error.to_string());
                ways_out(address, reason, *denied).into_iter().fold(failure, Self::help)
            }
            EngineError::Lost { .. } => Self::new(Exit::NoEngine, error.to_string()).help(
                "start it again (`sudo systemctl restart docker`) and run the same command: finished steps are kept",
            ),
            EngineError::RegistryUnreachable { .. } => Self::new(Exit::StepFailed, error.to_string())
                .help("`factory doctor` says whether it can be reached from here"),
            EngineError::RegistrySilent { .. } => Self::new(Exit::StepFailed, error.to_string())
                .help("`factory doctor` says whether it can be reached from here; the same command does the rest later")
                .help("an engine that goes on waiting for it is restarted: `sudo systemctl restart docker`"),
            EngineError::RegistryBusy { .. } => Self::new(Exit::StepFailed, error.to_string())
                .help("the registry is busy or unwell: the same command does the rest later"),
            EngineError::Refused { .. } if error.is_lost_layer() => Self::new(Exit::StepFailed, error.to_string())
                .help("`sudo systemctl restart docker`, and the same command again: a known fault of the engine"),
            _ => Self::new(Exit::StepFailed, error.to_string()),
        }
    }
}

impl From<Unread> for Failure {
    fn from(unread: Unread) -> Self {
        let help = unread.help();
        Self::new(Exit::StepFailed, unread.to_string()).help(help)
    }
}

impl From<Misplaced> for Failure {
    fn from(error: Misplaced) -> Self {
        Self::new(Exit::Usage, error.to_string()).help(error.help().to_owned())
    }
}

impl From<PipelineError> for Failure {
    fn from(error: PipelineError) -> Self {
        // Whatever could not be read, and however many: the user wanted no more of it.
        if behind::<Stopped>(&error).is_some() {
            return Self::new(Exit::Interrupted, "interrupted");
        }
        match error {
            PipelineError::Recipe(error) => error.into(),
            PipelineError::Platforms(error) => error.into(),
            PipelineError::Misplaced(error) => error.into(),
            PipelineError::UnknownPlatform(unknown) => {
                let help = unknown.help();
                Self::new(Exit::Usage, unknown.to_string()).help(help)
            }
            PipelineError::ForeignPlatform { ref id, .. } => Self::new(Exit::Usage, error.to_string())
                .help(format!("add `\"{id}\"` to `[project] platforms` in factory.toml")),
            PipelineError::Version(unclear) => Self::new(Exit::Usage, unclear.to_string()).help(unclear.help),
            PipelineError::NoTag => Self::new(Exit::Usage, error.to_string())
                .help("name it: `--tag 2.5.11` or `FACTORY_TAG=2.5.11`; a git tag on this commit would do as well"),
            PipelineError::Epoch(_) => {
                Self::new(Exit::Usage, error.to_string()).help("`SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)`")
            }
            PipelineError::Worktree(error) => error.into(),
            PipelineError::Sources { message, report, choice } => {
                Self::new(if choice { Exit::Usage } else { Exit::StepFailed }, message).showing(report)
            }
            PipelineError::Checkouts { message, help, choice } => {
                Self::new(if choice { Exit::Usage } else { Exit::StepFailed }, message).help(help)
            }
            PipelineError::Plan(PlanError::Unfit { help, .. }) => Self::new(Exit::Usage, error.to_string()).help(help),
            PipelineError::Plan(PlanError::Template(TemplateError::Syntax { .. } | TemplateError::Render { .. })) => {
                Self::new(Exit::Usage, error.to_string()).help(
                    "braces that another program is to see, as in `docker inspect --format`, are written with a backslash: \
                     `\\{{.Id}}`; docs/recipe.md has the values of a template",
                )
            }
            PipelineError::Plan(PlanError::Template(TemplateError::Slow { .. })) => {
                Self::new(Exit::Usage, error.to_string())
                    .help("loops in loops grow fast, and each template is rendered again for every key that it may not print")
            }
            PipelineError::Plan(PlanError::Unmade { .. }) => Self::new(Exit::Usage, error.to_string())
                .help(match &error {
                    PipelineError::Plan(PlanError::Unmade { unmade, .. }) if unmade.is_asked => {
                        "give that package other `formats` there, in its overrides for the platform"
                    }
                    _ => "take it on a platform that takes deb or rpm packages",
                }),
            PipelineError::Unmade { .. } => Self::new(Exit::Usage, error.to_string()).help(
                "choose a platform that takes deb or rpm packages with `--platform`; `factory build images` builds images \
                 and wheels on every one",
            ),
            PipelineError::Interrupted => Self::new(Exit::Interrupted, "interrupted"),
            error => Self::new(Exit::Usage, error.to_string()),
        }
    }
}

impl From<WorktreeError> for Failure {
    fn from(error: WorktreeError) -> Self {
        let help = error.help();
        Self::new(Exit::StepFailed, error.to_string()).help(help)
    }
}

impl From<StepError> for Failure {
    fn from(error: StepError) -> Self {
        let failure = match error {
            StepError::Engine(error) => return error.into(),
            StepError::Interrupted => return Self::new(Exit::Interrupted, "interrupted"),
            StepError::Drift { differences } => {
                return Self::new(Exit::CheckFailed, lines_of(&differences)).help(RELOCK);
            }
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
    fn from(error: Box<BuildError>) -> Self {
        let BuildError { failed, skipped, left, .. } = *error;
        let Some(first) = failed.first() else { return Self::new(Exit::StepFailed, "the build failed") };
        if matches!(first.error, StepError::Interrupted) {
            return Self::new(Exit::Interrupted, "interrupted; finished steps are kept")
                .help("run the same command to go on");
        }
        let exit = match first.error.innermost() {
            StepError::Engine(EngineError::Lost { .. } | EngineError::Unreachable { .. }) => Exit::NoEngine,
            StepError::Drift { .. } => Exit::CheckFailed,
            _ => Exit::StepFailed,
        };
        let failure = match failed.as_slice() {
            [one] => alone(one, exit),
            several => together(several, exit),
        };
        let failure = not_run(failure, &skipped, &left, failed.len());
        match failed.as_slice() {
            [one] => failure.help(format!("the whole output: `factory log {}`", one.step)),
            _ => failure,
        }
    }
}

/// How many of the last lines of each of several failed steps programs are told.
const TAIL: usize = 5;

/// The only step that failed: its last lines have just been shown.
fn alone(failed: &Failed, exit: Exit) -> Failure {
    let Failed { step, error, .. } = failed;
    let mut failure = pointing(Failure::new(exit, format!("{step} failed: {error}")), std::slice::from_ref(failed));
    for help in helps(failed) {
        failure = failure.help(help);
    }
    failure.part(part(failed))
}

/// Several steps that failed, each in short: what was shown of the first ones is far up.
fn together(failed: &[Failed], exit: Exit) -> Failure {
    let failure = pointing(Failure::new(exit, format!("{} steps failed", failed.len())), failed);
    failed.iter().fold(failure, |failure, failed| failure.part(part(failed)))
}

/// Shows the lines of the user's files that steps failed because of.
fn pointing(failure: Failure, failed: &[Failed]) -> Failure {
    let pointed = failed.iter().filter_map(|failed| match failed.error.innermost() {
        StepError::Requirement { reason, file, name, line, .. } => Pointed::at(file, name, *line, reason),
        _ => None,
    });
    let pointed: Vec<Pointed> = pointed.collect();
    let reports = failed.iter().filter_map(|failed| match failed.error.innermost() {
        StepError::Reported { report, .. } => Some(report.as_ref().clone()),
        _ => None,
    });
    let reported = Report::merge(reports.collect());
    match reported {
        _ if !pointed.is_empty() => failure.showing(Places(pointed)),
        Some(report) => failure.showing(report),
        None => failure,
    }
}

fn part(failed: &Failed) -> Part {
    let lines = failed.tail.iter().filter(|line| !line.trim().is_empty());
    let tail: Vec<String> = lines.cloned().collect();
    Part {
        name: failed.step.to_string(),
        message: failed.error.to_string(),
        tail: tail[tail.len().saturating_sub(TAIL)..].to_vec(),
        log: state::place(&format!("logs/{}.log", failed.step)).display().to_string(),
        help: helps(failed),
    }
}

fn helps(failed: &Failed) -> Vec<String> {
    failed.error.help().into_iter().chain(failed.way_in.clone()).collect()
}

/// What did not run: because it needs what failed, or because nothing was begun any more.
fn not_run(mut failure: Failure, skipped: &[StepId], left: &[StepId], failed: usize) -> Failure {
    let names = |steps: &[StepId]| steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if !skipped.is_empty() {
        let them = if failed == 1 { "it" } else { "them" };
        failure = failure.help(format!("not run because of {them}: {}", names(skipped)));
    }
    if !left.is_empty() {
        let left = names(left);
        failure = failure.help(format!("not begun any more: {left} (`--keep-going` goes on with those)"));
    }
    failure
}

/// Lines of files of the user.
#[derive(Debug, thiserror::Error)]
#[error("lines of the project's files")]
struct Places(Vec<Pointed>);

impl Diagnostic for Places {
    fn related(&self) -> Option<Box<dyn Iterator<Item = &dyn Diagnostic> + '_>> {
        Some(Box::new(self.0.iter().map(|pointed| -> &dyn Diagnostic { pointed })))
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
    fn at(file: &Path, name: &str, line: usize, reason: &str) -> Option<Self> {
        let mut text = String::new();
        open_file(file).ok()?.take(LARGEST_SHOWN).read_to_string(&mut text).ok()?;
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
