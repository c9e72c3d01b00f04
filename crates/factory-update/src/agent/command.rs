//! A program that a service manager runs, and how programs that are asked are kept to their time.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread::{sleep, spawn},
    time::{Duration, Instant},
};

use semver::Version;
use serde::Deserialize;

use super::{Agent, AgentError, Health};

/// The most that is read of what a program says.
const HEARD: u64 = 64 << 10;

/// How long a program that is asked may take.
const ASKED: Duration = Duration::from_mins(1);

/// How often it is looked whether something has ended.
const EVERY: Duration = Duration::from_millis(50);

/// Who runs the program.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Manager {
    /// systemd: the name of a unit.
    Systemd(String),
    /// A service of Windows, by its name.
    Service(String),
    /// A scheduled task of Windows, by its name.
    Task(String),
    /// Any other: commands.
    Commands(Commands),
}

/// Commands that stop and start a program, and succeed while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commands {
    stop: Vec<String>,
    start: Vec<String>,
    runs: Vec<String>,
    /// What the answer of `runs` has in it while the program runs; nothing where its exit code says so.
    #[serde(default)]
    says: Option<String>,
}

impl Manager {
    /// The commands of this one.
    #[must_use]
    pub fn commands(self) -> Commands {
        let words = |line: &[&str]| line.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        match self {
            Self::Systemd(unit) => Commands {
                stop: words(&["systemctl", "stop", &unit]),
                start: words(&["systemctl", "start", &unit]),
                runs: words(&["systemctl", "is-active", &unit]),
                says: None,
            },
            Self::Service(name) => Commands {
                stop: words(&["net", "stop", &name]),
                start: words(&["net", "start", &name]),
                runs: words(&["sc", "query", &name]),
                says: Some("RUNNING".to_owned()),
            },
            Self::Task(name) => Commands {
                stop: words(&["schtasks", "/End", "/TN", &name]),
                start: words(&["schtasks", "/Run", "/TN", &name]),
                runs: words(&["schtasks", "/Query", "/TN", &name]),
                says: Some("Running".to_owned()),
            },
            Self::Commands(commands) => commands,
        }
    }
}

/// A program that these commands stop and start.
#[derive(Debug)]
pub struct Managed {
    pub(crate) commands: Commands,
    pub(crate) program: PathBuf,
    pub(crate) health: Health,
}

impl Managed {
    fn runs_now(&self) -> Result<bool, AgentError> {
        let answer = ask(&self.commands.runs, ASKED)?;
        Ok(match &self.commands.says {
            Some(word) => answer.text.contains(word.as_str()),
            None => answer.good,
        })
    }
}

impl Agent for Managed {
    fn stop(&mut self) -> Result<(), AgentError> {
        if self.runs_now()? {
            must(&self.commands.stop)?;
        }
        if self.runs_now()? { Err(AgentError::DoesNotStop(ASKED.as_secs())) } else { Ok(()) }
    }

    fn start(&mut self) -> Result<(), AgentError> {
        must(&self.commands.start)
    }

    fn runs(&mut self) -> Result<bool, AgentError> {
        self.runs_now()
    }

    fn watch(&mut self, version: &Version) -> Result<Result<(), String>, AgentError> {
        watch(&mut || self.runs_now(), &self.program, &self.health, version)
    }
}

/// What a program said.
pub(crate) struct Answer {
    pub(crate) good: bool,
    pub(crate) text: String,
}

/// Runs a program to its end, or to the end of its time.
pub(crate) fn ask(line: &[String], time: Duration) -> Result<Answer, AgentError> {
    let shown = line.join(" ");
    let Some((program, args)) = line.split_first() else {
        return Err(AgentError::Command { command: shown, said: "there is no command".to_owned() });
    };
    let failed = |source| AgentError::System { what: format!("`{shown}` cannot be run"), source };
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let out = child.stdout.take().map(heard);
    let err = child.stderr.take().map(heard);
    let end = Instant::now() + time;
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break status,
            None if Instant::now() >= end => {
                let _ = child.kill();
                let _ = child.wait();
                let said = format!("it takes longer than {} s", time.as_secs());
                return Err(AgentError::Command { command: shown, said });
            }
            None => sleep(EVERY),
        }
    };
    // What it started may hold the other end open: then it is not waited for.
    let text = |from: Option<mpsc::Receiver<String>>| {
        from.and_then(|from| from.recv_timeout(Duration::from_secs(1)).ok()).unwrap_or_default()
    };
    Ok(Answer { good: status.success(), text: format!("{}{}", text(out), text(err)) })
}

