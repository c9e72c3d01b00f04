//! A repository that a release tags, with the places of its words in the text that names it. Asks no server.

use crate::{
    names::{ApiUrl, ForgeKind, ForgeProject, GitUrl},
    util::toml::Span,
};

/// A repository that a release tags: a `[[repository]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRepository {
    /// How it is called: its `name`.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// What of it gets the tag: a branch, a tag or a commit, in which `{{branch}}` and `{{tag}}` stand for what the command
    /// line says; `{{branch}}` when nothing is said.
    pub reference: String,
    /// Where the text says where it is.
    pub place_at: Span,
    /// Where the text says what gets the tag; the name where it does not.
    pub reference_at: Span,
}

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `git`: git itself is asked; a path is seen from the project.
    Git(GitUrl),
    /// `api` and `project`: the server's own interface.
    Forge(ForgePlace),
}

/// A project behind a server's interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgePlace {
    /// `forge`, or what the address tells.
    pub kind: ForgeKind,
    /// `api`.
    pub api: ApiUrl,
    /// `project`.
    pub project: ForgeProject,
    /// `token_env`: the variable that holds the token, where it is not the usual one.
    pub token_env: Option<String>,
}
