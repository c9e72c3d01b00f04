//! What was made, given to others: checksums beside the packages, images and artifacts in a registry, repositories that clients
//! read.

pub mod artifact;
mod error;
pub mod feed;
pub mod image;
mod registry;
pub mod release;
pub mod sums;

pub use error::{PushError, Taken};
pub use registry::Registry;
