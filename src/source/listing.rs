//! [`Listing`]: what the paths of a recipe name, looked at once for a plan: a folder is walked and a file read once, however
//! many platforms ask for it, and all of them see the same.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{
    project::{Found, SourceError},
    requirements,
    roots::Roots,
};
use crate::{names::Sha256, util::digests::Digests};

/// Most files that everything in a recipe takes on all platforms, each as often as something names it.
const MOST_TAKEN: usize = 3_000_000;

/// The files that some path or pattern names.
pub type Files = Arc<Found>;

/// The texts of a requirements set, by the recipe's paths.
pub type Requirements = Arc<BTreeMap<PathBuf, String>>;

/// What was found so far.
#[derive(Debug)]
pub struct Listing {
    roots: Roots,
    digests: Arc<Digests>,
    /// Files that were taken, each as often as something names it.
    taken: AtomicUsize,
    folders: Memo<PathBuf, Files>,
    patterns: Memo<String, Files>,
    files: Memo<PathBuf, Sha256>,
    requirements: Memo<Vec<PathBuf>, Requirements>,
}

impl Listing {
    /// Nothing yet.
    #[must_use]
    pub fn new(roots: &Roots, digests: &Arc<Digests>) -> Self {
        Self {
            roots: roots.clone().bounded(),
            taken: AtomicUsize::new(0),
            digests: Arc::clone(digests),
            folders: Memo::default(),
            patterns: Memo::default(),
            files: Memo::default(),
            requirements: Memo::default(),
        }
    }

    /// As [`Roots::python`].
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn python(&self, path: &Path) -> Result<Files, SourceError> {
        self.folders.get(path, || Ok(Arc::new(self.roots.python(path)?)))
    }

    /// As [`Roots::matching`].
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn matching(&self, pattern: &str) -> Result<Files, SourceError> {
        self.patterns.get(pattern, || Ok(Arc::new(self.roots.matching(pattern)?)))
    }

    /// The same, for something that takes the files.
    ///
    /// # Errors
    /// Also when everything in the recipe takes too many of them together.
    pub fn taken(&self, pattern: &str) -> Result<Files, SourceError> {
        let found = self.matching(pattern)?;
        let before = self.taken.fetch_add(found.files.len(), Ordering::Relaxed);
        if before.saturating_add(found.files.len()) > MOST_TAKEN {
            let reason = "with it the tables of the recipe name more than 3,000,000 files on all platforms together";
            return Err(SourceError::Name { path: pattern.to_owned(), reason });
        }
        Ok(found)
    }

    /// The digest of one file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn digest(&self, path: &Path) -> Result<Sha256, SourceError> {
        self.files.get(path, || Ok(self.digests.of_file(&self.roots.file(path)?)?.0))
    }

    /// As [`requirements::closure`].
    ///
    /// # Errors
    /// As that.
    pub fn requirements(&self, first: &[PathBuf]) -> Result<Requirements, SourceError> {
        self.requirements.get(first, || Ok(Arc::new(requirements::closure(&self.roots, first)?)))
    }
}

/// Answers that were given. A failure is none: it ends the plan.
#[derive(Debug)]
struct Memo<Q, A>(Mutex<HashMap<Q, A>>);

impl<Q, A> Default for Memo<Q, A> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<Q: std::hash::Hash + Eq, A: Clone> Memo<Q, A> {
    /// The answer of before, else that of `find`; two that ask at once may both look.
    fn get<W>(&self, question: &W, find: impl FnOnce() -> Result<A, SourceError>) -> Result<A, SourceError>
    where
        Q: std::borrow::Borrow<W>,
        W: std::hash::Hash + Eq + ToOwned<Owned = Q> + ?Sized,
    {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = known().get(question) {
            return Ok(answer.clone());
        }
        let answer = find()?;
        Ok(known().entry(question.to_owned()).or_insert(answer).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_has_a_bound_for_all_together() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let listing = Listing::new(&Roots::for_project(folder.path()), &Arc::default());
        listing.taken.store(MOST_TAKEN - 4, Ordering::Relaxed);
        assert_eq!(listing.taken("*").unwrap().files.len(), 3);
        assert!(listing.taken("*").unwrap_err().to_string().contains("3,000,000 files on all platforms"));
        assert!(listing.matching("*").is_ok());
    }

    #[test]
    fn all_platforms_see_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        for (name, text) in [("a.py", "one"), ("requirements.txt", "-r more.txt\n"), ("more.txt", "six\n")] {
            write(name, text);
        }
        let roots = Roots::for_project(folder.path());
        let look = |listing: &Listing| {
            let found = listing.python(Path::new("")).unwrap();
            let names: Vec<String> = found.files.iter().map(|file| file.relative.clone()).collect();
            let digest = listing.digest(Path::new("a.py")).unwrap();
            let set = listing.requirements(&["requirements.txt".into()]).unwrap();
            let set: Vec<PathBuf> = set.keys().cloned().collect();
            (
                names,
                digest,
                listing.matching("a.py").unwrap().is_single,
                listing.matching("*.py").unwrap().files.len(),
                set,
            )
        };
        let listing = Listing::new(&roots, &Arc::default());
        let before = look(&listing);
        assert_eq!(before.0, ["a.py", "more.txt", "requirements.txt"]);
        assert_eq!((before.2, before.3, before.4.len()), (true, 1, 2));
        write("a.py", "two");
        write("b.py", "new");
        std::fs::remove_file(folder.path().join("more.txt")).unwrap();
        write("requirements.txt", "");
        assert_eq!(look(&listing), before);
        let after = look(&Listing::new(&roots, &Arc::default()));
        assert_eq!(after.0, ["a.py", "b.py", "requirements.txt"]);
        assert_ne!(after.1, before.1);
    }
}
