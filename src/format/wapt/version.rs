//! How the two generations of WAPT compare versions, and which package a dependency matches.

use std::cmp::Ordering;

use super::facts::attributes::{BadRequest, Request, is_version};

/// The generations, by their comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// WAPT 1.8: `7 < 7.0`, and no packaging sorts before packaging 0.
    V1,
    /// WAPT 2: `7 = 7.0`, and no packaging is packaging 0.
    V2,
}

/// A digit or non-digit run; the list begins with text, which may be empty.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Run {
    /// Leading zeros left out: a longer number is a larger one.
    Number(usize, String),
    Text(String),
}

fn runs(text: &str) -> Vec<Run> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        let (word, after) = rest.split_at(rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len()));
        found.push(Run::Text(word.to_lowercase()));
        if after.is_empty() {
            return found;
        }
        let (digits, after) = after.split_at(after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len()));
        let digits = digits.trim_start_matches('0');
        found.push(Run::Number(digits.len(), digits.to_owned()));
        rest = after;
    }
}

/// Natural order: numbers as numbers, text without case.
fn natural(a: &str, b: &str) -> Ordering {
    runs(a).cmp(&runs(b))
}

fn members(text: &str, generation: Generation) -> Vec<&str> {
    text.split('.').filter(|member| generation == Generation::V1 || !member.is_empty()).collect()
}

/// Compares versions of systems and programs, member by member. With `count` each is cut or filled up with `0`.
#[must_use]
pub fn compare(a: &str, b: &str, count: Option<usize>, generation: Generation) -> Ordering {
    let (a, b) = (members(a, generation), members(b, generation));
    let fill = match (generation, count) {
        (Generation::V1, None) => "",
        _ => "0",
    };
    let length = count.unwrap_or(a.len().max(b.len()));
    let member = |of: &[&str], at: usize| -> String { (*of.get(at).unwrap_or(&fill)).to_owned() };
    (0..length)
        .map(|at| natural(&member(&a, at), &member(&b, at)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// What follows the first dash, as agents read it.
fn packaging(version: &str, generation: Generation) -> Result<(&str, Option<i64>), BadRequest> {
    let Some((numbers, text)) = version.split_once('-') else {
        return Ok((version, if generation == Generation::V2 { Some(0) } else { None }));
    };
    let number = text.trim().parse().map_err(|_| BadRequest::Packaging(text.to_owned()))?;
    Ok((numbers, Some(number)))
}

/// Compares versions of packages: four members, then the packaging.
///
/// # Errors
/// [`BadRequest::Packaging`], where agents break off.
pub fn compare_packages(a: &str, b: &str, generation: Generation) -> Result<Ordering, BadRequest> {
    let (a, b) = (packaging(a, generation)?, packaging(b, generation)?);
    Ok(compare(a.0, b.0, Some(4), generation).then(a.1.cmp(&b.1)))
}

/// What of a package decides which of two is newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Entry<'e> {
    /// `package`.
    pub package: &'e str,
    /// `version`.
    pub version: &'e str,
    /// `maturity`.
    pub maturity: &'e str,
    /// `signature_date`.
    pub signature_date: &'e str,
}

impl Entry<'_> {
    /// Compares two entries of an index.
    #[must_use]
    pub fn compare(&self, other: &Self, generation: Generation) -> Ordering {
        let rest = || {
            let maturity = self.maturity.cmp(other.maturity);
            maturity.then_with(|| self.signature_date.cmp(other.signature_date))
        };
        let plain = || (self.package, self.version).cmp(&(other.package, other.version));
        match generation {
            Generation::V1 if is_version(self.version) && is_version(other.version) => {
                let name = self.package.cmp(other.package);
                name.then_with(|| of_members(self.version, other.version)).then_with(rest)
            }
            Generation::V1 => plain(),
            Generation::V2 => match compare_packages(self.version, other.version, generation) {
                Ok(order) => self.package.cmp(other.package).then(order).then_with(rest),
                Err(_) => plain(),
            },
        }
    }

    /// Compares an entry with a version alone, as WAPT 1.8's `match` does: members that one of them does not have
    /// are ignored.
    #[must_use]
    pub fn compare_version(&self, version: &str) -> Ordering {
        if !is_version(self.version) || !is_version(version) {
            return self.version.cmp(version);
        }
        let (own, other) = (split(self.version), split(version));
        let members = own.0.split('.').zip(other.0.split('.')).map(|(a, b)| natural(a, b));
        let order = members.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal);
        match other.1 {
            Some(wanted) => order.then_with(|| natural(own.1.unwrap_or(""), wanted)),
            None => order,
        }
    }
}

fn split(version: &str) -> (&str, Option<&str>) {
    version.split_once('-').map_or((version, None), |(numbers, packaging)| (numbers, Some(packaging)))
}

/// 1.8's comparison of entries: a member that is missing comes first, so 1.0-1 < 1.0.0-1.
fn of_members(a: &str, b: &str) -> Ordering {
    let (a, b) = (split(a), split(b));
    let member = |text: &str, at: usize| text.split('.').nth(at).map(runs);
    let order = (0..4).map(|at| member(a.0, at).cmp(&member(b.0, at))).find(|order| order.is_ne());
    order.unwrap_or(Ordering::Equal).then_with(|| natural(a.1.unwrap_or(""), b.1.unwrap_or("")))
}

