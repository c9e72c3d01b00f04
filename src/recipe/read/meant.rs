//! `allow` of `[project]`: what is only warned of in the recipe itself, and meant all the same. What is shipped is allowed where it is
//! shipped.

use super::{allow::allowances, license, raw::RawRecipe, section, tables::RawAllowance};
use crate::{
    names::{Allowance, Concern, Topic},
    util::{
        allowance::{fits, line},
        toml::{At, Issue, Issues, quoted},
    },
};

/// What `[project]` allows. What it allows of the recipe's own words for nothing is an error; what of Python projects is needed, only a
/// release can say.
pub(crate) fn allowed(raw: &RawRecipe, issues: &mut Issues) -> Option<Vec<Allowance>> {
    let project = raw.project.value()?;
    for entry in project.allow.items() {
        let Some(check) = entry.value.check.at() else { continue };
        let word = quoted(check.value.as_str());
        if check.value.topic() != Topic::Recipe {
            let issue = Issue::new(&check.span, format!("{word} is about what a package or an image ships"));
            issues.add(
                issue.label("not in `[project]`").help("move the entry into `allow` of that [[package]] or [[image]]"),
            );
        } else if check.value != Concern::PythonVersion && !is_needed(raw, entry) {
            let issue =
                Issue::new(&entry.span, format!("`allow` of `[project]` has an entry that nothing needs: {word}"));
            issues.add(issue.label("for nothing").help("take it out, or mend its `check` or `path`"));
        }
    }
    allowances(&project.allow, issues)
}

/// Whether something that is said without it is not said because of an entry.
fn is_needed(raw: &RawRecipe, entry: &At<RawAllowance>) -> bool {
    let (Some(check), Some(path)) = (entry.value.check.value(), entry.value.path.value()) else { return true };
    doubts(raw).iter().any(|(concern, word, _)| concern == check && fits(path, word))
}

/// What is warned of in the recipe's own words, each with its lint and the word that it is about.
fn doubts(raw: &RawRecipe) -> Vec<(Concern, String, Issue)> {
    let tables = || raw.package.items().iter().flat_map(|package| package.value.all());
    let licenses = raw.project.value().and_then(|project| project.license.at()).into_iter();
    let licenses = licenses.chain(tables().filter_map(|table| table.license.at())).flat_map(license::doubts);
    let licenses = licenses.map(|(word, issue)| (Concern::License, word, issue));
    let sections = tables().filter_map(|table| section::doubt(table.section.at()?));
    licenses.chain(sections.map(|(word, issue)| (Concern::Section, word, issue))).collect()
}

/// Those that are not allowed, each with the line that would allow it.
pub(crate) fn left(raw: &RawRecipe) -> Vec<Issue> {
    let entries = raw.project.value().map(|project| project.allow.items()).unwrap_or_default();
    let is_meant = |concern: Concern, word: &str| {
        entries.iter().any(|entry| {
            entry.value.check.value() == Some(&concern) && entry.value.path.value().is_some_and(|path| fits(path, word))
        })
    };
    let left = doubts(raw).into_iter().filter(|(concern, word, _)| !is_meant(*concern, word));
    left.map(|(concern, word, issue)| {
        let help = issue.help.clone().map(|help| format!("{help}; ")).unwrap_or_default();
        issue.help(format!("{help}where it is meant: {}", said(concern, &word)))
    })
    .collect()
}

/// What allows it, with the lint's id.
pub(crate) fn said(concern: Concern, word: &str) -> String {
    format!("{} in `[project]` [{}]", line(concern, word), concern.as_str())
}
