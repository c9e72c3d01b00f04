//! Follows an update feed, and replaces a program so that one is always left that runs.
//!
//! A run goes one way: what is set ([`settings`]), what the feed has (`factory_tuf`), what this machine takes of it ([`decide`]), the
//! download ([`download`], of a [`delta`] where there is one), and the change of the program ([`swap`]), whose file operations are a list
//! ([`disk`]) behind a journal ([`journal`]). [`agent`] is the program as something that runs. docs/updates.md says what users see of it.

pub mod agent;
pub mod cli;
mod clock;
pub mod decide;
pub mod delta;
pub mod disk;
pub mod download;
pub mod feed;
pub mod journal;
pub mod keep;
mod log;
pub mod names;
pub mod renew;
pub mod run;
pub mod settings;
pub mod swap;
