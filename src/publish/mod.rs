//! What was made, given to others: checksums beside the packages, images and artefacts in a registry, repositories that clients
//! read.

pub mod artefact;
mod error;
pub mod feed;
pub mod image;
mod registry;
pub mod release;
pub mod sums;

pub use error::{PushError, Taken};
pub use registry::Registry;
