//! A distro's package: files of the project, and of a container of an image where it names one.

mod data;
pub mod plan;
pub(crate) mod read;
pub mod recipe;
pub mod run;

pub use data::{Foretold, FromImage, GOAL, PackageWork};
