//! Files that appear whole or not at all.

mod replace;

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use fs_err as fs;
use sha2::Digest as _;
use tokio_util::sync::CancellationToken;

pub use self::replace::replace_folder;
use super::folder::{Folder, open_file};
use crate::names::Sha256;

/// How the names of temporary files and folders begin.
pub const TEMPORARY: &str = ".tmp-";

/// Removes the temporary files and folders that a killed run has left in `folder` and in the folders in it. Only where
/// no other run may be writing.
pub fn sweep(folder: &Folder) {
    let entries = |path: &Path| folder.entries(path).unwrap_or_default();
    let folders = entries(Path::new("")).into_iter().filter(|(_, kind)| kind.is_dir()).map(|(name, _)| name.into());
    let folders: Vec<PathBuf> = std::iter::once(PathBuf::new()).chain(folders).collect();
    for place in folders {
        for name in entries(&place).into_keys().filter(|name| name.to_string_lossy().starts_with(TEMPORARY)) {
            // One that cannot be removed does no harm; the next run tries again.
            let _ = folder.remove(&place.join(name));
        }
    }
}

/// Writes `bytes` to `path` through a temporary file beside it and a rename. Missing folders are made.
///
/// # Errors
/// When the folder cannot be made, or the disk is full: `path` is then as before.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = temporary_in(folder)?;
    file.write_all(bytes)?;
    persist(file, path)
}

/// A temporary file beside its later name, readable by all as ordinary files are. Gone when dropped.
///
/// # Errors
/// When the folder cannot be written.
pub fn temporary_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;
    tempfile::Builder::new()
        .prefix(TEMPORARY)
        .permissions(std::fs::Permissions::from_mode(0o644))
        .tempfile_in(folder)
        .map_err(|error| io::Error::new(error.kind(), format!("a file in `{}`: {error}", folder.display())))
}

/// Gives a finished temporary file its name; its bytes are on the disk before the name is.
///
/// # Errors
/// When the disk is full or the name cannot be made.
pub fn persist(file: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failed| {
        io::Error::new(failed.error.kind(), format!("a file as `{}`: {}", path.display(), failed.error))
    })?;
    Ok(())
}

/// A regular file that somebody named, also through links. Anything else is refused, and no pipe is waited for.
///
/// # Errors
/// When it cannot be opened, or is no file.
pub fn open_regular(path: &Path) -> io::Result<fs::File> {
    use fs_err::os::unix::fs::OpenOptionsExt as _;
    let flags = (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{}` is not a file", path.display())))
}

/// The bytes of a file of at most `most`; `None` where it is larger.
///
/// # Errors
/// When it cannot be read, or is no file.
pub fn read_bounded(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let read = open_regular(path)?.take(most + 1).read_to_end(&mut bytes)?;
    Ok((read as u64 <= most).then_some(bytes))
}

/// SHA-256 and size of a regular file, read in pieces. The last component of its path is no link.
///
/// # Errors
/// When it cannot be read.
pub fn digest(path: &Path) -> io::Result<(Sha256, u64)> {
    digest_of(&mut open_file(path)?)
}

/// SHA-256 and length of everything a reader gives.
///
/// # Errors
/// When it cannot be read.
pub fn digest_of(reader: &mut dyn Read) -> io::Result<(Sha256, u64)> {
    let mut hash = sha2::Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok((Sha256::from_digest(hash.finalize().into()), size)),
            Ok(got) => {
                hash.update(&buffer[..got]);
                size += got as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Copies everything that is read from `from` to a file.
#[derive(Debug)]
pub struct Tee<'a, R> {
    from: R,
    to: &'a mut fs::File,
}

impl<'a, R> Tee<'a, R> {
    /// Copies what is read of `from` to `to`.
    pub fn new(from: R, to: &'a mut fs::File) -> Self {
        Self { from, to }
    }
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.from.read(buffer)?;
        self.to.write_all(&buffer[..got])?;
        Ok(got)
    }
}

/// Why a [`Guarded`] one fails.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Stopped;

/// A writer that fails once a token is cancelled, so that work on another thread ends soon after Ctrl-C.
#[derive(Debug)]
pub struct Guarded<W> {
    inner: W,
    cancel: CancellationToken,
}

impl<W> Guarded<W> {
    /// Guards `inner`.
    pub fn new(inner: W, cancel: CancellationToken) -> Self {
        Self { inner, cancel }
    }

    /// What it guards.
    pub fn into_inner(self) -> W {
        self.inner
    }

    fn check(&self) -> io::Result<()> {
        if self.cancel.is_cancelled() { Err(io::Error::other(Stopped)) } else { Ok(()) }
    }
}

impl<W: Write> Write for Guarded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.check()?;
        self.inner.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: io::Seek> io::Seek for Guarded<W> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.inner.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_somebody_named_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, path("x.pkg"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
        fs::write(path("file"), "12345").unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        std::os::unix::fs::symlink("x.pkg", path("to-pipe")).unwrap();
        assert_eq!(read_bounded(&path("link"), 5).unwrap().unwrap(), b"12345");
        for name in ["x.pkg", "to-pipe", "."] {
            let error = open_regular(&path(name)).unwrap_err().to_string();
            assert!(error.ends_with("is not a file"), "{error}");
        }
    }

    #[test]
    fn a_file_is_whole_and_readable() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.txt");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(std::fs::read_dir(folder.path().join("a")).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn what_a_killed_run_left_is_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        for path in [".tmp-a", "b/.tmp-c", "b/d", "b/.tmp-e/f", "g/h/.tmp-i"] {
            write_whole(&folder.path().join(path), b"x").unwrap();
        }
        sweep(&Folder::open(folder.path(), crate::util::folder::Links::Refused).unwrap());
        let left = |path: &str| folder.path().join(path).exists();
        assert!(!left(".tmp-a") && !left("b/.tmp-c") && !left("b/.tmp-e"));
        assert!(left("b/d") && left("g/h/.tmp-i"));
    }

    #[test]
    fn a_cancelled_writer_fails() {
        let cancel = CancellationToken::new();
        let mut writer = Guarded::new(Vec::new(), cancel.clone());
        writer.write_all(b"x").unwrap();
        cancel.cancel();
        assert!(writer.write_all(b"y").is_err());
    }
}
