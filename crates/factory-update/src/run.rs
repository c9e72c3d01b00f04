//! One run of the updater, from what is set to what was done.

use std::io;

use factory_tuf::{Client, FetchError, Release, TargetFile, Targets, TufError, releases};
use semver::Version;
use serde::Serialize;

use crate::{
    agent::{Agent, AgentError, Managed},
    cli::whole,
    clock,
    decide::{Decision, Machine, decide},
    delta::{DeltaError, patch},
    disk::{Disk as _, Real},
    download::{DownloadError, download},
    feed::{Feed, FeedError},
    journal::{History, Journal, KeptError, load, save},
    keep::{KeepError, Kept},
    log::Log,
    names::Names,
    renew::{self, RenewError},
    settings::Settings,
    swap::{Outcome, Swap, SwapError},
};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Done {
    /// Somebody has switched updates off.
    Disabled {
        /// Who: a setting's or a variable's name.
        by: String,
    },
    /// Nothing newer is taken.
    Current {
        /// What runs.
        version: Version,
        /// Newer ones, and why they are not taken.
        left: Vec<Left>,
    },
    /// A newer one would be taken.
    Available {
        /// What runs.
        version: Version,
        /// What would be taken.
        newer: Version,
        /// Its bytes.
        bytes: u64,
        /// Newer ones still, and why they are not taken.
        left: Vec<Left>,
    },
    /// A newer one runs.
    Updated {
        /// What ran before.
        from: Version,
        /// What runs now.
        to: Version,
    },
    /// The one before runs again.
    RolledBack {
        /// What did not do.
        from: Version,
        /// What runs now.
        to: Version,
        /// Why.
        why: String,
    },
    /// There is nothing to go back to.
    NoBackup,
}

/// A release that is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Which.
    pub version: Version,
    /// Why.
    pub why: String,
}

/// What is known without asking the feed.
#[derive(Debug, Serialize)]
pub struct Status {
    /// The version of the updater.
    pub updater: &'static str,
    /// The program.
    pub program: String,
    /// Which version it is; `None` where it is not known.
    pub version: Option<Version>,
    /// What it follows.
    pub channel: String,
    /// Where the feed is.
    pub feed: String,
    /// Who has switched updates off.
    pub disabled: Option<String>,
    /// What was begun and is not finished.
    pub unfinished: Option<Journal>,
    /// What was done.
    pub history: History,
}

