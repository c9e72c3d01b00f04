//! When commits changed the files of the project: git lists the commits of its folder, the newest first, each with the files
//! that differ from all of its parents. The list is read as far as somebody asks, in one call of git.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    io::{BufRead as _, BufReader, Read as _},
    ops::Bound,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
};

use super::{
    Worktree,
    ask::{self, TIMEOUT},
    error::WorktreeError,
};
use crate::util::clock::{CEILING, FLOOR};

/// The most that git may say of one commit or one path, and in all, in bytes: three million commits of a file each.
const LONGEST: u64 = 1 << 16;
const LARGEST: u64 = 1 << 29;
/// Commits that are read before somebody asks for them.
const AHEAD: usize = 64;

/// Files that somebody wants the last change of, relative to the project's folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// They are there.
    pub files: BTreeSet<PathBuf>,
    /// What was removed below these is a change, too.
    pub folders: BTreeSet<PathBuf>,
}

impl Parts {
    /// These and one more file.
    #[must_use]
    pub fn with_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.insert(path.into());
        self
    }
}

/// When a file was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The commit's place in the list: the newest is 0.
    pub place: usize,
    /// Its time, in seconds since 1970 UTC.
    pub time: i64,
    /// Whether the history that is there ends with it (a shallow clone): then it may have been changed before.
    pub is_end: bool,
    /// Whether the file is gone since.
    removed: bool,
}

/// One commit, and the files that it changed.
struct Listed {
    change: Change,
    /// With whether each was removed.
    files: Vec<(PathBuf, bool)>,
}

/// The last changes of the project's files, as far as they were asked for.
#[derive(Debug)]
pub struct History {
    /// The git dir that git reads; gone with this value.
    worktree: Worktree,
    listed: Receiver<Result<Listed, WorktreeError>>,
    last: BTreeMap<PathBuf, Change>,
    /// Why git could list no more commits.
    broke: Option<WorktreeError>,
    ended: bool,
}

impl Worktree {
    /// The history of the commit that is checked out; `None` where there is none yet.
    ///
    /// # Errors
    /// [`WorktreeError`], when git cannot be started.
    pub fn history(self) -> Result<Option<History>, WorktreeError> {
        let Some(commit) = self.commit() else { return Ok(None) };
        // No simplification: what is told of a file depends on no other one. `--raw` needs no content, which a partial clone lacks.
        let mut words: Vec<OsString> =
            ["log", "--full-history", "-c", "--raw", "-z", "--no-renames", "--abbrev=4", "--no-color"]
                .map(OsString::from)
                .into();
        words.extend(["--no-show-signature", "--format=format:%H %ct%x00", commit.as_str(), "--"].map(OsString::from));
        let mut below = OsString::from(":(top,literal)");
        below.push(&self.below);
        words.push(if self.below.as_os_str().is_empty() { ".".into() } else { below });
        let words: Vec<&OsStr> = words.iter().map(OsString::as_os_str).collect();
        let git = self.scratch.command(&self.place.root, &words);
        let ends = self.scratch.ends()?;
        let (send, listed) = sync_channel(AHEAD);
        let reader = Reader { below: self.below.clone(), root: self.place.root.clone(), ends, send };
        let running = ask::start(git, &self.place.root)?;
        std::thread::spawn(move || reader.read(running));
        Ok(Some(History { worktree: self, listed, last: BTreeMap::new(), broke: None, ended: false }))
    }
}

impl History {
    /// The last commit that changed one of these files; `None` where none did, or git cannot list it.
    pub fn last(&mut self, parts: &Parts) -> Option<Change> {
        let mut known: Vec<Change> = parts.files.iter().filter_map(|path| self.last.get(path).copied()).collect();
        for folder in &parts.folders {
            let below = self.last.range::<Path, _>((Bound::Included(folder.as_path()), Bound::Unbounded));
            let below = below.take_while(|(path, _)| path.starts_with(folder));
            known.extend(below.map(|(_, change)| *change).filter(|change| change.removed));
        }
        if let Some(found) = known.into_iter().min_by_key(|change| change.place) {
            return Some(found);
        }
        while let Some((change, files)) = self.next() {
            let counts = |(path, removed): &(PathBuf, bool)| {
                parts.files.contains(path) || *removed && path.ancestors().any(|folder| parts.folders.contains(folder))
            };
            if files.iter().any(counts) {
                return Some(change);
            }
        }
        None
    }

