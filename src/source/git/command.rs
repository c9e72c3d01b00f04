//! The system's `git`, called with argument lists and settings that leave nothing of a repository in charge: no hooks, no
//! prompts, no other transports. The user's own configuration (credential helpers, proxies, `insteadOf`) works.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{error::GitError, local::Local};
use crate::{
    event::Events,
    util::{digests::Digests, exec::Call},
};

/// What calls of git depend on.
#[derive(Debug, Clone)]
pub struct Host {
    /// `FACTORY_CA_BUNDLE`, absolute: the certificates that git trusts.
    pub ca: Option<PathBuf>,
    /// Whether the user says how ssh is called (`GIT_SSH_COMMAND`, `GIT_SSH`).
    pub own_ssh: bool,
    /// Which repositories of this machine may be used.
    pub local: Local,
    /// Where what happens is told.
    pub events: Events,
    /// What is known of the files of checkouts.
    pub digests: Arc<Digests>,
    /// Fires on Ctrl-C.
    pub cancel: CancellationToken,
}

/// Settings that win over every configuration file. A repository can bring none of its own: only objects are fetched.
const SETTINGS: [&str; 15] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    // Objects are asked for what they say, and nothing that was once noted of them.
    "core.commitGraph=false",
    "core.multiPackIndex=false",
    // Bad objects are refused where they come in (CVE-2018-11235 and its kin); `fetch.fsck.<id>` of the user still holds.
    "transfer.fsckObjects=true",
    "fetch.fsckObjects=true",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    // No server decides what else is fetched, and from where.
    "transfer.bundleURI=false",
    "fetch.writeCommitGraph=false",
    // Nothing goes on in the background after the call.
    "gc.auto=0",
    "maintenance.auto=false",
    // Fewer than 1000 bytes a second for a minute is no transfer any more.
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
    "advice.detachedHead=false",
];

/// Variables of a caller that is itself in a repository (a hook, `git rebase --exec`): `git rev-parse --local-env-vars`
/// without those that carry configuration.
const FOREIGN: [&str; 13] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_CONFIG",
];

/// How ssh is called where the user says nothing: it never asks, and notices a server that is gone.
const SSH: &str = "ssh -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=20 -o ServerAliveCountMax=3";

/// How long git may take without a word. A server counts objects for minutes before it says the first one.
const TIMEOUT: Duration = Duration::from_mins(5);
/// How long a list of references may take: git says nothing while it waits.
const SHORT_TIMEOUT: Duration = Duration::from_mins(2);

/// Lines of complaint that are kept.
const COMPLAINTS: usize = 60;

