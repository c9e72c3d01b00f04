//! `[[wapt]]`: every attribute of WAPT's control file with its own grammar, and where the files come from.

mod resolve;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, path::PathBuf};

use super::recipe::Wapt;
use crate::{
    format::wapt::facts::attributes::{self, Attribute, attribute},
    names::{ImageName, PackageName},
    platform::{Catalogue, Platform},
    recipe::read::{
        files::{Folders, Marked, Scripts, Want},
        known::Names,
        part::Part,
        tables::RawAllowance,
        view::View,
    },
    util::{
        pattern::{self, is_glob},
        toml::{
            At, Issue, Issues, Value, few, inside, line, list, one_of, only_placeholders, parsed, project, required,
            string, sub_table, table, wrong_type,
        },
    },
};

const FILE_NAMES: [(&str, bool); 2] = [("2", false), ("1.8", true)];
const UUID: &str = "random";
/// The folder that `dir` names.
const FOLDER: Marked = Marked {
    file: "WAPT/control",
    is_none: "is no WAPT package's folder",
    label: "no `WAPT/control` in it",
    help: "`factory init --wapt DIR` makes one; single files are named in `contents`",
};

table! {
    "[[wapt]]" struct RawWapt {
        package: String = text("package"),
        version: String = text("version"),
        architecture: String = words("architecture"),
        section: String = text("section"),
        priority: String = text("priority"),
        name: String = text("name"),
        categories: String = words("categories"),
        maintainer: String = text("maintainer"),
        description: String = text("description"),
        depends: String = words("depends"),
        conflicts: String = words("conflicts"),
        maturity: String = text("maturity"),
        locale: String = words("locale"),
        target_os: String = words("target_os"),
        min_wapt_version: String = text("min_wapt_version"),
        sources: String = text("sources"),
        installed_size: String = size,
        impacted_process: String = words("impacted_process"),
        description_fr: String = text("description_fr"),
        description_pl: String = text("description_pl"),
        description_de: String = text("description_de"),
        description_es: String = text("description_es"),
        description_pt: String = text("description_pt"),
        description_it: String = text("description_it"),
        description_nl: String = text("description_nl"),
        description_ru: String = text("description_ru"),
        audit_schedule: String = text("audit_schedule"),
        editor: String = text("editor"),
        keywords: String = words("keywords"),
        licence: String = text("licence"),
        license: String = text("licence"),
        homepage: String = text("homepage"),
        package_uuid: String = uuid,
        valid_from: String = text("valid_from"),
        valid_until: String = text("valid_until"),
        forced_install_on: String = text("forced_install_on"),
        changelog: String = text("changelog"),
        min_os_version: String = text("min_os_version"),
        max_os_version: String = text("max_os_version"),
        dir: PathBuf = project,
        from: ImageName = parsed,
        contents: Vec<At<RawWaptContent>> = list(sub_table),
        setup: PathBuf = project,
        icon: PathBuf = project,
        platform: String = line,
        file_name: bool = one_of("rule for names of files", &FILE_NAMES),
        allow: Vec<At<RawAllowance>> = list(sub_table),
    }
}

table! {
    "an entry of `contents`" struct RawWaptContent {
        src: String = line,
        package: PackageName = parsed,
        dst: String = line,
    }
}

impl RawWapt {
    /// The attributes with their names and places.
    fn attributes(&self) -> Vec<(&'static str, &At<String>)> {
        let all = [
            ("package", &self.package),
            ("version", &self.version),
            ("architecture", &self.architecture),
            ("section", &self.section),
            ("priority", &self.priority),
            ("name", &self.name),
            ("categories", &self.categories),
            ("maintainer", &self.maintainer),
            ("description", &self.description),
            ("depends", &self.depends),
            ("conflicts", &self.conflicts),
            ("maturity", &self.maturity),
            ("locale", &self.locale),
            ("target_os", &self.target_os),
            ("min_wapt_version", &self.min_wapt_version),
            ("sources", &self.sources),
            ("installed_size", &self.installed_size),
            ("impacted_process", &self.impacted_process),
            ("description_fr", &self.description_fr),
            ("description_pl", &self.description_pl),
            ("description_de", &self.description_de),
            ("description_es", &self.description_es),
            ("description_pt", &self.description_pt),
            ("description_it", &self.description_it),
            ("description_nl", &self.description_nl),
            ("description_ru", &self.description_ru),
            ("audit_schedule", &self.audit_schedule),
            ("editor", &self.editor),
            ("keywords", &self.keywords),
            ("licence", &self.license),
            ("licence", &self.licence),
            ("homepage", &self.homepage),
            ("package_uuid", &self.package_uuid),
            ("valid_from", &self.valid_from),
            ("valid_until", &self.valid_until),
            ("forced_install_on", &self.forced_install_on),
            ("changelog", &self.changelog),
            ("min_os_version", &self.min_os_version),
            ("max_os_version", &self.max_os_version),
        ];
        all.into_iter().filter_map(|(name, given)| Some((name, given.at()?))).collect()
    }
}

impl Part for Wapt {
    type Raw = RawWapt;

    fn read(value: Value<'_>, issues: &mut Issues) -> Option<Vec<At<Self::Raw>>> {
        few("[[wapt]]", sub_table)(value, issues)
    }

    fn overrides(_tables: &[At<Self::Raw>], _catalogue: &Catalogue, _issues: &mut Issues) {
        // It is made on one platform, and has none.
    }

    fn references(tables: &[At<Self::Raw>], names: &Names<'_>, issues: &mut Issues) {
        references(tables, names, issues);
    }

