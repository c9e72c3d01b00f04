//! Writing an archive: the same entries give the same bytes.

use std::io::{self, Read, Seek, SeekFrom, Write};

use flate2::{Compression, write::DeflateEncoder};

use super::{
    central::LARGE,
    error::{WriteError, ZipError},
    layout::{CENTRAL, END, END_64, LOCAL, LOCATOR_64, UTF8},
};
use crate::format::dos;

/// Where numbers of the ordinary form end, and those of the larger one (zip64) begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Sizes and places from this one on are not written in the ordinary form.
    pub bytes: u64,
    /// Nor is this number of entries.
    pub entries: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { bytes: u32::MAX.into(), entries: u16::MAX.into() }
    }
}

/// An archive that is being written. Every entry is deflated. What is larger than 4 GiB, or more than 65,534 entries, is in the
/// larger form, which the zipfile of Python 2.7 reads, too; nothing else is.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    /// DOS date and time of every entry.
    time: (u16, u16),
    at: u64,
    directory: Vec<u8>,
    entries: u64,
    bounds: Bounds,
}

/// Passes bytes on and counts them.
struct Counted<'w, W> {
    out: &'w mut W,
    count: u64,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.count += written as u64;
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What a number of the ordinary form is where the larger one has it.
fn short(number: u64, bound: u64) -> u32 {
    u32::try_from(number).ok().filter(|_| number < bound).unwrap_or(u32::MAX)
}

/// The extra field of the larger form; nothing where it would be empty.
fn large(numbers: &[u64]) -> Vec<u8> {
    let Ok(length @ 1..) = u16::try_from(8 * numbers.len()) else { return Vec::new() };
    let numbers = numbers.iter().flat_map(|number| number.to_le_bytes());
    LARGE.to_le_bytes().into_iter().chain(length.to_le_bytes()).chain(numbers).collect()
}

/// What the header of an entry says in both of its places, from the version that reads it to the length of its extra field.
struct Header {
    is_large: bool,
    flags: u16,
    time: (u16, u16),
    crc: u32,
    packed: u32,
    size: u32,
    name: u16,
    extra: u16,
}

impl Header {
    fn bytes(&self) -> Vec<u8> {
        let version = if self.is_large { 45 } else { 20 };
        let first = [version, self.flags, 8, self.time.1, self.time.0];
        let sizes = [self.crc, self.packed, self.size].into_iter().flat_map(u32::to_le_bytes);
        let lengths = [self.name, self.extra].into_iter().flat_map(u16::to_le_bytes);
        first.into_iter().flat_map(u16::to_le_bytes).chain(sizes).chain(lengths).collect()
    }
}

impl<W: Write + Seek> Writer<W> {
    /// An archive from the beginning of `out`, every entry with this time (seconds since 1970 UTC, from 1980 on).
    #[must_use]
    pub fn new(out: W, epoch: i64) -> Self {
        Self { out, time: dos::time_of(epoch), at: 0, directory: Vec::new(), entries: 0, bounds: Bounds::default() }
    }

    /// The same with other bounds: a test has no gigabytes.
    #[cfg(test)]
    pub(super) fn bounded(out: W, epoch: i64, bounds: Bounds) -> Self {
        Self { bounds, ..Self::new(out, epoch) }
    }

    /// Adds a file of less than 4 GiB.
    ///
    /// # Errors
    /// When it cannot be read or written, and where it is larger.
    pub fn file(&mut self, name: &str, content: &mut dyn Read) -> Result<(), WriteError> {
        self.sized(name, content, 0)
    }

