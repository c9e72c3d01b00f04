//! Modules: a Python for an agent on Windows, with the packages that its plugins need, in one cabinet: `[[module]]`.

pub mod data;
pub mod plan;
pub mod read;
pub mod recipe;
pub mod run;

pub use data::{GOAL, ModuleWork};
