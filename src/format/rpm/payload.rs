//! The compressed payload, with the digests that the header wants of it.
//!
//! The header comes before the payload in the file and holds its digest, and the MD5 of the signature header runs over
//! header and payload in this order. So neither can be finished while the payload is made: it waits in a file without a
//! name, of the size of the package, and is copied behind the header. Memory does not grow with it.

use std::{
    fs::File,
    io::{self, Seek as _, Write},
};

use sha2::{Digest as _, Sha256};

use super::{
    super::{
        BlockCache, FormatError,
        codec::{self, Member, Members},
    },
    Rpm, cpio,
    files::Files,
};
use crate::stage::Tree;

/// How large a stream was, and its SHA-256.
#[derive(Debug)]
pub(super) struct Sum {
    /// Bytes.
    pub(super) size: u64,
    /// In hex.
    pub(super) sha256: String,
}

/// A payload that waits to be copied.
#[derive(Debug)]
pub(super) struct Payload {
    file: File,
    /// As it is in the package.
    pub(super) packed: Sum,
    /// The archive before it was compressed.
    pub(super) plain: Sum,
}

impl Payload {
    /// Packs the files. `out` is only asked whether the work shall go on.
    ///
    /// # Errors
    /// When the spool, the system's temporary folder or `out` fails.
    pub(super) fn pack(
        rpm: Rpm,
        tree: &Tree,
        files: &Files,
        cache: Option<&dyn BlockCache>,
        out: &mut dyn Write,
    ) -> Result<Self, FormatError> {
        let mut waiting = tempfile::tempfile()?;
        let mut packed = Summing::new(Stoppable { file: &mut waiting, asked: out });
        let mut plain = None;
        codec::compress(rpm.codec, rpm.threads, cache, &mut packed, |out| {
            let mut summing = Summing::new(out);
            cpio::write(tree, files, &mut summing)?;
            plain = Some(summing.sum());
            Ok(())
        })?;
        let packed = packed.sum();
        let plain = plain.ok_or_else(|| io::Error::other("the codec asked for no content"))?;
        Ok(Self { file: waiting, packed, plain })
    }

    /// Copies it.
    ///
    /// # Errors
    /// When the file cannot be read or `out` fails.
    pub(super) fn copy(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.file.rewind()?;
        io::copy(&mut self.file, out).map(drop)
    }
}

/// Sums what passes through.
struct Summing<W> {
    to: W,
    hash: Sha256,
    size: u64,
}

impl<W: Write> Summing<W> {
    fn new(to: W) -> Self {
        Self { to, hash: Sha256::new(), size: 0 }
    }

    fn sum(self) -> Sum {
        Sum { size: self.size, sha256: hex::encode(self.hash.finalize()) }
    }
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Members for Summing<&mut dyn Members> {
    fn member(&mut self, member: Member<'_>) -> io::Result<()> {
        self.to.member(member)
    }
}

/// Writes to a file what another target may stop: a full disk is found there, and so is somebody's Ctrl-C.
struct Stoppable<'a> {
    file: &'a mut File,
    asked: &'a mut dyn Write,
}

impl Write for Stoppable<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.asked.write(&[])?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
