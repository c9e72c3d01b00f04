//! The containers that a run makes and removes, and what runs that were killed have left.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Session, records::RECORDS, room};
use crate::{
    engine::{ContainerId, ContainerInfo, Engine, EngineError, Labels},
    names::CheckoutId,
    plan::label,
    source::wheelhouse,
    util::{
        clock, files,
        folder::{Folder, Links},
        state,
    },
};

/// Containers that several hands hold. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Containers(Arc<Mutex<BTreeSet<ContainerId>>>);

impl Containers {
    pub(super) fn set(&self) -> std::sync::MutexGuard<'_, BTreeSet<ContainerId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Their ids, sorted.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.set().iter().map(ToString::to_string).collect()
    }
}

/// What earlier runs have left: all containers of this checkout, running or not (safe while the project's lock is held), and
/// ended ones of other checkouts of the same project whose run began a day ago or earlier: no run may come back to a checkout that a
/// CI job removed with its folder.
///
/// # Errors
/// When the daemon does not answer.
pub async fn leftovers(
    engine: &dyn Engine,
    checkout: &CheckoutId,
    project: &str,
) -> Result<Vec<ContainerInfo>, EngineError> {
    let now = clock::now();
    let is_left = |container: &ContainerInfo| {
        let label = |name: &str| container.labels.get(name).map(String::as_str);
        let abandoned = || !container.running && label(label::RUN).is_some_and(|run| is_long_ago(run, now));
        label(label::CHECKOUT) == Some(checkout.as_str()) || (label(label::PROJECT) == Some(project) && abandoned())
    };
    let labels: Labels = [(label::KIND.to_owned(), "container".to_owned())].into();
    let mut found = engine.containers(&labels).await?;
    found.retain(is_left);
    Ok(found)
}

/// Removes [`leftovers`]; gives how many.
///
/// # Errors
/// When the daemon does not answer.
pub async fn remove_leftovers(engine: &dyn Engine, checkout: &CheckoutId, project: &str) -> Result<usize, EngineError> {
    remove_all(engine, &leftovers(engine, checkout, project).await?).await
}

/// Removes the containers of a run of this checkout but those that are kept. Gives how many.
///
/// # Errors
/// When the daemon does not answer.
pub async fn remove_of_run(
    engine: &dyn Engine,
    checkout: &CheckoutId,
    run: &str,
    kept: &Containers,
) -> Result<usize, EngineError> {
    let labels: Labels = [(label::CHECKOUT, checkout.as_str()), (label::KIND, "container"), (label::RUN, run)]
        .map(|(k, v)| (k.into(), v.into()))
        .into();
    let mut found = engine.containers(&labels).await?;
    found.retain(|container| !kept.set().contains(&container.id));
    remove_all(engine, &found).await
}

async fn remove_all(engine: &dyn Engine, containers: &[ContainerInfo]) -> Result<usize, EngineError> {
    let mut removed = 0;
    for container in containers {
        removed += usize::from(engine.remove(&container.id).await?);
    }
    Ok(removed)
}

/// Whether a run (`<process>-<seconds since 1970>`) began a day ago or earlier.
fn is_long_ago(run: &str, now: i64) -> bool {
    let began = run.rsplit_once('-').and_then(|(_, seconds)| seconds.parse::<i64>().ok());
    began.is_some_and(|began| now.saturating_sub(began) >= 24 * 60 * 60)
}

/// Removes the temporary files that killed runs of this checkout have left. Safe while the project's lock is held; a wheel
/// cache outside of the project may be shared with others who are writing, and is left alone.
pub fn sweep(session: &Session) {
    if let Ok(project) = Folder::open(&session.paths.project, Links::Refused) {
        for folder in [&state::place(RECORDS), &session.paths.packages] {
            let below = folder.strip_prefix(&session.paths.project).unwrap_or(folder);
            if let (true, Ok(Some(folder))) = (below.is_relative(), project.below(below)) {
                files::sweep(&folder);
            }
        }
    }
    if session.paths.wheel_dir.starts_with(&session.paths.project) {
        wheelhouse::sweep(&session.paths.wheel_dir);
    }
    room::sweep(&session.ids.checkout);
}
