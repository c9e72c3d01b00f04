//! `[[package]]` as written: what it says of itself and of the rest of the recipe.

mod clashes;
mod collect;
mod resolve;
mod versions;

use std::path::PathBuf;

use super::recipe::{Architecture, Asked, Package};
use crate::{
    names::{ImageName, PackageName, Relation, UserName},
    platform::{Catalogue, Platform},
    recipe::read::{
        effect::{layers, places_as_they_are},
        files::{Folders, Scripts, Want},
        known::Names,
        layers::{Layered, layered},
        license,
        part::Part,
        places, scalars as read,
        tables::{RawAllowance, RawContent},
        view::View,
    },
    util::toml::{
        At, Issue, Issues, Value, alternatives, boolean, few, list, number, one_line, one_of, paragraphs, parsed,
        project, relation, set, set_in_part, sub_table, table,
    },
};

const PRIORITIES: [(&str, &str); 4] =
    [("required", "required"), ("important", "important"), ("standard", "standard"), ("optional", "optional")];

const ARCHITECTURES: [(&str, Architecture); 2] = [("any", Architecture::Any), ("all", Architecture::All)];

table! {
    "[[package]]" struct RawPackage {
        name: PackageName = parsed,
        from: ImageName = parsed,
        epoch: u32 = number(0..=99_999),
        formats: Vec<At<Asked>> = set(read::format),
        summary: String = read::prose(read::summary),
        description: String = read::prose(paragraphs),
        section: String = read::section,
        priority: &'static str = one_of("priority", &PRIORITIES),
        dir: PathBuf = project,
        contents: Vec<At<RawContent>> = list(sub_table),
        collect: Vec<At<String>> = set(read::collected),
        without: Vec<At<PackageName>> = set(parsed),
        users: Vec<At<UserName>> = set(parsed),
        scripts: RawScripts = sub_table,
        auto_depends: bool = boolean,
        maintainer: String = places::maintainer,
        license: String = license::license,
        architecture: Architecture = one_of("architecture", &ARCHITECTURES),
        pre_depends: Vec<At<Relation>> = set_in_part(alternatives),
        enhances: Vec<At<Relation>> = set_in_part(relation),
        depends: Vec<At<Relation>> = set_in_part(alternatives),
        recommends: Vec<At<Relation>> = set_in_part(alternatives),
        suggests: Vec<At<Relation>> = set_in_part(alternatives),
        conflicts: Vec<At<Relation>> = set_in_part(relation),
        breaks: Vec<At<Relation>> = set_in_part(relation),
        replaces: Vec<At<Relation>> = set_in_part(relation),
        provides: Vec<At<Relation>> = set_in_part(relation),
        copyright: String = read::prose(one_line),
        license_file: PathBuf = project,
        changelog: PathBuf = project,
        lintian: Vec<At<RawOverride>> = list(sub_table),
        allow: Vec<At<RawAllowance>> = list(sub_table),
    }
}

table! {
    "`scripts`" struct RawScripts {
        preinstall: PathBuf = project,
        postinstall: PathBuf = project,
        preremove: PathBuf = project,
        postremove: PathBuf = project,
    }
}

table! {
    "an entry of `lintian`" struct RawOverride {
        tag: String = read::lintian_tag,
        reason: String = one_line,
    }
}

impl Part for Package {
    type Raw = Layered<RawPackage>;

    fn read(value: Value<'_>, issues: &mut Issues) -> Option<Vec<At<Self::Raw>>> {
        few("[[package]]", layered)(value, issues)
    }

    fn overrides(tables: &[At<Self::Raw>], catalogue: &Catalogue, issues: &mut Issues) {
        for package in tables {
            package.value.check(catalogue, issues);
        }
    }

    fn references(tables: &[At<Self::Raw>], names: &Names<'_>, issues: &mut Issues) {
        for package in tables {
            let own = package.value.base.name.value().map(PackageName::as_str);
            package.value.all().for_each(|table| check(table, own, names, issues));
        }
    }

    fn files(tables: &[At<Self::Raw>], folders: &Folders<'_>, scripts: &mut Scripts, issues: &mut Issues) {
        tables.iter().flat_map(|package| package.value.all()).for_each(|table| look(table, folders, scripts, issues));
    }

    fn unused(tables: &[At<Self::Raw>], platforms: &[&Platform]) -> Vec<Issue> {
        let of = |package: &Layered<RawPackage>| {
            let mut found: Vec<Issue> = package.all().flat_map(|table| places_as_they_are(&table.contents)).collect();
            found.extend(layers(package, "[[package]]", platforms));
            found.extend(for_deb(package, platforms));
            found
        };
        tables.iter().flat_map(|package| of(&package.value)).collect()
    }

    fn is_seen_on(platform: &Platform) -> bool {
        platform.windows.is_none()
    }

    fn resolve(tables: &[At<Self::Raw>], view: &View<'_>, issues: &mut Issues) -> Option<Vec<Self>> {
        view.packages(tables, issues)
    }
}

fn check(package: &RawPackage, own: Option<&str>, names: &Names<'_>, issues: &mut Issues) {
    package.from.at().into_iter().for_each(|from| names.images.check(from, issues));
    package.users.items().iter().for_each(|user| names.users.check(user, issues));
    for other in package.without.items() {
        if Some(other.value.as_str()) == own {
            let issue = Issue::new(&other.span, "a package cannot be without its own files").label("itself");
            issues.add(issue.help("name the packages that ship the shared files"));
        } else {
            names.packages.check(other, issues);
        }
    }
}

fn look(package: &RawPackage, folders: &Folders<'_>, scripts: &mut Scripts, issues: &mut Issues) {
    package.dir.at().into_iter().for_each(|dir| folders.check(dir, Want::Folder, issues));
    folders.check_given(&package.license_file, issues);
    folders.check_given(&package.changelog, issues);
    package.contents.items().iter().for_each(|entry| folders.check_content(&entry.value, false, issues));
    let Some(parts) = package.scripts.value() else {
        return;
    };
    for path in [&parts.preinstall, &parts.postinstall, &parts.preremove, &parts.postremove] {
        if let Some(text) = path.at().and_then(|path| folders.script(path, issues).map(|text| (path, text))) {
            scripts.insert(text.0.value.clone(), text.1);
        }
    }
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
