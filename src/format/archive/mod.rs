//! Archives: the files of a package as a compressed tar, for those who unpack a release by hand. They hold files and folders with
//! modes, owners and links; relations, users, units and scripts are for package managers.

pub mod facts;
mod read;
#[cfg(test)]
mod tests;

use super::{
    BlockCache, Format, FormatError, Meta, Target, Writer, codec,
    facts::Codec,
    tar::{self, Names},
};
use crate::stage::{TIME_OF_MODULES, Tree};

/// The archive of a package, `tar(5)` in GNU's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archive {
    /// How it is compressed.
    pub codec: Codec,
    /// Threads that compress, 1 to 8. Never changes the bytes; each costs about 130 MiB of memory with xz and zstd.
    pub threads: u32,
}

/// The reader, of anybody's archives.
pub(super) const READER: Option<&dyn super::Reader> = Some(read::READER);

/// The writer: platforms have no say.
pub(super) const WRITER: Option<Writer> = Some(|codec, _| Box::new(Archive { codec, threads: codec::threads() }));

impl Format for Archive {
    /// `name-version-platform.tar.xz`, the version without an epoch and without a packaging revision: what was released.
    fn file_name(&self, meta: &Meta) -> String {
        format!("{}-{}-{}.tar.{}", meta.name, meta.version, meta.platform, self.codec.extension())
    }

    /// The files of the package as they lie below `/`, without a folder around them: `tar -x -C / -f FILE` puts them in place.
    fn write(
        &self,
        tree: &Tree,
        meta: &Meta,
        cache: Option<&dyn BlockCache>,
        out: &mut dyn Target,
    ) -> Result<(), FormatError> {
        let mut tree = tree.clone();
        tree.settle_links();
        tree.add_parents(meta.epoch)?;
        // Who unpacks a release sees when it was made.
        for (_, entry) in tree.iter_mut().filter(|(_, entry)| entry.mtime != TIME_OF_MODULES) {
            entry.mtime = entry.mtime.max(meta.epoch);
        }
        codec::compress(self.codec, self.threads, cache, out, |out| tar::write(&tree, Names::Plain, meta.epoch, out))
    }
}
