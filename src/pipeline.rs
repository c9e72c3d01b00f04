//! From a project's folder to a plan: load, choose platforms, resolve, plan. What follows (build, test, push) takes what
//! this gives.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    engine::EngineInfo,
    names::{InvalidName, PlatformId, RefName, Release as ReleaseNumber, Sha256, Tag, UpstreamVersion},
    plan::{self, Plan, PlanContext, PlanError, Want},
    platform::{Catalogue, Platform, PlatformError, Unknown},
    recipe::{GitSource, Recipe, RecipeError, RecipeFile, Release, SourceComplaint},
    source::{
        git::{self, GitError, Trouble, Wanted},
        roots::Roots,
    },
    util::{clock, toml::Report},
};

/// What the user said, before anything is read.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The project's folder.
    pub project: PathBuf,
    /// Platform ids or aliases; empty for all of the recipe.
    pub platforms: Vec<String>,
    /// The release's tag, where one is named.
    pub tag: Option<String>,
    /// The branch of the sources, where one is named.
    pub branch: Option<String>,
    /// The packaging revision.
    pub release: ReleaseNumber,
    /// `SOURCE_DATE_EPOCH`.
    pub source_date_epoch: Option<String>,
    /// `WHEEL_DIR`.
    pub wheel_dir: Option<PathBuf>,
    /// `PIP_INDEX_URL`.
    pub index_url: Option<String>,
    /// `PIP_EXTRA_INDEX_URL`.
    pub extra_index_urls: Option<String>,
    /// Whether there is a CA bundle.
    pub ca: bool,
}

