//! The release's version as package managers read it.

use std::fmt;

use super::{InvalidName, Tag};

/// The upstream part of a package version, made from the release's tag.
///
/// Debian policy 5.6.12 and RPM both want a digit first and know `~` as "sorts before". A leading `v` is dropped, and
/// a pre-release word behind a dash gets the tilde that makes it sort before its release: `v2.5.0-rc1` is `2.5.0~rc1`.
/// Any other dash becomes `+`, which both sort after the plain version and accept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct UpstreamVersion(String);

/// The words that mark a pre-release in a tag, in lower case.
const PRE_RELEASE: [&str; 7] = ["alpha", "beta", "rc", "pre", "dev", "a", "b"];

impl UpstreamVersion {
    /// The version that a tag stands for.
    ///
    /// # Errors
    /// When nothing that starts with a digit is left.
    pub fn from_tag(tag: &Tag) -> Result<Self, InvalidName> {
        let text = tag.as_str();
        let text = match text.strip_prefix(['v', 'V']) {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
            _ => text,
        };
        if !text.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(InvalidName {
                kind: "package version",
                value: tag.to_string(),
                expected: "a digit first (a leading `v` is dropped), because dpkg and rpm order versions by it",
            });
        }
        let mut parts = text.split('-');
        let mut version = parts.next().unwrap_or_default().replace('_', "+");
        for part in parts {
            version.push(if is_pre_release(part) { '~' } else { '+' });
            version.push_str(&part.replace('_', "+"));
        }
        Ok(Self(version))
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

fn is_pre_release(part: &str) -> bool {
    let word: String = part.chars().take_while(char::is_ascii_alphabetic).collect();
    PRE_RELEASE.contains(&word.to_ascii_lowercase().as_str())
}

/// The packaging revision (`--release`), 1 when nothing is said. It counts rebuilds of one version.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn version(tag: &str) -> String {
        UpstreamVersion::from_tag(&Tag::new(tag).unwrap()).unwrap().to_string()
    }

    #[test]
    fn tags_become_versions() {
        assert_eq!(version("2.5.11"), "2.5.11");
        assert_eq!(version("v2.5.0-rc1"), "2.5.0~rc1");
        assert_eq!(version("2.5.0-beta.2"), "2.5.0~beta.2");
        assert_eq!(version("2.5.0-hotfix"), "2.5.0+hotfix");
        assert_eq!(version("2018_07"), "2018+07");
    }

    #[test]
    fn a_version_starts_with_a_digit() {
        assert!(UpstreamVersion::from_tag(&Tag::new("develop").unwrap()).is_err());
    }
}
