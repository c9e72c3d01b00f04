//! Repositories of this machine: which of them a recipe may name, and how one is read. Git itself never looks at one: its
//! configuration and its hooks are those of whoever made it. What is fetched comes out of a git dir of our own that has its
//! objects by reference and a copy of its references.

use std::path::{Path, PathBuf};

use super::{
    error::GitError,
    worktree::{Caller, Lent, WorktreeError, lend, may_be_below},
};
use crate::names::{GitUrl, Transport};

/// Which repositories of this machine a recipe may name.
#[derive(Debug, Clone, Default)]
pub struct Local {
    /// The project's folder: what is in it may be fetched from.
    pub project: PathBuf,
    /// The folders that the user named (`FACTORY_LOCAL_GIT`): what is in them may be fetched from and pushed to.
    pub named: Vec<PathBuf>,
    /// Who asks.
    pub caller: Caller,
}

/// What git is given for the address of a repository; gone with this value where it is a folder of ours.
#[derive(Debug)]
pub enum Address {
    /// The address itself.
    Network(String),
    /// A folder of ours that stands for a repository of this machine.
    Lent(Lent, String),
}

impl Address {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Network(text) | Self::Lent(_, text) => text,
        }
    }
}

/// How git is called at the other end of a push to a repository of this machine: no hook and no other program that its
/// configuration names is run, and nothing is tidied up there. Its files stay as they are: a branch that is checked out there is
/// refused, since filters would run (`receive.denyCurrentBranch = updateInstead`).
pub const RECEIVE: &str = "git -c core.hooksPath=/dev/null -c core.alternateRefsCommand=true -c core.fsmonitor=false \
                           -c receive.autogc=false -c receive.denyCurrentBranch=refuse \
                           -c gc.auto=0 -c maintenance.auto=false -c core.logAllRefUpdates=false receive-pack";

impl Local {
    /// What git is given to fetch from an address.
    ///
    /// # Errors
    /// A repository of this machine that is not there, or may not be read.
    pub async fn to_fetch_from(&self, url: &GitUrl) -> Result<Address, GitError> {
        if url.transport() != Transport::Local {
            return Ok(Address::Network(url.as_str().to_owned()));
        }
        let (local, url) = (self.clone(), url.clone());
        let lent = tokio::task::spawn_blocking(move || local.lend(&url, &local.readable(), false)).await;
        let lent = lent.map_err(|error| GitError::Io(std::io::Error::other(error)))??;
        let text = lent.folder().display().to_string();
        Ok(Address::Lent(lent, text))
    }

    /// Holds a repository of this machine to be one that may be pushed to; others are no matter of this. It is not looked at yet.
    ///
    /// # Errors
    /// [`GitError::NotAllowed`].
    pub fn may_push_to(&self, url: &GitUrl) -> Result<(), GitError> {
        let path = url.local_path();
        if url.transport() != Transport::Local || may_be_below(&path, &real(&self.named)) {
            return Ok(());
        }
        Err(GitError::NotAllowed { path, push: true })
    }

    /// The folder of the repository of this machine that is pushed to; `None` for an address elsewhere.
    ///
    /// # Errors
    /// One that is not there, or that the user did not allow.
    pub async fn to_push_to(&self, url: &GitUrl) -> Result<Option<PathBuf>, GitError> {
        if url.transport() != Transport::Local {
            return Ok(None);
        }
        let (local, url) = (self.clone(), url.clone());
        let lent = tokio::task::spawn_blocking(move || local.lend(&url, &real(&local.named), true)).await;
        let lent = lent.map_err(|error| GitError::Io(std::io::Error::other(error)))??;
        Ok(Some(lent.root().to_owned()))
    }

    fn readable(&self) -> Vec<PathBuf> {
        let mut all = real(&self.named);
        all.extend(real(std::slice::from_ref(&self.project)));
        all
    }

    fn lend(&self, url: &GitUrl, bounds: &[PathBuf], push: bool) -> Result<Lent, GitError> {
        let path = url.local_path();
        let refuse = |path: &Path| GitError::NotAllowed { path: path.to_owned(), push };
        // Where nothing is allowed, nothing is even looked for.
        let absolute = path.is_absolute() && !path.as_os_str().as_encoded_bytes().contains(&0);
        if bounds.is_empty() || !absolute {
            return Err(refuse(&path));
        }
        match lend(&path, bounds, &self.caller) {
            Ok(Some(lent)) => Ok(lent),
            Ok(None) => {
                let reason = format!("'{}' does not appear to be a git repository", path.display());
                Err(GitError::NoRepository { reason })
            }
            Err(WorktreeError::Foreign { root, .. }) => Err(GitError::Ownership { folder: root.display().to_string() }),
            Err(WorktreeError::Outside { path, target }) if path == target => Err(refuse(&path)),
            Err(error) => Err(GitError::Local(Box::new(error))),
        }
    }
}

/// Folders without the links that lead to them; those that are not there allow nothing.
fn real(folders: &[PathBuf]) -> Vec<PathBuf> {
    folders.iter().filter_map(|folder| fs_err::canonicalize(folder).ok()).collect()
}
