//! Repositories that clients read: new files first, the index last, so that whoever reads in between finds the old one
//! whole. One folder for each kind of repository.

mod error;
pub mod update;
pub mod wapt;

pub use error::FeedError;
