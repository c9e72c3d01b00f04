//! [`TagError`]: why a repository has not got its tag.

use crate::{
    names::{Commit, Tag},
    recipe::{ReleaseRepository, SourceKey},
    source::git::GitError,
};

/// Why a repository has not got its tag.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TagError {
    /// Git.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The tag is there, on another commit than it should be.
    #[error("the tag {tag} is there already, on {}, not on {}", at.short(), wanted.short())]
    Elsewhere {
        /// The tag.
        tag: Tag,
        /// Where it is.
        at: Commit,
        /// Where it should be.
        wanted: Commit,
    },
    /// The object of an annotated tag could not be made.
    #[error("the tag could not be {}: {reason}", if *sign { "signed" } else { "written" })]
    Object {
        /// Git's words.
        reason: String,
        /// Whether it was to be signed.
        sign: bool,
    },
}

/// A repository that something is wrong with.
#[derive(Debug)]
pub struct Trouble {
    /// Which, counted from 0 in the order of the text.
    pub index: usize,
    /// What.
    pub error: TagError,
}

impl TagError {
    /// Whether the run was stopped.
    #[must_use]
    pub fn is_interruption(&self) -> bool {
        matches!(self, Self::Git(GitError::Interrupted))
    }

    /// Whether the user's words are wrong, as opposed to the world.
    #[must_use]
    pub fn is_choice(&self) -> bool {
        match self {
            Self::Git(error) => error.is_choice(),
            Self::Elsewhere { .. } | Self::Object { .. } => false,
        }
    }

    /// Whether it is about what gets the tag, as opposed to where that is.
    #[must_use]
    pub fn is_of_reference(&self) -> bool {
        match self {
            Self::Git(error) => error.key() == SourceKey::Ref,
            Self::Elsewhere { .. } => true,
            Self::Object { .. } => false,
        }
    }

    /// A few words under the place.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Git(error) => error.label(),
            Self::Elsewhere { .. } => "on another commit",
            Self::Object { .. } => "this repository",
        }
    }

    /// What to write or to type next.
    #[must_use]
    pub fn help(&self, repository: &ReleaseRepository) -> String {
        match self {
            Self::Git(error) => error.help(&repository.git),
            Self::Elsewhere { .. } => "`--move` moves it; whoever has fetched the old one keeps that".to_owned(),
            Self::Object { sign: true, .. } => {
                "git signs with `user.signingKey`, as `gpg.format` says: `git tag --sign` in any checkout must work without \
                 a question"
                    .to_owned()
            }
            Self::Object { .. } => {
                "an annotated tag has an author: `git config --global user.name …`, `git config --global user.email …`"
                    .to_owned()
            }
        }
    }
}
