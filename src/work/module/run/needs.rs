//! What wheels require on Windows is pinned, too, in a version that they take: a set that was locked on another system lacks what is
//! needed on Windows alone, and would only fail there.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Seek},
    str::FromStr as _,
};

use pep440_rs::{Version, VersionSpecifiers};

use super::ModuleError;
use crate::{
    format::wheel::Wheel,
    names::{Marker, normalise},
    source::requirements::{Line, Requirement, lines},
    work::module::data::{Layout, Pin},
};

/// So many are told.
const TOLD: usize = 10;

/// Holds what wheels require against the pins; the wheels are in their order.
pub(super) fn check<R: Read + Seek>(layout: &Layout, pins: &[Pin], wheels: &[Wheel<R>]) -> Result<(), ModuleError> {
    let required: BTreeMap<&str, (&Wheel<R>, &Pin)> =
        pins.iter().zip(wheels).map(|(pin, wheel)| (pin.name.as_str(), (wheel, pin))).collect();
    let mut missing = Vec::new();
    for wheel in wheels {
        missing.extend(other_python(layout, wheel));
    }
    // What is asked of each: it is looked at again when an extra of it is asked for later.
    let mut extras: BTreeMap<String, BTreeSet<String>> =
        pins.iter().map(|pin| (pin.name.clone(), pin.extras.clone())).collect();
    let mut waiting: Vec<String> = extras.keys().cloned().collect();
    let mut said = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        let Some((wheel, pin)) = required.get(name.as_str()) else { continue };
        let asked = extras.get(&name).cloned().unwrap_or_default();
        for requirement in read(wheel)? {
            if !counts(&requirement, &asked, layout, wheel)? {
                continue;
            }
            match required.get(requirement.name.as_str()) {
                None => _ = said.insert(format!("{} {} needs `{}`", pin.name, pin.version, requirement.name)),
                Some((_, other)) if !takes(&requirement, &other.version) => {
                    let text = "{} {} needs `{}{}`, and {} is pinned";
                    let values = [&pin.name, &pin.version, &requirement.name, &requirement.wants, &other.version];
                    said.insert(values.iter().fold(text.to_owned(), |text, value| text.replacen("{}", value, 1)));
                }
                Some(_) => {
                    let more = requirement.extras.split(',').map(|extra| normalise(extra.trim()));
                    let known = extras.entry(requirement.name.clone()).or_default();
                    let before = known.len();
                    known.extend(more.filter(|extra| !extra.is_empty()));
                    if known.len() > before {
                        waiting.push(requirement.name.clone());
                    }
                }
            }
        }
    }
    missing.extend(said);
    if missing.is_empty() {
        return Ok(());
    }
    let more = missing.len().saturating_sub(TOLD);
    missing.truncate(TOLD);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    Err(ModuleError::Needs(format!("the requirements are not whole for Windows: {}{more}", missing.join("; "))))
}

/// That a wheel is for another Python.
fn other_python<R: Read + Seek>(layout: &Layout, wheel: &Wheel<R>) -> Option<String> {
    let wants = wheel.requires_python()?;
    let fits = VersionSpecifiers::from_str(wants).ok()?.contains(&Version::from_str(&layout.python.to_string()).ok()?);
    let wants: String = wants.escape_debug().take(60).collect();
    (!fits).then(|| format!("{} {} needs Python {wants}, and it is {}", wheel.name(), wheel.version(), layout.python))
}

/// What a wheel requires.
fn read<R: Read + Seek>(wheel: &Wheel<R>) -> Result<Vec<Requirement>, ModuleError> {
    let one = |text: &String| {
        // Older metadata have brackets around versions.
        let plain = text.replacen('(', " ", 1).replacen(')', " ", 1);
        let asked = text.split(';').next().unwrap_or_default();
        let text = if asked.contains('(') { &plain } else { text };
        if let Some(Line::Requirement(requirement)) = lines(text).into_iter().next() {
            return Ok(requirement);
        }
        let shown: String = text.escape_debug().take(200).collect();
        let (name, version) = (wheel.name(), wheel.version());
        Err(ModuleError::Needs(format!("{name} {version} requires something that cannot be read: `{shown}`")))
    };
    wheel.requires().iter().map(one).collect()
}

/// Whether a requirement counts on Windows for one of the extras, or for none.
fn counts<R: Read + Seek>(
    requirement: &Requirement,
    extras: &BTreeSet<String>,
    layout: &Layout,
    wheel: &Wheel<R>,
) -> Result<bool, ModuleError> {
    if requirement.marker.is_empty() {
        return Ok(true);
    }
    let told = |error: crate::names::BadMarker| {
        let name = format!("{} {}", wheel.name(), wheel.version());
        ModuleError::Needs(format!("whether {name} needs `{}` on Windows cannot be told: {error}", requirement.name))
    };
    let marker = Marker::new(&requirement.marker).map_err(told)?;
    for extra in std::iter::once("").chain(extras.iter().map(String::as_str)) {
        let value = |variable: &str| match variable {
            "extra" => Some(extra.to_owned()),
            other => layout.python.marker(layout.machine, other),
        };
        if marker.holds(&value).map_err(told)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a requirement takes a version; one that is no specifier takes any.
fn takes(requirement: &Requirement, version: &str) -> bool {
    match (VersionSpecifiers::from_str(&requirement.wants), Version::from_str(version)) {
        (Ok(specifiers), Ok(version)) => specifiers.contains(&version),
        _ => true,
    }
}
