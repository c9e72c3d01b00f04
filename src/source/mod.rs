//! What goes in: the project's own files, requirements and wheels. Nothing here talks to the daemon.

pub mod project;
pub mod requirements;
pub mod wheelhouse;
