//! Requirements files (pip's "Requirements File Format"): which other files they take in, and on which line a
//! distribution is. Never resolves anything: that is pip's work.

mod conflicts;
mod hold;
mod line;
mod local;
mod option;
mod places;
mod text;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

pub use conflicts::{Conflict, Wish, conflicts};
pub use hold::{Held, OwnWheel, Refusal, Wanted, same_version};
pub use line::{Line, Requirement, lines, numbered, options, specifiers, with_lines};
pub use local::{GitWish, Local, What, is_archive, settled};
pub use option::Opt;
pub use places::Places;
pub use text::{Variable, counted, decoded, plain, variables};

use super::{project::SourceError, roots::Roots, variables::Variables, wheelhouse::normalise};

/// The largest requirements file, in bytes, and the most files that one may take in.
const LARGEST: u64 = 4 << 20;
const MOST: usize = 64;

/// The texts of a requirements set, by the recipe's paths.
pub type Texts = BTreeMap<PathBuf, String>;

/// The files of a requirements set: the first file and all that it takes in with `-r` and `-c`, which must be files of the project or
/// of the same source. The texts are as they are written, in whatever encoding; variables are in them by their names.
///
/// # Errors
/// When a file cannot be read, is too large, or lies outside of the project.
pub fn closure(roots: &Roots, first: &[PathBuf]) -> Result<Texts, SourceError> {
    let mut found = BTreeMap::new();
    let mut waiting: Vec<(PathBuf, Option<String>)> = first.iter().map(|path| (path.clone(), None)).collect();
    while let Some((path, place)) = waiting.pop() {
        let refuse = |reason| SourceError::Name { path: path.display().to_string(), reason };
        let at = |error: SourceError| match &place {
            Some(place) => SourceError::TakenIn { place: place.clone(), error: Box::new(error) },
            None => error,
        };
        let clean = settled(&path).ok_or_else(|| at(refuse("a requirements file must be in the project")))?;
        if found.contains_key(&clean) {
            continue;
        }
        if found.len() >= MOST {
            return Err(refuse("more than 64 requirements files take each other in"));
        }
        let bytes = roots.read(&clean, LARGEST).map_err(at)?;
        let text = text::decoded(&bytes).map_err(|reason| at(refuse(reason)))?;
        let folder = clean.parent().unwrap_or(Path::new(""));
        waiting.extend(
            taken_in(&plain(&text, roots.variables()), true)
                .into_iter()
                .map(|(line, name)| (folder.join(name), Some(format!("{}:{line}", clean.display())))),
        );
        found.insert(clean, text);
    }
    Ok(found)
}

/// The texts as pip gets them: with the values of variables, and without comments and blank lines.
#[must_use]
pub fn expanded(texts: &Texts, variables: &Variables) -> Texts {
    texts.iter().map(|(path, text)| (path.clone(), plain(text, variables))).collect()
}

/// Those of the files of a set that ask for something: the first one, and what any of them takes in with `-r`. The others only
/// constrain.
#[must_use]
pub fn asking(texts: &Texts, first: &Path) -> BTreeSet<PathBuf> {
    let mut found: BTreeSet<PathBuf> = settled(first).into_iter().collect();
    for (path, text) in texts {
        let folder = path.parent().unwrap_or(Path::new(""));
        found.extend(taken_in(text, false).into_iter().filter_map(|(_, name)| settled(&folder.join(name))));
    }
    found.retain(|path| texts.contains_key(path));
    found
}

