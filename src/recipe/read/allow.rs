//! `allow`: what is meant although it is seldom so.

use super::tables::RawAllowance;
use crate::{
    names::{Allowance, Topic},
    util::toml::{At, Given, Issue, Issues, quoted, required},
};

/// What is meant all the same.
pub(crate) fn allowances(given: &Given<Vec<At<RawAllowance>>>, issues: &mut Issues) -> Option<Vec<Allowance>> {
    let entry = |entry: &At<RawAllowance>, issues: &mut Issues| {
        let at = ("an entry of `allow`", &entry.value.span);
        let check = required(&entry.value.check, ("check", "\"private-key\""), at, issues);
        let path = required(&entry.value.path, ("path", "\"/opt/example/tests/*.pem\""), at, issues);
        let reason = required(&entry.value.reason, ("reason", "\"keys of the tests, known to everybody\""), at, issues);
        if let Some(given) = entry.value.reason.at().filter(|given| !given.value.chars().any(char::is_alphanumeric)) {
            let message = format!("{} is no reason", quoted(&given.value));
            let issue = Issue::new(&given.span, message).label("why is it meant?");
            issues.add(
                issue.help(
                    "one sentence for whoever reads the recipe later, e.g. `keys of the tests, known to everybody`",
                ),
            );
        }
        let (check, path, reason) = (check?.value, path?.value.clone(), reason?.value.clone());
        Some(Allowance { check, path, reason, at: entry.span.clone() })
    };
    let all: Vec<_> = given.items().iter().map(|one| entry(one, issues)).collect();
    let mut before: Vec<(&Allowance, &At<RawAllowance>)> = Vec::new();
    for (allowance, raw) in all.iter().zip(given.items()).filter_map(|(one, raw)| Some((one.as_ref()?, raw))) {
        let twice = |(other, _): &&(&Allowance, &At<RawAllowance>)| {
            let path = |one: &Allowance| one.path.trim_start_matches('/').to_owned();
            other.check == allowance.check && path(other) == path(allowance)
        };
        if let Some((_, first)) = before.iter().find(twice) {
            let message = format!("`allow` has {} at {} twice", allowance.check.as_str(), quoted(&allowance.path));
            issues.add(
                Issue::new(&raw.span, message)
                    .label("the same")
                    .also(&first.span, "first here")
                    .help("keep one of them"),
            );
        }
        before.push((allowance, raw));
    }
    all.into_iter().collect()
}

/// Refuses what is allowed in `[project]` alone.
pub(crate) fn of_recipe(given: &Given<Vec<At<RawAllowance>>>, issues: &mut Issues) {
    let checks = given.items().iter().filter_map(|entry| entry.value.check.at());
    for check in checks.filter(|check| check.value.topic() == Topic::Recipe) {
        let message = format!("{} is about the recipe itself", quoted(check.value.as_str()));
        issues
            .add(Issue::new(&check.span, message).label("not here").help("move the entry into `allow` of `[project]`"));
    }
}

/// The same for what has absolute paths.
pub(crate) fn allowances_of_system(
    given: &Given<Vec<At<RawAllowance>>>,
    issues: &mut Issues,
) -> Option<Vec<Allowance>> {
    of_recipe(given, issues);
    let found = allowances(given, issues)?;
    let paths = given.items().iter().filter_map(|entry| entry.value.path.at());
    for path in paths.filter(|path| !path.value.starts_with('/')) {
        let message = format!("{} does not begin with `/`", quoted(&path.value));
        let help =
            format!("`allow` names where the file is in what is shipped: {}", quoted(&format!("/{}", path.value)));
        issues.add(Issue::new(&path.span, message).label("expected an absolute path").help(help));
    }
    Some(found)
}
