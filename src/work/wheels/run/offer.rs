//! What the store has of the last time: of the lock, and of the wheelhouse that this step made before.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{pip_runner::PipRunner, ready::Ready};
use crate::{
    execute::{Records, StepError},
    names::Sha256,
    source::{
        store::key_of_file,
        wheelhouse::{Dist, Fit, Wheelhouse},
    },
};

/// A file that pip need not download.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Its name.
    pub file: Dist,
    /// Of its bytes.
    pub sha256: Sha256,
    /// Where it is.
    pub path: PathBuf,
}

/// The offers for this step, at most one of a distribution.
pub async fn gather(runner: &PipRunner<'_>, ready: &[Ready]) -> Result<Vec<Offer>, StepError> {
    let folder = runner.folder("offers")?;
    let (mut offers, mut tried) = (Vec::<Offer>::new(), BTreeSet::new());
    for (distribution, sha256) in known(runner) {
        let had = offers.iter().any(|offer| offer.file.distribution() == distribution)
            || ready.iter().any(|ready| ready.wheel.file.distribution() == distribution);
        if had || !tried.insert(sha256.clone()) {
            continue;
        }
        let Some(label) = runner.fetch(key_of_file(&sha256), &folder).await? else { continue };
        let of_it = |name: &str, _: &str| if name == distribution { Fit::Name } else { Fit::Unknown };
        match Dist::new(&label.name, &of_it) {
            // pip asks before it writes over the archive of a checkout, which is a zip; it must not come to that.
            Some(file)
                if Path::new(&label.name).extension() != Some("zip".as_ref())
                    && file.distribution() == distribution =>
            {
                offers.push(Offer { path: folder.join(&label.name), file, sha256 });
            }
            _ => fs_err::remove_file(folder.join(&label.name))?,
        }
    }
    Ok(offers)
}

/// Distributions and the files that an index gave of them, those of the lock first: it may be newer than what was made here.
fn known(runner: &PipRunner<'_>) -> Vec<(String, Sha256)> {
    let (session, step) = (runner.session, runner.step);
    let set = (step.platform.clone(), runner.work.image.clone());
    let locked = session.options.lock.houses.get(&set).into_iter().flat_map(|house| &house.wheels);
    let locked = locked.map(|wheel| (wheel.file.distribution(), wheel.sdist.as_ref().unwrap_or(&wheel.sha256).clone()));
    let last = Records::for_project(&session.paths.project).load(&step.id);
    let last = last.and_then(|last| Wheelhouse::manifest(&session.paths.wheel_dir, step.platform.as_str(), &last.key));
    let made = last.into_iter().flat_map(|manifest| manifest.wheels).filter(|wheel| wheel.folder.is_none());
    let made = made.map(|wheel| (wheel.file.distribution(), wheel.sdist.unwrap_or(wheel.sha256)));
    locked.chain(made).collect()
}
