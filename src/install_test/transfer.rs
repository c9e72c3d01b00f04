//! What goes into a container and comes out of it, as tar: [`TarBuilder`] and [`Fetched`].

use std::{
    fs::File,
    io::{self, Read, Seek as _},
    path::Path,
};

use super::InstallTestError;
pub use crate::work::package::run::blocking_reader;
use crate::{
    engine::EngineError,
    names::Sha256,
    util::{clock, files::digest_of, folder::open_file},
};

/// The largest file that is read whole, in bytes: units, accounts, configuration.
const LARGEST_FILE: u64 = 4 << 20;

/// Mode and owner of a file, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    /// Permission bits.
    pub mode: u32,
    /// User number.
    pub uid: u64,
    /// Group number.
    pub gid: u64,
}

impl Rights {
    /// A file of root that everybody may read.
    pub const PUBLIC: Self = Self { mode: 0o644, uid: 0, gid: 0 };
    /// A folder of root that everybody may enter.
    pub const FOLDER: Self = Self { mode: 0o755, uid: 0, gid: 0 };
}

/// A tar on its way into a container, in an unlinked temporary file.
pub struct TarBuilder(tar::Builder<File>);

impl TarBuilder {
    /// An empty one.
    ///
    /// # Errors
    /// When there is no place for temporary files.
    pub fn new() -> Result<Self, InstallTestError> {
        Ok(Self(tar::Builder::new(tempfile::tempfile()?)))
    }

    /// Adds a folder.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn folder(&mut self, path: &str) -> Result<(), InstallTestError> {
        let path = format!("{path}/");
        self.add(&path, tar::EntryType::Directory, Rights::FOLDER, &mut io::empty(), 0)
    }

    /// Adds a file of these bytes.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn bytes(&mut self, path: &str, bytes: &[u8], rights: Rights) -> Result<(), InstallTestError> {
        self.add(path, tar::EntryType::Regular, rights, &mut &*bytes, bytes.len() as u64)
    }

    /// Adds a file of the host, which must have this digest.
    ///
    /// # Errors
    /// When it cannot be read or is another one, or the disk is full.
    pub fn file(&mut self, path: &str, from: &Path, expected: &Sha256) -> Result<(), InstallTestError> {
        let mut file = open_file(from)?;
        let (sha256, size) = digest_of(&mut file)?;
        if sha256 != *expected {
            let changed = format!("{} changed while the run was under way", from.display());
            return Err(io::Error::other(changed).into());
        }
        file.rewind()?;
        self.add(path, tar::EntryType::Regular, Rights::PUBLIC, &mut file.take(size), size)
    }

    fn add(
        &mut self,
        path: &str,
        kind: tar::EntryType,
        rights: Rights,
        bytes: &mut dyn Read,
        size: u64,
    ) -> Result<(), InstallTestError> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(rights.mode);
        header.set_uid(rights.uid);
        header.set_gid(rights.gid);
        header.set_size(size);
        header.set_mtime(u64::try_from(clock::now()).unwrap_or_default());
        Ok(self.0.append_data(&mut header, path, bytes)?)
    }

    /// The finished tar, at its start.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn finish(self) -> Result<File, InstallTestError> {
        let mut file = self.0.into_inner()?;
        file.rewind()?;
        Ok(file)
    }
}

/// A file of the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where it really is.
    pub path: String,
    /// Its contents.
    pub bytes: Vec<u8>,
    /// Its mode and owner.
    pub rights: Rights,
}

/// What a path of the container is.
#[derive(Debug, PartialEq, Eq)]
pub enum Member {
    /// A regular file.
    File(Fetched),
    /// A link to this path, relative to the link's folder.
    Link(String),
    /// Anything else.
    Other,
}

/// The first member of an archive: the path that was asked for.
///
/// # Errors
/// When the stream breaks, or the file is too large.
pub fn first_member(reader: impl Read, path: String) -> Result<Member, InstallTestError> {
    let mut archive = tar::Archive::new(reader.take(LARGEST_FILE + (1 << 20)));
    let Some(entry) = archive.entries()?.next() else { return Ok(Member::Other) };
    let mut entry = entry?;
    match entry.header().entry_type() {
        tar::EntryType::Regular if entry.size() > LARGEST_FILE => {
            Err(io::Error::other(format!("{path} of the container is larger than 4 MiB")).into())
        }
        tar::EntryType::Regular => {
            let header = entry.header();
            let rights = Rights { mode: header.mode()? & 0o7777, uid: header.uid()?, gid: header.gid()? };
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            Ok(Member::File(Fetched { path, bytes, rights }))
        }
        tar::EntryType::Symlink => {
            let target = entry.link_name_bytes().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            Ok(target.map_or(Member::Other, Member::Link))
        }
        _ => Ok(Member::Other),
    }
}

/// Work that reads or writes much, off the asynchronous threads.
///
/// # Errors
/// Those of the work.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, InstallTestError> + Send + 'static,
) -> Result<T, InstallTestError> {
    let ended = crate::util::blocking::blocking(work).await;
    let result = ended.unwrap_or_else(|error| Err(InstallTestError::Internal(error.to_string())));
    // A reader of a stream only knows that it broke off: the news is that the daemon is gone.
    result.map_err(|error| EngineError::behind(&error).map_or(error, InstallTestError::Engine))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(fill: impl FnOnce(&mut TarBuilder)) -> Member {
        let mut tar = TarBuilder::new().unwrap();
        fill(&mut tar);
        first_member(tar.finish().unwrap(), "/etc/x".to_owned()).unwrap()
    }

    #[test]
    fn what_goes_in_comes_out() {
        let rights = Rights { mode: 0o640, uid: 0, gid: 999 };
        let file = Fetched { path: "/etc/x".to_owned(), bytes: b"text".to_vec(), rights };
        assert_eq!(round(|tar| tar.bytes("x", b"text", rights).unwrap()), Member::File(file));
        assert_eq!(round(|tar| tar.folder("x").unwrap()), Member::Other);
        assert_eq!(round(|_| {}), Member::Other);
        let large = vec![0; usize::try_from(LARGEST_FILE).unwrap() + 1];
        let mut tar = TarBuilder::new().unwrap();
        tar.bytes("x", &large, Rights::PUBLIC).unwrap();
        assert!(first_member(tar.finish().unwrap(), "/x".to_owned()).unwrap_err().to_string().contains("4 MiB"));
    }

    #[test]
    fn a_package_that_changed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.deb");
        std::fs::write(&path, "after").unwrap();
        let error = TarBuilder::new().unwrap().file("x.deb", &path, &Sha256::of("before")).unwrap_err();
        assert!(error.to_string().contains("changed while"), "{error}");
    }
}
