//! What is known of archives.

use crate::format::facts::{Codec, Facts};

/// Made on every platform, where a package's `formats` asks for one.
pub const FACTS: Facts = Facts {
    word: "tar",
    asked: &[("tar.gz", Some(Codec::Gzip)), ("tar.xz", Some(Codec::Xz)), ("tar.zst", Some(Codec::Zstd))],
    files: &[("tar.gz", "application/gzip"), ("tar.xz", "application/x-xz"), ("tar.zst", "application/zstd")],
    title: "archive",
    sources: None,
    is_bare: true,
    native: None,
};
