//! What is known of Alpine's packages.

use crate::format::facts::{Codec, Facts, Native};

/// Its versions have no place for a platform's suffix; its relations are said as they are written, for nothing here reads its words
/// yet.
pub const FACTS: Facts = Facts {
    word: "apk",
    asked: &[("apk", None)],
    files: &[("apk", "application/octet-stream")],
    title: "Alpine package",
    sources: None,
    is_bare: false,
    native: Some(Native {
        is_written: false,
        codecs: &Codec::ALL,
        has_suffix: false,
        has_suite: false,
        grew_relations: false,
        shares_equal_files: false,
        has_priorities: false,
        replaces_removes: false,
        units: &[],
        managers: &["apk"],
        file_name: |name, version, _| format!("{name}-{version}.apk"),
        say: |relation, _| Ok(relation.as_str().to_owned()),
    }),
};
