//! `[[image]]`, as a run sees it.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    names::{Allowance, ImageName, Repository, RunAs, User},
    recipe::contents::Content,
    util::toml::Span,
};

/// What an image starts from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageSource {
    /// The platform's base image.
    Base,
    /// Another image of the recipe.
    Image(ImageName),
}

/// `[[image]]`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Image {
    /// `name`: how the recipe calls it.
    pub name: ImageName,
    /// `from`.
    pub from: ImageSource,
    /// `repository`.
    pub repository: Repository,
    /// `dockerfile`: the project's own template (relative to the project), else the built-in one.
    pub dockerfile: Option<PathBuf>,
    /// `requirements`: a requirements set of its own. An image without `from` takes `[python]`'s.
    pub requirements: Option<PathBuf>,
    /// `python`: folders of the project with a `pyproject.toml`, installed into the virtualenv without dependencies.
    pub python: Vec<PathBuf>,
    /// `packages`: OS packages of the run time.
    pub packages: Vec<String>,
    /// `users`: made in this image and known in those made from it.
    pub users: Vec<User>,
    /// `contents`: files of the project put into the image.
    pub contents: Vec<Content>,
    /// `env`.
    pub env: BTreeMap<String, String>,
    /// `expose`: ports and ranges, with the protocol where it is not TCP.
    pub expose: Vec<String>,
    /// `user` it runs as.
    pub user: Option<RunAs>,
    /// `workdir`, absolute.
    pub workdir: Option<String>,
    /// `entrypoint`, exec form.
    pub entrypoint: Vec<String>,
    /// `cmd`, exec form.
    pub cmd: Vec<String>,
    /// `labels`, beside the OCI ones.
    pub labels: BTreeMap<String, String>,
    /// `description`, for `org.opencontainers.image.title`'s neighbour; may be empty.
    pub description: String,
    /// Where the values of its keys are in the recipe.
    #[serde(skip)]
    pub places: BTreeMap<&'static str, Span>,
    /// `allow`: what is meant though it is seldom so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<Allowance>,
}
