//! [`Passed`]: what a test that passed leaves: which packages and images it was, in `.factory/records/<platform>/test.json`.
//! [`Failed`]: what one leaves that did not.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{Subject, TrialError, Verdict};
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
        let state = State::of(project);
        state.write(path(&subject.platform), &text)?;
        if let Some(folder) = state.open()? {
            folder.remove(&failed_path(&subject.platform))?;
        }
        Ok(())
    }

    /// What passed last on a platform; `None` where nothing did, or nobody can say what.
    #[must_use]
    pub fn last(project: &Path, platform: &PlatformId) -> Option<Self> {
        serde_json::from_slice(&State::of(project).read(path(platform)).ok()??).ok()
    }
}

/// What a test that did not pass leaves, until one passes: `test-failed.json` beside that.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Failed {
    /// The release's tag.
    pub tag: Tag,
    /// The packages, by name.
    pub packages: BTreeMap<String, Sha256>,
    /// The checks that did not pass, with what was found.
    pub checks: Vec<String>,
    /// When, RFC 3339.
    pub finished: String,
}

/// Most checks that are kept.
const MOST: usize = 20;

impl Failed {
    /// Keeps what did not pass.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn keep(subject: &Subject, verdict: &Verdict, project: &Path) -> Result<(), TrialError> {
        let name = |step: &crate::event::StepId| step.as_str().rsplit('/').next().unwrap_or_default().to_owned();
        let failed = verdict.failed().map(|(check, finding)| format!("{}: {}", name(&check.step), finding.message));
        let failed = Self {
            tag: subject.tag.clone(),
            packages: subject.packages.iter().map(|package| (package.name.clone(), package.sha256.clone())).collect(),
            checks: failed.take(MOST).collect(),
            finished: clock::rfc3339(clock::now()),
        };
        let text = serde_json::to_vec_pretty(&failed).map_err(std::io::Error::from)?;
        Ok(State::of(project).write(failed_path(&subject.platform), &text)?)
    }

    /// What failed last on a platform; `None` where the last test passed.
    #[must_use]
    pub fn last(project: &Path, platform: &PlatformId) -> Option<Self> {
        serde_json::from_slice(&State::of(project).read(failed_path(platform)).ok()??).ok()
    }
}

fn path(platform: &PlatformId) -> PathBuf {
    Path::new(RECORDS).join(platform.as_str()).join("test.json")
}

fn failed_path(platform: &PlatformId) -> PathBuf {
    Path::new(RECORDS).join(platform.as_str()).join("test-failed.json")
}
