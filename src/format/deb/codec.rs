//! [`Codec`]: how the members of a `.deb` are compressed, with settings that are pinned so that the same input gives
//! the same bytes on a machine with any number of processors.

use std::io::{BufWriter, Write};

use flate2::{Compression, GzBuilder};

use super::{super::FormatError, xz::Xz};

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

    /// Compresses what `fill` writes. `threads` (1 to 8, only xz uses more than one) never changes the bytes.
    pub(super) fn compress(
        self,
        threads: u32,
        out: &mut dyn Write,
        fill: impl FnOnce(&mut dyn Write) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        match self {
            Self::Gzip => gzip(out, fill),
            Self::Xz => {
                let mut buffer = BufWriter::with_capacity(1 << 16, Xz::new(threads, out)?);
                fill(&mut buffer)?;
                Ok(buffer.into_inner().map_err(std::io::IntoInnerError::into_error)?.finish()?)
            }
        }
    }
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
    use super::*;

    #[test]
    fn gzip_says_nothing_of_the_machine() {
        let mut bytes = Vec::new();
        Codec::Gzip.compress(1, &mut bytes, |to| Ok(to.write_all(b"x")?)).unwrap();
        assert_eq!(bytes[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3]);
    }
}
