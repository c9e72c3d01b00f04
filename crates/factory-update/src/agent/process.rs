//! A program without a service manager: found by its pid file and in `/proc`, told to stop by signals, and started here.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use semver::Version;

use super::{Agent, AgentError, Health, command::watch};
use crate::disk::{Disk as _, Real};

/// How often it is looked whether something still runs.
const EVERY: Duration = Duration::from_millis(100);

/// A program that is a process of its own.
#[derive(Debug)]
pub struct Process {
    program: PathBuf,
    args: Vec<String>,
    pid_file: PathBuf,
    patience: Duration,
    health: Health,
    child: Option<Child>,
}

impl Process {
    /// `patience` is for stopping gracefully, and once more for what does not.
    #[must_use]
    pub fn new(program: PathBuf, args: Vec<String>, pid_file: PathBuf, patience: Duration, health: Health) -> Self {
        Self { program, args, pid_file, patience, health, child: None }
    }

    /// All processes of the program: that of the pid file, and any other (a program may be several).
    fn pids(&mut self) -> Result<Vec<Pid>, AgentError> {
        // One of ours that has ended is no process any more.
        if let Some(child) = &mut self.child
            && !matches!(child.try_wait(), Ok(None))
        {
            self.child = None;
        }
        let program = fs_err::canonicalize(&self.program).unwrap_or_else(|_| self.program.clone());
        let interpreter = interpreter(&program);
        let folder = fs_err::read_dir("/proc").map_err(AgentError::system("processes cannot be listed"))?;
        let numbers = folder.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
        let own = i32::try_from(std::process::id()).unwrap_or_default();
        let noted = noted(&self.pid_file);
        let is_ours = |number: i32| {
            let is_noted = noted == Some(number) && !is_dead(number) && names_it(number, 4, &program);
            number != own && (is_noted || is_it(number, &program, interpreter.as_deref()))
        };
        Ok(numbers.filter(|number| is_ours(*number)).filter_map(Pid::from_raw).collect())
    }

    /// Whether all have gone in that time.
    fn gone(&mut self) -> Result<bool, AgentError> {
        let end = Instant::now() + self.patience;
        loop {
            if self.pids()?.is_empty() {
                return Ok(true);
            }
            if Instant::now() >= end {
                return Ok(false);
            }
            sleep(EVERY);
        }
    }

    fn signal(&mut self, signal: Signal) -> Result<(), AgentError> {
        for pid in self.pids()? {
            // It may have gone by itself; whether it has is looked at afterwards.
            if let Err(error) = kill_process(pid, signal)
                && error != rustix::io::Errno::SRCH
            {
                let what = format!("process {} cannot be told to stop", pid.as_raw_nonzero());
                return Err(AgentError::System { what, source: error.into() });
            }
        }
        Ok(())
    }
}

impl Agent for Process {
    fn stop(&mut self) -> Result<(), AgentError> {
        self.signal(Signal::TERM)?;
        if !self.gone()? {
            self.signal(Signal::KILL)?;
            if !self.gone()? {
                return Err(AgentError::DoesNotStop(self.patience.as_secs() * 2));
            }
        }
        // A number in it would soon be that of another process.
        let _ = fs_err::remove_file(&self.pid_file);
        Ok(())
    }

    fn start(&mut self) -> Result<(), AgentError> {
        use std::os::unix::process::CommandExt as _;
        let folder = self.program.parent().unwrap_or(Path::new("."));
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // In a group of its own: what ends the updater does not end the program.
        let child = command.process_group(0).spawn();
        let child = child.map_err(AgentError::system(format!("`{}` cannot be started", self.program.display())))?;
        // The program may write it, too; then it is the same number.
        let written = fs_err::write(&self.pid_file, child.id().to_string());
        self.child = Some(child);
        written.map_err(AgentError::system("the pid file cannot be written"))
    }

    fn runs(&mut self) -> Result<bool, AgentError> {
        Ok(!self.pids()?.is_empty())
    }

    fn watch(&mut self, version: &Version) -> Result<Result<(), String>, AgentError> {
        let (program, health) = (self.program.clone(), self.health.clone());
        watch(&mut || self.runs(), &program, &health, version)
    }
}

/// The interpreter of a script, without links; `None` for a program that is none.
fn interpreter(program: &Path) -> Option<PathBuf> {
    use std::io::Read as _;
    let mut begin = [0; 256];
    let read = fs_err::File::open(program).ok()?.read(&mut begin).ok()?;
    let line = begin[..read].strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let path = std::str::from_utf8(line).ok()?.split_ascii_whitespace().next()?.to_owned();
    fs_err::canonicalize(path).ok()
}

/// Whether a process is the program, under whatever name its file has now: replaced files are `… (deleted)`.
fn is_it(number: i32, program: &Path, interpreter: Option<&Path>) -> bool {
    let Ok(exe) = fs_err::read_link(format!("/proc/{number}/exe")) else { return false };
    let exe = exe.to_string_lossy();
    let exe = Path::new(exe.strip_suffix(" (deleted)").unwrap_or(&exe));
    let is_script = || interpreter == Some(exe) && names_it(number, 2, program);
    !is_dead(number) && (exe == program || is_script())
}

/// The number in a pid file. It may be that of any process by now.
fn noted(pid_file: &Path) -> Option<i32> {
    let bytes = Real.read(pid_file, 64).ok().flatten()?;
    std::str::from_utf8(&bytes).ok()?.trim().parse().ok()
}

/// Whether one of the first words of a process's command line is the program: a script behind its interpreter.
fn names_it(number: i32, words: usize, program: &Path) -> bool {
    let line = fs_err::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
    let folder = fs_err::read_link(format!("/proc/{number}/cwd")).unwrap_or_default();
    let mut first = line.split(|byte| *byte == 0).take(words).filter_map(|word| std::str::from_utf8(word).ok());
    first.any(|word| !word.is_empty() && is_same(&folder.join(word), program))
}

fn is_same(path: &Path, program: &Path) -> bool {
    path == program || fs_err::canonicalize(path).is_ok_and(|path| path == program)
}

/// Ended, and only waiting for its parent to hear of it.
fn is_dead(number: i32) -> bool {
    let stat = fs_err::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z') || rest.starts_with('X'))
}
