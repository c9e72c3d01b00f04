//! What is wrong with an archive.

/// What a zip archive is refused for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZipError {
    /// No archive, or one that breaks off.
    #[error("this is not a whole zip archive: {0}")]
    Broken(&'static str),
    /// Something that no archive has that is read here.
    #[error("`{name}` in the archive is refused: {reason}")]
    Entry {
        /// The entry, escaped.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// More than a reader takes.
    #[error("the archive is too large: {0}")]
    Large(&'static str),
    /// Contents that are not what the archive says of them.
    #[error("`{name}` in the archive is damaged: {reason}")]
    Damaged {
        /// The entry, escaped.
        name: String,
        /// How.
        reason: &'static str,
    },
    /// The system's words.
    #[error("the archive cannot be read: {0}")]
    Read(String),
}

impl From<std::io::Error> for ZipError {
    fn from(error: std::io::Error) -> Self {
        Self::Read(error.to_string())
    }
}

/// Why an archive cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// What no archive can hold.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// Reading what goes into it or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