/// The system's `git`.
#[derive(Debug)]
pub struct Git<'h> {
    host: &'h Host,
    env: Vec<(String, String)>,
    turns: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl<'h> Git<'h> {
    /// Git as this host has it.
    ///
    /// # Errors
    /// When it is not installed, or on Ctrl-C.
    pub async fn for_host(host: &'h Host) -> Result<Self, GitError> {
        let mut env: Vec<(String, String)> = [
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GCM_INTERACTIVE", "never"),
            ("GIT_ALLOW_PROTOCOL", "file:https:ssh"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_TEMPLATE_DIR", ""),
            // Whatever the user's git makes elsewhere (`init.defaultRefFormat`).
            ("GIT_DEFAULT_REF_FORMAT", "files"),
            // Its complaints are read.
            ("LC_ALL", "C"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        if let Some(ca) = &host.ca {
            env.push(("GIT_SSL_CAINFO".to_owned(), ca.display().to_string()));
        }
        let mut git = Self { host, env, turns: Mutex::default() };
        if !host.own_ssh && !git.knows("core.sshCommand").await? {
            git.env.push(("GIT_SSH_COMMAND".to_owned(), SSH.to_owned()));
        }
        Ok(git)
    }

    /// Whether the user's configuration sets a key.
    async fn knows(&self, key: &str) -> Result<bool, GitError> {
        match self.output(Path::new("/nonexistent"), &["config", "--get", key], 1 << 16).await {
            Ok(_) => Ok(true),
            Err(GitError::Failed { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Waits for one's turn at something that two sources may share: the mirror of an address.
    pub async fn turn(&self, at: &str) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(at.to_owned()).or_default())
        };
        turn.lock_owned().await
    }

    /// What it depends on.
    #[must_use]
    pub fn host(&self) -> &Host {
        self.host
    }

    /// Where what happens is told.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.host.events
    }

    /// Fires on Ctrl-C.
    #[must_use]
    pub fn cancel(&self) -> &CancellationToken {
        &self.host.cancel
    }

    /// The standard output of a call in a repository, of at most `limit` bytes.
    ///
    /// # Errors
    /// [`GitError`], by what git complained of.
    pub async fn output(&self, repository: &Path, words: &[&str], limit: u64) -> Result<Vec<u8>, GitError> {
        let (arguments, complaints) = (arguments(repository, words), Complaints::default());
        let call = Call { idle_timeout: Some(SHORT_TIMEOUT), ..self.call(&arguments) };
        let done = call.output(limit, &|line| complaints.take(line), &self.host.cancel).await;
        done.map_err(|error| GitError::from_exec(error, &complaints.taken()))
    }

    /// A call that fetches into a repository, or pushes out of one; each line of progress goes to `line`, too.
    ///
    /// # Errors
    /// [`GitError`], by what git complained of.
    pub async fn transfer(
        &self,
        repository: &Path,
        words: &[&str],
        line: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(), GitError> {
        let (arguments, complaints) = (arguments(repository, words), Complaints::default());
        let call = Call { idle_timeout: Some(TIMEOUT), returns: true, ..self.call(&arguments) };
        let take = |text: &str| {
            complaints.take(text);
            line(text);
        };
        let done = call.run(Stdio::null(), &take, &self.host.cancel).await;
        done.map_err(|error| GitError::from_exec(error, &complaints.taken()))
    }

    /// The standard output of a call outside of any repository that reads a file, of at most `limit` bytes.
    ///
    /// # Errors
    /// [`GitError`], by what git complained of.
    pub async fn ask(&self, words: &[&str], from: File, limit: u64) -> Result<Vec<u8>, GitError> {
        let (arguments, complaints) = (arguments(Path::new("/nonexistent"), words), Complaints::default());
        let call = Call { stdin: Stdio::from(from), idle_timeout: Some(SHORT_TIMEOUT), ..self.call(&arguments) };
        let done = call.output(limit, &|line| complaints.take(line), &self.host.cancel).await;
        done.map_err(|error| GitError::from_exec(error, &complaints.taken()))
    }

    /// A call that reads one file and writes another.
    ///
    /// # Errors
    /// [`GitError`], by what git complained of.
    pub async fn pipe(&self, repository: &Path, words: &[&str], from: File, to: File) -> Result<(), GitError> {
        let (arguments, complaints) = (arguments(repository, words), Complaints::default());
        let call = Call { stdin: Stdio::from(from), ..self.call(&arguments) };
        let done = call.run(Stdio::from(to), &|line| complaints.take(line), &self.host.cancel).await;
        done.map_err(|error| GitError::from_exec(error, &complaints.taken()))
    }

    fn call<'c>(&'c self, arguments: &'c [String]) -> Call<'c> {
        Call { env: &self.env, without: &FOREIGN, group: true, ..Call::new("git", arguments) }
    }
}

/// The whole argument list. The repository is named, never looked for.
fn arguments(repository: &Path, words: &[&str]) -> Vec<String> {
    let mut all = vec![format!("--git-dir={}", repository.display())];
    for setting in SETTINGS {
        all.extend(["-c".to_owned(), setting.to_owned()]);
    }
    all.extend(words.iter().map(|word| (*word).to_owned()));
    all
}

/// The last lines that git wrote, without its progress.
#[derive(Debug, Default)]
struct Complaints(Mutex<Vec<String>>);

impl Complaints {
    fn take(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !line.contains("% (") && lines.len() < COMPLAINTS {
            lines.push(line.chars().filter(|c| !c.is_control()).collect());
        }
    }

    fn taken(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
