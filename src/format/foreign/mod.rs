//! Packages that somebody else built: what the formats' readers (`deb/foreign`, `rpm/foreign`, `archive/read`) have in common. Such a
//! file is held against its own digests, and described as ours are. Writes nothing, unpacks nothing to a disk, and believes nothing: such a file comes out of a container.
//!
//! Why not the `rpm` crate to read: it takes sizes and offsets of a header as they are (a made-up one ends the program),
//! and holds whole payloads in memory. It writes the packages that the tests read.

pub(super) mod codec;
pub(super) mod contents;
pub(super) mod error;
pub(super) mod items;
pub(super) mod programs;
mod seen;
#[cfg(test)]
mod tests;

use std::io::Read;

pub use codec::Bounds;
pub use error::ForeignError;
pub use items::{Item, ItemKind};
pub use seen::Seen;

use super::PackageFormat;
use crate::{
    format::reader::Examine,
    stage::{Limits, TreePath},
};

/// The format that a file's first bytes (8 suffice) show, of those that are read as a stream, and how it is read.
fn of_magic(start: &[u8]) -> Option<(PackageFormat, Examine)> {
    PackageFormat::ALL.iter().find_map(|format| {
        let (magic, examine) = super::reader(*format)?.stream()?;
        (!magic.is_empty() && start.starts_with(magic)).then_some((*format, examine))
    })
}

/// What a package says of itself, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// Its format.
    pub format: PackageFormat,
    /// Its name: letters, digits, `+`, `-`, `.`, `_`, `^` and `~`, a letter or digit first.
    pub name: String,
    /// The epoch of its version; empty when there is none.
    pub epoch: String,
    /// The upstream part of its version.
    pub version: String,
    /// The packaging revision (Debian's) or release (rpm's); empty for a native Debian package.
    pub revision: String,
    /// Its architecture in the format's word.
    pub arch: String,
    /// One line; may be empty.
    pub summary: String,
    /// Paragraphs; may be empty.
    pub description: String,
    /// What it needs, in the format's words; an rpm's own `rpmlib(…)` left out.
    pub depends: Vec<String>,
    /// What it installs, in canonical order. Ghosts of an rpm are left out: they are not installed.
    pub files: Vec<Item>,
    /// Files that hold a private key, each with its kind for people.
    pub keys: Vec<(TreePath, &'static str)>,
    /// Files with capabilities (capabilities(7)).
    pub capabilities: Vec<TreePath>,
    /// What is odd in it though its package manager takes it, in words for people.
    pub remarks: Vec<String>,
}

impl Foreign {
    /// `version-revision` without an epoch.
    #[must_use]
    pub fn full_version(&self) -> String {
        if self.revision.is_empty() { self.version.clone() } else { format!("{}-{}", self.version, self.revision) }
    }

    /// The conventional name of its file: dpkg-name(1), or what rpmbuild gives it.
    #[must_use]
    pub fn file_name(&self) -> String {
        let version = self.full_version();
        match &self.format.facts().native {
            Some(native) => (native.file_name)(&self.name, &version, &self.arch),
            None => format!("{}-{version}", self.name),
        }
    }
}

/// Reads a package of `size` bytes once from its start to its end.
///
/// Memory grows with the number of files in it, never with their contents. What it unpacks to is bounded by `limits`
/// (`total_bytes` of one archive, `entries`, names) and by what it declares: an rpm's header has the size of every file. A deb
/// may unpack to 2,000 times its size, or to twice its `Installed-Size`, beyond 256 MiB.
///
/// Checked: everything that the format says of its own structure; every digest in it that is an MD5, a SHA-1 or a SHA-256 (of an
/// rpm's header and payload and each file, of a deb's `md5sums`); that an rpm's payload is what its header says; names.
/// Not checked: signatures, whether scripts do what they should.
///
/// # Errors
/// [`ForeignError`]: the first thing that is wrong.
pub fn read(mut reader: impl Read, size: u64, limits: &Limits) -> Result<Foreign, ForeignError> {
    let mut start = [0; 8];
    reader.read_exact(&mut start).map_err(error::short)?;
    let (format, examine) = of_magic(&start).ok_or(ForeignError::NotAPackage)?;
    let mut seen = Seen::new(format);
    let ended = examine(&mut start.chain(reader), limits, Bounds::for_size(size, limits), &mut seen);
    seen.package(ended)
}

/// A text that should be UTF-8. One that is not is taken for ISO 8859-1, in which every byte is a character; then it is also
/// `true`.
pub(super) fn text_of(bytes: &[u8]) -> (String, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (bytes.iter().copied().map(char::from).collect(), true),
    }
}

/// What is said of a text that is not UTF-8.
pub(super) fn not_utf8(what: &str) -> String {
    format!("its {what} is not UTF-8, as it has to be; it is read as ISO 8859-1")
}

/// Whether a text can be a package's name in either format: it becomes an argument of package managers.
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= 255
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._^~".contains(&b))
}

/// Whether a text can be a part of a version.
pub(super) fn is_version(text: &str, more: &[u8]) -> bool {
    (1..=255).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".+~^_".contains(&b) || more.contains(&b))
}
