//! Lines of a requirements set that no version satisfies together, as far as one of them pins it. What applies only sometimes (a marker)
//! and what comes from an address is left to pip.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    str::FromStr as _,
};

use pep440_rs::{Version, VersionSpecifiers};

use super::{Line, Requirement, Texts, asking, numbered};

/// A line that wants something of a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The file, as the recipe calls it.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What of it: `==6.0.1`.
    pub wants: String,
}

/// Two lines that no version of a distribution satisfies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The distribution, normalised.
    pub name: String,
    /// The line that pins a version.
    pub pin: Wish,
    /// The one that does not take it.
    pub other: Wish,
}

/// The first conflict of each distribution that is asked for; `first` is the file that asks.
#[must_use]
pub fn conflicts(texts: &Texts, first: &Path) -> Vec<Conflict> {
    let asking = asking(texts, first);
    let mut wishes: BTreeMap<String, Vec<(bool, Requirement, Wish)>> = BTreeMap::new();
    for (file, text) in texts {
        for (line, asked) in numbered(text) {
            let Line::Requirement(requirement) = asked else { continue };
            if !requirement.marker.is_empty() || requirement.wants.starts_with('@') {
                continue;
            }
            let wish = Wish { file: file.clone(), line, wants: requirement.wants.clone() };
            let of = wishes.entry(requirement.name.clone()).or_default();
            of.push((asking.contains(file), requirement, wish));
        }
    }
    let asked = wishes.into_iter().filter(|(_, wishes)| wishes.iter().any(|(asks, ..)| *asks));
    asked.filter_map(|(name, wishes)| first_of(name, &wishes)).collect()
}

fn first_of(name: String, wishes: &[(bool, Requirement, Wish)]) -> Option<Conflict> {
    for (number, (_, requirement, pin)) in wishes.iter().enumerate() {
        let Some(version) = requirement.pinned().and_then(|version| Version::from_str(version).ok()) else { continue };
        let refuses = |(at, (_, other, _)): &(usize, &(bool, Requirement, Wish))| {
            *at != number && VersionSpecifiers::from_str(&other.wants).is_ok_and(|wants| !wants.contains(&version))
        };
        if let Some((_, (_, _, other))) = wishes.iter().enumerate().find(refuses) {
            return Some(Conflict { name, pin: pin.clone(), other: other.clone() });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(asked: &str, constraints: &str) -> Vec<String> {
        let asked = format!("-c c.txt\n{asked}");
        let texts: Texts = [("r.txt".into(), asked), ("c.txt".into(), constraints.to_owned())].into();
        let said = |one: Conflict| {
            let place = |wish: &Wish| format!("{}:{} {}", wish.file.display(), wish.line, wish.wants);
            format!("{}: {}, {}", one.name, place(&one.pin), place(&one.other))
        };
        conflicts(&texts, Path::new("r.txt")).into_iter().map(said).collect()
    }

    #[test]
    fn pins_that_exclude_each_other() {
        assert_eq!(found("a==1\nA==2\n", ""), ["a: r.txt:2 ==1, r.txt:3 ==2"]);
        assert_eq!(found("requests==2.31\n", "requests<2.30\n"), ["requests: r.txt:2 ==2.31, c.txt:1 <2.30"]);
        assert_eq!(found("a>=2\n", "a==1\n"), ["a: c.txt:1 ==1, r.txt:2 >=2"]);
    }

    #[test]
    fn what_may_be() {
        for (asked, constraints) in [
            ("a==1\na==1.0\n", "a<2\n"),
            ("a==1 ; python_version < '3'\na==2\n", ""),
            ("b==1\n", "a==1\na==2\n"),
            ("a==1.*\na==1.5\n", ""),
            ("a==1.0rc1\n", "a>=0.9\n"),
            ("a @ https://example.org/a-1.tar.gz\na==2\n", ""),
            ("a[x]==1\na\n", ""),
        ] {
            assert_eq!(found(asked, constraints), [""; 0], "{asked}");
        }
    }
}
