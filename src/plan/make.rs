//! From a resolved recipe to steps: one file for each kind of work.

mod base;
mod contents;
mod context;
mod given;
mod image;
mod look;
mod own;
mod package;
mod twice;
mod unused;
mod wapt;
mod wheels;

use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    BaseWork, Inputs, Plan, Step, TemplateError, Templates, Times, Unmade, Wishes, Work, dockerfile::Template,
};
use crate::{
    event::StepId,
    names::{PackageName, Sha256},
    platform::Platform,
    recipe::{Recipe, Release},
    source::{listing::Listing, project::SourceError, roots::Roots},
    util::toml::Issue,
};
pub use context::Contexts;
use wheels::BuilderName;

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
    /// What says when what goes into artefacts was changed.
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
    /// Wheels only.
    Wheels,
    /// Images, and the wheels that they need.
    Images,
    /// Packages, and what they need.
    Packages,
    /// WAPT packages, and what they need.
    Wapt,
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
    /// Files of the project that are not there or do not count, each at its place in the recipe.
    #[error("{}", _0.first().map_or("", |issue| issue.message.as_str()))]
    Files(Vec<Issue>),
    /// A template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A file that the recipe names.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A WAPT package takes a package that its platform cannot have.
    #[error("[[wapt]] `{wapt}` takes package {package}; {}", unmade.sentence())]
    Unmade {
        /// The WAPT package.
        wapt: String,
        /// What it takes.
        package: PackageName,
        /// Why there is none.
        unmade: Unmade,
    },
    /// A WAPT package whose attributes do not fit this release.
    #[error("[[wapt]] `{package}`, `{attribute}`: {message}")]
    Wapt {
        /// Its name.
        package: String,
        /// Which attribute.
        attribute: String,
        /// What is wrong.
        message: String,
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

/// The steps of one platform, added to `plan`.
///
/// # Errors
/// [`PlanError`].
pub fn make(plan: &mut Plan, recipe: &Recipe, platform: &Platform, context: &PlanContext) -> Result<(), PlanError> {
    let maker = Maker::of(recipe, platform, context);
    plan.steps.push(maker.base()?);
    if context.want == Want::Bases {
        return Ok(());
    }
    let mistakes = maker.look();
    if !mistakes.is_empty() {
        return Err(PlanError::Files(mistakes));
    }
    if let Some(python) = &recipe.python {
        plan.steps.push(maker.builder(python)?);
        plan.steps.extend(maker.seed(python)?);
    }
    for image in &recipe.images {
        let wheels = maker.wheels(image)?;
        let step = maker.image(image, wheels.as_ref())?;
        plan.steps.extend(wheels);
        plan.steps.push(step);
    }
    if maker.writes_packages() {
        for package in &recipe.packages {
            plan.steps.push(maker.package(package)?);
        }
    } else if !recipe.packages.is_empty() && matches!(context.want, Want::All | Want::Packages) {
        plan.unmade.push(Unmade {
            platform: platform.id.clone(),
            format: platform.package.format.as_str(),
            packages: recipe.packages.iter().map(|package| package.name.clone()).collect(),
        });
    }
    for wapt in &recipe.wapts {
        plan.steps.push(maker.wapt(wapt)?);
    }
    Ok(())
}

/// The names that a plan of everything gives to images of one platform, without looking at any file of the project but
/// templates: with their labels they tell which images of a daemon are this project's.
///
/// # Errors
/// [`PlanError`].
pub fn names(recipe: &Recipe, platform: &Platform, context: &PlanContext) -> Result<BTreeSet<String>, PlanError> {
    let maker = Maker::of(recipe, platform, context);
    let base = maker.base_name().0.clone();
    let mut names: BTreeSet<String> = recipe.images.iter().flat_map(|image| maker.tags(image)).collect();
    if let Some(python) = &recipe.python {
        names.insert(maker.builder_name(python)?.tag.clone());
    }
    names.insert(BaseWork::plain(&base));
    names.insert(base);
    Ok(names)
}

struct Maker<'a> {
    recipe: &'a Recipe,
    platform: &'a Platform,
    context: &'a PlanContext,
    base: (String, Inputs),
    builder: OnceCell<BuilderName>,
    /// What those made later take from an image or a package, by the word of its step.
    made: RefCell<BTreeMap<String, Made>>,
}

/// What is taken from a step when others are made that build on it.
#[derive(Debug, Clone, Default)]
struct Made {
    /// When the last of what goes into it was changed; `None` where no commit knows any of it.
    time: Option<i64>,
    /// Of an image: of its Dockerfile, and those of the images that it is made from: its configuration is what they say.
    dockerfiles: String,
    /// Of an image: the labels that it has of the recipe, which images made from it inherit.
    labels: BTreeMap<String, String>,
}

impl<'a> Maker<'a> {
    fn of(recipe: &'a Recipe, platform: &'a Platform, context: &'a PlanContext) -> Self {
        Self {
            recipe,
            platform,
            context,
            base: base::name(recipe, platform),
            builder: OnceCell::new(),
            made: RefCell::default(),
        }
    }

    fn id(&self, name: &str) -> StepId {
        StepId::new(&self.platform.id, name)
    }

    fn step(&self, name: &str, title: String, work: Work, inputs: Inputs) -> Step {
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
            wishes: Wishes::new(),
            doubts: Vec::new(),
            notes: Vec::new(),
            wanted: false,
        }
    }

    /// What was taken from a step of before; nothing of one that is not there.
    fn made_of(&self, word: &str) -> Made {
        self.made.borrow().get(word).cloned().unwrap_or_default()
    }

    /// A Dockerfile, and the digest of what it is without a CA bundle and the names of images of this release, which are no inputs.
    fn rendered(&self, template: &Template<'_>, values: &serde_json::Value) -> Result<(String, Sha256), PlanError> {
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
