//! [`Codec`]: how the members of a `.deb` are compressed.

use std::io::Write;

use super::super::{FormatError, codec};

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
            Self::Gzip => codec::gzip(out, fill),
            Self::Xz => codec::xz(threads, out, fill),
        }
    }
}
