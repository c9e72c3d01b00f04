//! [`Passed`]: what a test that passed leaves: which packages and images it was, in `.factory/records/<platform>/test.json`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{Subject, TrialError};
use crate::{
    build::RECORDS,
    names::{PlatformId, Sha256, Tag},
    util::{clock, state::State},
};

/// What passed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Passed {
    /// The release's tag.
    pub tag: Tag,
    /// The packages, by name.
    pub packages: BTreeMap<String, Sha256>,
    /// The images that they were taken from, and those beside them: name -> id.
    pub images: BTreeMap<String, String>,
    /// When, RFC 3339.
    pub finished: String,
}

impl Passed {
    /// Keeps what passed.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn keep(subject: &Subject, project: &Path) -> Result<(), TrialError> {
        let packages = subject.packages.iter().map(|package| (package.name.clone(), package.sha256.clone())).collect();
        let passed = Self {
            tag: subject.tag.clone(),
            packages,
            images: subject.images.clone(),
            finished: clock::rfc3339(clock::now()),
        };
        let text = serde_json::to_vec_pretty(&passed).map_err(std::io::Error::from)?;
        Ok(State::of(project).write(path(&subject.platform), &text)?)
    }

    /// What passed last on a platform; `None` where nothing did, or nobody can say what.
    #[must_use]
    pub fn last(project: &Path, platform: &PlatformId) -> Option<Self> {
        serde_json::from_slice(&State::of(project).read(path(platform)).ok()??).ok()
    }
}

fn path(platform: &PlatformId) -> PathBuf {
    Path::new(RECORDS).join(platform.as_str()).join("test.json")
}
