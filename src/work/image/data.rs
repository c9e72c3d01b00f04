//! What the step of an image knows.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::{
    event::StepId,
    names::{Account, Allowance, ImageName},
    plan::{ContextFile, Holdings, Inputs, maker::Heard},
    platform::Host,
    util::toml::Span,
    work::{Gives, Goal, Installs, Kind, Load, Locks, package::PackageWork},
};

/// Images, and the wheels that they need.
pub const GOAL: Goal = Goal { word: "images", nothing: None };

/// See [`Work::Image`](crate::work::Work::Image).
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
    /// Homes of the users that are made in it.
    pub homes: Vec<String>,
    /// What can run on the platform.
    pub host: Host,
    /// Accounts of the base image's own, or of a package's.
    pub accounts: Vec<Asked>,
    /// Whether the project's own Dockerfile makes it: then nothing looks them up while it is built.
    pub is_own: bool,
    /// The program that it starts with, where the recipe names one by its path, or by a word for `PATH`.
    pub start: Option<Start>,
    /// The virtualenv's prefix, where the recipe has Python.
    pub prefix: Option<String>,
    /// The folder that its containers work in, where the recipe names one.
    pub workdir: Option<String>,
}

impl Kind for ImageWork {
    fn version(&self) -> &'static str {
        "image 2"
    }

    fn load(&self) -> Load {
        Load::Image
    }

    fn usual(&self) -> Duration {
        Duration::from_mins(1)
    }

    fn needs_engine(&self) -> bool {
        true
    }

    fn gives(&self) -> Gives<'_> {
        Gives::Image(&self.tags)
    }

    fn locks(&self) -> Locks<'_> {
        Locks::Nothing
    }

    fn is_stored(&self) -> bool {
        true
    }

    fn lists_files(&self) -> bool {
        false
    }

    fn installs(&self) -> Option<Installs<'_>> {
        Some(Installs { host: Some(&self.host), named: format!("`packages` of [[image]] `{}`", self.name) })
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

/// The program that an image starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Its path, absolute, or its name alone.
    pub program: String,
    /// The words behind it, those of `cmd` where it is an entrypoint.
    pub arguments: Vec<String>,
    /// Where the recipe names it.
    pub at: Span,
}

/// An account that no part of the recipe makes, which an image must have.
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

/// The files of a context, and the inputs that they are.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) files: Arc<Vec<ContextFile>>,
    pub(crate) inputs: Inputs,
    /// What the folders among them hold.
    pub(crate) holdings: Holdings,
    /// What is left out of Python folders.
    pub(crate) notes: Vec<String>,
    /// What Python projects say of their versions.
    pub(crate) heard: Heard,
    /// When the last of them was changed by a commit.
    pub(crate) time: Option<i64>,
}

/// The contexts that were listed for a plan, by what the recipe says of them.
#[derive(Debug, Default)]
pub struct Contexts(pub(crate) Mutex<HashMap<String, Arc<Listed>>>);
