//! An image.

mod data;
pub mod plan;
pub(crate) mod read;
pub mod recipe;
pub mod run;

pub(crate) use data::Listed;
pub use data::{AccountKind, Asked, Contexts, GOAL, ImageWork, Start};
