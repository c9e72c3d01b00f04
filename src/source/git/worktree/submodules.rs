//! Which commits submodules are at, read from their files: git would read their configuration, with whatever that includes.

use std::path::Path;

use fs_err as fs;

use super::{
    error::WorktreeError,
    place::{Place, is_below},
    plain::is_missing,
    refs::{self, Head},
    sound::Sound,
};

/// What is known of a submodule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submodule {
    /// It is not checked out, or is at its commit.
    Same,
    /// It is at another commit, is gone, or holds files and is no repository.
    Different,
    /// Its repository is neither in this checkout nor in the repository of it: what it is at is not looked at.
    Elsewhere,
}

/// Holds a submodule against the commit that it should be at.
pub fn compare(outer: &Place, path: &Path, commit: &str) -> Result<Submodule, WorktreeError> {
    let folder = outer.root.join(path);
    match fs::symlink_metadata(&folder) {
        Ok(meta) if meta.is_dir() => {}
        Ok(_) => return Ok(Submodule::Different),
        Err(error) if is_missing(&error) => return Ok(Submodule::Different),
        Err(error) => return Err(error.into()),
    }
    if let Err(error) = fs::symlink_metadata(folder.join(".git")) {
        if !is_missing(&error) {
            return Err(error.into());
        }
        let empty = fs::read_dir(&folder)?.next().is_none();
        return Ok(if empty { Submodule::Same } else { Submodule::Different });
    }
    let bounds = [outer.root.clone(), outer.common.clone()];
    // A `.git` that leads elsewhere is not even followed.
    let Some(inner) = Place::in_bounds(&folder, &bounds)? else { return Ok(Submodule::Elsewhere) };
    let inside = [&inner.private, &inner.common].into_iter().all(|folder| is_below(folder, &bounds));
    if !inside {
        return Ok(Submodule::Elsewhere);
    }
    let mut sound = Sound::new(&bounds);
    let files = ["HEAD", "refs"].map(|name| inner.private.join(name));
    for file in files.iter().chain(&["refs", "packed-refs"].map(|name| inner.common.join(name))) {
        match sound.check(file) {
            Err(WorktreeError::Outside { .. }) => return Ok(Submodule::Elsewhere),
            checked => checked?,
        }
    }
    Ok(match refs::head(&inner)? {
        Head::Commit(head) if head.as_str() == commit => Submodule::Same,
        _ => Submodule::Different,
    })
}
