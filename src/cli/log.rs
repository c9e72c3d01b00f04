//! `factory log`.

use std::path::Path;

use super::context::Context;
use crate::diag::{Exit, Failure};

/// Print the whole log of a step
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The step, as every message names it: `debian-12/core`
    #[arg(value_name = "STEP")]
    step: String,
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let folder = context.folder().join(".factory/logs");
    let known = steps(&folder);
    if !known.contains(&args.step) {
        let failure = Failure::new(Exit::Usage, format!("there is no log of `{}`", args.step.escape_debug()));
        return Err(if known.is_empty() {
            failure.help("no step has run here yet: `factory build`")
        } else {
            failure.help(format!("there are logs of {}", known.join(", ")))
        });
    }
    let text = fs_err::read(folder.join(format!("{}.log", args.step)))
        .map_err(|error| Failure::new(Exit::StepFailed, "the log cannot be read").because(error))?;
    context.reporter.data(text);
    Ok(())
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
