//! Marks a release in its repositories: every reference is resolved and every tag looked at before one is created, moved or
//! deleted. A run that broke off is completed by the same run again.

mod backend;
mod error;
mod forge;
mod git;
mod here;
mod hosts;
pub mod ini;
mod report;
mod run;
mod token;

pub use backend::{Note, Standing, TagBackend};
pub use error::{TagError, Trouble};
pub use forge::backend as forge_backend;
pub use git::Remote;
pub use here::Here;
pub use hosts::{BadHost, TokenHosts};
pub use report::{Listed, troubles};
pub use run::{Outcome, Row, State, Target, run};
pub use token::{Token, TokenError, TokenSource};

use crate::names::{InvalidName, RefName, Tag};

/// What is to become of the tag.
#[derive(Debug, Clone)]
pub struct TagRequest {
    /// Its name.
    pub tag: Tag,
    /// What is done with it.
    pub action: Action,
    /// Whether it is only said what would be done.
    pub dry_run: bool,
}

/// What is done with a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It is created where it is missing.
    Create {
        /// Whether one that is on another commit is moved.
        may_move: bool,
        /// Its text; a lightweight tag has none.
        note: Option<Note>,
    },
    /// It is removed where it is.
    Delete,
}

/// The name of a release as one that git and a server's interface take for a tag.
///
/// # Errors
/// Also for a name that git takes for something else: the hash of a commit, or `a.lock`.
pub fn tag_name(text: &str) -> Result<Tag, InvalidName> {
    let tag = Tag::new(text)?;
    let reference = RefName::new(text)?;
    if crate::names::Commit::new(reference.as_str()).is_ok() || reference.as_str() == "HEAD" {
        let expected = "a name that is neither a commit's hash nor `HEAD`, e.g. 2.5.11";
        return Err(InvalidName { kind: "tag", value: text.to_owned(), expected });
    }
    Ok(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_words_are_no_tags() {
        let hash = "1a2b3c4d".repeat(5);
        for bad in
            ["", "-d", "--force", "a b", "a/b", "../x", "a..b", "$(id)", "x.lock", "x.", "HEAD", &hash, "a\u{1b}[1m"]
        {
            assert!(tag_name(bad).is_err(), "{bad:?}");
        }
        for good in ["2.5.11", "v2.5.0-rc1", "20180712", "_x"] {
            assert!(tag_name(good).is_ok(), "{good:?}");
        }
    }
}
