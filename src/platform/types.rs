//! What a platform file says, checked.

use std::collections::BTreeMap;

use crate::names::{ArchName, PlatformId};

/// A distro release.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Platform {
    /// Its id after os-release: `debian-12`.
    pub id: PlatformId,
    /// For people: `Debian 12 (bookworm)`.
    pub name: String,
    /// Which kin's words and tools it uses.
    pub family: Family,
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
    pub trial: Trial,
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

/// Where a platform's root file system comes from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Base {
    /// The image in the daemon or a registry: `debian:bookworm-slim`.
    pub image: String,
    /// How it is made from packages where there is none.
    pub bootstrap: Option<Bootstrap>,
}

/// A root file system from the distro's own packages.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Bootstrap {
    /// The program.
    pub tool: BootstrapTool,
    /// The suite or release: `bookworm`.
    pub suite: String,
    /// The tool's variant: `minbase`.
    pub variant: String,
    /// Packages added to the variant.
    pub include: Vec<String>,
}

/// Programs that make a root file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BootstrapTool {
    /// mmdebstrap(1).
    Mmdebstrap,
}

/// A platform's Python.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Python {
    /// The interpreter's path.
    pub interpreter: String,
    /// `major.minor`.
    pub version: String,
    /// The ABI tag of PEP 425: `cp311`.
    pub abi: String,
    /// The C library and its version: `glibc-2.36`.
    pub libc: String,
    /// OS packages of the run time.
    pub packages: Vec<String>,
    /// OS packages of pip and what it needs.
    pub tools: Vec<String>,
    /// Where those packages put the module `pip`.
    pub pip: String,
    /// OS packages of the compilers.
    pub builder: Vec<String>,
    /// Relations of a package that ships a virtualenv.
    pub depends: Vec<String>,
}

/// How a platform's packages are written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Packaging {
    /// Which format.
    pub format: PackageFormat,
    /// The format's word for each machine (`x86_64` -> `amd64`).
    pub arch: BTreeMap<String, ArchName>,
    /// Put behind the release number: `~deb12`, `.el7`.
    pub suffix: String,
    /// The suite in changelogs.
    pub suite: String,
    /// Compression of the payload.
    pub codec: Codec,
}

/// Package formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageFormat {
    /// deb(5).
    Deb,
}

impl PackageFormat {
    /// The word in recipes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deb => "deb",
        }
    }
}

/// Compression of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Codec {
    /// RFC 1952.
    Gzip,
    /// .xz.
    Xz,
}

/// What install tests need.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Trial {
    /// OS packages added to the clean container to judge units.
    pub packages: Vec<String>,
}
