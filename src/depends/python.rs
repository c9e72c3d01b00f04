//! What the distributions of Python (PyPI's word: what pip installs) in an rpm package give and need by their names, as the generator of
//! Fedora's and Red Hat's rpmbuild says it (`pythondistdeps.py` of python-rpm-generators): `python3.9dist(requests) >= 2.20`. Only of
//! those in the folders of the system's Python: one in a virtualenv is nobody else's, and brings along what it needs.

mod marker;
mod relation;
mod requirement;

use std::collections::{BTreeMap, BTreeSet};

use requirement::Requirement;

use super::rpm::Found;

/// The most lines that are read of one file of metadata, and its largest size in bytes: the largest have some thousand lines.
const MOST_LINES: usize = 50_000;
pub(in crate::depends) const LARGEST: u64 = 4 << 20;

/// How a distribution's rpmbuild says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Whether what they need is written, too, and versions are in rpm's words; else they are as they are written (EL 8).
    pub needs: bool,
    /// The version of the system's `python3`, whose distributions are also given as `python3dist(…)`.
    pub default: String,
}

/// A file of metadata: `METADATA` of a wheel, `PKG-INFO` of what setuptools installed, or what is beside that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Where, absolute.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// What a file of metadata is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// What the distribution says of itself.
    Said,
    /// `requires.txt` of an `.egg-info`.
    Requires,
    /// `entry_points.txt` of an `.egg-info`.
    Entries,
}

/// Whether a file is one of metadata: directly in a folder of the system's Python.
#[must_use]
pub fn is_metadata(path: &str) -> bool {
    place(path).is_some()
}

/// The folder or file that a distribution is known by, the version of its Python, and which of its files this is.
fn place(path: &str) -> Option<(&str, &str, What)> {
    let below = ["/usr/lib/python", "/usr/lib64/python"].iter().find_map(|start| path.strip_prefix(start))?;
    let (version, rest) = below.split_once("/site-packages/")?;
    let is_version = version.starts_with('3') && super::rpm::is_python(version);
    let mut parts = rest.split('/');
    let (folder, file, more) = (parts.next()?, parts.next(), parts.next());
    let what = match (folder.ends_with(".dist-info"), folder.ends_with(".egg-info"), file) {
        (true, _, Some("METADATA")) | (_, true, None | Some("PKG-INFO")) => What::Said,
        (_, true, Some("requires.txt")) => What::Requires,
        (_, true, Some("entry_points.txt")) => What::Entries,
        _ => return None,
    };
    let end = path.len() - file.map_or(0, |file| file.len() + 1);
    (is_version && more.is_none()).then(|| (&path[..end], version, what))
}

/// Adds what the distributions give and need; `machine` is theirs, in the kernel's words. Gives what is odd of them, in words for people.
pub(super) fn add(all: &[Metadata], names: &Names, machine: &str, found: &mut Found) -> BTreeSet<String> {
    let mut odd = BTreeSet::new();
    let places = all.iter().filter_map(|one| Some((place(&one.path)?, one.text.as_str())));
    let texts: BTreeMap<(&str, What), &str> = places.map(|((folder, _, what), text)| ((folder, what), text)).collect();
    for one in all {
        let Some((folder, version, What::Said)) = place(&one.path) else { continue };
        let beside = |what: What| texts.get(&(folder, what)).copied().unwrap_or_default();
        let headers = headers(&one.text);
        let Some(name) = headers.iter().find(|(key, _)| *key == "name").map(|(_, value)| *value) else {
            odd.insert(format!("{} has no name, so what the distribution gives and needs is not known", one.path));
            continue;
        };
        let own = headers.iter().find(|(key, _)| *key == "version").map_or("", |(_, value)| *value);
        give(name, own, (version, names), &one.path, found);
        if !names.needs {
            continue;
        }
        let mut wanted: Vec<String> =
            headers.iter().filter(|(key, _)| *key == "requires-dist").map(|(_, value)| (*value).to_owned()).collect();
        if folder.ends_with(".egg-info") {
            if wanted.is_empty() {
                wanted = of_requires(beside(What::Requires));
            }
            let entries = beside(What::Entries);
            let starts = |group: &str| entries.lines().any(|line| line.trim() == group);
            // Programs of old setuptools look for their own distribution with a module of setuptools.
            if is_before(version, 10) && (starts("[console_scripts]") || starts("[gui_scripts]")) {
                wanted.insert(0, "setuptools".to_owned());
            }
        }
        need(&wanted, (version, machine), &one.path, found, &mut odd);
    }
    odd
}

