//! [`Maker`]: what the kinds of work share when they make their steps.

use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use super::{Holdings, Inputs, Plan, Specifiers, Step, TemplateError, Templates, Times, Unmade, dockerfile::Template};
use crate::{
    event::StepId,
    names::{Allowance, PackageName, Sha256, UpstreamVersion},
    platform::Platform,
    recipe::{Recipe, Release},
    source::{
        listing::Listing,
        project::SourceError,
        roots::Roots,
        stated::{self, Unread},
    },
    util::toml::Issue,
    work::{Goal, Work, builder::BuilderName, image::Contexts},
};

/// What a plan depends on beside the recipe.
#[derive(Debug)]
pub struct PlanContext {
    /// Where the recipe's paths are.
    pub roots: Roots,
    /// What they name, looked at once for all platforms.
    pub listing: Listing,
    /// The project's templates, parsed once for all platforms.
    pub templates: Templates,
    /// The contexts of images, listed once for all platforms.
    pub contexts: Contexts,
    /// The release.
    pub release: Release,
    /// What says when what goes into artifacts was changed.
    pub times: Arc<Times>,
    /// The commit of the checkout; empty outside git.
    pub revision: String,
    /// The engine's machine, `x86_64`.
    pub machine: String,
    /// Whether a CA bundle goes into builds (`FACTORY_CA_BUNDLE`). Its contents are no input: a build that succeeds gives
    /// the same whatever it trusts.
    pub ca: bool,
    /// The index that the environment names (`PIP_INDEX_URL`) without its userinfo; it wins over the recipe's.
    pub index_url: Option<String>,
    /// The same of `PIP_EXTRA_INDEX_URL`.
    pub extra_index_urls: Option<Vec<String>>,
    /// The base images of all platforms that can be named, and those of this recipe, with whose they are: no image is called so.
    pub bases: BTreeMap<String, String>,
    /// A digest of the certificates that sign, where some are named.
    pub signer: Option<String>,
    /// What is wanted.
    pub want: Want,
}

/// What a run is asked to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Everything.
    All,
    /// Only this, and what it needs.
    Only(Goal),
    /// Base images only: needs no file of the project or of a source.
    Bases,
}

/// Why a plan could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A file of the project.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Files of the project that are not there or are left out, each at its place in the recipe.
    #[error("{}", _0.first().map_or("", |issue| issue.message.as_str()))]
    Files(Vec<Issue>),
    /// A template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A file that the recipe names.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Something takes a package of which nothing is made on its platform.
    #[error("{of} takes package {package}; {}", unmade.sentence())]
    Unmade {
        /// What takes it, in the recipe's words.
        of: String,
        /// What it takes.
        package: PackageName,
        /// Why there is none.
        unmade: Unmade,
    },
    /// What the recipe says does not fit this release.
    #[error("{of}, `{key}`: {message}")]
    Unfit {
        /// Of what, in the recipe's words.
        of: String,
        /// Which key.
        key: String,
        /// What is wrong.
        message: String,
        /// What to write instead.
        help: &'static str,
    },
    /// The platform has no word for the engine's machine.
    #[error("{platform} has no packages for {machine} machines: it knows {known}")]
    Machine {
        /// The platform's id.
        platform: String,
        /// The engine's machine.
        machine: String,
        /// What it knows.
        known: String,
    },
}

/// A part of the recipe whose kind of work makes steps of it. No question has an answer of its own.
pub(crate) trait Planned: Sized {
    /// Looks at the files that all of them name: what is wrong with them goes into `found`.
    fn look(all: &[Self], maker: &Maker<'_>, found: &mut Vec<Issue>);

    /// Adds their steps to `plan`.
    fn steps(all: &[Self], maker: &Maker<'_>, plan: &mut Plan) -> Result<(), PlanError>;
}

/// Makes the steps of one platform: each kind of work adds its own with an `impl` in its `plan`.
pub(crate) struct Maker<'a> {
    pub(crate) recipe: &'a Recipe,
    pub(crate) platform: &'a Platform,
    pub(crate) context: &'a PlanContext,
    pub(crate) base: (String, Inputs),
    pub(crate) builder: OnceCell<BuilderName>,
    /// What those made later take from an image or a package, by the word of its step.
    pub(crate) made: RefCell<BTreeMap<String, Made>>,
}

/// What is taken from a step when others are made that build on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Made {
    /// When the last of what goes into it was changed; `None` where no commit knows any of it.
    pub(crate) time: Option<i64>,
    /// Of an image: of its Dockerfile, and those of the images that it is made from: its configuration is what they say.
    pub(crate) dockerfiles: String,
    /// Of an image: the labels that it has of the recipe, which images made from it inherit.
    pub(crate) labels: BTreeMap<String, String>,
}

