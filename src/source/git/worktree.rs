//! [`Worktree`]: the project's own checkout. The only place that asks git about the project; sources that the recipe names
//! are taken in the modules beside this one.
//!
//! A checkout is as hostile as whoever it was cloned from. Git is asked through a git dir of our own (`scratch.rs`) with a
//! configuration of ours: nothing that the repository configures has an effect, no hook, filter or monitor runs, nothing is
//! fetched. References are read from files, and only `.git` itself makes a folder a checkout.

mod ask;
mod back;
mod changes;
mod error;
mod history;
mod index;
mod lend;
mod objects;
mod place;
mod plain;
mod refs;
mod scratch;
mod settings;
mod sound;
mod submodules;
mod untracked;

use std::{
    cmp::Reverse,
    ffi::OsStr,
    path::{Path, PathBuf},
};

pub use changes::Changed;
pub use error::WorktreeError;
pub use history::{Change, History, Parts};
pub use lend::{Lent, lend, may_be_below};
pub use place::Caller;

use self::{index::Part, objects::Objects, place::Place, refs::Head, scratch::Scratch, settings::User};
use crate::{
    names::{Commit, GitUrl},
    util::clock::{CEILING, FLOOR},
};

/// Most names that are told.
const TOLD: usize = 200;
/// The largest answer that is one line, or one line for each tag on a commit.
const SMALL: u64 = 1 << 20;

/// The project's own checkout.
#[derive(Debug)]
pub struct Worktree {
    place: Place,
    /// The project's folder below the checkout's.
    below: PathBuf,
    head: Head,
    scratch: Scratch,
}

/// Where a checkout is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// The commit as [`Worktree::revision`] names it.
    pub revision: String,
    /// What of the project's folder is in no commit as it is: paths below that folder.
    pub changed: Vec<Changed>,
    /// The same as people read it: at most 200.
    pub told: Vec<String>,
}

/// A tag that is on another commit than that which is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// The tag.
    pub tag: String,
    /// Its commit.
    pub commit: Commit,
    /// What is checked out; `None` where nothing is committed.
    pub head: Option<Commit>,
}

impl Elsewhere {
    /// In words.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { tag, commit, head } = self;
        let head = head.as_ref().map_or("no commit", Commit::short);
        format!(
            "the git tag `{tag}` is on {}, and the checkout is at {head}: this is not what that tag holds",
            commit.short()
        )
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        let name = &self.tag;
        format!("`git checkout {name}` has what it holds; another release gets another `--tag`")
    }
}

impl Worktree {
    /// The checkout that a folder is in; `None` where there is none: no `.git` in the folder or above it.
    ///
    /// # Errors
    /// [`WorktreeError`]: a checkout that is there and cannot be asked is never taken for none.
    pub fn find(folder: &Path, caller: &Caller) -> Result<Option<Self>, WorktreeError> {
        let Some(place) = Place::find(folder, caller)? else { return Ok(None) };
        back::check(&place)?;
        let user = User::ask(&place.root)?;
        if let Some((path, owner)) = place.foreign(caller)?
            && !user.trusts(&place.root)
        {
            return Err(WorktreeError::Foreign { root: place.root.clone(), path: path.to_owned(), owner });
        }
        let (scratch, head) = Scratch::new(&place, &user)?;
        let folder = fs_err::canonicalize(folder)?;
        let below = folder.strip_prefix(&place.root).unwrap_or(Path::new("")).to_owned();
        Ok(Some(Self { place, below, head, scratch }))
    }

    /// The commit that is checked out; `None` where there is none yet.
    #[must_use]
    pub fn commit(&self) -> Option<&Commit> {
        match &self.head {
            Head::Commit(commit) => Some(commit),
            Head::Unborn => None,
        }
    }

    /// The time of that commit, in seconds since 1970 UTC, from 1980 to 2106.
    ///
    /// # Errors
    /// [`WorktreeError`].
    pub fn time(&self) -> Result<Option<i64>, WorktreeError> {
        let Some(commit) = self.commit() else { return Ok(None) };
        let text = self.objects().commit(commit)?;
        let seconds = objects::time(&text).unwrap_or_default();
        match seconds.parse() {
            Ok(time) if (FLOOR..=CEILING).contains(&time) => Ok(Some(time)),
            _ => Err(WorktreeError::Time { seconds: seconds.escape_debug().to_string() }),
        }
    }

    /// The tags that are exactly on that commit, the one first that names it: of several the newest annotated one, else the
    /// first one by name. The others follow by name.
    ///
    /// # Errors
    /// [`WorktreeError`].
    pub fn tags(&self) -> Result<Vec<String>, WorktreeError> {
        let Some(commit) = self.commit() else { return Ok(Vec::new()) };
        self.scratch.with_tags(&self.place)?;
        let on = format!("--points-at={commit}");
        let format = "--format=%(taggerdate:unix) %(refname:strip=2)";
        let answer = self.ask(&["for-each-ref", &on, format, "refs/tags"])?;
        let text = String::from_utf8_lossy(&answer);
        let mut found: Vec<(i64, &str)> = text
            .lines()
            .filter_map(|line| line.split_once(' '))
            // A lightweight tag has no date.
            .map(|(date, name)| (date.parse().unwrap_or(i64::MIN), name))
            .collect();
        let best = found.iter().enumerate().max_by_key(|(place, (date, _))| (*date, Reverse(*place)));
        if let Some(at) = best.map(|(place, _)| place) {
            found[..=at].rotate_right(1);
        }
        Ok(found.into_iter().map(|(_, name)| name.to_owned()).collect())
    }

