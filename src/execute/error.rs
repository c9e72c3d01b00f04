//! Why a step failed, and what to type next.

use std::{error::Error, path::PathBuf, time::Duration};

use crate::{
    engine::EngineError,
    format::FormatError,
    names::Period,
    source::{project::SourceError, wheelhouse::WheelhouseError},
    stage::{AccountsError, StageError, TreeError},
    util::{exec::ExecError, toml::Report},
};

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The run was interrupted.
    #[error("interrupted")]
    Interrupted,
    /// The daemon.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It said nothing for too long, although the daemon lives.
    #[error("it said nothing for {} and was stopped", Period::from_duration(*idle_timeout))]
    Stalled {
        /// How long it was waited for.
        idle_timeout: Duration,
    },
    /// It failed as often as it was tried.
    #[error("{error}")]
    Again {
        /// The last failure.
        error: Box<StepError>,
        /// How often it was tried.
        tries: u32,
        /// Why it was tried again the last time.
        cause: String,
    },
    /// A file system is full.
    #[error("{error}; {place}")]
    DiskFull {
        /// What failed because of it.
        error: Box<StepError>,
        /// Which, and how much it has.
        place: String,
        /// Whether it is the daemon's.
        engine: bool,
    },
    /// No base image could be had.
    #[error("the base image `{image}` is not in the daemon, and it could not be pulled: {reason}")]
    NoBase {
        /// The image.
        image: String,
        /// What the registry or the daemon said.
        reason: String,
        /// The way out.
        help: String,
    },
    /// A base image could not be fetched again.
    #[error("the base image `{image}` could not be fetched again: {reason}")]
    NotRenewed {
        /// The image.
        image: String,
        /// What the registry or the daemon said.
        reason: String,
    },
    /// A name that an image of somebody else has.
    #[error("`{name}` is an image of {whose} on this engine, and would lose that name")]
    Taken {
        /// The name.
        name: String,
        /// Whose it is, in words.
        whose: String,
    },
    /// What was built is not labelled as it was to be.
    #[error("the engine built {name} without the label `{label}` that it was given")]
    Unlabelled {
        /// The image's names.
        name: String,
        /// The label.
        label: String,
    },
    /// What has a base image's name and was made as something else.
    #[error("`{name}` is no base image: the project `{project}` has made it on this engine ({kind})", project = project.escape_debug())]
    NotABase {
        /// The base image's name.
        name: String,
        /// What it was made as: `image`, `builder`.
        kind: String,
        /// By which project.
        project: String,
    },
    /// A base image could not be made from packages.
    #[error("no base image could be made from packages: {error}")]
    Bootstrap {
        /// What went wrong.
        error: ExecError,
        /// The way out.
        help: String,
    },
    /// pip failed on a requirement that stands in a file of the user.
    #[error("{reason}")]
    Requirement {
        /// What pip said, in a sentence.
        reason: String,
        /// The requirements file.
        file: PathBuf,
        /// How the user calls it.
        name: String,
        /// The line in it, from 1.
        line: usize,
        /// The way out.
        help: String,
    },
    /// pip failed in another way.
    #[error("pip could not build the wheels (exit code {code}): {reason}")]
    Pip {
        /// Its exit code.
        code: i64,
        /// Its last complaint.
        reason: String,
    },
    /// What a lock is held to differs from it.
    #[error("{}", lines_of(differences))]
    Drift {
        /// One line for each thing.
        differences: Vec<String>,
    },
    /// The builder's interpreter is not what the platform's file says.
    #[error("{0}")]
    Interpreter(String),
    /// The wheels.
    #[error(transparent)]
    Wheelhouse(#[from] WheelhouseError),
    /// The files of a container.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// A tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The owners of a container's files.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// A package cannot be what the recipe asks for.
    #[error("{message}")]
    Contents {
        /// What is wrong.
        message: String,
        /// The way out.
        help: String,
    },
    /// Mistakes in files of the user, each at its place.
    #[error("{message}")]
    Reported {
        /// What they spoil.
        message: String,
        /// All of them.
        report: Box<Report>,
    },
    /// What a kind of work, or the format of what it makes, says of it.
    #[error("{error}")]
    Own {
        /// In its words.
        #[source]
        error: Box<dyn Error + Send + Sync>,
        /// The way out, where it knows one.
        help: Option<String>,
    },
    /// The project's files.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A format.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A file of ours.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A fault of this program.
    #[error("this is a fault of factory itself: {0}")]
    Internal(String),
}

