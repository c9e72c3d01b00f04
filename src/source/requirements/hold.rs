//! [`Wanted`]: what a requirements set says of the files that may answer it: their versions, and their digests where lines pin
//! some (`--hash`). What resolves, stores and builds is held against it, whoever says that a file is the right one.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    str::FromStr as _,
};

use pep440_rs::{Version, VersionSpecifiers};

use super::{
    Line, Requirement, Texts, asking,
    line::{lines, options},
};
use crate::{
    names::Sha256,
    source::wheelhouse::{Fit, Wheel, WheelName},
};

/// What a requirements set says of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The lines that ask for a distribution, by its normalised name.
    asked: BTreeMap<String, Vec<Requirement>>,
    /// The lines that only constrain it.
    constraints: BTreeMap<String, Vec<Requirement>>,
    /// Whether every file must have a digest that a line pins: as soon as one line does, as with pip.
    strict: bool,
    /// What the lines ask for that no index gives.
    own: Vec<OwnWheel>,
}

/// A folder or a file of the project, or a checkout, that requirements ask for: which wheel may be of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnWheel {
    /// Where it is, as a manifest names it.
    pub path: String,
    /// The distribution, normalised, where that is known before.
    pub name: Option<String>,
    /// The very wheel, where it is one.
    pub wheel: Option<(WheelName, Sha256)>,
}

/// How a file was found good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Its digest is in the requirements.
    ByDigest,
    /// Its version is one that may be: whether its bytes are the right ones must be asked elsewhere.
    ByVersion,
}

/// Why a file may not answer the requirements.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Its digest is none of those that are pinned.
    #[error("does not have the hash that the requirements pin")]
    Digest,
    /// Lines pin digests, but none of this distribution.
    #[error("has no `--hash` in the requirements, which pin the hashes of others")]
    Unpinned,
    /// Lines pin its digest, but none in SHA-256.
    #[error("is pinned by a hash that is not SHA-256")]
    Algorithm,
    /// Another version is asked for.
    #[error("is version {is}, and the requirements want {wants}")]
    Version {
        /// The file's version.
        is: String,
        /// What a line wants.
        wants: String,
    },
}

impl Refusal {
    /// What to type or change next.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Digest | Self::Version { .. } => {
                "take a new hash or version only if you know why it changed: `pip hash FILE`"
            }
            Self::Unpinned => "pin its hash, too (`pip hash FILE`, `pip-compile --generate-hashes`), or none at all",
            Self::Algorithm => "add the file's SHA-256: `pip hash FILE`",
        }
    }
}

impl Wanted {
    /// What the files of a set say: the recipe's path -> text, as [`super::closure`] gives them. `first` is the one that asks.
    #[must_use]
    pub fn from_texts(texts: &Texts, first: &Path) -> Self {
        let asking = asking(texts, first);
        let mut wanted = Self::default();
        for (path, text) in texts {
            let to = if asking.contains(path) { &mut wanted.asked } else { &mut wanted.constraints };
            for line in lines(text) {
                match line {
                    Line::Requirement(requirement) => {
                        to.entry(requirement.name.clone()).or_default().push(requirement);
                    }
                    // pip wants hashes of all as soon as a file of the project has one, too.
                    Line::Local(local) if asking.contains(path) => wanted.strict |= !local.hashes.is_empty(),
                    _ => {}
                }
            }
            wanted.strict |= options(text).iter().any(|option| option.name == "--require-hashes");
        }
        // What only constrains asks for no hashes of others: pip wants them of all as soon as one that is asked for has some.
        wanted.strict |= wanted.asked.values().flatten().any(has_digest);
        wanted
    }

