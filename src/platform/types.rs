//! What a platform file says, checked.

mod base;
mod host;
mod packaging;
mod python;

pub use base::{AptOption, Base, Bootstrap, BootstrapTool, KEYRING_FOLDERS, Keyring, Quirk, Variant};
pub use host::Host;
pub use packaging::{Packaging, PythonDists, Relations, Signature};
pub use python::{Python, Seed};

use crate::names::PlatformId;

/// A distro release.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Platform {
    /// Its id after os-release: `debian-12`.
    pub id: PlatformId,
    /// For people: `Debian 12 (bookworm)`.
    pub name: String,
    /// Which kin's words and tools it uses.
    pub family: Family,
    /// Its package manager.
    pub manager: Manager,
    /// Other ids that users type: `bookworm`.
    pub aliases: Vec<String>,
    /// The last day of free support, `YYYY-MM-DD`.
    pub eol: String,
    /// Where its root file system comes from.
    pub base: Base,
    /// Its Python.
    pub python: Python,
    /// How its packages are written.
    pub package: Packaging,
    /// What install tests need.
    pub test: TestTools,
    /// SHA-256 of the file's text: part of the keys of steps that use the whole of it.
    pub digest: String,
}

/// Distros that share a package manager and package names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Debian and Ubuntu: apt and dpkg.
    Debian,
    /// CentOS, Alma, Rocky, Fedora, Amazon Linux: yum or dnf and rpm.
    Rhel,
    /// openSUSE: zypper and rpm.
    Suse,
    /// Alpine: apk.
    Alpine,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Debian, Self::Rhel, Self::Suse, Self::Alpine];

    /// The word in recipes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debian => "debian",
            Self::Rhel => "rhel",
            Self::Suse => "suse",
            Self::Alpine => "alpine",
        }
    }
}

impl Family {
    /// The shell of accounts without a login.
    #[must_use]
    pub fn nologin(self) -> &'static str {
        match self {
            Self::Alpine => "/sbin/nologin",
            Self::Debian | Self::Rhel | Self::Suse => "/usr/sbin/nologin",
        }
    }
}

/// Programs that install packages: the word in `install-<manager>.hbs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manager {
    /// apt-get(8).
    Apt,
    /// yum(8) up to EL7.
    Yum,
    /// dnf(8).
    Dnf,
    /// zypper(8).
    Zypper,
    /// apk(8).
    Apk,
    /// rpm(8) alone, which fetches nothing: for a base image that holds all that is needed.
    Rpm,
}

impl Manager {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Apt, Self::Yum, Self::Dnf, Self::Zypper, Self::Apk, Self::Rpm];

    /// The word in platform files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apt => "apt",
            Self::Yum => "yum",
            Self::Dnf => "dnf",
            Self::Zypper => "zypper",
            Self::Apk => "apk",
            Self::Rpm => "rpm",
        }
    }
}

/// What install tests need.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TestTools {
    /// OS packages added to the clean container to judge units.
    pub packages: Vec<String>,
}
