//! A store in a folder: `<kind>/<two digits>/<digest>/{entry.json,content}`.
//!
//! An entry is written as `.tmp-…` and renamed, so it is whole or absent, whoever else writes at the same time. The time of
//! `entry.json` is that of its last use; beyond the size limit, what was not used for longest goes first.

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use fs_err as fs;

use super::{Fetched, Key, Kind, Label, Store, StoreError, is_plain};
use crate::util::{
    files::{TEMPORARY, Tee, digest_of, write_whole},
    folder::open_file,
};

/// The form of entries that this program writes and reads.
const VERSION: u32 = 1;

/// The largest `entry.json`, in bytes.
const LARGEST_ENTRY: u64 = 4096;

/// After so long, what a killed process was writing is removed: nobody writes one file for a day.
const ABANDONED: Duration = Duration::from_hours(24);

const ENTRY: &str = "entry.json";
const CONTENT: &str = "content";

/// An entry as it is written.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    version: u32,
    key: String,
    #[serde(rename = "file")]
    label: Label,
}

/// A store in a folder.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    limit: u64,
    /// Bytes of all entries, as far as this process knows; not counted yet when `None`.
    kept: Mutex<Option<u64>>,
}

/// An entry that is there.
struct Place {
    path: PathBuf,
    used: SystemTime,
    size: u64,
}

impl Folder {
    /// The store in `root`, which is made when something is kept. `limit` is in bytes.
    #[must_use]
    pub fn new(root: PathBuf, limit: u64) -> Self {
        Self { root, limit, kept: Mutex::new(None) }
    }

    fn place(&self, key: &Key) -> PathBuf {
        let digest = key.digest.as_str();
        self.root.join(key.kind.word()).join(&digest[..2]).join(digest)
    }

    /// Takes an entry out of the way, then removes it: what is half removed has no name any more.
    fn drop_entry(&self, place: &Path) -> io::Result<()> {
        let aside = tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(&self.root)?;
        match fs::rename(place, aside.path().join("entry")) {
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            renamed => renamed,
        }
    }

