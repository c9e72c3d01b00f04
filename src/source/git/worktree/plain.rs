//! Files of a repository that somebody else wrote: regular ones only, of bounded size, and what is in them is never told.

use std::{
    io::{self, Read as _},
    path::Path,
};

use fs_err::{self as fs, os::unix::fs::OpenOptionsExt as _};

use super::error::WorktreeError;

/// An open regular file; `None` where there is none. A pipe or a device is never waited for.
pub fn open(path: &Path) -> Result<Option<fs::File>, WorktreeError> {
    open_with(path, 0)
}

/// The same, and a symbolic link is none.
pub fn open_unlinked(path: &Path) -> Result<Option<fs::File>, WorktreeError> {
    open_with(path, rustix::fs::OFlags::NOFOLLOW.bits())
}

fn open_with(path: &Path, flags: u32) -> Result<Option<fs::File>, WorktreeError> {
    let flags = flags | (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    let file = match fs::OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if is_missing(&error) => return Ok(None),
        // A socket or a device without a driver.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
            return Err(WorktreeError::Special { path: path.to_owned() });
        }
        Err(error) => return Err(error.into()),
    };
    match file.metadata()? {
        meta if meta.is_file() => Ok(Some(file)),
        // Where a file was asked for, a folder is none: `refs/heads/a` beside `refs/heads/a/b`.
        meta if meta.is_dir() => Ok(None),
        _ => Err(WorktreeError::Special { path: path.to_owned() }),
    }
}

/// The bytes of a regular file of at most `most`; `None` where there is none.
pub fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>, WorktreeError> {
    let Some(file) = open(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    if file.take(most + 1).read_to_end(&mut bytes)? as u64 > most {
        return Err(too_large(path, most));
    }
    Ok(Some(bytes))
}

/// The same of a file that git never writes as a link: one would have the contents of another file taken for it.
pub fn read_itself(path: &Path, most: u64) -> Result<Option<Vec<u8>>, WorktreeError> {
    if fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink()) {
        return Err(WorktreeError::Led { path: path.to_owned() });
    }
    read(path, most)
}

/// Copies a regular file of at most `most` bytes; `false` where there is none. The copy keeps the time of its last change: files
/// that were changed in the moment when an index was written are known by it (git's documentation, racy-git).
pub fn copy(from: &Path, to: &Path, most: u64) -> Result<bool, WorktreeError> {
    let Some(file) = open(from)? else { return Ok(false) };
    let changed = file.metadata()?.modified()?;
    let mut made = fs::OpenOptions::new().write(true).create_new(true).open(to)?;
    if io::copy(&mut file.take(most + 1), &mut made)? > most {
        return Err(too_large(from, most));
    }
    made.set_modified(changed)?;
    Ok(true)
}

/// Whether there is nothing of a name, or what is above it is no folder.
pub fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn too_large(path: &Path, most: u64) -> WorktreeError {
    broken(path, &format!("is larger than {most} bytes"))
}

/// Something is not as git writes it.
pub fn broken(path: &Path, reason: &str) -> WorktreeError {
    WorktreeError::Broken { path: path.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_are_read_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        rustix::fs::mknodat(
            rustix::fs::CWD,
            path("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        std::os::unix::fs::symlink("/dev/zero", path("zero")).unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        fs::write(path("file"), "12345").unwrap();
        assert!(matches!(read(&path("pipe"), 10), Err(WorktreeError::Special { .. })));
        assert!(matches!(read(&path("zero"), 10), Err(WorktreeError::Special { .. })));
        assert_eq!(read(&path("none"), 10).unwrap(), None);
        assert_eq!(read(&path("link"), 5).unwrap().unwrap(), b"12345");
        assert!(matches!(read(&path("file"), 4), Err(WorktreeError::Broken { .. })));
        assert!(open_unlinked(&path("link")).is_err());
    }

    #[test]
    fn a_copy_is_as_old_as_what_it_is_a_copy_of() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("index"), folder.path().join("copy"));
        fs::write(&from, "12345").unwrap();
        let then = std::time::UNIX_EPOCH + std::time::Duration::from_nanos(1_700_000_000_123_456_789);
        fs::File::options().write(true).open(&from).unwrap().set_modified(then).unwrap();
        assert!(copy(&from, &to, 5).unwrap());
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), then);
    }
}
