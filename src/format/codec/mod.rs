//! Compression with settings that are pinned, so that the same input gives the same bytes on a machine with any number
//! of processors. Formats say which of these they take.

mod xz;
mod zstd;

use std::io::{BufWriter, IntoInnerError, Write};

use flate2::{Compression, GzBuilder};

use self::{xz::Xz, zstd::Zstd};
use super::FormatError;

/// Bytes that are gathered before a compressor sees them.
const BUFFER: usize = 1 << 16;

/// gzip at level 9 without name and time, as `gzip -9n` writes it: one stream, by one thread.
pub(super) fn gzip(
    out: &mut dyn Write,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    // 3 is Unix; the crate's own choice would be "unknown".
    let encoder = GzBuilder::new().mtime(0).operating_system(3).write(out, Compression::best());
    let mut buffer = BufWriter::with_capacity(BUFFER, encoder);
    fill(&mut buffer)?;
    buffer.into_inner().map_err(IntoInnerError::into_error)?.finish()?;
    Ok(())
}

/// xz at preset 6: one stream of 24 MiB blocks with CRC32. `threads` (1 to 8, about 130 MiB of memory each) never
/// changes the bytes.
pub(super) fn xz(
    threads: u32,
    out: &mut dyn Write,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let mut buffer = BufWriter::with_capacity(BUFFER, Xz::new(threads, out)?);
    fill(&mut buffer)?;
    Ok(buffer.into_inner().map_err(IntoInnerError::into_error)?.finish()?)
}

/// zstd at a level of 1 to 19: one frame. `threads` (1 to 8) never changes the bytes.
pub(super) fn zstd(
    level: i32,
    threads: u32,
    out: &mut dyn Write,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let mut buffer = BufWriter::with_capacity(BUFFER, Zstd::new(level, threads, out)?);
    fill(&mut buffer)?;
    Ok(buffer.into_inner().map_err(IntoInnerError::into_error)?.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_says_nothing_of_the_machine() {
        let mut bytes = Vec::new();
        gzip(&mut bytes, |to| Ok(to.write_all(b"x")?)).unwrap();
        assert_eq!(bytes[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3]);
    }
}
