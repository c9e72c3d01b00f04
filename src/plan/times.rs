//! [`Times`]: the time of what is made: that of the last commit that changed a file of the project that goes into it.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::{
    names::in_source,
    source::git::{Change, Changed, History, Parts},
    util::state,
};

/// What says how old files of the project are. All of a plan ask the same one; git lists commits once, as far as they need.
#[derive(Debug, Default)]
pub struct Times {
    /// Of the commit that is checked out, or of everything, where nothing else tells.
    now: i64,
    /// The project's folder.
    project: PathBuf,
    known: Option<Mutex<Known>>,
}

#[derive(Debug)]
struct Known {
    history: History,
    /// What no commit has as it is, below the project's folder.
    changed: Vec<Changed>,
    /// What was asked before.
    answers: HashMap<String, Option<i64>>,
    /// Whether something is dated by the end of a shallow history.
    guessed: bool,
}

impl Times {
    /// The same time for everything, in seconds since 1970 UTC.
    #[must_use]
    pub fn fixed(now: i64) -> Self {
        Self { now, ..Self::default() }
    }

    /// The times of a checkout: what is `changed` in it has that of its commit, `now`.
    #[must_use]
    pub fn new(history: History, project: &Path, changed: Vec<Changed>, now: i64) -> Self {
        let known = Known { history, changed, answers: HashMap::new(), guessed: false };
        Self { now, project: project.to_owned(), known: Some(Mutex::new(known)) }
    }

    /// The time of something that is made of files of the project: the latest of theirs. Without any it is that of the last commit
    /// that changed the recipe, which is no part of anything itself.
    #[must_use]
    pub fn latest(&self, times: &[Option<i64>]) -> i64 {
        let latest = times.iter().flatten().max().copied();
        latest.or_else(|| self.last("the recipe", || Parts::default().with_file("factory.toml"))).unwrap_or(self.now)
    }

    /// When the last of some files was changed, by a word of the caller's for them; `None` where no commit has any of them.
    #[must_use]
    pub fn last(&self, word: &str, parts: impl FnOnce() -> Parts) -> Option<i64> {
        let Some(known) = &self.known else { return Some(self.now) };
        let known = || known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = known().answers.get(word) {
            return *answer;
        }
        let mut parts = parts();
        // Sources are no files of the project, wherever they were checked out.
        let is_own = |path: &PathBuf| !path.starts_with(state::NAME) && in_source(&path.to_string_lossy()).is_none();
        parts.files.retain(is_own);
        parts.folders.retain(is_own);
        let mut known = known();
        let answer = known.find(&parts, self.now);
        known.answers.insert(word.to_owned(), answer);
        answer
    }

    /// A path of the project, as [`Parts`] has it; `None` of one that is elsewhere, as in a source.
    #[must_use]
    pub fn own(&self, path: &Path) -> Option<PathBuf> {
        self.known.as_ref()?;
        path.strip_prefix(&self.project).ok().map(Path::to_owned)
    }

    /// What should be said of these times, where they may be those of other commits.
    #[must_use]
    pub fn doubt(&self) -> Option<String> {
        let known = self.known.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(broke) = known.history.broke() {
            return Some(format!(
                "the commits cannot all be listed, so that what is older is dated by the last one: {broke}"
            ));
        }
        let text = "this clone has no older commits (it is shallow), so that what they changed is dated by the oldest one that is \
                    here, and may be of other bytes elsewhere; `git fetch --unshallow` brings them, `SOURCE_DATE_EPOCH` sets a time";
        known.guessed.then(|| text.to_owned())
    }
}

impl Known {
    fn find(&mut self, parts: &Parts, now: i64) -> Option<i64> {
        // Nothing is in no commit, which git would find out at the end of its list.
        if parts.files.is_empty() {
            return None;
        }
        // Of a folder that no commit knows, only its own path is told.
        let counts = |change: &Changed| {
            parts.files.contains(&change.path)
                || change.removed && change.path.ancestors().any(|folder| parts.folders.contains(folder))
                || !change.known && parts.files.iter().any(|file| file.starts_with(&change.path))
        };
        if self.changed.iter().any(counts) {
            return Some(now);
        }
        match self.history.last(parts) {
            Some(Change { time, is_end, .. }) => {
                self.guessed |= is_end;
                Some(time)
            }
            None if self.history.broke().is_some() => Some(now),
            None => None,
        }
    }
}
