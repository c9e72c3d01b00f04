//! [`Manager`]: how a distro family's packages are installed, looked after and removed, as data. A further family is
//! one more file beside `apt.rs`, and a line here.

use super::apt;
use crate::platform::Family;

/// A command without the package names or files that come behind it.
pub type Words = &'static [&'static str];

/// The commands of a package manager.
#[derive(Debug)]
pub struct Manager {
    /// Its name, for people: `apt-get`.
    pub name: &'static str,
    /// Variables of every command.
    pub env: &'static [(&'static str, &'static str)],
    /// Fetches the archive's lists.
    pub refresh: Words,
    /// Installs package files (absolute paths follow) and what they need.
    pub install: Words,
    /// Installs packages of the archive (names follow).
    pub add: Words,
    /// Holds the files of packages (names follow) against the package database; every line it prints is a complaint.
    pub verify: Words,
    /// Says which packages are only half installed; every line it prints is a complaint.
    pub audit: Words,
    /// Removes packages (names follow) and keeps their configuration.
    pub remove: Words,
    /// Removes what a removal kept (names follow), where the family knows that.
    pub purge: Option<Words>,
    /// Whether the links that enabled a service outlive a removal, so that a later installation finds the
    /// administrator's choice again.
    pub links_survive: bool,
    /// Where the family's systemd looks for programs that are named without a folder.
    pub service_path: &'static str,
    /// What makes the manager trust other certificates.
    pub trust: Trust,
}

/// A configuration file that names the certificates, and the variable that names the file.
#[derive(Debug)]
pub struct Trust {
    /// Where in [`super::bench::PLACE`] the file stands.
    pub file: &'static str,
    /// What it says. The certificates are in `/run/factory-test/ca.pem`.
    pub text: &'static str,
    /// The variable that names it.
    pub variable: &'static str,
}

/// The package manager of a family; `None` where its file is not written yet.
#[must_use]
pub fn manager(family: Family) -> Option<&'static Manager> {
    match family {
        Family::Debian => Some(&apt::APT),
        Family::Rhel | Family::Suse | Family::Alpine => None,
    }
}
