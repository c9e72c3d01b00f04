//! Tars that go into the daemon: build contexts and uploads. Sorted, owned by root unless said otherwise, with one time.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek as _},
};

use super::StepError;
use crate::{
    names::Sha256,
    plan::{ContextFile, ContextSource},
    util::{files::digest_of, folder::open_file},
};

/// A tar being written into an unlinked temporary file.
pub struct TarFile {
    builder: tar::Builder<io::BufWriter<File>>,
    time: u64,
    folders: BTreeMap<String, (u32, u64)>,
}

impl TarFile {
    /// An empty tar whose entries carry `time`, seconds since 1970 UTC.
    pub fn new(time: i64) -> Result<Self, StepError> {
        Ok(Self {
            builder: tar::Builder::new(io::BufWriter::new(tempfile::tempfile()?)),
            time: u64::try_from(time).unwrap_or_default(),
            folders: BTreeMap::new(),
        })
    }

    fn header(&self, kind: tar::EntryType, mode: u32, size: u64, owner: u64) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size);
        header.set_mtime(self.time);
        header.set_uid(owner);
        header.set_gid(owner);
        header
    }

    /// A folder and those above it; those keep mode 0755 and root.
    pub fn folder(&mut self, path: &str, mode: u32, owner: u64) -> Result<(), StepError> {
        self.parents(path)?;
        if self.folders.insert(path.to_owned(), (mode, owner)) == Some((mode, owner)) {
            return Ok(());
        }
        let mut header = self.header(tar::EntryType::Directory, mode, 0, owner);
        Ok(self.builder.append_data(&mut header, format!("{path}/"), io::empty())?)
    }

    fn parents(&mut self, path: &str) -> Result<(), StepError> {
        let Some((parent, _)) = path.rsplit_once('/') else { return Ok(()) };
        if self.folders.contains_key(parent) { Ok(()) } else { self.folder(parent, 0o755, 0) }
    }

    /// A regular file of these bytes.
    pub fn bytes(&mut self, path: &str, bytes: &[u8], mode: u32, owner: u64) -> Result<(), StepError> {
        self.parents(path)?;
        let mut header = self.header(tar::EntryType::Regular, mode, bytes.len() as u64, owner);
        Ok(self.builder.append_data(&mut header, path, bytes)?)
    }

    /// A regular file with the contents of a file of the host, which must have the digest it had when it was planned.
    pub fn file(&mut self, path: &str, from: &std::path::Path, expected: &Sha256, mode: u32) -> Result<(), StepError> {
        self.parents(path)?;
        let mut file = open_file(from)?;
        let size = file.metadata()?.len();
        let mut header = self.header(tar::EntryType::Regular, mode, size, 0);
        // Digested from the very handle that is then read, so that what is judged is what is sent.
        let (sha256, length) = digest_of(&mut (&mut file).take(size))?;
        file.rewind()?;
        if sha256 != *expected || length != size {
            return Err(StepError::Contents {
                message: format!("`{}` changed while the run was under way", from.display()),
                help: "run the same command again".to_owned(),
            });
        }
        Ok(self.builder.append_data(&mut header, path, (&mut file).take(size))?)
    }

    fn symlink(&mut self, path: &str, target: &str) -> Result<(), StepError> {
        self.parents(path)?;
        let mut header = self.header(tar::EntryType::Symlink, 0o777, 0, 0);
        Ok(self.builder.append_link(&mut header, path, target)?)
    }

    /// An entry of a planned context.
    pub fn entry(&mut self, entry: &ContextFile) -> Result<(), StepError> {
        match &entry.source {
            ContextSource::File(from, sha256) => self.file(&entry.path, from, sha256, entry.mode),
            ContextSource::Bytes(bytes) => self.bytes(&entry.path, bytes, entry.mode, 0),
            ContextSource::Dir => self.folder(&entry.path, entry.mode, 0),
            ContextSource::Symlink(target) => self.symlink(&entry.path, target),
        }
    }

    /// The finished tar, at its start.
    pub fn finish(self) -> Result<File, StepError> {
        let mut file = self.builder.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(file)
    }
}

/// apt's settings for a build behind a TLS-inspecting proxy (apt-transport-https(1)).
pub const APT_TRUST: &str = "Acquire::https::CaInfo \"/run/trust/ca.pem\";\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_first_and_once() {
        let mut tar = TarFile::new(315_532_800).unwrap();
        tar.bytes("a/b/c.txt", b"c", 0o644, 0).unwrap();
        tar.bytes("a/b/d.txt", b"d", 0o600, 1000).unwrap();
        tar.folder("a/e", 0o750, 0).unwrap();
        let mut file = tar.finish().unwrap();
        let mut text = Vec::new();
        file.read_to_end(&mut text).unwrap();
        let mut archive = tar::Archive::new(&*text);
        let found: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                format!("{:o} {} {}", header.mode().unwrap(), header.uid().unwrap(), entry.path().unwrap().display())
            })
            .collect();
        assert_eq!(found, ["755 0 a/", "755 0 a/b/", "644 0 a/b/c.txt", "600 1000 a/b/d.txt", "750 0 a/e/"]);
    }

    #[test]
    fn a_file_that_changed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, "after").unwrap();
        let error = TarFile::new(0).unwrap().file("x", &path, &Sha256::of("before"), 0o644).unwrap_err();
        assert!(error.to_string().contains("changed while"), "{error}");
    }
}
