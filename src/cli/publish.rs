//! `factory publish`: what clients read is a folder of static files, and its kind says who puts files there.

use std::path::PathBuf;

use super::{context::Context, update, wapt};
use crate::{
    diag::{Exit, Failure},
    publish::feed,
};

/// What is typed, and what that does.
const EXAMPLES: &str = "\
Examples:
  factory publish --into /srv/wapt
      The WAPT packages that the project's builds have made
  factory publish --into /srv/wapt --crl revoked.crl
      A new revocation list, and nothing else
  factory publish --into /srv/updates --tag 2.8.1 --percent 20 Agent.exe
      A program into an update feed, for a fifth of all machines at first
  factory publish --into /srv/updates --refresh
      The same feed signed again for longer: once a day, from cron";

/// Put files where clients read them: packages into a repository, programs into an update feed
///
/// For WAPT packages: a folder that a web server gives to agents, with the index `Packages`, certificates, revocation lists and icons for
/// WAPT 1.8 and 2. Every package is verified first; new files come first, the index last, in one go.
///
/// For programs that update themselves: a feed of The Update Framework, which `factory keys update` makes. What was published keeps its
/// bytes; what is said of it may change. New files come first, the timestamp last.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// The packages or programs; for a repository those that the project's builds have made when neither they nor a revocation list are
    /// named
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The folder of the repository or the update feed
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    #[command(flatten)]
    wapt: wapt::publish::Args,
    #[command(flatten)]
    update: update::publish::Args,
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let foreign = |option: &str, what: &str| {
        let why = format!("`{option}` is for {what}, and `{}` is none", args.into.display());
        Failure::new(Exit::Usage, why)
    };
    if feed::update::is_feed(&args.into) {
        return match args.wapt.given() {
            Some(option) => Err(foreign(option, "repositories of WAPT packages")
                .help("leave it out: an update feed is what its own root leads to")),
            None => update::publish::run(&args.files, &args.into, &args.update, context),
        };
    }
    match args.update.given() {
        Some(option) => {
            let made =
                format!("`factory keys update --feed {} --into KEYS` makes one, with its keys", args.into.display());
            Err(foreign(option, "update feeds").help(made))
        }
        None => wapt::publish::run(&args.files, &args.into, &args.wapt, context),
    }
}
