//! Pins that are what they were: `six==1.16.0` was resolved to a file the last time, under the same settings, and the store
//! has it. It need not be asked for again: no page of the index is read for it, and no build back end is run to learn
//! what it requires, which takes longer than many a build (of 100 pins with 7 source distributions: 66 s of 81).
//!
//! What is not pinned, and what the pins require, is asked of the index as ever.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    compile,
    environment::Environment,
    locked,
    pip_runner::PipRunner,
    ready::{Ready, StandsFor},
};
use crate::{
    execute::{Records, StepError},
    names::Sha256,
    plan::{Record, Step},
    source::{
        requirements::{Line, Requirement, asking, lines, same_version},
        store::key_of_file,
        wheelhouse::{Wheel, WheelName, Wheelhouse},
    },
};

/// What a distribution was resolved to.
struct Before {
    file: WheelName,
    sha256: Sha256,
    sdist: Option<Sha256>,
}

/// The wheels of all pins that are what they were.
pub async fn wheels(runner: &PipRunner<'_>, environment: &Environment<'_>) -> Result<Vec<Ready>, StepError> {
    let before = before(runner);
    let folder = runner.folder("known")?;
    let constrained = constrained(runner);
    let mut ready: Vec<Ready> = Vec::new();
    for requirement in requirements(runner) {
        let Some(before) = before.get(&requirement.name).filter(|before| is_same(before, &requirement)) else {
            continue;
        };
        if constrained.contains(&requirement.name) || ready.iter().any(|ready| ready.answers(&requirement)) {
            continue;
        }
        let wheel = match &before.sdist {
            Some(sdist) => {
                let named = (Some(requirement.name.clone()), Some(before.file.version().to_owned()));
                built(runner, environment, named, sdist, &folder).await?
            }
            None => fetched(runner, before, &folder).await?,
        };
        let found =
            wheel.map(|wheel| Ready { path: folder.join(wheel.file.as_str()), stands_for: StandsFor::Pin, wheel });
        ready.extend(found.filter(|ready| ready.answers(&requirement)));
    }
    Ok(ready)
}

/// The wheel that was built of a source distribution, where the store has it for what the builder image is now.
async fn built(
    runner: &PipRunner<'_>,
    environment: &Environment<'_>,
    named: compile::Named,
    sdist: &Sha256,
    folder: &Path,
) -> Result<Option<Wheel>, StepError> {
    let key = environment
        .fingerprint(sdist.clone(), compile::options(runner, named.0.as_deref().unwrap_or_default()))
        .await?
        .key();
    let wheel = compile::stored(runner, &key, named, folder).await?;
    Ok(wheel.map(|wheel| Wheel { sdist: Some(sdist.clone()), ..wheel }))
}

/// The wheel that an index gave, where the store has it.
async fn fetched(runner: &PipRunner<'_>, before: &Before, folder: &Path) -> Result<Option<Wheel>, StepError> {
    let label = runner.fetch(key_of_file(&before.sha256), folder).await?;
    let label = label.filter(|label| label.name == before.file.as_str());
    Ok(label.map(|label| Wheel::fetched(before.file.clone(), label.sha256, label.size, true)))
}

/// Everything that is asked for with a line of its own.
fn requirements(runner: &PipRunner<'_>) -> Vec<Requirement> {
    let asking = asking(&runner.texts, &runner.work.requirements);
    let texts = runner.texts.iter().filter(|(path, _)| asking.contains(*path)).map(|(_, text)| text);
    texts.flat_map(|text| asked_for(text)).collect()
}

fn asked_for(text: &str) -> impl Iterator<Item = Requirement> {
    lines(text).into_iter().filter_map(|line| match line {
        Line::Requirement(requirement) => Some(requirement),
        _ => None,
    })
}

/// The distributions that must not be there as a file because something constrains them: pip before 20.3, which is the last
/// one for Python 3.4, says "path or url cannot be constrained to a version".
fn constrained(runner: &PipRunner<'_>) -> BTreeSet<String> {
    if runner.work.python.version != "3.4" {
        return BTreeSet::new();
    }
    let asking = asking(&runner.texts, &runner.work.requirements);
    let texts = runner.texts.iter().filter(|(path, _)| !asking.contains(*path)).map(|(_, text)| text);
    texts.flat_map(|text| asked_for(text)).map(|requirement| requirement.name).collect()
}

/// Whether a requirement can only mean what it meant before: the same version, and a digest that is asked for.
fn is_same(before: &Before, requirement: &Requirement) -> bool {
    let digest = format!("sha256:{}", before.sdist.as_ref().unwrap_or(&before.sha256));
    requirement.pinned().is_some_and(|pin| same_version(pin, before.file.version()))
        && (requirement.hashes.is_empty() || requirement.hashes.contains(&digest))
}

/// The digests of what the distributions were resolved to before, as an index gave it: they need not be asked for again.
pub fn digests(runner: &PipRunner<'_>) -> BTreeMap<String, Sha256> {
    before(runner).into_iter().map(|(name, before)| (name, before.sdist.unwrap_or(before.sha256))).collect()
}

/// What the distributions were resolved to: by the lock, where the build is held to it, else by this step the last time, where
/// nothing but requirements has changed since.
fn before(runner: &PipRunner<'_>) -> BTreeMap<String, Before> {
    if let Some(house) = locked::house(runner) {
        let wheels = house.wheels.iter().map(|wheel| Before {
            file: wheel.file.clone(),
            sha256: wheel.sha256.clone(),
            sdist: wheel.sdist.clone(),
        });
        return wheels.map(|before| (before.file.distribution(), before)).collect();
    }
    let (session, step) = (runner.session, runner.step);
    // A manifest that others could have written says nothing of what an index gave.
    let platform = session.paths.wheel_dir.join(step.platform.as_str());
    if !matches!(session.paths.trusted.doubt(&platform), Ok(None)) {
        return BTreeMap::new();
    }
    let last = Records::for_project(&session.paths.project).load(&step.id).filter(|last| has_same_settings(last, step));
    let manifest =
        last.and_then(|last| Wheelhouse::manifest(&session.paths.wheel_dir, step.platform.as_str(), &last.key));
    let wheels = manifest.into_iter().flat_map(|manifest| manifest.wheels).filter(|wheel| wheel.folder.is_none());
    let before = wheels.map(|wheel| Before { file: wheel.file, sha256: wheel.sha256, sdist: wheel.sdist });
    before.map(|before| (before.file.distribution(), before)).collect()
}

/// Whether a record was made with the same index, `no_binary`, interpreter and so on: all inputs but the requirements and the
/// folders among them.
pub fn has_same_settings(last: &Record, now: &Step) -> bool {
    let counts = |name: &&String| {
        !name.starts_with("folder ") && !now.specifiers.contains_key(*name) && !last.specifiers.contains_key(*name)
    };
    let names = now.inputs.keys().chain(last.inputs.keys());
    names.filter(counts).all(|name| now.inputs.get(name) == last.inputs.get(name))
}
