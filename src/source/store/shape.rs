//! The shape of a store: `<kind>/<two digits>/<digest>/{entry.json,content}`. Nothing else in its folder is ever removed.

use std::{io, os::fd::OwnedFd, path::Path};

use super::marker::Claim;
use super::{Key, Kind, marker};
use crate::util::files::TEMPORARY;

pub(super) const ENTRY: &str = "entry.json";
pub(super) const CONTENT: &str = "content";
/// What an entry is called that was taken out of the way.
pub(super) const ASIDE: &str = "entry";

/// The way from the store's folder to that of a key's entry.
pub(super) fn parts(key: &Key) -> [&str; 3] {
    let digest = key.digest.as_str();
    [key.kind.word(), &digest[..2], digest]
}

/// Whose a folder is that may be a store.
///
/// # Errors
/// When it cannot be read.
pub fn claim(root: &Path) -> io::Result<Claim> {
    marker::claim(root, &is_kind)
}

pub(super) fn is_kind(root: &OwnedFd, name: &str) -> bool {
    let all = |folder: &OwnedFd, good: &dyn Fn(&OwnedFd, &str) -> bool| {
        marker::names(folder).is_ok_and(|names| names.iter().all(|name| good(folder, name)))
    };
    let is_entry = |folder: &OwnedFd, name: &str| {
        is_digest(name, 64) && marker::open_in(folder, name).is_ok_and(|entry| all(&entry, &is_part))
    };
    let is_shelf = |folder: &OwnedFd, name: &str| {
        is_digest(name, 2) && marker::open_in(folder, name).is_ok_and(|shelf| all(&shelf, &is_entry))
    };
    is_word(name) && marker::open_in(root, name).is_ok_and(|kind| all(&kind, &is_shelf))
}

fn is_part(entry: &OwnedFd, name: &str) -> bool {
    (name == ENTRY || name == CONTENT) && marker::is_file(entry, name)
}

fn is_word(name: &str) -> bool {
    Kind::ALL.iter().any(|kind| kind.word() == name)
}

pub(super) fn is_digest(name: &str, length: usize) -> bool {
    name.len() == length && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Calls `each` with every entry that has the shape: the folder that it is in, opened, its path below the root, and its name.
pub(super) fn walk(root: &Path, each: &mut dyn FnMut(&OwnedFd, &str, &str) -> io::Result<()>) -> io::Result<()> {
    let root = match marker::open(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        root => root?,
    };
    for kind in Kind::ALL.map(Kind::word) {
        let Ok(folder) = marker::open_in(&root, kind) else { continue };
        for shelf in marker::names(&folder)?.into_iter().filter(|name| is_digest(name, 2)) {
            let Ok(entries) = marker::open_in(&folder, &shelf) else { continue };
            let above = format!("{kind}/{shelf}");
            for name in marker::names(&entries)?.into_iter().filter(|name| is_digest(name, 64)) {
                each(&entries, &above, &name)?;
            }
        }
    }
    Ok(())
}

/// Bytes of everything that a store in this folder holds.
#[must_use]
pub fn size(root: &Path) -> u64 {
    let mut sum = 0_u64;
    let counted = walk(root, &mut |folder, _, name| {
        sum = sum.saturating_add(marker::open_in(folder, name).map_or(0, |entry| content_size(&entry)));
        Ok(())
    });
    counted.map_or(0, |()| sum)
}

pub(super) fn content_size(entry: &OwnedFd) -> u64 {
    let stat = rustix::fs::statat(entry, CONTENT, rustix::fs::AtFlags::SYMLINK_NOFOLLOW);
    stat.map_or(0, |stat| u64::try_from(stat.st_size).unwrap_or_default())
}

/// Removes an entry's own files and its folder; what somebody put beside them stays.
pub(super) fn remove_entry(folder: &OwnedFd, name: &str) -> io::Result<()> {
    let Ok(entry) = marker::open_in(folder, name) else { return Ok(()) };
    for part in
        marker::names(&entry)?.iter().filter(|part| *part == ENTRY || *part == CONTENT || part.starts_with(TEMPORARY))
    {
        marker::remove_file(&entry, part)?;
    }
    if let Ok(aside) = marker::open_in(&entry, ASIDE) {
        for part in [ENTRY, CONTENT] {
            marker::remove_file(&aside, part)?;
        }
        marker::remove_folder(&entry, ASIDE)?;
    }
    marker::remove_folder(folder, name)?;
    Ok(())
}

/// Removes everything of a store that has its shape, and the folder where nothing else is in it. No link is followed.
///
/// # Errors
/// When something of it cannot be removed. A folder that is not ours is left alone.
pub fn remove(root: &Path) -> io::Result<()> {
    if claim(root)? != Claim::Ours {
        return Ok(());
    }
    walk(root, &mut |folder, _, name| remove_entry(folder, name))?;
    let folder = marker::open(root)?;
    for kind in Kind::ALL.map(Kind::word) {
        let Ok(shelves) = marker::open_in(&folder, kind) else { continue };
        for shelf in marker::names(&shelves)? {
            marker::remove_folder(&shelves, &shelf)?;
        }
        marker::remove_folder(&folder, kind)?;
    }
    for name in marker::names(&folder)?.into_iter().filter(|name| name.starts_with(TEMPORARY)) {
        remove_entry(&folder, &name)?;
    }
    marker::take(root)
}
