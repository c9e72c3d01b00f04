//! [`Meta`]: what a package says of itself, before any format.

use crate::names::{ArchName, Override, PackageName, Scripts, User};

/// Everything about a package but its files.
#[derive(Debug, Clone)]
pub struct Meta {
    /// Its name.
    pub name: PackageName,
    /// Larger than that of every version that sorts wrongly without it (policy 5.6.12, `Epoch` of RPM); 0 where there is none.
    pub version_epoch: u32,
    /// The upstream version, without the epoch: `2.5.11`, `2.5.0~rc1`.
    pub version: String,
    /// The packaging revision with the platform's suffix: `1~deb12`, `1.el7`.
    pub revision: String,
    /// The platform's id: `debian-12`.
    pub platform: String,
    /// The architecture in the format's word: `amd64`, `x86_64`; `all` and `noarch` where nothing is native.
    pub arch: ArchName,
    /// `Name <mail>`.
    pub maintainer: String,
    /// One line, no full stop, at most 80 characters.
    pub summary: String,
    /// The long description: paragraphs separated by an empty line; may be empty.
    pub description: String,
    /// Home page, or empty.
    pub homepage: String,
    /// SPDX licence expression.
    pub license: String,
    /// Who holds the copyright, one line: `2015-2026 Capensis`.
    pub copyright: String,
    /// The whole licence text, where the project ships one; empty otherwise.
    pub license_text: String,
    /// deb section: `net`, `admin`, …
    pub section: String,
    /// deb priority: `optional`.
    pub priority: String,
    /// The platform's suite for the changelog's first line: `bookworm`.
    pub suite: String,
    /// Relations, each in the format's own syntax: `python3 (>= 3.11)`. Already checked.
    pub depends: Vec<String>,
    /// Needed before unpacking.
    pub pre_depends: Vec<String>,
    /// Weak relations.
    pub recommends: Vec<String>,
    /// Weaker relations.
    pub suggests: Vec<String>,
    /// What it is a use to, which need not know it.
    pub enhances: Vec<String>,
    /// May not be installed together.
    pub conflicts: Vec<String>,
    /// deb `Breaks`.
    pub breaks: Vec<String>,
    /// May overwrite files of.
    pub replaces: Vec<String>,
    /// Virtual packages.
    pub provides: Vec<String>,
    /// System users made before unpacking; never removed.
    pub users: Vec<User>,
    /// systemd units in the tree.
    pub units: Vec<Unit>,
    /// Maintainer script parts of the project, run after ours at installation, but before services start, and before ours at
    /// removal.
    pub scripts: Scripts,
    /// Newest first; at least one.
    pub changelog: Vec<ChangelogEntry>,
    /// Lint findings that are meant, each with its reason.
    pub overrides: Vec<Override>,
    /// No file is newer than this: seconds since 1970 UTC (`SOURCE_DATE_EPOCH`).
    pub epoch: i64,
}

impl Meta {
    /// The whole version as dpkg and rpm write it: `[epoch:]version-revision`.
    #[must_use]
    pub fn evr(&self) -> String {
        match self.version_epoch {
            0 => format!("{}-{}", self.version, self.revision),
            epoch => format!("{epoch}:{}-{}", self.version, self.revision),
        }
    }
}

/// A systemd unit of the package.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Unit {
    /// `x.service`, `x@.service`, `x.timer`, …
    pub name: String,
    /// Enable it at first installation (a template never is).
    pub enable: bool,
    /// Start it at installation and restart it at upgrade (a template's running instances are restarted).
    pub start: bool,
}

/// One entry of a package's changelog.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ChangelogEntry {
    /// Full version with revision.
    pub version: String,
    /// Seconds since 1970 UTC.
    pub date: i64,
    /// One line each.
    pub changes: Vec<String>,
}
