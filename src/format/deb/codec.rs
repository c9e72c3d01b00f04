//! [`Codec`]: how the members of a `.deb` are compressed, with settings that are pinned so that the same input gives
//! the same bytes on a machine with any number of processors.

use std::io::{BufWriter, Write};

use flate2::{Compression, GzBuilder};
use liblzma::{
    stream::{Check, MtStreamBuilder},
    write::XzEncoder,
};

use super::super::FormatError;

/// The xz preset of dpkg-deb: higher ones cost twice the time for a percent or two.
const XZ_PRESET: u32 = 6;
/// Bytes of input that become one xz block. Blocks are what threads work on and share no dictionary, so small ones
/// cost size; 24 MiB is three times the dictionary of preset 6, which is also xz's own choice. Part of the output:
/// changing it changes every package.
const XZ_BLOCK: u64 = 24 << 20;
/// Threads beyond this number only cost memory: each holds about 130 MiB.
const MAX_THREADS: u32 = 8;

/// A compression of `control.tar` and `data.tar`. (zstd is not among them: Debian's dpkg reads it from 12 on only.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Codec {
    /// gzip, level 9, without name and time: every dpkg there is.
    Gzip,
    /// xz, preset 6, one stream of 24 MiB blocks with CRC32: dpkg 1.15.6 and later, Debian's default.
    #[default]
    Xz,
}

impl Codec {
    /// The suffix of the members: `gz` or `xz`.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Xz => "xz",
        }
    }

    /// Compresses what `fill` writes. `threads` (1 to 8, only xz uses more than one) never changes the bytes: the
    /// multi-thread encoder of liblzma is used for one thread too, because the other one writes a different layout.
    pub(super) fn compress(
        self,
        threads: u32,
        out: &mut dyn Write,
        fill: impl FnOnce(&mut dyn Write) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        match self {
            Self::Gzip => gzip(out, fill),
            Self::Xz => xz(threads, XZ_BLOCK, out, fill),
        }
    }
}

/// One xz stream of blocks of `block` bytes of input.
fn xz(
    threads: u32,
    block: u64,
    out: &mut dyn Write,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let stream = MtStreamBuilder::new()
        .threads(threads.clamp(1, MAX_THREADS))
        .preset(XZ_PRESET)
        .block_size(block)
        .check(Check::Crc32)
        .encoder()
        .map_err(std::io::Error::from)?;
    let mut buffer = BufWriter::with_capacity(1 << 16, XzEncoder::new_stream(out, stream));
    fill(&mut buffer)?;
    buffer.into_inner().map_err(std::io::IntoInnerError::into_error)?.finish()?;
    Ok(())
}

/// gzip at level 9 without name and time, as `gzip -9n` writes it.
pub(super) fn gzip(
    out: &mut dyn Write,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    // 3 is Unix; the crate's own choice would be "unknown".
    let encoder = GzBuilder::new().mtime(0).operating_system(3).write(out, Compression::best());
    let mut buffer = BufWriter::with_capacity(1 << 16, encoder);
    fill(&mut buffer)?;
    buffer.into_inner().map_err(std::io::IntoInnerError::into_error)?.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn threads_do_not_change_the_bytes() {
        // Three small blocks and a bit of a fourth, each with other bytes.
        const BLOCK: u64 = 1 << 18;
        let content: Vec<u8> = (0..BLOCK * 3 + 17).map(|n| ((n * n) >> 7).to_le_bytes()[0]).collect();
        let compressed = |threads| {
            let mut out = Vec::new();
            xz(threads, BLOCK, &mut out, |to| Ok(to.write_all(&content)?)).unwrap();
            out
        };
        let one = compressed(1);
        for threads in [0, 2, 3, 99] {
            assert_eq!(compressed(threads), one, "{threads} threads");
        }
        let mut back = Vec::new();
        liblzma::read::XzDecoder::new(&*one).read_to_end(&mut back).unwrap();
        assert_eq!(back, content);
    }

    #[test]
    fn gzip_says_nothing_of_the_machine() {
        let mut bytes = Vec::new();
        Codec::Gzip.compress(1, &mut bytes, |to| Ok(to.write_all(b"x")?)).unwrap();
        assert_eq!(bytes[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3]);
    }
}
