//! The image with the compilers, in which wheels are built.

mod data;
pub mod plan;
pub mod run;

pub(crate) use data::BuilderName;
pub use data::BuilderWork;
