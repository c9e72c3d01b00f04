//! What a run was made of, and whether that is what the lock says.

use super::{Session, StepError};
use crate::{
    event::StepId,
    names::{ImageName, PlatformId, Sha256},
    plan::{Plan, Record, Root, State, Step},
    source::{
        lockfile::{LockedBase, LockedHouse, Lockfile, base_drift, index_drift, pin_drift, source_drift, wheel_drift},
        requirements,
        wheelhouse::Wheelhouse,
    },
    work::{Locks, base::BaseWork, wheels::WheelsWork},
};

/// What the steps that have a record were made of, and the sources of all of them.
///
/// # Errors
/// When the daemon does not answer.
pub async fn observe(
    plan: &Plan,
    session: &Session,
    record: impl Fn(&Step) -> Option<Record>,
) -> Result<Lockfile, StepError> {
    let sources =
        session.paths.roots.checkouts().iter().map(|(name, checkout)| (name.clone(), checkout.commit.clone()));
    let mut found = Lockfile { sources: sources.collect(), ..Lockfile::default() };
    for step in &plan.steps {
        let Some(record) = record(step) else { continue };
        match step.work.locks() {
            Locks::Base(work) => {
                found.bases.insert(step.platform.clone(), base(work, record.root.as_ref()));
            }
            Locks::Set(work) => {
                let platform = step.platform.as_str();
                if let Some(manifest) = Wheelhouse::manifest(&session.paths.wheel_dir, platform, &record.key) {
                    let house = LockedHouse::new(&work.requirements_name, &manifest.wheels, &work.wanted);
                    found.houses.insert((step.platform.clone(), work.image.clone()), house);
                }
            }
            Locks::Index(image) => {
                let index = record.index.map(|index| ((step.platform.clone(), image.clone()), index));
                found.indexes.extend(index);
            }
            Locks::Nothing => {}
        }
    }
    Ok(found)
}

/// A base image as a lock has it.
fn base(work: &BaseWork, root: Option<&Root>) -> LockedBase {
    let digest = root.and_then(|root| root.digest.clone());
    let id = root.map(|root| root.id.clone()).filter(|_| digest.is_none());
    LockedBase { image: work.image.clone(), digest, id }
}

/// Whether a base image that was had before is the lock's.
pub(crate) fn is_locked(work: &BaseWork, record: &Record, step: &Step, session: &Session) -> bool {
    let locked = session.options.lock.bases.get(&step.platform);
    locked.is_some_and(|locked| locked.is_same(&base(work, record.root.as_ref())))
}

/// What the lock says of a base image, where the run is held to one.
///
/// # Errors
/// [`StepError::Drift`] when it says nothing, or has another one.
pub(crate) fn wanted<'s>(
    work: &BaseWork,
    step: &Step,
    session: &'s Session,
) -> Result<Option<&'s LockedBase>, StepError> {
    if !session.options.locked {
        return Ok(None);
    }
    let locked = session.options.lock.bases.get(&step.platform);
    match locked.filter(|locked| locked.image == work.image) {
        Some(locked) => Ok(Some(locked)),
        None => Err(StepError::Drift {
            differences: base_drift(&step.platform, locked, &base(work, None)).into_iter().collect(),
        }),
    }
}

/// What is known to differ from the lock before anything runs: sources, what was made before and is still valid, and the pins of
/// requirements whose wheels must be made.
///
/// # Errors
/// [`StepError::Drift`].
pub async fn hold(
    plan: &Plan,
    session: &Session,
    state: impl Fn(&StepId) -> Option<State>,
    record: impl Fn(&Step) -> Option<Record>,
) -> Result<(), StepError> {
    let lock = &session.options.lock;
    let counts = |step: &Step| record(step).filter(|_| state(&step.id) == Some(State::Cached));
    let now = observe(plan, session, counts).await?;
    let mut differences: Vec<String> =
        now.sources.iter().filter_map(|(name, commit)| source_drift(name, lock.sources.get(name), commit)).collect();
    for step in plan.steps.iter().filter(|step| !matches!(state(&step.id), None | Some(State::Idle))) {
        match step.work.locks() {
            Locks::Base(_) => {
                let (locked, found) = (lock.bases.get(&step.platform), now.bases.get(&step.platform));
                differences.extend(found.and_then(|found| base_drift(&step.platform, locked, found)));
            }
            Locks::Set(work) => differences.extend(wheels(work, &step.platform, &now, session)?),
            Locks::Index(image) => {
                let key = (step.platform.clone(), image.clone());
                let found = now.indexes.get(&key);
                differences
                    .extend(found.and_then(|found| index_drift(key.0.as_str(), &key.1, lock.indexes.get(&key), found)));
            }
            Locks::Nothing => {}
        }
    }
    // Several packages of one image have one index.
    differences.dedup();
    if differences.is_empty() { Ok(()) } else { Err(StepError::Drift { differences }) }
}