    fn files(tables: &[At<Self::Raw>], folders: &Folders<'_>, _scripts: &mut Scripts, issues: &mut Issues) {
        for table in tables {
            look(&table.value, folders, issues);
        }
    }

    fn unused(_tables: &[At<Self::Raw>], _platforms: &[&Platform]) -> Vec<Issue> {
        // All of it is used where it is made.
        Vec::new()
    }

    fn is_seen_on(_platform: &Platform) -> bool {
        true
    }

    fn resolve(tables: &[At<Self::Raw>], view: &View<'_>, issues: &mut Issues) -> Option<Vec<Self>> {
        view.wapts(tables, issues)
    }
}

/// What stands for the release in versions and dependencies, and a version to check them with.
fn filled(text: &str) -> String {
    text.replace("{{version}}", "1.0").replace("{{release}}", "1")
}

fn check(known: Option<&Attribute>, text: &str, value: Value<'_>, issues: &mut Issues) -> Option<()> {
    known?
        .check(&filled(text))
        .map_err(|refused| {
            issues.add(Issue::new(&value.span(), refused.message).label("not for WAPT").help(refused.help));
        })
        .ok()
}

/// An attribute's value. Lines are stripped, empty ones left out: WAPT ends reading there.
fn text(name: &'static str) -> impl Fn(Value<'_>, &mut Issues) -> Option<String> {
    move |value, issues| {
        let text = string(value, issues)?;
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let text = lines.join("\n");
        if text.is_empty() {
            issues
                .add(Issue::new(&value.span(), "an empty text").label("expected some words").help("leave the key out"));
            return None;
        }
        if !only_placeholders(&text, &["version", "release"], &value.span(), issues) {
            return None;
        }
        check(attribute(name), &text, value, issues).map(|()| text)
    }
}

/// The same of a list: one text with commas, or one text for each item.
fn words(name: &'static str) -> impl Fn(Value<'_>, &mut Issues) -> Option<String> {
    move |value, issues| {
        let Some(array) = value.get_ref().as_array() else {
            if value.get_ref().as_str().is_none() {
                wrong_type(value, "a list", issues);
                return None;
            }
            return text(name)(value, issues);
        };
        let items: Vec<_> = array.iter().map(|item| text(name)(item, issues)).collect();
        let joined = items.into_iter().collect::<Option<Vec<String>>>()?.join(",");
        // What items say of each other: `all` beside others.
        check(attribute(name), &joined, value, issues).map(|()| joined)
    }
}

/// A number of bytes, as a number or as text.
fn size(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    match value.get_ref().as_integer() {
        Some(number) => {
            check(attribute("installed_size"), &number.to_string(), value, issues).map(|()| number.to_string())
        }
        None => text("installed_size")(value, issues),
    }
}

fn uuid(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    match string(value, issues)? {
        UUID => Some(UUID.to_owned()),
        _ => text("package_uuid")(value, issues),
    }
}

/// What `[[wapt]]` tables say of each other and of the rest.
fn references(tables: &[At<RawWapt>], names: &Names<'_>, issues: &mut Issues) {
    let mut first: BTreeMap<&str, &At<String>> = BTreeMap::new();
    for table in tables.iter().map(|table| &table.value) {
        required(&table.package, ("package", "\"tis-hello\""), ("[[wapt]]", &table.span), issues);
        if let Some(name) = table.package.at()
            && let Some(before) = first.insert(&name.value, name)
        {
            let issue = Issue::new(&name.span, format!("two WAPT packages are called `{}`", name.value));
            issues.add(issue.label("again here").also(&before.span, "first here").help("give each a name of its own"));
        }
        if let Some(from) = table.from.at() {
            names.images.check(from, issues);
        }
        for entry in table.contents.items() {
            if let Some(package) = entry.value.package.at() {
                names.packages.check(package, issues);
            }
        }
        check_together(table, issues);
    }
}

fn look(wapt: &RawWapt, folders: &Folders<'_>, issues: &mut Issues) {
    wapt.dir.at().into_iter().for_each(|path| folders.check(path, Want::FolderWith(FOLDER), issues));
    for path in [&wapt.setup, &wapt.icon] {
        folders.check_given(path, issues);
    }
    for src in wapt.contents.items().iter().filter_map(|entry| entry.value.src.at()) {
        if src.value.starts_with('/') {
            continue;
        }
        match inside(&src.value) {
            Ok(path) if is_glob(&path) => folders.check_glob(&path, &src.span, issues),
            Ok(path) => {
                let path = At { value: PathBuf::from(pattern::plain(&path).as_ref()), span: src.span.clone() };
                folders.check(&path, Want::Something, issues);
            }
            Err(_) => {}
        }
    }
}

fn check_together(table: &RawWapt, issues: &mut Issues) {
    let attributes = table.attributes();
    let at = |name: &str| attributes.iter().rev().find(|(own, _)| *own == name).map(|(_, at)| *at);
    for (name, refused) in attributes::check_together(&|name| at(name).map(|at| filled(&at.value)).unwrap_or_default())
    {
        if let Some(at) = at(name) {
            issues.add(Issue::new(&at.span, refused.message).label(name).help(refused.help));
        }
    }
    if let (Some(one), Some(two)) = (table.license.at(), table.licence.at()) {
        let issue =
            Issue::new(&one.span, "`license` and `licence`").label("one of both").also(&two.span, "WAPT's word");
        issues.add(issue.help("keep `licence`"));
    }
}