    /// Judges the file of a distribution, whose name is normalised: `version` as its name says, `sha256` of what the index has, so of
    /// the source distribution where a wheel was built.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn judge(&self, name: &str, version: &str, sha256: &Sha256) -> Result<Held, Refusal> {
        let (asked, constraints) = (of(&self.asked, name), of(&self.constraints, name));
        let refuse = |line: &Requirement| Err(Refusal::Version { is: version.to_owned(), wants: line.wants.clone() });
        for line in asked.iter().chain(constraints).filter(|line| line.marker.is_empty()) {
            if !allows(line, version) {
                return refuse(line);
            }
        }
        // Which markers apply is pip's to say. In a set whose hashes are pinned one of the lines must fit.
        let fitting: Vec<&Requirement> = asked.iter().filter(|line| allows(line, version)).collect();
        if let (true, Some(line), true) = (self.strict, asked.first(), fitting.is_empty()) {
            return refuse(line);
        }
        let mut held = Held::ByVersion;
        for lines in [fitting, constraints.iter().collect()] {
            match among(&lines, sha256) {
                Some(Ok(())) => held = Held::ByDigest,
                Some(Err(refusal)) => return Err(refusal),
                None => {}
            }
        }
        match held {
            Held::ByVersion if self.strict => Err(Refusal::Unpinned),
            held => Ok(held),
        }
    }

    /// Whether every file must have a digest that a line pins.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// How well a name, which is normalised, and a version go with the lines.
    #[must_use]
    pub fn fit(&self, name: &str, version: &str) -> Fit {
        let mut known = Fit::Unknown;
        for line in of(&self.asked, name).iter().chain(of(&self.constraints, name)) {
            known = known.max(if allows(line, version) { Fit::Version } else { Fit::Name });
        }
        known
    }

    /// What pins of files say: the wheels of these names, and no other ones.
    pub fn of_pins<'p>(pins: impl Iterator<Item = (&'p str, &'p Sha256)>) -> Self {
        let mut wanted = Self { strict: true, ..Self::default() };
        for (file, sha256) in pins {
            let mut parts = file.split('-');
            let (name, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            for line in lines(&format!("{name}=={version} --hash=sha256:{sha256}")) {
                if let Line::Requirement(requirement) = line {
                    wanted.asked.entry(requirement.name.clone()).or_default().push(requirement);
                }
            }
        }
        wanted
    }

    /// Whether every wheel of a set is one whose own digest is pinned: then it does not matter who wrote them.
    #[must_use]
    pub fn pins_all(&self, wheels: &[Wheel]) -> bool {
        wheels.iter().all(|wheel| {
            let judged = self.judge(&wheel.file.distribution(), wheel.file.version(), &wheel.sha256);
            !wheel.compiled && judged == Ok(Held::ByDigest)
        })
    }

    /// The same with what the lines ask for that no index gives.
    #[must_use]
    pub fn with_own(self, own: Vec<OwnWheel>) -> Self {
        Self { own, ..self }
    }

    /// Whether a wheel that says so can be of something that the lines ask for and no index gives: the commit says what that is. One
    /// whose digest a line pins is not.
    #[must_use]
    pub fn is_own(&self, wheel: &Wheel) -> bool {
        let name = wheel.file.distribution();
        let lines = of(&self.asked, &name).iter().chain(of(&self.constraints, &name));
        let pinned = (self.strict && self.asked.contains_key(&name))
            || lines.into_iter().any(|line| has_digest(line) || of_address(line).is_some());
        let claims = |own: &&OwnWheel| wheel.folder.as_ref() == Some(&own.path);
        let fits = |own: &OwnWheel| {
            own.name.as_ref().is_none_or(|wanted| *wanted == name)
                && own.wheel.as_ref().is_none_or(|(file, sha256)| *file == wheel.file && *sha256 == wheel.sha256)
        };
        !pinned && self.own.iter().find(claims).is_some_and(fits)
    }

    /// Judges all wheels of a set, those of the project's own folders and files left out. What a wheel says of itself is believed as far
    /// as it is known: `built` tells of one whether it comes from the source distribution that it names.
    ///
    /// # Errors
    /// In words: the first wheel that may not be there and why.
    pub fn judge_all(&self, wheels: &[Wheel], built: &dyn Fn(&Wheel) -> bool) -> Result<(), String> {
        let (mut seen, mut of_folders) = (BTreeSet::new(), BTreeSet::new());
        for wheel in wheels {
            let (name, file) = (wheel.file.distribution(), wheel.file.as_str());
            if !seen.insert(name.clone()) {
                return Err(format!("{file} is one of several wheels of {name}"));
            }
            // Each of them gives one wheel.
            if self.is_own(wheel) && of_folders.insert(wheel.folder.as_ref()) {
                continue;
            }
            let sdist = wheel.sdist.as_ref().filter(|_| built(wheel));
            let judged = self.judge(&name, wheel.file.version(), sdist.unwrap_or(&wheel.sha256));
            judged.map_err(|refusal| match &wheel.sdist {
                Some(_) if sdist.is_none() => format!(
                    "{file} {refusal}; that it was built from a source distribution which has it is believed where `factory.lock` has this very wheel"
                ),
                _ => format!("{file} {refusal}"),
            })?;
        }
        Ok(())
    }
}

