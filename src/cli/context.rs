//! What every verb has: the user's options, the terminal, the way to the daemon.

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio_util::sync::CancellationToken;

use super::{Globals, OutputForm, engine, env, failure::failed_to_write, session::ca_bundle};
use crate::{
    diag::{self, Exit, Failure},
    engine::{Engine, EngineInfo},
    event::Events,
    execute::AssessedPlan,
    names::login_of_address,
    pipeline::{Options, Project, SOURCES, Stamp},
    plan::Plan,
    report::{Output, Reporter, Settings, Surroundings, Verbosity},
    source::{git, variables::Variables},
    util::{
        folder::Folder,
        lock::{Lock, Tried, try_lock},
    },
};

/// What is believed of files without reading them.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct DigestArgs {
    /// Read every file again, whatever its times and its inode say of it
    #[arg(long)]
    paranoid: bool,
}

/// What every verb has.
#[derive(Debug)]
pub struct Context {
    /// The terminal.
    pub reporter: Reporter,
    /// Fires on Ctrl-C.
    pub cancel: CancellationToken,
    globals: Globals,
}

impl Context {
    /// Looks at the command line, the environment and the terminal.
    #[must_use]
    pub fn new(globals: &Globals) -> Self {
        let recipe = globals.project.join("factory.toml").is_file();
        let folder = recipe.then(|| fs_err::canonicalize(&globals.project).ok()).flatten();
        let reporter = Reporter::new(settings(globals), folder.as_deref(), secrets());
        Self { reporter, cancel: CancellationToken::new(), globals: globals.clone() }
    }

    /// Where work sends its events.
    #[must_use]
    pub fn events(&self) -> Events {
        self.reporter.events()
    }

    /// Says how a verb ended; gives the exit code.
    #[must_use]
    pub fn end(&self, ended: Result<(), Failure>) -> Exit {
        let exit = match ended {
            Ok(()) => Exit::Done,
            Err(failure) => {
                self.say(&failure);
                failure.exit()
            }
        };
        match self.reporter.finish() {
            Err(error) if exit == Exit::Done => {
                self.say(&Failure::new(Exit::StepFailed, error.to_string()).because(error));
                Exit::StepFailed
            }
            _ => exit,
        }
    }

    fn say(&self, failure: &Failure) {
        let settings = self.reporter.settings();
        if settings.output == Output::Json {
            self.reporter.error(&diag::to_json(failure).to_string());
        } else {
            self.reporter.error(&diag::render(failure, usize::from(settings.width), settings.colour));
        }
    }

