//! `factory test`.

use super::context::Context;
use crate::diag::Failure;

/// Install the packages in a clean container of each platform, run their units, remove and purge them
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the verb.
pub async fn run(_args: &Args, _context: &Context) -> Result<(), Failure> {
    Ok(())
}
