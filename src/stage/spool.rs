//! [`Spool`]: the one file that contents wait in between being read and being written. Offsets only grow; nothing in it
//! is ever changed, so readers need no lock.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    sync::Arc,
};

use super::Kind;

/// The file that holds the contents of all trees of a run: unlinked at once, so that nothing is left whatever happens.
#[derive(Debug, Clone)]
pub struct Spool {
    file: Arc<File>,
    end: Arc<std::sync::Mutex<u64>>,
}

impl Spool {
    /// An empty spool in the system's temporary folder.
    ///
    /// # Errors
    /// When no file can be made there.
    pub fn new() -> io::Result<Self> {
        Ok(Self { file: Arc::new(tempfile::tempfile()?), end: Arc::default() })
    }

    /// Whether both are the same file.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file)
    }

    /// Copies everything of `reader` to the end of the spool. One writer at a time; a second one waits.
    ///
    /// # Errors
    /// When the reader fails or the disk is full; the spool is then as before.
    pub fn append(&self, reader: &mut dyn Read) -> io::Result<Kind> {
        use sha2::Digest as _;
        let mut end = self.end.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let start = *end;
        let mut at = start;
        let mut hash = sha2::Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let got = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(got) => got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            hash.update(&buffer[..got]);
            self.file.write_all_at(&buffer[..got], at)?;
            at += got as u64;
        }
        *end = at;
        Ok(Kind::File { offset: start, size: at - start, sha256: hash.finalize().into() })
    }

    /// A reader of the bytes from `offset`, `size` of them.
    #[must_use]
    pub fn reader(&self, offset: u64, size: u64) -> impl Read + Seek + use<> {
        SpoolReader { file: Arc::clone(&self.file), start: offset, at: offset, left: size }
    }
}

struct SpoolReader {
    file: Arc<File>,
    start: u64,
    at: u64,
    left: u64,
}

impl Seek for SpoolReader {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        let (at, end) = (self.at - self.start, self.at - self.start + self.left);
        let wanted = match place {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => at.checked_add_signed(by),
            SeekFrom::End(by) => end.checked_add_signed(by),
        };
        let wanted = wanted.filter(|wanted| *wanted <= end);
        let wanted = wanted.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "outside of the file"))?;
        self.at = self.start + wanted;
        self.left = end - wanted;
        Ok(wanted)
    }
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if want == 0 {
            return Ok(0);
        }
        let got = self.file.read_at(&mut buffer[..want], self.at)?;
        if got == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the spool ends early"));
        }
        self.at += got as u64;
        self.left -= got as u64;
        Ok(got)
    }
}
