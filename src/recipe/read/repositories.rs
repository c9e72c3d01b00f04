//! `[[repository]]`: what every one of them needs, and defaults filled in. Asks no repository.

use super::{
    known::Known,
    raw::{RawRecipe, RawRepository},
};
use crate::{
    names::ForgeKind,
    recipe::{ForgePlace, Place, ReleaseRepository},
    util::toml::{Issue, Issues, required},
};

const PLACE: &str = "[[repository]]";

/// Adds what does not fit together.
pub(crate) fn check(raw: &RawRecipe, issues: &mut Issues) {
    let names = raw.repository.items().iter().map(|table| (&table.value.name, &table.value.span));
    let _names = Known::new(("repository", "repositories"), PLACE, names, issues);
    raw.repository.items().iter().for_each(|table| check_place(&table.value, issues));
}

fn check_place(raw: &RawRepository, issues: &mut Issues) {
    let of_interfaces = [
        ("api", raw.api.span()),
        ("forge", raw.forge.span()),
        ("project", raw.project.span()),
        ("token_env", raw.token_env.span()),
    ];
    let of_interfaces: Vec<_> = of_interfaces.into_iter().filter_map(|(key, span)| Some((key, span?))).collect();
    match (raw.git.span(), of_interfaces.first()) {
        (Some(git), Some((key, span))) => {
            let issue = Issue::new(span, format!("`{key}` beside `git` in {PLACE}")).label("not with `git`");
            issues.add(issue.also(git, "git itself is asked").help("either `git`, or `api` and `project`"));
        }
        (Some(_), None) => {}
        (None, None) => {
            required(&raw.git, ("git", "\"https://git.example.org/team/core.git\""), (PLACE, &raw.span), issues);
        }
        (None, Some(_)) => {
            required(&raw.api, ("api", "\"https://git.example.org/api/v4\""), (PLACE, &raw.span), issues);
            required(&raw.project, ("project", "\"group/project\""), (PLACE, &raw.span), issues);
            check_kind(raw, issues);
        }
    }
}

fn check_kind(raw: &RawRepository, issues: &mut Issues) {
    let Some(api) = raw.api.at() else { return };
    let kind = kind(raw);
    if kind.is_none() && raw.forge.span().is_none() {
        let issue = Issue::new(&api.span, "this address does not say whose interface it is").label("GitLab or GitHub?");
        issues.add(issue.help("add `forge = \"gitlab\"` or `forge = \"github\"`"));
    }
    let deep = raw.project.at().filter(|project| project.value.as_str().matches('/').count() > 1);
    if let (Some(ForgeKind::Github), Some(project)) = (kind, deep) {
        let issue = Issue::new(&project.span, "a project of GitHub has no subgroups").label("expected `owner/name`");
        issues.add(issue.help("for example `project = \"owner/name\"`"));
    }
}

fn kind(raw: &RawRepository) -> Option<ForgeKind> {
    raw.forge.value().copied().or_else(|| ForgeKind::from_api(raw.api.value()?))
}

/// The repositories, those without a name or a place left out: that is said elsewhere.
pub(crate) fn resolve(raw: &RawRecipe) -> Vec<ReleaseRepository> {
    raw.repository.items().iter().filter_map(|table| repository(&table.value)).collect()
}

fn repository(raw: &RawRepository) -> Option<ReleaseRepository> {
    let name = raw.name.at()?;
    let (place, place_at) = match raw.git.at() {
        Some(git) => (Place::Git(git.value.clone()), &git.span),
        None => (Place::Forge(forge(raw)?), raw.project.span()?),
    };
    Some(ReleaseRepository {
        name: name.value.to_string(),
        place,
        reference: raw.reference.or("{{branch}}"),
        place_at: place_at.clone(),
        reference_at: raw.reference.span().unwrap_or(&name.span).clone(),
    })
}

fn forge(raw: &RawRepository) -> Option<ForgePlace> {
    Some(ForgePlace {
        kind: kind(raw)?,
        api: raw.api.value()?.clone(),
        project: raw.project.value()?.clone(),
        token_env: raw.token_env.value().cloned(),
    })
}
