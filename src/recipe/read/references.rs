//! What the parts of a recipe say of each other, overrides included: names given twice, names that nobody has, keys
//! that exclude each other. Resolves nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    raw::{RawImage, RawPackage, RawRecipe, RawUnit},
    repositories,
    scalars::Word,
    units,
};
use crate::{
    names::PackageName,
    platform::Catalogue,
    util::toml::{At, Given, Issue, Issues, Span, required},
    work::wapt::{read as wapt, read::Wanted},
};

/// Adds everything that does not fit together.
pub(crate) fn check(raw: &RawRecipe, catalogue: &Catalogue, issues: &mut Issues) {
    check_overrides(raw, catalogue, issues);
    check_sources(raw, issues);
    repositories::check(raw, issues);
    let names = Names::of(raw, issues);
    for image in raw.image.items().iter().flat_map(|image| image.value.all()) {
        names.check_image(image, issues);
        check_python(raw, image, issues);
    }
    for package in raw.package.items() {
        let own = package.value.base.name.value().map(PackageName::as_str);
        package.value.all().for_each(|table| names.check_package(table, own, issues));
    }
    let known = |wanted: &Wanted<'_>, issues: &mut Issues| match wanted {
        Wanted::Image(name) => names.images.check(name, issues),
        Wanted::Package(name) => names.packages.check(name, issues),
    };
    wapt::references(raw, &known, issues);
    if let Some(test) = raw.test.value() {
        test.unit.items().iter().for_each(|unit| check_unit(&unit.value, issues));
        units::check(raw, test.unit.items(), issues);
    }
}

fn check_overrides(raw: &RawRecipe, catalogue: &Catalogue, issues: &mut Issues) {
    if let Some(base) = raw.base.value() {
        base.check(catalogue, issues);
    }
    if let Some(python) = raw.python.value() {
        python.check(catalogue, issues);
    }
    raw.image.items().iter().for_each(|image| image.value.check(catalogue, issues));
    raw.package.items().iter().for_each(|package| package.value.check(catalogue, issues));
}

/// The names of one kind. Incomplete when one of them could not be read: then nothing is called unknown.
#[derive(Debug)]
pub(crate) struct Known<'n> {
    what: &'static str,
    names: BTreeSet<&'n str>,
    complete: bool,
}

impl<'n> Known<'n> {
    /// Collects the names of tables; missing ones and those given twice are issues.
    pub(crate) fn of<T: Word + 'n>(
        (what, several): (&'static str, &'static str),
        place: &'static str,
        tables: impl Iterator<Item = (&'n Given<T>, &'n Span)>,
        issues: &mut Issues,
    ) -> Self {
        let mut first: BTreeMap<&str, &Span> = BTreeMap::new();
        let mut complete = true;
        for (name, span) in tables {
            let Some(name) = required(name, ("name", "\"example\""), (place, span), issues) else {
                complete = false;
                continue;
            };
            let word = name.value.word();
            if let Some(before) = first.get(word) {
                let issue = Issue::new(&name.span, format!("two {several} are called `{word}`")).label("again here");
                issues.add(issue.also(before, "first here").help("give each a name of its own"));
            } else {
                first.insert(word, &name.span);
            }
        }
        Self { what, names: first.into_keys().collect(), complete }
    }

    fn check<T: Word>(&self, name: &At<T>, issues: &mut Issues) {
        let word = name.value.word();
        if self.complete && !self.names.contains(word) && issues.are_wanted() {
            let known: Vec<&str> = self.names.iter().copied().collect();
            issues.add(Issue::unknown(&name.span, self.what, word, &known));
        }
    }
}

/// The names of everything that a recipe makes.
#[derive(Debug)]
struct Names<'n> {
    users: Known<'n>,
    images: Known<'n>,
    packages: Known<'n>,
}

/// Sources that share a name; what names one is checked where files are.
fn check_sources(raw: &RawRecipe, issues: &mut Issues) {
    let sources = raw.source.items().iter().map(|source| (&source.value.name, &source.value.span));
    let _names = Known::of(("source", "sources"), "[[source]]", sources, issues);
    for source in raw.source.items() {
        let example = ("git", "\"https://git.example.org/bricks.git\"");
        required(&source.value.git, example, ("[[source]]", &source.value.span), issues);
    }
}

impl<'n> Names<'n> {
    fn of(raw: &'n RawRecipe, issues: &mut Issues) -> Self {
        let users = raw.user.items().iter().map(|user| (&user.value.name, &user.value.span));
        let images = raw.image.items().iter().map(|image| (&image.value.base.name, &image.value.base.span));
        let packages = raw.package.items().iter().map(|package| (&package.value.base.name, &package.value.base.span));
        let mut names = Self {
            users: Known::of(("user", "users"), "[[user]]", users, issues),
            images: Known::of(("image", "images"), "[[image]]", images, issues),
            packages: Known::of(("package", "packages"), "[[package]]", packages, issues),
        };
        names.users.complete &= !matches!(raw.user, Given::Wrong(_));
        names.images.complete &= !matches!(raw.image, Given::Wrong(_));
        names.packages.complete &= !matches!(raw.package, Given::Wrong(_));
        names
    }

    fn check_image(&self, image: &RawImage, issues: &mut Issues) {
        image.from.at().into_iter().for_each(|from| self.images.check(from, issues));
        image.users.items().iter().for_each(|user| self.users.check(user, issues));
    }

    fn check_package(&self, package: &RawPackage, own: Option<&str>, issues: &mut Issues) {
        package.from.at().into_iter().for_each(|from| self.images.check(from, issues));
        package.users.items().iter().for_each(|user| self.users.check(user, issues));
        for other in package.without.items() {
            if Some(other.value.as_str()) == own {
                let issue = Issue::new(&other.span, "a package cannot be without its own files").label("itself");
                issues.add(issue.help("name the packages that ship the shared files"));
            } else {
                self.packages.check(other, issues);
            }
        }
    }
}

/// What needs a virtualenv needs [python].
fn check_python(raw: &RawRecipe, image: &RawImage, issues: &mut Issues) {
    if !matches!(raw.python, Given::No) {
        return;
    }
    for (key, span) in [("python", image.python.span()), ("requirements", image.requirements.span())] {
        if let Some(span) = span {
            let issue = Issue::new(span, format!("`{key}` needs a virtualenv, and there is no [python]")).relational();
            issues.add(issue.label("no [python]").help("add `[python]` with `prefix` and `requirements`"));
        }
    }
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
