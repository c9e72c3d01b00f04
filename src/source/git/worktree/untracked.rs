//! Files of a checkout that no commit knows, found by a walk of our own: git itself would look into every repository that is
//! in this one. Of git it is only asked which of them are ignored.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    io::{Seek as _, Write as _},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Path, PathBuf},
};

use fs_err as fs;

use super::{
    error::WorktreeError,
    index::{Index, Part},
    objects::{Objects, is_named},
    plain::{self, broken},
    scratch::Scratch,
};
use crate::names::Commit;

/// Most files that are looked at.
const MOST_FILES: usize = 5_000_000;
/// The largest answer of git about what is ignored, in bytes.
const LARGEST_ANSWER: u64 = 256 << 20;
/// The largest `.gitignore` above the part that is asked about, in bytes.
const LARGEST_LIST: u64 = 1 << 20;

/// What git reads wherever it is.
const READ: [&str; 2] = [".gitattributes", ".gitignore"];

/// What a walk has found. Paths are from the root of the checkout.
#[derive(Debug, Default)]
pub struct Walk {
    /// Files and folders that the index does not know; of a folder that it does not know at all only its own path.
    pub untracked: BTreeSet<PathBuf>,
    /// Folders in the place of files that the index knows.
    pub replaced: Vec<PathBuf>,
    files: usize,
}

impl Walk {
    /// Walks a part of a checkout. What git will read on its way is held to be a file: it waits for a pipe.
    pub fn new(part: &Part<'_>, index: &Index) -> Result<Self, WorktreeError> {
        let top = part.root.join(part.below);
        for folder in top.ancestors().take_while(|folder| folder.starts_with(part.root)) {
            check(folder)?;
        }
        readable(&part.root.join(".gitmodules"))?;
        let mut walk = Self::default();
        if part.below.as_os_str().is_empty() || index.has_folder(part.below) {
            walk.known(part, part.below, index)?;
        } else {
            // Nothing of the folder is in a commit.
            walk.untracked.insert(part.below.to_owned());
        }
        Ok(walk)
    }

