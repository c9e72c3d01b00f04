//! What a recipe says that has no effect on any of its platforms. Not wrong, and worth a warning each.

use std::collections::BTreeSet;

use super::{
    effect::layers,
    layers::Layered,
    license,
    part::Part,
    raw::{RawBase, RawRecipe},
};
use crate::{
    platform::{Catalogue, Platform},
    recipe::{BootstrapMode, Project, parts::parts},
    util::toml::{Given, Issue},
};

/// Everything of it, in the order of the text.
pub(crate) fn find(raw: &RawRecipe, project: &Project, catalogue: &Catalogue) -> Vec<Issue> {
    let platforms: Vec<&Platform> = project.platforms.iter().filter_map(|id| catalogue.get(id)).collect();
    let mut found = users(raw);
    found.extend(raw.project.value().and_then(|project| project.license.at()).into_iter().flat_map(license::doubts));
    let base = raw.base.value().into_iter().flat_map(|base| layers(base, "[base]", &platforms));
    let python = raw.python.value().into_iter().flat_map(|python| layers(python, "[python]", &platforms));
    found.extend(base.chain(python));
    found.extend(of_parts(raw, &platforms));
    found.extend(raw.base.value().into_iter().filter_map(|base| mirror(base, &platforms)));
    found.sort_by_key(|issue| issue.span.start);
    found
}

macro_rules! unused {
    ($($(#[doc = $doc:literal])* $part:ident => $list:ident: $one:ident,)+) => {
        fn of_parts(raw: &RawRecipe, platforms: &[&Platform]) -> Vec<Issue> {
            let mut found = Vec::new();
            $(found.extend(<crate::work::$part::recipe::$one as Part>::unused(raw.$part.items(), platforms));)+
            found
        }
    };
}
parts!(unused);

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

/// A mirror for bases that are never made.
fn mirror(base: &Layered<RawBase>, platforms: &[&Platform]) -> Option<Issue> {
    let mirror = base.base.mirror.span()?;
    let never = |platform: &&Platform| base.on(platform).bootstrap.value() == Some(&BootstrapMode::Never);
    platforms.iter().all(never).then(|| {
        let message = "`mirror` is not used: with `bootstrap = \"never\"` no base image is made from packages";
        Issue::new(mirror, message).help("leave one of them out")
    })
}
