//! What pip chose, as its output and its folder say it.

use std::{collections::BTreeSet, path::PathBuf};

use crate::source::wheelhouse::{Received, normalise};

/// How pip says which distributions it chose, in its last line; since 1.5.
const CHOSEN: &str = "Successfully downloaded ";

/// A file that belongs to the requirements.
#[derive(Debug, Clone)]
pub struct Found {
    /// What it is.
    pub received: Received,
    /// Where it is.
    pub path: PathBuf,
    /// Whether the store had it.
    pub offered: bool,
}

/// The distributions that pip says it chose; `None` where it does not, or where its line was too long to be passed on whole.
pub fn chosen(said: &[String]) -> Option<BTreeSet<String>> {
    let names = said.iter().rev().find_map(|line| line.trim().strip_prefix(CHOSEN))?;
    (!names.contains('…')).then(|| names.split_whitespace().map(normalise).collect())
}
