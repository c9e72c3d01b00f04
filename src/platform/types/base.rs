//! Where a platform's root file system comes from.

use std::collections::BTreeMap;

use crate::names::Sha256;

/// Where a platform's root file system comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Base {
    /// The image in the daemon or a registry: `debian:bookworm-slim`.
    pub image: String,
    /// How it is made from packages where there is none.
    pub bootstrap: Option<Bootstrap>,
    /// OS packages that bring `groupadd` and `useradd`, where the image has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// What is changed in it before its package manager works.
    pub quirks: Vec<Quirk>,
}

/// A change of a base image, and why it is needed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Quirk {
    /// Why, in a sentence.
    pub reason: String,
    /// Absolute paths of files that go away.
    pub remove: Vec<String>,
    /// Texts of files by their absolute paths.
    pub write: BTreeMap<String, String>,
}

/// A root file system from the distro's own packages.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Bootstrap {
    /// The program.
    pub tool: BootstrapTool,
    /// The suite or release: `bookworm`.
    pub suite: String,
    /// Which packages the suite begins with.
    pub variant: Variant,
    /// Packages added to the variant.
    pub include: Vec<String>,
    /// Components of the archive; the tool's default (`main`) when empty.
    pub components: Vec<String>,
    /// The archive, where the tool's default no longer has the release.
    pub mirror: Option<String>,
    /// Where the archive's keys are found on a host that lacks them.
    pub keyring: Option<Keyring>,
    /// apt's options for the making.
    pub options: Vec<AptOption>,
}

/// The keys of an archive.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Keyring {
    /// Those of this machine, else out of a package of another archive that the host's own keys vouch for.
    System {
        /// The package.
        package: String,
        /// The Debian suite that has it.
        suite: String,
        /// Where it puts the keys, and where a host that has them has them: in one of [`KEYRING_FOLDERS`].
        file: String,
    },
    /// A file of the project. Packages of its archive run as root when the base is made.
    Project {
        /// Where it is below the project's folder.
        file: String,
        /// What is in it: a base is every project's on the daemon.
        sha256: Sha256,
    },
}

/// Where a system has the keys of archives.
pub const KEYRING_FOLDERS: [&str; 3] = ["/usr/share/keyrings", "/etc/apt/keyrings", "/etc/apt/trusted.gpg.d"];

/// Which packages a suite begins with, as mmdebstrap(1) calls them. Those that leave a root file system unfinished
/// (`extract`, `custom`) are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// Essential packages and apt.
    Minbase,
    /// The same with what builds need.
    Buildd,
    /// Essential packages, and apt where it is one.
    Essential,
    /// apt and what it needs.
    Apt,
    /// Priority required.
    Required,
    /// Priority important.
    Important,
    /// Priority standard.
    Standard,
}

impl Variant {
    /// Every one.
    pub const ALL: [Self; 7] =
        [Self::Minbase, Self::Buildd, Self::Essential, Self::Apt, Self::Required, Self::Important, Self::Standard];

    /// mmdebstrap's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minbase => "minbase",
            Self::Buildd => "buildd",
            Self::Essential => "essential",
            Self::Apt => "apt",
            Self::Required => "required",
            Self::Important => "important",
            Self::Standard => "standard",
        }
    }
}

/// An option of apt that changes how packages are fetched, and neither whether they are checked nor what is run:
/// `Acquire::Check-Valid-Until "false"` (apt.conf(5)).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct AptOption(String);

/// Options that a platform may set, with the words that each may have; none stands for a number below 1000.
const OPTIONS: [(&str, &[&str]); 10] = [
    ("Acquire::Check-Valid-Until", &["true", "false"]),
    ("Acquire::Check-Date", &["true", "false"]),
    ("Acquire::ForceIPv4", &["true", "false"]),
    ("Acquire::ForceIPv6", &["true", "false"]),
    ("Acquire::Languages", &["none"]),
    ("Acquire::Queue-Mode", &["host", "access"]),
    ("Acquire::Retries", &[]),
    ("Acquire::http::Pipeline-Depth", &[]),
    ("Acquire::http::Timeout", &[]),
    ("Acquire::https::Timeout", &[]),
];

impl AptOption {
    /// Takes an option as apt.conf(5) has it: `Name "value"`.
    ///
    /// # Errors
    /// What is allowed, in a sentence.
    pub fn new(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once(' ').unwrap_or((text, ""));
        let Some((name, words)) = OPTIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) else {
            let known: Vec<&str> = OPTIONS.iter().map(|(name, _)| *name).collect();
            return Err(format!("options that a platform may set: {}", known.join(", ")));
        };
        let value = value.trim().trim_end_matches(';').strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let number = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        match value {
            Some(value) if words.contains(&value) || (words.is_empty() && number(value)) => {
                Ok(Self(format!("{name} \"{value}\"")))
            }
            _ if words.is_empty() => Err(format!("`{name} \"…\"` with a number below 1000")),
            _ => Err(format!("`{name} \"…\"` with {}", words.join(" or "))),
        }
    }

    /// As apt reads it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Programs that make a root file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BootstrapTool {
    /// mmdebstrap(1).
    Mmdebstrap,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_from_a_closed_list() {
        let new = |text: &str| AptOption::new(text).map(|option| option.as_str().to_owned());
        assert_eq!(new("Acquire::Check-Valid-Until \"false\"").unwrap(), "Acquire::Check-Valid-Until \"false\"");
        assert_eq!(new("acquire::retries \"5\";").unwrap(), "Acquire::Retries \"5\"");
        for bad in [
            "",
            "/etc/apt/apt.conf",
            "Acquire::Retries",
            "Acquire::Retries 5",
            "Acquire::Retries \"5\"; APT::Update::Pre-Invoke {\"id\";}",
            "Acquire::Retries \"5\";\nDPkg::Pre-Invoke {\"id\";};",
            "Acquire::Retries \"5\" \"6\"",
            "APT::Update::Pre-Invoke {\"id > /tmp/x; false\";};",
            "APT::Get::AllowUnauthenticated \"true\"",
            "Acquire::AllowInsecureRepositories \"true\"",
            "Acquire::http::Proxy-Auto-Detect \"/tmp/x\"",
            "Dir::Bin::Methods \"/tmp\"",
            "#include \"/etc/x\"",
        ] {
            assert!(new(bad).is_err(), "{bad}");
        }
    }
}
