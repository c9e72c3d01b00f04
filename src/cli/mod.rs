//! The command line: one file per verb. A verb's `Args` doc comment is its help, its `run` reads as a story.

mod artifact;
mod build;
mod clean;
mod context;
mod doctor;
mod engine;
mod env;
mod examples;
mod explain;
mod failure;
mod guard;
mod keys;
mod lock;
mod log;
mod pem;
mod plan;
mod planned;
mod prompt;
mod publish;
mod pull;
mod push;
mod registry;
mod session;
mod show;
mod signals;
mod tag;
mod tagged;
mod test;
mod unreachable;
mod update;
mod verify;
mod wapt;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum};

use crate::{
    diag::{Exit, Failure},
    names::Release,
};
use context::Context;
#[cfg(test)]
use wapt::env::ROW;
use wapt::{init, signer, trust};

/// One recipe in; container images, wheels and system packages for every distro out.
///
/// `factory.toml` says what to build. A step runs again only when something it depends on has changed, and `factory plan`
/// says which and why. stdout is data, stderr is talk.
#[derive(Debug, Parser)]
#[command(name = "factory", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    verb: Verb,
}

/// The exit codes, as the help shows them.
const EXIT_CODES: &str = "Exit codes: 0 done, 1 a step failed, 2 command line or recipe, 3 no engine, 4 a check or signature failed, \
                          130 interrupted";

/// Options of every verb.
#[derive(Debug, Clone, clap::Args)]
pub struct Globals {
    /// The project's folder: where `factory.toml` is
    #[arg(long, global = true, value_name = "DIR", default_value = ".", help_heading = "Global options")]
    project: PathBuf,
    /// Platforms, by id or alias, separated by commas or blanks; all of the recipe's when not given
    #[arg(long, global = true, value_name = "ID,…", env = env::SYSBASE, help_heading = "Global options")]
    platform: Option<String>,
    /// The release's tag; the git tag on the checkout's commit when not given: of several the newest annotated one, else the
    /// first by name
    #[arg(long, global = true, value_name = "TAG", env = env::FACTORY_TAG, help_heading = "Global options")]
    tag: Option<String>,
    /// The branch of the sources, for `{{branch}}` in the recipe
    #[arg(long, global = true, value_name = "BRANCH", env = env::FACTORY_BRANCH, help_heading = "Global options")]
    branch: Option<String>,
    /// The packaging revision
    #[arg(long, global = true, value_name = "N", default_value = "1", help_heading = "Global options")]
    release: Release,
    /// Steps at once; the number of processors when not given
    #[arg(long, short, global = true, value_name = "N", help_heading = "Global options",
          value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// For people, or one JSON object a line
    #[arg(long, global = true, value_name = "FORM", default_value = "human", help_heading = "Global options")]
    output: OutputForm,
    /// Only failures and warnings
    #[arg(long, short, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    quiet: bool,
    /// Also what the steps write
    #[arg(long, short, global = true, help_heading = "Global options")]
    verbose: bool,
}

/// Forms of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputForm {
    /// Text.
    Human,
    /// JSON lines.
    Json,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Init(init::Args),
    Plan(plan::Args),
    Build(build::Args),
    Test(test::Args),
    Push(push::Args),
    Pull(pull::Args),
    Publish(publish::Args),
    Tag(tag::Args),
    Verify(verify::Args),
    Show(show::Args),
    Explain(explain::Args),
    Keys(keys::Args),
    Log(log::Args),
    Clean(clean::Args),
    Doctor(doctor::Args),
}

/// Parses the command line, runs the verb, and says how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap's own page: help and version are an answer, the rest is a wrong command line.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    let context = Context::new(&cli.globals);
    let ended = run(&cli.verb, &context);
    context.end(ended).into()
}

/// Refuses a folder for temporary files that is not there: it would be missed in the middle of the work.
fn temporary_folder() -> Result<(), Failure> {
    let Some(named) = env::get(env::TMPDIR).filter(|named| !named.is_empty()) else { return Ok(()) };
    let folder = std::path::PathBuf::from(named);
    if folder.is_dir() {
        return Ok(());
    }
    let shown = folder.display().to_string();
    let message = format!("`TMPDIR` names `{}`, which is no folder", shown.escape_debug());
    Err(Failure::new(Exit::Usage, message)
        .help(format!("make it (`mkdir -p {shown}`), or name another one; without `TMPDIR` it is `/tmp`")))
}

fn run(verb: &Verb, context: &Context) -> Result<(), Failure> {
    temporary_folder()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::StepFailed, "no threads to work with").because(error))?;
    runtime.block_on(async {
        signals::watch(context)?;
        match verb {
            Verb::Init(args) => init::run(args, context),
            Verb::Plan(args) => plan::run(args, context).await,
            Verb::Build(args) => build::run(args, context).await,
            Verb::Test(args) => test::run(args, context).await,
            Verb::Push(args) => push::run(args, context).await,
            Verb::Pull(args) => pull::run(args, context).await,
            Verb::Tag(args) => tag::run(args, context).await,
            Verb::Publish(args) => publish::run(args, context),
            Verb::Verify(args) => verify::run(args, context),
            Verb::Show(args) => show::run(args, context),
            Verb::Explain(args) => explain::run(args, context),
            Verb::Keys(args) => keys::run(args, context),
            Verb::Log(args) => log::run(args, context),
            Verb::Clean(args) => context.until_stopped(clean::run(args, context)).await,
            Verb::Doctor(args) => context.until_stopped(doctor::run(args, context)).await,
        }
    })
}

#[cfg(test)]
mod tests;