    /// Writes an entry and gives it its name; `false` when there is one already.
    fn write(&self, key: &Key, label: &Label, from: &Path) -> Result<bool, StoreError> {
        use std::os::unix::fs::PermissionsExt as _;
        fs::create_dir_all(&self.root)?;
        let fresh = tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(&self.root)?;
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(fresh.path().join(CONTENT))?;
        let (sha256, size) = digest_of(&mut Tee::new(open_file(from)?, &mut file))?;
        if (&sha256, size) != (&label.sha256, label.size) {
            return Err(StoreError::Changed(label.name.clone()));
        }
        file.sync_all()?;
        let entry = Entry { version: VERSION, key: key.to_string(), label: label.clone() };
        write_whole(&fresh.path().join(ENTRY), &serde_json::to_vec_pretty(&entry).map_err(io::Error::from)?)?;
        fs::set_permissions(fresh.path(), std::fs::Permissions::from_mode(0o755))?;
        let place = self.place(key);
        fs::create_dir_all(place.parent().unwrap_or(&self.root))?;
        match fs::rename(fresh.path(), &place) {
            Ok(()) => {
                // It has its name now: nothing temporary is left to be removed.
                let _ = fresh.keep();
                Ok(true)
            }
            // Another process has kept the same in the meantime.
            Err(error) if is_taken(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Counts what was added, and makes room when it is too much.
    fn account(&self, added: u64) -> io::Result<()> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let total = if let Some(before) = *kept {
            before.saturating_add(added)
        } else {
            sweep_abandoned(&self.root)?;
            places(&self.root).iter().map(|place| place.size).sum()
        };
        *kept = Some(if total > self.limit { self.make_room()? } else { total });
        Ok(())
    }

    /// Drops what was not used for longest until the rest fits; gives the bytes of the rest.
    fn make_room(&self) -> io::Result<u64> {
        let mut places = places(&self.root);
        places.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
        let mut total: u64 = places.iter().map(|place| place.size).sum();
        for place in &places {
            if total <= self.limit {
                break;
            }
            self.drop_entry(&place.path)?;
            total -= place.size;
        }
        Ok(total)
    }
}

impl Store for Folder {
    fn fetch(&self, key: &Key, into: &Path) -> Result<Fetched, StoreError> {
        let place = self.place(key);
        if !place.exists() {
            return Ok(Fetched::Absent);
        }
        let damaged = |why: String| -> Result<Fetched, StoreError> {
            self.drop_entry(&place)?;
            Ok(Fetched::Damaged(why))
        };
        let label = match label(&place, key) {
            Ok(label) => label,
            Err(why) => return damaged(why),
        };
        let Ok(content) = open_file(&place.join(CONTENT)) else {
            return damaged(format!("`{}` is missing", label.name));
        };
        let to = into.join(&label.name);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&to)?;
        let copied = digest_of(&mut Tee::new(content.take(label.size.saturating_add(1)), &mut file))?;
        if copied != (label.sha256.clone(), label.size) {
            fs::remove_file(&to)?;
            return damaged(format!("`{}` has changed", label.name));
        }
        touch(&place.join(ENTRY));
        Ok(Fetched::Whole(label))
    }

    fn keep(&self, key: &Key, label: &Label, from: &Path) -> Result<(), StoreError> {
        if !is_plain(&label.name) {
            return Err(StoreError::Name(label.name.escape_debug().to_string()));
        }
        let place = self.place(key);
        if place.join(ENTRY).is_file() {
            let is_outdated = || key.kind == Kind::Product && self::label(&place, key).as_ref() != Ok(label);
            if !is_outdated() {
                touch(&place.join(ENTRY));
                return Ok(());
            }
            self.drop_entry(&place)?;
        }
        if label.size <= self.limit && self.write(key, label, from)? {
            self.account(label.size)?;
        }
        Ok(())
    }
}

/// Bytes of everything that a store in this folder holds.
#[must_use]
pub fn size(root: &Path) -> u64 {
    places(root).iter().map(|place| place.size).sum()
}

/// The label of the entry of a key; why it does not count otherwise.
fn label(place: &Path, key: &Key) -> Result<Label, String> {
    let mut text = Vec::new();
    let read = open_file(&place.join(ENTRY)).and_then(|file| file.take(LARGEST_ENTRY).read_to_end(&mut text));
    read.map_err(|error| error.to_string())?;
    let entry: Entry = serde_json::from_slice(&text).map_err(|error| format!("{key} cannot be read: {error}"))?;
    let own = entry.version == VERSION && entry.key == key.to_string() && is_plain(&entry.label.name);
    let whole = !key.kind.is_by_content() || entry.label.sha256 == key.digest;
    if own && whole { Ok(entry.label) } else { Err(format!("{key} holds something else")) }
}

/// Every entry that is there.
fn places(root: &Path) -> Vec<Place> {
    let entries = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let kinds = Kind::ALL.iter().map(|kind| root.join(kind.word()));
    let found = kinds.flat_map(entries).flat_map(entries);
    found
        .filter_map(|path| {
            let used =
                fs::metadata(path.join(ENTRY)).and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            let size = fs::metadata(path.join(CONTENT)).map_or(0, |meta| meta.len());
            path.is_dir().then_some(Place { path, used, size })
        })
        .collect()
}

/// Removes what killed processes were writing long ago. What others are writing now stays.
fn sweep_abandoned(root: &Path) -> io::Result<()> {
    let now = tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(root)?;
    let now = fs::metadata(now.path())?.modified()?;
    for entry in fs::read_dir(root)?.flatten() {
        let is_temporary = entry.file_name().to_string_lossy().starts_with(TEMPORARY);
        let written = entry.metadata().and_then(|meta| meta.modified());
        let old = written.is_ok_and(|written| now.duration_since(written).is_ok_and(|age| age > ABANDONED));
        if is_temporary && old {
            // One that cannot be removed is in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

/// Notes that an entry was used. Where that cannot be noted (a store of somebody else), it only goes earlier.
fn touch(entry: &Path) {
    use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
    let nothing = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    if let Ok(file) = open_file(entry) {
        let _ = rustix::fs::futimens(&file, &Timestamps { last_access: nothing, last_modification: now });
    }
}

/// Whether a folder could not be renamed because there is one of that name.
fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists)
}

#[cfg(test)]
mod tests;
