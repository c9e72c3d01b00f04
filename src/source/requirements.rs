//! Requirements files (pip's "Requirements File Format"): which other files they take in, and on which line a
//! distribution stands. Never resolves anything: that is pip's work.

mod hold;
mod line;
mod places;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

pub use hold::{Held, Refusal, Wanted, same_version};
pub use line::{Line, Requirement, lines, options, wishes, with_folder, with_requirements, without_folders};
pub use places::Places;

use super::{
    project::{SourceError, within},
    roots::Roots,
    wheelhouse::normalise,
};

/// The largest requirements file, in bytes, and the most files that one may take in.
const LARGEST: u64 = 4 << 20;
const MOST: usize = 64;

/// The files of a requirements set: the recipe's path -> text. The first file and all that it takes in with `-r` and `-c`,
/// which must be files of the project or of the same source.
///
/// # Errors
/// When a file cannot be read, is too large, or lies outside of the project.
pub fn closure(roots: &Roots, first: &[PathBuf]) -> Result<BTreeMap<PathBuf, String>, SourceError> {
    let mut found = BTreeMap::new();
    let mut waiting: Vec<(PathBuf, Option<String>)> = first.iter().map(|path| (path.clone(), None)).collect();
    while let Some((path, place)) = waiting.pop() {
        let refuse = |reason| SourceError::Name { path: path.display().to_string(), reason };
        let at = |error: SourceError| match &place {
            Some(place) => SourceError::TakenIn { place: place.clone(), error: Box::new(error) },
            None => error,
        };
        let clean = within(&path).ok_or_else(|| at(refuse("a requirements file must be in the project")))?;
        if found.contains_key(&clean) {
            continue;
        }
        if found.len() >= MOST {
            return Err(refuse("more than 64 requirements files take each other in"));
        }
        let text = roots.text(&clean, LARGEST).map_err(at)?;
        let folder = clean.parent().unwrap_or(Path::new(""));
        let options = &["--requirement", "--constraint", "-r", "-c"];
        waiting.extend(
            taken_in_at(&text, options)
                .map(|(line, name)| (folder.join(name), Some(format!("{}:{line}", clean.display())))),
        );
        found.insert(clean, text);
    }
    Ok(found)
}

/// Those of the files of a set that ask for something: the first one, and what they take in with `-r`. The others only constrain.
#[must_use]
pub fn asking(texts: &BTreeMap<PathBuf, String>, first: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<PathBuf> = within(first).into_iter().collect();
    while let Some(path) = waiting.pop() {
        let Some(text) = texts.get(&path) else { continue };
        let folder = path.parent().unwrap_or(Path::new(""));
        waiting.extend(taken_in(text, &["--requirement", "-r"]).filter_map(|name| within(&folder.join(name))));
        if !found.insert(path) {
            break;
        }
    }
    found
}

/// The names behind these options.
fn taken_in<'t>(text: &'t str, options: &'static [&'static str]) -> impl Iterator<Item = &'t str> {
    taken_in_at(text, options).map(|(_, name)| name)
}

/// The same with the lines, from 1.
fn taken_in_at<'t>(text: &'t str, options: &'static [&'static str]) -> impl Iterator<Item = (usize, &'t str)> {
    text.lines().zip(1..).filter_map(|(line, number)| {
        let line = line.split(" #").next().unwrap_or(line).trim();
        options.iter().find_map(|option| {
            let rest = line.strip_prefix(option)?;
            let rest = rest.strip_prefix('=').unwrap_or(rest);
            // `-rfile` is the same as `-r file`; `--requirementfile` is nothing.
            if option.starts_with("--") && rest.len() == line.len() - option.len() && !rest.starts_with([' ', '\t']) {
                return None;
            }
            Some((number, rest.trim())).filter(|(_, name)| !name.is_empty() && !name.contains("://"))
        })
    })
}

/// The line (from 1) of a requirements text on which a distribution is asked for.
#[must_use]
pub fn line_of(text: &str, distribution: &str) -> Option<usize> {
    let wanted = normalise(distribution);
    text.lines()
        .position(|line| {
            let name: String =
                line.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect();
            !name.is_empty() && !name.starts_with('-') && normalise(&name) == wanted
        })
        .map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_closed_over_what_it_takes_in() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        std::fs::write(folder.path().join("a.txt"), "-r sub/b.txt\nsix==1.16.0\n-c c.txt # why\n").unwrap();
        std::fs::write(folder.path().join("sub/b.txt"), "-r d.txt\n-r ../a.txt\n").unwrap_or_default();
        std::fs::write(folder.path().join("sub/d.txt"), "--requirement=e.txt\n").unwrap();
        std::fs::write(folder.path().join("sub/e.txt"), "").unwrap();
        std::fs::write(folder.path().join("c.txt"), "").unwrap();
        let error = closure(&Roots::of(folder.path()), &["a.txt".into()]).unwrap_err();
        assert!(error.to_string().contains("must be in the project"), "{error}");
        std::fs::write(folder.path().join("sub/b.txt"), "-rd.txt\n").unwrap();
        let found = closure(&Roots::of(folder.path()), &["a.txt".into()]).unwrap();
        let names: Vec<_> = found.keys().map(|path| path.display().to_string()).collect();
        assert_eq!(names, ["a.txt", "c.txt", "sub/b.txt", "sub/d.txt", "sub/e.txt"]);
        let names: Vec<_> = asking(&found, Path::new("a.txt")).iter().map(|path| path.display().to_string()).collect();
        assert_eq!(names, ["a.txt", "sub/b.txt", "sub/d.txt", "sub/e.txt"], "a constraint asks for nothing");
    }

    #[test]
    fn a_distribution_is_found_under_any_spelling() {
        let text = "# first\nzope.interface==6.0\n\nPyYAML==6.0.1 ; python_version > '3'\n-r x.txt\n";
        assert_eq!(line_of(text, "pyyaml"), Some(4));
        assert_eq!(line_of(text, "zope-interface"), Some(2));
        assert_eq!(line_of(text, "six"), None);
    }
}
