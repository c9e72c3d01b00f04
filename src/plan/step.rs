//! [`Step`]: one unit of work as plain data, and its key.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    event::StepId,
    names::{PackageName, PlatformId, Sha256},
    source::stated::Unread,
    util::toml::Issue,
    work::Work,
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
    pub const CHECKOUT: &str = "factory.home";
    /// The run that made a container.
    pub const RUN: &str = "factory.run";
    /// The names given to an image, separated by blanks: an image under another name is somebody else's, even though
    /// it has inherited these labels.
    pub const TAGS: &str = "factory.tags";
}

/// What a step's result depends on, by the user's word for it: a file's digest or a short value.
pub type Inputs = BTreeMap<String, String>;

/// Which of the inputs come from a source: the user's word for the input -> the source's name and its commit. For people:
/// keys are made of the content.
pub type Origins = BTreeMap<String, (String, String)>;

/// What requirements files among the inputs ask for: the user's word for the input -> distribution -> what of it. For people:
/// keys are made of the content.
pub type Specifiers = BTreeMap<String, BTreeMap<String, String>>;

/// What folders among the inputs hold: the user's word for the input -> a file -> the beginning of a digest of it. For people: keys
/// are made of the content.
pub type Holdings = BTreeMap<String, BTreeMap<String, String>>;

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
    pub specifiers: Specifiers,
    /// What those of them that are folders hold, where that are few files; not in the key.
    pub holdings: Holdings,
    /// Steps whose output enters its key.
    pub needs: Vec<StepId>,
    /// Steps that must have run before it runs, but whose output does not change its result.
    pub uses: Vec<StepId>,
    /// Steps that must have ended before it runs, well or not: it looks at what they left.
    pub after: Vec<StepId>,
    /// What of the recipe it does not use; not in the key.
    pub doubts: Vec<Issue>,
    /// What is held against the release once it has run; not in the key.
    pub unread: Option<Unread>,
    /// What of the project it leaves out as it should; not in the key.
    pub notes: Vec<String>,
    /// Whether it is wanted for itself, or only when a wanted one needs it.
    pub wanted: bool,
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

impl Plan {
    /// Whether a step that is wanted, or one that it leads to, takes an engine.
    #[must_use]
    pub fn needs_engine(&self) -> bool {
        let mut wanted: BTreeSet<&StepId> = BTreeSet::new();
        for step in self.steps.iter().rev() {
            if !step.wanted && !wanted.contains(&step.id) {
                continue;
            }
            if step.work.needs_engine() {
                return true;
            }
            wanted.extend(step.needs.iter().chain(&step.uses));
        }
        false
    }
}

/// Packages that are not made on a platform: its format is not written here, or their `formats` do not name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmade {
    /// The platform.
    pub platform: PlatformId,
    /// Its format.
    pub format: &'static str,
    /// Whether it is their `formats`.
    pub is_asked: bool,
    /// The packages.
    pub packages: Vec<PackageName>,
}

impl Unmade {
    /// In words.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { platform, format, is_asked, packages } = self;
        let names = packages.iter().map(ToString::to_string).collect::<Vec<_>>();
        let names = match names.as_slice() {
            [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
            one => one.concat(),
        };
        let why = match (is_asked, packages.len()) {
            (false, _) => format!("it takes {format} packages, which factory does not write yet"),
            (true, 1) => format!("it takes {format} packages, and its `formats` name none that is made there"),
            (true, _) => format!("it takes {format} packages, and their `formats` name none that is made there"),
        };
        format!("no package is made of {names} on {platform}: {why}")
    }
}
