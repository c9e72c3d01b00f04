//! What a platform file says, checked.

mod base;
mod host;
mod packaging;
mod python;

pub use base::{AptOption, Base, Bootstrap, BootstrapTool, KEYRING_FOLDERS, Keyring, Quirk, Variant};
pub use host::Host;
pub use packaging::{Packaging, PythonDists, Relations, Signature};
pub use python::{Python, Seed};

use crate::{
    format::facts::{Codec, PackageFormat},
    names::{ArchName, Machine, PlatformId},
};

/// A distro release, or Windows on one machine.
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
    /// Of Windows, for which machine it stands. It has neither base image nor packages: `base`, `python`, `package` and `test` are empty
    /// then, and a recipe that it sees has nothing that asks for them.
    pub windows: Option<Machine>,
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

impl Platform {
    /// Empty, but for what names it: where nothing is asked of the rest.
    pub(super) fn of_windows(id: PlatformId, name: String, machine: Machine, any: ArchName) -> Self {
        let packaging = Packaging {
            format: PackageFormat::Cab,
            arch: std::collections::BTreeMap::new(),
            any,
            suffix: String::new(),
            suite: String::new(),
            codec: Codec::Gzip,
            units: String::new(),
            relations: Relations { weak: false, rich: false },
            python_dists: None,
            signatures: Vec::new(),
        };
        Self {
            id,
            name,
            family: Family::Windows,
            manager: Manager::None,
            windows: Some(machine),
            aliases: Vec::new(),
            eol: String::new(),
            base: Base::default(),
            python: Python::default(),
            package: packaging,
            test: TestTools { packages: Vec::new() },
            digest: String::new(),
        }
    }
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
    /// Windows, which is no distro.
    Windows,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Debian, Self::Rhel, Self::Suse, Self::Alpine, Self::Windows];

    /// The word in recipes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debian => "debian",
            Self::Rhel => "rhel",
            Self::Suse => "suse",
            Self::Alpine => "alpine",
            Self::Windows => "windows",
        }
    }
}

impl Family {
    /// The shell of accounts without a login.
    #[must_use]
    pub fn nologin(self) -> &'static str {
        match self {
            Self::Alpine => "/sbin/nologin",
            Self::Debian | Self::Rhel | Self::Suse | Self::Windows => "/usr/sbin/nologin",
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
    /// None: Windows.
    None,
}

impl Manager {
    /// All that there are.
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
            Self::None => "none",
        }
    }
}

/// What install tests need.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TestTools {
    /// OS packages added to the clean container to judge units.
    pub packages: Vec<String>,
}
