//! What a plan can say of wheels without asking pip: that the store has all of them.

use std::collections::BTreeMap;

use super::known::has_same_settings;
use crate::{
    execute::{Records, Session},
    plan::Step,
    source::{
        requirements::same_version,
        store::{Key, Kind, key_of_file},
        wheelhouse::{Wheel, Wheelhouse},
    },
    work::wheels::WheelsWork,
};

/// Whether nothing will be fetched or built for a step that must run: every requirement pins what the last wheelhouse has under
/// the same settings, and the store has all of that. What cannot be told is no.
#[must_use]
pub async fn are_stored(work: &WheelsWork, step: &Step, session: &Session) -> bool {
    // A manifest that others could have written says nothing of what an index gave.
    if !matches!(session.paths.trusted.doubt(&session.paths.wheel_dir.join(step.platform.as_str())), Ok(None)) {
        return false;
    }
    let same_folders = |last: &crate::plan::Record| {
        let folders = |inputs: &crate::plan::Inputs| -> Vec<(String, String)> {
            let all = inputs.iter().filter(|(name, _)| name.starts_with("folder "));
            all.map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        folders(&last.inputs) == folders(&step.inputs)
    };
    let last = Records::for_project(&session.paths.project).load(&step.id);
    let last = last.filter(|last| has_same_settings(last, step) && same_folders(last));
    let manifest =
        last.and_then(|last| Wheelhouse::manifest(&session.paths.wheel_dir, step.platform.as_str(), &last.key));
    let Some(manifest) = manifest else { return false };
    let wheels: BTreeMap<String, &Wheel> =
        manifest.wheels.iter().map(|wheel| (wheel.file.distribution(), wheel)).collect();
    if !are_pinned(work, step, &wheels) {
        return false;
    }
    for wheel in &manifest.wheels {
        if !is_stored(wheel, session).await {
            return false;
        }
    }
    true
}

/// Whether all that is asked for is one of these wheels, and can be no other one.
fn are_pinned(work: &WheelsWork, step: &Step, wheels: &BTreeMap<String, &Wheel>) -> bool {
    step.specifiers.iter().all(|(file, specifiers)| {
        let constrains = work.constraints.iter().any(|path| path.display().to_string() == *file);
        specifiers.iter().all(|(name, wants)| {
            let (name, marker) = name.split_once(';').unwrap_or((name, ""));
            match wheels.get(name) {
                Some(wheel) => {
                    let pin = wants.strip_prefix("==").map(str::trim);
                    pin.is_some_and(|pin| !pin.contains([',', '*', '=']) && same_version(pin, wheel.file.version()))
                }
                // What is not for this platform, and what is only constrained.
                None => constrains || !marker.is_empty(),
            }
        })
    })
}

async fn is_stored(wheel: &Wheel, session: &Session) -> bool {
    let key = match (&wheel.made_as, wheel.compiled) {
        (Some(key), _) => Key { kind: Kind::Built, digest: key.clone() },
        (None, false) => key_of_file(&wheel.sha256),
        (None, true) => return false,
    };
    // A store that cannot be asked is told when something is fetched of it.
    session.services.store.holds(&key).await.unwrap_or(false)
}
