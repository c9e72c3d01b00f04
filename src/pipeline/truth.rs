//! Whether the records of a release are true: what is about to be given to others is what was tested, and what a commit holds.

use std::path::Path;

use super::Project;
use crate::{
    build::Records,
    event::StepId,
    names::{PlatformId, Tag},
    source::{
        git::{Caller, Worktree, WorktreeError},
        lockfile,
    },
    trial::{Failed, Passed},
    util::state::Unread,
};

/// Most things that are told of each kind.
const TOLD: usize = 3;

/// What is wrong with a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Untrue {
    /// The checkout has changes that no commit holds.
    Dirty {
        /// The first of them, in words.
        files: String,
    },
    /// Something is not what was tested.
    Rebuilt {
        /// The platform.
        platform: PlatformId,
        /// What it is, for people.
        what: String,
    },
}

impl Untrue {
    /// In words.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Dirty { files } => format!("the checkout has changes that no commit holds: {files}"),
            Self::Rebuilt { platform, what } => format!("{what} on {platform} was built again since its test"),
        }
    }

    /// What to type next.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Dirty { .. } => "commit them and build again; or `--allow-dirty`",
            Self::Rebuilt { .. } => "`factory test` tests what is there now",
        }
    }
}

/// What a project's checkout holds beside its commit without being dirty: what this program writes in these folders, and the lock.
#[must_use]
pub fn exempt(folder: &Path, ours: &[&Path]) -> Vec<String> {
    let below = |path: &&Path| path.strip_prefix(folder).ok().map(|path| path.to_string_lossy().into_owned());
    let mut except = ours.iter().filter_map(below).filter(|path| !path.is_empty()).collect::<Vec<_>>();
    // A build has just written it: committing it makes another commit, which is built again and leaves it as it is.
    except.push(lockfile::NAME.to_owned());
    except
}

/// Holds a project's checkout against its commit.
///
/// # Errors
/// [`WorktreeError`]: what could not be held against a commit is not taken for true.
pub fn dirt(folder: &Path, ours: &[&Path], caller: &Caller) -> Result<Option<Untrue>, WorktreeError> {
    let Some(worktree) = Worktree::find(folder, caller)? else { return Ok(None) };
    let changed = worktree.changes(&exempt(folder, ours))?;
    let files = several(&changed);
    Ok((!changed.is_empty()).then_some(Untrue::Dirty { files }))
}

impl Project {
    /// Holds the project's checkout against its commit; what this program writes there does not count.
    ///
    /// # Errors
    /// As [`dirt`].
    pub fn dirt(&self) -> Result<Option<Untrue>, WorktreeError> {
        let (state, wheels) = (self.state().path(), self.folder.join("wheels"));
        dirt(&self.folder, &[&state, &wheels, &self.wheel_dir, &self.packages], &self.caller)
    }

    /// What of the project's folder does not make its checkout dirty.
    pub(super) fn exempt(&self) -> Vec<String> {
        let (state, wheels) = (self.state().path(), self.folder.join("wheels"));
        exempt(&self.folder, &[&state, &wheels, &self.wheel_dir, &self.packages])
    }
}

/// What passed a test of this release, held against what was built since. `None` where no test of it has passed.
///
/// # Errors
/// When what was kept of the test, or of what was built, cannot be read: that is not taken for true.
pub fn tested(folder: &Path, platform: &PlatformId, tag: &Tag) -> Result<Option<Vec<Untrue>>, Unread> {
    let passed = Passed::last(folder, platform)?.filter(|passed| passed.tag == *tag);
    let Some(passed) = passed else { return Ok(None) };
    let records = Records::of(folder).all(platform)?;
    let mut again = Vec::new();
    for (name, id) in &passed.images {
        let now = records.iter().find_map(|(_, record)| record.images.get(name));
        if now.is_some_and(|now| now != id) {
            again.push(name.clone());
        }
    }
    for (name, sha256) in &passed.packages {
        let step = StepId::new(platform, &format!("package-{name}"));
        let record = records.iter().find(|(id, _)| *id == step).map(|(_, record)| record);
        let ours = |file: &&crate::plan::RecordedFile| !file.path.starts_with(".factory/");
        if record.is_some_and(|record| !record.files.iter().filter(ours).any(|file| file.sha256 == *sha256)) {
            again.push(format!("package {name}"));
        }
    }
    let (platform, what) = (platform.clone(), several(&again));
    Ok(Some(if again.is_empty() { Vec::new() } else { vec![Untrue::Rebuilt { platform, what }] }))
}

/// That the last test of this release on a platform did not pass, in words; `None` where it passed or there was none.
///
/// # Errors
/// As [`tested`].
pub fn failed(folder: &Path, platform: &PlatformId, tag: &Tag) -> Result<Option<String>, Unread> {
    let failed = Failed::last(folder, platform)?.filter(|failed| failed.tag == *tag);
    let Some(failed) = failed else { return Ok(None) };
    let records = Records::of(folder).all(platform)?;
    let is_there = |sha256: &crate::names::Sha256| {
        records.iter().any(|(_, record)| record.files.iter().any(|file| file.sha256 == *sha256))
    };
    let again = if failed.packages.values().all(is_there) { "" } else { ", and it was built again since" };
    let checks = several(&failed.checks);
    Ok(Some(format!(
        "failed its test on {platform} at {} ({checks}){again}; `factory test` tests what is there now",
        failed.finished
    )))
}

/// `a, b, c and 4 more`.
fn several(names: &[String]) -> String {
    let told = names.iter().take(TOLD).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(TOLD) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_more_than_three_are_named() {
        let names = |count: usize| (0..count).map(|n| format!("f{n}")).collect::<Vec<_>>();
        assert_eq!(several(&names(3)), "f0, f1, f2");
        assert_eq!(several(&names(7)), "f0, f1, f2 and 4 more");
    }
}
