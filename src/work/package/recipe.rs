//! `[[package]]`, as a run sees it.

use std::path::PathBuf;

use crate::{
    format::facts::{Codec, PackageFormat},
    names::{Allowance, ImageName, Override, PackageName, Scripts, User},
    recipe::contents::Content,
};

/// `[[package]]`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Package {
    /// `name`.
    pub name: PackageName,
    /// `from`: files come out of a container of this image; `None` where all of them are the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<ImageName>,
    /// `epoch`, 0 when nothing is said: what package managers compare before the version. Never in a file's name.
    #[serde(skip_serializing_if = "is_zero")]
    pub epoch: u32,
    /// `formats`: what is made of it, where more or other than the platform's own is asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<Asked>,
    /// `summary`: one line.
    pub summary: String,
    /// `description`: paragraphs; may be empty.
    pub description: String,
    /// `section`, `misc` when nothing is said.
    pub section: String,
    /// `priority`, `optional` when nothing is said.
    pub priority: String,
    /// `contents`, and before them `dir`.
    pub contents: Vec<Content>,
    /// `collect`: finished packages in the container, paths or globs. Where there are some, nothing else is set but
    /// `name` and `from`: the packages say the rest themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub collect: Vec<String>,
    /// `without`: what these packages of the recipe already ship is left out.
    pub without: Vec<PackageName>,
    /// `users`, made before unpacking.
    pub users: Vec<User>,
    /// `scripts`: texts of the project's files.
    pub scripts: Scripts,
    /// `auto_depends`: whether what its programs and libraries need is searched for and written into it.
    #[serde(skip_serializing_if = "is_yes")]
    pub auto_depends: bool,
    /// `maintainer`, where it is another one than the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintainer: Option<String>,
    /// `license`, where it is another one than the project's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// `architecture`, where its files do not say it themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<Architecture>,
    /// `pre_depends`: what must work before it is unpacked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pre_depends: Vec<String>,
    /// `enhances`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub enhances: Vec<String>,
    /// `depends` and so on, in the format's syntax, with `{{version}}` replaced by the full version of the package of the
    /// recipe that is named, else of this one: with its epoch.
    pub depends: Vec<String>,
    /// `recommends`.
    pub recommends: Vec<String>,
    /// `suggests`.
    pub suggests: Vec<String>,
    /// `conflicts`.
    pub conflicts: Vec<String>,
    /// `breaks`.
    pub breaks: Vec<String>,
    /// `replaces`.
    pub replaces: Vec<String>,
    /// `provides`.
    pub provides: Vec<String>,
    /// `copyright` and the licence text.
    pub copyright: Copyright,
    /// `changelog`: a file of the project (relative), else one entry is made of the release.
    pub changelog: Option<PathBuf>,
    /// `lintian`: overrides with their reasons.
    pub overrides: Vec<Override>,
    /// `allow`: what is meant though it is seldom so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<Allowance>,
}

/// `architecture`, in the words of deb-control(5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// `"any"`: that of the machine, whatever is in it.
    Any,
    /// `"all"`: every one. Programs for another machine in it are data.
    All,
}

/// One word of `formats`: a format, and a codec where the word says one.
pub type Asked = (PackageFormat, Option<Codec>);

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's interface")]
fn is_zero(epoch: &u32) -> bool {
    *epoch == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's interface")]
fn is_yes(is_so: &bool) -> bool {
    *is_so
}

/// Who holds the copyright.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Copyright {
    /// `copyright`: `2015-2026 Capensis`; the maintainer otherwise.
    pub holder: String,
    /// `license_file` (relative to the project): the whole text.
    pub license_file: Option<PathBuf>,
}
