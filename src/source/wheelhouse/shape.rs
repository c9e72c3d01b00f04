//! The shape of a wheel cache: `<platform>/<32 digits>/` with a manifest of ours and the wheels that it lists, beside the store.
//! Nothing else in it is ever removed.

use std::{
    io::{self, Read as _},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use super::{MANIFEST, MANIFEST_VERSION, Manifest, store};
use crate::{
    names::PlatformId,
    source::store::{
        Claim,
        marker::{self, names, open, open_file, open_in, put, remove_file, remove_folder},
    },
    util::{files::TEMPORARY, folder::IGNORED},
};

/// The largest manifest, in bytes: that of five thousand wheels has 2 MB.
const LARGEST: u64 = 16 << 20;

/// A wheel cache's folder for a function that follows no link at a path's end. Whoever names the cache may name a link: that leads
/// where they mean. (One that a project brings along is refused when the project is opened.)
fn meant(wheel_dir: &Path) -> PathBuf {
    wheel_dir.join(".")
}

/// Whose a folder is that may be a wheel cache.
///
/// # Errors
/// When it cannot be read.
pub fn claim(wheel_dir: &Path) -> io::Result<Claim> {
    marker::claim(&meant(wheel_dir), &is_platform)
}

/// Puts the marker into a wheel cache that is ours.
pub(super) fn mark(wheel_dir: &Path) -> io::Result<()> {
    put(&meant(wheel_dir), &is_platform)
}

fn is_platform(wheel_dir: &OwnedFd, name: &str) -> bool {
    if name == IGNORED.0 {
        // With it a cache that was made here ignores itself.
        return true;
    }
    if name == "store" {
        // It has a marker of its own.
        return open_in(wheel_dir, name).is_ok();
    }
    let Ok(folder) = open_in(wheel_dir, name) else { return false };
    let ours = |house: &String| house.starts_with(TEMPORARY) || manifest(&folder, name, house).is_some();
    name.parse::<PlatformId>().is_ok() && names(&folder).is_ok_and(|names| names.iter().all(ours))
}

/// The manifest of a wheelhouse: only one of our form, whose key is that of its folder.
fn manifest(platform: &OwnedFd, id: &str, name: &str) -> Option<Manifest> {
    let is_key = name.len() == 32 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let house = is_key.then(|| open_in(platform, name).ok()).flatten()?;
    let mut text = Vec::new();
    open_file(&house, MANIFEST).ok()?.take(LARGEST).read_to_end(&mut text).ok()?;
    let manifest: Manifest = serde_json::from_slice(&text).ok()?;
    let own =
        manifest.version == MANIFEST_VERSION && manifest.platform == id && manifest.key.as_str().starts_with(name);
    own.then_some(manifest)
}

/// The wheelhouses of a platform in a cache that is ours: whatever else somebody keeps there is not.
#[must_use]
pub fn all(wheel_dir: &Path, platform: &str) -> Vec<PathBuf> {
    let folder = open(&meant(wheel_dir)).and_then(|wheel_dir| open_in(&wheel_dir, platform));
    let (Ok(folder), Ok(Claim::Ours)) = (folder, claim(wheel_dir)) else { return Vec::new() };
    let mut found = names(&folder).unwrap_or_default();
    found.retain(|name| manifest(&folder, platform, name).is_some());
    found.iter().map(|name| wheel_dir.join(platform).join(name)).collect()
}

/// Removes a wheelhouse: its manifest, the wheels that it lists, and its folder where nothing else is in it. No link is followed.
///
/// # Errors
/// When something of it cannot be removed.
pub fn remove(wheel_dir: &Path, platform: &str, name: &str) -> io::Result<()> {
    let root = open(&meant(wheel_dir))?;
    let folder = open_in(&root, platform)?;
    let Some(manifest) = manifest(&folder, platform, name) else { return Ok(()) };
    let house = open_in(&folder, name)?;
    for wheel in &manifest.wheels {
        remove_file(&house, wheel.file.as_str())?;
    }
    // Last: it says what else is ours.
    remove_file(&house, MANIFEST)?;
    remove_folder(&folder, name)?;
    remove_folder(&root, platform)?;
    Ok(())
}

/// Removes what killed runs have left in the platforms' folders of a cache that is ours. Only where no other run may be writing.
pub fn sweep(wheel_dir: &Path) {
    let (Ok(Claim::Ours), Ok(root)) = (claim(wheel_dir), open(&meant(wheel_dir))) else { return };
    let platforms = names(&root).unwrap_or_default().into_iter().filter(|name| name.parse::<PlatformId>().is_ok());
    let stores = std::iter::once(store(wheel_dir)).filter(|_| open_in(&root, "store").is_ok());
    let folders = platforms.filter(|name| open_in(&root, name).is_ok()).map(|name| wheel_dir.join(name)).chain(stores);
    for folder in folders {
        for entry in fs_err::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY) && !is_link(&entry) {
                // One that cannot be removed does no harm; the next run tries again.
                let _ = fs_err::remove_dir_all(entry.path());
            }
        }
    }
}

