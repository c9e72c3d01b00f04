//! [`Sound`]: what git is going to read by itself is looked at first, all of it and behind every link: files and folders, no pipe
//! that it would wait for, and nothing outside of the folders that may be read.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use fs_err as fs;

use super::{
    error::WorktreeError,
    place::{Place, is_below},
    plain::{self, broken},
};

/// Most files that are looked at; a repository that was never packed has a hundred thousand.
const MOST_FILES: usize = 5_000_000;
/// How deep folders may be in each other: a reference has as many parts as its name.
const DEEPEST: usize = 200;

/// A look at files before git reads them. Nothing is looked at twice.
#[derive(Debug)]
pub struct Sound {
    bounds: Vec<PathBuf>,
    elsewhere: bool,
    seen: BTreeSet<PathBuf>,
    files: usize,
}

impl Sound {
    /// Nothing was looked at yet; `bounds` are the folders, without links, that everything has to be in.
    pub fn new(bounds: &[PathBuf]) -> Self {
        Self { bounds: bounds.to_vec(), elsewhere: false, seen: BTreeSet::new(), files: 0 }
    }

    /// The same of one's own checkout: its repository is in its git dir, and may borrow objects of folders that lie elsewhere.
    pub fn of_own(place: &Place) -> Self {
        Self { elsewhere: true, ..Self::new(&[place.private.clone(), place.common.clone()]) }
    }

    /// Holds a file, or everything in a folder, to be what git can read. What is not there is not read.
    pub fn check(&mut self, path: &Path) -> Result<(), WorktreeError> {
        self.visit(path, 0)
    }

    /// Holds what git reads in a folder of objects to be what it can read: folders of two digits, `pack` and `info`. The folder may be
    /// anything that a line of `info/alternates` names, and then `is_borrowed`.
    pub fn check_store(&mut self, folder: &Path, is_borrowed: bool) -> Result<(), WorktreeError> {
        let own = self.bounds.len();
        if is_borrowed && self.elsewhere {
            self.bounds.extend(fs::canonicalize(folder));
        }
        let found = self.store(folder);
        self.bounds.truncate(own);
        found
    }

    fn store(&mut self, folder: &Path) -> Result<(), WorktreeError> {
        let Ok(real) = fs::canonicalize(folder) else { return Ok(()) };
        self.bounded(folder, &real)?;
        for entry in fs::read_dir(&real)? {
            let name = entry?.file_name();
            let name = name.as_encoded_bytes();
            if matches!(name, b"pack" | b"info") || (name.len() == 2 && name.iter().all(u8::is_ascii_hexdigit)) {
                self.visit(&real.join(OsStr::from_bytes(name)), 1)?;
            }
        }
        Ok(())
    }

    fn bounded(&self, path: &Path, real: &Path) -> Result<(), WorktreeError> {
        if is_below(real, &self.bounds) {
            return Ok(());
        }
        let path = path.to_owned();
        Err(if self.elsewhere {
            WorktreeError::Led { path }
        } else {
            WorktreeError::Outside { path, target: real.to_owned() }
        })
    }

    fn visit(&mut self, path: &Path, deep: usize) -> Result<(), WorktreeError> {
        // What leads nowhere, or in a circle, is not read either.
        let Ok(real) = fs::canonicalize(path) else { return Ok(()) };
        self.bounded(path, &real)?;
        let meta = fs::symlink_metadata(&real)?;
        if meta.is_dir() {
            return self.folder(&real, deep);
        }
        if meta.is_file() { Ok(()) } else { Err(WorktreeError::Special { path: path.to_owned() }) }
    }

    fn folder(&mut self, folder: &Path, deep: usize) -> Result<(), WorktreeError> {
        if !self.seen.insert(folder.to_owned()) {
            return Ok(());
        }
        if deep > DEEPEST {
            return Err(broken(folder, "is deeper than anything of git"));
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if plain::is_missing(&error) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for entry in entries {
            let entry = entry?;
            self.files += 1;
            if self.files > MOST_FILES {
                return Err(broken(folder, "holds more files than are looked at"));
            }
            let kind = entry.file_type()?;
            // The folder itself is where it may be: so is a file in it that is no link.
            if kind.is_dir() {
                self.folder(&entry.path(), deep + 1)?;
            } else if !kind.is_file() {
                self.visit(&entry.path(), deep + 1)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A folder with one thing in it, and what is said of that.
    fn said(make: &dyn Fn(&Path)) -> Result<(), String> {
        let top = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(top.path()).unwrap();
        let folder = top.join("in");
        fs::create_dir_all(folder.join("a/b")).unwrap();
        fs::create_dir_all(top.join("out/c")).unwrap();
        fs::write(top.join("out/c/file"), "").unwrap();
        fs::write(folder.join("a/b/file"), "").unwrap();
        make(&folder);
        let found = Sound::new(std::slice::from_ref(&folder)).check(&folder);
        found.map_err(|error| error.to_string().replace(&top.display().to_string(), ""))
    }

    fn pipe(path: &Path) {
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    }

    #[test]
    fn pipes_are_found_in_every_folder_and_behind_every_link() {
        assert_eq!(said(&|_| {}), Ok(()));
        let special = |path: &str| Err(format!("`{path}` is no regular file: git would wait for it"));
        assert_eq!(said(&|folder| pipe(&folder.join("a/b/pipe"))), special("/in/a/b/pipe"));
        let behind = |folder: &Path| {
            pipe(&folder.join("a/b/pipe"));
            symlink("b/pipe", folder.join("a/link")).unwrap();
        };
        assert!(said(&behind).is_err_and(|error| error.contains("is no regular file")));
    }

    #[test]
    fn nothing_outside_of_the_bounds_is_read() {
        let links: [(&str, &str); 3] =
            [("../../out", "a/link"), ("../../out/c/file", "a/link"), ("/etc/passwd", "a/b/link")];
        for (target, link) in links {
            let make = |folder: &Path| symlink(target, folder.join(link)).unwrap();
            let error = said(&make).unwrap_err();
            assert!(error.contains("leads to") && error.contains(link), "{error}");
        }
        // Links may stay inside, lead nowhere and lead in a circle.
        for target in ["b", "nowhere", "circle"] {
            assert_eq!(said(&|folder| symlink(target, folder.join("a/circle")).unwrap()), Ok(()), "{target}");
        }
    }
}
