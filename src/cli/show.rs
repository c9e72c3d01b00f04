//! `factory show`.

mod feed;
mod view;
mod why;

use std::path::{Path, PathBuf};

use super::{
    artifact::{Artifact, extensions, reader_of},
    context::Context,
};
use crate::{
    diag::{Exit, Failure},
    format::reader::{Description, Input, Refused},
};

/// Show what a package says of itself and what is in it; of two packages, what differs
///
/// Packages of others are read, too. Signatures and digests are `factory verify`'s. Of two packages of different formats only the files
/// that both install are compared: everything else is said in other words. With `--output json` every value is whole.
#[derive(Debug, clap::Args)]
#[command(after_long_help = crate::cli::examples::SHOW)]
pub struct Args {
    #[arg(value_name = "FILE", help = format!("The package: {}", extensions()))]
    file: PathBuf,
    /// Another one: only what differs is shown
    #[arg(value_name = "OTHER")]
    other: Option<PathBuf>,
    /// Which files of the package ask for what it needs; with NAME, for what is called so: `libssl3`, `libssl.so.3`
    ///
    /// The programs, libraries and scripts in the package are read. Which package has a library a Debian package does not say: the record
    /// of its build does, where this project built it; else the usual names of packages with libraries tell (Debian policy 8.1).
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "", conflicts_with = "other")]
    why: Option<String>,
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    if let (Artifact::Feed(folder), None, None) = (Artifact::from_path(&args.file)?, &args.why, &args.other) {
        return feed::show(&folder, context);
    }
    let one = read(&args.file, context)?;
    if let Some(name) = &args.why {
        // Nothing is called nothing: all are meant.
        return why::show(&args.file, &one, Some(name.as_str()).filter(|name| !name.is_empty()), context);
    }
    match &args.other {
        None => context.reporter.print(view::whole(&one, context.reporter.settings().output)),
        Some(other) => {
            let other = read(other, context)?;
            if one.format != other.format {
                context.events().info(format!(
                    "one is {}, the other {}: only the files that both install are compared",
                    one.format, other.format
                ));
            }
            context.reporter.print(view::difference(&one, &other));
        }
    }
    Ok(())
}

fn read(path: &Path, context: &Context) -> Result<Description, Failure> {
    let refuse = |why: &str| Failure::new(Exit::Usage, format!("`{}` {why}", path.display()));
    let reader = match Artifact::from_path(path)? {
        Artifact::Package(format, _) => reader_of(format, path)?,
        Artifact::Index(..) => {
            let help =
                format!("name one of its packages; `factory verify {}` checks what it says of all", path.display());
            return Err(refuse("is an index").help(help));
        }
        Artifact::Sums(_) => {
            let help = format!("name one of its files; `factory verify {}` checks them all", path.display());
            return Err(refuse("is a list of checksums").help(help));
        }
        Artifact::Feed(_) => {
            let help = format!("by itself: `factory show {}`", path.display());
            return Err(refuse("is an update feed, and is shown alone").help(help));
        }
        Artifact::Folder(..) => return Err(refuse("is a folder").help("build it first: `factory build DIR`")),
    };
    let description = reader.describe(open(path, context)?).map_err(|refused| unread(path, refused, context))?;
    for remark in &description.remarks {
        context.events().warn(format!("{}: {remark}", path.display()));
    }
    Ok(description)
}

fn open(path: &Path, context: &Context) -> Result<Input, Failure> {
    let refused = |error: std::io::Error| unread(path, Refused { text: error.to_string(), help: None }, context);
    Input::open(path, &context.cancel).map_err(refused)
}

fn unread(path: &Path, refused: Refused, context: &Context) -> Failure {
    if context.cancel.is_cancelled() {
        return Failure::new(Exit::Interrupted, "interrupted");
    }
    let what = format!("`{}` cannot be shown: {}", path.display(), refused.text);
    refused.help.into_iter().fold(Failure::new(Exit::CheckFailed, what), Failure::help)
}
