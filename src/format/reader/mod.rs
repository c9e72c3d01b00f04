//! How packages are read: each format has a [`Reader`], which describes a package's file and says everything that is wrong with it.
//! Whoever asks for one never needs to know which format it is.
//!
//! Writes nothing, and believes nothing that it reads.

mod description;
mod difference;
mod streamed;
mod verdict;

use std::{
    fs::File,
    io::{self, Seek as _},
    path::Path,
};

pub(super) use description::MOST_RELATIONS;
pub use description::{Change, Description, Digest, Field, Part, PartKind, Piece, Relation, Script};
pub use difference::{Difference, difference};
pub(super) use streamed::Streamed;
pub use verdict::{Believed, Fault, Refused, Verdict};

use tokio_util::sync::CancellationToken;

use super::foreign::{Bounds, ForeignError, Seen};
use crate::{
    depends::Shipped,
    stage::Limits,
    util::files::{Guarded, digest_of, open_regular},
};

/// How the files of one format are read.
pub trait Reader: Sync {
    /// What a package says of itself and what is in it. Checks no signature.
    ///
    /// # Errors
    /// What keeps it from being read to its end.
    fn describe(&self, input: Input) -> Result<Description, Refused>;

    /// The programs, libraries and scripts of a package for the machine that it is for, and the names of all its files; `None` in a format
    /// whose packages say nothing of what they need.
    fn shipped(&self, _input: Input) -> Option<Result<Shipped, Refused>> {
        None
    }

    /// Everything that is wrong with a package.
    fn verify(&self, input: Input, believed: &Believed) -> Verdict;

    /// Whether its packages are signed by somebody whom the reader's user trusts or does not: [`Believed::trust`] is asked then.
    fn asks_trust(&self) -> bool {
        false
    }

    /// The same for the index of a repository of such packages, where the format has one that names its signers
    /// ([`Sources::index`](super::Sources::index)).
    fn verify_index(&self, _path: &Path, _believed: &Believed) -> Option<Verdict> {
        None
    }

    /// How it is read once from its start to its end, and what it begins with (nothing where other files begin so, too); `None` where
    /// that cannot be done.
    fn stream(&self) -> Option<(&'static [u8], Examine)> {
        None
    }
}

/// Reads a package once, notes what it sees, and goes on behind what is wrong where it can.
pub type Examine = fn(&mut dyn io::Read, &Limits, Bounds, &mut Seen) -> Result<(), ForeignError>;

/// A package's file that is open.
#[derive(Debug)]
pub struct Input {
    /// The name of the file, without its folder.
    pub name: String,
    /// Its bytes.
    pub size: u64,
    file: Guarded<File>,
}

impl Input {
    /// Opens a file that somebody named. Reading ends with an error soon after `cancel`, whatever the file unpacks to.
    ///
    /// # Errors
    /// When it cannot be opened, or is no file.
    pub fn open(path: &Path, cancel: &CancellationToken) -> io::Result<Self> {
        let file = open_regular(path)?;
        let size = file.metadata()?.len();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { name, size, file: Guarded::new(file.into_parts().0, cancel.clone()) })
    }

    /// The file, from its start.
    #[must_use]
    pub fn into_file(self) -> Guarded<File> {
        self.file
    }

    /// The SHA-256 of all of it, lower-case hex. It is read once for that.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn sha256(&mut self) -> io::Result<String> {
        let (sha256, _) = digest_of(&mut self.file)?;
        self.file.rewind()?;
        Ok(sha256.as_str().to_owned())
    }
}

#[cfg(test)]
mod tests;
