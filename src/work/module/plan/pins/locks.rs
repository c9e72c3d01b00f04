//! Locks of other forms, as the requirements that they pin: `Pipfile.lock`, and `pylock.toml` ([PEP 751]).
//!
//! [PEP 751]: https://packaging.python.org/en/latest/specifications/pylock-toml/

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;
use toml::de::DeTable;

use crate::{names::normalise, source::requirements::Requirement};

/// The most packages of a lock.
const MOST: usize = 10_000;

/// How a lock is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Pipfile,
    Pylock,
}

/// What a lock says.
#[derive(Debug, Default)]
pub(super) struct Lock {
    /// Each with the line that names it, from 1.
    pub(super) requirements: Vec<(usize, Requirement)>,
    /// The index that it names; empty where it names none.
    pub(super) index: String,
}

impl Form {
    /// By the name of a file; `None` of a requirements file.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let is_pylock = name.strip_prefix("pylock").and_then(|rest| rest.strip_suffix(".toml"));
        match name {
            "Pipfile.lock" => Some(Self::Pipfile),
            _ => is_pylock.filter(|rest| rest.is_empty() || rest.starts_with('.')).map(|_| Self::Pylock),
        }
    }

    /// What its text says; what is wrong with it, in words.
    pub(super) fn read(self, text: &str) -> Result<Lock, String> {
        let lock = match self {
            Self::Pipfile => pipfile(text)?,
            Self::Pylock => pylock(text)?,
        };
        if lock.requirements.len() > MOST { Err("it has more than 10,000 packages".to_owned()) } else { Ok(lock) }
    }
}

#[derive(Deserialize)]
struct PipfileLock {
    #[serde(rename = "_meta", default)]
    meta: Meta,
    #[serde(default)]
    default: BTreeMap<String, Package>,
}

#[derive(Deserialize, Default)]
struct Meta {
    #[serde(default)]
    sources: Vec<Source>,
}

#[derive(Deserialize)]
struct Source {
    url: String,
}

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    version: String,
    #[serde(default)]
    hashes: Vec<String>,
    #[serde(default)]
    markers: String,
    #[serde(default)]
    extras: Vec<String>,
}

fn pipfile(text: &str) -> Result<Lock, String> {
    let read: PipfileLock = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let lines = lines_of(text);
    let of = |(name, package): (String, Package)| {
        let line = lines.get(format!("\"{name}\": {{").as_str()).copied().unwrap_or(1);
        let requirement = Requirement {
            name: normalise(&name),
            wants: package.version,
            marker: package.markers,
            extras: package.extras.join(","),
            options: Vec::new(),
            hashes: package.hashes,
        };
        (line, requirement)
    };
    // One with a variable in it is for pipenv alone.
    let index = read.meta.sources.into_iter().map(|source| source.url).find(|url| !url.contains('$'));
    Ok(Lock { requirements: read.default.into_iter().map(of).collect(), index: index.unwrap_or_default() })
}

fn pylock(text: &str) -> Result<Lock, String> {
    let read = DeTable::parse(text).map_err(|error| error.message().to_owned())?;
    let read = read.get_ref();
    let version = text_of(read, "lock-version").unwrap_or_default();
    if version.split('.').next() != Some("1") {
        let version: String = version.escape_debug().take(20).collect();
        return Err(format!("its `lock-version` is `{version}`, and 1 is known"));
    }
    let lines = lines_of(text);
    let packages = tables(read, "packages").map(|package| {
        let name = text_of(package, "name").ok_or("one of its packages has no name")?;
        let digests = tables(package, "wheels").filter_map(|file| {
            let hashes = file.get("hashes")?.get_ref().as_table()?;
            Some(format!("sha256:{}", text_of(hashes, "sha256")?))
        });
        let requirement = Requirement {
            name: normalise(name),
            wants: text_of(package, "version").map(|version| format!("=={version}")).unwrap_or_default(),
            marker: text_of(package, "marker").unwrap_or_default().to_owned(),
            extras: String::new(),
            options: Vec::new(),
            hashes: digests.collect(),
        };
        let line = lines.get(format!("name = \"{name}\"").as_str()).copied().unwrap_or(1);
        Ok::<_, String>((line, requirement))
    });
    Ok(Lock { requirements: packages.collect::<Result<_, _>>()?, index: String::new() })
}

fn text_of<'t>(table: &'t DeTable<'_>, key: &str) -> Option<&'t str> {
    table.get(key)?.get_ref().as_str()
}

/// The tables of a list; nothing of what is none.
fn tables<'t>(table: &'t DeTable<'t>, key: &str) -> impl Iterator<Item = &'t DeTable<'t>> {
    let list = table.get(key).and_then(|list| list.get_ref().as_array());
    list.into_iter().flat_map(|list| list.iter()).filter_map(|entry| entry.get_ref().as_table())
}

/// The first line of each text, from 1.
fn lines_of(text: &str) -> BTreeMap<&str, usize> {
    let mut lines = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        lines.entry(line.trim()).or_insert(number);
    }
    lines
}
