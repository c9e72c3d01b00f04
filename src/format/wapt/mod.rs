//! WAPT packages (`.wapt`): a zip archive with a signed control file and a signed manifest. Written in the form of WAPT 2
//! that WAPT 1.8 accepts, too; read and verified in both.
//!
//! Where nothing else is said, the behaviour is that of WAPT 1.8.2 and 2.5, which the documentation does not give in full.

mod control;
mod doubts;
mod error;
pub mod facts;
#[cfg(test)]
mod fixtures;
mod icon;
mod index;
mod json;
mod manifest;
mod names;
mod read;
mod reader;
mod setup;
mod signing;
mod skeleton;
#[cfg(test)]
mod tests;
mod verify;
mod version;
mod write;

/// How they are described and verified.
pub(super) const READER: Option<&dyn super::Reader> = Some(&reader::WaptReader);

/// Not written from a tree and a meta, but by [`write()`], which signs.
pub(super) const WRITER: Option<super::Writer> = None;

pub use super::zip::safe as is_safe;
pub use control::Control;
pub use error::WaptError;
pub use icon::{LARGEST as LARGEST_ICON, PATH as ICON, check as check_icon};
pub use index::{Index, Listed, identity};
pub use manifest::read as read_manifest;
pub use names::{file_name, is_left_out, name_starts};
pub use read::{Package, open, open_bytes, open_file};
pub use reader::{LARGEST_INDEX, read_index};
pub use setup::{Finding, LARGEST as LARGEST_SETUP, check as check_setup, sorted as setup_findings};
pub use signing::{date_text, signed_bytes};
pub use skeleton::{SkeletonRequest, files as skeleton};
pub use verify::{Refusal, Verified, check_control, verify};
pub use version::{Entry, Generation, compare, compare_packages, matches, matches_entry};
pub use write::{RANDOM, Signing, write};
