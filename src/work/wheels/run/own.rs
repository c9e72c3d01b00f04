//! What the requirements ask for and no index gives: folders of the checkout (`./libs/own`) and of repositories, each built by itself
//! and known by its content; source distributions and wheels among the project's files (`./vendor/x.whl`).

use super::{
    compile::{Source, obtain},
    environment::Environment,
    inside,
    pip_runner::{Load, PipRunner},
    places::BUILD,
    ready::{Ready, StandsFor},
};
use crate::{
    execute::{StepError, records::blocking},
    source::wheelhouse::{Wheel, WheelName},
    work::wheels::{Own, OwnFiles},
};

/// The wheels of all that the requirements ask for beside what an index gives.
pub async fn wheels(runner: &PipRunner<'_>, environment: &Environment<'_>) -> Result<Vec<Ready>, StepError> {
    let mut found = Vec::new();
    for own in &runner.work.own {
        if own.editable {
            let (place, written) = (&own.place, &own.written);
            // One line may be of several sets, on several platforms.
            runner.session.doubt(&runner.step.id, format!(
                "{place}: `-e {written}` is built as an ordinary wheel: an image has no checkout that it could be edited in"
            ));
        }
        let (wheel, path) = match &own.files {
            OwnFiles::Wheel { file, path, sha256, size } => {
                let wheel = Wheel::fetched(file.clone(), sha256.clone(), *size, false);
                let (name, inside) = (file.clone(), path.clone());
                blocking(move || inside::judge(&name, &inside)).await?;
                (wheel, path.clone())
            }
            OwnFiles::Folder(_) | OwnFiles::Sdist { .. } => obtain(runner, environment, source(own)).await?,
        };
        fits(runner, own, &wheel.file)?;
        let wheel = Wheel { folder: Some(own.path.display().to_string()), ..wheel };
        found.push(Ready { stands_for: StandsFor::Own(own.written.clone()), wheel, path });
    }
    Ok(found)
}

fn source(own: &Own) -> Source {
    let (place, load) = match &own.files {
        OwnFiles::Sdist { name, path, sha256 } => {
            let place = format!("{BUILD}/{name}");
            let files = vec![(place.clone(), path.clone(), sha256.clone())];
            (place, Load { files, ..Load::default() })
        }
        OwnFiles::Folder(files) => {
            let place = format!("{BUILD}/own");
            (place.clone(), Load { checkout: Some((place, files.clone())), ..Load::default() })
        }
        OwnFiles::Wheel { .. } => (String::new(), Load::default()),
    };
    Source {
        name: (own.name.clone(), None),
        called: own.written.clone(),
        sha256: own.digest.clone(),
        options: own.options.clone(),
        place,
        load,
    }
}

/// Refuses a wheel of another distribution than the line names, and one that the platform does not take.
fn fits(runner: &PipRunner<'_>, own: &Own, file: &WheelName) -> Result<(), StepError> {
    let (python, place, name) = (&runner.work.python, &own.place, file.as_str());
    let refused = |message: String, help: &str| Err(StepError::Contents { message, help: help.to_owned() });
    if own.name.as_ref().is_some_and(|wanted| file.distribution() != *wanted) {
        return refused(format!("{place}: `{}` gives `{name}`", own.written), "the name in front of it is another one");
    }
    // Where a line applies only sometimes, pip says when.
    if !own.conditional && !file.fits(&python.version, &python.abi) {
        let message = format!(
            "{place}: `{name}` is not for Python {} ({}) of {}",
            python.version, python.abi, runner.step.platform
        );
        return refused(
            message,
            "name its source distribution instead, or say with a marker or an override where it applies",
        );
    }
    Ok(())
}
