//! `[[image]]` as written: what it says of itself and of the rest of the recipe.

mod resolve;

use std::{collections::BTreeMap, path::PathBuf};

use super::recipe::Image;
use crate::{
    names::{ImageName, Repository, RunAs, UserName},
    platform::{Catalogue, Platform},
    recipe::read::{
        effect::{as_it_is, layers, places_as_they_are},
        files::{Folders, Scripts, Want},
        known::Names,
        layers::{Layered, layered},
        part::Part,
        scalars as read,
        tables::{RawAllowance, RawContent},
        view::View,
    },
    util::toml::{
        At, Given, Issue, Issues, Value, few, line, list, map, one_line, os_package, parsed, plain_absolute, project,
        set, sub_table, table, unfilled,
    },
};

table! {
    "[[image]]" struct RawImage {
        name: ImageName = parsed,
        from: ImageName = read::parent_image,
        repository: Repository = parsed,
        dockerfile: PathBuf = project,
        requirements: PathBuf = project,
        python: Vec<At<PathBuf>> = set(project),
        packages: Vec<At<String>> = set(os_package),
        users: Vec<At<UserName>> = set(parsed),
        contents: Vec<At<RawContent>> = list(sub_table),
        env: BTreeMap<String, String> = map(read::env_name, line),
        expose: Vec<At<String>> = list(read::port),
        user: RunAs = read::run_as,
        workdir: String = read::prose(plain_absolute),
        entrypoint: Vec<At<String>> = list(line),
        cmd: Vec<At<String>> = list(line),
        labels: BTreeMap<String, String> = map(read::label_name, line),
        description: String = read::prose(one_line),
        allow: Vec<At<RawAllowance>> = list(sub_table),
    }
}

impl Part for Image {
    type Raw = Layered<RawImage>;

    fn read(value: Value<'_>, issues: &mut Issues) -> Option<Vec<At<Self::Raw>>> {
        few("[[image]]", layered)(value, issues)
    }

    fn overrides(tables: &[At<Self::Raw>], catalogue: &Catalogue, issues: &mut Issues) {
        for image in tables {
            image.value.check(catalogue, issues);
        }
    }

    fn references(tables: &[At<Self::Raw>], names: &Names<'_>, issues: &mut Issues) {
        for image in tables.iter().flat_map(|image| image.value.all()) {
            check(image, names, issues);
            check_python(image, names, issues);
        }
    }

    fn files(tables: &[At<Self::Raw>], folders: &Folders<'_>, _scripts: &mut Scripts, issues: &mut Issues) {
        for image in tables.iter().flat_map(|image| image.value.all()) {
            folders.check_given(&image.dockerfile, issues);
            folders.check_given(&image.requirements, issues);
            image.python.items().iter().for_each(|path| folders.check(path, Want::PythonFolder, issues));
            image.contents.items().iter().for_each(|entry| folders.check_content(&entry.value, true, issues));
        }
    }

    fn unused(tables: &[At<Self::Raw>], platforms: &[&Platform]) -> Vec<Issue> {
        let of = |image: &Layered<RawImage>| {
            let mut found = layers(image, "[[image]]", platforms);
            found.extend(image.all().flat_map(as_they_are));
            found
        };
        tables.iter().flat_map(|image| of(&image.value)).collect()
    }

    fn is_seen_on(platform: &Platform) -> bool {
        platform.windows.is_none()
    }

    fn resolve(tables: &[At<Self::Raw>], view: &View<'_>, issues: &mut Issues) -> Option<Vec<Self>> {
        view.images(tables, issues)
    }
}

fn check(image: &RawImage, names: &Names<'_>, issues: &mut Issues) {
    image.from.at().into_iter().for_each(|from| names.images.check(from, issues));
    image.users.items().iter().for_each(|user| names.users.check(user, issues));
    for (number, port) in image.expose.items().iter().enumerate() {
        if let Some(before) = image.expose.items()[..number].iter().find(|before| before.value == port.value) {
            let issue = Issue::new(&port.span, format!("the port `{}` is twice in this list", port.value));
            let issue = issue.label("again here").also(&before.span, "first here");
            issues.add(issue.help("leave one of them out; `/tcp` is meant where nothing is said"));
        }
    }
    of_program(image, issues);
}

/// A placeholder in the program that an image starts with: nothing fills it in, and no program is called so.
fn of_program(image: &RawImage, issues: &mut Issues) {
    for (key, words) in [("entrypoint", &image.entrypoint), ("cmd", &image.cmd)] {
        let Some((program, placeholder)) = words.items().first().and_then(|word| Some((word, unfilled(&word.value)?)))
        else {
            continue;
        };
        let issue = Issue::new(&program.span, format!("{placeholder} in the program of `{key}` is not filled in"));
        issues.add(issue.of_word().label("would stay as it is").help("write the path itself"));
    }
}

/// What needs a virtualenv needs [python].
fn check_python(image: &RawImage, names: &Names<'_>, issues: &mut Issues) {
    if names.has_python {
        return;
    }
    for (key, span) in [("python", image.python.span()), ("requirements", image.requirements.span())] {
        if let Some(span) = span {
            let issue = Issue::new(span, format!("`{key}` needs a virtualenv, and there is no [python]")).relational();
            issues.add(issue.label("no [python]").help("add `[python]` with `prefix` and `requirements`"));
        }
    }
}

/// Placeholders in what an image hands on as it is. Programs have templates in their arguments and labels: it may be meant.
fn as_they_are(image: &RawImage) -> Vec<Issue> {
    let values =
        |map: &Given<BTreeMap<String, String>>| map.value().and_then(|map| map.values().find_map(|v| unfilled(v)));
    // The program itself is an error.
    let words = |list: &Given<Vec<At<String>>>| list.items().iter().skip(1).find_map(|word| unfilled(&word.value));
    let found = [
        ("env", image.env.span(), values(&image.env)),
        ("labels", image.labels.span(), values(&image.labels)),
        ("entrypoint", image.entrypoint.span(), words(&image.entrypoint)),
        ("cmd", image.cmd.span(), words(&image.cmd)),
    ];
    let said = found.into_iter().filter_map(|(key, span, placeholder)| Some(as_it_is(&placeholder?, key, span?)));
    said.chain(places_as_they_are(&image.contents)).collect()
}
