//! From a project's folder to a plan: load, choose platforms, resolve, plan. What follows (build, test, push) takes what
//! this gives.

mod error;
mod options;
pub mod places;
mod sources;
pub mod truth;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

pub use error::PipelineError;
pub use options::Options;
pub use places::Misplaced;
pub use sources::SOURCES;

use crate::{
    engine::EngineInfo,
    names::{CheckoutId, PlatformId, UpstreamVersion, without_login},
    plan::{self, Plan, PlanContext, PlanError, Templates, Times, Want},
    platform::{Catalogue, Platform},
    recipe::{Recipe, RecipeError, RecipeFile, Release},
    source::{
        git::{Caller, Changed, Elsewhere, Standing, Worktree},
        listing::Listing,
        project::Kept,
        roots::Roots,
        wheelhouse::Wheelhouse,
    },
    util::{
        clock,
        digests::Digests,
        folder::{Folder, Links},
        state::State,
        threads,
        toml::Source,
    },
    work::{Locks, image::Contexts},
};
use options::{Named, absolute, choose, release};
use truth::ReleaseProblem;

/// A project whose recipe was read and whose platforms are chosen.
#[derive(Debug)]
pub struct Project {
    /// Its folder, absolute.
    pub folder: PathBuf,
    /// A digest of that folder's place.
    pub checkout_id: CheckoutId,
    /// The release.
    pub release: Release,
    /// Whether something names it; else it is made up, for a command that needs none.
    pub is_released: bool,
    /// The other tags on the commit, where one of them names the release.
    beside: Vec<String>,
    /// The chosen platforms with the recipe as each sees it.
    pub targets: Vec<Target>,
    /// Where the recipe's paths are; without its sources until [`Project::fetch`].
    pub roots: Roots,
    /// What is known of files, so that they are not read again.
    pub digests: Arc<Digests>,
    /// Where wheelhouses are, absolute.
    pub wheel_dir: PathBuf,
    /// Where packages go, absolute.
    pub packages: PathBuf,
    /// A digest of the certificates that sign, where some are named.
    pub signer: Option<String>,
    bases: BTreeMap<String, String>,
    index_url: Option<String>,
    extra_index_urls: Option<Vec<String>>,
    ca: bool,
    /// `SOURCE_DATE_EPOCH`, where it is set.
    epoch: Option<i64>,
    caller: Caller,
    stamp: OnceLock<Stamp>,
    /// What knows when files were changed, until the first plan asks, and what of them no commit has.
    /// What of the project is never an input: where this program writes.
    kept: Vec<Kept>,
    worktree: Mutex<Option<(Worktree, Vec<Changed>)>>,
    times: OnceLock<Arc<Times>>,
    file: RecipeFile,
    branch: Option<String>,
}

/// What artifacts say of when and of what they were made.
#[derive(Debug, Clone, Default)]
pub struct Stamp {
    /// The time of what no commit has as it is, and of what only serves to make something, in seconds since 1970 UTC.
    pub epoch: i64,
    /// The checkout's commit, with `-dirty` behind it where files differ from it; empty outside git.
    pub revision: String,
    /// That files differ from it, where some do.
    pub dirt: Option<ReleaseProblem>,
    /// Where the release's git tag is, if that is not the checkout's commit.
    pub elsewhere: Option<Elsewhere>,
}

/// One platform of a run.
#[derive(Debug, Clone)]
pub struct Target {
    /// The platform.
    pub platform: Platform,
    /// The recipe as it sees it.
    pub recipe: Arc<Recipe>,
}

/// Platforms that are worth a thread of their own.
const WORTH_A_THREAD: usize = 16;

