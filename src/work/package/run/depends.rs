//! `auto_depends`: what a package needs because of its programs and libraries is searched for and written into it.

mod deb;
mod rpm;
mod system;

use std::collections::{BTreeMap, BTreeSet};

use super::{Inside, Job};
use crate::{
    depends::{Shipped, elf::Depth, shipped},
    execute::{StepError, StepOutput, records::blocking},
    format::{Meta, PackageFormat},
    names::Sha256,
    stage::Tree,
};
pub(super) use system::owners;

/// What was found, in the words of the package's format.
#[derive(Debug, Default)]
pub(super) struct Searched {
    /// Relations that `depends` gets.
    pub(super) depends: Vec<String>,
    /// And those of `provides`.
    pub(super) provides: Vec<String>,
    /// Those of the recipe that say less than one that was found.
    pub(super) weaker: Vec<String>,
    /// The relations that are written because of a file, by its absolute path. Empty where the package itself tells.
    pub(super) because: BTreeMap<String, BTreeSet<String>>,
    /// The digest of the image's index that they were found with.
    pub(super) index: Option<Sha256>,
}

impl Searched {
    /// Adds them to those of the recipe.
    pub(super) fn onto(&self, meta: &mut Meta) {
        meta.depends.retain(|relation| !self.weaker.contains(relation));
        meta.depends.extend(self.depends.iter().cloned());
        meta.provides.extend(self.provides.iter().cloned());
    }
}

/// Searches what a package needs, where the recipe does not say that it should not.
pub(super) async fn search(
    job: Job,
    tree: Tree,
    inside: Option<Inside<'_>>,
    output: &StepOutput,
) -> Result<(Job, Tree, Searched), StepError> {
    if !job.work.is_searched() {
        return Ok((job, tree, Searched::default()));
    }
    match job.work.packaging.format {
        PackageFormat::Deb => {
            let (job, tree, shipped) = read(job, tree, Depth::Symbols).await?;
            let found = deb::search(&job, &shipped, inside, output).await?;
            Ok((job, tree, found))
        }
        PackageFormat::Rpm => {
            let (job, tree, shipped) = read(job, tree, Depth::Names).await?;
            let found = rpm::search(&job, &shipped, output)?;
            Ok((job, tree, found))
        }
        _ => Ok((job, tree, Searched::default())),
    }
}

/// So many files are named of those that need something.
const SHOWN: usize = 3;

/// `/usr/bin/a, /usr/bin/b and 2 more`.
fn of_files<'f>(files: impl ExactSizeIterator<Item = &'f String>) -> String {
    let more = files.len().saturating_sub(SHOWN);
    let shown = files.take(SHOWN).map(|path| path.escape_debug().to_string()).collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// Reads the programs and libraries of a tree.
async fn read(job: Job, tree: Tree, depth: Depth) -> Result<(Job, Tree, Shipped), StepError> {
    blocking(move || {
        let shipped = shipped(&tree, &job.work.host.machine, depth)?;
        Ok((job, tree, shipped))
    })
    .await
}
