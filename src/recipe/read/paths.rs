//! Every path that a recipe names is looked at, overrides included.

use std::path::Path;

use super::{
    files::{Folders, Scripts, Want},
    part::Part,
    raw::RawRecipe,
};
use crate::{
    names::SourceName,
    recipe::{Checkouts, parts::parts},
    util::toml::{Given, Issues},
};

/// Checks every path of the recipe, and reads the scripts. Without `checkouts`, a path in a source only has to name one.
pub(crate) fn check(raw: &RawRecipe, project: &Path, checkouts: Option<&Checkouts>, issues: &mut Issues) -> Scripts {
    let names = raw.source.items().iter().map(|source| source.value.name.value().map(SourceName::as_str));
    let declared = names.collect::<Option<Vec<_>>>().filter(|_| !matches!(raw.source, Given::Wrong(_)));
    let folders = Folders { project, declared, checkouts };
    if let Some(python) = raw.python.value() {
        for table in python.all() {
            folders.check_given(&table.requirements, issues);
            table.constraints.items().iter().for_each(|path| folders.check(path, Want::File, issues));
        }
    }
    of_parts(raw, &folders, issues)
}

macro_rules! files {
    ($($(#[doc = $doc:literal])* $part:ident => $list:ident: $one:ident,)+) => {
        fn of_parts(raw: &RawRecipe, folders: &Folders<'_>, issues: &mut Issues) -> Scripts {
            let mut scripts = Scripts::new();
            $(<crate::work::$part::recipe::$one as Part>::files(raw.$part.items(), folders, &mut scripts, issues);)+
            scripts
        }
    };
}
parts!(files);
