//! A base image: taken from the daemon, pulled, or made from packages, and changed where the platform says so.

mod data;
pub mod plan;
pub mod run;

pub use data::{BaseWork, QuirksWork};
