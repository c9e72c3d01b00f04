//! `factory keys`: one kind of key a line.

pub mod file;
mod store;

use clap::Subcommand;

use super::{context::Context, update, wapt};
use crate::diag::Failure;

/// What is typed, and what that does.
const EXAMPLES: &str = "\
Examples:
  factory keys wapt me
      A key and a certificate for WAPT packages
  factory keys store ci
      A key that signs what a wheel cache keeps
  factory keys update --feed /srv/updates --into keys
      A new update feed and all of its keys";

/// Make keys and certificates to sign with
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Debug, Subcommand)]
enum Kind {
    Wapt(wapt::keys::Args),
    Store(store::Args),
    Update(update::keys::Args),
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    match &args.kind {
        Kind::Wapt(args) => wapt::keys::run(args, context),
        Kind::Store(args) => store::run(args, context),
        Kind::Update(args) => update::keys::run(args, context),
    }
}
