//! [`Effort`]: what walks cost together. Each folder, pattern and path of a recipe has its bounds; a hostile project has many of
//! each, and every one of them is held against every other.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use ignore::gitignore::Gitignore;

use super::SourceError;

/// Most files and folders that the walks of one plan look at, each as often as one comes by.
const MOST_SEEN: u64 = 2_000_000;
/// Most patterns of ignore files that a plan reads.
const MOST_PATTERNS: u64 = 100_000;
/// Most letters of patterns with wildcards times letters of paths that they are held against: some seconds.
const MOST_MATCHED: u64 = 50_000_000_000;

/// What walks have cost so far, and the patterns that they read: a file of patterns is read once.
#[derive(Debug, Default)]
pub(in crate::source) struct Effort {
    is_bounded: bool,
    seen: AtomicU64,
    read: AtomicU64,
    matched: AtomicU64,
    known: Mutex<HashMap<Stamp, Arc<Patterns>>>,
}

/// Which file of patterns it is, as it is: its path, its name in messages, its inode, size and time of change.
pub(super) type Stamp = (PathBuf, PathBuf, u64, u64, i64, i64);

/// The patterns of one file.
#[derive(Debug)]
pub(super) struct Patterns {
    pub(super) set: Gitignore,
    /// The letters of those that are no plain names.
    pub(super) letters: u64,
}

impl Patterns {
    /// None.
    pub(super) fn empty() -> Self {
        Self { set: Gitignore::empty(), letters: 0 }
    }
}

/// Whether to hold a path against a pattern takes more than to look its name or its ending up.
pub(super) fn is_slow(line: &str) -> bool {
    line.trim().strip_prefix("*.").unwrap_or(line).contains(['*', '?', '[', '{'])
}

impl Effort {
    /// Of one plan: walks end where they cost too much together.
    pub(in crate::source) fn bounded() -> Self {
        Self { is_bounded: true, ..Self::default() }
    }

    /// One more entry of a folder.
    pub(super) fn see(&self) -> Result<(), &'static str> {
        let why = "with it the paths of the recipe lead to more than 2,000,000 files, each as often as one names it";
        self.spend(&self.seen, 1, MOST_SEEN).then_some(()).ok_or(why)
    }

    /// A path is held against patterns with so many letters.
    pub(super) fn hold(&self, letters: u64, path: usize) -> Result<(), &'static str> {
        let why = "too many patterns with wildcards are held against too many files: name folders in .factoryignore";
        self.spend(&self.matched, letters.saturating_mul(path as u64), MOST_MATCHED).then_some(()).ok_or(why)
    }

    /// So many more patterns are read.
    pub(super) fn read(&self, patterns: usize) -> Result<(), &'static str> {
        let why = "with it the ignore files of the project have more than 100,000 patterns";
        self.spend(&self.read, patterns as u64, MOST_PATTERNS).then_some(()).ok_or(why)
    }

    /// The patterns of a file, read by `read` where they are not known.
    pub(super) fn patterns(
        &self,
        stamp: Stamp,
        read: impl FnOnce() -> Result<Patterns, SourceError>,
    ) -> Result<Arc<Patterns>, SourceError> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(patterns) = known().get(&stamp) {
            return Ok(Arc::clone(patterns));
        }
        let patterns = Arc::new(read()?);
        if self.read.load(Ordering::Relaxed) <= MOST_PATTERNS {
            known().insert(stamp, Arc::clone(&patterns));
        }
        Ok(patterns)
    }

    /// Whether so much more is within the bound.
    fn spend(&self, of: &AtomicU64, more: u64, most: u64) -> bool {
        let add = |before: u64| Some(before.saturating_add(more));
        let before = of.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).unwrap_or(u64::MAX);
        !self.is_bounded || before.saturating_add(more) <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_costs_more_together_ends() {
        let (free, bounded) = (Effort::default(), Effort::bounded());
        for effort in [&free, &bounded] {
            assert!((0..MOST_SEEN).all(|_| effort.see().is_ok()));
            assert!((0..5).all(|_| effort.hold(MOST_MATCHED / 5, 1).is_ok()));
            assert!((0..5).all(|_| effort.read(20_000).is_ok()));
        }
        assert!(free.see().is_ok() && bounded.see().is_err());
        assert!(free.read(1).is_ok() && bounded.read(1).is_err());
        assert!(free.hold(1, 1).is_ok() && bounded.hold(1, 1).is_err());
    }

    #[test]
    fn names_and_endings_cost_nothing() {
        for line in ["dist", "/web/dist/", "!a.py", "*.pyc", "*.tar.gz"] {
            assert!(!is_slow(line), "{line}");
        }
        for line in ["*a*b", "*.a*", "a?", "**/x", "[ab]", "{a,b}"] {
            assert!(is_slow(line), "{line}");
        }
    }
}
