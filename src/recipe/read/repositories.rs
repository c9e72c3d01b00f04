//! `[[repository]]`: what every one of them needs, and defaults filled in. Asks no repository.

use super::{
    raw::{RawRecipe, RawRepository},
    references::Known,
};
use crate::{
    recipe::ReleaseRepository,
    util::toml::{Issues, required},
};

/// Adds what does not fit together.
pub(super) fn check(raw: &RawRecipe, issues: &mut Issues) {
    let names = raw.repository.items().iter().map(|table| (&table.value.name, &table.value.span));
    let _names = Known::of(("repository", "repositories"), "[[repository]]", names, issues);
    for table in raw.repository.items() {
        let example = ("git", "\"https://git.example.org/team/core.git\"");
        required(&table.value.git, example, ("[[repository]]", &table.value.span), issues);
    }
}

/// The repositories, those without a name or an address left out: that is said elsewhere.
pub(super) fn resolve(raw: &RawRecipe) -> Vec<ReleaseRepository> {
    raw.repository.items().iter().filter_map(|table| repository(&table.value)).collect()
}

fn repository(raw: &RawRepository) -> Option<ReleaseRepository> {
    let (name, git) = (raw.name.at()?, raw.git.at()?);
    Some(ReleaseRepository {
        name: name.value.to_string(),
        git: git.value.clone(),
        reference: raw.reference.or("{{branch}}"),
        place_at: git.span.clone(),
        reference_at: raw.reference.span().unwrap_or(&name.span).clone(),
    })
}
