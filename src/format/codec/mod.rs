//! Compression with settings that are pinned, so that the same input gives the same bytes on a machine with any number
//! of processors. Formats say which of these they take.

mod blocks;
mod zstd;

use std::{
    io::{self, BufWriter, IntoInnerError, Write},
    num::NonZero,
    thread,
};

use flate2::{Compression, GzBuilder};

pub use self::blocks::BlockCache;
use self::zstd::Zstd;
use super::{FormatError, facts::Codec};

/// The level of zstd that Fedora and openSUSE build with.
const ZSTD_LEVEL: i32 = 19;

/// What an archive is written to.
pub(super) trait Members: Write {
    /// A member of the archive begins here.
    ///
    /// # Errors
    /// When what was written before cannot go out.
    fn member(&mut self, member: Member<'_>) -> io::Result<()>;
}

/// What is to be known of a member before it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'m> {
    /// Its path.
    pub(super) name: &'m str,
    /// Bytes of its content.
    pub(super) size: u64,
    /// Whether it is configuration, which changes more often than what is beside it.
    pub(super) is_config: bool,
}

/// Compresses what `fill` writes, at a level that is pinned. `threads` (1 to 8, not for gzip) and `cache` (of xz only) never change
/// the bytes. The others have no blocks to keep: dpkg refuses a zstd stream of several frames, and readers of archives may stop behind the
/// first member of a gzip file.
///
/// Measured on Debian 12's `/usr/lib/python3.11` and `/usr/lib/python3/dist-packages`, 4,865 files, 106 MB, as rpms: 32.2 MB (gzip),
/// 21.5 MB (xz) and 22.7 MB (zstd). Seconds of one processor and size of other levels, by
/// `rpm2cpio x.rpm | time xz -T1 -6 | wc -c` and the like: gzip -9 23 s; xz -2 14 s and 24.2 MB, xz -6 56 s and 20.5 MB
/// (the blocks that threads work on cost 5 %), xz -9 61 s and 18.4 MB, but 65 MiB of memory to unpack; zstd -3 0.5 s
/// and 30.1 MB, zstd -12 4 s and 25.8 MB, zstd -15 18 s and 25.5 MB, zstd -19 62 s and 22.1 MB. A release is made once
/// and fetched often, so size wins; xz -6 and zstd -19 are also what distros build with.
pub(super) fn compress(
    codec: Codec,
    threads: u32,
    cache: Option<&dyn BlockCache>,
    out: &mut dyn Write,
    fill: impl FnOnce(&mut dyn Members) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    match codec {
        Codec::Gzip => gzip(out, |out| fill(&mut Whole(out))),
        Codec::Xz => blocks::pack(threads, cache, out, fill),
        Codec::Zstd => zstd(ZSTD_LEVEL, threads, out, |out| fill(&mut Whole(out))),
    }
}

/// A stream that is compressed as a whole, wherever members begin.
pub(super) struct Whole<'a>(pub(super) &'a mut dyn Write);

impl Write for Whole<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Members for Whole<'_> {
    fn member(&mut self, _member: Member<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// What tools call the level of [`compress`].
pub(super) const fn level(codec: Codec) -> &'static str {
    match codec {
        Codec::Gzip => "9",
        Codec::Xz => "6",
        Codec::Zstd => "19",
    }
}

/// As many threads as the machine has processors, 4 at most.
pub(super) fn threads() -> u32 {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from(processors).unwrap_or(4).min(4)
}

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

/// zstd at a level of 1 to 19: one frame. `threads` (1 to 8) never changes the bytes.
fn zstd(
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

    /// Packages are made anew where these bytes change: another backend of `flate2`, which any crate of the tree can choose, is seen here.
    #[test]
    fn gzip_has_the_bytes_of_always() {
        use sha2::Digest as _;
        let line = |n: u32| format!("{} line {}\n", n * n % 977, n % 31).into_bytes();
        let text: Vec<u8> = (0..20_000).flat_map(line).collect();
        let mut bytes = Vec::new();
        gzip(&mut bytes, |to| Ok(to.write_all(&text)?)).unwrap();
        let digest = hex::encode(sha2::Sha256::digest(&bytes));
        assert_eq!(digest, "b55cd5270ca959d24c7dc36f4d60b8cb20fbb49f1ce1972c4dc6b15759454389");
    }
}
