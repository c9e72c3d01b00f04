//! What a recipe can write about a thing that is meant all the same: whether an allowance is about it, and the line that allows it.

use super::pattern;
use crate::names::{Allowance, Concern};

/// Whether an allowance is about a thing at a place, without a slash at its beginning.
#[must_use]
pub fn covers(allowance: &Allowance, concern: Concern, path: &str) -> bool {
    let glob = pattern::glob(allowance.path.trim_start_matches('/'));
    allowance.check == concern && glob.is_ok_and(|pattern| pattern.is_match(path))
}

/// The line of a recipe that allows a thing at a place, on every platform: the minor version of a virtualenv's Python is another one on
/// each. `path` is written as paths are in what is shipped.
#[must_use]
pub fn line(concern: Concern, path: &str) -> String {
    let parts = path.split('/').map(|part| match part.strip_prefix("python3.") {
        Some(minor) if minor.bytes().all(|byte| byte.is_ascii_digit()) => "python3.*".to_owned(),
        _ => pattern::escaped(part).escape_debug().to_string(),
    });
    let path = parts.collect::<Vec<_>>().join("/");
    format!("`allow = [{{ check = \"{}\", path = \"{path}\", reason = \"…\" }}]`", concern.as_str())
}
