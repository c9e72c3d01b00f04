//! Files that are not where or what they should be.

pub mod config;
pub mod links;
