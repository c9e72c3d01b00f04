//! Files that appear whole or not at all.

use std::{
    io::{self, Read, Write},
    path::Path,
};

use fs_err as fs;
use sha2::Digest as _;
use tokio_util::sync::CancellationToken;

use crate::names::Sha256;

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
        .prefix(".tmp-")
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

/// SHA-256 and size of a file, read in pieces.
///
/// # Errors
/// When it cannot be read.
pub fn digest(path: &Path) -> io::Result<(Sha256, u64)> {
    digest_of(&mut fs::File::open(path)?)
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
        if self.cancel.is_cancelled() { Err(io::Error::other("interrupted")) } else { Ok(()) }
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
    fn a_cancelled_writer_fails() {
        let cancel = CancellationToken::new();
        let mut writer = Guarded::new(Vec::new(), cancel.clone());
        writer.write_all(b"x").unwrap();
        cancel.cancel();
        assert!(writer.write_all(b"y").is_err());
    }
}