fn is_link(entry: &fs_err::DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| !kind.is_dir())
}

/// Takes the marker of a wheel cache that has nothing else any more, and the folder.
///
/// # Errors
/// When it cannot be read.
pub fn forget(wheel_dir: &Path) -> io::Result<()> {
    match open(&meant(wheel_dir)) {
        Ok(folder) => {
            let only = |names: Vec<String>| names.iter().all(|name| [IGNORED.0, marker::NAME].contains(&name.as_str()));
            let ignored = wheel_dir.join(IGNORED.0);
            if names(&folder).is_ok_and(only) && fs_err::read(&ignored).is_ok_and(|bytes| bytes == IGNORED.1) {
                remove_file(&folder, IGNORED.0)?;
            }
            marker::take(&meant(wheel_dir))?;
            // One that holds something of somebody else stays, and so does what a link leads to.
            let _ = fs_err::remove_dir(wheel_dir);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cache with one wheelhouse of this manifest, and what somebody keeps beside it.
    fn cache(change: impl Fn(String) -> String) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let key = crate::names::Sha256::of("key");
        let house = dir.path().join("debian-12").join(&key.as_str()[..32]);
        std::fs::create_dir_all(&house).unwrap();
        let text = format!(
            "{{\"version\": 1, \"key\": \"{key}\", \"platform\": \"debian-12\", \"inputs\": {{}}, \"wheels\": []}}"
        );
        std::fs::write(house.join(MANIFEST), change(text)).unwrap();
        (dir, house)
    }

    #[test]
    fn a_cache_is_known_by_its_shape_or_its_marker() {
        let (dir, house) = cache(|text| text);
        assert_eq!(claim(dir.path()).unwrap(), Claim::Ours, "one of before there were markers");
        assert_eq!(all(dir.path(), "debian-12"), [house]);
        std::fs::write(dir.path().join("notes.txt"), "").unwrap();
        assert!(matches!(claim(dir.path()).unwrap(), Claim::Foreign(why) if why.contains("notes.txt")));
        assert_eq!(all(dir.path(), "debian-12"), Vec::<PathBuf>::new());
        std::fs::remove_file(dir.path().join("notes.txt")).unwrap();
        mark(dir.path()).unwrap();
        std::fs::write(dir.path().join("notes.txt"), "").unwrap();
        assert_eq!(claim(dir.path()).unwrap(), Claim::Ours);
        assert_eq!(claim(&dir.path().join("nowhere")).unwrap(), Claim::Absent);
    }

    #[test]
    fn a_manifest_of_somebody_else_makes_no_wheelhouse() {
        for (from, to) in
            [("\"version\": 1", "\"version\": 2"), ("debian-12", "debian-13"), ("wheels", "files"), ("{", "")]
        {
            let (dir, house) = cache(|text| text.replacen(from, to, 1));
            assert!(matches!(claim(dir.path()).unwrap(), Claim::Foreign(_)), "{from}");
            remove(dir.path(), "debian-12", house.file_name().unwrap().to_str().unwrap()).unwrap();
            assert!(house.join(MANIFEST).exists(), "{from}");
        }
    }

    #[test]
    fn no_link_is_followed() {
        let (dir, house) = cache(|text| text);
        let elsewhere = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(dir.path().join("debian-12"), elsewhere.path().join("debian-12")).unwrap();
        let name = house.file_name().unwrap().to_str().unwrap();
        assert!(remove(elsewhere.path(), "debian-12", name).is_err());
        assert!(all(elsewhere.path(), "debian-12").is_empty() && house.exists());
        std::fs::write(house.join("theirs"), "").unwrap();
        remove(dir.path(), "debian-12", name).unwrap();
        assert!(house.join("theirs").exists() && !house.join(MANIFEST).exists());
    }
}
