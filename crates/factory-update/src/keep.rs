//! What the updater keeps between two runs: its folder, the lock of it, and the metadata that was believed.

use std::{
    io,
    path::{Path, PathBuf},
};

use factory_tuf::{Client, Limits, Remembered, TufError};

use crate::{
    disk::{Disk as _, Op, Real, put},
    names::Names,
};

/// The largest file of metadata.
const LIMIT: u64 = 16 << 20;

/// Why there is nothing to go on from.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// Another one is at work.
    #[error("another updater is at work here (`{0}` is locked)")]
    Busy(String),
    /// The folder is none.
    #[error("`{0}` is not a folder, and it has to be one that is no link")]
    NotAFolder(String),
    /// There is no root.
    #[error("there is no root to begin with: `{0}` has to be installed with the updater")]
    NoRoot(String),
    /// A root that cannot be used.
    #[error("the root in `{path}` cannot be used")]
    Root {
        /// Which.
        path: String,
        /// Why.
        source: TufError,
    },
    /// A file.
    #[error("what the updater keeps could not be read or written")]
    Disk(#[from] io::Error),
}

/// The folder, for as long as one works with it.
#[derive(Debug)]
pub struct Kept {
    folder: PathBuf,
    // Given back when it is dropped, or the process ends in whatever way.
    _lock: std::fs::File,
}

impl Kept {
    /// Makes the folder where there is none, and keeps others out.
    ///
    /// # Errors
    /// [`KeepError`].
    pub fn open(names: &Names) -> Result<Self, KeepError> {
        let folder = names.state();
        match fs_err::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
        if !fs_err::symlink_metadata(&folder)?.is_dir() {
            return Err(KeepError::NotAFolder(folder.display().to_string()));
        }
        let path = folder.join("lock");
        let lock = fs_err::OpenOptions::new().create(true).append(true).open(&path)?.into_parts().0;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder, _lock: lock }),
            Err(std::fs::TryLockError::WouldBlock) => Err(KeepError::Busy(path.display().to_string())),
            Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
        }
    }

    fn file(&self, role: &str) -> PathBuf {
        self.folder.join(format!("{role}.json"))
    }

    /// A client that goes on from what was believed, or from the root that was installed. What is damaged is said.
    ///
    /// # Errors
    /// [`KeepError`].
    pub fn client(&self, installed: &Path, say: &dyn Fn(&str)) -> Result<Client, KeepError> {
        let read = |role: &str| Real.read(&self.file(role), LIMIT);
        let others = |root| {
            let [timestamp, snapshot, targets] = ["timestamp", "snapshot", "targets"].map(read);
            Ok::<_, io::Error>(Remembered { root, timestamp: timestamp?, snapshot: snapshot?, targets: targets? })
        };
        if let Some(root) = read("root")? {
            match Client::new(others(root)?, Limits::default()) {
                Ok(client) => return Ok(client),
                Err(error) => say(&format!("the kept root is damaged, and the installed one is taken: {error}")),
            }
        }
        let path = || installed.display().to_string();
        let root = Real.read(installed, LIMIT)?.ok_or_else(|| KeepError::NoRoot(path()))?;
        Client::new(others(root)?, Limits::default()).map_err(|source| KeepError::Root { path: path(), source })
    }

    /// Keeps what is believed now.
    ///
    /// # Errors
    /// Of the system.
    pub fn remember(&self, remembered: &Remembered) -> io::Result<()> {
        let Remembered { root, timestamp, snapshot, targets } = remembered;
        let all = [
            ("root", Some(root)),
            ("timestamp", timestamp.as_ref()),
            ("snapshot", snapshot.as_ref()),
            ("targets", targets.as_ref()),
        ];
        for (role, bytes) in all {
            let path = self.file(role);
            // One that cannot be read is written anew.
            let before = Real.read(&path, LIMIT).ok().flatten();
            match bytes {
                Some(bytes) if before.as_ref() != Some(bytes) => {
                    Real.apply_all(&put(&path, &path.with_extension("new"), bytes.clone()))?;
                }
                None => Real.apply(&Op::Remove(path))?,
                Some(_) => {}
            }
        }
        Ok(())
    }
}
