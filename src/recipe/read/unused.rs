//! What a recipe says that has no effect on any of its platforms. Not wrong, and worth a warning each.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    layers::Layered,
    raw::{RawContent, RawImage, RawPackage, RawRecipe},
};
use crate::{
    platform::{Catalogue, Platform},
    recipe::{BootstrapMode, Project},
    util::toml::{At, Given, Issue, Span, Table, quoted, unfilled},
};

/// Everything of it, in the order of the text.
pub(crate) fn find(raw: &RawRecipe, project: &Project, catalogue: &Catalogue) -> Vec<Issue> {
    let platforms: Vec<&Platform> = project.platforms.iter().filter_map(|id| catalogue.get(id)).collect();
    let mut found = users(raw);
    let base = raw.base.value().into_iter().flat_map(|base| layers(base, "[base]", &platforms));
    let python = raw.python.value().into_iter().flat_map(|python| layers(python, "[python]", &platforms));
    found.extend(base.chain(python));
    for image in raw.image.items() {
        found.extend(layers(&image.value, "[[image]]", &platforms));
        found.extend(image.value.all().flat_map(as_they_are));
    }
    for package in raw.package.items() {
        found.extend(package.value.all().flat_map(|table| places_as_they_are(&table.contents)));
        found.extend(layers(&package.value, "[[package]]", &platforms));
        found.extend(for_deb(&package.value, &platforms));
    }
    found.extend(raw.base.value().into_iter().filter_map(|base| mirror(base, &platforms)));
    found.sort_by_key(|issue| issue.span.start);
    found
}

/// Users that no image and no package makes.
fn users(raw: &RawRecipe) -> Vec<Issue> {
    let images = raw.image.items().iter().flat_map(|image| image.value.all()).map(|image| &image.users);
    let packages = raw.package.items().iter().flat_map(|package| package.value.all()).map(|package| &package.users);
    let made: BTreeSet<&str> = images.chain(packages).flat_map(Given::items).map(|user| user.value.as_str()).collect();
    let named = raw.user.items().iter().filter_map(|user| user.value.name.at());
    let unused = named.filter(|name| !made.contains(name.value.as_str()));
    unused
        .map(|name| {
            let message = format!("the user `{}` is made nowhere", name.value);
            Issue::new(&name.span, message).help("name it in `users` of an image or a package")
        })
        .collect()
}

/// Overrides for what is none of the recipe's platforms.
fn layers<T: Table>(table: &Layered<T>, place: &str, platforms: &[&Platform]) -> Vec<Issue> {
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

/// Placeholders in what an image hands on as it is. Programs have templates in their arguments and labels: it may be meant.
fn as_they_are(image: &RawImage) -> Vec<Issue> {
    let values =
        |map: &Given<BTreeMap<String, String>>| map.value().and_then(|map| map.values().find_map(|v| unfilled(v)));
    let words = |list: &Given<Vec<At<String>>>| list.items().iter().find_map(|word| unfilled(&word.value));
    let found = [
        ("env", image.env.span(), values(&image.env)),
        ("labels", image.labels.span(), values(&image.labels)),
        ("entrypoint", image.entrypoint.span(), words(&image.entrypoint)),
        ("cmd", image.cmd.span(), words(&image.cmd)),
    ];
    let said = found.into_iter().filter_map(|(key, span, placeholder)| Some(as_it_is(&placeholder?, key, span?)));
    said.chain(places_as_they_are(&image.contents)).collect()
}

/// Placeholders in names of files.
fn places_as_they_are(contents: &Given<Vec<At<RawContent>>>) -> Vec<Issue> {
    let places = contents.items().iter().filter_map(|entry| entry.value.dst.at());
    places.filter_map(|dst| Some(as_it_is(&unfilled(&dst.value)?, "dst", &dst.span))).collect()
}

fn as_it_is(placeholder: &str, key: &str, span: &Span) -> Issue {
    Issue::new(span, format!("{placeholder} in `{key}` stays as it is: nothing is filled in there"))
        .help("write what is meant, where it is not for a program of yours")
}

/// Keys that only Debian packages have, where none is made.
fn for_deb(package: &Layered<RawPackage>, platforms: &[&Platform]) -> Vec<Issue> {
    let debs: Vec<&&Platform> =
        platforms.iter().filter(|platform| platform.package.native().is_some_and(|one| one.has_priorities)).collect();
    let of = |table: &RawPackage| {
        [("priority", table.priority.span().cloned()), ("lintian", table.lintian.span().cloned())]
            .into_iter()
            .filter_map(|(key, span)| Some((key, span?)))
            .map(|(key, span)| {
                let message = format!("`{key}` is not used: only Debian packages have it, and none is made of this");
                Issue::new(&span, message).help("leave it out")
            })
            .collect::<Vec<_>>()
    };
    let base = if debs.is_empty() { of(&package.base) } else { Vec::new() };
    let useless = package.overrides.iter().filter(|layer| {
        platforms.iter().any(|platform| layer.fits(platform)) && !debs.iter().any(|platform| layer.fits(platform))
    });
    base.into_iter().chain(useless.flat_map(|layer| of(&layer.table))).collect()
}

/// A mirror for bases that are never made.
fn mirror(base: &Layered<super::raw::RawBase>, platforms: &[&Platform]) -> Option<Issue> {
    let mirror = base.base.mirror.span()?;
    let never = |platform: &&Platform| base.on(platform).bootstrap.value() == Some(&BootstrapMode::Never);
    platforms.iter().all(never).then(|| {
        let message = "`mirror` is not used: with `bootstrap = \"never\"` no base image is made from packages";
        Issue::new(mirror, message).help("leave one of them out")
    })
}