    /// Adds a file of `expected` bytes.
    ///
    /// # Errors
    /// When it cannot be read or written, and where it turns out to be larger.
    pub fn sized(&mut self, name: &str, content: &mut dyn Read, expected: u64) -> Result<(), WriteError> {
        let flags: u16 = if name.is_ascii() { 0 } else { UTF8 };
        let length = u16::try_from(name.len()).map_err(|_| ZipError::Large("a name has more than 65,535 bytes"))?;
        // How much it becomes is not known before it is packed: at worst a little more than it was.
        let is_large = expected >= self.bounds.bytes / 16 * 15;
        let (time, bound) = (self.time, self.bounds.bytes);
        let extra_length = if is_large { 20 } else { 0 };
        let header = |crc: u32, packed: u64, size: u64| {
            let (packed, size) =
                if is_large { (u32::MAX, u32::MAX) } else { (short(packed, bound), short(size, bound)) };
            Header { is_large, flags, time, crc, packed, size, name: length, extra: extra_length }.bytes()
        };
        self.out.write_all(&LOCAL.to_le_bytes())?;
        self.out.write_all(&header(0, 0, 0))?;
        self.out.write_all(name.as_bytes())?;
        self.out.write_all(&vec![0; extra_length.into()])?;

        let mut deflate = DeflateEncoder::new(Counted { out: &mut self.out, count: 0 }, Compression::new(6));
        let (mut crc, mut size) = (crc32fast::Hasher::new(), 0_u64);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let got = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(got) => got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            crc.update(&buffer[..got]);
            size += got as u64;
            deflate.write_all(&buffer[..got])?;
        }
        let packed = deflate.finish()?.count;

        if !is_large && (size >= bound || packed >= bound) {
            return Err(ZipError::Large("a file has more bytes than were expected: was it written to?").into());
        }
        let crc = crc.finalize();
        let end = self.at + 30 + u64::from(length) + u64::from(extra_length) + packed;
        self.out.seek(SeekFrom::Start(self.at + 4))?;
        self.out.write_all(&header(crc, packed, size))?;
        if is_large {
            self.out.seek(SeekFrom::Current(length.into()))?;
            self.out.write_all(&large(&[size, packed]))?;
        }
        self.out.seek(SeekFrom::Start(end))?;

        let beyond: Vec<u64> = [size, packed, self.at].into_iter().filter(|number| *number >= bound).collect();
        let extra = large(&beyond);
        let listed = Header {
            is_large: is_large || !beyond.is_empty(),
            flags,
            time,
            crc,
            packed: short(packed, bound),
            size: short(size, bound),
            name: length,
            extra: u16::try_from(extra.len()).unwrap_or_default(),
        };
        self.directory.extend(CENTRAL.to_le_bytes());
        // Made by a Unix system, version 2.0.
        self.directory.extend([20, 3]);
        self.directory.extend(listed.bytes());
        // No comment, first part, no text; a file with mode 0644.
        self.directory.extend([0; 6]);
        self.directory.extend((0o100_644_u32 << 16).to_le_bytes());
        self.directory.extend(short(self.at, bound).to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.directory.extend(extra);
        self.at = end;
        self.entries += 1;
        Ok(())
    }

    /// Writes the directory.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<W, WriteError> {
        let (size, bound) = (self.directory.len() as u64, self.bounds.bytes);
        let entries = u16::try_from(self.entries).ok().filter(|_| self.entries < self.bounds.entries);
        self.out.write_all(&self.directory)?;
        if entries.is_none() || size >= bound || self.at >= bound {
            self.out.write_all(&END_64.to_le_bytes())?;
            // What follows has 44 bytes; made by a Unix system, read by version 4.5; the first part.
            self.out.write_all(&44_u64.to_le_bytes())?;
            self.out.write_all(&[45, 3, 45, 0])?;
            self.out.write_all(&[0; 8])?;
            for number in [self.entries, self.entries, size, self.at] {
                self.out.write_all(&number.to_le_bytes())?;
            }
            self.out.write_all(&LOCATOR_64.to_le_bytes())?;
            self.out.write_all(&[0; 4])?;
            self.out.write_all(&(self.at + size).to_le_bytes())?;
            self.out.write_all(&1_u32.to_le_bytes())?;
        }
        let entries = entries.unwrap_or(u16::MAX).to_le_bytes();
        self.out.write_all(&END.to_le_bytes())?;
        self.out.write_all(&[0; 4])?;
        self.out.write_all(&entries)?;
        self.out.write_all(&entries)?;
        self.out.write_all(&short(size, bound).to_le_bytes())?;
        self.out.write_all(&short(self.at, bound).to_le_bytes())?;
        self.out.write_all(&[0; 2])?;
        self.out.flush()?;
        Ok(self.out)
    }
}
