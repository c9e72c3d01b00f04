//! The recipe for one platform: overrides applied, defaults filled in, every name checked, every reference resolved.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use super::parts::parts;
use crate::names::{
    self, Allowance, Commit, GitUrl, PlatformId, ProjectName, SourceName, StoreKey, Tag, UpstreamVersion,
};

/// Which release is made.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Release {
    /// The tag of its images.
    pub tag: Tag,
    /// The version of its packages.
    pub version: UpstreamVersion,
    /// The packaging revision.
    pub release: names::Release,
}

/// What is the same on every platform.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Project {
    /// `name`.
    pub name: ProjectName,
    /// `maintainer`, `Name <mail>`.
    pub maintainer: String,
    /// `license`, an SPDX expression.
    pub license: String,
    /// `homepage`, or empty.
    pub homepage: String,
    /// `platforms`, in the recipe's order.
    pub platforms: Vec<PlatformId>,
    /// `official`: its images also get the plain tag.
    pub official: Option<PlatformId>,
    /// `registry`: where `push` goes, `host[:port][/path]`; `--registry` wins.
    pub registry: Option<String>,
    /// `store_keys`: the keys whose signature makes an entry of the store believable, whoever could have written it.
    pub store_keys: Vec<StoreKey>,
    /// `allow`: what of the recipe itself is meant though it is warned of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<Allowance>,
}

/// `[[source]]`: a git repository whose files the recipe uses, as `@<name>/…`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct GitSource {
    /// `name`.
    pub name: SourceName,
    /// `git`: where it is; a path is seen from the project.
    pub git: GitUrl,
    /// `ref`, `{{branch}}` when nothing is said: a branch, a tag or a commit, in which `{{branch}}` and `{{tag}}` stand for
    /// what the command line says.
    pub reference: String,
    /// `submodules`, true when nothing is said.
    pub submodules: bool,
}

/// The files of a source on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Their folder, absolute.
    pub folder: PathBuf,
    /// The commit that they are of.
    pub commit: Commit,
}

/// The sources that are on this machine.
pub type Checkouts = BTreeMap<SourceName, Checkout>;

fn shared<T: serde::Serialize, S: serde::Serializer>(value: &Arc<T>, to: S) -> Result<S::Ok, S::Error> {
    value.as_ref().serialize(to)
}

macro_rules! recipe {
    ($($(#[doc = $doc:literal])* $part:ident => $list:ident: $one:ident,)+) => {
        /// The recipe as one platform sees it.
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
        pub struct Recipe {
            /// What is the same on every platform, and shared by them.
            #[serde(serialize_with = "shared")]
            pub project: Arc<Project>,
            /// `[base]`.
            pub base: BaseMode,
            /// `[python]`, where there is one.
            pub python: Option<PythonApp>,
            $($(#[doc = $doc])* pub $list: Vec<crate::work::$part::recipe::$one>,)+
            /// `[test]`.
            pub test: Tests,
        }
    };
}
parts!(recipe);

/// `[base]`: where base images come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct BaseMode {
    /// `image`: another base image than the platform's.
    pub image: Option<String>,
    /// `bootstrap`: `"fallback"` (default: when the daemon has none and no registry answers), `"always"`, `"never"`.
    pub bootstrap: BootstrapMode,
    /// `mirror`: the archive a bootstrapped base is made from; the tool's default otherwise.
    pub mirror: Option<String>,
    /// `refresh`: after how many days a base image is called old; 7 when nothing is said, 0 for never.
    pub refresh_days: u32,
}

/// When a base image is made from packages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BootstrapMode {
    /// When the daemon has none and it cannot be pulled.
    #[default]
    Fallback,
    /// Always: a registry is never asked.
    Always,
    /// Never.
    Never,
}

/// `[python]`: the virtualenv and its wheels.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PythonApp {
    /// `prefix`: the virtualenv's path in images and packages, e.g. `/opt/canopsis`.
    pub prefix: String,
    /// `requirements` of images without `from` (relative to the project).
    pub requirements: PathBuf,
    /// `constraints`: constraint files (relative to the project).
    pub constraints: Vec<PathBuf>,
    /// `no_binary`: distributions compiled from their sdist, normalised (PEP 503).
    pub no_binary: Vec<String>,
    /// `index_url`: another index than pip's default. Userinfo is refused here: credentials come from `PIP_INDEX_URL` or
    /// pip's own configuration in the environment.
    pub index_url: Option<String>,
    /// `extra_index_urls`.
    pub extra_index_urls: Vec<String>,
    /// `build_packages`: OS packages of the builder, beside the platform's compilers.
    pub build_packages: Vec<String>,
}

/// `[test]`: what `factory test` does with the packages of the recipe.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tests {
    /// `[[test.unit]]`.
    pub units: Vec<UnitCheck>,
}

/// `[[test.unit]]`: one unit whose `ExecStart` is run as systemd would, and what must be true then.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct UnitCheck {
    /// `name`: `canopsis-webserver.service`, `canopsis-engine@cleaner-cleaner_events.service`.
    pub unit: String,
    /// What must be true.
    pub expectation: UnitExpectation,
    /// `within`: seconds until it must be, 30 when nothing is said.
    pub within_s: u32,
}

/// What must be true of a unit that runs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitExpectation {
    /// `http = "http://127.0.0.1:8082/"`, `status = 200`.
    Http {
        /// The URL, seen from inside the container.
        url: String,
        /// The status that must come.
        status: u16,
    },
    /// `alive = 3`: still running after so many seconds.
    Alive {
        /// Seconds.
        seconds: u32,
    },
    /// `skip = "…"`: it is not run.
    Skip {
        /// Why.
        reason: String,
    },
}
