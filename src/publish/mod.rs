//! What was made, given to others: checksums beside the packages, images in a registry.

pub mod registry;
pub mod sums;
