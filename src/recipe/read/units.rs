//! `[[test.unit]]` and the units that the packages of the recipe ship, as far as their names stand in it.

use std::collections::BTreeSet;

use super::{
    raw::{RawRecipe, RawUnit},
    scalars::is_unit,
    tables::RawContent,
};
use crate::{
    unit::UnitName,
    util::toml::{At, Issue, Issues, nearest, quoted},
};

/// Finds names that are a misspelt unit of the recipe, and units that are named twice to opposite ends. A unit that is like none of
/// them may be of a package that is collected, of a folder that is taken whole or of a dependency: `factory test` finds out.
pub(crate) fn check(raw: &RawRecipe, tests: &[At<RawUnit>], issues: &mut Issues) {
    let contents = raw.package.items().iter().flat_map(|package| package.value.all());
    let known: BTreeSet<&str> =
        contents.flat_map(|table| table.contents.items()).flat_map(|entry| names(&entry.value)).collect();
    twice(tests, issues);
    for test in tests {
        let Some(name) = test.value.name.at() else { continue };
        let Ok(unit) = UnitName::new(&name.value) else { continue };
        let template = unit.template();
        if known.contains(unit.as_str()) || template.as_ref().is_some_and(|name| known.contains(name.as_str())) {
            continue;
        }
        // An instance is what the user says: only what stands before it can be misspelt.
        let stems =
            known.iter().filter_map(|name| UnitName::new(name).ok()).filter(|other| other.kind() == unit.kind());
        let stems: Vec<String> = stems.map(|other| other.prefix().to_owned()).collect();
        let Some(near) = nearest(unit.prefix(), stems.iter().map(String::as_str)) else { continue };
        let of_template = known.contains(format!("{near}@.{}", unit.kind()).as_str());
        let meant = match unit.instance() {
            Some(instance) if of_template => format!("{near}@{instance}.{}", unit.kind()),
            None if of_template => format!("{near}@instance.{}", unit.kind()),
            _ => format!("{near}.{}", unit.kind()),
        };
        let issue = Issue::new(&name.span, format!("no package ships the unit {}", quoted(&name.value))).relational();
        let all: Vec<&str> = known.iter().copied().collect();
        let help = format!("units of the recipe: {}", crate::util::toml::listed(&all));
        issues.add(issue.label(format!("did you mean `{meant}`?")).help(help));
    }
}

/// Finds tests of one unit that ask the same of it, or that it runs and does not.
fn twice(tests: &[At<RawUnit>], issues: &mut Issues) {
    let name = |test: &At<RawUnit>| test.value.name.at().map(|name| name.value.clone());
    for (number, later) in tests.iter().enumerate() {
        let Some(unit) = name(later) else { continue };
        let (is_skipped, url) = (later.value.skip.span().is_some(), later.value.http.value());
        let earlier = tests[..number].iter().filter(|test| name(test).as_ref() == Some(&unit)).find_map(|test| {
            let what = if is_skipped != test.value.skip.span().is_some() {
                "is run by one [[test.unit]] and left out by another"
            } else if is_skipped || url == test.value.http.value() {
                "has two [[test.unit]] that ask the same"
            } else {
                return None;
            };
            Some((what, &test.value.span))
        });
        if let Some((what, before)) = earlier {
            let issue = Issue::new(&later.value.span, format!("the unit {} {what}", quoted(&unit)));
            issues.add(issue.label("again here").also(before, "first here").help("keep one of them"));
        }
    }
}

/// The names of units that an entry of `contents` may ship under.
fn names(entry: &RawContent) -> impl Iterator<Item = &str> {
    let given = [entry.dst.value(), entry.src.value()].into_iter().flatten();
    given.filter_map(|path| path.rsplit('/').next()).filter(|name| is_unit(name))
}
