//! [`Session`]: what every step of a run shares, and the containers that a run makes and removes.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{StepError, records::RECORDS, told::Told};
use crate::{
    engine::{
        ContainerId, ContainerInfo, ContainerSpec, Engine, EngineError, Labels, Output, Progress, docker::Logins,
    },
    event::{Event, Events, StepId},
    names::CheckoutId,
    plan::label,
    sign::Identity,
    source::{
        lockfile::Lockfile,
        owner::Trusted,
        roots::Roots,
        store::Store,
        wheelhouse::{self, WheelName},
    },
    util::{
        clock,
        digests::Digests,
        files,
        folder::{Folder, Links},
        heard::Heard,
        state,
        toml::Source,
    },
    work::{base::run::room, package::run::Accepted},
};

/// What every step of a run shares.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "options of the command line, each by its own name")]
pub struct Session {
    /// The daemon.
    pub engine: Arc<dyn Engine>,
    /// Where events go.
    pub events: Events,
    /// The packages of this run that can be installed beside each other.
    pub accepted: Arc<Accepted>,
    /// What is said once in a run, and was.
    pub said: Arc<Mutex<BTreeSet<String>>>,
    /// What is doubtful of that which steps make: kept with their records, so that it is said again while they are cached.
    pub doubts: Arc<Mutex<BTreeMap<StepId, Vec<String>>>>,
    /// Fires on Ctrl-C.
    pub cancel: CancellationToken,
    /// The project's folder, absolute.
    pub project: PathBuf,
    /// Where the recipe's paths are.
    pub roots: Roots,
    /// The recipe's text, to point at.
    pub recipe: Arc<Source>,
    /// What is known of files, so that they are not read again.
    pub digests: Arc<Digests>,
    /// The project's name, for labels.
    pub name: String,
    /// A digest of the project's place, for labels.
    pub checkout_id: CheckoutId,
    /// This run's own word, for labels.
    pub run: String,
    /// Where wheelhouses are.
    pub wheel_dir: PathBuf,
    /// Where wheels and source distributions are kept, so that nobody fetches or builds them again.
    pub store: Arc<dyn Store>,
    /// Whose files are believed where nothing but their place says what they are.
    pub trusted: Trusted,
    /// What the last builds were made of; empty where nobody has written it down.
    pub lock: Arc<Lockfile>,
    /// Whether nothing else than what is in the lock may be taken.
    pub locked: bool,
    /// Where packages go.
    pub packages: PathBuf,
    /// Trusted certificates, PEM (`FACTORY_CA_BUNDLE`).
    pub ca: Option<Arc<Vec<u8>>>,
    /// Proxy variables, in both cases, as the environment has them.
    pub proxies: BTreeMap<String, String>,
    /// pip's index settings from the environment (`PIP_INDEX_URL`, `PIP_EXTRA_INDEX_URL`), which may hold credentials.
    pub pip: BTreeMap<String, String>,
    /// What `docker login` left, for pulls.
    pub logins: Logins,
    /// Whether no engine is asked: what earlier builds have noted is believed. Only steps that need none can run so.
    pub offline: bool,
    /// The caller, who owns what is written.
    pub user: (u32, u32),
    /// Time of artifacts.
    pub epoch: i64,
    /// Who signs what is signed inside.
    pub identity: Option<Arc<Identity>>,
    /// Steps at once.
    pub jobs: usize,
    /// Fetch or make the base images again.
    pub refresh: bool,
    /// Build every image again, without the engine's cached layers.
    pub no_cache: bool,
    /// Processors of the daemon, which limits of kinds of steps depend on.
    pub cpus: usize,
    /// Go on with what does not depend on a step that failed.
    pub keep_going: bool,
    /// Keep the containers of a step that failed.
    pub keep_failed: bool,
    /// How long a container or a build may say nothing while the daemon lives.
    pub idle_timeout: Duration,
    /// The containers of the step that this session is for.
    pub held: Containers,
    /// The containers of failed steps that stay until the next run.
    pub kept: Containers,
}

/// How long a container or a build may say nothing when the user names no time. pip says every minute that it still compiles;
/// what is silent are large downloads and the compilers of old pips.
pub const IDLE_TIMEOUT: Duration = Duration::from_mins(30);

/// Containers that several hands hold. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Containers(Arc<Mutex<BTreeSet<ContainerId>>>);

impl Containers {
    fn set(&self) -> std::sync::MutexGuard<'_, BTreeSet<ContainerId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Their ids, sorted.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.set().iter().map(ToString::to_string).collect()
    }
}

