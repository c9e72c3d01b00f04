//! Requirements in rpm's words: `(python3.9dist(x) >= 1 with python3.9dist(x) < 2~~)`.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr as _,
};

use pep440_rs::{PrereleaseKind, Version};

use super::requirement::Requirement;

/// A name without differences that do not count (PEP 503).
pub(super) fn normal(name: &str) -> String {
    joined(name, &['-', '_', '.'])
}

/// The same with dots, as setuptools once had it.
pub(super) fn legacy(name: &str) -> String {
    joined(name, &['-', '_'])
}

fn joined(name: &str, between: &[char]) -> String {
    let mut text = String::new();
    let mut is_between = false;
    for c in name.chars() {
        if between.contains(&c) {
            if !is_between {
                text.push('-');
            }
            is_between = true;
        } else {
            is_between = false;
            text.push(c.to_ascii_lowercase());
        }
    }
    text
}

/// A version of PEP 440 in rpm's words; `None` where it is none. What is behind a `+` is left out, as it is in no release.
pub(super) fn version(text: &str) -> Option<String> {
    Parts::parse(text).map(|parts| parts.text())
}

/// A version, taken apart as far as rpm has words for it.
#[derive(Debug, Clone)]
struct Parts {
    epoch: u64,
    release: Vec<u64>,
    suffix: String,
}

impl Parts {
    fn parse(text: &str) -> Option<Self> {
        let version = Version::from_str(text).ok()?;
        let suffix = match (version.pre(), version.dev(), version.post()) {
            (Some(pre), _, _) => {
                let letter = match pre.kind {
                    PrereleaseKind::Alpha => "a",
                    PrereleaseKind::Beta => "b",
                    PrereleaseKind::Rc => "rc",
                };
                format!("~{letter}{}", pre.number)
            }
            (None, Some(dev), _) => format!("~~dev{dev}"),
            (None, None, Some(post)) => format!("^post{post}"),
            (None, None, None) => String::new(),
        };
        Some(Self { epoch: version.epoch(), release: version.release().to_vec(), suffix })
    }

    /// The next one that begins otherwise.
    fn next(mut self) -> Self {
        if let Some(last) = self.release.last_mut() {
            *last = last.saturating_add(1);
        }
        self.suffix.clear();
        self
    }

    fn text(&self) -> String {
        let length = self.release.iter().rposition(|part| *part != 0).map_or(1, |last| last + 1);
        let release: Vec<String> = self.release.iter().take(length).map(u64::to_string).collect();
        let epoch = if self.epoch == 0 { String::new() } else { format!("{}:", self.epoch) };
        format!("{epoch}{}{}", release.join("."), self.suffix)
    }
}

/// One specifier; `None` where it is none. That of a version before another one leaves out what comes before that one's release.
fn converted(name: &str, operator: &str, written: &str) -> Option<String> {
    let (plain, is_any) = match written.strip_suffix(".*") {
        Some(start) => (start, true),
        None => (written, false),
    };
    let version = Parts::parse(plain)?;
    let text = version.text();
    Some(match (operator, is_any) {
        ("~=", false) => {
            let mut upper = version.clone();
            upper.release.pop().filter(|_| !upper.release.is_empty())?;
            format!("({name} >= {text} with {name} < {})", upper.next().text())
        }
        ("==", true) => format!("({name} >= {text} with {name} < {})", version.next().text()),
        ("==" | "===", false) => format!("{name} = {text}"),
        ("!=", true) => format!("({name} < {text}~~ or {name} >= {})", version.next().text()),
        ("!=", false) => format!("({name} < {text} or {name} > {text})"),
        ("<", _) | ("<=", true) if version.suffix.is_empty() => format!("{name} < {text}~~"),
        (">", false) if version.suffix.is_empty() => format!("{name} > {text}.0"),
        (">", true) => format!("{name} >= {text}"),
        ("<=", true) => format!("{name} < {text}"),
        ("<" | "<=" | ">" | ">=", _) => format!("{name} {operator} {text}"),
        _ => return None,
    })
}

/// What distributions need, by its name.
#[derive(Debug, Default)]
pub(super) struct Needs {
    by_name: BTreeMap<String, BTreeSet<String>>,
    /// How many were made, those that were there already with them.
    made: usize,
}

/// So many relations are made of one distribution at most: a line may ask for many features, each in many versions.
const MOST: usize = 2_000;

impl Needs {
    /// Adds a requirement of a distribution of this version of Python, with each optional feature that it asks for; `None` where a
    /// version of it is none, or where there are too many.
    pub(super) fn add(&mut self, asked: &Requirement, python: &str) -> Option<()> {
        let all = asked.extras.len().saturating_add(1).saturating_mul(asked.specifiers.len().max(1));
        self.made = self.made.checked_add(all).filter(|made| *made <= MOST)?;
        let features = asked.extras.iter().map(|extra| format!("[{}]", extra.to_ascii_lowercase()));
        let names = [String::new()].into_iter().chain(features);
        let names = names.map(|feature| format!("python{python}dist({}{feature})", normal(&asked.name)));
        let mut all = Vec::new();
        for name in names {
            let one = |(operator, version): &(String, String)| converted(&name, operator, version);
            let specifiers = asked.specifiers.iter().map(one).collect::<Option<Vec<_>>>()?;
            all.push((name, specifiers));
        }
        for (name, specifiers) in all {
            self.by_name.entry(name).or_default().extend(specifiers);
        }
        Some(())
    }

    /// The relations.
    pub(super) fn finish(self) -> Vec<String> {
        let said = |(name, specifiers): (String, BTreeSet<String>)| match Vec::from_iter(specifiers).as_mut_slice() {
            [] => name,
            [one] => std::mem::take(one),
            several => format!("({})", several.join(" with ")),
        };
        self.by_name.into_iter().map(said).collect()
    }
}
