//! [`PushError`]: why something did not go to a registry, or did not come back.

use crate::{engine::EngineError, names::InvalidName, source::oci::OciError};

/// A tag of the registry that stands for something else than what would be pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The name with its registry.
    pub name: String,
    /// What it stands for.
    pub digest: String,
}

/// Why something did not go to a registry, or did not come back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// The daemon.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] OciError),
    /// Tags that stand for something else.
    #[error("{}", taken(.0))]
    Taken(Vec<Taken>),
    /// Somebody else pushed to the same tag at the same time, and came later.
    #[error("{name} is {theirs} after it was pushed as {ours}: somebody else has pushed to it at the same time")]
    Overtaken {
        /// The name with its registry.
        name: String,
        /// What was pushed.
        ours: String,
        /// What is there.
        theirs: String,
    },
    /// There is no such artifact.
    #[error("the registry has no {name}")]
    Missing {
        /// The name with its registry.
        name: String,
    },
    /// An artifact that is not what this program pushes.
    #[error("{name} is not what `factory push` makes: {reason}")]
    Foreign {
        /// The name with its registry.
        name: String,
        /// Why.
        reason: String,
    },
    /// A file that is here already, and different.
    #[error("{path} is here already, and not the one in the registry")]
    Different {
        /// Relative to the project.
        path: String,
    },
    /// A name that no registry takes.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// A file.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

fn taken(taken: &[Taken]) -> String {
    match taken {
        [one] => format!("{} is in the registry already, for something else ({})", one.name, one.digest),
        several => format!("{} tags are in the registry already, for something else", several.len()),
    }
}
