//! What is known of WAPT packages.

pub mod attributes;

use crate::format::facts::{Facts, Sources};

/// Agents install them, no package manager of a platform.
pub const FACTS: Facts = Facts {
    word: "wapt",
    asked: &[],
    files: &[("wapt", "application/octet-stream")],
    title: "WAPT package",
    sources: Some(Sources {
        index: "Packages",
        folder: "WAPT",
        folder_help: "a WAPT package's folder has a `WAPT/control`: `factory init --wapt DIR` makes one",
    }),
    is_bare: false,
    native: None,
};
