//! [`WheelError`]: why a wheel is not unpacked.

use std::io;

use crate::{
    format::zip::{WriteError, ZipError},
    stage::TreeError,
};

/// Why a wheel is not unpacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WheelError {
    /// Its archive.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// It breaks the rules of wheels.
    #[error("the wheel is malformed: {0}")]
    Malformed(String),
    /// It has something that is not unpacked.
    #[error("the wheel has {0}")]
    Unsupported(String),
    /// A file that is not what the list of files says.
    #[error("`{path}` in the wheel is not what its RECORD says: it was damaged, or changed")]
    Changed {
        /// The file, escaped.
        path: String,
    },
    /// A program without the launcher that it needs.
    #[error("the wheel brings the program `{program}`, and there is no launcher for programs with {surface}")]
    NoLauncher {
        /// Its name.
        program: String,
        /// `a console`, `windows`.
        surface: &'static str,
    },
    /// A file that is there already, or cannot be there.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// Unpacking failed.
    #[error("unpacking the wheel: {0}")]
    Io(#[from] io::Error),
}

impl From<WriteError> for WheelError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Zip(error) => Self::Zip(error),
            WriteError::Io(error) => Self::Io(error),
        }
    }
}