    /// Why git could list no more commits, where it could not.
    #[must_use]
    pub fn broke(&self) -> Option<&WorktreeError> {
        self.broke.as_ref()
    }

    /// The next commit, with the files that no later one changed.
    fn next(&mut self) -> Option<(Change, Vec<(PathBuf, bool)>)> {
        if self.ended {
            return None;
        }
        match self.listed.recv_timeout(TIMEOUT) {
            Ok(Ok(Listed { change, mut files })) => {
                files.retain(|(path, _)| !self.last.contains_key(path));
                for (path, removed) in &files {
                    self.last.insert(path.clone(), Change { removed: *removed, ..change });
                }
                Some((change, files))
            }
            broken => {
                self.ended = true;
                self.broke = match broken {
                    Ok(Err(error)) => Some(error),
                    Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                        Some(WorktreeError::Silent { root: self.worktree.place.root.clone() })
                    }
                    // It has listed all of them.
                    _ => None,
                };
                None
            }
        }
    }
}

/// Reads what git lists, as fast as it is asked for.
struct Reader {
    below: PathBuf,
    root: PathBuf,
    ends: BTreeSet<Vec<u8>>,
    send: SyncSender<Result<Listed, WorktreeError>>,
}

impl Reader {
    fn read(self, mut git: ask::Running) {
        // The answer is no longer wanted: git is stopped, and that is all.
        match self.list(&mut git) {
            Ok(true) => {
                if let Err(error) = git.end(&self.root) {
                    let _gone = self.send.send(Err(error));
                }
            }
            Ok(false) => git.stop(),
            Err(error) => {
                git.stop();
                let _gone = self.send.send(Err(error));
            }
        }
    }

    /// Sends every commit; `false` when the next one is not wanted.
    fn list(&self, git: &mut ask::Running) -> Result<bool, WorktreeError> {
        let failed = |reason: &str| WorktreeError::Failed { root: self.root.clone(), reason: reason.to_owned() };
        let mut words = BufReader::new(git.output().take(LARGEST));
        let mut now: Option<Listed> = None;
        let mut count = 0;
        let mut word = Vec::new();
        let mut next = |word: &mut Vec<u8>| -> Result<bool, WorktreeError> {
            word.clear();
            (&mut words).take(LONGEST).read_until(0, word)?;
            match word.pop() {
                None => Ok(false),
                Some(0) => Ok(true),
                // What comes last has no NUL behind it.
                Some(other) => {
                    word.push(other);
                    if word.len() as u64 >= LONGEST {
                        Err(failed("it gave a longer path than any is"))
                    } else {
                        Ok(true)
                    }
                }
            }
        };
        while next(&mut word)? {
            let line: &[u8] = word.strip_prefix(b"\n").unwrap_or(&word);
            if line.is_empty() {
                continue;
            }
            if line.starts_with(b":") {
                let removed = line.ends_with(b"D");
                if !next(&mut word)? {
                    return Err(failed("it gave a line of another form"));
                }
                let path = Path::new(OsStr::from_bytes(&word));
                if let (Some(now), Ok(path)) = (&mut now, path.strip_prefix(&self.below)) {
                    now.files.push((path.to_owned(), removed));
                }
                continue;
            }
            let change = self.change(line, count).ok_or_else(|| failed("it gave a line of another form"))?;
            count += 1;
            if let Some(done) = now.replace(Listed { change, files: Vec::new() })
                && self.send.send(Ok(done)).is_err()
            {
                return Ok(false);
            }
        }
        Ok(now.is_none_or(|done| self.send.send(Ok(done)).is_ok()))
    }

    /// `<commit> <seconds>`. A time that no archive has is the next one that it has.
    fn change(&self, line: &[u8], place: usize) -> Option<Change> {
        let (commit, time) = std::str::from_utf8(line).ok()?.split_once(' ')?;
        let time = time.parse::<i64>().ok()?.clamp(FLOOR, CEILING);
        Some(Change { place, time, is_end: self.ends.contains(commit.as_bytes()), removed: false })
    }
}
