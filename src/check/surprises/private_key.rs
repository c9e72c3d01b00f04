//! `private-key`: keys that whoever has the package would have, too.

use crate::{
    check::finding::Finding,
    names::Concern,
    sign::{RsaKey, holds, private_key},
};

/// What is in the beginning of a file. `key` is the one that signs the package.
#[must_use]
pub fn of_bytes(path: &str, start: &[u8], key: Option<&RsaKey>) -> Option<Finding> {
    if key.is_some_and(|key| holds(start, key)) {
        let advice =
            "leave it out: whoever has the package could sign as you do. A key that was shipped is to be replaced";
        return Some(Finding::never(path, "is the key that signs the package", advice));
    }
    private_key(start).map(|kind| found(path, kind))
}

/// A key of some kind.
pub(super) fn found(path: &str, kind: &str) -> Finding {
    Finding::new(Concern::PrivateKey, path, format!("is {kind}"))
}