/// Why nothing came of it. The program runs as it did, or the next run goes on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The program's path.
    #[error("`{0}` is not the path of a program")]
    Program(String),
    /// The version of the program.
    #[error(
        "nobody knows which version the program is: `version` in its settings says it, or `update.version_args` how it is asked"
    )]
    Version,
    /// The feed's address.
    #[error(transparent)]
    Address(#[from] FeedError),
    /// What is kept.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// What was done.
    #[error(transparent)]
    History(#[from] KeptError),
    /// What the feed says is not believed.
    #[error("the feed is not followed")]
    Feed(#[from] TufError),
    /// The download.
    #[error("version {version} could not be had")]
    Download {
        /// Which.
        version: Version,
        /// Why.
        source: DownloadError,
    },
    /// The change of the program.
    #[error(transparent)]
    Swap(#[from] SwapError),
    /// The program.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The updater itself.
    #[error(transparent)]
    Renew(#[from] RenewError),
    /// A file.
    #[error("a file could not be read or written")]
    Disk(#[from] io::Error),
}

/// An updater of one program.
#[derive(Debug)]
pub struct Updater {
    settings: Settings,
    names: Names,
    /// The names around the updater's own file; `None` where the system does not say where it is.
    own: Option<Names>,
    renewed: std::cell::Cell<bool>,
    log: Log,
}

impl Updater {
    /// With these settings.
    ///
    /// # Errors
    /// [`RunError::Program`].
    pub fn new(settings: Settings) -> Result<Self, RunError> {
        let names =
            Names::of(&settings.program).ok_or_else(|| RunError::Program(settings.program.display().to_string()))?;
        let log = Log::new(&names.folder().join("updater.log"));
        let own = std::env::current_exe().ok().and_then(|path| Names::of(&fs_err::canonicalize(path).ok()?));
        Ok(Self { settings, names, own, renewed: false.into(), log })
    }

    /// A line in the log.
    pub fn say(&self, text: &str) {
        self.log.say(clock::now(), text);
    }

    /// What there is, without a change of anything but what is kept of the feed.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn check(&self) -> Result<Done, RunError> {
        let kept = Kept::open(&self.names)?;
        let version = self.version()?;
        let mut feed = self.feed()?;
        let (targets, _) = self.refresh(&kept, &mut feed)?;
        let releases = self.releases(&targets);
        let history = self.history()?;
        let Decision { take, left } = decide(&releases, &self.machine(&version, &history));
        let left = named(left);
        Ok(match take {
            None => Done::Current { version, left },
            Some(Release { file, says, .. }) => {
                Done::Available { version, newer: says.version.clone(), bytes: file.length, left }
            }
        })
    }

    /// Finishes what was begun, and takes what there is.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn apply(&self) -> Result<Done, RunError> {
        let kept = Kept::open(&self.names)?;
        let mut agent = self.agent();
        if let Some(done) = self.recover(&mut *agent)? {
            return Ok(done);
        }
        if let Some(by) = &self.settings.disabled {
            self.say(&format!("updates are switched off ({by})"));
            return Ok(Done::Disabled { by: by.clone() });
        }
        let version = self.version()?;
        let mut feed = self.feed()?;
        let (targets, client) = self.refresh(&kept, &mut feed)?;
        if let Err(error) = self.renew(&targets, &client, &mut feed) {
            // An updater that stays what it is still updates the program.
            self.say(&crate::cli::whole(&error));
        }
        let releases = self.releases(&targets);
        let history = self.history()?;
        let Decision { take, left } = decide(&releases, &self.machine(&version, &history));
        for (version, reason) in &left {
            self.say(&format!("version {version} is not taken: {reason}"));
        }
        let Some(Release { path, file, says }) = take else { return Ok(Done::Current { version, left: named(left) }) };
        self.say(&format!("version {} is taken, {} bytes", says.version, file.length));
        let place = client.place(path, file);
        self.load(&mut feed, &client, &place, file)
            .map_err(|source| RunError::Download { version: says.version.clone(), source })?;
        let new = Real.digest(&self.names.update())?.unwrap_or_default();
        let say = |text: &str| self.say(text);
        let outcome = self.swap(&mut Real, &mut *agent, &say).begin(version.clone(), says.version.clone(), new)?;
        Ok(self.told(outcome).unwrap_or(Done::Current { version, left: named(left) }))
    }

    /// What is missing of a file where the feed has that by itself, the whole file where not.
    fn load(&self, feed: &mut Feed, client: &Client, place: &str, file: &TargetFile) -> Result<(), DownloadError> {
        match patch(feed, client, file, &self.names, self.settings.bounds) {
            Ok(true) => self.say("what has changed was loaded, and not the whole file"),
            Ok(false) => {}
            // What came so far is kept: the next run goes on there.
            Err(DeltaError::Download(error @ DownloadError::Feed { source: FetchError::Failed(_), .. })) => {
                return Err(error);
            }
            Err(error) => self.say(&format!("the whole file is loaded: {}", whole(&error))),
        }
        download(feed, place, file, &self.names, self.settings.bounds)
    }

    /// Goes back to the newest backup; the version that runs is not tried again.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn roll_back(&self) -> Result<Done, RunError> {
        let _kept = Kept::open(&self.names)?;
        let mut agent = self.agent();
        if let Some(done) = self.recover(&mut *agent)? {
            return Ok(done);
        }
        let version = self.version()?;
        let say = |text: &str| self.say(text);
        let outcome = self.swap(&mut Real, &mut *agent, &say).go_back(version, "somebody wanted it")?;
        Ok(outcome.and_then(|outcome| self.told(outcome)).unwrap_or(Done::NoBackup))
    }

    /// What is known here.
    ///
    /// # Errors
    /// Where what is kept is damaged.
    pub fn status(&self) -> Result<Status, RunError> {
        let version = match self.version() {
            Err(RunError::Version) => None,
            version => Some(version?),
        };
        Ok(Status {
            updater: env!("CARGO_PKG_VERSION"),
            program: self.names.program().display().to_string(),
            version,
            channel: self.settings.channel.clone(),
            feed: self.settings.feed.clone(),
            disabled: self.settings.disabled.clone(),
            unfinished: load(&Real, &self.names.journal())?,
            history: self.history()?,
        })
    }

    /// The updater's own file.
    #[must_use]
    pub fn own_file(&self) -> Option<std::path::PathBuf> {
        self.own.as_ref().map(Names::program)
    }

    /// Whether its own file is another one than it was started from.
    #[must_use]
    pub fn is_renewed(&self) -> bool {
        self.renewed.get()
    }

    /// How long it is until the next check: the interval and up to a tenth more, so that not all machines come at once.
    #[must_use]
    pub fn pause(&self) -> std::time::Duration {
        let mut random = [0; 4];
        let filled = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut random);
        let share = if filled.is_ok() { f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX) } else { 0.5 };
        self.settings.interval.mul_f64(1.0 + share / 10.0)
    }

    fn swap<'a>(&'a self, disk: &'a mut Real, agent: &'a mut dyn Agent, say: &'a dyn Fn(&str)) -> Swap<'a> {
        Swap { disk, agent, names: &self.names, backups: self.settings.backups, say }
    }

    fn recover(&self, agent: &mut dyn Agent) -> Result<Option<Done>, RunError> {
        let say = |text: &str| self.say(text);
        let outcome = self.swap(&mut Real, agent, &say).recover()?;
        Ok(outcome.and_then(|outcome| self.told(outcome)))
    }

    /// Says how it ended; `None` where nothing was replaced.
    fn told(&self, outcome: Outcome) -> Option<Done> {
        match outcome {
            Outcome::Updated(Journal { from, to, .. }) => {
                self.say(&format!("version {to} runs, {from} before"));
                Some(Done::Updated { from, to })
            }
            Outcome::RolledBack(Journal { from, to, why, .. }) => {
                let why = why.unwrap_or_default();
                self.say(&format!("version {from} runs again, and {to} is not tried again: {why}"));
                Some(Done::RolledBack { from: to, to: from, why })
            }
            Outcome::Forgotten(Journal { from, to, .. }) => {
                self.say(&format!("version {from} is left as it is, {to} had not come to anything"));
                None
            }
        }
    }

    /// A newer updater, where the feed has one.
    fn renew(&self, targets: &Targets, client: &Client, feed: &mut Feed) -> Result<(), RunError> {
        let (Some(own), Some(version)) = (&self.own, renew::own_version()) else { return Ok(()) };
        let (releases, _) = releases(targets, renew::PRODUCT, &self.settings.platform);
        let mut history = self.history()?;
        let machine = Machine { failed: &history.failed_own, ..self.machine(&version, &history) };
        let Decision { take: Some(release), .. } = decide(&releases, &machine) else { return Ok(()) };
        let is_beside = own.state() == self.names.state();
        let _kept = if is_beside { None } else { Some(Kept::open(own)?) };
        let place = client.place(&release.path, &release.file);
        match renew::renew(feed, &place, release, own, self.settings.bounds) {
            Err(RenewError::NotWell { version, why }) => {
                history.failed_own.insert(version.clone());
                Real.apply_all(&save(&self.names.history(), &history)?)?;
                Err(RenewError::NotWell { version, why }.into())
            }
            done => {
                done?;
                self.renewed.set(true);
                self.say(&format!(
                    "the updater is version {} from its next start on, {version} now",
                    release.says.version
                ));
                Ok(())
            }
        }
    }

    fn agent(&self) -> Box<dyn Agent> {
        let Settings { program, args, pid_file, stop, health, manager, .. } = self.settings.clone();
        match manager {
            Some(manager) => Box::new(Managed { commands: manager.commands(), program, health }),
            None => own_process(program, args, pid_file, stop, health),
        }
    }

    fn feed(&self) -> Result<Feed, RunError> {
        Ok(Feed::at(&self.settings.feed, self.settings.patience)?)
    }

    /// What the feed has now. What was found good is kept, also where a later part is not.
    fn refresh(&self, kept: &Kept, feed: &mut Feed) -> Result<(Targets, factory_tuf::Client), RunError> {
        let mut client = kept.client(&self.settings.root, &|text| self.say(text))?;
        let refreshed = client.refresh(feed, clock::now());
        for doubt in client.take_doubts() {
            self.say(&doubt);
        }
        kept.remember(client.remembered())?;
        refreshed?;
        let targets = client.targets().cloned().ok_or_else(|| io::Error::other("a feed without targets"))?;
        Ok((targets, client))
    }

    fn releases(&self, targets: &Targets) -> Vec<Release> {
        let (good, bad) = releases(targets, &self.settings.product, &self.settings.platform);
        for text in &bad {
            self.say(text);
        }
        good
    }

    fn machine<'a>(&'a self, version: &'a Version, history: &'a History) -> Machine<'a> {
        Machine {
            version,
            id: self.settings.machine.as_deref(),
            channel: &self.settings.channel,
            major: self.settings.major,
            window: self.settings.window,
            failed: &history.failed,
            now: clock::now(),
        }
    }

    fn history(&self) -> Result<History, RunError> {
        Ok(load(&Real, &self.names.history())?.unwrap_or_default())
    }

    /// Which version the program is: what is known of exactly this file, or else the higher one of what its settings and itself say. So
    /// settings that were not kept up to date lower nothing.
    fn version(&self) -> Result<Version, RunError> {
        let history = self.history()?;
        let digest = Real.digest(&self.names.program())?;
        if let Some(installed) = history.installed.filter(|_| digest.is_some() && digest == history.digest) {
            return Ok(installed);
        }
        let asked = crate::agent::version_of(&self.settings.program, &self.settings.health.version);
        asked.into_iter().chain(self.settings.version.clone()).max().ok_or(RunError::Version)
    }
}

fn named(left: Vec<(&Version, crate::decide::Reason)>) -> Vec<Left> {
    left.into_iter().map(|(version, why)| Left { version: version.clone(), why: why.to_string() }).collect()
}

#[cfg(unix)]
fn own_process(
    program: std::path::PathBuf,
    args: Vec<String>,
    pid_file: std::path::PathBuf,
    stop: std::time::Duration,
    health: crate::agent::Health,
) -> Box<dyn Agent> {
    Box::new(crate::agent::Process::new(program, args, pid_file, stop, health))
}

/// Elsewhere a program has a manager: a service or a scheduled task.
#[cfg(not(unix))]
fn own_process(
    program: std::path::PathBuf,
    _: Vec<String>,
    _: std::path::PathBuf,
    _: std::time::Duration,
    health: crate::agent::Health,
) -> Box<dyn Agent> {
    let name = program.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Box::new(Managed { commands: crate::agent::Manager::Task(name).commands(), program, health })
}
