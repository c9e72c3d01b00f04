//! [`Lockfile`]: `factory.lock` at the project's root, what the last builds were made of. It is written after a build that
//! succeeded, and is meant to be committed; `factory build --locked` takes nothing else.

mod drift;
mod pylock;
mod read;
mod write;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use super::{
    requirements::Wanted,
    wheelhouse::{Wheel, WheelName},
};
use crate::{
    names::{Commit, ImageName, PlatformId, Sha256, SourceName},
    util::{
        folder::{Folder, Links, Refusal},
        toml::Report,
    },
};

pub use drift::{base_drift, index_drift, pin_drift, source_drift, wheel_drift};
pub use pylock::{Clash, Packages, file_name as pylock_name, render as render_pylock};

/// Its name at the project's root.
pub const NAME: &str = "factory.lock";

/// The form that this program writes and reads.
const VERSION: u32 = 1;

/// The largest one, in bytes: that of a thousand wheels on ten platforms has 2 MB.
const LARGEST: u64 = 16 << 20;

/// What the last builds were made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lockfile {
    /// The base images.
    pub bases: BTreeMap<PlatformId, LockedBase>,
    /// The commits of the sources.
    pub sources: BTreeMap<SourceName, Commit>,
    /// The wheels of every requirements set: those of a platform for the image that it is of.
    pub houses: BTreeMap<(PlatformId, ImageName), LockedHouse>,
    /// What the packages in an image of a platform say of their libraries: the digest of its index, where packages were made by it.
    pub indexes: BTreeMap<(PlatformId, ImageName), Sha256>,
}

/// A base image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedBase {
    /// Its name, as in the platform or the recipe.
    pub image: String,
    /// `sha256:…` of its registry. One that was made from packages or loaded by hand has none.
    pub digest: Option<String>,
    /// Where it has none: its id in the daemon, which no other machine has.
    pub id: Option<String>,
}

/// The wheels of a requirements set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedHouse {
    /// The requirements file, for people.
    pub requirements: String,
    /// The wheels, sorted by name.
    pub wheels: Vec<LockedWheel>,
}

/// A wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedWheel {
    /// Its file name, which says its name and version.
    pub file: WheelName,
    /// Of its bytes.
    pub sha256: Sha256,
    /// The source distribution that it was built from, where it was: then this is what is compared, because not every build
    /// gives the same bytes on every machine.
    pub sdist: Option<Sha256>,
}

impl LockedBase {
    /// Whether both are one image.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let same = match (&self.digest, &other.digest) {
            (Some(one), Some(two)) => one == two,
            (None, None) => self.id.is_some() && self.id == other.id,
            _ => false,
        };
        same && self.image == other.image
    }
}

impl LockedHouse {
    /// The lock of these wheels. Those of the checkout's own folders, as the requirements know them, are not locked: its commit says
    /// what they are.
    #[must_use]
    pub fn new(requirements: &str, wheels: &[Wheel], wanted: &Wanted) -> Self {
        let foreign = wheels.iter().filter(|wheel| !wanted.is_own(wheel));
        let mut wheels: Vec<LockedWheel> = foreign
            .map(|wheel| LockedWheel {
                file: wheel.file.clone(),
                sha256: wheel.sha256.clone(),
                sdist: wheel.sdist.clone(),
            })
            .collect();
        wheels.sort_by_cached_key(|wheel| (wheel.file.distribution(), wheel.file.clone()));
        Self { requirements: requirements.to_owned(), wheels }
    }
}

/// Why a lock could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockfileError {
    /// It is larger than 16 MiB.
    #[error("`factory.lock` is larger than 16 MiB")]
    TooLarge,
    /// It is no text.
    #[error("`factory.lock` is not UTF-8")]
    NoText,
    /// Its form is one that is not known yet.
    #[error("`factory.lock` has version {version}, of a newer factory: this one reads version {VERSION}")]
    Newer {
        /// Its version.
        version: u32,
    },
    /// It does not say what it should.
    #[error(transparent)]
    Report(#[from] Report),
    /// The system's words.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Lockfile {
    /// Where the lock of a project is.
    #[must_use]
    pub fn path(project: &Path) -> PathBuf {
        project.join(NAME)
    }

    /// The lock of a project; `None` where there is none.
    ///
    /// # Errors
    /// [`LockfileError`], with everything that is wrong at its line.
    pub fn load(project: &Path) -> Result<Option<Self>, LockfileError> {
        let read = Folder::open(project, Links::Refused).and_then(|project| project.read(Path::new(NAME), LARGEST));
        let bytes = match read {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(error) if matches!(Refusal::from_error(&error), Some(Refusal::TooLarge { .. })) => {
                return Err(LockfileError::TooLarge);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let text = String::from_utf8(bytes).map_err(|_| LockfileError::NoText)?;
        read::read(NAME, &text).map(Some)
    }

    /// Writes the lock of a project; a file that says the same already is left alone. Gives whether it was written.
    ///
    /// # Errors
    /// When the project's folder cannot be written: the file is then as before.
    pub fn save(&self, project: &Path) -> io::Result<bool> {
        let (project, text) = (Folder::open(project, Links::Refused)?, write::render(self));
        let before = project.read(Path::new(NAME), LARGEST);
        if before.is_ok_and(|before| before.is_some_and(|before| before == text.as_bytes())) {
            return Ok(false);
        }
        project.write(Path::new(NAME), text.as_bytes())?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
