//! Names of targets.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest name, in bytes.
const LONGEST: usize = 255;

/// The name of a target: a relative path of plain words, `app/2.8.1/agent.exe`. It becomes a file's name on every system and an address
/// on every server as it is, so it has letters and digits of ASCII and `. _ - + ~` only, with `/` between words; no word begins with a
/// dot, ends with one, or is a device's name of Windows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TargetPath(String);

/// Not a name of a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} cannot be the name of a target: letters, digits and `. _ - + ~`, with `/` between words that neither begin nor end with a dot"
)]
pub struct PathError(String);

impl TargetPath {
    /// Of a text.
    ///
    /// # Errors
    /// Where it does not fit the grammar.
    pub fn new(text: impl Into<String>) -> Result<Self, PathError> {
        Self::try_from(text.into())
    }

    /// The path as it is.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last word.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The path with a digest and a dot before the last word: where a feed with consistent snapshots has the file.
    pub(crate) fn with_digest(&self, digest: &str) -> String {
        let name = self.file_name();
        format!("{}{digest}.{name}", self.0.strip_suffix(name).unwrap_or_default())
    }
}

impl fmt::Display for TargetPath {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for TargetPath {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        let good = (1..=LONGEST).contains(&text.len()) && text.split('/').all(is_word);
        if good { Ok(Self(text)) } else { Err(PathError(text.chars().take(80).collect())) }
    }
}

impl From<TargetPath> for String {
    fn from(path: TargetPath) -> Self {
        path.0
    }
}

fn is_word(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+~".contains(&byte);
    !word.is_empty() && !word.starts_with('.') && !word.ends_with('.') && word.bytes().all(plain) && !is_device(word)
}

/// `CON`, `NUL.txt`, `com1`: Windows opens a device, in whatever folder that is.
fn is_device(word: &str) -> bool {
    let stem = word.split('.').next().unwrap_or(word).to_ascii_lowercase();
    let numbered =
        |name: &str| stem.strip_prefix(name).is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit());
    ["con", "prn", "aux", "nul"].contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        for good in ["a", "app/2.8.1/Agent_v2.8.1-beta+1.exe", "a~b", "console/lpt/common.exe"] {
            assert!(TargetPath::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/..",
            ".a",
            "a/.b",
            "a.",
            "a\\b",
            "C:a",
            "a b",
            "a\0",
            "a\n",
            "é",
            "%2e%2e",
            "a?b",
            "a#b",
            "a*",
            "NUL",
            "x/con.txt",
            "COM1.exe",
        ] {
            assert!(TargetPath::new(bad).is_err(), "{bad}");
        }
        assert!(TargetPath::new("a".repeat(255)).is_ok() && TargetPath::new("a".repeat(256)).is_err());
    }

    #[test]
    fn a_digest_goes_before_the_file_name() {
        let with = |path: &str| TargetPath::new(path).unwrap().with_digest("00");
        assert_eq!([with("a"), with("b/c/a"), with("a/a")], ["00.a", "b/c/00.a", "a/00.a"]);
    }

    proptest! {
        #[test]
        fn no_name_leaves_the_folder(text in "[a./\\\\:~ -]{0,12}") {
            if let Ok(path) = TargetPath::new(text) {
                let parts: Vec<_> = std::path::Path::new(path.as_str()).components().collect();
                prop_assert!(parts.iter().all(|part| matches!(part, std::path::Component::Normal(_))));
            }
        }
    }
}
