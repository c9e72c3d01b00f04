//! The newtypes over text, each with the grammar it enforces.

use std::fmt;

/// A word that does not fit the grammar of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not a valid {kind}: {expected}")]
pub struct InvalidName {
    /// What the word should have been, e.g. `image tag`.
    pub kind: &'static str,
    /// The word as given, control characters escaped.
    pub value: String,
    /// The grammar in one sentence.
    pub expected: &'static str,
}

macro_rules! name_type {
    ($(#[$meta:meta])* $name:ident, $kind:literal, $expected:literal, $check:expr) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks `value` against the grammar.
            ///
            /// # Errors
            /// [`InvalidName`] with the grammar in one sentence.
            pub fn new(value: impl Into<String>) -> Result<Self, InvalidName> {
                let value = value.into();
                let check: fn(&str) -> bool = $check;
                if check(&value) {
                    Ok(Self(value))
                } else {
                    Err(InvalidName { kind: $kind, value: value.escape_debug().to_string(), expected: $expected })
                }
            }

            /// The checked text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidName;
            fn from_str(value: &str) -> Result<Self, InvalidName> {
                Self::new(value)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(super) use name_type;

fn lower_or_digit(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

/// Starts and ends with a lower-case letter or digit, with `more` in between, at most `max` bytes.
pub(super) fn lower_word(s: &str, more: &[u8], max: usize) -> bool {
    let b = s.as_bytes();
    !b.is_empty()
        && b.len() <= max
        && lower_or_digit(b[0])
        && lower_or_digit(b[b.len() - 1])
        && b.iter().all(|&c| lower_or_digit(c) || more.contains(&c))
}

/// One path component of an OCI repository: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn repository_component(s: &str) -> bool {
    lower_word(s, b"._-", 128) && !s.contains("..") && !s.contains("___") && !s.contains("._") && !s.contains("_.")
}

name_type!(
    /// The recipe's `[project] name`: it labels everything of this project in the daemon.
    ProjectName, "project name", "lower-case letters, digits and dashes, at most 63, a letter or digit at both ends",
    |s| lower_word(s, b"-", 63)
);
name_type!(
    /// A platform's id after os-release: `debian-12`, `rocky-9`, `opensuse-leap-16.0`.
    PlatformId, "platform id", "lower-case letters, digits, dashes and dots, e.g. debian-12",
    |s| lower_word(s, b"-.", 40) && !s.contains("..")
);
name_type!(
    /// The name of an `[[image]]` within the recipe.
    ImageName, "image name", "lower-case letters, digits and dashes, at most 63, a letter or digit at both ends",
    |s| lower_word(s, b"-", 63)
);
name_type!(
    /// A binary package's name that Debian policy 5.6.7 and RPM both accept.
    PackageName, "package name", "lower-case letters, digits, `+`, `-` and `.`, two or more, a letter or digit first",
    |s| {
        let b = s.as_bytes();
        b.len() >= 2 && b.len() <= 128 && lower_or_digit(b[0])
            && b.iter().all(|&c| lower_or_digit(c) || b"+-.".contains(&c)) && !s.contains("..")
    }
);
name_type!(
    /// A system user or group: useradd's and adduser's common grammar.
    UserName, "user name", "a lower-case letter or `_`, then lower-case letters, digits, `_` and `-`, at most 31",
    |s| {
        let b = s.as_bytes();
        !b.is_empty() && b.len() <= 31 && (b[0].is_ascii_lowercase() || b[0] == b'_')
            && b.iter().all(|&c| lower_or_digit(c) || c == b'_' || c == b'-')
    }
);
name_type!(
    /// An account by its name or number: one of the recipe, or one of the base image's own, whose names are freer (`Debian-exim`,
    /// `systemd-network`, `_apt`).
    Account, "account", "a name like `www-data`, or a number like 1000", is_account
);
name_type!(
    /// The user that an image runs as, with or without a group: `shop`, `shop:adm`, `1000:1000`.
    RunAs, "user", "a name or a number, and a group after a colon where it is another one: `shop`, `1000`, `1000:1000`",
    |s| s.split_once(':').map_or_else(|| is_account(s), |(user, group)| is_account(user) && is_account(group))
);
name_type!(
    /// A machine architecture in the field's own words: `amd64`, `x86_64`.
    ArchName, "architecture", "letters, digits and `_`",
    |s| !s.is_empty() && s.len() <= 20 && s.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
);
name_type!(
    /// The release's tag, as git and the registry both take it. 90 at most, so that `<platform>-<tag>` stays within
    /// the 128 characters of an OCI tag (distribution-spec, "Pulling manifests").
    Tag, "tag", "letters, digits, `_`, `.` and `-`, at most 90, no dot or dash first, e.g. 2.5.11",
    |s| {
        let b = s.as_bytes();
        !b.is_empty() && b.len() <= 90 && (b[0].is_ascii_alphanumeric() || b[0] == b'_')
            && b.iter().all(|&c| c.is_ascii_alphanumeric() || b"_.-".contains(&c))
            && !s.contains("..")
    }
);
name_type!(
    /// An image repository without a registry and without a tag: `canopsis/canopsis-core`.
    Repository, "image repository", "lower-case path components separated by `/`, e.g. canopsis/canopsis-core",
    |s| s.len() <= 200 && s.split('/').all(repository_component)
);
name_type!(
    /// A SHA-256 in lower-case hex, without the prefix `sha256:`.
    Sha256, "SHA-256", "64 lower-case hexadecimal digits",
    |s| s.len() == 64 && s.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
);
name_type!(
    /// A wheel's file name: `{distribution}-{version}(-{build tag})?-{python}-{abi}-{platform}.whl` (PEP 427).
    WheelFile, "wheel", "`name-version-python-abi-platform.whl` (PEP 427)",
    |s| {
        let parts: Vec<&str> = s.strip_suffix(".whl").unwrap_or_default().split('-').collect();
        let sane = |part: &&str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|c| c.is_ascii_alphanumeric() || b"._+!".contains(&c))
        };
        (5..=6).contains(&parts.len()) && s.len() <= 250 && parts.iter().all(sane)
    }
);

name_type!(
    /// A public key that signs entries of a store: `ed25519:` and 32 bytes in base64.
    StoreKey, "store key", "`ed25519:` and 44 letters, as `factory keys store` shows it",
    |s| {
        s.strip_prefix("ed25519:").is_some_and(|key| {
            key.len() == 44 && key.ends_with('=') && key[..43].bytes().all(|c| c.is_ascii_alphanumeric() || b"+/".contains(&c))
        })
    }
);

name_type!(
    /// A source distribution's file name: `{name}-{version}.tar.gz` (PEP 625), and the older endings that pip reads.
    SdistFile, "source distribution", "`name-version.tar.gz` (PEP 625), or `.zip`, `.tar.bz2`, `.tar.xz`, `.tgz`",
    |s| {
        s.len() <= 250
            && s.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && s.bytes().all(|c| c.is_ascii_alphanumeric() || b"._+!-".contains(&c))
            && sdist_stem(s).and_then(|stem| stem.rsplit_once('-')).is_some_and(|(name, version)| {
                !name.is_empty() && version.starts_with(|c: char| c.is_ascii_alphanumeric())
            })
    }
);

/// What passwd(5) and group(5) can hold, or a number that is somebody's: the largest one means "leave the owner as it is" (chown(2)).
fn is_account(text: &str) -> bool {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return (text == "0" || !text.starts_with('0')) && text.parse::<u32>().is_ok_and(|number| number < u32::MAX);
    }
    let b = text.as_bytes();
    b.len() <= 31
        && (b[0].is_ascii_alphabetic() || b[0] == b'_')
        && b.iter().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(c))
}

