//! The wheels of a requirements set.

mod data;
pub mod plan;
pub mod run;

pub use data::{GOAL, Index, Links, Own, OwnFiles, WheelsWork};
