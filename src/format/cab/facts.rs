//! What is known of cabinets.

use crate::format::facts::Facts;

/// No package manager of a platform takes them, and no package's `formats` asks for one: their names are those of Windows.
pub const FACTS: Facts = Facts {
    word: "cab",
    asked: &[],
    files: &[("cab", "application/vnd.ms-cab-compressed")],
    title: "cabinet",
    sources: None,
    is_bare: true,
    native: None,
};
