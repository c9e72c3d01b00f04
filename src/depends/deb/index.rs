//! [`Index`]: which package of a system has which library, and what its `symbols` and `shlibs` say. Made once of a system's own
//! files; an index that was kept is read in its place.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::{
    shlibs::Shlibs,
    status::{self, Installed},
    symbols::SymbolsFile,
};
use crate::depends::merged;

/// The most libraries of a system: a full desktop has some ten thousand.
const MOST_LIBRARIES: usize = 1 << 20;

/// What a system says of its libraries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// The folders where the dynamic linker looks, without `/lib` where it is `/usr/lib`.
    pub folders: Vec<String>,
    /// Libraries by their path in the form of [`merged`]: the packages that have them.
    libraries: BTreeMap<String, Vec<String>>,
    /// What packages say, by their names as files in `info` are called: `libssl3:amd64`.
    packages: BTreeMap<String, Said>,
}

/// What a package says of its libraries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its `symbols`.
    pub symbols: SymbolsFile,
    /// Its `shlibs`.
    pub shlibs: Shlibs,
}

impl Index {
    /// The packages that have a file, by their path in the form of [`merged`]: `libssl3:amd64`.
    #[must_use]
    pub fn owners(&self, path: &str) -> &[String] {
        self.libraries.get(path).map(Vec::as_slice).unwrap_or_default()
    }

    /// What a package says; nothing as a rule.
    #[must_use]
    pub fn said(&self, package: &str) -> Option<&Said> {
        self.packages.get(package)
    }

    /// How many libraries are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.libraries.len()
    }

    /// Whether there is no library in it: no system of Debian's kind is without one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.libraries.is_empty()
    }
}

/// Makes an [`Index`] of the files of a system.
#[derive(Debug, Clone)]
pub struct Maker {
    arch: String,
    installed: HashMap<String, Installed>,
    diversions: HashMap<String, (String, String)>,
    index: Index,
}

impl Maker {
    /// Of packages of an architecture (`amd64`), from `/var/lib/dpkg/status` and `/var/lib/dpkg/diversions`.
    #[must_use]
    pub fn new(arch: &str, status: &str, diversions: &str) -> Self {
        let diverted = status::diversions(diversions).into_iter();
        let diversions = diverted.map(|[from, to, by]| (merged(&from), (merged(&to), by))).collect();
        Self { arch: arch.to_owned(), installed: status::installed(status), diversions, index: Index::default() }
    }

    /// Whether a file below `/var/lib/dpkg/info` says something here.
    #[must_use]
    pub fn wants(&self, name: &str) -> bool {
        let Some((package, kind)) = name.rsplit_once('.') else { return false };
        let is_for_us = |found: &Installed| found.arch == self.arch || found.arch == "all";
        ["list", "symbols", "shlibs"].contains(&kind) && self.installed.get(package).is_some_and(is_for_us)
    }

    /// Adds such a file.
    pub fn add(&mut self, name: &str, text: &str) {
        let Some((package, kind)) = name.rsplit_once('.').filter(|_| self.wants(name)) else { return };
        match kind {
            "list" => self.list(package, text),
            "symbols" => self.said(package).symbols = SymbolsFile::parse(text),
            _ => self.said(package).shlibs = Shlibs::parse(text),
        }
    }

    fn said(&mut self, package: &str) -> &mut Said {
        self.index.packages.entry(package.to_owned()).or_default()
    }

    fn list(&mut self, package: &str, text: &str) {
        let name = package.split(':').next().unwrap_or_default();
        let is_library = |path: &&str| path.rsplit('/').next().is_some_and(|name| name.contains(".so"));
        for path in text.lines().filter(is_library) {
            if self.index.libraries.len() >= MOST_LIBRARIES {
                return;
            }
            let mut path = merged(path);
            // Of an administrator's own diversion, `by` names no package: it moves the file of all.
            if let Some((elsewhere, _)) = self.diversions.get(&path).filter(|(_, by)| by != name) {
                path.clone_from(elsewhere);
            }
            let owners = self.index.libraries.entry(path).or_default();
            if !owners.iter().any(|owner| owner == package) {
                owners.push(package.to_owned());
            }
        }
    }

    /// The index, with the folders of the system's `ld.so.conf`; `triplet` is that of its own libraries (`x86_64-linux-gnu`).
    #[must_use]
    pub fn finish(mut self, configured: &[String], triplet: &str) -> Index {
        let standard = ["/lib".to_owned(), "/usr/lib".to_owned()];
        let own = [format!("/lib/{triplet}"), format!("/usr/lib/{triplet}")];
        let folders = standard.iter().chain(configured).chain(&own);
        for folder in folders.map(|folder| merged(folder)) {
            if !self.index.folders.contains(&folder) {
                self.index.folders.push(folder);
            }
        }
        // Most packages have no library to say anything of.
        self.index.packages.retain(|_, said| said.symbols.names().next().is_some() || !said.shlibs.is_empty());
        self.index
    }
}
