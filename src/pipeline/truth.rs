//! Whether the records of a release are true: what is about to be given to others is what was tested, and what a commit holds.

use std::path::{Path, PathBuf};

use super::{Project, places};
use crate::{
    event::StepId,
    execute::{AssessedPlan, Records},
    install_test::{Failed, Passed},
    names::{PlatformId, Tag},
    plan::{RecordedFile, State},
    platform::Catalogue,
    source::{
        git::{Caller, Changed, Elsewhere, Worktree, WorktreeError},
        lockfile,
    },
    util::{state::Unread, toml::some_of},
};

/// Most things that are told of each kind.
const TOLD: usize = 3;

/// What is wrong with a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReleaseProblem {
    /// The checkout has changes that no commit holds.
    Dirty {
        /// The first of them, in words.
        files: String,
    },
    /// The release's git tag holds something else.
    Elsewhere(Elsewhere),
    /// Something is not what was tested.
    Rebuilt {
        /// The platform.
        platform: PlatformId,
        /// What it is, for people.
        what: String,
    },
}

impl ReleaseProblem {
    /// In words.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Dirty { files } => format!("the checkout has changes that no commit holds: {files}"),
            Self::Elsewhere(elsewhere) => elsewhere.sentence(),
            Self::Rebuilt { platform, what } => format!("{what} on {platform} was built again since its test"),
        }
    }

    /// What to type next.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Dirty { .. } => {
                "commit them and build again; what is no part of it goes into a committed `.gitignore`; or `--allow-dirty`"
                    .to_owned()
            }
            Self::Elsewhere(elsewhere) => format!("{}; or `--allow-dirty`", elsewhere.help()),
            Self::Rebuilt { .. } => "`factory test` tests what is there now".to_owned(),
        }
    }
}

/// What the checkout of a folder holds beside its commit without being dirty: what this program writes there.
#[must_use]
pub fn exempt(folder: &Path, wheel_dir: &Path, catalogue: &Catalogue) -> Vec<String> {
    below(folder, &places::written(folder, &places::kept(folder, wheel_dir, catalogue)))
}

/// These places as paths below the folder.
fn places_below(folder: &Path, ours: &[PathBuf]) -> Vec<String> {
    let below = |path: &PathBuf| path.strip_prefix(folder).ok().map(|path| path.to_string_lossy().into_owned());
    ours.iter().filter_map(below).filter(|path| !path.is_empty()).collect()
}

/// The same, and the lock.
fn below(folder: &Path, ours: &[PathBuf]) -> Vec<String> {
    let mut except = places_below(folder, ours);
    // A build has just written it: committing it makes another commit, which is built again and leaves it as it is.
    except.push(lockfile::NAME.to_owned());
    except
}

/// Holds the checkout of a folder against its commit, where nothing but the places is known that this program writes to.
///
/// # Errors
/// [`WorktreeError`]: what could not be held against a commit is not taken for true.
pub fn dirt(
    folder: &Path,
    wheel_dir: &Path,
    catalogue: &Catalogue,
    caller: &Caller,
) -> Result<Option<ReleaseProblem>, WorktreeError> {
    dirt_of(folder, &places::written(folder, &places::kept(folder, wheel_dir, catalogue)), caller)
}

/// That the lock of a folder is not as its commit has it, in words: whoever checks the release out cannot make it again from what is
/// locked. `None` outside git, and where there is no lock in either.
///
/// # Errors
/// As [`dirt`].
pub fn loose_lock(
    folder: &Path,
    wheel_dir: &Path,
    catalogue: &Catalogue,
    caller: &Caller,
) -> Result<Option<String>, WorktreeError> {
    loose_lock_of(folder, &places::written(folder, &places::kept(folder, wheel_dir, catalogue)), caller)
}

fn loose_lock_of(folder: &Path, ours: &[PathBuf], caller: &Caller) -> Result<Option<String>, WorktreeError> {
    let Some(worktree) = Worktree::find(folder, caller)? else { return Ok(None) };
    let mut except = places_below(folder, ours);
    except.retain(|path| path != lockfile::NAME);
    let changed = worktree.standing(&except)?.changed;
    let is_lock = |changed: &Changed| changed.path == Path::new(lockfile::NAME);
    // One that git ignores is no change, and in no commit either.
    let is_ignored = folder.join(lockfile::NAME).exists() && !worktree.tracks(lockfile::NAME)?;
    Ok((is_ignored || changed.iter().any(is_lock)).then(|| {
        format!(
            "the commit has another `{0}` than this checkout, or none: `--locked` will not make this release again; commit it: \
             `git add {0}`",
            lockfile::NAME
        )
    }))
}

