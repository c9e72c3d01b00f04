//! `factory log`.

use std::path::Path;

use super::context::Context;
use crate::{
    diag::{Exit, Failure},
    platform::Catalogue,
    report::{LastRun, LastStep, ListColumn, ListKind, ListView, units},
    util::terminal::clean_lines,
};

/// Print the whole log of a step, or list the steps of the last run
///
/// The log of a step is that of the last run that did not find it cached, with all its tries. Control characters and escape
/// sequences are left out of it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The step, as every message names it: `debian-12/core`; `core` where one platform is chosen or has such a log. Without
    /// it, the steps of the last run and how they ended
    #[arg(value_name = "STEP")]
    step: Option<String>,
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let folder = context.folder().join(".factory/logs");
    match &args.step {
        Some(step) => print(step, &folder, context),
        None => list(&folder, context),
    }
}

/// The steps of the last run. One that began and did not end was cut off with its run, or still runs.
fn list(folder: &Path, context: &Context) -> Result<(), Failure> {
    let run = LastRun::read(&folder.join("run.jsonl"))
        .map_err(|error| Failure::new(Exit::StepFailed, "the log cannot be read").because(error))?;
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

fn print(wanted: &str, folder: &Path, context: &Context) -> Result<(), Failure> {
    let known = steps(folder);
    let step = named(wanted, &known, context)?;
    let Some(step) = step else {
        let failure = Failure::new(Exit::Usage, format!("there is no log of `{}`", wanted.escape_debug()));
        return Err(if known.is_empty() {
            failure.help("no step has run here yet: `factory build`")
        } else {
            failure.help(format!("there are logs of {}", known.join(", ").escape_debug()))
        });
    };
    let text = fs_err::read(folder.join(format!("{step}.log")))
        .map_err(|error| Failure::new(Exit::StepFailed, "the log cannot be read").because(error))?;
    show(&text, context);
    Ok(())
}

/// Shows a log without what a terminal would act on: it came with the checkout, or what ran has written it.
fn show(text: &[u8], context: &Context) {
    for piece in text.split_inclusive(|byte| *byte == b'\n') {
        context.reporter.data(clean_lines(&String::from_utf8_lossy(piece)).as_bytes());
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

/// The steps that have a log: `<platform>/<step>.log` in the folder.
fn steps(folder: &Path) -> Vec<String> {
    let listed = |path: &Path| fs_err::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<String> = listed(folder)
        .filter(|path| path.is_dir())
        .flat_map(|platform| listed(&platform).collect::<Vec<_>>())
        .filter_map(|log| log.strip_prefix(folder).ok()?.to_str()?.strip_suffix(".log").map(str::to_owned))
        .collect();
    found.sort();
    found
}