impl Session {
    /// Warns of something that steps of several platforms find, once in a run.
    pub fn warn_once(&self, text: String) {
        if self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone()) {
            self.events.warn(text);
        }
    }

    /// Warns of what holds in this run alone: now, and in the step's log.
    pub fn say(&self, step: &StepId, text: String) {
        self.events.emit(Event::StepLog { step: step.clone(), line: format!("warning: {text}") });
        self.warn_once(text);
    }

    /// Warns of what a step makes: now, in its log, and as long as it is not made again.
    pub fn doubt(&self, step: &StepId, text: String) {
        let mut doubts = self.doubts.lock().unwrap_or_else(PoisonError::into_inner);
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
        self.doubts.lock().unwrap_or_else(PoisonError::into_inner).remove(step).unwrap_or_default()
    }

    /// The folder of a platform's packages, made where it is missing, without a link on its way below the project.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn packages_of(&self, platform: &str) -> io::Result<PathBuf> {
        let below = self.packages.strip_prefix(&self.project).unwrap_or(&self.packages);
        let packages = Folder::open(&self.project, Links::Refused)?.make_ours(below)?;
        Ok(packages.make(std::path::Path::new(platform))?.path().to_owned())
    }

    /// Labels of a container of a step.
    #[must_use]
    pub fn labels(&self, step: &StepId) -> Labels {
        [
            (label::PROJECT, self.name.as_str()),
            (label::KIND, "container"),
            (label::STEP, step.as_str()),
            (label::CHECKOUT, self.checkout_id.as_str()),
            (label::RUN, &self.run),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// Creates a container of a step. The caller removes it with [`Engine::remove`]; one that it does not come to remove
    /// (Ctrl-C, a lost daemon) goes with [`remove_leftovers`].
    ///
    /// # Errors
    /// As [`Engine::create`].
    pub async fn create(&self, step: &StepId, mut spec: ContainerSpec) -> Result<ContainerId, EngineError> {
        spec.labels = self.labels(step);
        let container = self.engine.create(spec).await?;
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
            () = self.cancel.cancelled() => Err(StepError::Interrupted),
        }
    }

    /// Removes a container whose work is over. Where failed ones are kept it waits for the end of its step, which says whether it
    /// was a failure.
    pub async fn discard(&self, container: &ContainerId) {
        if !self.keep_failed && self.held.set().remove(container) {
            self.drop_container(container).await;
        }
    }

    /// Removes a container; a daemon that is gone is said once, because the container will be removed by the next run.
    async fn drop_container(&self, container: &ContainerId) {
        if let Err(error) = self.engine.remove(container).await {
            self.events
                .warn(format!("a container of this run could not be removed ({error}); the next run removes it"));
        }
    }
}

/// What earlier runs have left: all containers of this checkout, running or not (safe while the project's lock is held), and
/// ended ones of other checkouts of the same project whose run began a day ago or earlier: nobody may come back to a checkout that a
/// CI job removed with its folder.
///
/// # Errors
/// When the daemon does not answer.
pub async fn leftovers(
    engine: &dyn Engine,
    checkout: &CheckoutId,
    project: &str,
) -> Result<Vec<ContainerInfo>, EngineError> {
    let now = clock::now();
    let is_left = |container: &ContainerInfo| {
        let label = |name: &str| container.labels.get(name).map(String::as_str);
        let abandoned = || !container.running && label(label::RUN).is_some_and(|run| is_long_ago(run, now));
        label(label::CHECKOUT) == Some(checkout.as_str()) || (label(label::PROJECT) == Some(project) && abandoned())
    };
    let labels: Labels = [(label::KIND.to_owned(), "container".to_owned())].into();
    let mut found = engine.containers(&labels).await?;
    found.retain(is_left);
    Ok(found)
}

/// Removes [`leftovers`]; gives how many.
///
/// # Errors
/// When the daemon does not answer.
pub async fn remove_leftovers(engine: &dyn Engine, checkout: &CheckoutId, project: &str) -> Result<usize, EngineError> {
    remove_all(engine, &leftovers(engine, checkout, project).await?).await
}

/// Removes the containers of a run of this checkout but those that are kept. Gives how many.
///
/// # Errors
/// When the daemon does not answer.
pub async fn remove_of_run(
    engine: &dyn Engine,
    checkout: &CheckoutId,
    run: &str,
    kept: &Containers,
) -> Result<usize, EngineError> {
    let labels: Labels = [(label::CHECKOUT, checkout.as_str()), (label::KIND, "container"), (label::RUN, run)]
        .map(|(k, v)| (k.into(), v.into()))
        .into();
    let mut found = engine.containers(&labels).await?;
    found.retain(|container| !kept.set().contains(&container.id));
    remove_all(engine, &found).await
}

async fn remove_all(engine: &dyn Engine, containers: &[ContainerInfo]) -> Result<usize, EngineError> {
    let mut removed = 0;
    for container in containers {
        removed += usize::from(engine.remove(&container.id).await?);
    }
    Ok(removed)
}

/// Whether a run (`<process>-<seconds since 1970>`) began a day ago or earlier.
fn is_long_ago(run: &str, now: i64) -> bool {
    let began = run.rsplit_once('-').and_then(|(_, seconds)| seconds.parse::<i64>().ok());
    began.is_some_and(|began| now.saturating_sub(began) >= 24 * 60 * 60)
}