/// Whether two versions are the same (PEP 440: `1.0` and `1.0.0`, `1.0-1` and `1.0.post1`); what is none is compared by its letters.
#[must_use]
pub fn same_version(one: &str, other: &str) -> bool {
    match (version(one), version(other)) {
        (Some(one), Some(other)) => one == other,
        _ => plain(one) == plain(other),
    }
}

/// The version that a file's name says: there, `_` may stand for `-` (PEP 427).
fn version(text: &str) -> Option<Version> {
    Version::from_str(text).or_else(|_| Version::from_str(&text.replace('_', "-"))).ok()
}

fn plain(text: &str) -> String {
    text.to_ascii_lowercase().replace(['_', '-'], ".")
}

/// Whether a line takes a version. A line that names an address takes any. What is no specifier of PEP 440 (`==2004d` of Python 2's
/// days) is compared by its letters where it pins, and takes no version else.
fn allows(line: &Requirement, version: &str) -> bool {
    if line.wants.is_empty() || line.wants.starts_with('@') {
        return true;
    }
    match (VersionSpecifiers::from_str(&line.wants), self::version(version)) {
        (Ok(specifiers), Some(version)) => specifiers.contains(&version),
        _ => line.pinned().is_some_and(|pin| same_version(pin, version)),
    }
}

fn of<'l>(lines: &'l BTreeMap<String, Vec<Requirement>>, name: &str) -> &'l [Requirement] {
    lines.get(name).map_or(&[], Vec::as_slice)
}

fn has_digest(line: &Requirement) -> bool {
    !line.hashes.is_empty()
}

/// The SHA-256 in the fragment of an address.
fn of_address(line: &Requirement) -> Option<String> {
    let (_, fragment) = line.wants.strip_prefix('@')?.split_once('#')?;
    fragment.split('&').find_map(|part| part.strip_prefix("sha256=")).map(|digest| format!("sha256:{digest}"))
}

/// Whether a digest is among those of these lines; `None` where they have none.
fn among(lines: &[&Requirement], sha256: &Sha256) -> Option<Result<(), Refusal>> {
    let pinned: Vec<String> =
        lines.iter().flat_map(|line| line.hashes.iter().cloned().chain(of_address(line))).collect();
    let digests: Vec<String> =
        pinned.iter().filter_map(|hash| hash.strip_prefix("sha256:")).map(str::to_lowercase).collect();
    match (pinned.is_empty(), digests.is_empty()) {
        (true, _) => None,
        (false, true) => Some(Err(Refusal::Algorithm)),
        _ if digests.iter().any(|digest| digest == sha256.as_str()) => Some(Ok(())),
        _ => Some(Err(Refusal::Digest)),
    }
}

#[cfg(test)]
mod tests;