    /// A folder that the index knows files of.
    fn known(&mut self, part: &Part<'_>, folder: &Path, index: &Index) -> Result<(), WorktreeError> {
        let mut waiting = vec![folder.to_owned()];
        while let Some(folder) = waiting.pop() {
            let place = part.root.join(&folder);
            check(&place)?;
            for entry in fs::read_dir(&place)? {
                let entry = entry?;
                self.count(&place)?;
                let (path, kind) = (folder.join(entry.file_name()), entry.file_type()?);
                if entry.file_name() == ".git" || index.is_submodule(&path) {
                    continue;
                }
                match (kind.is_dir(), index.has(&path)) {
                    (true, true) => self.replaced.push(path),
                    (true, false) if index.has_folder(&path) => waiting.push(path),
                    (is_folder, false)
                        if (is_folder || kind.is_file() || kind.is_symlink()) && !part.exempts(&path) =>
                    {
                        self.untracked.insert(path);
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// The files of a folder that the index knows nothing of.
    fn unknown(&mut self, folder: &Path) -> Result<Vec<PathBuf>, WorktreeError> {
        let (mut found, mut waiting) = (Vec::new(), vec![folder.to_owned()]);
        while let Some(place) = waiting.pop() {
            check(&place)?;
            for entry in fs::read_dir(&place)? {
                let entry = entry?;
                self.count(&place)?;
                let kind = entry.file_type()?;
                if entry.file_name() == ".git" {
                    continue;
                }
                if kind.is_dir() {
                    waiting.push(entry.path());
                } else if kind.is_file() || kind.is_symlink() {
                    found.push(entry.path());
                }
            }
        }
        Ok(found)
    }

    fn count(&mut self, folder: &Path) -> Result<(), WorktreeError> {
        self.files += 1;
        if self.files > MOST_FILES { Err(broken(folder, "holds more files than are looked at")) } else { Ok(()) }
    }

    /// What of it is not ignored: files, and folders with a file in them that is not.
    pub fn counts(mut self, ignoring: &Ignoring<'_>) -> Result<Vec<PathBuf>, WorktreeError> {
        let part = ignoring.part;
        let ask = |paths: &BTreeSet<PathBuf>| ignoring.ignored(paths);
        let candidates = std::mem::take(&mut self.untracked);
        let hidden = ask(&candidates)?;
        let (mut found, mut below) = (Vec::new(), BTreeMap::new());
        for path in candidates.into_iter().filter(|path| !hidden.contains(path)) {
            let place = part.root.join(&path);
            if !fs::symlink_metadata(&place).is_ok_and(|meta| meta.is_dir()) {
                found.push(path);
                continue;
            }
            let files = self.unknown(&place)?;
            let file = |file: PathBuf| file.strip_prefix(part.root).map(Path::to_owned).ok();
            let files = files.into_iter().filter_map(file).filter(|path| !part.exempts(path));
            below.extend(files.map(|file| (file, path.clone())));
        }
        let hidden = ask(&below.keys().cloned().collect())?;
        let counting = below.into_iter().filter(|(file, _)| !hidden.contains(file)).map(|(_, folder)| folder);
        // As git writes a folder: with a slash at its end.
        found.extend(counting.collect::<BTreeSet<_>>().into_iter().map(|folder| folder.join("")));
        Ok(found)
    }
}

/// Who says what is ignored.
#[derive(Debug, Clone, Copy)]
pub struct Ignoring<'p> {
    /// What is asked about.
    pub part: &'p Part<'p>,
    /// Where git is asked.
    pub scratch: &'p Scratch,
    /// What the checkout's index has.
    pub index: &'p Index,
    /// The commit that is checked out.
    pub head: Option<&'p Commit>,
}

impl Ignoring<'_> {
    /// Those of these paths that git ignores, as a file says that a commit may hold, or the user's own list does: a `.gitignore` that
    /// the index does not know hides nothing, nor does one above the part that is not as it was committed. One in the part that was
    /// changed is a change itself.
    fn ignored(&self, paths: &BTreeSet<PathBuf>) -> Result<BTreeSet<PathBuf>, WorktreeError> {
        if paths.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut list = tempfile::tempfile()?;
        // With `./` before it no name is a pattern: `:(top)x`.
        for path in paths {
            list.write_all(&[b"./", path.as_os_str().as_bytes(), b"\0"].concat())?;
        }
        list.rewind()?;
        let root = self.part.root;
        let words = ["check-ignore", "--no-index", "-v", "-z", "--stdin"].map(OsStr::new);
        let answer = self.scratch.ask(root, &words, Some(list), LARGEST_ANSWER)?;
        // 1 is git's word for "none of them".
        let answer = if answer.code == Some(1) { answer.output } else { answer.good(root)? };
        let fields: Vec<&[u8]> = answer.split(|byte| *byte == 0).collect();
        let (mut found, mut sources) = (BTreeSet::new(), BTreeMap::new());
        for entry in fields.chunks_exact(4) {
            let [source, _line, pattern, path] = entry else { continue };
            let source = PathBuf::from(OsString::from_vec(source.to_vec()));
            let path = PathBuf::from(OsStr::from_bytes(path.strip_prefix(b"./").unwrap_or(path)));
            let counts = match sources.get(&source) {
                Some(counts) => *counts,
                None => self.counts(&source)?,
            };
            sources.insert(source, counts);
            if !pattern.starts_with(b"!") && counts {
                found.insert(path);
            }
        }
        Ok(found)
    }

    /// Whether what a file ignores is ignored.
    fn counts(&self, source: &Path) -> Result<bool, WorktreeError> {
        if source.is_absolute() {
            return Ok(true);
        }
        if !self.index.has(source) || source.starts_with(self.part.below) {
            return Ok(self.index.has(source));
        }
        let Some(head) = self.head else { return Ok(false) };
        let objects = Objects { scratch: self.scratch, root: self.part.root };
        let Some(blob) = objects.file(head, source)? else { return Ok(false) };
        let bytes = plain::read(&self.part.root.join(source), LARGEST_LIST)?.unwrap_or_default();
        Ok(is_named("blob", &bytes, &blob.object))
    }
}

/// Holds what git reads in a folder to be regular.
fn check(folder: &Path) -> Result<(), WorktreeError> {
    READ.iter().try_for_each(|name| readable(&folder.join(name)))
}

fn readable(path: &Path) -> Result<(), WorktreeError> {
    match fs::metadata(path) {
        Ok(meta) if !meta.is_file() && !meta.is_dir() => Err(WorktreeError::Special { path: path.to_owned() }),
        // What is not there, or leads nowhere, is not read.
        _ => Ok(()),
    }
}
