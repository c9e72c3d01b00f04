//! Files that are not where or what they should be.

pub mod byte_code;
pub mod config;
pub mod empty;
pub mod links;
pub mod overwrite;
pub mod passing;
pub mod usr_merge;
