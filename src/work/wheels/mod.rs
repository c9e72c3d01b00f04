//! The wheels of a requirements set.

mod data;
pub mod plan;
pub mod run;

pub use data::{Index, Links, Own, OwnFiles, WheelsWork};
