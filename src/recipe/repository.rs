//! A repository that a release tags, with the places of its words in the text that names it. Asks no server.

use crate::{names::GitUrl, util::toml::Span};

/// A repository that a release tags: a `[[repository]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRepository {
    /// How it is called: its `name`.
    pub name: String,
    /// Where it is: `git`; a path is seen from the project.
    pub git: GitUrl,
    /// What of it gets the tag: a branch, a tag or a commit, in which `{{branch}}` and `{{tag}}` stand for what the command
    /// line says; `{{branch}}` when nothing is said.
    pub reference: String,
    /// Where the text says where it is.
    pub place_at: Span,
    /// Where the text says what gets the tag; the name where it does not.
    pub reference_at: Span,
}