/// Why a project could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// The recipe.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The platform files.
    #[error(transparent)]
    Platforms(#[from] PlatformError),
    /// A platform that nobody knows.
    #[error("{0}")]
    UnknownPlatform(#[from] Unknown),
    /// A platform that is known, but not the recipe's.
    #[error("`{id}` is not one of the recipe's platforms: {known}")]
    ForeignPlatform {
        /// Asked for.
        id: PlatformId,
        /// The recipe's.
        known: String,
    },
    /// The tag or the release number.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// Nothing says which release it is.
    #[error("nothing says which release this is")]
    NoTag,
    /// `SOURCE_DATE_EPOCH`.
    #[error("SOURCE_DATE_EPOCH is `{0}`, not seconds since 1970 of a time from 1980 to 2106")]
    Epoch(String),
    /// The project's folder.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Sources that could not be had.
    #[error("{message}")]
    Sources {
        /// How many, and what was done.
        message: String,
        /// Each at its place in the recipe.
        report: Report,
        /// Whether all of them are the user's words, as opposed to the world.
        choice: bool,
    },
    /// Stopped while sources were fetched.
    #[error("interrupted")]
    Interrupted,
}

/// A project whose recipe was read and whose platforms are chosen.
#[derive(Debug)]
pub struct Project {
    /// Its folder, absolute.
    pub folder: PathBuf,
    /// A digest of that folder's place.
    pub home: String,
    /// The release.
    pub release: Release,
    /// The chosen platforms with the recipe as each sees it.
    pub targets: Vec<Target>,
    /// Where the recipe's paths are; without its sources until [`Project::fetch`].
    pub roots: Roots,
    /// Where wheelhouses are, absolute.
    pub wheel_dir: PathBuf,
    /// Where packages go, absolute.
    pub packages: PathBuf,
    /// Time of artefacts.
    pub epoch: i64,
    /// The checkout's commit; empty outside git.
    pub revision: String,
    index_url: Option<String>,
    extra_index_urls: Option<Vec<String>>,
    ca: bool,
    file: RecipeFile,
    branch: Option<String>,
}

/// One platform of a run.
#[derive(Debug, Clone)]
pub struct Target {
    /// The platform.
    pub platform: Platform,
    /// The recipe as it sees it.
    pub recipe: Arc<Recipe>,
}

impl Project {
    /// Reads the recipe and the platforms, and resolves the one for each of the other.
    ///
    /// # Errors
    /// [`PipelineError`]; everything here is the user's text or choice.
    pub fn open(wishes: &Wishes) -> Result<Self, PipelineError> {
        let file = RecipeFile::load(&wishes.project)?;
        let folder = fs_err::canonicalize(&wishes.project)?;
        let catalogue = Catalogue::load(Some(&folder))?;
        let platforms = choose(&wishes.platforms, &catalogue, &file.project().platforms)?;
        let release = release(wishes, &folder)?;
        let mut targets = Vec::new();
        for platform in platforms {
            let recipe = Arc::new(file.resolve(platform, &release)?);
            targets.push(Target { platform: platform.clone(), recipe });
        }
        Ok(Self {
            home: Sha256::of(folder.as_os_str().as_encoded_bytes()).as_str()[..16].to_owned(),
            release,
            targets,
            wheel_dir: wishes.wheel_dir.as_ref().map_or_else(|| folder.join("wheels"), |dir| absolute(&folder, dir)),
            packages: folder.join("packages"),
            epoch: clock::source_date_epoch(wishes.source_date_epoch.as_deref(), &folder)
                .map_err(PipelineError::Epoch)?,
            revision: clock::revision(&folder).unwrap_or_default(),
            index_url: wishes.index_url.as_deref().map(without_userinfo),
            extra_index_urls: wishes
                .extra_index_urls
                .as_ref()
                .map(|urls| urls.split_whitespace().map(without_userinfo).collect()),
            ca: wishes.ca,
            roots: Roots::of(&folder),
            branch: wishes.branch.clone(),
            file,
            folder,
        })
    }

    /// The recipe's sources, as written.
    #[must_use]
    pub fn sources(&self) -> &[GitSource] {
        self.file.sources()
    }

    /// Where sources are kept.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.state().join("sources")
    }

    /// The project with its sources: every reference of them is resolved, then they are fetched where they are not here,
    /// and what the recipe names in them is looked at. Nobody else may be at work in [`Project::store`].
    ///
    /// # Errors
    /// [`PipelineError::Sources`] with everything that could not be had; [`PipelineError::Recipe`] for what is not in them.
    pub async fn fetch(mut self, host: &git::Host) -> Result<Self, PipelineError> {
        let (wanted, unclear): (Vec<_>, Vec<_>) =
            self.sources().iter().map(|source| self.wanted(source)).partition(Result::is_ok);
        let unclear: Vec<Trouble> = unclear.into_iter().filter_map(Result::err).collect();
        if !unclear.is_empty() {
            return Err(self.troubles(unclear));
        }
        let wanted: Vec<Wanted> = wanted.into_iter().filter_map(Result::ok).collect();
        let checkouts = git::take(&wanted, &self.store(), host).await.map_err(|troubles| self.troubles(troubles))?;
        self.file.look_into(&checkouts, &self.folder)?;
        self.roots = Roots::with(&self.folder, checkouts);
        for target in &mut self.targets {
            // Once more: the scripts of packages may be in a source.
            target.recipe = Arc::new(self.file.resolve(&target.platform, &self.release)?);
        }
        Ok(self)
    }

    /// A source with what the command line says filled in.
    fn wanted(&self, source: &GitSource) -> Result<Wanted, Trouble> {
        let trouble = |error| Trouble { source: source.name.clone(), error };
        let mut text = source.reference.replace("{{tag}}", self.release.tag.as_str());
        if text.contains("{{branch}}") {
            let branch = self.branch.as_ref().ok_or_else(|| trouble(GitError::NoBranch))?;
            // By itself first: it is the user's word, and the error shows it as such.
            let branch = RefName::new(branch).map_err(|bad| trouble(GitError::BadReference(bad)))?;
            text = text.replace("{{branch}}", branch.as_str());
        }
        Ok(Wanted {
            name: source.name.clone(),
            url: source.git.seen_from(&self.folder.to_string_lossy()),
            reference: RefName::new(text).map_err(|bad| trouble(GitError::BadReference(bad)))?,
            submodules: source.submodules,
        })
    }

    fn troubles(&self, troubles: Vec<Trouble>) -> PipelineError {
        if troubles.iter().any(|trouble| matches!(trouble.error, GitError::Interrupted)) {
            return PipelineError::Interrupted;
        }
        let message = match (troubles.as_slice(), self.sources().len()) {
            ([one], _) => format!("source `{}` could not be had", one.source),
            (some, all) => format!("{} of {all} sources could not be had", some.len()),
        };
        let choice = troubles.iter().all(|trouble| trouble.error.is_choice());
        let complaint = |trouble: Trouble| {
            let declared = self.sources().iter().find(|source| source.name == trouble.source);
            SourceComplaint {
                key: trouble.error.key(),
                message: format!("source `{}`: {}", trouble.source, trouble.error),
                label: trouble.error.label().to_owned(),
                help: declared.map_or_else(String::new, |source| {
                    trouble.error.help(&source.git.seen_from(&self.folder.to_string_lossy()))
                }),
                source: trouble.source,
            }
        };
        let report = self.file.complain(troubles.into_iter().map(complaint).collect());
        PipelineError::Sources { message, report, choice }
    }

    /// The project's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.targets.first().map_or("", |target| target.recipe.project.name.as_str())
    }

    /// `canopsis 2.5.11`, for headlines.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.name(), self.release.tag)
    }

    /// What should be known of the chosen platforms on a day, `YYYY-MM-DD`: those that nobody mends any more.
    #[must_use]
    pub fn outdated(&self, today: &str) -> Vec<String> {
        let past = self.targets.iter().map(|target| &target.platform).filter(|platform| platform.eol.as_str() < today);
        past.map(|platform| {
            let (name, eol) = (&platform.name, &platform.eol);
            format!("{name} is past its end of support ({eol}): its packages get no security updates")
        })
        .collect()
    }

    /// All steps for what is wanted, on a daemon of this kind.
    ///
    /// # Errors
    /// [`PipelineError::Plan`].
    pub fn plan(&self, engine: &EngineInfo, want: Want) -> Result<Plan, PipelineError> {
        let context = PlanContext {
            project: self.folder.clone(),
            roots: self.roots.clone(),
            home: self.home.clone(),
            release: self.release.clone(),
            epoch: self.epoch,
            revision: self.revision.clone(),
            machine: engine.arch.clone(),
            ca: self.ca,
            index_url: self.index_url.clone(),
            extra_index_urls: self.extra_index_urls.clone(),
            except: vec![self.wheel_dir.clone(), self.packages.clone(), self.folder.join("wheels")],
            want,
        };
        let mut plan = Plan::default();
        for target in &self.targets {
            plan::make(&mut plan, &target.recipe, &target.platform, &context)?;
        }
        Ok(plan)
    }

    /// The project's state folder.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.folder.join(".factory")
    }
}

