//! What has no effect, as it is found in tables of several parts.

use super::{layers::Layered, tables::RawContent};
use crate::{
    platform::Platform,
    util::toml::{At, Given, Issue, Span, Table, quoted, unfilled},
};

/// Overrides for what is none of the recipe's platforms.
pub(crate) fn layers<T: Table>(table: &Layered<T>, place: &str, platforms: &[&Platform]) -> Vec<Issue> {
    let unused = table.overrides.iter().filter(|layer| !platforms.iter().any(|platform| layer.fits(platform)));
    unused
        .map(|layer| {
            let word = quoted(&layer.selector.value);
            let message =
                format!("the overrides of {place} for {word} are not used: no platform of the recipe is that");
            Issue::new(&layer.selector.span, message)
                .help("add the platform to `[project] platforms`, or take them out")
        })
        .collect()
}

/// Placeholders in names of files.
pub(crate) fn places_as_they_are(contents: &Given<Vec<At<RawContent>>>) -> Vec<Issue> {
    let places = contents.items().iter().filter_map(|entry| entry.value.dst.at());
    places.filter_map(|dst| Some(as_it_is(&unfilled(&dst.value)?, "dst", &dst.span))).collect()
}

/// A placeholder that stays as it is.
pub(crate) fn as_it_is(placeholder: &str, key: &str, span: &Span) -> Issue {
    Issue::new(span, format!("{placeholder} in `{key}` stays as it is: nothing is filled in there"))
        .of_word()
        .help("write what is meant, where it is not for a program of yours")
}
