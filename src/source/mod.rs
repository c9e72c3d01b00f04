//! What goes in: the project's own files, those of its sources, requirements and wheels. Nothing here talks to the daemon.

pub mod fetch;
pub mod git;
pub mod http;
pub mod index;
pub mod installed;
pub mod listing;
pub mod lockfile;
pub mod oci;
pub mod owner;
pub mod project;
pub mod requirements;
pub mod roots;
pub mod stated;
pub mod store;
pub mod taken;
pub mod variables;
pub mod wheelhouse;
