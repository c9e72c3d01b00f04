//! Writing an archive: the same entries give the same bytes.

use std::io::{self, Read, Seek, SeekFrom, Write};

use flate2::{Compression, write::DeflateEncoder};

use super::{
    super::error::{WaptError, ZipError},
    CENTRAL, END, LOCAL, UTF8,
};

/// An archive that is being written. Every entry is deflated; at most 65,534 entries and 4 GiB.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    /// DOS date and time of every entry.
    time: (u16, u16),
    at: u64,
    directory: Vec<u8>,
    entries: u16,
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

const TOO_LARGE: ZipError = ZipError::Large("a WAPT package has at most 4 GiB and 65,534 files");

impl<W: Write + Seek> Writer<W> {
    /// An archive from the beginning of `out`, every entry with this time (seconds since 1970 UTC, from 1980 on).
    #[must_use]
    pub fn new(out: W, epoch: i64) -> Self {
        Self { out, time: dos_time(epoch), at: 0, directory: Vec::new(), entries: 0 }
    }

    /// Adds a file.
    ///
    /// # Errors
    /// When it cannot be read or written, and beyond the sizes of an ordinary archive.
    pub fn file(&mut self, name: &str, content: &mut dyn Read) -> Result<(), WaptError> {
        let flags: u16 = if name.is_ascii() { 0 } else { UTF8 };
        let length = u16::try_from(name.len()).map_err(|_| TOO_LARGE)?;
        if self.entries >= 0xfffe {
            return Err(TOO_LARGE.into());
        }
        let header = |crc: u32, packed: u32, size: u32| -> Vec<u8> {
            let mut bytes = Vec::new();
            for short in [20, flags, 8, self.time.1, self.time.0] {
                bytes.extend(short.to_le_bytes());
            }
            for long in [crc, packed, size] {
                bytes.extend(long.to_le_bytes());
            }
            bytes.extend(length.to_le_bytes());
            bytes.extend([0, 0]);
            bytes
        };
        self.out.write_all(&LOCAL.to_le_bytes())?;
        self.out.write_all(&header(0, 0, 0))?;
        self.out.write_all(name.as_bytes())?;

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

        let small = |number: u64| u32::try_from(number).ok().filter(|number| *number < u32::MAX).ok_or(TOO_LARGE);
        let offset = small(self.at)?;
        let whole = header(crc.finalize(), small(packed)?, small(size)?);
        let end = self.at + 30 + u64::from(length) + packed;
        self.out.seek(SeekFrom::Start(self.at + 4))?;
        self.out.write_all(&whole)?;
        self.out.seek(SeekFrom::Start(end))?;

        self.directory.extend(CENTRAL.to_le_bytes());
        // Made by a Unix system, version 2.0.
        self.directory.extend([20, 3]);
        self.directory.extend(&whole);
        // No comment, first part, no text; a file with mode 0644.
        self.directory.extend([0; 6]);
        self.directory.extend((0o100_644_u32 << 16).to_le_bytes());
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.at = end;
        self.entries += 1;
        Ok(())
    }

    /// Writes the directory.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<W, WaptError> {
        let long = |number: u64| u32::try_from(number).ok().filter(|number| *number < u32::MAX).ok_or(TOO_LARGE);
        let (offset, size) = (long(self.at)?, long(self.directory.len() as u64)?);
        self.out.write_all(&self.directory)?;
        self.out.write_all(&END.to_le_bytes())?;
        self.out.write_all(&[0; 4])?;
        self.out.write_all(&self.entries.to_le_bytes())?;
        self.out.write_all(&self.entries.to_le_bytes())?;
        self.out.write_all(&size.to_le_bytes())?;
        self.out.write_all(&offset.to_le_bytes())?;
        self.out.write_all(&[0; 2])?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Date and time as MS-DOS has them, in UTC: two seconds exact, from 1980 to 2107.
fn dos_time(epoch: i64) -> (u16, u16) {
    let time = jiff::Timestamp::from_second(epoch).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC);
    let part = |number: i8| u16::try_from(number).unwrap_or_default();
    let year = u16::try_from(time.year() - 1980).unwrap_or_default().min(127);
    (
        (year << 9) | (part(time.month()) << 5) | part(time.day()),
        (part(time.hour()) << 11) | (part(time.minute()) << 5) | (part(time.second()) / 2),
    )
}
