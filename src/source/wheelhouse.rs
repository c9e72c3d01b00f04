//! [`Wheelhouse`]: the wheels of one platform for one requirements set, in `$WHEEL_DIR/<platform>/<key>/`.
//!
//! A wheelhouse is written beside its name and renamed, so it is whole or absent, and a failed build leaves the earlier
//! one as it was. Its `manifest.json` holds the SHA-256 of every wheel: a damaged one is found before it is used.

mod dist;
mod name;
mod receive;
mod shape;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use fs_err as fs;

use super::{owner::TrustedOwners, store::make_folders};
use crate::{
    names::Sha256,
    util::{
        digests::Digests,
        files::{TEMPORARY, replace_folder, write_whole},
        folder::{Folder, IGNORED, Links},
    },
};

pub use dist::{ANYTHING, Dist, Fit, Fits, SdistName};
pub use name::{WheelName, normalise};
pub use receive::{Judge, Received, receive};
pub use shape::{all, claim, forget, remove, sweep};

/// The manifest's name in a wheelhouse.
pub const MANIFEST: &str = "manifest.json";

/// The largest manifest, in bytes: that of 5,000 wheels has a quarter of it.
const LARGEST_MANIFEST: u64 = 8 << 20;

/// The form of the manifest that this program writes and reads.
const MANIFEST_VERSION: u32 = 1;

/// What a wheelhouse holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of the manifest: 1.
    pub version: u32,
    /// The key it was made for.
    pub key: Sha256,
    /// The platform's id.
    pub platform: String,
    /// What the key is made of, for people.
    pub inputs: BTreeMap<String, String>,
    /// The wheels, by file name.
    pub wheels: Vec<Wheel>,
}

/// One wheel.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    /// Its file name (PEP 427).
    pub file: WheelName,
    /// Of its bytes.
    pub sha256: Sha256,
    /// In bytes.
    pub size: u64,
    /// Whether it was compiled here, from its source distribution or from a folder of the checkout.
    pub compiled: bool,
    /// The source distribution that it was compiled from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdist: Option<Sha256>,
    /// The folder of the checkout that it was compiled from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The key under which the store keeps it, where it was compiled: of what it was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_as: Option<Sha256>,
    /// Whether the store had it when this wheelhouse was made, or had what the index would have given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stored: bool,
}

impl Wheel {
    /// One that an index gave.
    #[must_use]
    pub fn fetched(file: WheelName, sha256: Sha256, size: u64, stored: bool) -> Self {
        Self { file, sha256, size, compiled: false, sdist: None, folder: None, made_as: None, stored }
    }
}

/// Why a wheelhouse could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WheelhouseError {
    /// The builder container gave something that is no wheel.
    #[error("the wheel builder gave `{name}`, {reason}")]
    Foreign {
        /// Its name, escaped.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The builder container gave none.
    #[error("the wheel builder gave no wheel")]
    Empty,
    /// Reading or writing failed.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A finished wheelhouse whose wheels were found to be what its manifest says.
#[derive(Debug, Clone)]
pub struct Wheelhouse {
    /// Its folder.
    pub folder: PathBuf,
    /// What it holds.
    pub manifest: Manifest,
}

/// What is found under a wheelhouse's name.
#[derive(Debug)]
pub enum Found {
    /// Nothing.
    Absent,
    /// Something, but not what its manifest says: the reason.
    Damaged(String),
    /// A whole one.
    Whole(Wheelhouse),
}

impl Found {
    /// The same where its wheels are those that the requirements ask for, which `judge` says: a manifest says what is in a folder, and not that it may be.
    /// Which source distribution a wheel was built from, it says as reliably as its folder is believed.
    #[must_use]
    pub fn held(self, judge: impl FnOnce(&[Wheel]) -> Result<(), String>) -> Self {
        match self {
            Self::Whole(house) => match judge(&house.manifest.wheels) {
                Ok(()) => Self::Whole(house),
                Err(why) => Self::Damaged(why),
            },
            other => other,
        }
    }

    /// The same where only owners whom the caller trusts can have written it, or the requirements pin the hashes of all its wheels,
    /// which `are_pinned` says.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn believed(self, trusted: &TrustedOwners, are_pinned: impl FnOnce(&[Wheel]) -> bool) -> io::Result<Self> {
        let Self::Whole(house) = self else { return Ok(self) };
        let wheels = house.manifest.wheels.iter().map(|wheel| wheel.file.as_str());
        let mut doubt = trusted.doubt(&house.folder)?;
        for name in wheels.chain([MANIFEST]) {
            if doubt.is_none() {
                doubt = trusted.doubt_below(&house.folder, &[name])?;
            }
        }
        Ok(match doubt {
            Some(doubt) if !are_pinned(&house.manifest.wheels) => Self::Damaged(format!(
                "it is not believed, because {doubt}, and the requirements do not pin the hashes of all that is in it; {} if all of it is yours",
                doubt.help()
            )),
            _ => Self::Whole(house),
        })
    }
}

