//! pip and what it needs, fetched by digest where a distro brings one that is too old.

mod data;
pub mod plan;
pub mod run;

pub use data::SeedWork;
