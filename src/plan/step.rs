//! [`Step`]: one unit of work as plain data, and its key.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use crate::{
    event::StepId,
    names::{Account, Allowance, ArchName, ImageName, PackageName, PlatformId, Sha256, UserName},
    plan::ContextFile,
    platform::{Bootstrap, Host, Packaging, Python, Seed},
    recipe::{BootstrapMode, Package, Release, Wapt},
    source::{
        requirements::{OwnWheel, Wanted},
        wheelhouse::{ANYTHING, Dist, WheelName},
    },
    util::toml::{Issue, Span},
};

/// The labels that this program puts on what it makes in the daemon.
pub mod label {
    /// The project's name.
    pub const PROJECT: &str = "factory.project";
    /// `base`, `builder`, `image`, `container`.
    pub const KIND: &str = "factory.kind";
    /// The step that made it.
    pub const STEP: &str = "factory.step";
    /// A digest of the checkout's place, on containers only: each checkout removes what its own runs left. What is built does
    /// not depend on it.
    pub const HOME: &str = "factory.home";
    /// The run that made a container.
    pub const RUN: &str = "factory.run";
    /// The names given to an image, separated by blanks: an image under another name is somebody else's, even though
    /// it has inherited these labels.
    pub const TAGS: &str = "factory.tags";
}

/// What a step's result depends on, by the user's word for it: a file's digest or a short value.
pub type Inputs = BTreeMap<String, String>;

/// Which of the inputs come from a source: the user's word for the input -> the source's name and its commit. For people:
/// what counts is the content.
pub type Origins = BTreeMap<String, (String, String)>;

/// What requirements files among the inputs ask for: the user's word for the input -> distribution -> what of it. For people:
/// what counts is the content.
pub type Wishes = BTreeMap<String, BTreeMap<String, String>>;

/// One unit of work.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name.
    pub id: StepId,
    /// Where it belongs.
    pub platform: PlatformId,
    /// What it does, for people.
    pub title: String,
    /// What it does.
    pub work: Work,
    /// Its own inputs.
    pub inputs: Inputs,
    /// What only the names and labels of its image depend on: where nothing else differs, they are put on what is there.
    pub labels: Inputs,
    /// Where those of them that come from a source are from; not in the key.
    pub origins: Origins,
    /// What those of them that are requirements files ask for; not in the key.
    pub wishes: Wishes,
    /// Steps whose output enters its key.
    pub needs: Vec<StepId>,
    /// Steps that must have run before it runs, but whose output does not change its result.
    pub uses: Vec<StepId>,
    /// Steps that must have ended before it runs, well or not: it looks at what they left.
    pub after: Vec<StepId>,
    /// What of the recipe it does not use; not in the key.
    pub doubts: Vec<Issue>,
    /// What of the project it leaves out as it should; not in the key.
    pub notes: Vec<String>,
    /// Whether it is wanted for itself, or only when a wanted one needs it.
    pub wanted: bool,
}

/// The kinds of work.
#[derive(Debug, Clone)]
pub enum Work {
    /// Take, pull or make the platform's base image.
    Base(Box<BaseWork>),
    /// Build the image with the compilers.
    Builder(BuilderWork),
    /// Fetch pip and what it needs, where the release's own are too old.
    Seed(Box<SeedWork>),
    /// Build the wheels of a requirements set.
    Wheels(Box<WheelsWork>),
    /// Build an image.
    Image(Box<ImageWork>),
    /// Take a package out of a container of an image.
    Package(Box<PackageWork>),
    /// Bring a WAPT package together and sign it.
    Wapt(Box<WaptWork>),
}

impl Work {
    /// The key of the wheelhouse that it fills, where it does.
    #[must_use]
    pub fn wheelhouse(&self) -> Option<&Sha256> {
        match self {
            Self::Wheels(work) => Some(&work.key),
            Self::Seed(work) => Some(&work.key),
            Self::Base(_) | Self::Builder(_) | Self::Image(_) | Self::Package(_) | Self::Wapt(_) => None,
        }
    }

    /// The form of this kind of work: raised when the program comes to do it differently, so that old records do not
    /// count.
    fn version(&self) -> &'static str {
        match self {
            Self::Base(_) => "base 2",
            Self::Builder(_) => "builder 1",
            Self::Seed(_) => "seed 1",
            Self::Wheels(_) => "wheels 2",
            Self::Image(_) => "image 2",
            Self::Package(_) => "package 4",
            Self::Wapt(_) => "wapt 2",
        }
    }
}

