//! `[[wapt]]`, as a run sees it.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    names::{Allowance, ImageName, PackageName},
    util::toml::Span,
};

/// One WAPT package. It is made once, on one platform: agents are not those of the platforms.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Wapt {
    /// `package`: its name.
    pub package: String,
    /// Attributes of its control file, checked; `{{version}}` and `{{release}}` are not filled in.
    pub attributes: BTreeMap<String, String>,
    /// What the project says and a package's folder may leave empty: `maintainer`, `licence`, `homepage`.
    pub defaults: BTreeMap<String, String>,
    /// `dir`: a package's folder of the project, with its `WAPT/control`; the recipe's attributes win.
    pub dir: Option<PathBuf>,
    /// `from`: the image whose container files come out of.
    pub from: Option<ImageName>,
    /// `contents`.
    pub contents: Vec<WaptContent>,
    /// `setup`: the file that becomes `setup.py`.
    pub setup: Option<PathBuf>,
    /// `icon`: the file that becomes `WAPT/icon.png`.
    pub icon: Option<PathBuf>,
    /// `file_name = "1.8"`: the file is named as WAPT 1.8 does.
    pub old_name: bool,
    /// `allow`: what is meant though it is seldom so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<Allowance>,
    /// What should be said of it.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// One entry of its `contents`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct WaptContent {
    /// Where it is from.
    pub src: WaptSource,
    /// Where it goes in the package, relative; empty for its top.
    pub dst: String,
    /// Where `src` is in the recipe.
    #[serde(skip)]
    pub at: Span,
}

/// Where files are from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaptSource {
    /// The container: a path or a glob.
    Container(String),
    /// The project: a path or a glob.
    Project(String),
    /// The files of a `[[package]]` of the recipe, made in the same run.
    Package(PackageName),
}