/// The text of a pipe, as soon as it ends. What is beyond the bound is read and left.
fn heard(mut from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (to, receiver) = mpsc::channel();
    spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.by_ref().take(HEARD).read_to_end(&mut bytes);
        let _ = std::io::copy(&mut from, &mut std::io::sink());
        let _ = to.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

fn must(line: &[String]) -> Result<(), AgentError> {
    let answer = ask(line, ASKED)?;
    let said = || answer.text.chars().filter(|c| !c.is_control()).take(200).collect();
    if answer.good { Ok(()) } else { Err(AgentError::Command { command: line.join(" "), said: said() }) }
}

/// Watches a program that has been started.
pub(crate) fn watch(
    runs: &mut dyn FnMut() -> Result<bool, AgentError>,
    program: &Path,
    health: &Health,
    version: &Version,
) -> Result<Result<(), String>, AgentError> {
    let end = Instant::now() + health.time;
    if let Err(why) = reports(program, &health.version, version) {
        return Ok(Err(why));
    }
    loop {
        if !runs()? {
            return Ok(Err("it does not run any more".to_owned()));
        }
        if Instant::now() >= end {
            break;
        }
        sleep(EVERY);
    }
    if health.command.is_empty() {
        return Ok(Ok(()));
    }
    Ok(match ask(&health.command, ASKED) {
        Ok(Answer { good: true, .. }) => Ok(()),
        Ok(_) => Err(format!("`{}` failed", health.command.join(" "))),
        Err(error) => Err(error.to_string()),
    })
}

/// Whether the program says that it is this version.
pub(crate) fn reports(program: &Path, args: &[String], version: &Version) -> Result<(), String> {
    if args.is_empty() {
        return Ok(());
    }
    let line: Vec<String> = [program.display().to_string()].into_iter().chain(args.iter().cloned()).collect();
    let answer = ask(&line, ASKED).map_err(|error| error.to_string())?;
    let wanted = version.to_string();
    let is_it = |word: &str| word.trim_start_matches('v') == wanted;
    let said = words(&answer.text).any(is_it);
    if said { Ok(()) } else { Err(format!("it does not say that it is version {wanted}")) }
}

/// The version that a program says it is; `None` where it is not asked, or says none.
pub(crate) fn version_of(program: &Path, args: &[String]) -> Option<Version> {
    let line: Vec<String> = [program.display().to_string()].into_iter().chain(args.iter().cloned()).collect();
    let answer = (!args.is_empty()).then(|| ask(&line, ASKED).ok()).flatten()?;
    words(&answer.text).find_map(|word| word.trim_start_matches('v').parse().ok())
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || ",;()\"'".contains(c))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let error = ask(&line(&["sleep", "1000"]), Duration::from_millis(10)).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("`sleep 1000` failed: it takes longer than 0 s"));
        let answer = ask(&line(&["sh", "-c", "yes | head -c 1000000; exit 3"]), ASKED).unwrap();
        assert!(!answer.good && answer.text.len() as u64 == HEARD);
        assert!(ask(&[], ASKED).is_err() && ask(&line(&["/no/such"]), ASKED).is_err());
    }

    #[test]
    fn a_version_is_a_word_of_the_answer() {
        let says = |text: &str| {
            reports(Path::new("/bin/sh"), &line(&["-c", &format!("echo '{text}'")]), &Version::new(2, 8, 1))
        };
        assert!(says("agent 2.8.1").is_ok() && says("v2.8.1").is_ok() && says("agent (2.8.1), built").is_ok());
        assert!(
            says("agent 2.8.10").is_err()
                && says("12.8.1").is_err()
                && says("2.8.1-rc.1").is_err()
                && says("").is_err()
        );
    }

    #[test]
    fn what_a_manager_says_counts() {
        let commands = |runs: &[&str], says: Option<&str>| Managed {
            commands: Commands {
                stop: line(&["false"]),
                start: line(&["true"]),
                runs: line(runs),
                says: says.map(str::to_owned),
            },
            program: PathBuf::from("/bin/sh"),
            health: Health { time: Duration::ZERO, version: Vec::new(), command: Vec::new() },
        };
        assert!(commands(&["true"], None).runs().unwrap() && !commands(&["false"], None).runs().unwrap());
        assert!(commands(&["echo", "STATE: 4 RUNNING"], Some("RUNNING")).runs().unwrap());
        assert!(!commands(&["echo", "STATE: 1 STOPPED"], Some("RUNNING")).runs().unwrap());
        assert!(commands(&["false"], None).stop().is_ok(), "what does not run is not stopped");
        assert!(matches!(commands(&["true"], None).stop(), Err(AgentError::Command { .. })));
        let watched = |runs: &[&str]| commands(runs, None).watch(&Version::new(1, 0, 0)).unwrap();
        assert!(watched(&["true"]).is_ok() && watched(&["false"]).is_err());
    }
}
