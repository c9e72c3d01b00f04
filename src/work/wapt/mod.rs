//! A WAPT package: `[[wapt]]`.

mod data;
pub mod plan;
pub mod read;
pub mod recipe;
pub mod run;

pub use data::{GOAL, WaptWork};
