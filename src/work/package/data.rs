//! What the step of a package knows.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use crate::{
    event::StepId,
    format::facts::{Codec, PackageFormat},
    names::{Apart, ArchName, Concern, ImageName, PackageName, UserName},
    platform::{Host, Packaging},
    recipe::{Package, Release},
    work::{Gives, Goal, Installs, Kind, Load, Locks},
};

/// Packages, and what they need.
pub const GOAL: Goal = Goal { word: "packages", nothing: None };

/// The image that a package's files come from.
#[derive(Debug, Clone)]
pub struct FromImage {
    /// What the recipe calls it.
    pub name: ImageName,
    /// The step that makes it.
    pub step: StepId,
    /// The step whose image the machines begin as that the package is installed on: its accounts are there.
    pub base: StepId,
    /// That image, as people call it.
    pub base_name: String,
}

/// What the plan has said already of what is found again when the package is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foretold {
    /// The lint.
    pub concern: Concern,
    /// Where, without a slash at its beginning.
    pub path: String,
    /// A part of what is found: `After=netwrok.target`.
    pub said: String,
}

/// See [`Work::Package`](crate::work::Work::Package).
#[derive(Debug, Clone)]
pub struct PackageWork {
    /// The recipe's package.
    pub package: Package,
    /// The image that its files come from; `None` where all of them are the project's.
    pub image: Option<FromImage>,
    /// The virtualenv's prefix, where the recipe has Python.
    pub prefix: Option<String>,
    /// Relations of a package that ships a virtualenv.
    pub python_depends: Vec<String>,
    /// Users that the recipe makes, but neither this package nor one of the recipe that it depends on: images have them, and
    /// whoever installs the package does not.
    pub strangers: Vec<UserName>,
    /// The units of the recipe's packages that it depends on.
    pub near_units: Vec<String>,
    /// What the plan has said already.
    pub foretold: Vec<Foretold>,
    /// Folders that no system has and that the recipe puts into the image.
    pub own_folders: BTreeSet<String>,
    /// What the recipe puts into the image and whoever installs the package does not have: paths of files, and of folders whose name ends
    /// with a slash all that is below.
    pub only_here: Arc<BTreeSet<String>>,
    /// The packages whose files are left out.
    pub without: Vec<StepId>,
    /// Where it collects packages, the package steps before it: no two steps may make one file.
    pub beside: Vec<StepId>,
    /// Where it collects packages, those that this recipe writes itself.
    pub ours: Vec<PackageName>,
    /// The packages of the recipe.
    pub family: Vec<PackageName>,
    /// What is made of it; something at least.
    pub formats: Vec<(PackageFormat, Codec)>,
    /// How the platform's packages are written.
    pub packaging: Packaging,
    /// The package's architecture.
    pub arch: ArchName,
    /// What can run on the platform.
    pub host: Host,
    /// The release.
    pub release: Release,
    /// `maintainer` of the package, else of the project.
    pub maintainer: String,
    /// `license` of the package, else of the project.
    pub license: String,
    /// `[project] homepage`.
    pub homepage: String,
    /// Time of everything in it.
    pub epoch: i64,
}

impl PackageWork {
    /// Whether something is made of it that the platform's package manager takes.
    #[must_use]
    pub fn is_installed(&self) -> bool {
        self.formats.iter().any(|(format, _)| *format == self.packaging.format)
    }

    /// Whether it depends on another package of the recipe.
    #[must_use]
    pub fn has_relatives(&self) -> bool {
        let words = |text: &str| Apart::all(text).into_iter().map(|apart| apart.name).collect::<Vec<_>>();
        let names = self.package.depends.iter().flat_map(|text| words(text));
        let others: Vec<&PackageName> = self.family.iter().filter(|name| **name != self.package.name).collect();
        names.into_iter().any(|name| others.iter().any(|other| other.as_str() == name))
    }

    /// Whether it is searched what its programs and libraries need, when it is made. Archives say nothing of it, and packages that are
    /// collected say it themselves.
    #[must_use]
    pub fn is_searched(&self) -> bool {
        self.package.auto_depends && self.package.collect.is_empty() && self.is_installed()
    }
}

impl Kind for PackageWork {
    fn version(&self) -> &'static str {
        "package 8"
    }

    fn load(&self) -> Load {
        Load::Compress
    }

    fn usual(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn needs_engine(&self) -> bool {
        self.image.is_some()
    }

    fn gives(&self) -> Gives<'_> {
        Gives::Files
    }

    fn locks(&self) -> Locks<'_> {
        match &self.image {
            Some(image) if self.is_searched() && self.packaging.format == PackageFormat::Deb => {
                Locks::Index(&image.name)
            }
            _ => Locks::Nothing,
        }
    }

    fn is_stored(&self) -> bool {
        true
    }

    fn lists_files(&self) -> bool {
        true
    }

    fn installs(&self) -> Option<Installs<'_>> {
        None
    }

    fn package(&self) -> Option<&PackageWork> {
        self.is_installed().then_some(self)
    }

    fn untested(&self) -> Option<&'static str> {
        const UNTESTED: &str = "archives are not installed here: only what the package manager takes is tested";
        (!self.is_installed()).then_some(UNTESTED)
    }

    fn is_signed(&self) -> bool {
        false
    }
}