impl Project {
    /// Reads the recipe and the platforms, and resolves the one for each of the other.
    ///
    /// # Errors
    /// [`PipelineError`]; everything here is the user's text or choice.
    pub fn open(options: &Options) -> Result<Self, PipelineError> {
        places::check(&options.project, options.wheel_dir.is_none())?;
        let catalogue = Catalogue::load(Some(&options.project)).map_err(RecipeError::from)?;
        let file = RecipeFile::load_with(&options.project, &catalogue)?;
        let folder = fs_err::canonicalize(&options.project)?;
        let platforms = choose(&options.platforms, &catalogue, &file.project().platforms)?;
        let Named { release, is_released, beside } = release(options, &folder)?;
        let digests = if options.paranoid { Digests::paranoid(&folder) } else { Digests::for_project(&folder) };
        let digests = Arc::new(digests.until(options.cancel.clone()));
        let resolved = threads::each(&platforms, WORTH_A_THREAD, |platform| {
            Ok(Target { platform: (*platform).clone(), recipe: Arc::new(file.resolve(platform, &release)?) })
        });
        let targets = resolved.into_iter().collect::<Result<Vec<_>, RecipeError>>()?;
        let wheel_dir = options.wheel_dir.as_ref().map_or_else(|| folder.join("wheels"), |dir| absolute(&folder, dir));
        let kept = places::kept(&folder, &wheel_dir, &catalogue);
        Ok(Self {
            checkout_id: CheckoutId::for_folder(&folder),
            release,
            is_released,
            beside,
            bases: bases(&catalogue, &targets),
            targets,
            wheel_dir,
            packages: folder.join("packages"),
            epoch: clock::source_date_epoch(options.source_date_epoch.as_deref()).map_err(PipelineError::Epoch)?,
            caller: options.caller.clone(),
            stamp: OnceLock::new(),
            worktree: Mutex::default(),
            times: OnceLock::new(),
            signer: None,
            index_url: options.index_url.as_deref().map(without_login),
            extra_index_urls: options
                .extra_index_urls
                .as_ref()
                .map(|urls| urls.split_whitespace().map(without_login).collect()),
            ca: options.ca,
            roots: Roots::for_project(&folder)
                .knowing(&digests)
                .keeping(kept.clone())
                .reading(options.variables.clone()),
            kept,
            digests,
            branch: options.branch.clone(),
            file,
            folder,
        })
    }

    /// What artifacts say of when and of what they were made: `SOURCE_DATE_EPOCH`, else the time of the checkout's commit,
    /// else 1980; and that commit. Artifacts have the time of the commit that changed what is in them last: [`Times`]. Git is
    /// asked once.
    ///
    /// # Errors
    /// [`PipelineError::Worktree`], where there is a checkout and git cannot say what it is.
    pub fn stamp(&self) -> Result<&Stamp, PipelineError> {
        if let Some(stamp) = self.stamp.get() {
            return Ok(stamp);
        }
        let Some(worktree) = Worktree::find(&self.folder, &self.caller)? else {
            let epoch = self.epoch.unwrap_or(clock::FLOOR);
            return Ok(self.stamp.get_or_init(|| Stamp { epoch, ..Stamp::default() }));
        };
        let Standing { revision, changed, told } = worktree.standing(&self.exempt())?;
        let dirt = truth::dirty(&told);
        let elsewhere = if self.is_released { worktree.elsewhere(self.release.tag.as_str())? } else { None };
        if let Some(epoch) = self.epoch {
            return Ok(self.stamp.get_or_init(|| Stamp { epoch, revision, dirt, elsewhere }));
        }
        let epoch = worktree.time()?.unwrap_or(clock::FLOOR);
        *self.worktree.lock().unwrap_or_else(PoisonError::into_inner) = Some((worktree, changed));
        Ok(self.stamp.get_or_init(|| Stamp { epoch, revision, dirt, elsewhere }))
    }

    /// What says how old files are: the commits, unless `SOURCE_DATE_EPOCH` does.
    fn times(&self) -> Result<Arc<Times>, PipelineError> {
        let epoch = self.stamp()?.epoch;
        if let Some(times) = self.times.get() {
            return Ok(Arc::clone(times));
        }
        let taken = self.worktree.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (history, changed) = match taken {
            Some((worktree, changed)) => (worktree.history()?, changed),
            None => (None, Vec::new()),
        };
        let times =
            history.map_or_else(|| Times::fixed(epoch), |history| Times::new(history, &self.folder, changed, epoch));
        Ok(Arc::clone(self.times.get_or_init(|| Arc::new(times))))
    }