fn dirt_of(folder: &Path, ours: &[PathBuf], caller: &Caller) -> Result<Option<ReleaseProblem>, WorktreeError> {
    let Some(worktree) = Worktree::find(folder, caller)? else { return Ok(None) };
    Ok(dirty(&worktree.changes(&below(folder, ours))?))
}

impl Project {
    /// Holds the project's checkout against its commit; what this program writes there is not looked at.
    ///
    /// # Errors
    /// As [`dirt`].
    pub fn dirt(&self) -> Result<Option<ReleaseProblem>, WorktreeError> {
        dirt_of(&self.folder, &places::written(&self.folder, &self.kept), &self.caller)
    }

    /// That the project's lock is not as its commit has it.
    ///
    /// # Errors
    /// As [`dirt`].
    pub fn loose_lock(&self) -> Result<Option<String>, WorktreeError> {
        loose_lock_of(&self.folder, &places::written(&self.folder, &self.kept), &self.caller)
    }

    /// What of the project's folder does not make its checkout dirty.
    pub(super) fn exempt(&self) -> Vec<String> {
        below(&self.folder, &places::written(&self.folder, &self.kept))
    }
}

/// What passed a test of this release, held against what was built since. `None` where no test of it has passed.
///
/// # Errors
/// When what was kept of the test, or of what was built, cannot be read: that is not taken for true.
pub fn tested(folder: &Path, platform: &PlatformId, tag: &Tag) -> Result<Option<Vec<ReleaseProblem>>, Unread> {
    let passed = Passed::last(folder, platform)?.filter(|passed| passed.tag == *tag);
    let Some(passed) = passed else { return Ok(None) };
    let records = Records::for_project(folder).all(platform)?;
    let mut again = Vec::new();
    for (name, id) in &passed.images {
        // Other labels do not make it another one.
        let now = records.iter().map(|(_, record)| record).find(|record| record.images.contains_key(name));
        if now.is_some_and(|record| !record.is_image(id)) {
            again.push(name.clone());
        }
    }
    for (name, sha256) in &passed.packages {
        let step = StepId::new(platform, &format!("package-{name}"));
        let record = records.iter().find(|(id, _)| *id == step).map(|(_, record)| record);
        let is_it = |file: &RecordedFile| file.is_artifact() && file.sha256 == *sha256;
        if record.is_some_and(|record| !record.files.iter().any(is_it)) {
            again.push(format!("package {name}"));
        }
    }
    let (platform, what) = (platform.clone(), several(&again));
    Ok(Some(if again.is_empty() { Vec::new() } else { vec![ReleaseProblem::Rebuilt { platform, what }] }))
}

/// That the last test of this release on a platform did not pass, in words; `None` where it passed or there was none.
///
/// # Errors
/// As [`tested`].
pub fn failed(folder: &Path, platform: &PlatformId, tag: &Tag) -> Result<Option<String>, Unread> {
    let failed = Failed::last(folder, platform)?.filter(|failed| failed.tag == *tag);
    let Some(failed) = failed else { return Ok(None) };
    let records = Records::for_project(folder).all(platform)?;
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

/// Why a step would make something else than what it made before; `None` where it is what the checkout makes.
#[must_use]
pub fn stale(assessed: &AssessedPlan, step: &StepId) -> Option<String> {
    match assessed.states.get(step)? {
        State::Run(why) | State::Stored(why) => Some(why.clone()),
        State::Labels(why) if why.is_empty() => Some("its labels name another commit".to_owned()),
        State::Labels(why) => Some(format!("it would get other labels: {why}")),
        // The first step on the way says what it is.
        State::Waits(need) => {
            let name = need.name();
            Some(match (assessed.states.get(need), stale(assessed, need)) {
                (Some(State::Waits(_)), Some(why)) => why,
                (_, Some(why)) => format!("{name}: {why}"),
                (_, None) => format!("{need} would be built again"),
            })
        }
        _ => None,
    }
}

/// That files differ from the commit, where some do.
pub(super) fn dirty(changed: &[String]) -> Option<ReleaseProblem> {
    (!changed.is_empty()).then(|| ReleaseProblem::Dirty { files: several(changed) })
}

/// `a, b, c and 4 more`.
fn several(names: &[String]) -> String {
    some_of(&names[..names.len().min(TOLD)], names.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_more_than_three_are_named() {
        let names = |count: usize| (0..count).map(|n| format!("f{n}")).collect::<Vec<_>>();
        let files = |files: &str| Some(ReleaseProblem::Dirty { files: files.to_owned() });
        assert_eq!(dirty(&names(0)), None);
        assert_eq!(dirty(&names(3)), files("f0, f1, f2"));
        assert_eq!(dirty(&names(7)), files("f0, f1, f2 and 4 more"));
    }
}
