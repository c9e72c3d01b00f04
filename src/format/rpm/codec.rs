//! [`Codec`]: how the payload is compressed.

use std::io::Write;

use super::super::{FormatError, codec};

/// A compression of the payload, with pinned levels.
///
/// Measured on Debian 12's `/usr/lib/python3.11` and `/usr/lib/python3/dist-packages`, 4,865 files, 106 MB: the
/// packages are 32.2 MB (gzip), 21.5 MB (xz) and 22.7 MB (zstd). Seconds of one processor and size of other levels, by
/// `rpm2cpio x.rpm | time xz -T1 -6 | wc -c` and the like: gzip -9 23 s; xz -2 14 s and 24.2 MB, xz -6 56 s and 20.5 MB
/// (the blocks that threads work on cost 5 %), xz -9 61 s and 18.4 MB, but 65 MiB of memory to unpack; zstd -3 0.5 s
/// and 30.1 MB, zstd -12 4 s and 25.8 MB, zstd -15 18 s and 25.5 MB, zstd -19 62 s and 22.1 MB. A release is made once
/// and fetched often, so size wins; xz -6 and zstd -19 are also what distros build with.
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
