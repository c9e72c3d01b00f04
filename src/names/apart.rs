//! [`Apart`]: a package that another one is not installed beside, or whose files it may have, in some versions.

use std::cmp::Ordering;

use super::{VERSION, version::dpkg_order as dpkg};

/// One of a relation in the words of Debian or of rpm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    /// The package.
    pub name: String,
    /// An operator and a version.
    version: Option<(String, String)>,
}

/// Words of rpm's boolean dependencies that join names.
const JOINING: [&str; 7] = ["or", "and", "with", "without", "if", "unless", "else"];

impl Apart {
    /// Those that a relation names: one, or the choice of a `|`, or all of rpm's `(a or b)`.
    #[must_use]
    pub fn all(relation: &str) -> Vec<Self> {
        let relation = relation.trim();
        if !relation.starts_with('(') {
            return relation.split('|').map(Self::of).collect();
        }
        let words = relation.split([' ', '(', ')']).filter(|word| !word.is_empty());
        let mut names: Vec<String> = Vec::new();
        let mut is_new = true;
        for word in words {
            match names.last_mut() {
                _ if JOINING.contains(&word) => is_new = true,
                Some(name) if !is_new => name.extend([" ", word]),
                _ => {
                    names.push(word.to_owned());
                    is_new = false;
                }
            }
        }
        names.iter().map(|name| Self::of(name)).collect()
    }

    fn of(relation: &str) -> Self {
        let relation = relation.trim();
        let end = relation.find([' ', '(', '<', '>', '=', ':']).unwrap_or(relation.len());
        let (name, rest) = relation.split_at(end);
        let rest = rest.trim_matches([' ', '(', ')']);
        let condition = rest.find(['<', '>', '=']).map(|start| &rest[start..]).map(|rest| {
            let end = rest.find(|c| !"<>=".contains(c)).unwrap_or(rest.len());
            (rest[..end].to_owned(), rest[end..].trim().to_owned())
        });
        Self { name: name.to_owned(), version: condition }
    }

    /// Whether it speaks of this version of the package, which is an epoch and an upstream version (`0:2.5.11`). Packages of one recipe
    /// have the same packaging revision, so that is not compared.
    #[must_use]
    pub fn holds(&self, version: &str) -> bool {
        let Some((operator, named)) = &self.version else { return true };
        let order = if named == VERSION { Ordering::Equal } else { compare(version, without_revision(named)) };
        match operator.as_str() {
            "<<" | "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">>" | ">" => order.is_gt(),
            ">=" => order.is_ge(),
            _ => order.is_eq(),
        }
    }
}

/// The versions that a relation speaks of, between two bounds, each with whether it is one of them.
#[derive(Debug, Clone, Copy, Default)]
struct Range<'r> {
    from: Option<(&'r str, bool)>,
    to: Option<(&'r str, bool)>,
}

impl Apart {
    /// Whether no version of the package is one that both speak of: `a (= 1)` and `a (>= 2)`. Of versions that are not known yet
    /// (`{{version}}`) nothing is said.
    #[must_use]
    pub fn excludes(&self, other: &Self) -> bool {
        let (Some(one), Some(two)) = (self.range(), other.range()) else { return false };
        is_empty(one.from, two.to) || is_empty(two.from, one.to)
    }

    /// Whether each version that this one speaks of is one of the other's: what depends on it and conflicts with that is never there.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        if other.version.is_none() {
            return true;
        }
        let (Some(one), Some(two)) = (self.range(), other.range()) else { return false };
        let is_above = match (two.from, one.from) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((least, takes)), Some((from, has))) => match whole(from, least) {
                Ordering::Equal => takes || !has,
                order => order.is_gt(),
            },
        };
        let is_below = match (two.to, one.to) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((most, takes)), Some((to, has))) => match whole(to, most) {
                Ordering::Equal => takes || !has,
                order => order.is_lt(),
            },
        };
        is_above && is_below
    }

    /// `None` where the version is not known yet.
    fn range(&self) -> Option<Range<'_>> {
        let Some((operator, version)) = &self.version else { return Some(Range::default()) };
        if version.contains("{{") {
            return None;
        }
        let version = version.as_str();
        Some(match operator.as_str() {
            "<<" | "<" => Range { to: Some((version, false)), from: None },
            "<=" => Range { to: Some((version, true)), from: None },
            ">>" | ">" => Range { from: Some((version, false)), to: None },
            ">=" => Range { from: Some((version, true)), to: None },
            _ => Range { from: Some((version, true)), to: Some((version, true)) },
        })
    }
}

