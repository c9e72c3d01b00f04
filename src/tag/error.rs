//! [`TagError`]: why a repository has not got its tag.

use super::TokenError;
use crate::{
    names::{Commit, Tag},
    recipe::{ForgePlace, Place, ReleaseRepository, SourceKey},
    source::{
        git::{GitError, WorktreeError},
        http::HttpError,
    },
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
    /// What would get the tag is not what is checked out.
    #[error("{} would get the tag, and this checkout of the repository is at {}: that is not what is built here", commit.short(), head.short())]
    NotHere {
        /// What would get it.
        commit: Commit,
        /// What is checked out.
        head: Commit,
    },
    /// The project's own checkout cannot be asked.
    #[error(transparent)]
    Checkout(#[from] WorktreeError),
    /// A server's interface.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// There is no token for a server's interface.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The server has no such project, or does not show it.
    #[error("there is no such project, or none that the token may see")]
    NoProject,
    /// A server's answer lacks what it should have.
    #[error("the server's answer has no hash of the right commit at `{what}`")]
    Odd {
        /// The field.
        what: String,
    },
    /// The tag is not what it was when it was looked at.
    #[error("somebody has changed the tag {tag} meanwhile")]
    Changed {
        /// The tag.
        tag: Tag,
    },
    /// A tag was not moved, and is where it was.
    #[error("{error}; the tag is back on {}", commit.short())]
    PutBack {
        /// What went wrong.
        error: Box<TagError>,
        /// Where the tag is.
        commit: Commit,
    },
    /// A tag was removed, and neither the new one nor the old one could be created.
    #[error("{error}; and the tag {tag}, which was on {commit}, could not be put back: {second}")]
    Lost {
        /// What went wrong with the new one.
        error: Box<TagError>,
        /// What went wrong with the old one.
        second: Box<TagError>,
        /// The tag.
        tag: Tag,
        /// Where it was.
        commit: Commit,
    },
    /// A server's interface signs nothing.
    #[error("a server's interface cannot sign a tag")]
    Unsigned,
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
        matches!(
            self,
            Self::Git(GitError::Interrupted)
                | Self::Http(HttpError::Interrupted)
                | Self::Token(TokenError::Interrupted)
        )
    }

    /// Whether the user's words are wrong, as opposed to the world.
    #[must_use]
    pub fn is_choice(&self) -> bool {
        match self {
            Self::Git(error) => error.is_choice(),
            Self::Unsigned | Self::Token(_) => true,
            _ => false,
        }
    }

    /// Whether it is about what gets the tag, as opposed to where that is.
    #[must_use]
    pub fn is_of_reference(&self) -> bool {
        match self {
            Self::Git(error) => error.key() == SourceKey::Ref,
            Self::Elsewhere { .. } | Self::NotHere { .. } => true,
            _ => false,
        }
    }

    /// A few words under the place.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Git(error) => error.label(),
            Self::Elsewhere { .. } => "on another commit",
            Self::NotHere { .. } => "not what is checked out",
            Self::NoProject => "not found",
            Self::Token(TokenError::NotBound { .. }) => "not allowed",
            Self::Token(_) => "no token",
            Self::Unsigned => "not signed",
            Self::Http(HttpError::Unreachable { .. }) => "no answer",
            Self::Http(HttpError::Certificate { .. }) => "not trusted",
            Self::Http(HttpError::Status { status: 401 | 403, .. }) => "not let in",
            _ => "this repository",
        }
    }

    /// What to write or to type next.
    #[must_use]
    pub fn help(&self, repository: &ReleaseRepository) -> String {
        match self {
            Self::Git(error) => match &repository.place {
                Place::Git(url) => error.help(url),
                Place::Forge(place) => of_forge(error, place),
            },
            Self::Http(error) => error.help(),
            Self::Token(error) => error.help(),
            Self::NoProject => match &repository.place {
                Place::Forge(place) => format!("is `{}` right, and may the token read it?", place.project),
                Place::Git(_) => "is the address right?".to_owned(),
            },
            Self::Odd { .. } => "is this the address of such an interface?".to_owned(),
            Self::Changed { .. } => "look, and run the same command".to_owned(),
            Self::PutBack { error, .. } => error.help(repository),
            Self::Lost { commit, tag, .. } => format!("create it again when the server is well: `git push … {commit}:refs/tags/{tag}`"),
            Self::Unsigned => "name the repository with `git` instead of `api`".to_owned(),
            Self::Elsewhere { .. } => "`--move` moves it; whoever has fetched the old one keeps that".to_owned(),
            Self::NotHere { head, .. } => format!(
                "push {}, or check out what is to be released, build and test it; or `--allow-dirty`",
                head.short()
            ),
            Self::Checkout(error) => error.help(),
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

/// Advice on a reference that a server's interface was asked for: none of git's own commands would help.
fn of_forge(error: &GitError, place: &ForgePlace) -> String {
    match error {
        GitError::NoReference { near, .. } if near.is_empty() => "the project has no branch".to_owned(),
        GitError::NoReference { near, .. } => format!("there are {}", near.join(", ")),
        GitError::NoCommit { .. } => "was it pushed?".to_owned(),
        GitError::Ambiguous { reference } => format!("say which: `refs/heads/{reference}` or `refs/tags/{reference}`"),
        GitError::NoBranch => "name it: `--branch develop` or `FACTORY_BRANCH=develop`".to_owned(),
        GitError::AmbiguousCommit { .. } => "write the whole hash".to_owned(),
        _ => format!("look at {} on {}", place.project, place.api.host()),
    }
}