fn wheels(
    work: &WheelsWork,
    platform: &PlatformId,
    now: &Lockfile,
    session: &Session,
) -> Result<Vec<String>, StepError> {
    let key = (platform.clone(), work.image.clone());
    let (set, locked) = (format!("{platform}/{}", work.image), session.options.lock.houses.get(&key));
    if let Some(found) = now.houses.get(&key) {
        return Ok(wheel_drift(&set, locked, found));
    }
    let Some(locked) = locked else { return Ok(wheel_drift(&set, None, &empty(work))) };
    let texts = requirements::closure(&session.paths.roots, std::slice::from_ref(&work.requirements))?;
    let texts = requirements::expanded(&texts, session.paths.roots.variables());
    Ok(texts.values().flat_map(|text| pin_drift(&set, locked, text)).collect())
}

fn empty(work: &WheelsWork) -> LockedHouse {
    LockedHouse { requirements: work.requirements_name.clone(), wheels: Vec::new() }
}

/// The lock after a run: what it was made of, and what the lock said before of everything that the run had nothing to do
/// with. `platforms` are all of the recipe.
#[must_use]
pub fn renew(before: &Lockfile, now: Lockfile, plan: &Plan, platforms: &[PlatformId]) -> Lockfile {
    let planned = |platform: &PlatformId| plan.steps.iter().any(|step| step.platform == *platform);
    let has_set = |key: &(PlatformId, ImageName)| {
        plan.steps.iter().any(|step| match step.work.locks() {
            Locks::Set(work) => step.platform == key.0 && work.image == key.1,
            Locks::Base(_) | Locks::Index(_) | Locks::Nothing => false,
        })
    };
    let has_index = |key: &(PlatformId, ImageName)| {
        plan.steps.iter().any(|step| match step.work.locks() {
            Locks::Index(image) => step.platform == key.0 && *image == key.1,
            Locks::Base(_) | Locks::Set(_) | Locks::Nothing => false,
        })
    };
    let mut lock = now;
    for (platform, base) in before.bases.iter().filter(|(platform, _)| platforms.contains(platform)) {
        lock.bases.entry(platform.clone()).or_insert_with(|| base.clone());
    }
    // Requirements of other platforms may want checkouts of their own.
    if !platforms.iter().all(planned) {
        for (name, commit) in &before.sources {
            lock.sources.entry(name.clone()).or_insert_with(|| commit.clone());
        }
    }
    for (key, house) in before.houses.iter().filter(|(key, _)| platforms.contains(&key.0)) {
        // A set of a platform that was planned is still one, even if it was not wanted now.
        if !planned(&key.0) || has_set(key) {
            lock.houses.entry(key.clone()).or_insert_with(|| house.clone());
        }
    }
    for (key, index) in before.indexes.iter().filter(|(key, _)| platforms.contains(&key.0)) {
        if !planned(&key.0) || has_index(key) {
            lock.indexes.entry(key.clone()).or_insert_with(|| index.clone());
        }
    }
    lock
}

/// Holds the index of libraries that a package is made by against the lock, where the run is held to one.
///
/// # Errors
/// [`StepError::Drift`].
pub(crate) fn hold_index(
    image: &ImageName,
    found: &Sha256,
    platform: &str,
    session: &Session,
) -> Result<(), StepError> {
    let is_of = |key: &&(PlatformId, ImageName)| key.0.as_str() == platform && key.1 == *image;
    let locked = session.options.lock.indexes.iter().find(|(key, _)| is_of(key)).map(|(_, index)| index);
    match index_drift(platform, image, locked, found).filter(|_| session.options.locked) {
        None => Ok(()),
        Some(difference) => Err(StepError::Drift { differences: vec![difference] }),
    }
}
