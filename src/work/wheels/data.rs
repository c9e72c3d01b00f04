//! What the step of a wheelhouse knows.

use std::{borrow::Cow, path::PathBuf, time::Duration};

use crate::{
    event::StepId,
    names::{ImageName, Sha256},
    plan::ContextFile,
    platform::Python,
    source::{
        requirements::{OwnWheel, Wanted},
        wheelhouse::{ANYTHING, Dist, WheelName},
    },
    work::{Gives, Goal, Installs, Kind, Load, Locks, package::PackageWork},
};

/// The wheels of every requirements set.
pub const GOAL: Goal = Goal { word: "wheels", nothing: None };

/// See [`Work::Wheels`](crate::work::Work::Wheels).
#[derive(Debug, Clone)]
pub struct WheelsWork {
    /// The image that the set is of.
    pub image: ImageName,
    /// The requirements file, relative to the project.
    pub requirements: PathBuf,
    /// How the user calls it.
    pub requirements_name: String,
    /// Constraint files, relative to the project: the recipe's, and the requirements of the images it is made from.
    pub constraints: Vec<PathBuf>,
    /// What the files say of distributions: what answers them is held against it.
    pub wanted: Wanted,
    /// Distributions compiled from source.
    pub no_binary: Vec<String>,
    /// Where from.
    pub index: Index,
    /// What the requirements ask for and no index gives.
    pub own: Vec<Own>,
    /// The folders of the project that they name with `--find-links`.
    pub links: Vec<Links>,
    /// The platform's Python.
    pub python: Python,
    /// The machine in the kernel's words: `x86_64`.
    pub machine: String,
    /// The pins of pip and setuptools in a line; empty where they are the platform's own.
    pub seed: String,
    /// The packages that the builder image is made of.
    pub builder_packages: Vec<String>,
    /// The command that lists what is installed in it, as [`crate::source::installed::Installed`] reads it.
    pub listing: Vec<String>,
    /// The step that fetched pip, and the script that makes it run.
    pub toolbox: Option<(StepId, String)>,
    /// The builder image's name.
    pub builder: String,
    /// Of what the project itself gives to the building of wheels; `None` where all of it is everybody's. Wheels that were built are
    /// shared among projects that give the same.
    pub given: Option<Sha256>,
    /// The name of the base image, where it is the project's own: then its content is part of what is given.
    pub own_base: Option<String>,
    /// The key of the wheelhouse: of this step's own inputs only.
    pub key: Sha256,
}

/// What is raised when wheels are made otherwise: in the step's key, and in that of its wheelhouse.
pub(super) const VERSION: &str = "wheels 2";

impl Kind for WheelsWork {
    fn version(&self) -> &'static str {
        VERSION
    }

    fn load(&self) -> Load {
        Load::Compile
    }

    fn usual(&self) -> Duration {
        Duration::from_mins(2)
    }

    fn needs_engine(&self) -> bool {
        true
    }

    fn gives(&self) -> Gives<'_> {
        let requirements = Some(self.requirements_name.as_str());
        Gives::Wheels { key: &self.key, wanted: Cow::Borrowed(&self.wanted), requirements }
    }

    fn locks(&self) -> Locks<'_> {
        Locks::Set(self)
    }

    fn is_stored(&self) -> bool {
        false
    }

    fn lists_files(&self) -> bool {
        false
    }

    fn installs(&self) -> Option<Installs<'_>> {
        None
    }

    fn package(&self) -> Option<&PackageWork> {
        None
    }

    fn untested(&self) -> Option<&'static str> {
        None
    }

    fn is_signed(&self) -> bool {
        false
    }
}

/// Package indexes, without userinfo.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// Another index than pip's default.
    pub url: Option<String>,
    /// More of them.
    pub extra_urls: Vec<String>,
}

/// What a requirements file asks for and no index gives.
#[derive(Debug, Clone)]
pub struct Own {
    /// As it is there: `./libs/own`, `git+https://…`.
    pub written: String,
    /// The file and the line, for messages.
    pub place: String,
    /// Where it is, in the recipe's words.
    pub path: PathBuf,
    /// The distribution, normalised, where the line names it.
    pub name: Option<String>,
    /// Whether it is asked for with `-e`.
    pub editable: bool,
    /// Whether it has a marker.
    pub conditional: bool,
    /// What its line says to the build.
    pub options: Vec<String>,
    /// What it is.
    pub files: OwnFiles,
    /// Of the paths, modes and contents of a folder's files; of a file's bytes.
    pub digest: Sha256,
}

impl Own {
    /// Which wheel may be of it.
    #[must_use]
    pub fn wheel(&self) -> OwnWheel {
        let path = self.path.display().to_string();
        match &self.files {
            OwnFiles::Folder(_) => OwnWheel { path, name: self.name.clone(), wheel: None },
            OwnFiles::Sdist { name, .. } => {
                let named = || Dist::new(name, ANYTHING).map(|dist| dist.distribution());
                OwnWheel { path, name: self.name.clone().or_else(named), wheel: None }
            }
            OwnFiles::Wheel { file, sha256, .. } => {
                OwnWheel { path, name: self.name.clone(), wheel: Some((file.clone(), sha256.clone())) }
            }
        }
    }
}

/// What an [`Own`] is.
#[derive(Debug, Clone)]
pub enum OwnFiles {
    /// A folder: those of its files that are taken.
    Folder(Vec<ContextFile>),
    /// A source distribution.
    Sdist {
        /// Its file name.
        name: String,
        /// Where it is.
        path: PathBuf,
        /// Of its bytes.
        sha256: Sha256,
    },
    /// A wheel.
    Wheel {
        /// Its file name.
        file: WheelName,
        /// Where it is.
        path: PathBuf,
        /// Of its bytes.
        sha256: Sha256,
        /// In bytes.
        size: u64,
    },
}

/// A folder of the project that `--find-links` names, or one file.
#[derive(Debug, Clone)]
pub struct Links {
    /// The requirements files that name it, and how.
    pub named: Vec<(PathBuf, String)>,
    /// Its number among those of its set.
    pub number: usize,
    /// The wheels and source distributions in it: names, places, digests.
    pub files: Vec<(String, PathBuf, Sha256)>,
}

impl Links {
    /// Its place in containers.
    #[must_use]
    pub fn place(&self) -> String {
        format!("links/{}", self.number)
    }
}
