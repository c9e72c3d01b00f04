//! A distro's package, taken out of a container of an image.

mod data;
pub mod plan;
pub(crate) mod read;
pub mod recipe;
pub mod run;

pub use data::{GOAL, PackageWork};
