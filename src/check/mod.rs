//! Lints over a tree, one file each, and over packages that somebody else built. Pure: they say what cannot be shipped.

mod collected;
pub mod files;
mod finding;
mod judge;
mod lengths;
pub mod owners;
pub mod place;
pub mod programs;
mod refusal;
pub mod shebang;
pub mod surprises;
mod told;
pub mod units;

pub use collected::{Expected, collected};
pub use finding::{Finding, Paths};
pub use judge::{Judged, Shipped, judge};
pub use refusal::Refusal;

use crate::{
    format::Meta,
    stage::{Kind, Role, Tree},
};

/// Refuses a package that no package manager could unpack: one without files, or with names that are too long.
///
/// # Errors
/// The first thing that is found.
pub fn package(tree: &Tree, meta: &Meta) -> Result<(), Refusal> {
    if tree.is_empty() {
        return Err(Refusal {
            message: format!("{} has no files", meta.name),
            help: "`contents` takes nothing out of the image, or `without` leaves all of it out".to_owned(),
        });
    }
    let paths = tree.iter().map(|(path, entry)| {
        let target = match &entry.kind {
            Kind::Symlink { target } => Some(target.as_str()),
            _ => None,
        };
        (path.as_str(), matches!(entry.role, Role::Config { .. }), target)
    });
    lengths::check(meta.name.as_str(), paths)
}
