//! [`Session`]: what every step of a run shares: services that it asks, options that the user chose, places, and what the run has
//! found so far.

use std::{
    any::{Any, TypeId},
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{Containers, StepError};
use crate::{
    engine::{ContainerId, ContainerSpec, Engine, EngineError, Labels, docker::Logins},
    event::{Event, Events, StepId},
    names::CheckoutId,
    plan::label,
    sign::Identity,
    source::{lockfile::Lockfile, owner::TrustedOwners, roots::Roots, store::Store},
    util::{
        digests::Digests,
        folder::{Folder, Links},
        toml::Source,
    },
};

/// What every step of a run shares.
#[derive(Debug, Clone)]
pub struct Session {
    /// Whom a step asks.
    pub services: Services,
    /// What the user chose.
    pub options: RunOptions,
    /// Where everything is.
    pub paths: ProjectPaths,
    /// What leads to other machines.
    pub network: Network,
    /// What labels say of this run.
    pub ids: RunIds,
    /// What the steps of this run have found so far.
    pub notes: Notes,
    /// The recipe's text, to point at.
    pub recipe: Arc<Source>,
    /// The containers of the step that this session is for.
    pub held: Containers,
    /// The containers of failed steps that stay until the next run.
    pub kept: Containers,
}

/// Whom a step asks.
#[derive(Debug, Clone)]
pub struct Services {
    /// The daemon.
    pub engine: Arc<dyn Engine>,
    /// Processors of the daemon, which limits of kinds of steps depend on.
    pub cpus: usize,
    /// Where events go.
    pub events: Events,
    /// Fires on Ctrl-C.
    pub cancel: CancellationToken,
    /// Where wheels, source distributions and what steps gave are kept, so that they are not fetched or built again.
    pub store: Arc<dyn Store>,
    /// What is known of files, so that they are not read again.
    pub digests: Arc<Digests>,
}

/// What the user chose for a run.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "options of the command line, each by its own name")]
pub struct RunOptions {
    /// Steps at once.
    pub jobs: usize,
    /// Fetch or make the base images again.
    pub refresh: bool,
    /// Build every image again, without the engine's cached layers.
    pub no_cache: bool,
    /// Go on with what does not depend on a step that failed.
    pub keep_going: bool,
    /// Keep the containers of a step that failed.
    pub keep_failed: bool,
    /// How long a container or a build may say nothing while the daemon lives.
    pub idle_timeout: Duration,
    /// Whether no engine is asked: what earlier builds have noted is believed. Only steps that need none can run so.
    pub offline: bool,
    /// What the last builds were made of; empty where there is no lock file.
    pub lock: Arc<Lockfile>,
    /// Whether only what is in the lock may be taken.
    pub locked: bool,
    /// Time of artifacts, in seconds since 1970 UTC.
    pub epoch: i64,
    /// Who signs what is signed inside.
    pub identity: Option<Arc<Identity>>,
}

/// Where everything of a project is.
#[derive(Debug, Clone)]
pub struct ProjectPaths {
    /// The project's folder, absolute.
    pub project: PathBuf,
    /// Where the recipe's paths are.
    pub roots: Roots,
    /// Where wheelhouses are.
    pub wheel_dir: PathBuf,
    /// Where packages go.
    pub packages: PathBuf,
    /// Whose files are believed where nothing but their place says what they are.
    pub trusted: TrustedOwners,
}

/// What leads to other machines.
#[derive(Debug, Clone)]
pub struct Network {
    /// Trusted certificates, PEM (`FACTORY_CA_BUNDLE`).
    pub ca: Option<Arc<Vec<u8>>>,
    /// Proxy variables, in both cases, as the environment has them.
    pub proxies: BTreeMap<String, String>,
    /// pip's index settings from the environment (`PIP_INDEX_URL`, `PIP_EXTRA_INDEX_URL`), which may hold credentials.
    pub pip: BTreeMap<String, String>,
    /// What `docker login` left, for pulls.
    pub logins: Logins,
}

/// What labels say of a run, and who owns what it writes.
#[derive(Debug, Clone)]
pub struct RunIds {
    /// The project's name.
    pub project: String,
    /// The checkout.
    pub checkout: CheckoutId,
    /// This run's own word: `<process>-<seconds since 1970>`.
    pub run: String,
    /// User and group of the caller, who owns what is written.
    pub user: (u32, u32),
}

/// What the steps of a run have found so far. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    /// What each kind of work has found, by its own type.
    kinds: Arc<Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>>,
    said: Arc<Mutex<BTreeSet<String>>>,
    /// Kept with the steps' records, so that it is said again while they are cached.
    doubts: Arc<Mutex<BTreeMap<StepId, Vec<String>>>>,
}

