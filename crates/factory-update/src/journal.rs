//! What is being done, so that whoever starts next finishes or undoes it; and what was done.

use std::{collections::BTreeSet, io, path::Path};

use semver::Version;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::disk::{Disk, Op, put};

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The program is the old one or the new one, and may stand still.
    Replacing,
    /// The program is the new one, and has to show that it is well.
    Watching,
    /// The program has to be the old one again.
    Undoing,
}

/// A change of the program that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// How far it is.
    pub phase: Phase,
    /// What the program was.
    pub from: Version,
    /// SHA-256 of that.
    pub old: String,
    /// What it becomes.
    pub to: Version,
    /// SHA-256 of that.
    pub new: String,
    /// Why it has to be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What was done on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The newest version that was installed and found well, or went back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<Version>,
    /// SHA-256 of that file: with another one, somebody else has changed the program since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Versions that failed here. They are not tried again.
    #[serde(default)]
    pub failed: BTreeSet<Version>,
    /// Versions of the updater itself that are none. They are not tried again.
    #[serde(default)]
    pub failed_own: BTreeSet<Version>,
    /// The files that are backups, the newest first.
    #[serde(default)]
    pub backups: Vec<Backup>,
}

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// Which version it is.
    pub version: Version,
    /// SHA-256.
    pub digest: String,
}

/// A file of the updater's own that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// It cannot be read.
    #[error("what the updater keeps could not be read")]
    Read(#[from] io::Error),
    /// It is not what was written.
    #[error("`{path}` is damaged: {source}")]
    Damaged {
        /// Which.
        path: String,
        /// How.
        source: serde_json::Error,
    },
}

/// The largest file that is kept.
const LIMIT: u64 = 1 << 20;

/// Reads what was written by [`save`]; `None` where nothing was.
///
/// # Errors
/// [`KeptError`]: what cannot be read is not taken for nothing.
pub fn load<T: DeserializeOwned>(disk: &dyn Disk, path: &Path) -> Result<Option<T>, KeptError> {
    let Some(bytes) = disk.read(path, LIMIT)? else { return Ok(None) };
    let damaged = |source| KeptError::Damaged { path: path.display().to_string(), source };
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

/// The changes that write it, whole or not at all.
///
/// # Errors
/// Where it cannot be JSON, which no type here can bring about.
pub fn save<T: Serialize>(path: &Path, value: &T) -> io::Result<Vec<Op>> {
    Ok(put(path, &path.with_extension("new"), serde_json::to_vec_pretty(value)?))
}