    /// What should be known of the times of artifacts, once the plan is made.
    #[must_use]
    pub fn doubt_of_times(&self) -> Option<String> {
        self.times.get()?.doubt()
    }

    /// The project's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.targets.first().map_or("", |target| target.recipe.project.name.as_str())
    }

    /// The recipe's text, fit to be shown.
    #[must_use]
    pub fn text(&self) -> Source {
        self.file.shown()
    }

    /// `canopsis 2.5.11`, for headlines.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.name(), self.release.tag)
    }

    /// Which of several tags on the commit the release is, where none was named.
    #[must_use]
    pub fn choice_of_tag(&self) -> Option<String> {
        let (last, others) = self.beside.split_last()?;
        let tag = &self.release.tag;
        let others = others.iter().fold(String::new(), |others, other| others + &format!(", `{other}`"));
        Some(format!(
            "the commit has the tags `{tag}`{others} and `{last}`: the release is `{tag}`, the newest annotated one, else the first \
                 by name; `--tag` names another"
        ))
    }

    /// How the release's tag was read, where somebody may have meant something else by it.
    #[must_use]
    pub fn remark_on_tag(&self) -> Option<String> {
        UpstreamVersion::remark(&self.release.tag)
    }

    /// What should be known of the chosen platforms on a day, `YYYY-MM-DD`: those that get no mends any more.
    #[must_use]
    pub fn outdated(&self, today: &str) -> Vec<String> {
        let past = self.targets.iter().map(|target| &target.platform).filter(|platform| platform.eol.as_str() < today);
        past.map(|platform| {
            let (name, eol) = (&platform.name, &platform.eol);
            format!("{name} is past its end of support ({eol}): its packages get no security updates")
        })
        .collect()
    }

    /// Whether nothing says when it is, neither the user nor a commit; known once the plan is made.
    #[must_use]
    pub fn is_undated(&self) -> bool {
        self.epoch.is_none() && self.stamp.get().is_some_and(|stamp| stamp.epoch == clock::FLOOR)
    }

    /// What of the recipe has no effect, at its lines: what says so without a plan, and what only the steps of one know.
    #[must_use]
    pub fn doubts(&self, plan: &Plan) -> Vec<String> {
        let own = self.file.doubts();
        let text = self.text();
        let mut said = Vec::new();
        for doubt in own.iter().chain(plan.steps.iter().flat_map(|step| &step.doubts)) {
            let text = doubt.source().unwrap_or(&text);
            let line = text.position(doubt.clone().narrowed(text.text()).span.start).0;
            let help = doubt.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
            let sentence = format!("{}:{line}: {}{help}", text.name(), doubt.message);
            if !said.contains(&sentence) {
                said.push(sentence);
            }
        }
        said
    }

    /// What the steps of a plan leave out of the project as they should.
    #[must_use]
    pub fn notes(&self, plan: &Plan) -> Vec<String> {
        let mut said: Vec<String> = plan.steps.iter().flat_map(|step| step.notes.clone()).collect();
        said.sort();
        said.dedup();
        said
    }

    /// Names of `no_binary` that are in none of a plan's wheelhouses, at their lines; nothing while one of those is not made: what
    /// requirements need beside themselves is not known before.
    #[must_use]
    pub fn unneeded(&self, plan: &Plan) -> Vec<String> {
        let mut needed: BTreeSet<String> = BTreeSet::new();
        let mut named: BTreeSet<&String> = BTreeSet::new();
        for step in &plan.steps {
            let Locks::Set(work) = step.work.locks() else { continue };
            let Some(made) = Wheelhouse::manifest(&self.wheel_dir, step.platform.as_str(), &work.key) else {
                return Vec::new();
            };
            needed.extend(made.wheels.iter().map(|wheel| wheel.file.distribution()));
            named.extend(&work.no_binary);
        }
        let text = self.text();
        let unneeded = named.into_iter().filter(|name| !needed.contains(*name));
        let said = unneeded.map(|name| {
            let line =
                self.file.no_binary(name).map_or_else(String::new, |at| format!(":{}", text.position(at.start).0));
            format!(
                "{}{line}: no requirements need `{name}`, which `no_binary` names; take it out, or mend its name",
                text.name()
            )
        });
        said.collect()
    }

    /// All steps for what is wanted, on a daemon of this kind.
    ///
    /// # Errors
    /// [`PipelineError::Plan`].
    pub fn plan(&self, engine: &EngineInfo, want: Want) -> Result<Plan, PipelineError> {
        // A base is of no commit and of no time.
        let (revision, times) = match want {
            Want::Bases => Default::default(),
            _ => (self.stamp()?.revision.clone(), self.times()?),
        };
        let context = self.context(engine, want, revision, times);
        let parts = threads::each(&self.targets, WORTH_A_THREAD, |target| {
            let mut plan = Plan::default();
            plan::make(&mut plan, &target.recipe, &target.platform, &context).map(|()| plan)
        });
        // What could not be read then is no mistake of the recipe.
        if self.digests.is_stopped() {
            return Err(PipelineError::Interrupted);
        }
        let mut plan = Plan::default();
        let mut mistakes = Vec::new();
        for part in parts {
            match part {
                Ok(part) => {
                    plan.steps.extend(part.steps);
                    plan.unmade.extend(part.unmade);
                }
                Err(PlanError::Files(issues)) => mistakes.extend(issues),
                Err(error) => return Err(error.into()),
            }
        }
        if !mistakes.is_empty() {
            return Err(self.file.mistakes(mistakes).into());
        }
        match plan.unmade.first() {
            Some(unmade) if !plan.steps.iter().any(|step| step.wanted) => {
                Err(PipelineError::Unmade { message: unmade.sentence() })
            }
            _ => Ok(plan),
        }
    }

    /// The names that images of this release have, on a daemon of this kind; none without one. Looks at no file of a source.
    ///
    /// # Errors
    /// [`PipelineError::Plan`].
    pub fn names(&self, engine: &EngineInfo) -> Result<BTreeSet<String>, PipelineError> {
        let context = self.context(engine, Want::Bases, String::new(), Arc::default());
        let mut names = BTreeSet::new();
        if !self.is_released {
            return Ok(names);
        }
        for target in &self.targets {
            names.extend(plan::names(&target.recipe, &target.platform, &context)?);
        }
        Ok(names)
    }

    fn context(&self, engine: &EngineInfo, want: Want, revision: String, times: Arc<Times>) -> PlanContext {
        PlanContext {
            listing: Listing::new(&self.roots, &self.digests),
            templates: Templates::new(&self.roots, self.digests.token()),
            contexts: Contexts::default(),
            roots: self.roots.clone(),
            release: self.release.clone(),
            times,
            revision,
            machine: engine.arch.clone(),
            ca: self.ca,
            index_url: self.index_url.clone(),
            extra_index_urls: self.extra_index_urls.clone(),
            bases: self.bases.clone(),
            signer: self.signer.clone(),
            want,
        }
    }

    /// The project's state folder.
    #[must_use]
    pub fn state(&self) -> State {
        State::for_project(&self.folder)
    }

    /// The folder of a platform's packages, where there is one.
    ///
    /// # Errors
    /// When something else has its name.
    pub fn packages_of(&self, platform: &PlatformId) -> std::io::Result<Option<Folder>> {
        match Folder::open(&self.packages, Links::Refused) {
            Ok(packages) => packages.below(Path::new(platform.as_str())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The base images of all platforms, of what is brought along and of the project, and those that the recipe names: whose each is.
fn bases(catalogue: &Catalogue, targets: &[Target]) -> BTreeMap<String, String> {
    let own: Vec<&Platform> = catalogue.iter().filter(|platform| !platform.is_brought_along()).collect();
    let replaced: Vec<Platform> = own.iter().filter_map(|platform| Platform::brought_along(&platform.id)).collect();
    let distros = catalogue.iter().chain(&replaced).filter(|platform| platform.windows.is_none());
    let of_platforms = distros.map(|platform| (&platform.base.image, &platform.name));
    let named = targets.iter().filter_map(|target| Some((target.recipe.base.image.as_ref()?, &target.platform.name)));
    of_platforms.chain(named).map(|(image, whose)| (image.clone(), whose.clone())).collect()
}