    /// Whether the repository of the checkout has a commit.
    ///
    /// # Errors
    /// [`WorktreeError`].
    pub fn has(&self, commit: &Commit) -> Result<bool, WorktreeError> {
        let name = format!("{commit}^{{commit}}");
        let words = ["cat-file", "-e", &name].map(OsStr::new);
        Ok(self.scratch.ask(&self.place.root, &words, None, SMALL)?.code == Some(0))
    }

    /// Whether the index has a file of the folder, also one that git would ignore.
    ///
    /// # Errors
    /// [`WorktreeError`].
    pub fn tracks(&self, name: &str) -> Result<bool, WorktreeError> {
        let path = format!(":(top,literal){}", self.below.join(name).to_string_lossy());
        Ok(!self.ask(&["ls-files", "-z", "--", &path])?.is_empty())
    }

    /// The addresses that the repository's own configuration has for others. They are a stranger's words: to be compared, never asked.
    ///
    /// # Errors
    /// [`WorktreeError`].
    pub fn remotes(&self) -> Result<Vec<GitUrl>, WorktreeError> {
        self.scratch.remotes(&self.place.root)
    }

    /// Where a release's tag is, if there is one of that name and it is on another commit than that which is checked
    /// out. `v1.0` and `1.0` name one release.
    ///
    /// # Errors
    /// [`WorktreeError`].
    pub fn elsewhere(&self, release: &str) -> Result<Option<Elsewhere>, WorktreeError> {
        let other = release.strip_prefix('v').map_or_else(|| format!("v{release}"), str::to_owned);
        let all = refs::tags(&self.place)?;
        let known = |name: &String| all.get(format!("refs/tags/{name}").as_bytes()).cloned();
        let candidates = [release.to_owned(), other];
        let Some((tag, object)) = candidates.iter().find_map(|name| Some((name.clone(), known(name)?))) else {
            return Ok(None);
        };
        if self.tags()?.iter().any(|name| candidates.contains(name)) {
            return Ok(None);
        }
        // Where history ends early its commit may be missing: its own digest says as well that it is another one.
        let commit = self.ask(&["rev-parse", "--verify", "--quiet", &format!("refs/tags/{tag}^{{commit}}")]).ok();
        let commit = commit.and_then(|answer| Commit::new(String::from_utf8_lossy(&answer).trim()).ok());
        Ok(Some(Elsewhere { tag, commit: commit.unwrap_or(object), head: self.commit().cloned() }))
    }

    /// The commit with `-dirty` behind it when [`Worktree::changes`] finds something; empty where there is none yet.
    ///
    /// # Errors
    /// [`WorktreeError`].
    pub fn revision(&self, except: &[String]) -> Result<String, WorktreeError> {
        Ok(self.standing(except)?.revision)
    }

    /// The commit as [`Worktree::revision`] names it, and what of the project's folder is in no commit as it is: paths below
    /// that folder.
    ///
    /// # Errors
    /// [`WorktreeError`].
    pub fn standing(&self, except: &[String]) -> Result<Standing, WorktreeError> {
        let Some(commit) = self.commit() else { return Ok(Standing::default()) };
        let changed = self.changed(except)?;
        let revision = if changed.is_empty() { commit.to_string() } else { format!("{commit}-dirty") };
        let told = self.told(&changed);
        let own = |change: Changed| {
            let path = change.path.strip_prefix(&self.below).ok()?.to_owned();
            Some(Changed { path, ..change })
        };
        Ok(Standing { revision, changed: changed.into_iter().filter_map(own).collect(), told })
    }

    /// Files of the project's folder that differ from the commit or are in none, but for those that git ignores and those
    /// below `except` (relative to it, with `/`): at most 200 of them, as people read them.
    ///
    /// # Errors
    /// [`WorktreeError`].
    pub fn changes(&self, except: &[String]) -> Result<Vec<String>, WorktreeError> {
        Ok(self.told(&self.changed(except)?))
    }

    /// The first of what differs, as people read it.
    fn told(&self, changed: &[Changed]) -> Vec<String> {
        let below = match self.below.to_string_lossy() {
            whole if whole.is_empty() => String::new(),
            below => format!("{below}/"),
        };
        let shown = |changed: &Changed| {
            let path = changed.path.to_string_lossy();
            let name = path.strip_prefix(&below).unwrap_or(&path);
            // Nothing of the folder is in a commit.
            let name = if name.is_empty() { "./".to_owned() } else { name.escape_debug().to_string() };
            name + changed.note
        };
        changed.iter().take(TOLD).map(shown).collect()
    }

    fn changed(&self, except: &[String]) -> Result<Vec<Changed>, WorktreeError> {
        let part = Part { root: &self.place.root, below: &self.below, except };
        changes::of(&part, &self.place, &self.scratch, self.commit())
    }

    fn objects(&self) -> Objects<'_> {
        Objects { scratch: &self.scratch, root: &self.place.root }
    }

    fn ask(&self, words: &[&str]) -> Result<Vec<u8>, WorktreeError> {
        let words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
        self.scratch.ask(&self.place.root, &words, None, SMALL)?.good(&self.place.root)
    }
}

#[cfg(test)]
mod tests;
