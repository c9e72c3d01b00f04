//! [`Part`]: what is asked of every part of a recipe that a kind of work brings. No question has an answer of its own: a new part does
//! not compile before it has answered all of them.

use super::{
    files::{Folders, Scripts},
    known::Names,
    view::View,
};
use crate::{
    platform::{Catalogue, Platform},
    util::toml::{At, Issue, Issues, Value},
};

/// A part of the recipe: its type is what a run sees of one of its tables.
pub(crate) trait Part: Sized {
    /// One table as written, with its overrides where it has some.
    type Raw: std::fmt::Debug + Clone;

    /// Reads all tables of its key.
    fn read(value: Value<'_>, issues: &mut Issues) -> Option<Vec<At<Self::Raw>>>;

    /// Checks the selectors of its overrides.
    fn overrides(tables: &[At<Self::Raw>], catalogue: &Catalogue, issues: &mut Issues);

    /// Checks what its tables say of each other and of the rest of the recipe.
    fn references(tables: &[At<Self::Raw>], names: &Names<'_>, issues: &mut Issues);

    /// Looks at every path that it names, and takes the texts of its scripts.
    fn files(tables: &[At<Self::Raw>], folders: &Folders<'_>, scripts: &mut Scripts, issues: &mut Issues);

    /// Finds what of it has no effect on any of the recipe's platforms.
    fn unused(tables: &[At<Self::Raw>], platforms: &[&Platform]) -> Vec<Issue>;

    /// Whether a platform sees it at all.
    fn is_seen_on(platform: &Platform) -> bool;

    /// What one platform sees of it, where it does.
    fn resolve(tables: &[At<Self::Raw>], view: &View<'_>, issues: &mut Issues) -> Option<Vec<Self>>;
}
