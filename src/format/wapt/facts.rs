//! What is known of WAPT packages.

pub mod attributes;

use crate::format::facts::Facts;

/// Agents install them, no package manager of a platform.
pub const FACTS: Facts =
    Facts { word: "wapt", asked: &[], files: &[("wapt", "application/octet-stream")], is_bare: false, native: None };
