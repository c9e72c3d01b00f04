//! [`Store`]: what was fetched or built once, kept under what it is made of, so that it is not fetched or built again.
//!
//! A store only saves time. What it gives was found to be what was kept, and what it does not give is made again: nothing
//! depends on what is in it, so anything of it may be lost at any moment.
//!
//! An entry is believed for one of three reasons, wherever the store is: its key is the digest of its bytes; or nobody whom the
//! caller does not believe can have written it; or it is signed with a key that the recipe or the caller lists. What is believed for
//! none of them is not there.

mod belief;
mod folder;
mod key;
mod layered;
pub(in crate::source) mod marker;
mod shape;
mod signature;

use std::{fmt, io, path::Path};

use async_trait::async_trait;

pub use belief::{Believed, Incoming, Judged, Offer, Whole};
pub(in crate::source) use folder::make_folders;
pub use folder::{Folder, Guard};
pub use key::{BuildFingerprint, key_of_file};
pub use layered::Layered;
pub use marker::{Claim, NAME as MARKER};
pub use shape::{claim, remove, size};
pub use signature::{KeyError, PublicKey, Signature, Signer};

use crate::{
    names::Sha256,
    util::{blocking::EndedEarly, shop::Shop},
};

/// What kind of thing an entry is, and how its key came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A file as an index gave it; the key is the digest of its bytes.
    File,
    /// A wheel that was built; the key is the digest of everything that it was made of.
    Built,
    /// What a step gave; the key is the digest of the step and of its key.
    Product,
    /// A file that a step made, such as a package; the key is the digest of its bytes.
    Made,
    /// What was read of an image, so that it is not read again; the key is the digest of what says what is in there.
    Index,
    /// A part of a package, compressed; the key is the digest of what it was before, and of how it was compressed.
    Block,
}

impl Kind {
    /// Every kind.
    const ALL: [Self; 6] = [Self::File, Self::Built, Self::Product, Self::Made, Self::Index, Self::Block];

    /// Whether the key is the digest of the bytes.
    fn is_by_content(self) -> bool {
        matches!(self, Self::File | Self::Made)
    }

    /// Whether an entry that says something else than the one that is there takes its place: it was made later of the same.
    fn is_made_anew(self) -> bool {
        matches!(self, Self::Product | Self::Index | Self::Block)
    }

    /// The largest file of an entry, in bytes: what is larger was not written by this program, and nothing of it is read.
    #[must_use]
    pub const fn largest(self) -> u64 {
        match self {
            Self::Product => 1 << 20,
            Self::Index => 256 << 20,
            Self::Block => 64 << 20,
            Self::File | Self::Built | Self::Made => 1 << 38,
        }
    }

    /// The word for it in places.
    fn word(self) -> &'static str {
        match self {
            Self::File => "files",
            Self::Built => "built",
            Self::Product => "products",
            Self::Made => "made",
            Self::Index => "indexes",
            Self::Block => "blocks",
        }
    }
}

/// What an entry is kept under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Its kind.
    pub kind: Kind,
    /// See [`Kind`].
    pub digest: Sha256,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.word(), self.digest)
    }
}

/// What an entry says of its file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Its name: letters, digits and `.`, `_`, `+`, `!`, `-`, a letter, digit or `_` first, at most 250.
    pub name: String,
    /// Of its bytes.
    pub sha256: Sha256,
    /// In bytes.
    pub size: u64,
}

/// What a store has for a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Fetched {
    /// Nothing.
    Absent,
    /// Something that is not what was kept: why. It was dropped.
    Damaged(String),
    /// Something that is not believed, because others could have written it: why, and what to type. Told once; after that such an
    /// entry is [`Fetched::Absent`].
    Doubted(String),
    /// The file, written, believed, and found to be what its label says.
    Whole(Whole),
}

/// Why a store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A name that cannot be the name of a file in every place.
    #[error("`{0}` cannot be kept in the store: it is no plain file name")]
    Name(String),
    /// The file is not what its label says.
    #[error("`{0}` changed while it was put into the store")]
    Changed(String),
    /// A store that is not on this machine did not answer, or not as it should: what happened. Nothing is wrong here.
    #[error("the store cannot be reached: {0}")]
    Unreachable(String),
    /// Reading or writing failed.
    #[error("the store: {0}")]
    Io(#[from] io::Error),
    /// The thread that did it is gone.
    #[error("the store: {0}")]
    Ended(#[from] EndedEarly),
}

/// Keeps files under keys. Any number of processes may use one at the same time.
///
/// Whoever does not wait for an answer any more drops its future: nothing half remains of it, here or there. What is given is believed
/// for one of the reasons that [`Offer::judge`] knows, or because it lies in a folder of this machine that others cannot write.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Writes the file of a key into the folder `into`, under the name of its label, which must be free there.
    ///
    /// # Errors
    /// When `into` cannot be written or the store cannot be read. A damaged entry is no error.
    async fn fetch(&self, key: &Key, into: &Shop) -> Result<Fetched, StoreError>;

    /// Whether there is something under a key that is believed. Its bytes are not looked at: they are when it is fetched.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn holds(&self, key: &Key) -> Result<bool, StoreError>;

    /// Keeps the file at `from` under a key; what is there already stays, but for a product, which the last one replaces. What does
    /// not fit into the store is left out.
    ///
    /// # Errors
    /// When the file is not what the label says, or the store cannot be written: it is then as before.
    async fn put(&self, key: &Key, label: &Label, from: &Path) -> Result<(), StoreError>;
}

/// Whether a name may be the name of a file in a folder of ours.
fn is_plain(name: &str) -> bool {
    let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(first)
        && name.len() <= 250
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"._+!-".contains(&c))
}

#[cfg(test)]
mod tests;
