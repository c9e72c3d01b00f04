//! The updater takes a newer version of itself.
//!
//! It stands still meanwhile, and nothing else starts it: so there is no journal. The new file says its version before it gets the name, by
//! one rename; the one before stays as a backup.

use std::{io, path::Path};

use factory_tuf::Release;
use semver::Version;

use crate::{
    agent::reports,
    disk::{Disk as _, Op, Real},
    download::{Bounds, DownloadError, download},
    feed::Feed,
    names::Names,
};

/// Its name in feeds.
pub const PRODUCT: &str = "factory-update";

/// Which version this is.
#[must_use]
pub fn own_version() -> Option<Version> {
    env!("CARGO_PKG_VERSION").parse().ok()
}

/// Why it stays what it is.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// The download.
    #[error("the updater's version {version} could not be had")]
    Download {
        /// Which.
        version: Version,
        /// Why.
        source: DownloadError,
    },
    /// It is no updater of that version.
    #[error("the updater's version {version} is not taken: {why}")]
    NotWell {
        /// Which.
        version: Version,
        /// Why.
        why: String,
    },
    /// A file.
    #[error("the updater's file could not be changed")]
    Disk(#[from] io::Error),
}

/// Puts a release in place of the updater. `names` are those around its own file.
///
/// # Errors
/// [`RenewError`]: the file is what it was.
pub fn renew(feed: &mut Feed, place: &str, release: &Release, names: &Names, bounds: Bounds) -> Result<(), RenewError> {
    let version = release.says.version.clone();
    download(feed, place, &release.file, names, bounds)
        .map_err(|source| RenewError::Download { version: version.clone(), source })?;
    if let Err(why) = says_its_version(&names.update(), &version) {
        Real.apply(&Op::Remove(names.update()))?;
        return Err(RenewError::NotWell { version, why });
    }
    let (beside, backup, own) = (names.beside(), names.backup(1), names.program());
    Ok(Real.apply_all(&[
        Op::Remove(beside.clone()),
        Op::Link { from: own.clone(), to: beside.clone() },
        Op::Sync(beside.clone()),
        Op::Rename { from: beside, to: backup },
        Op::SyncFolder(names.folder().to_owned()),
        Op::Rename { from: names.update(), to: own },
        Op::SyncFolder(names.folder().to_owned()),
    ])?)
}

fn says_its_version(file: &Path, version: &Version) -> Result<(), String> {
    reports(file, &["--version".to_owned()], version)
}