impl Account {
    /// The account that every system has.
    #[must_use]
    pub fn root() -> Self {
        Self("root".to_owned())
    }

    /// Root, by name or number.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0 == "root" || self.0 == "0"
    }

    /// Whether it is a number.
    #[must_use]
    pub fn is_number(&self) -> bool {
        self.0.starts_with(|c: char| c.is_ascii_digit())
    }
}

impl RunAs {
    /// The user, and the group where one is named.
    #[must_use]
    pub fn parts(&self) -> (Account, Option<Account>) {
        match self.0.split_once(':') {
            Some((user, group)) => (Account(user.to_owned()), Some(Account(group.to_owned()))),
            None => (Account(self.0.clone()), None),
        }
    }
}

/// A source distribution's name without its ending.
pub(super) fn sdist_stem(name: &str) -> Option<&str> {
    [".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"].iter().find_map(|ending| name.strip_suffix(ending))
}

impl SdistFile {
    /// Every way to take it apart into a name and a version, the shortest name first. Only what was asked for says which one is
    /// meant: in older names both may have dashes (`functools32-3.2.3-2.zip`), and PEP 625 has one dash.
    pub fn splits(&self) -> impl Iterator<Item = (&str, &str)> {
        let stem = sdist_stem(&self.0).unwrap_or_default();
        let dashes = stem.match_indices('-').map(|(at, _)| (&stem[..at], &stem[at + 1..]));
        dashes.filter(|(name, version)| !name.is_empty() && version.starts_with(|c: char| c.is_ascii_alphanumeric()))
    }
}

