//! One call of git, to its end: with an argument list, bounded output, and for no longer than it should take.

use std::{
    ffi::OsStr,
    io::{self, Read as _, Seek as _},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::error::WorktreeError;

/// How long git may look at a checkout: a large one on a cold disk takes a minute.
pub const TIMEOUT: Duration = Duration::from_mins(5);

/// The most memory that it may take, in bytes, files that it maps left out: half a gigabyte is much for a large repository.
const MEMORY: u64 = 2 << 30;

/// The most of its complaints that is read, in bytes.
const COMPLAINTS: u64 = 1 << 14;

/// What git gave.
#[derive(Debug)]
pub struct Answer {
    /// Its exit status; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub output: Vec<u8>,
    /// Its standard error.
    pub complaints: String,
}

impl Answer {
    /// The output of a call that succeeded.
    pub fn good(self, root: &Path) -> Result<Vec<u8>, WorktreeError> {
        if self.code == Some(0) { Ok(self.output) } else { Err(self.failed(root)) }
    }

    /// Git's first complaint, as an error.
    pub fn failed(&self, root: &Path) -> WorktreeError {
        let lines = || self.complaints.lines().map(str::trim).filter(|line| !line.is_empty());
        let line = lines().find(|line| line.starts_with("fatal:") || line.starts_with("error:")).or(lines().next());
        let line = line.unwrap_or("it did not say why");
        let line = ["fatal: ", "error: "].iter().fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
        let reason = line.chars().filter(|c| !c.is_control()).take(300).collect();
        WorktreeError::Failed { root: root.to_owned(), reason }
    }
}

/// Git in a folder, as whoever runs this program has configured it; no repository is looked for.
pub fn as_user(words: &[&str], root: &Path) -> Result<Answer, WorktreeError> {
    let mut command = git(Path::new("/"), words);
    for name in own_variables().filter(|name| !name.to_string_lossy().starts_with("GIT_CONFIG_")) {
        command.env_remove(name);
    }
    command.env("GIT_DIR", "/nonexistent");
    run(&mut command, Stdio::null(), 1 << 20, root)
}

/// Git with an empty configuration: no file of the system, of the user or of a repository is read, and no variable.
pub fn alone(home: &Path, folder: &Path, words: &[&OsStr]) -> Command {
    let mut command = git(folder, words);
    for name in own_variables().filter(|name| name != "GIT_EXEC_PATH") {
        command.env_remove(name);
    }
    // `GIT_CONFIG_GLOBAL` came with git 2.32: before it, a home without a `.gitconfig` does the same.
    for name in ["HOME", "XDG_CONFIG_HOME"] {
        command.env(name, home);
    }
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_ATTR_NOSYSTEM", "1"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_ALLOW_PROTOCOL", "none"),
    ] {
        command.env(name, value);
    }
    command
}

fn git<W: AsRef<OsStr>>(folder: &Path, words: &[W]) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).args(words).env("LC_ALL", "C");
    command
}

/// The names of git's own variables in the environment: a hook that runs this program sets `GIT_DIR` and `GIT_INDEX_FILE`.
fn own_variables() -> impl Iterator<Item = std::ffi::OsString> {
    std::env::vars_os().map(|(name, _)| name).filter(|name| name.as_encoded_bytes().starts_with(b"GIT_"))
}

/// A call whose output is read while it runs.
pub struct Running {
    child: std::process::Child,
    complaints: std::fs::File,
}

/// Starts a call that reads nothing.
pub fn start(mut command: Command, root: &Path) -> Result<Running, WorktreeError> {
    let complaints = tempfile::tempfile()?;
    let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(complaints.try_clone()?).spawn();
    let child = started.map_err(|error| not_started(error, root))?;
    bound(&child);
    Ok(Running { child, complaints })
}

fn not_started(error: io::Error, root: &Path) -> WorktreeError {
    match error.kind() {
        io::ErrorKind::NotFound => WorktreeError::NoGit { root: root.to_owned() },
        _ => error.into(),
    }
}

impl Running {
    /// Its output, for whoever asks first.
    pub fn output(&mut self) -> Box<dyn io::Read + Send> {
        match self.child.stdout.take() {
            Some(output) => Box::new(output),
            None => Box::new(io::empty()),
        }
    }

    /// Waits for its end, which must be a good one.
    pub fn end(mut self, root: &Path) -> Result<(), WorktreeError> {
        let code = self.child.wait()?.code();
        let mut text = Vec::new();
        self.complaints.rewind()?;
        self.complaints.take(COMPLAINTS).read_to_end(&mut text)?;
        let complaints = String::from_utf8_lossy(&text).into_owned();
        Answer { code, output: Vec::new(), complaints }.good(root).map(drop)
    }

    /// Stops it: no more is wanted.
    pub fn stop(mut self) {
        stop(&mut self.child);
    }
}

/// Bounds what a call may take of memory: an object of a few megabytes unpacks to gigabytes. One that has ended has no bounds.
fn bound(child: &std::process::Child) {
    let Some(id) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return };
    let _ = prlimit(Some(id), Resource::Data, Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) });
}

/// Runs a call to its end; its output has at most `limit` bytes.
pub fn run(command: &mut Command, stdin: Stdio, limit: u64, root: &Path) -> Result<Answer, WorktreeError> {
    let mut complaints = tempfile::tempfile()?;
    let started = command.stdin(stdin).stdout(Stdio::piped()).stderr(complaints.try_clone()?).spawn();
    let mut child = started.map_err(|error| not_started(error, root))?;
    bound(&child);
    let stdout = child.stdout.take().ok_or_else(|| io::Error::other("git has no output"))?;
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut output = Vec::new();
        let read = stdout.take(limit + 1).read_to_end(&mut output);
        // The answer is no longer waited for: it was too late.
        let _ = send.send(read.map(|_| output));
    });
    let Ok(output) = receive.recv_timeout(TIMEOUT) else {
        stop(&mut child);
        return Err(WorktreeError::Silent { root: root.to_owned() });
    };
    let output = output.inspect_err(|_| stop(&mut child))?;
    if output.len() as u64 > limit {
        stop(&mut child);
        let reason = format!("it gave more than {limit} bytes");
        return Err(WorktreeError::Failed { root: root.to_owned(), reason });
    }
    let code = child.wait()?.code();
    let mut text = Vec::new();
    complaints.rewind()?;
    complaints.take(COMPLAINTS).read_to_end(&mut text)?;
    Ok(Answer { code, output, complaints: String::from_utf8_lossy(&text).into_owned() })
}

fn stop(child: &mut std::process::Child) {
    // One that has ended already is as good.
    let _ = child.kill();
    let _ = child.wait();
}
