//! [`Ties`]: what a package of the recipe says of the others.

use std::collections::BTreeSet;

use crate::{
    format::PackageFormat,
    names::{Apart, UpstreamVersion},
    recipe::Package,
};

/// What a package of the recipe says of the others.
#[derive(Debug, Clone, Default)]
pub struct Ties {
    /// Its name, and what it provides.
    pub(super) names: BTreeSet<String>,
    /// What it needs, each a choice.
    pub(super) needs: Vec<Vec<String>>,
    /// What it is not installed beside.
    pub(super) apart: Vec<Apart>,
    /// Its epoch and version.
    pub(super) version: String,
    /// The users that it makes.
    pub users: BTreeSet<String>,
}

impl Ties {
    /// Those of a package.
    pub fn for_package(package: &Package, version: &UpstreamVersion, format: PackageFormat) -> Self {
        let of = |text: &String| Apart::all(text).into_iter().map(|one| one.name).collect::<Vec<_>>();
        let mut names: BTreeSet<String> = package.provides.iter().flat_map(of).collect();
        names.insert(package.name.to_string());
        let needs = package.depends.iter().map(of);
        // What rpm calls obsolete goes with the installation of the one that says so.
        let replaces: &[String] = match &format.facts().native {
            Some(native) if native.replaces_removes => &package.replaces,
            _ => &[],
        };
        Self {
            names,
            needs: needs.collect(),
            apart: package
                .conflicts
                .iter()
                .chain(&package.breaks)
                .chain(replaces)
                .flat_map(|text| Apart::all(text))
                .collect(),
            version: format!("{}:{version}", package.epoch),
            users: package.users.iter().map(|user| user.name.to_string()).collect(),
        }
    }

    /// The ties of a package of which only the name is known.
    pub fn named(name: &str) -> Self {
        Self { names: [name.to_owned()].into(), ..Self::default() }
    }

    /// Whether it cannot be installed beside another one.
    pub fn refuses(&self, other: &Self) -> bool {
        self.apart.iter().any(|apart| other.names.contains(&apart.name) && apart.holds(&other.version))
    }
}
