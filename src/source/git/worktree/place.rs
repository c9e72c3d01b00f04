//! Where the checkout of a folder is: found by looking upward for `.git`, and nothing else. A folder that only looks like a
//! bare repository is none.

use std::{
    ffi::OsStr,
    io,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use fs_err as fs;

use super::{
    error::WorktreeError,
    plain::{self, broken, is_missing},
};

/// The longest file that holds one path or one reference, in bytes.
pub const LONGEST_LINE: u64 = 1 << 14;

/// Who asks, and what is heeded of git's environment variables.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// `GIT_CEILING_DIRECTORIES`: folders that are not entered on the way up.
    pub ceilings: Vec<PathBuf>,
    /// `SUDO_UID`: who asked root to look.
    pub sudo: Option<u32>,
}

/// The folders of a checkout, absolute and without links.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder with `.git`.
    pub root: PathBuf,
    /// What only this checkout has: `HEAD`, `index`.
    pub private: PathBuf,
    /// What its worktrees share: objects and references.
    pub common: PathBuf,
    /// `.git` itself, a folder or a file.
    entry: PathBuf,
}

impl Place {
    /// The checkout that a folder is in; `None` where no `.git` is in it or above it.
    pub fn find(folder: &Path, caller: &Caller) -> Result<Option<Self>, WorktreeError> {
        let folder = fs::canonicalize(folder)?;
        let ceilings: Vec<PathBuf> = caller.ceilings.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
        for (steps, root) in folder.ancestors().enumerate() {
            if steps > 0 && ceilings.iter().any(|ceiling| ceiling == root) {
                return Ok(None);
            }
            let entry = root.join(".git");
            match fs::symlink_metadata(&entry) {
                Ok(_) => return Self::from_entry(root, entry).map(Some),
                Err(error) if is_missing(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// The repository at a path, found as git itself finds one that is fetched from (`enter_repo` in its path.c): in the folder's
    /// `.git`, in the folder itself, or the same with `.git` behind the name; `None` where there is none.
    pub fn at(path: &Path) -> Result<Option<Self>, WorktreeError> {
        let mut with_end = path.as_os_str().to_owned();
        with_end.push(".git");
        for path in [path, Path::new(&with_end)] {
            let root = match fs::canonicalize(path) {
                Ok(root) if root.is_dir() => root,
                Ok(_) => continue,
                Err(error) if is_missing(&error) || error.kind() == io::ErrorKind::InvalidInput => continue,
                Err(error) => return Err(error.into()),
            };
            if fs::symlink_metadata(root.join(".git")).is_ok() {
                return Self::from_entry(&root, root.join(".git")).map(Some);
            }
            if fs::symlink_metadata(root.join("HEAD")).is_ok() && root.join("objects").is_dir() {
                return Self::from_entry(&root, root.clone()).map(Some);
            }
        }
        Ok(None)
    }

    /// The repository of the submodule in a folder, where its `.git` leads to one of these folders; `None` where it does not, or
    /// where there is none at the other end.
    pub fn in_bounds(root: &Path, bounds: &[PathBuf]) -> Result<Option<Self>, WorktreeError> {
        let entry = root.join(".git");
        let found = match private(&entry) {
            Ok(private) if is_below(&private, bounds) => Self::with(root, entry, private),
            Ok(_) => return Ok(None),
            Err(error) => Err(error),
        };
        match found {
            Err(WorktreeError::Gone { .. } | WorktreeError::Broken { .. } | WorktreeError::Led { .. }) => Ok(None),
            found => found.map(Some),
        }
    }

    fn from_entry(root: &Path, entry: PathBuf) -> Result<Self, WorktreeError> {
        let private = private(&entry)?;
        Self::with(root, entry, private)
    }

    fn with(root: &Path, entry: PathBuf, private: PathBuf) -> Result<Self, WorktreeError> {
        let common = match plain::read_itself(&private.join("commondir"), LONGEST_LINE)? {
            Some(line) => folder_at(&private.join("commondir"), &private, trimmed(&line))?,
            None => private.clone(),
        };
        for name in ["objects", "refs"] {
            if !common.join(name).is_dir() {
                return Err(broken(&entry, &format!("is no repository of git: it has no folder `{name}`")));
            }
        }
        Ok(Self { root: root.to_owned(), private, common, entry })
    }

    /// What of it belongs to somebody else than who asks: git trusts no such checkout, and neither does this program.
    pub fn foreign(&self, caller: &Caller) -> Result<Option<(&Path, u32)>, WorktreeError> {
        let me = rustix::process::geteuid().as_raw();
        let is_mine = |owner: u32| owner == me || (me == 0 && caller.sudo == Some(owner));
        for path in [&self.entry, &self.root, &self.private, &self.common] {
            for meta in [fs::symlink_metadata(path)?, fs::metadata(path)?] {
                if !is_mine(meta.uid()) {
                    return Ok(Some((path, meta.uid())));
                }
            }
        }
        Ok(None)
    }
}

/// Whether a path is in one of these folders.
pub fn is_below(path: &Path, folders: &[PathBuf]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}

/// The git dir that `.git` is, or leads to.
fn private(entry: &Path) -> Result<PathBuf, WorktreeError> {
    match fs::metadata(entry) {
        Ok(meta) if meta.is_dir() => Ok(fs::canonicalize(entry)?),
        Ok(_) => led_to(entry),
        Err(error) if is_missing(&error) => Err(WorktreeError::Gone { file: entry.to_owned() }),
        Err(error) => Err(error.into()),
    }
}

/// Where a file `.git` leads to: `gitdir: <path>`.
fn led_to(file: &Path) -> Result<PathBuf, WorktreeError> {
    let bytes = plain::read(file, LONGEST_LINE)?.unwrap_or_default();
    let path = bytes.strip_prefix(b"gitdir: ").ok_or_else(|| broken(file, "does not say where the repository is"))?;
    folder_at(file, file.parent().unwrap_or(Path::new("/")), trimmed(path))
}

/// A folder that a file names, from the folder that its paths begin at.
fn folder_at(file: &Path, from: &Path, name: &[u8]) -> Result<PathBuf, WorktreeError> {
    let target = from.join(OsStr::from_bytes(name));
    let gone = || WorktreeError::Gone { file: file.to_owned() };
    match fs::canonicalize(&target) {
        Ok(folder) if folder.is_dir() => Ok(folder),
        Ok(_) => Err(gone()),
        Err(error) if is_missing(&error) || error.kind() == io::ErrorKind::InvalidInput => Err(gone()),
        Err(error) => Err(error.into()),
    }
}

/// One line without its end.
pub fn trimmed(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |at| at + 1);
    &line[..end]
}
