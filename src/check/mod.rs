//! Lints over a tree, one file each, and over packages that somebody else built. Pure: they say what cannot be shipped.

mod collected;
mod dropins;
mod etc;
mod lengths;
pub mod links;
pub mod natives;
pub mod owners;
pub mod place;
pub mod shebang;
mod surprises;
pub mod units;

pub use collected::{Expected, collected};
pub use etc::unmarked;
pub use surprises::{Surprise, in_package, in_tree, judge, lost_capabilities, of_bytes, of_mode};

use crate::{
    format::Meta,
    stage::{Kind, Role, Tree},
};

/// Something that cannot be shipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub message: String,
    /// What to change.
    pub help: String,
}

/// Holds a package's tree against every lint but that of its owners, which needs the base image; the first finding stops it.
///
/// # Errors
/// The finding.
pub fn package(tree: &Tree, meta: &Meta) -> Result<(), Finding> {
    if tree.is_empty() {
        return Err(Finding {
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
