//! Whether the repository that a checkout names is the checkout's own. `.git` may be a file or a link, and says by itself where the
//! repository is: one that was unpacked with an archive can name any on this machine, whose commits and tags would then be told as
//! the project's. So what is outside of the checkout has to name the checkout in turn, as git writes it for linked worktrees
//! (`gitdir` in gitrepository-layout(5)) and for submodules (`core.worktree` in git-config(1)).

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use super::{
    ask,
    error::WorktreeError,
    place::{LONGEST_LINE, Place, trimmed},
    plain,
};

/// The largest configuration that is read, in bytes.
const LARGEST_CONFIG: u64 = 1 << 20;

/// Holds a checkout's repository to be in the checkout, or to name it.
pub fn check(place: &Place) -> Result<(), WorktreeError> {
    let foreign = |folder: &Path| WorktreeError::NotOurs { root: place.root.clone(), repository: folder.to_owned() };
    let inside = |folder: &Path| folder.starts_with(&place.root);
    if !inside(&place.private) && !names_link(place)? && !names_root(place)? {
        return Err(foreign(&place.private));
    }
    // The git dir of a linked worktree is in the repository that it shares.
    if !inside(&place.common) && !place.private.starts_with(&place.common) {
        return Err(foreign(&place.common));
    }
    Ok(())
}

/// Whether the git dir is one of a linked worktree that says where `.git` is.
fn names_link(place: &Place) -> Result<bool, WorktreeError> {
    let Some(line) = plain::read_itself(&place.private.join("gitdir"), LONGEST_LINE)? else { return Ok(false) };
    let named = real(&place.private.join(OsStr::from_bytes(trimmed(&line))));
    Ok(named.is_some_and(|named| Some(named) == real(&place.root.join(".git"))))
}

/// Whether the git dir says that its files are in the checkout's folder.
fn names_root(place: &Place) -> Result<bool, WorktreeError> {
    for name in ["config.worktree", "config"] {
        let home = tempfile::tempdir()?;
        let copy = home.path().join("copy");
        if !plain::copy(&place.private.join(name), &copy, LARGEST_CONFIG)? {
            continue;
        }
        let words = ["--git-dir=/nonexistent", "config", "-z", "--no-includes", "--file"].map(OsStr::new);
        let asked = ["--get", "core.worktree"].map(OsStr::new);
        let words: Vec<&OsStr> = words.into_iter().chain([copy.as_os_str()]).chain(asked).collect();
        let answer = ask::run(&mut ask::alone(home.path(), home.path(), &words), Stdio::null(), 1 << 16, &place.root)?;
        // Anything else is git's word for "not there", or no configuration: then it names nothing.
        if answer.code == Some(0) {
            let path = answer.output.split(|byte| *byte == 0).next().unwrap_or_default();
            if real(&place.private.join(OsStr::from_bytes(path))).is_some_and(|named| named == place.root) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn real(path: &Path) -> Option<PathBuf> {
    fs_err::canonicalize(path).ok()
}
