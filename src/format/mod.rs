//! Package formats: a [`Tree`](crate::stage::Tree) and its [`Meta`] become bytes. No daemon, no network, no clock: the
//! same tree and meta give the same bytes on every machine. One folder per format.

pub mod apk;
pub mod archive;
pub mod cab;
mod codec;
pub mod deb;
mod dos;
pub mod facts;
pub mod foreign;
mod meta;
mod own;
pub mod reader;
pub mod rpm;
#[cfg(test)]
mod sample;
mod tar;
mod text;
mod units;
mod users;
pub mod wapt;
pub mod wheel;
pub mod zip;

pub use codec::BlockCache;
pub use facts::{Codec, Facts, Native, PackageFormat, Sources};
pub use meta::{ChangelogEntry, Meta, Unit};
pub use reader::Reader;

/// Parts of [`Meta`] that recipes know, too.
pub use crate::names::{Override, Scripts, User};

use std::io;

/// A file that can be written from its start and patched later.
pub trait Target: io::Write + io::Seek {}
impl<T: io::Write + io::Seek> Target for T {}

/// What a format refuses or cannot do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The format has no way to say this.
    #[error("{format} cannot hold {what}")]
    Unsupported {
        /// The format's name.
        format: &'static str,
        /// What it cannot hold, with the path or field.
        what: String,
    },
    /// A field of the package's description that the format cannot take.
    #[error("{field} `{value}` cannot be written: {reason}")]
    Field {
        /// Which field of [`Meta`], in the recipe's words.
        field: &'static str,
        /// Its value, escaped and cut to a line.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file that the format writes itself is in the tree already, with other content.
    #[error("`/{path}` (from {origin}) is a file that factory writes itself: leave it out of the package's contents")]
    Taken {
        /// The path.
        path: crate::stage::TreePath,
        /// Where the one in the tree came from.
        origin: String,
    },
    /// The entries do not make a tree, or its spool failed.
    #[error(transparent)]
    Tree(#[from] crate::stage::TreeError),
    /// Reading the tree or writing the package failed.
    #[error("writing the package: {0}")]
    Io(#[from] io::Error),
}

impl FormatError {
    /// A field that is refused.
    pub(crate) fn field(field: &'static str, value: &str, reason: &'static str) -> Self {
        Self::Field { field, value: value.escape_debug().take(200).collect(), reason }
    }
}

/// One package format.
pub trait Format {
    /// The conventional file name: `name_version-revision_arch.deb`.
    fn file_name(&self, meta: &Meta) -> String;

    /// Writes the package. Adds what the format's policy wants in the tree itself (changelog, copyright, overrides). `cache` saves
    /// time and never changes the bytes.
    ///
    /// # Errors
    /// [`FormatError`]; what was written so far is useless then.
    fn write(
        &self,
        tree: &crate::stage::Tree,
        meta: &Meta,
        cache: Option<&dyn BlockCache>,
        out: &mut dyn Target,
    ) -> Result<(), FormatError>;
}

/// Which relations the tools of a platform know beside plain ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Knows {
    /// Weak ones: recommendations and suggestions.
    pub weak: bool,
    /// Rich ones: choices.
    pub rich: bool,
}

/// Makes the writer of a format for a platform whose tools read this codec and know these relations.
pub type Writer = fn(Codec, Knows) -> Box<dyn Format>;

macro_rules! ways {
    ($($(#[doc = $doc:literal])* $name:ident = $folder:ident,)+) => {
        /// How packages of a format are written; `None` where they are not made of a tree and a meta.
        #[must_use]
        pub const fn writer(format: PackageFormat) -> Option<Writer> {
            match format {
                $(PackageFormat::$name => $folder::WRITER,)+
            }
        }

        /// How packages of a format are read; `None` where they are not.
        #[must_use]
        pub fn reader(format: PackageFormat) -> Option<&'static dyn Reader> {
            match format {
                $(PackageFormat::$name => $folder::READER,)+
            }
        }
    };
}
facts::package_formats!(ways);
