//! What the parts of a recipe say of each other, overrides included: names given twice, names that are not there, keys
//! that exclude each other. Resolves nothing.

use super::{
    known::{Known, Names},
    part::Part,
    raw::{RawRecipe, RawUnit},
    repositories, units,
};
use crate::{
    platform::Catalogue,
    recipe::parts::parts,
    util::toml::{Given, Issue, Issues, Span, required},
};

/// Adds everything that does not fit together.
pub(crate) fn check(raw: &RawRecipe, catalogue: &Catalogue, issues: &mut Issues) {
    check_overrides(raw, catalogue, issues);
    check_sources(raw, issues);
    repositories::check(raw, issues);
    check_parts(raw, &names(raw, issues), issues);
    if let Some(test) = raw.test.value() {
        test.unit.items().iter().for_each(|unit| check_unit(&unit.value, issues));
        units::check(raw, test.unit.items(), issues);
    }
}

macro_rules! parts_fit {
    ($($(#[doc = $doc:literal])* $part:ident => $list:ident: $one:ident,)+) => {
        fn check_overrides(raw: &RawRecipe, catalogue: &Catalogue, issues: &mut Issues) {
            if let Some(base) = raw.base.value() {
                base.check(catalogue, issues);
            }
            if let Some(python) = raw.python.value() {
                python.check(catalogue, issues);
            }
            $(<crate::work::$part::recipe::$one as Part>::overrides(raw.$part.items(), catalogue, issues);)+
        }

        fn check_parts(raw: &RawRecipe, names: &Names<'_>, issues: &mut Issues) {
            $(<crate::work::$part::recipe::$one as Part>::references(raw.$part.items(), names, issues);)+
        }
    };
}
parts!(parts_fit);

/// Sources that share a name; what names one is checked where files are.
fn check_sources(raw: &RawRecipe, issues: &mut Issues) {
    let sources = raw.source.items().iter().map(|source| (&source.value.name, &source.value.span));
    let _names = Known::new(("source", "sources"), "[[source]]", sources, issues);
    for source in raw.source.items() {
        let example = ("git", "\"https://git.example.org/bricks.git\"");
        required(&source.value.git, example, ("[[source]]", &source.value.span), issues);
    }
}

fn names<'n>(raw: &'n RawRecipe, issues: &mut Issues) -> Names<'n> {
    let users = raw.user.items().iter().map(|user| (&user.value.name, &user.value.span));
    let images = raw.image.items().iter().map(|image| (&image.value.base.name, &image.value.base.span));
    let packages = raw.package.items().iter().map(|package| (&package.value.base.name, &package.value.base.span));
    let mut names = Names {
        users: Known::new(("user", "users"), "[[user]]", users, issues),
        images: Known::new(("image", "images"), "[[image]]", images, issues),
        packages: Known::new(("package", "packages"), "[[package]]", packages, issues),
        has_python: !matches!(raw.python, Given::No),
    };
    names.users.complete &= !matches!(raw.user, Given::Wrong(_));
    names.images.complete &= !matches!(raw.image, Given::Wrong(_));
    names.packages.complete &= !matches!(raw.package, Given::Wrong(_));
    names
}

/// `http` with `status`, `alive` or `skip`: one of them.
fn check_unit(unit: &RawUnit, issues: &mut Issues) {
    let place = ("[[test.unit]]", &unit.span);
    required(&unit.name, ("name", "\"example.service\""), place, issues);
    let given = [("http", unit.http.span()), ("alive", unit.alive.span()), ("skip", unit.skip.span())];
    let given: Vec<(&str, &Span)> = given.into_iter().filter_map(|(key, span)| Some((key, span?))).collect();
    match given.as_slice() {
        [] => {
            let label = "`http`, `alive` or `skip` is needed here";
            let issue = Issue::new(&unit.span, "this test asks for nothing").label(label);
            issues.add(issue.help(
                "for example `http = \"http://127.0.0.1:8080/\"`, `alive = 3` (seconds), or `skip = \"why it is not run\"`",
            ));
        }
        [_] => {}
        [(first, before), (second, here), ..] => {
            let issue = Issue::new(here, format!("`{second}` and `{first}` in one test"));
            let help =
                if *second == "skip" { "a unit is run, or left out" } else { "keep one, or write two [[test.unit]]" };
            issues.add(issue.label("this one").also(before, "and this one").help(help));
        }
    }
    if let (Some(within), Some(_)) = (unit.within.span(), unit.skip.span()) {
        issues.add(Issue::new(within, "`within` of a unit that is not run").label("of what?").help("leave it out"));
    }
    if let (Some(status), None) = (unit.status.span(), unit.http.span()) {
        issues.add(Issue::new(status, "`status` without `http`").label("of which answer?").help("add `http`"));
    }
}