impl Wheelhouse {
    /// Where the wheelhouse of a key is.
    #[must_use]
    pub fn folder(wheel_dir: &Path, platform: &str, key: &Sha256) -> PathBuf {
        wheel_dir.join(platform).join(&key.as_str()[..32])
    }

    /// Looks a wheelhouse up and checks every wheel against the manifest.
    ///
    /// # Errors
    /// When it cannot be read for another reason than being absent.
    pub fn find(wheel_dir: &Path, platform: &str, key: &Sha256) -> io::Result<Found> {
        Self::find_with(wheel_dir, platform, key, &Digests::forgetful())
    }

    /// The same where the digests of files may be known already.
    ///
    /// # Errors
    /// As [`Wheelhouse::find`].
    pub fn find_with(wheel_dir: &Path, platform: &str, key: &Sha256, digests: &Digests) -> io::Result<Found> {
        Self::check(Self::folder(wheel_dir, platform, key), platform, key, digests)
    }

    /// Gives a folder that was filled from elsewhere its name, where it is a whole wheelhouse of this key, and `judge` says nothing
    /// against what is in it.
    ///
    /// # Errors
    /// When it cannot be read or renamed.
    pub fn adopt(
        fresh: &Path,
        wheel_dir: &Path,
        platform: &str,
        key: &Sha256,
        judge: &dyn Fn(&Manifest) -> Result<(), String>,
    ) -> io::Result<Found> {
        match Self::check(fresh.to_owned(), platform, key, &Digests::forgetful())? {
            Found::Whole(Self { manifest, .. }) if judge(&manifest).is_err() => {
                Ok(Found::Damaged(judge(&manifest).err().unwrap_or_default()))
            }
            Found::Whole(Self { manifest, .. }) => {
                let folder = Self::folder(wheel_dir, platform, key);
                fs::set_permissions(fresh, std::fs::Permissions::from_mode(0o755))?;
                replace_folder(fresh, &folder)?;
                shape::mark(wheel_dir)?;
                Ok(Found::Whole(Self { folder, manifest }))
            }
            other => Ok(other),
        }
    }

    /// The versions of the wheels that were built of these folders of the checkout.
    pub fn versions_of<'a>(&'a self, folders: &'a BTreeSet<String>) -> impl Iterator<Item = (String, String)> + 'a {
        self.manifest.wheels.iter().filter_map(move |wheel| {
            let folder = wheel.folder.as_ref().filter(|folder| folders.contains(*folder))?;
            Some((folder.clone(), wheel.file.version().to_owned()))
        })
    }

    /// Holds a folder against its manifest.
    fn check(folder: PathBuf, platform: &str, key: &Sha256, digests: &Digests) -> io::Result<Found> {
        let Some(open) = opened(&folder)? else { return Ok(Found::Absent) };
        let Some(text) = open.read(Path::new(MANIFEST), LARGEST_MANIFEST)? else {
            return Ok(Found::Damaged("its manifest is missing".to_owned()));
        };
        let manifest: Manifest = match serde_json::from_slice(&text) {
            Ok(manifest) => manifest,
            Err(error) => return Ok(Found::Damaged(format!("its manifest cannot be read: {error}"))),
        };
        if manifest.version != MANIFEST_VERSION || manifest.key != *key || manifest.platform != platform {
            return Ok(Found::Damaged("its manifest belongs to another wheelhouse".to_owned()));
        }
        for wheel in &manifest.wheels {
            match digests.of_file(&folder.join(wheel.file.as_str())) {
                Ok((sha256, _)) if sha256 == wheel.sha256 => {}
                Ok(_) => return Ok(Found::Damaged(format!("{} has changed", wheel.file.as_str()))),
                Err(_) => return Ok(Found::Damaged(format!("{} is missing", wheel.file.as_str()))),
            }
        }
        Ok(Found::Whole(Self { folder, manifest }))
    }