/// Whether a package is what a dependency asks for.
///
/// # Errors
/// [`BadRequest`], where agents break off.
pub fn matches(request: &Request, package: &str, version: &str, generation: Generation) -> Result<bool, BadRequest> {
    let Some(wanted) = &request.version else { return Ok(request.package == package) };
    // Agents read the condition before they look at the name.
    let with_packaging = wanted.contains('-') || generation == Generation::V2;
    let (numbers, number) = packaging(wanted, generation)?;
    if request.package != package {
        return Ok(false);
    }
    let condition = request.condition()?;
    let order = if with_packaging {
        let own = packaging(version, generation)?;
        compare(own.0, numbers, Some(4), generation).then(own.1.cmp(&number))
    } else {
        compare(split(version).0, numbers, Some(4), generation)
    };
    Ok(condition.holds(order))
}

/// WAPT 1.8's second way to ask the same (`PackageEntry.match`): an operator that it does not know asks nothing.
#[must_use]
pub fn matches_entry(request: &Request, entry: &Entry<'_>) -> bool {
    let version = || request.version.as_deref();
    request.package == entry.package
        && match (version(), request.condition()) {
            (Some(wanted), Ok(condition)) => condition.holds(entry.compare_version(wanted)),
            _ => true,
        }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::format::wapt::fixtures;

    fn vectors(of: &str) -> Vec<Value> {
        fixtures::json("version_vectors_1.8.2.json").map_or_else(Vec::new, |all| all[of].as_array().unwrap().clone())
    }

    fn sign(order: Ordering) -> i64 {
        order as i64
    }

    #[test]
    fn versions_compare_as_in_1_8() {
        for row in vectors("version_cmp") {
            let (a, b) = (row[0].as_str().unwrap(), row[1].as_str().unwrap());
            assert_eq!(sign(compare(a, b, None, Generation::V1)), row[2].as_i64().unwrap(), "{row}");
            assert_eq!(sign(compare(a, b, Some(4), Generation::V1)), row[3].as_i64().unwrap(), "{row}");
        }
    }

    #[test]
    fn packages_compare_as_in_1_8() {
        for row in vectors("entry_cmp") {
            let (a, b) = (row[0].as_str().unwrap(), row[1].as_str().unwrap());
            let entry = |version| Entry { package: "p", version, ..Entry::default() };
            assert_eq!(sign(entry(a).compare(&entry(b), Generation::V1)), row[2].as_i64().unwrap(), "entries {row}");
            let found = compare_packages(a, b, Generation::V1).map(sign).ok();
            assert_eq!(found, row[3].as_i64(), "PackageVersion {row}");
            assert_eq!(sign(entry(a).compare_version(b)), row[4].as_i64().unwrap(), "entry and text {row}");
        }
    }

    #[test]
    fn dependencies_match_as_in_1_8() {
        for row in vectors("match") {
            let request = Request::parse(row[0].as_str().unwrap()).unwrap();
            let version = row[1].as_str().unwrap();
            let found = matches(&request, "p", version, Generation::V1);
            assert_eq!(found.ok(), row[2].as_bool(), "{row}");
            let entry = Entry { package: "p", version, ..Entry::default() };
            assert_eq!(matches_entry(&request, &entry), row[3].as_bool().unwrap(), "{row}");
        }
    }

    #[test]
    fn conditions_are_read_as_in_1_8() {
        for row in vectors("regex_condition") {
            let request = Request::parse(row[0].as_str().unwrap()).unwrap();
            assert_eq!(request.package, row[1]["package"].as_str().unwrap(), "{row}");
            assert_eq!(request.version.as_deref(), row[1]["version"].as_str(), "{row}");
            assert_eq!(request.operator, row[1]["operator"].as_str().unwrap_or_default(), "{row}");
        }
    }

    #[test]
    fn versions_fit_as_in_1_8() {
        for row in vectors("parse") {
            assert_eq!(is_version(row[0].as_str().unwrap()), row[1].is_object(), "{row}");
        }
    }

    #[test]
    fn versions_compare_as_in_2() {
        let order = |a, b| compare(a, b, None, Generation::V2);
        assert_eq!(order("7", "7.0"), Ordering::Equal);
        assert_eq!(order("7..1", "7.1"), Ordering::Equal);
        assert_eq!(order("1.9", "1.10"), Ordering::Less);
        let packages = |a, b| compare_packages(a, b, Generation::V2);
        assert_eq!(packages("1.0", "1.0-0"), Ok(Ordering::Equal));
        assert_eq!(packages("1.0-1", "1.0.0-1"), Ok(Ordering::Equal));
        assert_eq!(packages("1.0", "1.0-a"), Err(BadRequest::Packaging("a".to_owned())));
        let does = |request: &str, version| matches(&Request::parse(request).unwrap(), "p", version, Generation::V2);
        assert_eq!(does("p(=1.0)", "1.0-5"), Ok(false));
        assert_eq!(does("p(=1.0)", "1.0-0"), Ok(true));
        assert_eq!(does("p(>1.0)", "1.0-1"), Ok(true));
        let entry = |version| Entry { package: "p", version, ..Entry::default() };
        assert_eq!(entry("1.0-1").compare(&entry("1.0.0-1"), Generation::V2), Ordering::Equal);
        assert_eq!(entry("1.0-1").compare(&entry("1.0.0-1"), Generation::V1), Ordering::Less);
        let dev = Entry { maturity: "DEV", ..entry("1.0") };
        assert_eq!(entry("1.0-0").compare(&dev, Generation::V2), Ordering::Less);
    }
}
