//! [`Codec`]: how the payload is compressed.

use std::io::Write;

use super::super::{FormatError, codec};

/// A compression of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Codec {
    /// gzip, level 9: every rpm there is.
    Gzip,
    /// xz, preset 6, one stream of 24 MiB blocks with CRC32: rpm 4.7.2 and later, so EL 6 and 7.
    #[default]
    Xz,
    /// zstd, level 19: rpm 4.14 built with it, so EL 8 (8.4), Fedora 28, openSUSE Leap 15 and later.
    Zstd,
}

/// The level of zstd that Fedora and openSUSE build with.
const ZSTD_LEVEL: i32 = 19;

impl Codec {
    /// What `PAYLOADCOMPRESSOR` calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        }
    }

    /// What `PAYLOADFLAGS` says: the level.
    pub(super) fn level(self) -> &'static str {
        match self {
            Self::Gzip => "9",
            Self::Xz => "6",
            Self::Zstd => "19",
        }
    }

    /// Compresses what `fill` writes. `threads` (1 to 8, not for gzip) never changes the bytes.
    pub(super) fn compress(
        self,
        threads: u32,
        out: &mut dyn Write,
        fill: impl FnOnce(&mut dyn Write) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        match self {
            Self::Gzip => codec::gzip(out, fill),
            Self::Xz => codec::xz(threads, out, fill),
            Self::Zstd => codec::zstd(ZSTD_LEVEL, threads, out, fill),
        }
    }
}
