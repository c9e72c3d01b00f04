//! What the step of a builder image knows.

use crate::{names::Sha256, plan::Inputs};

/// See [`Work::Builder`].
#[derive(Debug, Clone)]
pub struct BuilderWork {
    /// The rendered Dockerfile.
    pub dockerfile: String,
    /// The name it gets.
    pub tag: String,
}

/// A builder's name and what is behind it.
#[derive(Debug, Clone)]
pub(crate) struct BuilderName {
    pub(crate) tag: String,
    pub(crate) inputs: Inputs,
    pub(crate) dockerfile: String,
    /// Of the Dockerfile without a CA bundle.
    pub(crate) digest: Sha256,
}
