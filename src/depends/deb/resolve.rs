//! The relations that the programs and libraries of a package need, as dpkg-shlibdeps(1) finds them:
//!
//! - A library is looked for as the dynamic linker does, in the package first. What the package has itself is not needed.
//! - Of a library of the system, `symbols` of its package says which version had each symbol first, `shlibs` where it has none. Whoever is
//!   linked with it needs the smallest version at least, and that of each symbol that it takes.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    index::{Index, Said},
    relation::{Asker, Needed, Relations},
    symbols::Library,
};
use crate::depends::{Leads, Native, Shipped, linker, merged};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// The files of the package.
    pub shipped: &'q Shipped,
    /// Files of packages that are installed with it, in the form of [`merged`].
    pub beside: &'q BTreeSet<String>,
    /// The system that it was built on.
    pub index: &'q Index,
    /// Links and files of that system that no package has, with what they lead to, both in the form of [`merged`].
    pub links: &'q BTreeMap<String, String>,
    /// The package's own name.
    pub own: &'q str,
}

/// What a package needs.
#[derive(Debug, Default)]
pub struct Found {
    /// The relations, sorted.
    pub needed: Vec<Needed>,
    /// Libraries that no package of the system has, nor the package itself, by their names.
    pub lost: BTreeMap<String, Lost>,
    /// Packages that have a library and say neither with `symbols` nor with `shlibs` what is needed for it: their names, and the library.
    pub silent: BTreeMap<String, String>,
}

/// A library that no package has.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// The files that need it, absolute.
    pub files: BTreeSet<String>,
    /// Where it was looked for in the system, in order.
    pub places: Vec<String>,
}

/// Finds what a package needs.
#[must_use]
pub fn resolve(question: Question<'_>) -> Found {
    let (mut found, mut relations) = (Found::default(), Relations::default());
    for native in question.shipped.natives() {
        question.one(native, &mut relations, &mut found);
    }
    found.needed = relations.finish(question.own);
    found
}

/// Where a library is.
enum Place<'q> {
    /// In the package, or in one that comes with it.
    Here,
    /// In the system, in these packages.
    System(&'q [String]),
    /// No package has it.
    Nowhere(Vec<String>),
}

impl<'q> Question<'q> {
    fn one(self, native: &Native, relations: &mut Relations, found: &mut Found) {
        let mut libraries: Vec<(&str, &'q Library)> = Vec::new();
        for name in &native.elf.needed {
            match self.place(native, name) {
                Place::Here => {}
                Place::Nowhere(places) => {
                    let lost =
                        found.lost.entry(name.clone()).or_insert_with(|| Lost { files: BTreeSet::new(), places });
                    lost.files.insert(native.path.clone());
                }
                Place::System(packages) => {
                    let asker = Asker { file: &native.path, library: name };
                    libraries
                        .extend(self.ask(packages, asker, relations, found).map(|library| (name.as_str(), library)));
                }
            }
        }
        if libraries.is_empty() {
            return;
        }
        let mut key = String::new();
        for symbol in &native.elf.symbols {
            key.clear();
            key.extend([symbol.name.as_str(), "@", symbol.version.as_deref().unwrap_or("Base")]);
            let known = libraries.iter().find_map(|(name, library)| Some((name, library.symbol(&key)?)));
            if let Some((library, (template, version))) = known {
                relations.add(template, Some(version), Asker { file: &native.path, library });
            }
        }
    }

    /// Adds what is needed for a library whatever symbols are used; gives what its package says of its symbols.
    fn ask(
        self,
        packages: &[String],
        asker: Asker<'_>,
        relations: &mut Relations,
        found: &mut Found,
    ) -> Option<&'q Library> {
        let said: Vec<&'q Said> = packages.iter().filter_map(|package| self.index.said(package)).collect();
        // As dpkg-shlibdeps does it: a package's `symbols`, else its `shlibs`, else the next one's.
        for said in said {
            if let Some(library) = said.symbols.library(asker.library) {
                let (template, version) = library.least();
                relations.add(template, version, asker);
                return Some(library);
            }
            if let Some(depends) = said.shlibs.of(asker.library) {
                relations.add(depends, None, asker);
                return None;
            }
        }
        for package in packages.iter().take(1) {
            let name = package.split(':').next().unwrap_or_default();
            relations.add(name, None, asker);
            found.silent.insert(name.to_owned(), asker.library.to_owned());
        }
        None
    }

    fn place(self, native: &Native, name: &str) -> Place<'q> {
        let mut places: Vec<String> = if name.starts_with('/') {
            vec![merged(name)]
        } else {
            let own = linker::own_folders(native).into_iter();
            own.chain(self.index.folders.iter().cloned()).map(|folder| format!("{folder}/{name}")).collect()
        };
        places.dedup();
        for path in &places {
            match self.shipped.leads(path) {
                Leads::Native => return Place::Here,
                Leads::Out(elsewhere) if elsewhere != path => {
                    if let Some(packages) = self.owners(elsewhere) {
                        return Place::System(packages);
                    }
                }
                Leads::Out(_) | Leads::Other => {}
            }
            if self.beside.contains(path) {
                return Place::Here;
            }
        }
        if let Some(packages) = places.iter().find_map(|path| self.owners(path)) {
            return Place::System(packages);
        }
        // Many are found by ways that only run time shows: a wrapper's environment, a program that loads them first.
        let ending = format!("/{name}");
        if self.shipped.has_library(name) || self.beside.iter().any(|path| path.ends_with(&ending)) {
            return Place::Here;
        }
        Place::Nowhere(places)
    }

    /// The packages of the system that have a file, or what a link of no package leads to.
    fn owners(self, path: &str) -> Option<&'q [String]> {
        let owners = self.index.owners(path);
        if !owners.is_empty() {
            return Some(owners);
        }
        let owners = self.index.owners(self.links.get(path)?);
        (!owners.is_empty()).then_some(owners)
    }
}