/// The files that a text takes in with `-r`, and those of `-c` where they are wanted, each with its line, from 1. What is behind an
/// address is pip's to fetch.
fn taken_in(text: &str, constraints: bool) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in numbered(text) {
        let Line::Options(options) = line else { continue };
        let wanted = |option: &&Opt| option.name == "--requirement" || (constraints && option.name == "--constraint");
        let names = options.iter().filter(wanted).map(|option| option.value.clone());
        found.extend(names.filter(|name| !name.is_empty() && !name.contains("://")).map(|name| (number, name)));
    }
    found
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
        std::fs::write(folder.path().join("a.txt"), "-r sub/b.txt\nsix==1.16.0\n-c \"with space.txt\"\t# why\n")
            .unwrap();
        std::fs::write(folder.path().join("sub/b.txt"), "-r d.txt\n-r ../a.txt\n").unwrap_or_default();
        std::fs::write(folder.path().join("sub/d.txt"), "--requirement=e.txt\n").unwrap();
        std::fs::write(folder.path().join("sub/e.txt"), "").unwrap();
        std::fs::write(folder.path().join("with space.txt"), b"\xff\xfes\0i\0x\0\n\0").unwrap();
        std::fs::write(folder.path().join("sub/out.txt"), "\n-r ../../a.txt\n").unwrap();
        let error = closure(&Roots::for_project(folder.path()), &["sub/out.txt".into()]).unwrap_err();
        assert!(
            error.to_string().contains("must be in the project") && error.to_string().contains("sub/out.txt:2"),
            "{error}"
        );
        let found = closure(&Roots::for_project(folder.path()), &["a.txt".into()]).unwrap();
        let names: Vec<_> = found.keys().map(|path| path.display().to_string()).collect();
        assert_eq!(names, ["a.txt", "sub/b.txt", "sub/d.txt", "sub/e.txt", "with space.txt"]);
        let names: Vec<_> = asking(&found, Path::new("a.txt")).iter().map(|path| path.display().to_string()).collect();
        assert_eq!(names, ["a.txt", "sub/b.txt", "sub/d.txt", "sub/e.txt"], "a constraint asks for nothing");
    }

    #[test]
    fn who_asks_does_not_depend_on_the_order() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        for (name, text) in [("a.txt", "six==1.16.0\n"), ("b.txt", "idna==3 --hash=sha256:aa\n"), ("c d.txt", "")] {
            write(name, text);
        }
        for (lines, asked) in [
            ("-r b.txt\n-r a.txt\n-r a.txt\n", &["a.txt", "b.txt", "r.txt"][..]),
            ("-r a.txt\n-r b.txt\n-r a.txt\n-r r.txt\n", &["a.txt", "b.txt", "r.txt"]),
            ("-c b.txt\n-r a.txt\n-r b.txt\n", &["a.txt", "b.txt", "r.txt"]),
            ("-r b.txt\n-c b.txt\n-c a.txt\n", &["b.txt", "r.txt"]),
            // A line that goes on.
            ("-r \\\na.txt\n-c \\\n  b.txt\n-c 'c \\\nd.txt'\n", &["a.txt", "r.txt"]),
            ("-r \\\r\na.txt\r\n--constraint=\\\r\nb.txt\r\n", &["a.txt", "r.txt"]),
        ] {
            write("r.txt", lines);
            let texts = closure(&Roots::for_project(folder.path()), &["r.txt".into()])
                .unwrap_or_else(|e| panic!("{lines}: {e}"));
            let plain = expanded(&texts, &Variables::default());
            for texts in [&texts, &plain] {
                let found = asking(texts, Path::new("r.txt"));
                let found: Vec<_> = found.iter().map(|path| path.display().to_string()).collect();
                assert_eq!(found, asked, "{lines}");
                let is_strict = Wanted::from_texts(texts, Path::new("r.txt")).is_strict();
                assert_eq!(is_strict, asked.contains(&"b.txt"), "{lines}");
            }
        }
    }

    #[test]
    fn a_distribution_is_found_under_any_spelling() {
        let text = "# first\nzope.interface==6.0\n\nPyYAML==6.0.1 ; python_version > '3'\n-r x.txt\n";
        assert_eq!(line_of(text, "pyyaml"), Some(4));
        assert_eq!(line_of(text, "zope-interface"), Some(2));
        assert_eq!(line_of(text, "six"), None);
    }
}
