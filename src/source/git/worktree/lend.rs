//! [`Lent`]: a repository of this machine, as something that git may fetch from.

use std::path::{Path, PathBuf};

use super::{
    error::WorktreeError,
    place::{Caller, Place, is_below},
    scratch::Scratch,
    settings::User,
};

/// A git dir of ours that stands for a repository of this machine; gone with this value.
#[derive(Debug)]
pub struct Lent {
    scratch: Scratch,
    root: PathBuf,
}

impl Lent {
    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.scratch.folder()
    }

    /// The folder of the repository that it stands for, without links.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }
}

/// Lends the repository at an absolute path; `None` where there is none. All of it has to be in the folders of `bounds`, which are
/// free of links; a path that leads out of them is not even looked at.
///
/// # Errors
/// [`WorktreeError`]: also where it belongs to somebody whom the user does not trust.
pub fn lend(path: &Path, bounds: &[PathBuf], caller: &Caller) -> Result<Option<Lent>, WorktreeError> {
    if !may_be_below(path, bounds) {
        return Err(WorktreeError::Outside { path: path.to_owned(), target: path.to_owned() });
    }
    let Some(place) = Place::at(path)? else { return Ok(None) };
    for folder in [&place.root, &place.private, &place.common] {
        if !is_below(folder, bounds) {
            return Err(WorktreeError::Outside { path: folder.clone(), target: folder.clone() });
        }
    }
    if let Some((path, owner)) = place.foreign(caller)?
        && !User::ask(&place.root)?.trusts(&place.root)
    {
        return Err(WorktreeError::Foreign { root: place.root.clone(), path: path.to_owned(), owner });
    }
    let scratch = Scratch::to_fetch_from(&place, bounds)?;
    Ok(Some(Lent { scratch, root: place.root }))
}

/// Whether a path is in one of these folders, as it is written or by what it leads to. Of one that is not, it is not told whether
/// something is there.
#[must_use]
pub fn may_be_below(path: &Path, bounds: &[PathBuf]) -> bool {
    is_below(&lexical(path), bounds) || fs_err::canonicalize(path).is_ok_and(|real| is_below(&real, bounds))
}

/// A path without `.` and `..`, by its text alone.
fn lexical(path: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                found.pop();
            }
            std::path::Component::CurDir => {}
            part => found.push(part),
        }
    }
    found
}
