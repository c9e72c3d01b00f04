//! What the user said, and what it means for a project: its platforms, its release, its places.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use tokio_util::sync::CancellationToken;

use super::PipelineError;
use crate::{
    names::{PlatformId, Release as ReleaseNumber, Tag, UnclearVersion, UpstreamVersion},
    platform::{Catalogue, Platform},
    recipe::Release,
    source::{
        git::{Caller, Worktree},
        variables::Variables,
    },
};

/// What the user said, before anything is read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Cancelled when the answer is no longer wanted: no further file is read.
    pub cancel: CancellationToken,
    /// The project's folder.
    pub project: PathBuf,
    /// Platform ids or aliases; empty for all of the recipe.
    pub platforms: Vec<String>,
    /// The release's tag, where one is named.
    pub tag: Option<String>,
    /// The branch of the sources, where one is named.
    pub branch: Option<String>,
    /// The packaging revision.
    pub release: ReleaseNumber,
    /// `SOURCE_DATE_EPOCH`.
    pub source_date_epoch: Option<String>,
    /// `WHEEL_DIR`.
    pub wheel_dir: Option<PathBuf>,
    /// `PIP_INDEX_URL`.
    pub index_url: Option<String>,
    /// `PIP_EXTRA_INDEX_URL`.
    pub extra_index_urls: Option<String>,
    /// Whether there is a CA bundle.
    pub ca: bool,
    /// Whether every file is read, whatever is known of it.
    pub paranoid: bool,
    /// Who asks git.
    pub caller: Caller,
    /// Whether it is of no account which release it is: what a command does that needs none.
    pub any_release: bool,
    /// What requirements may name as `${NAME}`.
    pub variables: Variables,
}

/// The platforms that the user asked for, in the recipe's order; all of the recipe's when none was asked for.
pub(super) fn choose<'a>(
    asked: &[String],
    catalogue: &'a Catalogue,
    recipe: &[PlatformId],
) -> Result<Vec<&'a Platform>, PipelineError> {
    let mut wanted = BTreeMap::new();
    for text in asked {
        let platform = catalogue.find(text)?;
        if !recipe.contains(&platform.id) {
            let known = recipe.iter().map(PlatformId::as_str).collect::<Vec<_>>().join(", ");
            return Err(PipelineError::ForeignPlatform { id: platform.id.clone(), known });
        }
        wanted.insert(platform.id.clone(), platform);
    }
    let all = recipe.iter().filter_map(|id| catalogue.get(id));
    Ok(if wanted.is_empty() {
        all.collect()
    } else {
        all.filter(|platform| wanted.contains_key(&platform.id)).collect()
    })
}

/// The release of a run, and how it is known.
pub(super) struct Named {
    pub(super) release: Release,
    /// Whether something names it; else it is made up.
    pub(super) is_released: bool,
    /// The other tags on the commit, where one of them named it.
    pub(super) beside: Vec<String>,
}

/// The release as [`named`] has it; where nothing names one and none is needed, a made-up one.
pub(super) fn release(options: &Options, folder: &Path) -> Result<Named, PipelineError> {
    let none = options.any_release && options.tag.is_none();
    match named(options, folder) {
        Err(PipelineError::NoTag | PipelineError::Version(_) | PipelineError::Name(_)) if none => {
            let tag = Tag::new("0")?;
            let version = UpstreamVersion::from_tag(&tag)?;
            let release = Release { tag, version, release: options.release };
            Ok(Named { release, is_released: false, beside: Vec::new() })
        }
        found => found,
    }
}

/// The release: the tag that was named, else the one that is on the checkout's commit.
fn named(options: &Options, folder: &Path) -> Result<Named, PipelineError> {
    let mut beside = match &options.tag {
        Some(tag) => vec![tag.clone()],
        None => match Worktree::find(folder, &options.caller)? {
            Some(worktree) => worktree.tags()?,
            None => Vec::new(),
        },
    };
    if beside.is_empty() {
        return Err(PipelineError::NoTag);
    }
    let text = beside.remove(0);
    let tag = Tag::new(text.as_str()).map_err(|error| match UnclearVersion::of_word(&text) {
        Some(unclear) => PipelineError::Version(unclear),
        None => PipelineError::Name(error),
    })?;
    let version = UpstreamVersion::from_tag(&tag)?;
    Ok(Named { release: Release { tag, version, release: options.release }, is_released: true, beside })
}

pub(super) fn absolute(folder: &Path, path: &Path) -> PathBuf {
    if path.is_absolute() { path.to_owned() } else { folder.join(path) }
}
