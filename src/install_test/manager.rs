//! [`Commands`]: how a package manager's packages are installed, looked after and removed, as data. A further manager is
//! one more file in `manager/`, and a line here.

mod apt;
mod dnf;
mod rpm;
mod yum;
mod zypper;

use crate::platform::Manager;

/// A command without the package names or files that come behind it.
pub type Words = &'static [&'static str];

/// The commands of a package manager.
#[derive(Debug)]
pub struct Commands {
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
    /// Removes what a removal kept (names follow), where the manager knows that.
    pub purge: Option<Words>,
    /// What a removal does with configuration.
    pub config: Config,
    /// Whether the links that enabled a service outlive a removal, so that a later installation finds the
    /// administrator's choice again.
    pub links_survive: bool,
    /// Where the family's systemd looks for programs that are named without a folder.
    pub service_path: &'static str,
    /// What makes the manager trust other certificates.
    pub ca_setup: CaSetup,
    /// How it says which package has a library.
    pub owner: Owner,
}

/// How a package manager says which installed package has a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// dpkg-query(1): `libpq5:amd64: /usr/lib/x86_64-linux-gnu/libpq.so.5`.
    Dpkg,
    /// rpm(8): what provides `libpq.so.5()(64bit)`.
    Rpm,
}

impl Owner {
    /// The command for a library's name.
    #[must_use]
    pub fn argv(self, library: &str) -> Vec<String> {
        let (words, last): (Words, String) = match self {
            Self::Dpkg => (&["dpkg-query", "--search"], format!("*/{library}")),
            Self::Rpm => {
                (&["rpm", "--query", "--queryformat", "%{NAME}\\n", "--whatprovides"], format!("{library}()(64bit)"))
            }
        };
        words.iter().map(|word| (*word).to_owned()).chain([last]).collect()
    }

    /// The package that a line of its answer names.
    #[must_use]
    pub fn read(self, line: &str) -> Option<&str> {
        let name = match self {
            // Several packages may share a path; a diversion is none.
            Self::Dpkg => line.split_once(": /")?.0.split([',', ':']).next()?,
            Self::Rpm => line,
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
        Some(name.trim()).filter(|name| !name.is_empty() && name.chars().all(is_plain))
    }
}

/// What a removal does with configuration files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Config {
    /// They stay.
    Stays,
    /// Those that were changed stay under their name with this behind it; the others go.
    Saved(&'static str),
}

/// How a manager is told of other certificates, those in `/run/factory-test/ca.pem`.
#[derive(Debug)]
pub enum CaSetup {
    /// By a configuration file and the variable that names it.
    File {
        /// Its name in [`super::container::PLACE`].
        file: &'static str,
        /// What it says.
        text: &'static str,
        /// The variable.
        variable: &'static str,
    },
    /// By a file among the system's own anchors, and the command that takes them up.
    Anchor {
        /// The file, absolute.
        file: &'static str,
        /// The command.
        command: Words,
    },
    /// By an option right behind the program's name.
    Option(&'static str),
    /// It fetches nothing.
    Nothing,
}

/// The commands of a manager; `None` where its packages are not written yet.
#[must_use]
pub fn commands(manager: Manager) -> Option<&'static Commands> {
    match manager {
        Manager::Apt => Some(&apt::APT),
        Manager::Yum => Some(&yum::YUM),
        Manager::Dnf => Some(&dnf::DNF),
        Manager::Zypper => Some(&zypper::ZYPPER),
        Manager::Rpm => Some(&rpm::RPM),
        Manager::Apk | Manager::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_a_library() {
        assert_eq!(Owner::Dpkg.argv("libpq.so.5"), ["dpkg-query", "--search", "*/libpq.so.5"]);
        assert_eq!(Owner::Rpm.argv("libpq.so.5").last().map(String::as_str), Some("libpq.so.5()(64bit)"));
        for (owner, line, package) in [
            (Owner::Dpkg, "libpq5:amd64: /usr/lib/x86_64-linux-gnu/libpq.so.5", Some("libpq5")),
            (Owner::Dpkg, "a, b: /usr/lib/libx.so.1", Some("a")),
            (Owner::Dpkg, "dpkg-query: no path found matching pattern */libpq.so.5", None),
            (Owner::Dpkg, "diversion by a from: /usr/lib/libx.so.1", None),
            (Owner::Rpm, "libpq", Some("libpq")),
            (Owner::Rpm, "no package provides libpq.so.5()(64bit)", None),
        ] {
            assert_eq!(owner.read(line), package, "{line}");
        }
    }
}