/// See [`Work::Base`].
#[derive(Debug, Clone)]
pub struct BaseWork {
    /// The image in the daemon or a registry.
    pub image: String,
    /// The name under which Dockerfiles find it.
    pub local: String,
    /// When it is made from packages.
    pub mode: BootstrapMode,
    /// How it is made from packages.
    pub bootstrap: Option<Bootstrap>,
    /// Whether it is the project that says which keys of this machine vouch for it.
    pub own_keys: bool,
    /// The archive it is made from; the tool's default when `None`.
    pub mirror: Option<String>,
    /// After how many days it is called old; 0 for never. Changes nothing of the result.
    pub refresh_days: u32,
    /// What is changed in it.
    pub quirks: Option<QuirksWork>,
}

impl BaseWork {
    /// The name of a root file system made from packages that is changed before it gets the name `local`.
    #[must_use]
    pub fn plain(local: &str) -> String {
        format!("{local}-plain")
    }
}

/// How a base image is changed before anything is built on it.
#[derive(Debug, Clone)]
pub struct QuirksWork {
    /// The rendered Dockerfile, from an image called [`QuirksWork::FROM`].
    pub dockerfile: String,
    /// The files it copies.
    pub files: Vec<ContextFile>,
}

impl QuirksWork {
    /// Stands in the Dockerfile for the image's name, which is known only when it is there.
    pub const FROM: &str = "factory.local/base:as-it-came";
}

/// See [`Work::Builder`].
#[derive(Debug, Clone)]
pub struct BuilderWork {
    /// The rendered Dockerfile.
    pub dockerfile: String,
    /// The name it gets.
    pub tag: String,
}

/// See [`Work::Seed`].
#[derive(Debug, Clone)]
pub struct SeedWork {
    /// The pinned wheels.
    pub seed: Seed,
    /// The platform's Python.
    pub python: Python,
    /// The script that fetches them.
    pub script: String,
    /// Where from.
    pub index: Index,
    /// The builder image's name.
    pub builder: String,
    /// The key of their wheelhouse: of this step's own inputs only.
    pub key: Sha256,
}

/// Package indexes, without userinfo.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// Another index than pip's default.
    pub url: Option<String>,
    /// More of them.
    pub extra_urls: Vec<String>,
}

/// See [`Work::Wheels`].
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

/// What a requirements file asks for and no index gives.
#[derive(Debug, Clone)]
pub struct Own {
    /// As it stands there: `./libs/own`, `git+https://…`.
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
    /// A folder: its files that count.
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

/// See [`Work::Image`].
#[derive(Debug, Clone)]
pub struct ImageWork {
    /// The rendered Dockerfile.
    pub dockerfile: String,
    /// Project files and scripts of the context, by path in it; shared by the platforms on which they are the same.
    pub files: Arc<Vec<ContextFile>>,
    /// The step whose wheelhouse enters the build.
    pub wheels: Option<StepId>,
    /// The step that fetched pip for the build.
    pub seed: Option<StepId>,
    /// The step whose image it is made from.
    pub parent: StepId,
    /// The parent's name for people: the base image's reference or the parent's first tag.
    pub parent_name: String,
    /// The names it gets, the platform's own first.
    pub tags: Vec<String>,
    /// Its labels, but for those that are known only when it is built.
    pub labels: BTreeMap<String, String>,
    /// Time of everything that comes into it from the project.
    pub epoch: i64,
    /// How the recipe calls it.
    pub name: ImageName,
    /// What is meant though it is seldom so. Not in the key: it changes nothing of the image.
    pub allow: Vec<Allowance>,
    /// What can run on the platform.
    pub host: Host,
    /// Accounts of the base image's own, or of a package's.
    pub accounts: Vec<Asked>,
    /// Whether the project's own Dockerfile makes it: then nothing looks them up while it is built.
    pub is_own: bool,
    /// The program that it starts with, where the recipe names one by its path.
    pub start: Option<Start>,
}

/// The program that an image starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Its path, absolute.
    pub program: String,
    /// Where the recipe names it.
    pub at: Span,
}

/// An account that nobody of the recipe makes, which an image must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// User or group.
    pub kind: AccountKind,
    /// Its name.
    pub name: Account,
    /// Where the recipe asks for it.
    pub at: Span,
}

/// The kinds of accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// Of passwd(5).
    User,
    /// Of group(5).
    Group,
}

