//! What a recipe says that has no effect on any of its platforms. Not wrong, and worth a warning each.

use std::collections::BTreeSet;

use super::{
    effect::layers,
    layers::Layered,
    meant,
    part::Part,
    raw::{RawBase, RawRecipe, RawUser},
};
use crate::{
    names::Concern,
    platform::{Catalogue, Platform},
    recipe::{BootstrapMode, Project, hierarchy::odd, parts::parts},
    util::{
        allowance::{fits, line},
        toml::{At, Given, Issue, quoted},
    },
};

/// Everything of it, in the order of the text.
pub(crate) fn find(raw: &RawRecipe, project: &Project, catalogue: &Catalogue) -> Vec<Issue> {
    let platforms: Vec<&Platform> = project.platforms.iter().filter_map(|id| catalogue.get(id)).collect();
    let mut found = users(raw);
    found.extend(homes(raw));
    found.extend(meant::left(raw));
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

/// Homes in a folder that is nearly one of a system, unless what makes the user allows it.
fn homes(raw: &RawRecipe) -> Vec<Issue> {
    let of_images =
        raw.image.items().iter().flat_map(|image| image.value.all()).map(|image| (&image.users, &image.allow));
    let of_packages = raw
        .package
        .items()
        .iter()
        .flat_map(|package| package.value.all())
        .map(|package| (&package.users, &package.allow));
    let makers: Vec<_> = of_images.chain(of_packages).collect();
    let is_meant = |user: &str, path: &str| {
        let own = makers.iter().filter(|(users, _)| users.items().iter().any(|made| made.value.as_str() == user));
        own.flat_map(|(_, allow)| allow.items()).any(|entry| {
            let (check, glob) = (entry.value.check.value(), entry.value.path.value());
            check == Some(&Concern::OddPlace) && glob.is_some_and(|glob| fits(glob, path))
        })
    };
    let of = |user: &At<RawUser>| {
        let (name, home) = (user.value.name.value()?, user.value.home.at()?);
        let (folder, near) = odd(&home.value).and_then(|odd| Some((odd.folder, odd.near?)))?;
        let path = home.value.trim_matches('/');
        let message = format!(
            "{} in `home` of {name} is no folder of a system, did you mean {}?",
            quoted(&folder),
            quoted(&near)
        );
        let help =
            format!("where it is meant: {} [{}]", line(Concern::OddPlace, &home.value), Concern::OddPlace.as_str());
        (!is_meant(name.as_str(), path)).then(|| Issue::new(&home.span, message).help(help))
    };
    raw.user.items().iter().filter_map(of).collect()
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
