//! `factory log`.

use std::io::{BufRead, BufReader, Read as _};

use super::context::Context;
use crate::{
    diag::{Exit, Failure},
    pipeline::places,
    platform::Catalogue,
    report::{LastRun, LastStep, ListColumn, ListKind, ListView, LogDir, units},
    util::terminal::clean_lines,
};

/// The longest piece of a line that is shown at once, in bytes.
const LONGEST_PIECE: u64 = 1 << 20;

/// Print the whole log of a step, or list the steps of the last run
///
/// The log of a step is that of the last run that did not find it cached, with all its tries. Control characters and escape
/// sequences are left out of it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = crate::cli::examples::LOG)]
pub struct Args {
    /// The step, as every message names it: `debian-12/core`; `core` where one platform is chosen or has such a log. Without
    /// it, the steps of the last run and how they ended
    #[arg(value_name = "STEP")]
    step: Option<String>,
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    places::check(context.folder(), false)?;
    let logs = LogDir::new(context.folder());
    match &args.step {
        Some(step) => print(step, &logs, context),
        None => list(&logs, context),
    }
}

/// The steps of the last run. One that began and did not end was cut off with its run, or still runs.
fn list(logs: &LogDir, context: &Context) -> Result<(), Failure> {
    let run = LastRun::read(logs).map_err(unreadable)?;
    let Some(run) = run.filter(|run| !run.title.is_empty()) else {
        return Err(
            Failure::new(Exit::Usage, "there is no log of a run").help("no step has run here yet: `factory build`")
        );
    };
    let row = |step: LastStep| {
        let note = step.note.lines().next().unwrap_or_default().to_owned();
        vec![step.step, step.outcome, note, step.took.map(units::time).unwrap_or_default()]
    };
    context.reporter.print(ListView {
        title: format!("{}, begun {}", run.title, run.began),
        columns: vec![
            ListColumn { name: "step", kind: ListKind::Word },
            ListColumn { name: "state", kind: ListKind::Word },
            ListColumn { name: "result", kind: ListKind::Text },
            ListColumn { name: "time", kind: ListKind::Number },
        ],
        rows: run.steps.into_iter().map(row).collect(),
        summary: "`factory log STEP` prints a log; the files are .factory/logs/STEP.log".to_owned(),
    });
    Ok(())
}

fn unreadable(error: std::io::Error) -> Failure {
    Failure::new(Exit::StepFailed, "the log cannot be read").because(error)
}

fn print(wanted: &str, logs: &LogDir, context: &Context) -> Result<(), Failure> {
    let known = logs.steps().map_err(unreadable)?;
    let step = named(wanted, &known, context)?;
    let Some(step) = step else {
        let failure = Failure::new(Exit::Usage, format!("there is no log of `{}`", wanted.escape_debug()));
        return Err(if known.is_empty() {
            failure.help("no step has run here yet: `factory build`")
        } else {
            failure.help(format!("there are logs of {}", known.join(", ").escape_debug()))
        });
    };
    match logs.open(step).map_err(unreadable)? {
        Some(log) => show(&mut BufReader::new(log), context),
        None => Ok(()),
    }
}

/// Shows a log piece by piece without what a terminal would act on: it came with the checkout, or what ran has written it.
fn show(log: &mut dyn BufRead, context: &Context) -> Result<(), Failure> {
    let mut piece = Vec::new();
    loop {
        piece.clear();
        if log.take(LONGEST_PIECE).read_until(b'\n', &mut piece).map_err(unreadable)? == 0 {
            return Ok(());
        }
        if context.cancel.is_cancelled() {
            return Err(Failure::new(Exit::Interrupted, "interrupted"));
        }
        context.reporter.data(clean_lines(&String::from_utf8_lossy(&piece)).as_bytes());
    }
}

/// The step that is meant: by its whole name, or by its own one on the only platform that it can be.
fn named<'s>(step: &'s str, known: &'s [String], context: &Context) -> Result<Option<&'s str>, Failure> {
    if known.iter().any(|name| name == step) {
        return Ok(Some(step));
    }
    let catalogue = Catalogue::load(Some(context.folder()))?;
    let words = context.platform_words();
    let chosen = words.iter().map(|word| catalogue.find(word).map(|platform| platform.id.as_str()));
    let chosen = chosen.collect::<Result<Vec<_>, _>>()?;
    let is_meant = |name: &str| {
        name.split_once('/')
            .is_some_and(|(platform, own)| own == step && (chosen.is_empty() || chosen.contains(&platform)))
    };
    let mut meant = known.iter().map(String::as_str).filter(|name| is_meant(name));
    let first = meant.next();
    Ok(if meant.next().is_none() { first } else { None })
}
