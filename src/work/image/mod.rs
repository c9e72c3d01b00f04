//! An image.

mod data;
pub mod plan;
pub mod run;

pub(crate) use data::Listed;
pub use data::{AccountKind, Asked, Contexts, GOAL, ImageWork, Start};