impl Sha256 {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        use sha2::Digest as _;
        Self(hex::encode(sha2::Sha256::digest(bytes.as_ref())))
    }

    /// A digest that a hasher just finished.
    #[must_use]
    pub fn from_digest(digest: [u8; 32]) -> Self {
        Self(hex::encode(digest))
    }

    /// The first twelve digits, as people quote it.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_tags_are_refused() {
        for bad in ["2.5; rm -rf /", "../x", "", ".hidden", "-x", "a b", "a\nb", "2.5/1", "2..5", "$(id)", "ü"] {
            assert!(Tag::new(bad).is_err(), "{bad:?}");
        }
        for good in ["2.5.11", "2.5.0-rc1", "v1", "_x", "2018.07"] {
            assert!(Tag::new(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn repositories_follow_the_oci_grammar() {
        for good in ["canopsis/canopsis-core", "a", "a/b__c/d.e", "a--b"] {
            assert!(Repository::new(good).is_ok(), "{good:?}");
        }
        for bad in ["Canopsis/core", "/a", "a/", "a//b", "a:b", "a@b", "-a", "a/..", "a._b"] {
            assert!(Repository::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn accounts_have_a_name_or_a_number() {
        for good in ["www-data", "_apt", "Debian-exim", "a.b", "0", "1000", "4294967294"] {
            assert!(Account::new(good).is_ok(), "{good:?}");
        }
        for bad in ["", "-x", "a b", "a:b", "01", "4294967295", "99999999999", "1a", "a\nb", "$x", "é", "+1"] {
            assert!(Account::new(bad).is_err(), "{bad:?}");
        }
        for good in ["shop", "1000", "1000:1000", "shop:adm", "1000:adm"] {
            assert!(RunAs::new(good).is_ok(), "{good:?}");
        }
        for bad in ["", ":", "a:", ":a", "a:b:c", "1000:", "a b:c"] {
            assert!(RunAs::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn source_distributions() {
        for (good, splits) in [
            ("pyyaml-6.0.2.tar.gz", &[("pyyaml", "6.0.2")][..]),
            ("python-dateutil-2.9.zip", &[("python", "dateutil-2.9"), ("python-dateutil", "2.9")]),
            ("x-1--2.zip", &[("x", "1--2"), ("x-1-", "2")]),
        ] {
            let file = SdistFile::new(good).unwrap();
            assert_eq!(file.splits().collect::<Vec<_>>(), splits, "{good}");
        }
        for bad in ["x.tar.gz", "-x-1.tar.gz", "../x-1.tar.gz", "x-1.whl", "x-1.tar.gz\n", "x y-1.zip", "x-.zip", ""] {
            assert!(SdistFile::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_message_names_the_grammar() {
        let error = PackageName::new("Bad_Name").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`Bad_Name` is not a valid package name: lower-case letters, digits, `+`, `-` and `.`, two or more, a letter or digit first"
        );
    }
}