/// Whether nothing is from the one to the other.
fn is_empty(from: Option<(&str, bool)>, to: Option<(&str, bool)>) -> bool {
    let (Some((from, takes)), Some((to, has))) = (from, to) else { return false };
    match whole(from, to) {
        Ordering::Equal => !(takes && has),
        order => order.is_gt(),
    }
}

/// The order of whole versions, with epoch and revision; none of either is 0 (deb-version(7)).
fn whole(one: &str, other: &str) -> Ordering {
    let revision = |version: &str| version.rsplit_once('-').map_or("0", |(_, revision)| revision).to_owned();
    compare(without_revision(one), without_revision(other)).then_with(|| dpkg(&revision(one), &revision(other)))
}

fn without_revision(version: &str) -> &str {
    version.rsplit_once('-').map_or(version, |(upstream, _)| upstream)
}

fn compare(one: &str, other: &str) -> Ordering {
    let parts = |version: &str| {
        let (epoch, upstream) = version.split_once(':').unwrap_or(("0", version));
        (epoch.parse::<u64>().unwrap_or(0), upstream.to_owned())
    };
    let ((epoch, upstream), (other_epoch, other_upstream)) = (parts(one), parts(other));
    epoch.cmp(&other_epoch).then_with(|| dpkg(&upstream, &other_upstream))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_a_relation_speaks_of() {
        for (relation, holds) in [
            ("shop", true),
            ("shop (<< 2.5)", false),
            ("shop (<< 2.5.11)", false),
            ("shop (<< 3)", true),
            ("shop < 3", true),
            ("shop (<= 2.5.11-1~deb12)", true),
            ("shop (= 2.5.11-1~deb12)", true),
            ("shop (= {{version}})", true),
            ("shop (<< {{version}})", false),
            ("shop (= 2.5.10)", false),
            ("shop (>= 2)", true),
            ("shop (<< 1:1)", true),
            ("shop (= 2.5.11~rc1)", false),
            ("shop (>> 2.5.11~rc1)", true),
            ("shop:any", true),
        ] {
            let all = Apart::all(relation);
            assert_eq!((all.len(), all[0].name.as_str(), all[0].holds("0:2.5.11")), (1, "shop", holds), "{relation}");
        }
    }

    #[test]
    fn relations_that_exclude_each_other() {
        let of = |text: &str| Apart::all(text).remove(0);
        for (one, two, apart, within) in [
            ("a (= 1)", "a (= 2)", true, false),
            ("a (>= 2)", "a (<< 2)", true, false),
            ("a (>= 2)", "a (<= 2)", false, false),
            ("a (>= 2)", "a", false, true),
            ("a (= 1:1)", "a (<< 3)", true, false),
            ("a (= 1-1)", "a (= 1-2)", true, false),
            ("a (= 1.5)", "a (>= 1)", false, true),
            ("a (>> 1)", "a (>= 1)", false, true),
            ("a (>= 1)", "a (>> 1)", false, false),
            ("a", "a", false, true),
            ("a", "a (<< 2)", false, false),
            ("a (= {{version}})", "a (= 1)", false, false),
            ("a < 1", "a >= 1", true, false),
        ] {
            assert_eq!((of(one).excludes(&of(two)), of(one).is_within(&of(two))), (apart, within), "{one} {two}");
        }
    }

    #[test]
    fn choices_and_what_only_rpm_says() {
        let names = |relation: &str| Apart::all(relation).into_iter().map(|one| one.name).collect::<Vec<_>>();
        assert_eq!(names("a (>= 1) | b"), ["a", "b"]);
        assert_eq!(names("(a or b >= 2)"), ["a", "b"]);
        assert_eq!(names("((a and b) or c)"), ["a", "b", "c"]);
        assert!(!Apart::all("(a or b >= 2)")[1].holds("0:1"));
        assert_eq!(names("()"), [] as [&str; 0]);
    }
}
