//! Why something below a folder is not opened, in words that name it.

use std::{
    fs::FileType,
    io,
    os::unix::fs::FileTypeExt as _,
    path::{Path, PathBuf},
};

/// Why something is not opened. It travels in an [`io::Error`]; [`Refusal::from_error`] finds it there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A link where none may be.
    #[error("`{}` is a symbolic link to `{}`, and none is followed here", shown(path), shown(target))]
    Link {
        /// The link.
        path: PathBuf,
        /// What it says.
        target: PathBuf,
    },
    /// A link that leads out of the folder.
    #[error("`{}`{} leads out of `{}`", shown(path), said(target.as_deref()), shown(folder))]
    LeadsOut {
        /// The link, or the path that goes through it.
        path: PathBuf,
        /// What it says, where it is one link.
        target: Option<PathBuf>,
        /// The folder.
        folder: PathBuf,
    },
    /// Something of another kind.
    #[error("`{}` is {is}, not {wanted}", shown(path))]
    Kind {
        /// The path.
        path: PathBuf,
        /// What it is.
        is: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// A file that is larger than anything that is read there.
    #[error("`{}` is larger than {}", shown(path), crate::util::size::size(*most))]
    TooLarge {
        /// The path.
        path: PathBuf,
        /// In bytes.
        most: u64,
    },
}

impl Refusal {
    /// The refusal in an error, where it is one.
    #[must_use]
    pub fn from_error(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// What is at a path is of another kind.
    #[must_use]
    pub fn kind(path: &Path, is: FileType, wanted: &'static str) -> Self {
        Self::Kind { path: path.to_owned(), is: kind_of(is), wanted }
    }

    pub(super) fn leads_out(path: &Path, target: Option<&Path>, folder: &Path) -> Self {
        Self::LeadsOut { path: path.to_owned(), target: target.map(Path::to_owned), folder: folder.to_owned() }
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(io::ErrorKind::InvalidInput, refusal)
    }
}

/// What something is, for people.
pub(super) fn kind_of(kind: FileType) -> &'static str {
    if kind.is_symlink() {
        "a symbolic link"
    } else if kind.is_dir() {
        "a folder"
    } else if kind.is_file() {
        "a file"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// The system's word on a path.
pub(super) fn named(path: &Path, error: impl Into<io::Error>) -> io::Error {
    let error = error.into();
    io::Error::new(error.kind(), format!("`{}`: {error}", shown(path)))
}

/// A path that may hold anything, on one line.
pub(super) fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    if text.chars().any(char::is_control) { text.escape_debug().to_string() } else { text.into_owned() }
}

fn said(target: Option<&Path>) -> String {
    target.map_or_else(String::new, |target| format!(" is a symbolic link to `{}`, which", shown(target)))
}
