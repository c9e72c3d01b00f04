//! `[python]` of a platform file.

use std::collections::BTreeMap;

use super::{is_lower_word, is_minor_version};
use crate::{
    names::{Relation, Sha256, WheelFile},
    platform::types::{Packaging, Python, Seed},
    util::toml::{
        At, Issue, Issues, alternatives, list, map, one_line, os_package, parsed, plain_absolute, quoted, required,
        sub_table, table, word,
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
        wheels: BTreeMap<String, Sha256> = map(wheel, parsed),
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
    let wheels = wheels?.value.iter().filter_map(|(name, sha256)| Some((WheelFile::new(name).ok()?, sha256.clone())));
    Some(Seed { reason: reason?.value.clone(), wheels: wheels.collect() })
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

fn wheel(key: &str) -> Result<(), String> {
    WheelFile::new(key).map(drop).map_err(|error| error.expected.to_owned())
}

fn is_libc(text: &str) -> bool {
    text.split_once('-').is_some_and(|(name, version)| is_lower_word(name) && is_minor_version(version))
}