    /// Makes the folder of a wheel cache where it is missing; a new one ignores itself in git.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn begin(wheel_dir: &Path) -> io::Result<()> {
        let is_new = !wheel_dir.exists();
        make_folders(wheel_dir)?;
        if is_new {
            Folder::open(wheel_dir, Links::Refused)?.write(Path::new(IGNORED.0), IGNORED.1)?;
        }
        Ok(())
    }

    /// A folder in which a wheelhouse of a platform can be made: gone when dropped, renamed when finished.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn workshop(wheel_dir: &Path, platform: &str) -> io::Result<tempfile::TempDir> {
        // Its own place may lead through links: whoever named it meant it.
        Self::begin(wheel_dir)?;
        let top = Folder::open(wheel_dir, Links::Refused)?;
        if top.below(Path::new(platform))?.is_none() {
            // Whatever the umask, nobody else may write there: else it would not be believed.
            make_folders(&wheel_dir.join(platform))?;
        }
        let parent = top.make(Path::new(platform))?;
        tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(parent.path())
    }

    /// Gives a folder that holds just these wheels its name. What was there goes away only after it could be moved aside.
    ///
    /// # Errors
    /// [`WheelhouseError::Empty`] without a wheel, or when the cache cannot be written: an earlier wheelhouse is as it was.
    pub fn finish(
        fresh: &Path,
        wheel_dir: &Path,
        platform: &str,
        key: &Sha256,
        inputs: &BTreeMap<String, String>,
        mut wheels: Vec<Wheel>,
    ) -> Result<Self, WheelhouseError> {
        if wheels.is_empty() {
            return Err(WheelhouseError::Empty);
        }
        wheels.sort_by(|a, b| a.file.cmp(&b.file));
        let manifest = Manifest {
            version: MANIFEST_VERSION,
            key: key.clone(),
            platform: platform.to_owned(),
            inputs: inputs.clone(),
            wheels,
        };
        write_whole(&fresh.join(MANIFEST), &serde_json::to_vec_pretty(&manifest).map_err(io::Error::from)?)?;
        let folder = Self::folder(wheel_dir, platform, key);
        fs::set_permissions(fresh, std::fs::Permissions::from_mode(0o755))?;
        replace_folder(fresh, &folder)?;
        shape::mark(wheel_dir)?;
        Ok(Self { folder, manifest })
    }

    /// What the wheelhouse of a key holds, as it was when it was made; `None` where there is none. No wheel is looked at.
    #[must_use]
    pub fn manifest(wheel_dir: &Path, platform: &str, key: &Sha256) -> Option<Manifest> {
        let open = opened(&Self::folder(wheel_dir, platform, key)).ok()??;
        let text = open.read(Path::new(MANIFEST), LARGEST_MANIFEST).ok()??;
        let manifest: Manifest = serde_json::from_slice(&text).ok()?;
        (manifest.version == MANIFEST_VERSION && manifest.key == *key && manifest.platform == platform)
            .then_some(manifest)
    }

    /// The digest that stands for its contents: of the sorted names and digests of its wheels.
    #[must_use]
    pub fn digest(&self) -> Sha256 {
        let lines =
            self.manifest.wheels.iter().map(|wheel| [wheel.sha256.as_str(), "  ", wheel.file.as_str(), "\n"].concat());
        let lines: String = lines.collect();
        Sha256::of(lines)
    }

    /// Bytes of all wheels.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.manifest.wheels.iter().map(|wheel| wheel.size).sum()
    }

    /// `100 wheels, 1 compiled, 98 from the store`: what was done when it was made.
    #[must_use]
    pub fn describe(&self) -> String {
        let wheels = &self.manifest.wheels;
        let compiled = wheels.iter().filter(|wheel| wheel.compiled && !wheel.stored).count();
        let stored = wheels.iter().filter(|wheel| wheel.stored).count();
        let mut text = format!("{} wheel{}", wheels.len(), if wheels.len() == 1 { "" } else { "s" });
        for (count, what) in [(compiled, "compiled"), (stored, "from the store")] {
            if count > 0 {
                text.push_str(&format!(", {count} {what}"));
            }
        }
        text
    }
}

/// Where the store of a wheel cache is.
#[must_use]
pub fn store(wheel_dir: &Path) -> PathBuf {
    wheel_dir.join("store")
}

