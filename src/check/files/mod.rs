//! Files that are not where or what they should be.

pub mod byte_code;
pub mod config;
pub mod links;
pub mod overwrite;
pub mod usr_merge;
