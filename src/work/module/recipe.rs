//! `[[module]]`, as a run sees it.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    names::{Machine, PackageName, PythonVersion, Sha256},
    util::toml::Span,
};

/// One module on one machine of Windows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Module {
    /// `name`: of its file, `<name>.cab`.
    pub name: PackageName,
    /// `requirements`: what pins its packages.
    pub requirements: PathBuf,
    /// Where that is in the recipe.
    #[serde(skip)]
    pub requirements_at: Span,
    /// `folder`: where it is installed, without a backslash at its end. It works from there only.
    pub folder: String,
    /// `python`: its version where nobody names one.
    #[serde(skip)]
    pub python: Option<PythonVersion>,
    /// `runtimes`, by version.
    #[serde(skip)]
    pub runtimes: BTreeMap<PythonVersion, Runtime>,
    /// Where they are in the recipe.
    #[serde(skip)]
    pub runtimes_at: Span,
    /// `runtime_dlls`: a folder with the libraries of the C runtime, for Windows that has none.
    pub runtime_dlls: Option<PathBuf>,
    /// `postinstall`: the script that agents run when it was unpacked.
    pub postinstall: Option<PathBuf>,
    /// `strip`: patterns of what is left out, beside what always is.
    pub strip: Vec<String>,
    /// `contents`: further files of the project.
    pub contents: Vec<ModuleContent>,
    /// `must_have`: patterns of files that its test looks for.
    #[serde(skip)]
    pub must_have: Vec<String>,
    /// `must_not_have`: patterns of files that its test must not find.
    #[serde(skip)]
    pub must_not_have: Vec<String>,
    /// What it runs on.
    pub machine: Machine,
}

/// Where a CPython for Windows is from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Runtime {
    /// `kind`.
    pub kind: RuntimeKind,
    /// `url` or `file`, with `sha256`.
    pub from: RuntimeSource,
}

/// How a CPython for Windows is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuntimeKind {
    /// The NuGet package `python`, `pythonx86` or `pythonarm64`.
    Nuget,
}

/// Where its archive is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuntimeSource {
    /// On a server.
    Url {
        /// Where.
        url: String,
        /// Of its bytes.
        sha256: Sha256,
    },
    /// In the project or a source.
    File {
        /// Where.
        file: PathBuf,
        /// Of its bytes, where that is said.
        sha256: Option<Sha256>,
    },
}

/// One entry of its `contents`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ModuleContent {
    /// A path or a glob of the project.
    pub src: String,
    /// Where it goes in the module, relative; empty for its top.
    pub dst: String,
    /// Where `src` is in the recipe.
    #[serde(skip)]
    pub at: Span,
}