/// What the Python projects of a step say of their versions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    /// Those that say another version than the release.
    pub(crate) doubts: Vec<Issue>,
    /// What these say.
    said: BTreeSet<String>,
    /// The folders of those of which only a build tells.
    unread: BTreeSet<String>,
}

impl Heard {
    /// What is to be held against the release later on.
    pub(crate) fn unread(&self, release: &UpstreamVersion, allow: &[Allowance]) -> Option<Unread> {
        let (folders, said) = (self.unread.clone(), self.said.clone());
        (!folders.is_empty()).then(|| Unread { release: release.clone(), folders, said, allow: allow.to_vec() })
    }
}

impl<'a> Maker<'a> {
    /// Of a platform whose base image has this name and is made of this.
    pub(crate) fn new(
        recipe: &'a Recipe,
        platform: &'a Platform,
        context: &'a PlanContext,
        base: (String, Inputs),
    ) -> Self {
        Self { recipe, platform, context, base, builder: OnceCell::new(), made: RefCell::default() }
    }

    /// Whether everything, or this of it, is wanted.
    pub(crate) fn wants(&self, goal: Goal) -> bool {
        matches!(self.context.want, Want::All) || self.context.want == Want::Only(goal)
    }

    /// The id of one of its steps.
    pub(crate) fn id(&self, name: &str) -> StepId {
        StepId::new(&self.platform.id, name)
    }

    /// A step without needs.
    pub(crate) fn step(&self, name: &str, title: String, work: Work, inputs: Inputs) -> Step {
        let origin = |word: &String| Some((word.clone(), self.context.roots.origin(word)?));
        Step {
            origins: inputs.keys().filter_map(origin).collect(),
            id: self.id(name),
            platform: self.platform.id.clone(),
            title,
            work,
            inputs,
            labels: Inputs::new(),
            needs: Vec::new(),
            uses: Vec::new(),
            after: Vec::new(),
            specifiers: Specifiers::new(),
            holdings: Holdings::new(),
            doubts: Vec::new(),
            unread: None,
            notes: Vec::new(),
            wanted: false,
        }
    }

    /// What the Python project of a folder says of its version; one of a source has versions of its own, and says nothing here.
    pub(crate) fn heard(&self, folder: &Path, into: &mut Heard) {
        if folder.as_os_str().as_encoded_bytes().starts_with(b"@") {
            return;
        }
        let name = folder.display().to_string();
        let read = |file: &str| {
            let path = folder.join(file);
            self.context.roots.is_file(&path).then(|| self.context.roots.text(&path, stated::LARGEST).ok())?
        };
        match stated::stated(&read) {
            Some(found) => {
                if let Some(doubt) =
                    stated::doubt(&name, &found, &self.context.release.version, &self.recipe.project.allow)
                {
                    into.said.insert(found.version);
                    into.doubts.push(doubt);
                }
            }
            None => _ = into.unread.insert(name),
        }
    }

    /// What was taken from a step of before; nothing of one that is not there.
    pub(crate) fn made_of(&self, word: &str) -> Made {
        self.made.borrow().get(word).cloned().unwrap_or_default()
    }

    /// A Dockerfile, and the digest of what it is without a CA bundle and the names of images of this release, which are no inputs.
    pub(crate) fn rendered(
        &self,
        template: &Template<'_>,
        values: &serde_json::Value,
    ) -> Result<(String, Sha256), PlanError> {
        let render = |values| self.context.templates.render(template, self.platform.manager, values);
        let dockerfile = render(values)?;
        let is_child = values.get("child").is_some_and(|child| child == true);
        if values["ca"] == false && !is_child {
            let digest = Sha256::of(&dockerfile);
            return Ok((dockerfile, digest));
        }
        let mut without = values.clone();
        without["ca"] = false.into();
        if is_child {
            // What the parent is made of is an input of its own.
            without["from"] = "the parent".into();
        }
        let digest = Sha256::of(render(&without)?);
        Ok((dockerfile, digest))
    }
}
