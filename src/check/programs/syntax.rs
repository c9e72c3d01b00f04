//! `syntax`: modules of the project that are no Python of the platform. Its interpreter is asked by the caller.

use crate::{check::finding::Finding, names::Concern};

/// What an interpreter has said of a module.
#[must_use]
pub fn refused(path: &str, what: &str) -> Finding {
    let what = format!("is no Python for the image's interpreter: {}", what.escape_debug());
    Finding::new(Concern::Syntax, path, what)
}

/// That it was not looked at.
#[must_use]
pub fn not_looked_at(path: &str) -> Finding {
    Finding::new(Concern::Syntax, path, "is not looked at")
}