/// Whether this is a Python 3 before that one.
fn is_before(version: &str, minor: u64) -> bool {
    version.split_once('.').and_then(|(_, own)| own.parse::<u64>().ok()).is_some_and(|own| own < minor)
}

fn give(name: &str, own: &str, (version, names): (&str, &Names), path: &str, found: &mut Found) {
    let mut spelled = BTreeSet::from([relation::legacy(name)]);
    if names.needs {
        spelled.insert(relation::normal(name));
    }
    let exact = if names.needs { relation::version(own) } else { Some(own.to_owned()) };
    let exact = exact.filter(|version| !version.is_empty());
    let is_default = version == names.default;
    for name in spelled {
        for python in [Some(version), is_default.then_some("3")].into_iter().flatten() {
            let capability = format!("python{python}dist({name})");
            let text = exact.as_ref().map_or_else(|| capability.clone(), |exact| format!("{capability} = {exact}"));
            found.provide(text, path);
        }
    }
}

fn need(
    wanted: &[String],
    (version, machine): (&str, &str),
    path: &str,
    found: &mut Found,
    odd: &mut BTreeSet<String>,
) {
    let mut all = relation::Needs::default();
    for text in wanted {
        let asked = Requirement::parse(text).and_then(|asked| {
            let holds = asked.marker.as_ref().is_none_or(|marker| marker.holds(&|name| value(name, version, machine)));
            if holds { all.add(&asked, version) } else { Some(()) }
        });
        if asked.is_none() {
            odd.insert(format!("{path} asks for `{}`, which is no requirement (PEP 508)", text.escape_debug()));
        }
    }
    for text in all.finish() {
        found.require(text, path);
    }
}

/// What a variable of a marker stands for (PEP 508), where the package is installed.
fn value<'v>(name: &str, version: &'v str, machine: &'v str) -> &'v str {
    match name {
        "os_name" => "posix",
        "sys_platform" => "linux",
        "platform_system" => "Linux",
        "platform_python_implementation" => "CPython",
        "implementation_name" => "cpython",
        "platform_machine" => machine,
        "python_version" | "python_full_version" | "implementation_version" => version,
        // Its kernel is not known, and no optional feature is asked for.
        _ => "",
    }
}

/// The headers of a file of metadata, their names in small letters. Lines that go on are not needed here.
fn headers(text: &str) -> Vec<(String, &str)> {
    let lines = text.lines().take(MOST_LINES).take_while(|line| !line.is_empty());
    let pairs = lines.filter(|line| !line.starts_with([' ', '\t'])).filter_map(|line| line.split_once(':'));
    pairs.map(|(key, value)| (key.to_ascii_lowercase(), value.trim())).collect()
}

/// The requirements of `requires.txt`: those before the first section, and those of sections with a marker and no optional feature.
fn of_requires(text: &str) -> Vec<String> {
    let (mut found, mut section) = (Vec::new(), String::new());
    for line in text.lines().take(MOST_LINES).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(name) => name.clone_into(&mut section),
            None if section.is_empty() => found.push(line.to_owned()),
            None => {
                if let Some(marker) = section.strip_prefix(':') {
                    found.push(format!("{line} ; {marker}"));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