/// The platforms that the user asked for, in the recipe's order; all of the recipe's when none was asked for.
fn choose<'a>(
    asked: &[String],
    catalogue: &'a Catalogue,
    recipe: &[PlatformId],
) -> Result<Vec<&'a Platform>, PipelineError> {
    let mut wanted = BTreeMap::new();
    for text in asked {
        let platform = catalogue.find(text)?;
        if !recipe.contains(&platform.id) {
            let known = recipe.iter().map(PlatformId::as_str).collect::<Vec<_>>().join(", ");
            return Err(PipelineError::ForeignPlatform { id: platform.id.clone(), known });
        }
        wanted.insert(platform.id.clone(), platform);
    }
    let all = recipe.iter().filter_map(|id| catalogue.get(id));
    Ok(if wanted.is_empty() {
        all.collect()
    } else {
        all.filter(|platform| wanted.contains_key(&platform.id)).collect()
    })
}

/// The release: the tag that was named, else the one that stands on the checkout's commit.
fn release(wishes: &Wishes, folder: &Path) -> Result<Release, PipelineError> {
    let text = match &wishes.tag {
        Some(tag) => tag.clone(),
        None => clock::exact_tag(folder).ok_or(PipelineError::NoTag)?,
    };
    let tag = Tag::new(text)?;
    let version = UpstreamVersion::from_tag(&tag)?;
    Ok(Release { tag, version, release: wishes.release })
}

fn absolute(folder: &Path, path: &Path) -> PathBuf {
    if path.is_absolute() { path.to_owned() } else { folder.join(path) }
}

/// An address without `user:password@`: what may reach a key, a record or a log.
fn without_userinfo(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    let host = rest[..end].rsplit_once('@').map_or(&rest[..end], |(_, host)| host);
    format!("{scheme}://{host}{}", &rest[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_stripped_from_addresses() {
        assert_eq!(without_userinfo("https://u:p@h.example/simple"), "https://h.example/simple");
        assert_eq!(without_userinfo("https://h.example/a@b"), "https://h.example/a@b");
        assert_eq!(without_userinfo("file:///srv"), "file:///srv");
    }
}