impl AccountKind {
    /// In a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }
}

/// See [`Work::Package`].
#[derive(Debug, Clone)]
pub struct PackageWork {
    /// The step whose image the machines begin as that it is installed on: its accounts are there.
    pub base: StepId,
    /// That image, as people call it.
    pub base_name: String,
    /// The recipe's package.
    pub package: Package,
    /// The step whose image its files come from.
    pub image: StepId,
    /// The virtualenv's prefix, where the recipe has Python.
    pub prefix: Option<String>,
    /// Relations of a package that ships a virtualenv.
    pub python_depends: Vec<String>,
    /// Users that the recipe makes, but neither this package nor one of the recipe that it depends on: images have them, and
    /// whoever installs the package does not.
    pub strangers: Vec<UserName>,
    /// The units of the recipe's packages that it depends on.
    pub near_units: Vec<String>,
    /// The packages whose files are left out.
    pub without: Vec<StepId>,
    /// Where it collects packages, the package steps before it: no two steps may make one file.
    pub beside: Vec<StepId>,
    /// Where it collects packages, those that this recipe writes itself.
    pub ours: Vec<PackageName>,
    /// How the platform's packages are written.
    pub packaging: Packaging,
    /// The package's architecture.
    pub arch: ArchName,
    /// What can run on the platform.
    pub host: Host,
    /// The release.
    pub release: Release,
    /// `[project] maintainer`.
    pub maintainer: String,
    /// `[project] license`.
    pub license: String,
    /// `[project] homepage`.
    pub homepage: String,
    /// Time of everything in it.
    pub epoch: i64,
}

/// See [`Work::Wapt`].
#[derive(Debug, Clone)]
pub struct WaptWork {
    /// The recipe's package.
    pub wapt: Wapt,
    /// Its attributes with the release filled in, checked.
    pub attributes: Vec<(String, String)>,
    /// The step whose image its files come from.
    pub image: Option<StepId>,
    /// The packages of this run that go into it, with their steps.
    pub packages: Vec<(PackageName, StepId)>,
    /// Date of the signature and of everything in it.
    pub epoch: i64,
}

impl Step {
    /// The step's key: the SHA-256 of what kind of work it is, its own inputs, and the outputs of the steps it needs.
    #[must_use]
    pub fn key(&self, outputs: &BTreeMap<StepId, String>) -> Sha256 {
        if self.labels.is_empty() {
            return self.content_key(outputs);
        }
        let all: Inputs =
            self.inputs.iter().chain(&self.labels).map(|(name, value)| (name.clone(), value.clone())).collect();
        key_of(self.work.version(), &all, &self.given(outputs))
    }

    /// The same without what only names and labels depend on: two images with this key have the same layers.
    #[must_use]
    pub fn content_key(&self, outputs: &BTreeMap<StepId, String>) -> Sha256 {
        key_of(self.work.version(), &self.inputs, &self.given(outputs))
    }

    fn given<'o>(&'o self, outputs: &'o BTreeMap<StepId, String>) -> BTreeMap<&'o str, &'o str> {
        self.needs.iter().map(|id| (id.as_str(), outputs.get(id).map_or("", String::as_str))).collect()
    }
}

/// The digest of a kind of work, its inputs and what it needs. JSON of sorted maps: nothing can be confused with its
/// neighbour.
#[must_use]
pub fn key_of(version: &str, inputs: &Inputs, needs: &BTreeMap<&str, &str>) -> Sha256 {
    // Written as it is read off; the long way round fails on nothing and says the same.
    let text = serde_json::to_string(&(version, inputs, needs));
    Sha256::of(text.unwrap_or_else(|_| serde_json::json!([version, inputs, needs]).to_string()))
}

/// All steps of a run, each after those it needs or uses.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// What of the recipe is wanted, and is not made.
    pub unmade: Vec<Unmade>,
}

/// The packages of a platform whose format is not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmade {
    /// The platform.
    pub platform: PlatformId,
    /// Its format.
    pub format: &'static str,
    /// The packages.
    pub packages: Vec<PackageName>,
}

impl Unmade {
    /// In words.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { platform, format, packages } = self;
        let names = packages.iter().map(ToString::to_string).collect::<Vec<_>>();
        let names = match names.as_slice() {
            [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
            one => one.concat(),
        };
        format!(
            "no package is made of {names} on {platform}: it takes {format} packages, which factory does not write yet"
        )
    }
}