/// Removes the temporary files that killed runs of this checkout have left. Safe while the project's lock is held; a wheel
/// cache outside of the project may be shared with others who are writing, and is left alone.
pub fn sweep(session: &Session) {
    if let Ok(project) = Folder::open(&session.project, Links::Refused) {
        for folder in [&state::place(RECORDS), &session.packages] {
            let below = folder.strip_prefix(&session.project).unwrap_or(folder);
            if let (true, Ok(Some(folder))) = (below.is_relative(), project.below(below)) {
                files::sweep(&folder);
            }
        }
    }
    if session.wheel_dir.starts_with(&session.project) {
        wheelhouse::sweep(&session.wheel_dir);
    }
    room::sweep(&session.checkout_id);
}

/// A step's live output, as events.
#[derive(Debug, Clone)]
pub struct StepOutput {
    events: Events,
    step: StepId,
    tail: Arc<Mutex<std::collections::VecDeque<String>>>,
    /// How paths of its container are shown.
    told: Arc<Told>,
    /// When it last said something.
    heard: Heard,
    /// What was said where it is not overlooked.
    warnings: Arc<Mutex<Vec<String>>>,
    /// Wheels that were listed, a line each.
    wheels: Arc<Mutex<BTreeSet<WheelName>>>,
}

/// How long a pull or a push may stand still: registries that write to slow disks take minutes to finish a large layer.
const TRANSFER: Duration = Duration::from_mins(10);

/// Lines of output that are kept to find the cause of a failure in.
const TAIL: usize = 400;

fn is_wheel(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|end| end == "whl")
}

impl StepOutput {
    /// Output of `step`.
    #[must_use]
    pub fn new(events: &Events, step: &StepId) -> Self {
        let (events, step) = (events.clone(), step.clone());
        let (tail, told, warnings, wheels) = (Arc::default(), Arc::default(), Arc::default(), Arc::default());
        Self { events, step, tail, told, heard: Heard::now(), warnings, wheels }
    }

    /// The same with other words for paths of its container.
    #[must_use]
    pub fn telling(self, told: Told) -> Self {
        Self { told: Arc::new(told), ..self }
    }

    /// The last lines.
    #[must_use]
    pub fn tail(&self) -> Vec<String> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// The wheels whose names were lines of its output (`ls`), a hundred at most.
    #[must_use]
    pub fn wheels(&self) -> BTreeSet<WheelName> {
        self.wheels.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps the name of a wheel that is all of a line, but for BuildKit's number of the instruction.
    fn keep_wheel(&self, line: &str) {
        const MOST: usize = 100;
        let Some(name) = line.split_whitespace().next_back().filter(|word| is_wheel(word)) else { return };
        let before = line.trim_end().strip_suffix(name).unwrap_or_default().trim();
        let is_alone =
            before.strip_prefix('#').map_or(before, |number| number.trim_matches(|c: char| c.is_ascii_digit()));
        let mut wheels = self.wheels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = WheelName::new(name).filter(|_| is_alone.is_empty() && wheels.len() < MOST) {
            wheels.insert(name);
        }
    }

    /// Says something of the step that is no line of its output.
    pub fn tell(&self, text: &str) {
        self.events.info(format!("{}: {text}", self.step));
    }

    /// Says something of the step where it is not overlooked; it is no line of its output.
    pub fn attention(&self, text: &str) {
        let text = format!("{}: {text}", self.step);
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(text.clone());
        self.events.warn(text);
    }

    /// What was said with [`StepOutput::attention`].
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends when nothing was said for so long.
    pub async fn silent_for(&self, idle_timeout: Duration) {
        self.heard.silent_for(idle_timeout).await;
    }

    /// Ends when the daemon has told nothing of a pull or a push for ten minutes, or for `idle_timeout` where that is less.
    pub async fn registry_silent(&self, image: &str, idle_timeout: Duration) -> EngineError {
        let silent = idle_timeout.min(TRANSFER);
        self.silent_for(silent).await;
        EngineError::RegistrySilent { image: image.to_owned(), silent }
    }
}

impl Output for StepOutput {
    fn line(&self, line: &str) {
        self.heard.hear();
        let line = &*self.told.line(line);
        self.keep_wheel(line);
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() == TAIL {
            tail.pop_front();
        }
        tail.push_back(line.to_owned());
        drop(tail);
        self.events.emit(Event::StepLog { step: self.step.clone(), line: line.to_owned() });
    }

    fn warn(&self, line: &str) {
        self.line(line);
        self.attention(line.trim_start_matches("WARNING: "));
    }

    fn progress(&self, progress: Progress) {
        self.heard.hear();
        self.events.emit(Event::StepProgress {
            step: self.step.clone(),
            what: progress.what,
            done: progress.done,
            total: progress.total,
            bytes: progress.bytes,
        });
    }
}
