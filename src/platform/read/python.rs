//! `[python]` of a platform file.

use std::collections::BTreeMap;

use super::{is_lower_word, is_minor_version};
use crate::{
    names::{Relation, Sha256, WheelFile},
    platform::{
        embedded::SEEDS,
        types::{Packaging, Python, Seed},
    },
    util::toml::{
        At, Issue, Issues, Value, alternatives, list, listed, map, one_line, os_package, parsed, plain_absolute,
        quoted, required, sub_table, table, word,
    },
};

table! {
    "[python]" struct RawPython {
        interpreter: String = plain_absolute,
        version: String = word("Python version", "`major.minor`, e.g. 3.11", is_minor_version),
        abi: String = word("ABI tag", "the tag of PEP 425, e.g. cp311", is_lower_word),
        libc: String = word("C library", "its name and version, e.g. glibc-2.36", is_libc),
        packages: Vec<At<String>> = list(os_package),
        tools: Vec<At<String>> = list(os_package),
        pip: String = plain_absolute,
        seed: RawSeed = sub_table,
        builder: Vec<At<String>> = list(os_package),
        depends: Vec<At<Relation>> = list(alternatives),
    }
}

table! {
    "[python.seed]" struct RawSeed {
        reason: String = one_line,
        wheels: BTreeMap<WheelFile, Sha256> = wheels,
    }
}

/// The platform's Python; its relations in the words of its packages.
pub(super) fn python(raw: &RawPython, package: Option<&Packaging>, issues: &mut Issues) -> Option<Python> {
    let at = ("[python]", &raw.span);
    let interpreter = required(&raw.interpreter, ("interpreter", "\"/usr/bin/python3\""), at, issues);
    let version = required(&raw.version, ("version", "\"3.11\""), at, issues);
    let abi = required(&raw.abi, ("abi", "\"cp311\""), at, issues);
    let libc = required(&raw.libc, ("libc", "\"glibc-2.36\""), at, issues);
    let seed = match raw.seed.value() {
        Some(raw) => Some(seed(raw, issues)?),
        None => None,
    };
    if seed.is_none() {
        required(&raw.pip, ("pip", "\"/usr/lib/python3/dist-packages/pip\""), at, issues)?;
    }
    Some(Python {
        interpreter: interpreter?.value.clone(),
        version: version?.value.clone(),
        abi: abi?.value.clone(),
        libc: libc?.value.clone(),
        packages: raw.packages.values(),
        tools: raw.tools.values(),
        pip: raw.pip.value().cloned(),
        seed,
        builder: raw.builder.values(),
        depends: depends(raw, package?, issues)?,
    })
}

fn seed(raw: &RawSeed, issues: &mut Issues) -> Option<Seed> {
    let at = ("[python.seed]", &raw.span);
    let reason = required(&raw.reason, ("reason", "\"its own pip is too old\""), at, issues);
    let wheels = required(&raw.wheels, ("wheels", "{ \"pip-25.0-py3-none-any.whl\" = \"<SHA-256>\" }"), at, issues);
    Some(Seed { reason: reason?.value.clone(), wheels: wheels?.value.clone() })
}

fn depends(raw: &RawPython, package: &Packaging, issues: &mut Issues) -> Option<Vec<String>> {
    let said: Vec<_> = raw
        .depends
        .items()
        .iter()
        .map(|relation| {
            package
                .say(&relation.value)
                .map_err(|why| {
                    let message = format!("{} cannot be said here: {why}", quoted(relation.value.as_str()));
                    issues.add(Issue::new(&relation.span, message).label("not for this format").help(why.help));
                })
                .ok()
        })
        .collect();
    said.into_iter().collect()
}

/// The name of a seed that is brought along, or a table of wheels and digests.
fn wheels(value: Value<'_>, issues: &mut Issues) -> Option<BTreeMap<WheelFile, Sha256>> {
    let Some(name) = value.get_ref().as_str() else {
        let wheels = map(wheel, parsed)(value, issues)?;
        return wheels.into_iter().map(|(name, sha256)| Some((WheelFile::new(name).ok()?, sha256))).collect();
    };
    let Some((_, text)) = SEEDS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = SEEDS.iter().map(|(known, _)| *known).collect();
        let issue = Issue::new(&value.span(), format!("unknown seed {}", quoted(name))).label("no such seed");
        issues.add(issue.help(format!("one of {}, or a table of wheels and their SHA-256", listed(&known))));
        return None;
    };
    lines(text)
}

/// The wheels and digests of a seed's text.
fn lines(text: &str) -> Option<BTreeMap<WheelFile, Sha256>> {
    let line = |line: &str| {
        let (sha256, name) = line.split_once("  ")?;
        Some((WheelFile::new(name).ok()?, Sha256::new(sha256).ok()?))
    };
    text.lines().map(line).collect()
}

fn wheel(key: &str) -> Result<(), String> {
    WheelFile::new(key).map(drop).map_err(|error| error.expected.to_owned())
}

fn is_libc(text: &str) -> bool {
    text.split_once('-').is_some_and(|(name, version)| is_lower_word(name) && is_minor_version(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_is_read() {
        for (name, text) in SEEDS {
            let wheels = lines(text).unwrap_or_else(|| panic!("{name}"));
            let has = |what: &str| wheels.keys().any(|wheel| wheel.as_str().starts_with(what));
            assert!(has("pip-") && has("setuptools-") && has("wheel-"), "{name}");
        }
    }
}
