//! What the step that fetches pip knows.

use crate::{
    names::Sha256,
    platform::{Python, Seed},
    work::wheels::Index,
};

/// See [`Work::Seed`].
#[derive(Debug, Clone)]
pub struct SeedWork {
    /// The pinned wheels.
    pub seed: Seed,
    /// The platform's Python.
    pub python: Python,
    /// The script that fetches them.
    pub script: String,
    /// Where from.
    pub index: Index,
    /// The builder image's name.
    pub builder: String,
    /// The key of their wheelhouse: of this step's own inputs only.
    pub key: Sha256,
}