/// What to type when a lock and the world differ.
pub const RELOCK: &str = "`factory build` takes what there is now and writes `factory.lock`; look at the difference and commit it, or \
                          take back what was changed";

/// Most differences that are told.
const TOLD: usize = 10;

/// What differs from a lock, in words.
#[must_use]
pub fn lines_of(differences: &[String]) -> String {
    let mut text =
        format!("this is not what `factory.lock` says: {}", differences[..differences.len().min(TOLD)].join("; "));
    if differences.len() > TOLD {
        text.push_str(&format!(" and {} more", differences.len() - TOLD));
    }
    text
}

impl StepError {
    /// What to type or change next.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoBase { help, .. }
            | Self::Bootstrap { help, .. }
            | Self::Requirement { help, .. }
            | Self::Contents { help, .. } => Some(help.clone()),
            Self::Engine(EngineError::Lost { .. }) => Some(
                "start the engine again (`systemctl restart docker`) and run the same command: finished steps are kept"
                    .to_owned(),
            ),
            Self::Engine(EngineError::Unreachable { .. }) => {
                Some("`factory doctor` says what is missing and how to mend it".to_owned())
            }
            Self::NotRenewed { .. } => Some(
                "mend the way to the registry, or leave `--refresh` out: then the image in the daemon is taken"
                    .to_owned(),
            ),
            Self::Unlabelled { .. } => {
                Some("a `# syntax=` line of a Dockerfile names another builder, which may leave labels out: take it away".to_owned())
            }
            Self::Taken { name, .. } => Some(format!(
                "`docker rmi {name}` takes the name away, after `docker tag {name} …` where the image is still wanted; or name another \
                 `repository`"
            )),
            Self::NotABase { name, .. } => Some(format!(
                "`docker rmi {name}`, and it is pulled; one that is meant comes from a registry (`docker push`, then `docker pull`) or \
                 has another name (`docker tag {name} …`)"
            )),
            Self::Drift { .. } => Some(RELOCK.to_owned()),
            Self::Own { help, .. } => help.clone(),
            Self::Stalled { .. } => {
                Some("if its work takes that long without a word, name a longer time: `--patience 2h`".to_owned())
            }
            Self::Again { error, tries, cause } => {
                let help = error.help().unwrap_or_else(|| "the same command goes on from here later".to_owned());
                Some(format!("it was tried {tries} times, because of: {cause}; {help}"))
            }
            Self::DiskFull { engine: true, .. } => Some(
                "`docker system df` says what takes it; `factory clean --older-than 30d` frees what this project made, `docker \
                 builder prune` the builder's cache; then run the same command: finished steps are kept"
                    .to_owned(),
            ),
            Self::DiskFull { engine: false, .. } => Some(
                "make room there (`factory clean --older-than 30d --dry-run` says what this project could free) and run the \
                 same command: finished steps are kept"
                    .to_owned(),
            ),
            Self::Pip { .. } => Some("the whole output of pip is in the step's log".to_owned()),
            _ => None,
        }
    }

    /// The error without what was said of tries and disks.
    #[must_use]
    pub fn innermost(&self) -> &Self {
        match self {
            Self::Again { error, .. } | Self::DiskFull { error, .. } => error.innermost(),
            error => error,
        }
    }
}
