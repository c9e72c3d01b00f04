//! `--locked`: pip is held to the versions of the lock, and what it chose to the files of the lock, before anything is built.

use super::{found::Found, pip_runner::PipRunner, ready::Ready};
use crate::{
    execute::StepError,
    source::{
        lockfile::{LockedHouse, LockedWheel, wheel_drift},
        wheelhouse::{Dist, WheelName},
    },
};

/// Refuses what is not in the lock.
pub fn hold(runner: &PipRunner<'_>, found: &[Found], ready: &[Ready]) -> Result<(), StepError> {
    let Some(locked) = house(runner) else { return Ok(()) };
    let now = |found: &Found| match ready.iter().find(|ready| ready.wheel.sha256 == found.received.sha256) {
        Some(Ready { wheel, .. }) if wheel.folder.is_some() => None,
        Some(Ready { wheel, .. }) => {
            Some(LockedWheel { file: wheel.file.clone(), sha256: wheel.sha256.clone(), sdist: wheel.sdist.clone() })
        }
        None => as_locked(found, locked),
    };
    let wheels = found.iter().filter_map(now).collect();
    let now = LockedHouse { requirements: locked.requirements.clone(), wheels };
    let set = format!("{}/{}", runner.step.platform, runner.work.image);
    match wheel_drift(&set, Some(locked), &now) {
        differences if differences.is_empty() => Ok(()),
        differences => Err(StepError::Drift { differences }),
    }
}

/// Constraints that hold pip to the versions of the lock. Not where the requirements pin digests: then they pin versions, too,
/// and pip wants a digest of everything. Nor for what is there as a wheel already.
pub fn pins(runner: &PipRunner<'_>, ready: &[Ready]) -> Option<String> {
    if runner.texts.values().any(|text| text.contains("--hash")) {
        return None;
    }
    let there = |wheel: &LockedWheel| ready.iter().any(|ready| ready.wheel.file == wheel.file);
    let plain = |wheel: &&LockedWheel| !wheel.file.version().contains('_') && !there(wheel);
    let line = |wheel: &LockedWheel| format!("{}=={}\n", wheel.file.distribution(), wheel.file.version());
    Some(house(runner)?.wheels.iter().filter(plain).map(line).collect())
}

/// The lock of this set, where it is to be held to. One that is missing was refused before the run.
pub fn house<'b>(runner: &'b PipRunner<'_>) -> Option<&'b LockedHouse> {
    let session = runner.session;
    let set = (runner.step.platform.clone(), runner.work.image.clone());
    session.options.lock.houses.get(&set).filter(|_| session.options.locked)
}

/// A file as the lock has it. What will be built has no name yet: that of the lock where its source is the lock's.
fn as_locked(found: &Found, locked: &LockedHouse) -> Option<LockedWheel> {
    let received = &found.received;
    let (file, sdist) = match &received.file {
        Dist::Wheel(file) => (file.clone(), None),
        Dist::Sdist(_) => {
            let (sha256, name) = (&received.sha256, received.file.distribution());
            let same = locked.wheels.iter().find(|wheel| wheel.sdist.as_ref() == Some(sha256));
            let stand_in = || {
                let version = received.file.version().replace('-', "_");
                WheelName::new(&format!("{}-{version}-py3-none-any.whl", name.replace('-', "_")))
            };
            (same.map(|wheel| wheel.file.clone()).or_else(stand_in)?, Some(sha256.clone()))
        }
    };
    Some(LockedWheel { file, sha256: received.sha256.clone(), sdist })
}
