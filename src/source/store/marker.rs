//! What says that a folder is ours: a `CACHEDIR.TAG` (bford.info/cachedir) with a line of this program's. Nothing is removed of a
//! folder that has none, unless everything in it has the shape of what is kept there.

use std::{io, os::fd::OwnedFd, path::Path};

use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat, unlinkat},
    io::Errno,
};

use crate::util::files::TEMPORARY;

/// The marker's name.
pub const NAME: &str = "CACHEDIR.TAG";

/// How a marker of ours begins. The first line is that of every cache: backup programs leave such folders out.
const SIGNATURE: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# A cache of factory";
const REST: &str = ", which `factory clean --all` removes. What has not the shape of its entries stays.\n";

/// What a file system itself puts into the top of a volume.
const OF_VOLUMES: &str = "lost+found";

/// Whose a folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// There is no such folder.
    Absent,
    /// This program's: it has the marker, or nothing but what has its shape.
    Ours,
    /// Somebody's: why.
    Foreign(String),
}

/// A folder, opened without following a link.
///
/// # Errors
/// When it is none, or cannot be read.
pub(in crate::source) fn open(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(CWD, path, flags, Mode::empty())?)
}

/// The same below an opened one.
pub(in crate::source) fn open_in(folder: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(folder, name, flags, Mode::empty())?)
}

/// A regular file in a folder, opened without following a link or waiting for a pipe.
pub(in crate::source) fn open_file(folder: &OwnedFd, name: &str) -> io::Result<std::fs::File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = std::fs::File::from(openat(folder, name, flags, Mode::empty())?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other(format!("`{name}` is not a file"))) }
}

/// The names in a folder, sorted; one that is not UTF-8 is not ours, and told with its odd letters replaced.
pub(in crate::source) fn names(folder: &OwnedFd) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name != "." && name != ".." {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a name in a folder is one of a regular file.
pub(in crate::source) fn is_file(folder: &OwnedFd, name: &str) -> bool {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
    stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
}

/// Removes a regular file of a folder; `false` where it is none, or gone.
pub(in crate::source) fn remove_file(folder: &OwnedFd, name: &str) -> io::Result<bool> {
    Ok(is_file(folder, name) && gone(unlinkat(folder, name, AtFlags::empty()))?)
}

/// Removes an empty folder; `false` where it is none, gone, or has something in it.
pub(in crate::source) fn remove_folder(folder: &OwnedFd, name: &str) -> io::Result<bool> {
    gone(unlinkat(folder, name, AtFlags::REMOVEDIR))
}

fn gone(removed: Result<(), Errno>) -> io::Result<bool> {
    match removed {
        Ok(()) => Ok(true),
        Err(Errno::NOENT | Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR | Errno::BUSY) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whose a folder is; `has_shape` says of a name in it whether it is what is kept there.
///
/// # Errors
/// When it cannot be read.
pub(in crate::source) fn claim(path: &Path, has_shape: &dyn Fn(&OwnedFd, &str) -> bool) -> io::Result<Claim> {
    let folder = match open(path) {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Claim::Absent),
        Err(_) if fs_err::symlink_metadata(path).is_ok_and(|meta| !meta.is_dir()) => {
            return Ok(Claim::Foreign("it is a link, or no folder".to_owned()));
        }
        Err(error) => return Err(error),
    };
    if has_marker(&folder) {
        return Ok(Claim::Ours);
    }
    let ours =
        |name: &String| name == NAME || name == OF_VOLUMES || name.starts_with(TEMPORARY) || has_shape(&folder, name);
    match names(&folder)?.into_iter().find(|name| !ours(name)) {
        None => Ok(Claim::Ours),
        Some(name) => Ok(Claim::Foreign(format!(
            "it has no `{NAME}` of this program, and holds `{}`, which is nothing of ours",
            name.escape_debug()
        ))),
    }
}

fn has_marker(folder: &OwnedFd) -> bool {
    use std::io::Read as _;
    let Ok(file) = open_file(folder, NAME) else { return false };
    let mut text = Vec::new();
    let read = file.take(1024).read_to_end(&mut text);
    read.is_ok() && text.starts_with(SIGNATURE.as_bytes())
}

/// Puts the marker into a folder of ours that has none.
///
/// # Errors
/// When it cannot be written.
pub(in crate::source) fn put(path: &Path, has_shape: &dyn Fn(&OwnedFd, &str) -> bool) -> io::Result<()> {
    let folder = open(path)?;
    if !has_marker(&folder) && !is_file(&folder, NAME) && claim(path, has_shape)? == Claim::Ours {
        crate::util::files::write_whole(&path.join(NAME), format!("{SIGNATURE}{REST}").as_bytes())?;
    }
    Ok(())
}

/// Takes the marker out of a folder that has nothing else any more, and then the folder itself, where it is empty.
pub(in crate::source) fn take(path: &Path) -> io::Result<()> {
    let folder = open(path)?;
    if has_marker(&folder) && names(&folder)? == [NAME] {
        remove_file(&folder, NAME)?;
    }
    // One that holds something of somebody else stays.
    let _ = fs_err::remove_dir(path);
    Ok(())
}
