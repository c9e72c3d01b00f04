//! [`Passed`]: what a test that passed leaves: which packages and images it was, in `.factory/tests/<platform>/passed.json`.
//! [`Failed`]: what one leaves that did not.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{InstallTestError, TestTarget, Verdict};
use crate::{
    names::{PlatformId, Sha256, Tag},
    util::{
        clock,
        state::{State, Unread},
    },
};

/// Where they are in the state folder.
const TESTS: &str = "tests";

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
    pub fn write(target: &TestTarget, project: &Path) -> Result<(), InstallTestError> {
        let packages = target.packages.iter().map(|package| (package.name.clone(), package.sha256.clone())).collect();
        let passed = Self {
            tag: target.tag.clone(),
            packages,
            images: target.images.clone(),
            finished: clock::rfc3339(clock::now()),
        };
        let text = serde_json::to_vec_pretty(&passed).map_err(std::io::Error::from)?;
        let state = State::for_project(project);
        state.write(path(&target.platform), &text)?;
        if let Some(folder) = state.open()? {
            folder.remove(&failed_path(&target.platform))?;
        }
        Ok(())
    }

    /// What passed last on a platform; `None` where nothing did.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn last(project: &Path, platform: &PlatformId) -> Result<Option<Self>, Unread> {
        State::for_project(project).json(path(platform))
    }
}

/// What a test that did not pass leaves, until one passes: `failed.json` beside that.
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
    pub fn write(target: &TestTarget, verdict: &Verdict, project: &Path) -> Result<(), InstallTestError> {
        let name = |step: &crate::event::StepId| step.as_str().rsplit('/').next().unwrap_or_default().to_owned();
        let failed = verdict.failed().map(|(check, finding)| format!("{}: {}", name(&check.step), finding.message));
        let failed = Self {
            tag: target.tag.clone(),
            packages: target.packages.iter().map(|package| (package.name.clone(), package.sha256.clone())).collect(),
            checks: failed.take(MOST).collect(),
            finished: clock::rfc3339(clock::now()),
        };
        let text = serde_json::to_vec_pretty(&failed).map_err(std::io::Error::from)?;
        Ok(State::for_project(project).write(failed_path(&target.platform), &text)?)
    }

    /// What failed last on a platform; `None` where the last test passed.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn last(project: &Path, platform: &PlatformId) -> Result<Option<Self>, Unread> {
        State::for_project(project).json(failed_path(platform))
    }
}

fn path(platform: &PlatformId) -> PathBuf {
    Path::new(TESTS).join(platform.as_str()).join("passed.json")
}

fn failed_path(platform: &PlatformId) -> PathBuf {
    Path::new(TESTS).join(platform.as_str()).join("failed.json")
}
