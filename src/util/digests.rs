//! [`Digests`]: SHA-256 digests of files, remembered with the stat data of the file they are of, as git's index does it, so
//! that what has not changed is not read again. Damage or loss of what is remembered costs time only.
//!
//! A digest is used for a file whose size, times (nanoseconds), inode and device are all *equal* to the remembered ones:
//! whether a clock says more or less does not matter. A ctime cannot be set, so whoever writes a file changes it. One gap
//! is left, git's "racy" one: a file that is written again within the same tick of the file system's clock keeps its times.
//! So a digest is used only if both times are older than a stamp that the file system itself gave before the file was read.

mod kept;

use std::{
    collections::HashMap,
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use fs_err as fs;
use tokio_util::sync::CancellationToken;

use super::{
    files::{Guarded, digest_of},
    folder::open_file,
    state::State,
};
use crate::names::Sha256;

/// The file's name in the project's state folder.
const NAME: &str = "stat";

/// A moment of a file system's clock: seconds and nanoseconds since 1970.
type Moment = (i64, i64);

/// What tells that a file is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    size: u64,
    modified: Moment,
    changed: Moment,
    device: u64,
    inode: u64,
}

/// A remembered digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    stat: Stat,
    sha256: [u8; 32],
    /// How often this was written without anybody asking for the file.
    unseen: u8,
}

/// The digests of a project's files.
#[derive(Debug, Default)]
pub struct Digests {
    /// Where they are kept; nowhere when nothing is remembered.
    project: Option<PathBuf>,
    /// The file system's time before the first file was read: what is not older may change unseen.
    stamp: Option<Moment>,
    known: Mutex<Known>,
    /// Reading ends when it is cancelled.
    cancel: CancellationToken,
}

#[derive(Debug, Default)]
struct Known {
    entries: HashMap<Box<str>, Entry>,
    /// Whether there is anything new to keep.
    fresh: bool,
}

impl Digests {
    /// Reads every file that is asked for, and remembers nothing.
    #[must_use]
    pub fn forgetful() -> Self {
        Self::default()
    }

    /// What is remembered of the project in `project`; nothing where it was never built.
    #[must_use]
    pub fn for_project(project: &Path) -> Self {
        let entries = State::for_project(project).read(NAME).ok().flatten();
        let entries = entries.map(|text| kept::read(&text)).unwrap_or_default();
        Self { known: Mutex::new(Known { entries, fresh: false }), ..Self::paranoid(project) }
    }

    /// The same without trusting it: every file is read once, and what it is now is remembered.
    #[must_use]
    pub fn paranoid(project: &Path) -> Self {
        let stamp = State::for_project(project).open().ok().flatten().and_then(|state| stamp(state.path()));
        Self { project: Some(project.to_owned()), stamp, ..Self::default() }
    }

    /// The same, which reads no further once a token is cancelled: a file may be larger than anybody wants to wait for.
    #[must_use]
    pub fn until(self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self }
    }

    /// What stops reading.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Whether nothing is read any more.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// SHA-256 and size of a regular file. The last component of its path is no link.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_file(&self, path: &Path) -> io::Result<(Sha256, u64)> {
        if let Some(name) = self.name(path) {
            // A stat costs less than opening it.
            let before = Stat::from_metadata(&fs::symlink_metadata(path)?);
            if let Some(sha256) = self.cached(name, &before) {
                return Ok((Sha256::from_digest(sha256), before.size));
            }
        }
        self.of_open(&open_file(path)?)
    }

    /// The same of a file that is open, at its beginning.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_open(&self, file: &fs::File) -> io::Result<(Sha256, u64)> {
        let mut reader = Guarded::new(file, self.cancel.clone());
        let Some(name) = self.name(file.path()) else { return digest_of(&mut reader) };
        let before = Stat::from_metadata(&file.metadata()?);
        if let Some(sha256) = self.cached(name, &before) {
            return Ok((Sha256::from_digest(sha256), before.size));
        }
        let before = Stat::from_metadata(&file.metadata()?);
        let (sha256, size) = digest_of(&mut reader)?;
        if Stat::from_metadata(&file.metadata()?) == before && size == before.size {
            self.cache(name, before, &sha256);
        }
        Ok((sha256, size))
    }

    /// Keeps what is new for the next run. Nothing is kept where there is no state folder.
    ///
    /// # Errors
    /// When the disk is full or may not be written.
    pub fn save(&self) -> io::Result<()> {
        let Some(project) = &self.project else { return Ok(()) };
        let mut known = self.known();
        if !known.fresh {
            return Ok(());
        }
        let Some(state) = State::for_project(project).open()? else { return Ok(()) };
        known.fresh = false;
        state.write(Path::new(NAME), kept::text(&known.entries).as_bytes())
    }

    /// A file's name here: below the project relative to it, so that a project may move. `None` where it is not remembered.
    fn name<'p>(&self, path: &'p Path) -> Option<&'p str> {
        let project = self.project.as_ref()?;
        let name = path.strip_prefix(project).unwrap_or(path).to_str()?;
        (!name.is_empty() && !name.contains(char::is_control)).then_some(name)
    }

    fn cached(&self, name: &str, stat: &Stat) -> Option<[u8; 32]> {
        let mut known = self.known();
        let entry = known.entries.get_mut(name).filter(|entry| entry.stat == *stat)?;
        entry.unseen = 0;
        Some(entry.sha256)
    }

    fn cache(&self, name: &str, stat: Stat, sha256: &Sha256) {
        let settled = self.stamp.is_some_and(|stamp| stat.modified < stamp && stat.changed < stamp);
        let mut bytes = [0; 32];
        if settled && hex::decode_to_slice(sha256.as_str(), &mut bytes).is_ok() {
            let mut known = self.known();
            known.entries.insert(name.into(), Entry { stat, sha256: bytes, unseen: 0 });
            known.fresh = true;
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stat {
    fn from_metadata(meta: &std::fs::Metadata) -> Self {
        Self {
            size: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
            device: meta.dev(),
            inode: meta.ino(),
        }
    }
}

/// What time a file system has, from a file without a name; `None` where it may not be written.
fn stamp(folder: &Path) -> Option<Moment> {
    let meta = tempfile::tempfile_in(folder).and_then(|file| file.metadata()).ok()?;
    Some((meta.ctime(), meta.ctime_nsec()))
}

#[cfg(test)]
mod tests;
