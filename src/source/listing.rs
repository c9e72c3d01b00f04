//! [`Listing`]: what the paths of a recipe name, looked at once for a plan: a folder is walked and a file read once, however
//! many platforms ask for it, and all of them see the same.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    project::{Found, SourceError},
    requirements,
    roots::Roots,
};
use crate::{names::Sha256, util::digests::Digests};

/// The files that some path or pattern names.
pub type Files = Arc<Found>;

/// The texts of a requirements set, by the recipe's paths.
pub type Requirements = Arc<BTreeMap<PathBuf, String>>;

/// What was found so far.
#[derive(Debug)]
pub struct Listing {
    roots: Roots,
    digests: Arc<Digests>,
    folders: Memo<PathBuf, Files>,
    patterns: Memo<String, Files>,
    files: Memo<PathBuf, Sha256>,
    requirements: Memo<Vec<PathBuf>, Requirements>,
}

impl Listing {
    /// Nothing yet.
    #[must_use]
    pub fn of(roots: &Roots, digests: &Arc<Digests>) -> Self {
        Self {
            roots: roots.clone(),
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
    fn all_platforms_see_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        for (name, text) in [("a.py", "one"), ("requirements.txt", "-r more.txt\n"), ("more.txt", "six\n")] {
            write(name, text);
        }
        let roots = Roots::of(folder.path());
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
        let listing = Listing::of(&roots, &Arc::default());
        let before = look(&listing);
        assert_eq!(before.0, ["a.py", "more.txt", "requirements.txt"]);
        assert_eq!((before.2, before.3, before.4.len()), (true, 1, 2));
        write("a.py", "two");
        write("b.py", "new");
        std::fs::remove_file(folder.path().join("more.txt")).unwrap();
        write("requirements.txt", "");
        assert_eq!(look(&listing), before);
        let after = look(&Listing::of(&roots, &Arc::default()));
        assert_eq!(after.0, ["a.py", "b.py", "requirements.txt"]);
        assert_ne!(after.1, before.1);
    }
}
