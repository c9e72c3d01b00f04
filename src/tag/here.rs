//! [`Here`]: the checkout of the project. Where its own repository gets the tag, that goes to the commit that is checked out: another
//! one is not what is built here.

use super::TagError;
use crate::{
    names::{Commit, GitUrl},
    source::git::{Worktree, WorktreeError},
};

/// What is checked out, and how its repository is known among those that get the tag.
#[derive(Debug)]
pub struct Here<'w> {
    worktree: &'w Worktree,
    head: &'w Commit,
    remotes: Vec<GitUrl>,
}

impl<'w> Here<'w> {
    /// Of a checkout; `None` where nothing is committed.
    ///
    /// # Errors
    /// [`WorktreeError`].
    pub fn new(worktree: &'w Worktree) -> Result<Option<Self>, WorktreeError> {
        let Some(head) = worktree.commit() else { return Ok(None) };
        Ok(Some(Self { worktree, head, remotes: worktree.remotes()? }))
    }

    /// Whether an address is one of the checkout's own repository.
    #[must_use]
    pub fn is_own(&self, url: &GitUrl) -> bool {
        self.remotes.iter().any(|remote| remote.is_same_repository(url))
    }

    /// Refuses to tag another commit of the checkout's own repository. That a repository is this one is known by its address
    /// (`is_own`), or by the commit itself, where the checkout has it.
    pub(super) fn check(&self, commit: &Commit, is_own: bool) -> Result<(), TagError> {
        if commit == self.head || !(is_own || self.worktree.has(commit)?) {
            return Ok(());
        }
        Err(TagError::NotHere { commit: commit.clone(), head: self.head.clone() })
    }
}
