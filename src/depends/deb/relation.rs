//! Relations that were found, the larger version of two, and what others already say.

use std::collections::{BTreeMap, BTreeSet};

use super::version::{compare, is_version};

/// What stands for the version in a template.
const VERSION: &str = "#MINVER#";

/// A relation, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// In the words of deb-control(5): `libssl3 (>= 3.0.0)`.
    pub text: String,
    /// The files that need it, absolute.
    pub files: BTreeSet<String>,
    /// The libraries that they name: `libssl.so.3`.
    pub libraries: BTreeSet<String>,
}

/// Relations that are being found: by their template.
#[derive(Debug, Default)]
pub(super) struct Relations(BTreeMap<String, One>);

#[derive(Debug, Default)]
struct One {
    version: Option<String>,
    files: BTreeSet<String>,
    libraries: BTreeSet<String>,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) file: &'a str,
    pub(super) library: &'a str,
}

impl Relations {
    /// Adds a template, which may hold several relations with commas between them, in at least this version.
    pub(super) fn add(&mut self, template: &str, version: Option<&str>, asker: Asker<'_>) {
        for relation in template.split(',').map(str::trim).filter(|relation| !relation.is_empty()) {
            if !self.0.contains_key(relation) {
                self.0.insert(relation.to_owned(), One::default());
            }
            let Some(one) = self.0.get_mut(relation) else { continue };
            if let Some(version) = version
                && one.version.as_ref().is_none_or(|known| compare(version, known).is_gt())
            {
                one.version = Some(version.to_owned());
            }
            if !one.files.contains(asker.file) {
                one.files.insert(asker.file.to_owned());
            }
            if !one.libraries.contains(asker.library) {
                one.libraries.insert(asker.library.to_owned());
            }
        }
    }

    /// The relations, without those that others imply; none on the package itself.
    pub(super) fn finish(self, own: &str) -> Vec<Needed> {
        let all = self.0.into_iter().map(|(template, one)| Needed {
            text: filled(&template, one.version.as_deref()),
            files: one.files,
            libraries: one.libraries,
        });
        let mut found: Vec<Needed> = Vec::new();
        for needed in all.filter(|needed| !names(&needed.text, own)) {
            if let Some(known) = found.iter_mut().find(|known| implies(&known.text, &needed.text)) {
                known.files.extend(needed.files);
                known.libraries.extend(needed.libraries);
                continue;
            }
            let mut needed = needed;
            found.retain(|known| {
                let is_weaker = implies(&needed.text, &known.text);
                if is_weaker {
                    needed.files.extend(known.files.iter().cloned());
                    needed.libraries.extend(known.libraries.iter().cloned());
                }
                !is_weaker
            });
            found.push(needed);
        }
        found.sort_by(|one, other| one.text.cmp(&other.text));
        found
    }
}

/// A template with its version. Version 0 is none, as dpkg-shlibdeps has it.
fn filled(template: &str, version: Option<&str>) -> String {
    let text = match version.filter(|version| *version != "0" && is_version(version)) {
        Some(version) => template.replace(VERSION, &format!("(>= {version})")),
        None => template.replace(VERSION, ""),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a relation, or one of its alternatives, is on a package.
fn names(text: &str, package: &str) -> bool {
    text.split('|').filter_map(|one| plain(one.trim())).any(|one| one.name == package)
}

/// One package, with or without a version.
#[derive(Debug, PartialEq, Eq)]
struct Plain<'a> {
    name: &'a str,
    bound: Option<(&'a str, &'a str)>,
}

fn plain(text: &str) -> Option<Plain<'_>> {
    let (name, bound) = match text.split_once('(') {
        Some((name, bound)) => {
            let bound = bound.strip_suffix(')')?.trim();
            let at = bound.find(|c| !"<>=".contains(c))?;
            (name.trim(), Some((&bound[..at], bound[at..].trim())))
        }
        None => (text.trim(), None),
    };
    (!name.is_empty() && !name.contains([' ', '|'])).then_some(Plain { name, bound })
}

/// Whether what fulfils one relation always fulfils another, as far as their words tell.
#[must_use]
pub fn implies(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let Some(one) = plain(one) else { return false };
    other.split('|').filter_map(|other| plain(other.trim())).any(|other| {
        one.name == other.name
            && match (one.bound, other.bound) {
                (_, None) => true,
                (Some((">=" | "=" | ">>", own)), Some((">=", least))) => compare(own, least).is_ge(),
                (own, bound) => own == bound,
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_implies_what() {
        for (one, other) in [
            ("libc6 (>= 2.34)", "libc6 (>= 2.14)"),
            ("libc6 (>= 2.34)", "libc6"),
            ("libc6 (= 2.36-9)", "libc6 (>= 2.34)"),
            ("libgl1", "libgl1-mesa-glx | libgl1"),
            ("a | b", "a | b"),
        ] {
            assert!(implies(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("libc6 (>= 2.14)", "libc6 (>= 2.34)"),
            ("libc6", "libc6 (>= 2.34)"),
            ("libc6", "libc6-dev"),
            ("a | b", "a"),
            ("libc6 (<< 3)", "libc6 (>= 2)"),
            ("libc6:any", "libc6"),
        ] {
            assert!(!implies(one, other), "{one} {other}");
        }
    }

    #[test]
    fn the_larger_version_counts() {
        let mut relations = Relations::default();
        let asker = |file| Asker { file, library: "libfoo.so.1" };
        relations.add("libfoo1 #MINVER#, libfoo-data", Some("1.2"), asker("/a"));
        relations.add("libfoo1 #MINVER#", Some("1.10"), asker("/b"));
        relations.add("libfoo1 #MINVER#", Some("1.9"), asker("/c"));
        relations.add("libfoo1 (>= 1.0)", None, asker("/d"));
        relations.add("libzero #MINVER# | libother", Some("0"), asker("/d"));
        relations.add("own (>= 1)", None, asker("/d"));
        let found = relations.finish("own");
        let texts: Vec<&str> = found.iter().map(|needed| needed.text.as_str()).collect();
        assert_eq!(texts, ["libfoo-data", "libfoo1 (>= 1.10)", "libzero | libother"]);
        assert_eq!(found[1].files.iter().map(String::as_str).collect::<Vec<_>>(), ["/a", "/b", "/c", "/d"]);
    }

    #[test]
    fn what_is_no_version_is_not_written() {
        assert_eq!(filled("a #MINVER#", Some("1), evil (>= 1")), "a");
        assert_eq!(filled("a   #MINVER# |  b", Some("1:2~3-4")), "a (>= 1:2~3-4) | b");
    }
}
