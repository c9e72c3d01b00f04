//! What differs from a lock, in words: one line for each thing.

use std::collections::{BTreeMap, BTreeSet};

use super::{LockedBase, LockedHouse, LockedWheel};
use crate::{
    names::{Commit, ImageName, PlatformId, Sha256, SourceName},
    source::{
        requirements::{Line, lines, same_version},
        wheelhouse::Wheel,
    },
};

/// How a base image differs from the locked one: by the digest of its registry, or by its id where it has none.
#[must_use]
pub fn base_drift(platform: &PlatformId, locked: Option<&LockedBase>, found: &LockedBase) -> Option<String> {
    let Some(locked) = locked else { return Some(format!("the base image of {platform} is not in the lock")) };
    if locked.image != found.image {
        return Some(format!("the base image of {platform} is {}, the lock has {}", found.image, locked.image));
    }
    let word = |base: &LockedBase| match (&base.digest, &base.id) {
        (Some(digest), _) => short(digest),
        (None, Some(id)) => format!("{} (of no registry)", short(id)),
        (None, None) => "an image without a digest".to_owned(),
    };
    (!locked.is_same(found))
        .then(|| format!("the base image of {platform} is {}, the lock has {}", word(found), word(locked)))
}

/// How a source differs from the locked one.
#[must_use]
pub fn source_drift(name: &SourceName, locked: Option<&Commit>, found: &Commit) -> Option<String> {
    match locked {
        None => Some(format!("source {name} is not in the lock")),
        Some(locked) if locked != found => {
            Some(format!("source {name} is at {}, the lock has {}", found.short(), locked.short()))
        }
        Some(_) => None,
    }
}

/// How what the packages in an image say of their libraries differs from the locked index.
#[must_use]
pub fn index_drift(platform: &str, image: &ImageName, locked: Option<&Sha256>, found: &Sha256) -> Option<String> {
    match locked {
        None => Some(format!("the index of libraries of {platform}/{image} is not in the lock")),
        Some(locked) if locked != found => Some(format!(
            "the packages in {platform}/{image} say something else of their libraries than those of the lock: their index is {}, the lock \
             has {}",
            short(found.as_str()),
            short(locked.as_str())
        )),
        Some(_) => None,
    }
}

/// How the wheels of a set differ from the locked ones. What was built is compared by its source distribution.
#[must_use]
pub fn wheel_drift(set: &str, locked: Option<&LockedHouse>, found: &LockedHouse) -> Vec<String> {
    let Some(locked) = locked else { return vec![format!("the wheels of {set} are not in the lock")] };
    let by_name = |house: &'_ LockedHouse| -> BTreeMap<String, LockedWheel> {
        house.wheels.iter().map(|wheel| (wheel.file.distribution(), wheel.clone())).collect()
    };
    let (before, now) = (by_name(locked), by_name(found));
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let differences = names.into_iter().filter_map(|name| match (before.get(name), now.get(name)) {
        (Some(before), Some(now)) => changed(name, before, now),
        (None, Some(now)) => Some(format!("{name} {} is not in the lock", now.file.version())),
        (Some(before), None) => Some(format!("{name} {} is in the lock, and nothing wants it", before.file.version())),
        (None, None) => None,
    });
    differences.map(|difference| format!("{set}: {difference}")).collect()
}

impl LockedHouse {
    /// Whether this very wheel is here, and was built from the source distribution that it names: what it says of itself proves nothing.
    #[must_use]
    pub fn has_built(&self, wheel: &Wheel) -> bool {
        let same = |locked: &LockedWheel| {
            locked.sdist.is_some()
                && locked.sdist == wheel.sdist
                && locked.sha256 == wheel.sha256
                && locked.file.distribution() == wheel.file.distribution()
                && same_version(locked.file.version(), wheel.file.version())
        };
        self.wheels.iter().any(same)
    }

    /// Whether a distribution is here.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.wheels.iter().any(|locked| locked.file.distribution() == name)
    }

    /// Refuses a wheel of a name and version that are in this lock, and which is another one, also one that was built from the same
    /// source distribution: whoever built it may have built anything. What has another version is no matter of a lock that nobody is
    /// held to.
    ///
    /// # Errors
    /// What differs, in words.
    pub fn hold(&self, found: &Self) -> Result<(), String> {
        let differs = found.wheels.iter().find_map(|now| {
            let name = now.file.distribution();
            let same = |before: &&LockedWheel| {
                before.file.distribution() == name && same_version(before.file.version(), now.file.version())
            };
            let before = self.wheels.iter().find(same)?;
            changed(&name, before, now).or_else(|| {
                let (version, is, was) = (now.file.version(), now.sha256.short(), before.sha256.short());
                let words = || format!("{name} {version} was built elsewhere: it is {is}, the lock has {was}");
                (now.sha256 != before.sha256).then(words)
            })
        });
        differs.map_or(Ok(()), Err)
    }
}

fn changed(name: &str, before: &LockedWheel, now: &LockedWheel) -> Option<String> {
    let (was, is) = (before.file.version(), now.file.version());
    if !same_version(was, is) {
        return Some(format!("{name} is {is}, the lock has {was}"));
    }
    let same = match (&before.sdist, &now.sdist) {
        (Some(before), Some(now)) => before == now,
        (None, None) => before.sha256 == now.sha256 && before.file == now.file,
        _ => false,
    };
    let kind = |wheel: &LockedWheel| match &wheel.sdist {
        Some(sdist) => format!("built from {}", sdist.short()),
        None => format!("{} ({})", wheel.file.as_str(), wheel.sha256.short()),
    };
    (!same).then(|| format!("{name} {is} is {}, the lock has {}", kind(now), kind(before)))
}

/// What the pins of a requirements text already say against a lock, before anything is resolved: only what cannot be meant
/// otherwise, so pins without a marker, and versions of plain numbers.
#[must_use]
pub fn pin_drift(set: &str, locked: &LockedHouse, text: &str) -> Vec<String> {
    let locked: BTreeMap<String, &str> =
        locked.wheels.iter().map(|wheel| (wheel.file.distribution(), wheel.file.version())).collect();
    let pins = lines(text).into_iter().filter_map(|line| match line {
        Line::Requirement(requirement) if requirement.marker.is_empty() => {
            Some((requirement.name.clone(), requirement.pinned().map(str::to_owned)))
        }
        _ => None,
    });
    pins.filter_map(|(name, pin)| match (locked.get(&name), pin) {
        (None, pin) => {
            Some(format!("{set}: {name} {}is not in the lock", pin.map(|pin| pin + " ").unwrap_or_default()))
        }
        (Some(before), Some(pin)) => {
            let (was, is) = (release(before)?, release(&pin)?);
            (was != is).then(|| format!("{set}: {name} is {pin}, the lock has {before}"))
        }
        (Some(_), None) => None,
    })
    .collect()
}

/// The numbers of a plain version without the zeros at its end (PEP 440: 1.0 is 1.0.0).
fn release(version: &str) -> Option<Vec<u64>> {
    let mut numbers: Vec<u64> = version.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    while numbers.len() > 1 && numbers.last() == Some(&0) {
        numbers.pop();
    }
    Some(numbers)
}

fn short(digest: &str) -> String {
    match digest.strip_prefix("sha256:").and_then(|digits| Sha256::new(digits).ok()) {
        Some(sha256) => format!("sha256:{}", sha256.short()),
        None => digest.to_owned(),
    }
}
