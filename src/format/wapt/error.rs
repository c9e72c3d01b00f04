//! What is wrong with a WAPT package, and what to do next.

use crate::{
    format::zip::{WriteError, ZipError},
    sign::SignError,
    stage::TreeError,
};

/// What to do about a certificate whose key signatures are not checked with.
pub const OF_KEY: &str = "have it signed with an RSA key of 2,048 bits or more: `factory build FILE --key KEY --certificate CERT`; `factory \
                          keys wapt` makes one";

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
            Self::Sign(SignError::Key { .. }) => Some(OF_KEY),
            Self::Sign(error) => error.help(),
            Self::Icon(_) => Some("a PNG file, 48x48 pixels as the console shows it, 1 MiB and 1,024 pixels at most"),
            Self::Name { .. } => Some("rename the file, or leave it out of the package's contents"),
            _ => None,
        }
    }
}

impl From<WriteError> for WaptError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Zip(error) => Self::Zip(error),
            WriteError::Io(error) => Self::Io(error),
        }
    }
}
