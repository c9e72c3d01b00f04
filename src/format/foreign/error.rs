//! [`ForeignError`]: every reason not to take a package that somebody else built.

use std::io;

use crate::stage::{StageError, TreeError, TreePath};

/// Why a package was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForeignError {
    /// Neither magic.
    #[error("it is neither a Debian nor an rpm package")]
    NotAPackage,
    /// It ends early.
    #[error("it ends early: it was cut off")]
    Truncated,
    /// Reading or unpacking failed.
    #[error("it cannot be read: {0}")]
    Read(#[source] io::Error),
    /// It breaks its format.
    #[error("it is malformed: {0}")]
    Malformed(String),
    /// It uses a part of the format that is not read, or that its own package manager refuses.
    #[error("it has {0}")]
    Unsupported(String),
    /// A source package.
    #[error("it is a source package")]
    Source,
    /// A digest in it is not that of what it names.
    #[error("its {digest} is wrong: it was damaged, or changed after it was built")]
    Digest {
        /// Which one.
        digest: String,
    },
    /// Two parts of it say different things.
    #[error("`/{path}`: {what}")]
    Disagrees {
        /// The file.
        path: TreePath,
        /// What does not fit.
        what: String,
    },
    /// An inner tar archive.
    #[error("its {member}: {source}")]
    Tar {
        /// `control.tar.xz`, `data.tar.xz`.
        member: String,
        /// What is wrong with it.
        source: StageError,
    },
    /// A path that cannot be one, or two things under one path.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl From<io::Error> for ForeignError {
    fn from(error: io::Error) -> Self {
        short(error)
    }
}

/// A reading error, where an early end is the usual one.
pub(in crate::format) fn short(error: io::Error) -> ForeignError {
    if error.kind() == io::ErrorKind::UnexpectedEof { ForeignError::Truncated } else { ForeignError::Read(error) }
}

/// A malformed package.
pub(in crate::format) fn malformed(what: impl Into<String>) -> ForeignError {
    ForeignError::Malformed(what.into())
}

/// A text of the package for a message: escaped and cut.
pub(in crate::format) fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).escape_debug().take(100).collect()
}
