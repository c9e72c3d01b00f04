//! What of a builder image goes into a wheel: the compilers, headers and build tools that are installed in it, each with
//! its version. What else is in it (time zones, certificates, shells) comes and goes with every refreshed base image and
//! changes no wheel.

use std::collections::BTreeSet;

use crate::names::Sha256;

/// How names of packages end that a build reads.
const READ: [&str; 4] = ["-dev", "-devel", "-headers", "-static"];

/// How names of packages begin that a build runs.
const RUN: [&str; 14] = [
    "autoconf", "automake", "binutils", "cargo", "clang", "cmake", "cpp", "cython", "g++", "gcc", "golang", "llvm",
    "make", "rust",
];

/// The packages of an image that go into wheels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Installed {
    lines: BTreeSet<String>,
    listed: usize,
}

impl Installed {
    /// Reads what a package manager lists: `name version` line by line, or `name-version-release` as apk has it. `named`
    /// are the packages that the recipe and the platform name for the builder: they are taken whatever they are called.
    #[must_use]
    pub fn read<'l>(listed: impl IntoIterator<Item = &'l str>, named: &[String]) -> Self {
        let counts = |name: &str| {
            named.iter().any(|wanted| wanted == name)
                || READ.iter().any(|ending| name.ends_with(ending))
                || RUN.iter().any(|start| name.starts_with(start))
        };
        let mut found = Self::default();
        for (name, version) in listed.into_iter().filter_map(split) {
            found.listed += 1;
            if counts(name) {
                found.lines.insert(format!("{name} {version}\n"));
            }
        }
        found
    }

    /// Whether nothing was listed. A builder may well have nothing that wheels depend on: it builds of Python alone, then.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.listed == 0
    }

    /// One digest of all names and versions.
    #[must_use]
    pub fn digest(&self) -> Sha256 {
        Sha256::of(self.lines.iter().map(String::as_str).collect::<String>())
    }
}

/// The name and the version of a line; `None` for a line that is something else.
fn split(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if let Some((name, version)) = line.split_once(' ') {
        return (!version.contains(' ')).then_some((name, version));
    }
    // apk: both the version and the release are behind a dash, and neither has one.
    let (rest, release) = line.rsplit_once('-')?;
    let (name, _) = rest.rsplit_once('-')?;
    release.starts_with('r').then(|| (name, &line[name.len() + 1..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LISTED: [&str; 6] = [
        "python3 3.11.2-1+b1",
        "libxml2-dev 2.9.14",
        "gcc-12 12.2.0",
        "tzdata 2025b",
        "libc6-dev 2.36-9",
        "libpq5 15.1",
    ];

    fn digest(lines: &[&str]) -> Sha256 {
        Installed::read(lines.iter().copied(), &["python3".to_owned(), "libpq5".to_owned()]).digest()
    }

    /// The list with another version of one package.
    fn with(name: &str, version: &str) -> Sha256 {
        let line = format!("{name} {version}");
        let lines: Vec<&str> =
            LISTED.iter().map(|known| if known.starts_with(&format!("{name} ")) { &line } else { *known }).collect();
        digest(&lines)
    }

    #[test]
    fn what_a_build_reads_or_runs_counts() {
        let before = digest(&LISTED);
        for name in ["python3", "libxml2-dev", "gcc-12", "libc6-dev", "libpq5"] {
            assert_ne!(with(name, "99"), before, "{name}");
        }
        assert_eq!(with("tzdata", "2026a"), before);
        assert_eq!(digest(&[&LISTED[..], &["curl 8.1"]].concat()), before);
        assert_ne!(digest(&[&LISTED[..], &["zlib1g-dev 1.2"]].concat()), before);
    }

    #[test]
    fn apk_writes_it_in_one_word() {
        let read = |line| Installed::read([line], &[]);
        assert_eq!(read("libxml2-dev-2.13.4-r5"), read("libxml2-dev 2.13.4-r5"));
        assert!(read("WARNING: opening from cache").is_empty() && read("").is_empty() && read("a-dev").is_empty());
    }

    #[test]
    fn a_builder_without_compilers_is_one() {
        let bare = Installed::read(["bash 5.2", "python 2.7.5"], &[]);
        assert!(!bare.is_empty());
        assert_eq!(bare.digest(), Installed::read(["bash 5.1"], &[]).digest());
        assert!(Installed::read(["", "error:"], &[]).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

        #[test]
        fn the_order_says_nothing(lines in Just(LISTED.to_vec()).prop_shuffle()) {
            prop_assert_eq!(digest(&lines), digest(&LISTED));
        }
    }
}
