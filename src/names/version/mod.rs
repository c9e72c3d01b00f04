//! The release's version as package managers read it.

mod order;
mod pep440;
mod read;
mod tagged;
#[cfg(test)]
mod tests;
mod unclear;
mod words;

pub use order::dpkg as dpkg_order;

use std::fmt;

pub use self::unclear::UnclearVersion;
use super::{InvalidName, Tag};

/// The upstream part of a package version, made from the release's tag so that dpkg and rpm order packages as the
/// project orders its releases. docs/recipe.md has the rules and a table.
///
/// - `~` goes before what sorts before (`2.5.0-rc1` is `2.5.0~rc1`), `~~` before what sorts before all of that
///   (`2.5.0.dev3` is `2.5.0~~dev3`); dpkg knows it since ever (Debian policy 5.6.12), rpm since 4.10.
/// - `+` and a letter go before what sorts after (`2.5.0.post1` is `2.5.0+post1`), and before `2.5.0.1`. Never `+` and a
///   digit: rpm takes any sign for a dot, and `2.5.0+1` for `2.5.0.1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct UpstreamVersion(String);

impl UpstreamVersion {
    /// The version that a tag stands for.
    ///
    /// # Errors
    /// [`UnclearVersion`] where no scheme says which one, or two say different ones.
    pub fn from_tag(tag: &Tag) -> Result<Self, UnclearVersion> {
        read::version(tag.as_str()).map(|read| Self(read.version))
    }

    /// What people should know of how a tag was read, where somebody may have meant something else by it.
    #[must_use]
    pub fn remark(tag: &Tag) -> Option<String> {
        read::version(tag.as_str()).ok()?.remark
    }

    /// The same for Python (PEP 440), `2.5.0rc1`; `None` of a commit between two tags, and of words that Python does not know.
    #[must_use]
    pub fn pep440(&self) -> Option<String> {
        if ["+git", "+dirty"].iter().any(|mark| self.0.contains(mark)) {
            return None;
        }
        let version = self.0.replace("~~", ".").replace("~dev", ".dev").replace('~', "").replace("+post", ".post");
        let version = version.parse::<pep440_rs::Version>().ok().filter(|version| !version.is_local())?;
        Some(version.to_string())
    }

    /// The text, e.g. `2.5.0~rc1`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UpstreamVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The packaging revision (`--release`), 1 when nothing is said. It is raised with each rebuild of one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Release(u32);

impl Release {
    /// A revision of 1 to 99999.
    ///
    /// # Errors
    /// Zero and larger numbers are refused.
    pub fn new(number: u32) -> Result<Self, InvalidName> {
        if (1..=99_999).contains(&number) {
            Ok(Self(number))
        } else {
            Err(InvalidName { kind: "release", value: number.to_string(), expected: "a number from 1 to 99999" })
        }
    }
}

impl Default for Release {
    fn default() -> Self {
        Self(1)
    }
}

impl std::str::FromStr for Release {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        text.parse().ok().and_then(|number| Self::new(number).ok()).ok_or_else(|| InvalidName {
            kind: "release",
            value: text.escape_debug().to_string(),
            expected: "a number from 1 to 99999",
        })
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
