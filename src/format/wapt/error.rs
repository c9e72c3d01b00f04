//! What is wrong with a WAPT package, and what to do next.

use crate::{sign::SignError, stage::TreeError};

/// Why a WAPT package cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaptError {
    /// The control file.
    #[error("WAPT/control: {0}")]
    Control(String),
    /// The manifest.
    #[error("WAPT/manifest.sha256: {0}")]
    Manifest(String),
    /// The archive.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// A file that cannot be in a WAPT package.
    #[error("`{name}` cannot be in a WAPT package: {reason}")]
    Name {
        /// Its path.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// An attribute whose value agents would not read.
    #[error("{attribute}: {message}")]
    Attribute {
        /// Which.
        attribute: String,
        /// What is wrong.
        message: String,
        /// What to write instead.
        help: &'static str,
    },
    /// The signer's certificate does not do.
    #[error("the certificate of `{subject}` cannot sign this package: {reason}")]
    Certificate {
        /// Whose.
        subject: String,
        /// Why.
        reason: &'static str,
        /// What to do.
        help: &'static str,
    },
    /// The icon.
    #[error("WAPT/icon.png: {0}")]
    Icon(String),
    /// A key or certificate.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// Reading or writing failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl WaptError {
    /// What to type or change next.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Attribute { help, .. } | Self::Certificate { help, .. } => Some(help),
            Self::Sign(error) => error.help(),
            Self::Icon(_) => Some("a PNG file, 48x48 pixels as the console shows it, 1 MiB and 1,024 pixels at most"),
            Self::Name { .. } => Some("rename the file, or leave it out of the package's contents"),
            _ => None,
        }
    }
}

/// What a zip archive is refused for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZipError {
    /// No archive, or one that breaks off.
    #[error("this is not a whole zip archive: {0}")]
    Broken(&'static str),
    /// Something that no WAPT package has.
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