impl Notes {
    /// What a kind of work keeps of a run in a type of its own: the same one for all steps, made where it is asked for first.
    #[must_use]
    pub fn shared<T: Any + Default + Send + Sync>(&self) -> Arc<T> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = Arc::clone(kinds.entry(TypeId::of::<T>()).or_insert_with(|| Arc::<T>::default()));
        // Under the id of a type is one of that type.
        kept.downcast().unwrap_or_default()
    }
}

/// How long a container or a build may say nothing when the user names no time. pip says every minute that it still compiles;
/// what is silent are large downloads and the compilers of old pips.
pub const IDLE_TIMEOUT: Duration = Duration::from_mins(30);

impl Session {
    /// Warns of something that steps of several platforms find, once in a run.
    pub fn warn_once(&self, text: String) {
        if self.notes.said.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone()) {
            self.services.events.warn(text);
        }
    }

    /// Warns of what holds in this run alone: now, and in the step's log.
    pub fn say(&self, step: &StepId, text: String) {
        self.services.events.emit(Event::StepLog { step: step.clone(), line: format!("warning: {text}") });
        self.warn_once(text);
    }

    /// Warns of what a step makes: now, in its log, and as long as it is not made again.
    pub fn doubt(&self, step: &StepId, text: String) {
        let mut doubts = self.notes.doubts.lock().unwrap_or_else(PoisonError::into_inner);
        let own = doubts.entry(step.clone()).or_default();
        if !own.contains(&text) {
            own.push(text.clone());
        }
        drop(doubts);
        self.say(step, text);
    }

    /// What was doubted of a step since this was asked last.
    #[must_use]
    pub fn doubts_of(&self, step: &StepId) -> Vec<String> {
        self.notes.doubts.lock().unwrap_or_else(PoisonError::into_inner).remove(step).unwrap_or_default()
    }

    /// The folder of a platform's packages, made where it is missing, without a link on its way below the project.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn packages_of(&self, platform: &str) -> io::Result<PathBuf> {
        let below = self.paths.packages.strip_prefix(&self.paths.project).unwrap_or(&self.paths.packages);
        let packages = Folder::open(&self.paths.project, Links::Refused)?.make_ours(below)?;
        Ok(packages.make(std::path::Path::new(platform))?.path().to_owned())
    }

    /// Labels of a container of a step.
    #[must_use]
    pub fn labels(&self, step: &StepId) -> Labels {
        [
            (label::PROJECT, self.ids.project.as_str()),
            (label::KIND, "container"),
            (label::STEP, step.as_str()),
            (label::CHECKOUT, self.ids.checkout.as_str()),
            (label::RUN, &self.ids.run),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// Creates a container of a step. The caller removes it with [`Engine::remove`]; one that it does not come to remove
    /// (Ctrl-C, a lost daemon) goes with [`super::remove_leftovers`].
    ///
    /// # Errors
    /// As [`Engine::create`].
    pub async fn create(&self, step: &StepId, mut spec: ContainerSpec) -> Result<ContainerId, EngineError> {
        spec.labels = self.labels(step);
        let container = self.services.engine.create(spec).await?;
        self.held.set().insert(container.clone());
        Ok(container)
    }

    /// The same session with containers of its own.
    #[must_use]
    pub fn for_step(&self) -> Self {
        Self { held: Containers::default(), ..self.clone() }
    }

    /// Removes the containers of this step that are still there.
    pub async fn release(&self) {
        let held = std::mem::take(&mut *self.held.set());
        for container in held {
            self.drop_container(&container).await;
        }
    }

    /// Keeps the containers of this step until the next run; gives the last one.
    #[must_use]
    pub fn keep(&self) -> Option<ContainerId> {
        let held = std::mem::take(&mut *self.held.set());
        let last = held.last().cloned();
        self.kept.set().extend(held);
        last
    }

    /// Work on the daemon, given up at once on Ctrl-C.
    ///
    /// # Errors
    /// [`StepError::Interrupted`], or the work's own.
    pub async fn until_stopped<T>(
        &self,
        work: impl Future<Output = Result<T, StepError>> + Send,
    ) -> Result<T, StepError> {
        tokio::select! {
            done = work => done,
            () = self.services.cancel.cancelled() => Err(StepError::Interrupted),
        }
    }

    /// Removes a container whose work is over. Where failed ones are kept it waits for the end of its step, which says whether it
    /// was a failure.
    pub async fn discard(&self, container: &ContainerId) {
        if !self.options.keep_failed && self.held.set().remove(container) {
            self.drop_container(container).await;
        }
    }

    /// Removes a container; a daemon that is gone is said once, because the container will be removed by the next run.
    async fn drop_container(&self, container: &ContainerId) {
        if let Err(error) = self.services.engine.remove(container).await {
            self.services
                .events
                .warn(format!("a container of this run could not be removed ({error}); the next run removes it"));
        }
    }
}