    /// The project's folder as the user gave it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.globals.project
    }

    /// The platforms of `--platform` or `SYSBASE` as the user wrote them; none for all.
    #[must_use]
    pub fn platform_words(&self) -> Vec<String> {
        let platforms = self.globals.platform.as_deref().unwrap_or_default();
        let words = platforms.split([',', ' ', '\t', '\n']).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    }

    /// Steps at once, where the user named a number.
    #[must_use]
    pub fn jobs(&self) -> Option<usize> {
        self.globals.jobs.map(usize::from)
    }

    /// The release's tag as the user named it, if so.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.globals.tag.as_deref().filter(|tag| !tag.is_empty())
    }

    /// The branch of the sources as the user named it, if so.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        self.globals.branch.as_deref().filter(|branch| !branch.is_empty())
    }

    /// Reads the recipe and chooses the platforms, whatever the release is, and without one.
    ///
    /// # Errors
    /// Exit code 2, at the user's file and line.
    pub fn open_any(&self) -> Result<Project, Failure> {
        Ok(Project::open(&Options { any_release: true, ..self.options(DigestArgs::default()) })?)
    }

    fn open_digesting(&self, digests: DigestArgs) -> Result<Project, Failure> {
        Ok(Project::open(&self.options(digests))?)
    }

    fn options(&self, digests: DigestArgs) -> Options {
        Options {
            cancel: self.cancel.clone(),
            project: self.globals.project.clone(),
            platforms: self.platform_words(),
            tag: self.globals.tag.clone().filter(|tag| !tag.is_empty()),
            branch: self.globals.branch.clone().filter(|branch| !branch.is_empty()),
            release: self.globals.release,
            source_date_epoch: env::get(env::SOURCE_DATE_EPOCH),
            wheel_dir: env::get(env::WHEEL_DIR).map(PathBuf::from),
            index_url: env::get(env::PIP_INDEX_URL),
            extra_index_urls: env::get(env::PIP_EXTRA_INDEX_URL),
            ca: env::get(env::FACTORY_CA_BUNDLE).is_some(),
            paranoid: digests.paranoid,
            caller: env::caller(),
            any_release: false,
            variables: Variables::new(env::get, self.reporter.mask()),
        }
    }

    /// The same for a release, with the recipe's sources, fetched where they are not here.
    ///
    /// # Errors
    /// As [`Context::open_any`]; exit code 1 where a server does not give what it should, 130 on Ctrl-C.
    pub async fn open_with_sources(&self, digests: DigestArgs) -> Result<Project, Failure> {
        let project = self.open_digesting(digests)?;
        if project.sources().is_empty() && project.checkouts().is_empty() {
            return Ok(project);
        }
        let store = project.state().make().and_then(|state| state.make(Path::new(SOURCES)));
        let store = store.map_err(|error| unwritable(error, &project.store()))?;
        let _lock = self.lock_in(&store, "fetches the sources of this project").await?;
        let host = git::Host { digests: Arc::clone(&project.digests), ..self.git_host()? };
        Ok(project.fetch(&host).await?)
    }

    /// What calls of git depend on.
    ///
    /// # Errors
    /// When the CA bundle cannot be read.
    pub fn git_host(&self) -> Result<git::Host, Failure> {
        // Git is not run in this folder.
        let ca = match ca_bundle()? {
            Some(_) => env::get(env::FACTORY_CA_BUNDLE).and_then(|path| std::path::absolute(path).ok()),
            None => None,
        };
        let own_ssh = env::GIT_SSH.iter().any(|name| env::get(name).is_some());
        let local = git::Local {
            project: self.folder().to_owned(),
            named: folders(&env::get(env::FACTORY_LOCAL_GIT).unwrap_or_default())?,
            caller: env::caller(),
        };
        Ok(git::Host {
            ca,
            own_ssh,
            local,
            events: self.events(),
            digests: Arc::default(),
            cancel: self.cancel.clone(),
        })
    }

    /// A daemon that answers.
    ///
    /// # Errors
    /// Exit code 3, with the way to one.
    pub async fn engine(&self) -> Result<(Arc<dyn Engine>, EngineInfo), Failure> {
        let engine = engine::connect()?;
        let info = self.until_stopped(async { Ok(engine.info().await?) }).await?;
        Ok((engine, info))
    }

    /// The daemon, where it can build. Nothing was asked of it before.
    ///
    /// # Errors
    /// As [`Context::engine`]; exit code 3 where it is known that it cannot.
    pub async fn builder(&self) -> Result<(Arc<dyn Engine>, EngineInfo), Failure> {
        let (engine, info) = self.engine().await?;
        match info.obstacle() {
            Some(obstacle) => Err(Failure::new(Exit::NoEngine, obstacle.what).help(obstacle.help)),
            None => Ok((engine, info)),
        }
    }

    /// Work that may be given up at any point, on Ctrl-C.
    ///
    /// # Errors
    /// Exit code 130, or the work's own.
    pub async fn until_stopped<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::select! {
            done = work => done,
            () = self.cancel.cancelled() => Err(Failure::new(Exit::Interrupted, "interrupted")),
        }
    }

    /// Says what of the recipe has no effect, what may be meant otherwise by the tag, which platforms and base images are past
    /// their time, and what is dated by nothing.
    pub fn warn_of_doubts(&self, project: &Project, plan: &Plan, assessed: &AssessedPlan) {
        for text in project.doubts(plan) {
            self.events().warn(text);
        }
        for text in assessed.doubts(plan) {
            self.events().warn(text);
        }
        for unmade in &plan.unmade {
            self.events().warn(unmade.sentence());
        }
        for text in project.notes(plan) {
            self.events().info(text);
        }
        if let Some(text) = project.choice_of_tag() {
            self.events().info(text);
        }
        if let Ok(Stamp { dirt: Some(dirt), .. }) = project.stamp() {
            self.events().info(dirt.sentence());
        }
        if let Ok(Stamp { elsewhere: Some(elsewhere), .. }) = project.stamp() {
            self.events().warn(format!("{}; {}", elsewhere.sentence(), elsewhere.help()));
        }
        if project.is_undated() {
            self.events().warn(
                "there is no commit to date by: everything that is made is dated 1980-01-01; commit the project, or set \
                 `SOURCE_DATE_EPOCH`",
            );
        }
        if let Some(text) = project.doubt_of_times() {
            self.events().warn(text);
        }
        let now = crate::util::clock::now();
        if let Some(text) = project.remark_on_tag() {
            self.events().warn(text);
        }
        for text in project.outdated(&crate::util::clock::day(now)) {
            self.events().warn(text);
        }
        for text in assessed.stale(plan, now) {
            self.events().info(text);
        }
    }

    /// The project's lock; waits for whoever holds it, and says so.
    ///
    /// # Errors
    /// When the state folder cannot be written, or on Ctrl-C.
    pub async fn lock(&self, project: &Project) -> Result<Lock, Failure> {
        let state = project.state().make().map_err(|error| unwritable(error, &project.state().path()))?;
        self.lock_in(&state, "works in this project").await
    }

    /// The lock of a folder; waits for whoever holds it, and says so.
    ///
    /// # Errors
    /// As [`Context::lock`].
    pub async fn lock_in(&self, folder: &Folder, work: &str) -> Result<Lock, Failure> {
        let mut said = false;
        loop {
            match try_lock(folder) {
                Ok(Tried::Held(lock)) => {
                    if let Some(before) = lock.before.as_ref().filter(|before| !before.is_here()) {
                        self.events().warn(format!(
                            "another factory ({before}) did not end here, or still {work}: not every shared disk hands locks \
                             from machine to machine"
                        ));
                    }
                    return Ok(lock);
                }
                Ok(Tried::Busy(holder)) if !said => {
                    said = true;
                    let holder = holder.map(|holder| format!(" ({holder})")).unwrap_or_default();
                    self.events().info(format!("another factory{holder} {work}; waiting for it to end"));
                }
                Ok(Tried::Busy(_)) => {}
                Err(error) => {
                    return Err(unwritable(error, folder.path()));
                }
            }
            tokio::select! {
                () = tokio::time::sleep(std::time::Duration::from_millis(200)) => {}
                () = self.cancel.cancelled() => return Err(Failure::new(Exit::Interrupted, "interrupted")),
            }
        }
    }
}

