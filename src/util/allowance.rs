//! What a recipe can write about a thing that is meant all the same: whether an allowance is about it, and the line that allows it.

use super::pattern;
use crate::names::{Allowance, Concern};

/// Whether an allowance is about a thing at a place, without a slash at its beginning.
#[must_use]
pub fn covers(allowance: &Allowance, concern: Concern, path: &str) -> bool {
    allowance.check == concern && fits(&allowance.path, path)
}

/// Whether the `path` of an allowance names a place, without a slash at its beginning.
#[must_use]
pub fn fits(glob: &str, path: &str) -> bool {
    pattern::glob(glob.trim_start_matches('/')).is_ok_and(|pattern| pattern.is_match(path))
}

/// The line of a recipe that allows a thing at a place, on every platform: the minor version of a virtualenv's Python is another one on
/// each. `path` is written as paths are in what is shipped.
#[must_use]
pub fn line(concern: Concern, path: &str) -> String {
    lines(concern, std::iter::once(path.to_owned()))
}

/// The same for several places.
#[must_use]
pub fn lines(concern: Concern, paths: impl Iterator<Item = String>) -> String {
    written(concern, paths.map(|path| escaped(&path)))
}

/// The same for all that is below a folder.
#[must_use]
pub fn below(concern: Concern, folder: &str) -> String {
    written(concern, std::iter::once(format!("{}/**", escaped(folder))))
}

fn written(concern: Concern, paths: impl Iterator<Item = String>) -> String {
    let entries = paths
        .map(|path| format!("{{ check = \"{}\", path = \"{path}\", reason = \"…\" }}", concern.as_str()))
        .collect::<Vec<_>>();
    format!("`allow = [{}]`", entries.join(", "))
}

/// A path that no letter of means a pattern, in the quotes of a recipe.
fn escaped(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.strip_prefix("python3.") {
        Some(minor) if minor.bytes().all(|byte| byte.is_ascii_digit()) => "python3.*".to_owned(),
        _ => pattern::escaped(part).escape_debug().to_string(),
    });
    parts.collect::<Vec<_>>().join("/")
}
