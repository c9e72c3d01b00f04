//! What is known of Debian packages.

use crate::format::facts::{Codec, Facts, Native};

/// zstd is not among the codecs: Debian's dpkg reads it from 12 on only.
pub const FACTS: Facts = Facts {
    word: "deb",
    asked: &[("deb", None)],
    files: &[("deb", "application/vnd.debian.binary-package")],
    title: "Debian package",
    sources: None,
    is_bare: false,
    native: Some(Native {
        is_written: true,
        codecs: &[Codec::Gzip, Codec::Xz],
        has_suffix: true,
        has_suite: true,
        grew_relations: false,
        shares_equal_files: false,
        has_priorities: true,
        replaces_removes: false,
        units: &["lib/systemd/system", "usr/lib/systemd/system"],
        managers: &["apt"],
        file_name: |name, version, arch| format!("{name}_{version}_{arch}.deb"),
        say: |relation, _| relation.deb(),
    }),
};
