//! The command line.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::Parser as _;

use crate::{
    clock,
    run::{Done, RunError, Updater},
    settings::{Given, Settings, SettingsError},
};

/// Follow an update feed, and replace a program so that one is always left that runs
///
/// What comes of it is a line of JSON; what happens on the way goes to standard error and to updater.log beside the program. Exit codes: 0
/// where nothing is wrong, 1 where nothing came of it, 2 for settings that cannot be used, 3 where the version before runs again.
#[derive(Debug, clap::Parser)]
#[command(name = "factory-update", version)]
#[command(group = clap::ArgGroup::new("what").required(true))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
struct Args {
    /// Say whether there is a newer version
    #[arg(long, group = "what")]
    check: bool,
    /// Finish what was begun, and take what there is
    #[arg(long, group = "what")]
    apply: bool,
    /// Go back to the newest backup; the version that runs is not tried again
    #[arg(long, group = "what")]
    rollback: bool,
    /// Say what --apply would do
    #[arg(long, group = "what")]
    dry_run: bool,
    /// Say what is known here, without asking the feed
    #[arg(long, group = "what")]
    status: bool,
    /// Apply, again and again
    #[arg(long, group = "what")]
    watch: bool,
    /// The program that is updated
    #[arg(long, value_name = "FILE")]
    program: PathBuf,
    /// Its settings, instead of agent_config.json or config.json beside it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The feed: an address, or a folder's absolute path
    #[arg(long, value_name = "URL")]
    feed: Option<String>,
    /// What it follows
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
    /// Seconds between two checks, 60 at least
    #[arg(long, value_name = "SECONDS")]
    interval: Option<u64>,
    /// Go to another major version, too
    #[arg(long)]
    allow_major: bool,
}

/// Why it ended.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("the answer could not be written")]
    Output(#[from] std::io::Error),
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match run(args) {
        Ok(code) => code,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "factory-update: {}", whole(&failure));
            ExitCode::from(if matches!(failure, Failure::Settings(_)) { 2 } else { 1 })
        }
    }
}

fn run(args: Args) -> Result<ExitCode, Failure> {
    let Args { program, config, feed, channel, interval, allow_major: major, .. } = args;
    let given = Given { program: Some(program), config, feed, channel, interval, major };
    let settings = Settings::read(given, &clock::variable)?;
    let updater = Updater::new(settings)?;
    if args.status {
        return answer(&updater.status()?).map(|()| ExitCode::SUCCESS);
    }
    if args.watch {
        watch(&updater);
    }
    let done = if args.apply {
        said(&updater, updater.apply())?
    } else if args.rollback {
        said(&updater, updater.roll_back())?
    } else {
        updater.check()?
    };
    answer(&done)?;
    Ok(match (args.rollback, &done) {
        (false, Done::RolledBack { .. }) => ExitCode::from(3),
        (true, Done::NoBackup) => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}

/// A failure is in the log, too: the terminal may not be read.
fn said(updater: &Updater, done: Result<Done, RunError>) -> Result<Done, RunError> {
    done.inspect_err(|error| updater.say(&whole(error)))
}

/// Until somebody ends it. What fails is tried again the next time.
fn watch(updater: &Updater) -> ! {
    loop {
        if let Ok(Done::Current { version, .. }) = said(updater, updater.apply()) {
            updater.say(&format!("version {version} is the newest for this machine"));
        }
        std::thread::sleep(updater.pause());
        if updater.is_renewed() {
            again(updater);
        }
    }
}

/// The updater that lies there now takes over, with the same process, options and variables.
#[cfg(unix)]
fn again(updater: &Updater) {
    use std::os::unix::process::CommandExt as _;
    if let Some(own) = updater.own_file() {
        let error = std::process::Command::new(own).args(std::env::args_os().skip(1)).exec();
        updater.say(&format!("the new updater could not be started, and the old one goes on: {error}"));
    }
}

/// Elsewhere it ends, and who started it starts the new one.
#[cfg(not(unix))]
fn again(updater: &Updater) {
    updater.say("the new updater is used from the next start on");
}

fn answer(what: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(what).map_err(std::io::Error::from)?;
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

/// An error and all of its reasons on one line.
pub(crate) fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        next = error.source();
    }
    text
}