/// A folder of a wheel cache, a platform's or a wheelhouse: with the one above it, neither is a link.
fn opened(folder: &Path) -> io::Result<Option<Folder>> {
    let (parent, name) = (folder.parent().unwrap_or(Path::new("")), folder.file_name().unwrap_or_default());
    let (top, platform) = (parent.parent().unwrap_or(Path::new("")), parent.file_name().unwrap_or_default());
    let found = Folder::open(top, Links::Refused).and_then(|top| top.below(&Path::new(platform).join(name)));
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(entries: &[(&str, &[u8], tar::EntryType)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, bytes, kind) in entries {
            let mut header = tar::Header::new_gnu();
            // Written as raw bytes: the builder itself refuses hostile paths.
            header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_size(bytes.len() as u64);
            header.set_entry_type(*kind);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append(&header, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    const FILE: tar::EntryType = tar::EntryType::Regular;
    const DIR: tar::EntryType = tar::EntryType::Directory;

    fn key() -> Sha256 {
        Sha256::of("key")
    }

    fn build(dir: &Path, bytes: &[u8]) -> Result<Wheelhouse, WheelhouseError> {
        let workshop = Wheelhouse::workshop(dir, "debian-12").unwrap();
        let fresh = workshop.path().join("wheels");
        std::fs::create_dir(&fresh).unwrap();
        let received = receive(&mut &*bytes, &fresh, ANYTHING, &|_| Ok(()))?;
        let wheels = received.into_iter().map(|Received { file, sha256, size }| {
            let Dist::Wheel(file) = file else { panic!("an sdist") };
            let compiled = file.distribution() == "psutil";
            Wheel { compiled, ..Wheel::fetched(file, sha256, size, !compiled) }
        });
        Wheelhouse::finish(&fresh, dir, "debian-12", &key(), &BTreeMap::new(), wheels.collect())
    }

    #[test]
    fn a_wheelhouse_is_kept_and_found_whole() {
        let dir = tempfile::tempdir().unwrap();
        let tar = stream(&[
            ("wheels/", b"", DIR),
            ("wheels/six-1.16.0-py2.py3-none-any.whl", b"six", FILE),
            ("wheels/psutil-5.9.8-cp311-cp311-linux_x86_64.whl", b"psutil", FILE),
        ]);
        let made = build(dir.path(), &tar).unwrap();
        assert_eq!(made.describe(), "2 wheels, 1 compiled, 1 from the store");
        let Found::Whole(found) = Wheelhouse::find(dir.path(), "debian-12", &key()).unwrap() else {
            panic!("not whole")
        };
        assert_eq!(found.manifest, made.manifest);
        assert_eq!(found.digest(), made.digest());
        assert!(matches!(Wheelhouse::find(dir.path(), "debian-11", &key()).unwrap(), Found::Absent));
    }

    #[test]
    fn damage_is_found_and_repaired() {
        let dir = tempfile::tempdir().unwrap();
        let tar = stream(&[("wheels/six-1.16.0-py2.py3-none-any.whl", b"six", FILE)]);
        let made = build(dir.path(), &tar).unwrap();
        std::fs::write(made.folder.join("six-1.16.0-py2.py3-none-any.whl"), b"bad").unwrap();
        let Found::Damaged(why) = Wheelhouse::find(dir.path(), "debian-12", &key()).unwrap() else {
            panic!("not seen")
        };
        assert_eq!(why, "six-1.16.0-py2.py3-none-any.whl has changed");
        build(dir.path(), &tar).unwrap();
        assert!(matches!(Wheelhouse::find(dir.path(), "debian-12", &key()).unwrap(), Found::Whole(_)));
        let left: Vec<_> = std::fs::read_dir(dir.path().join("debian-12")).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn foreign_entries_are_refused_and_leave_nothing() {
        for (path, kind) in [
            ("wheels/../../etc/passwd", FILE),
            ("wheels/a/six-1.16.0-py3-none-any.whl", FILE),
            ("wheels/six-1.16.0-py3-none-any.whl", tar::EntryType::Symlink),
            ("wheels/notes.txt", FILE),
            ("/six-1.16.0-py3-none-any.whl/x", FILE),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let error = build(dir.path(), &stream(&[(path, b"", kind)])).unwrap_err();
            assert!(matches!(error, WheelhouseError::Foreign { .. }), "{path}: {error}");
            assert_eq!(std::fs::read_dir(dir.path().join("debian-12")).unwrap().count(), 0, "{path}");
        }
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(build(dir.path(), &stream(&[("wheels/", b"", DIR)])), Err(WheelhouseError::Empty)));
    }

    #[test]
    fn a_failed_build_leaves_the_earlier_wheelhouse() {
        let dir = tempfile::tempdir().unwrap();
        build(dir.path(), &stream(&[("wheels/six-1.16.0-py2.py3-none-any.whl", b"six", FILE)])).unwrap();
        let broken = stream(&[("wheels/six-1.17.0-py2.py3-none-any.whl", b"six", FILE), ("wheels/x", b"", FILE)]);
        build(dir.path(), &broken).unwrap_err();
        assert!(matches!(Wheelhouse::find(dir.path(), "debian-12", &key()).unwrap(), Found::Whole(_)));
    }
}
