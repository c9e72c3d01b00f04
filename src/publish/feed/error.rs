//! Why a repository cannot be written.

use std::error::Error;

use crate::sign::ChainError;

/// Why a repository cannot be written. What it had before is still whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// A package that clients would refuse.
    #[error("`{file}` is not published: {reasons}")]
    Refused {
        /// Its file.
        file: String,
        /// Everything that is wrong.
        reasons: String,
    },
    /// A package that does not belong into an index.
    #[error("`{file}` is not published: {reason}")]
    Unfit {
        /// Its file.
        file: String,
        /// Why.
        reason: String,
        /// What to do.
        help: &'static str,
    },
    /// The old index.
    #[error("the index `{path}` cannot be read: {error}")]
    Index {
        /// Where it is.
        path: String,
        /// What is wrong with it.
        error: Box<dyn Error + Send + Sync>,
    },
    /// Somebody else writes.
    #[error("another factory{0} publishes there")]
    Busy(String),
    /// A chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A package that cannot be read or an index that cannot be made.
    #[error(transparent)]
    Format(Box<dyn Error + Send + Sync>),
    /// The system's words.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl FeedError {
    /// Whether a package is at fault, not the disk.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Unfit { .. })
    }

    /// What to type next.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Refused { .. } => Some("`factory verify FILE --trust CERT` says more; nothing was published"),
            Self::Unfit { help, .. } => Some(help),
            Self::Index { .. } => Some("`--rescan` reads every package again and makes it anew"),
            Self::Busy(_) => Some("try again when it has ended"),
            _ => None,
        }
    }
}