/// The folders of `FACTORY_LOCAL_GIT`.
fn folders(text: &str) -> Result<Vec<PathBuf>, Failure> {
    let found: Vec<PathBuf> = text.split(':').filter(|path| !path.is_empty()).map(PathBuf::from).collect();
    match found.iter().find(|path| !path.is_absolute() || !path.is_dir()) {
        None => Ok(found),
        Some(path) => {
            let why = format!("FACTORY_LOCAL_GIT names `{}`, which is no folder with an absolute path", path.display());
            Err(Failure::new(Exit::Usage, why)
                .help("name the folder that the repositories are in: `FACTORY_LOCAL_GIT=/srv/git`"))
        }
    }
}

fn unwritable(error: std::io::Error, folder: &Path) -> Failure {
    failed_to_write("the project's state cannot be written", error, folder)
}

fn settings(globals: &Globals) -> Settings {
    let output = if globals.output == OutputForm::Json { Output::Json } else { Output::Human };
    let verbosity = match (globals.quiet, globals.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let read = |name| env::get(name);
    let (no_color, term, ci) = (read("NO_COLOR"), read("TERM"), read("CI"));
    let (lc_all, lc_ctype, lang) = (read("LC_ALL"), read("LC_CTYPE"), read("LANG"));
    let columns = rustix::termios::tcgetwinsize(std::io::stderr()).ok().map(|size| size.ws_col);
    let around = Surroundings {
        no_color: no_color.as_deref(),
        term: term.as_deref(),
        ci: ci.as_deref(),
        lc_all: lc_all.as_deref(),
        lc_ctype: lc_ctype.as_deref(),
        lang: lang.as_deref(),
        stdout_is_terminal: std::io::stdout().is_terminal(),
        stderr_is_terminal: std::io::stderr().is_terminal(),
        columns,
    };
    Settings::new(output, verbosity, &around)
}

/// What must never be shown: the userinfo of index and proxy addresses.
fn secrets() -> Vec<String> {
    let names = [env::PIP_INDEX_URL, env::PIP_EXTRA_INDEX_URL].into_iter().chain(env::PROXIES);
    let values = names.flat_map(|name| [env::get(name), env::get(&name.to_ascii_uppercase())]).flatten();
    let mut secrets = Vec::new();
    for url in values.collect::<Vec<_>>().iter().flat_map(|value| value.split_whitespace()) {
        if let Some(userinfo) = login_of_address(url) {
            secrets.extend(userinfo.split_once(':').map(|(_, password)| password.to_owned()));
            secrets.push(userinfo.to_owned());
        }
    }
    secrets
}
