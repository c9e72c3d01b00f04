//! The part of a checkout that is asked about, and what git's index knows of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use super::{
    error::WorktreeError,
    objects::{Blob, SUBMODULE, is_plain},
    scratch::Scratch,
};

/// The largest list of an index, in bytes.
const LARGEST: u64 = 256 << 20;

/// The checkout and the part of it that is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Part<'p> {
    /// The folder with `.git`.
    pub root: &'p Path,
    /// The part, below `root`; empty for all of it.
    pub below: &'p Path,
    /// Paths below the part that do not belong to it.
    pub except: &'p [String],
}

impl Part<'_> {
    /// Whether a path, from `root`, does not belong to the part.
    pub fn exempts(&self, path: &Path) -> bool {
        path.strip_prefix(self.below).is_ok_and(|path| self.except.iter().any(|except| path.starts_with(except)))
    }

    /// Whether a path, from `root`, is in this part.
    pub fn counts(&self, path: &Path) -> bool {
        path.starts_with(self.below) && !self.exempts(path)
    }
}

/// The files that the index knows, and what else it says of each.
#[derive(Debug, Default)]
pub struct Index {
    /// Its files, links and submodules.
    pub files: BTreeMap<PathBuf, Blob>,
    folders: BTreeSet<PathBuf>,
    /// Paths that two sides of a merge have changed.
    pub unmerged: BTreeSet<PathBuf>,
    /// Those that git was told not to look at.
    pub assumed: Vec<PathBuf>,
    /// Those that git was told not to have.
    pub skipped: Vec<PathBuf>,
}

impl Index {
    pub fn read(root: &Path, scratch: &Scratch) -> Result<Self, WorktreeError> {
        let words = ["ls-files", "-z", "-s", "-v", "--full-name"].map(OsStr::new);
        let listed = scratch.ask(root, &words, None, LARGEST)?.good(root)?;
        let mut index = Self::default();
        for line in listed.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            index.take(line).ok_or_else(|| WorktreeError::odd(root))?;
        }
        Ok(index)
    }

    /// `<state> <mode> <object> <stage>TAB<path>`; a stage other than 0 is a side of a merge.
    fn take(&mut self, line: &[u8]) -> Option<()> {
        let tab = line.iter().position(|byte| *byte == b'\t')?;
        let path = PathBuf::from(OsStr::from_bytes(&line[tab + 1..]));
        if !line[tab + 1..].split(|byte| *byte == b'/').all(is_plain) {
            return None;
        }
        let words: Vec<&str> = std::str::from_utf8(&line[..tab]).ok()?.split(' ').collect();
        let [state, mode, object, side] = words.as_slice() else { return None };
        let blob = Blob { mode: u32::from_str_radix(mode, 8).ok()?, object: (*object).to_owned() };
        let state = state.bytes().next()?;
        if state.is_ascii_lowercase() {
            self.assumed.push(path.clone());
        }
        if state.eq_ignore_ascii_case(&b'S') {
            self.skipped.push(path.clone());
        }
        let above = path.ancestors().skip(1).take_while(|folder| !folder.as_os_str().is_empty());
        for folder in above {
            if !self.folders.insert(folder.to_owned()) {
                break;
            }
        }
        if *side != "0" {
            self.unmerged.insert(path.clone());
        }
        self.files.insert(path, blob);
        Some(())
    }

    /// Whether it knows a file, a link or a submodule of this path.
    pub fn has(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    /// Whether it knows something below this path.
    pub fn has_folder(&self, path: &Path) -> bool {
        self.folders.contains(path)
    }

    /// Whether this path is a submodule.
    pub fn is_submodule(&self, path: &Path) -> bool {
        self.files.get(path).is_some_and(|blob| blob.mode == SUBMODULE)
    }

    /// Its submodules.
    pub fn submodules(&self) -> impl Iterator<Item = (&PathBuf, &Blob)> {
        self.files.iter().filter(|(_, blob)| blob.mode == SUBMODULE)
    }
}
