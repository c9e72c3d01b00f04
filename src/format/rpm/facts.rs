//! What is known of rpm packages.

use crate::format::facts::{Codec, Facts, Native};

/// Weak relations came with rpm 4.12, rich ones with 4.13.
pub const FACTS: Facts = Facts {
    word: "rpm",
    asked: &[("rpm", None)],
    files: &[("rpm", "application/x-rpm")],
    title: "rpm package",
    sources: None,
    is_bare: false,
    native: Some(Native {
        is_written: true,
        codecs: &Codec::ALL,
        has_suffix: true,
        has_suite: false,
        grew_relations: true,
        shares_equal_files: true,
        has_priorities: false,
        replaces_removes: true,
        units: &["usr/lib/systemd/system"],
        managers: &["yum", "dnf", "zypper"],
        file_name: |name, version, arch| format!("{name}-{version}.{arch}.rpm"),
        say: |relation, rich| relation.rpm(rich),
    }),
};
