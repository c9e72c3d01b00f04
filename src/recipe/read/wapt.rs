//! `[[wapt]]`: every attribute of WAPT's control file with its own grammar, and where the files come from.

use std::{collections::BTreeMap, path::PathBuf};

use super::{raw::RawRecipe, resolve::View};
use crate::{
    names::{
        ImageName, PackageName, PlatformId,
        wapt::{self, Attribute, attribute},
    },
    recipe::{Wapt, WaptContent, WaptSource},
    util::toml::{
        At, BadPath, Given, Issue, Issues, Table as _, Value, check_glob, in_container, in_project, is_glob, line,
        list, one_of, parsed, project, quoted, required, string, sub_table, table, wrong_type,
    },
};

const FILE_NAMES: [(&str, bool); 2] = [("2", false), ("1.8", true)];
const UUID: &str = "random";

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

fn uuid(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    match string(value, issues)? {
        UUID => Some(UUID.to_owned()),
        _ => text("package_uuid")(value, issues),
    }
}

/// What `[[wapt]]` tables say of each other and of the rest.
pub(super) fn references(raw: &RawRecipe, known: &dyn Fn(&Wanted<'_>, &mut Issues), issues: &mut Issues) {
    let mut first: BTreeMap<&str, &At<String>> = BTreeMap::new();
    for table in raw.wapt.items() {
        let table = &table.value;
        required(&table.package, ("package", "\"tis-hello\""), ("[[wapt]]", &table.span), issues);
        if let Some(name) = table.package.at()
            && let Some(before) = first.insert(&name.value, name)
        {
            let issue = Issue::new(&name.span, format!("two WAPT packages are called `{}`", name.value));
            issues.add(issue.label("again here").also(&before.span, "first here").help("give each a name of its own"));
        }
        if let Some(from) = table.from.at() {
            known(&Wanted::Image(from), issues);
        }
        for entry in table.contents.items() {
            if let Some(package) = entry.value.package.at() {
                known(&Wanted::Package(package), issues);
            }
        }
        check_together(table, issues);
    }
}

/// A name that something else of the recipe must have.
pub(super) enum Wanted<'w> {
    Image(&'w At<ImageName>),
    Package(&'w At<PackageName>),
}

fn check_together(table: &RawWapt, issues: &mut Issues) {
    let attributes = table.attributes();
    let at = |name: &str| attributes.iter().rev().find(|(own, _)| *own == name).map(|(_, at)| *at);
    for (name, refused) in wapt::check_together(&|name| at(name).map(|at| filled(&at.value)).unwrap_or_default()) {
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

impl View<'_> {
    /// `[[wapt]]` of the platform that makes them.
    pub(super) fn wapts(&self, issues: &mut Issues) -> Option<Vec<Wapt>> {
        let tables = self.sources.raw.wapt.items();
        let all: Vec<_> = tables.iter().filter(|table| self.makes(&table.value, issues)).collect();
        let all: Vec<_> = all.into_iter().map(|table| self.wapt(&table.value, issues)).collect();
        all.into_iter().collect()
    }

    /// Whether it is made on this platform: the one it names, else the official one, else the first.
    fn makes(&self, table: &RawWapt, issues: &mut Issues) -> bool {
        let project = self.sources.project;
        let chosen = match table.platform.at() {
            None => project.official.as_ref().or(project.platforms.first()).map(|id| id.as_str().to_owned()),
            Some(word) => {
                let known: Vec<&str> = project.platforms.iter().map(PlatformId::as_str).collect();
                if !known.contains(&word.value.as_str()) {
                    issues.add(Issue::unknown(&word.span, "platform of this recipe", &word.value, &known));
                }
                Some(word.value.clone())
            }
        };
        chosen.as_deref() == Some(self.platform.id.as_str())
    }

    fn wapt(&self, raw: &RawWapt, issues: &mut Issues) -> Option<Wapt> {
        let mut attributes: BTreeMap<String, String> =
            raw.attributes().into_iter().map(|(name, at)| (name.to_owned(), at.value.clone())).collect();
        let mut warnings = Vec::new();
        if let (Some(_), Some(package)) = (raw.license.span(), raw.package.value()) {
            warnings.push(format!("[[wapt]] `{package}`: `license` is taken as `licence`, which is WAPT's word"));
        }
        let project = self.sources.project;
        // A package's folder says these itself.
        if matches!(raw.dir, Given::No) {
            let defaults = [
                ("version", "{{version}}-{{release}}"),
                ("maintainer", project.maintainer.as_str()),
                ("licence", project.license.as_str()),
                ("homepage", project.homepage.as_str()),
            ];
            for (name, value) in defaults.into_iter().filter(|(_, value)| !value.is_empty()) {
                attributes.entry(name.to_owned()).or_insert_with(|| value.to_owned());
            }
        }
        let contents: Vec<_> = raw.contents.items().iter().map(|entry| content(&entry.value, raw, issues)).collect();
        let contents: Option<Vec<_>> = contents.into_iter().collect();
        let wrong = raw.given().len() < RawWapt::KEYS.len() && matches!(raw.contents, Given::Wrong(_));
        Some(Wapt {
            package: raw.package.value()?.clone(),
            attributes,
            dir: raw.dir.value().cloned(),
            from: raw.from.value().cloned(),
            contents: contents.filter(|_| !wrong)?,
            setup: raw.setup.value().cloned(),
            icon: raw.icon.value().cloned(),
            old_name: raw.file_name.or_default(),
            warnings,
        })
    }
}

fn content(raw: &RawWaptContent, of: &RawWapt, issues: &mut Issues) -> Option<WaptContent> {
    let place = "an entry of `contents`";
    if let Some(package) = raw.package.at() {
        if let Some(src) = raw.src.span() {
            let issue = Issue::new(src, "`src` and `package` in one entry").label("one of both");
            issues.add(issue.also(&package.span, "and this").help("write two entries"));
            return None;
        }
        let dst = raw.dst.at().map_or_else(|| Some(String::new()), |dst| target(dst, issues))?;
        return Some(WaptContent { src: WaptSource::Package(package.value.clone()), dst });
    }
    let src = required(&raw.src, ("src", "\"/out/hello.exe\""), (place, &raw.span), issues)?;
    let is_inside = src.value.starts_with('/');
    let path = if is_inside { in_container(&src.value) } else { in_project(&src.value) };
    let path = path.and_then(|path| check_glob(&path).map(|()| path.trim_end_matches('/').to_owned()));
    let path = path.map_err(|bad: BadPath| issues.add(bad.at(&src.span))).ok()?;
    if is_inside && matches!(of.from, Given::No) {
        let issue = Issue::new(&src.span, "this is in a container, and `from` does not say of which image");
        issues.add(
            issue
                .label("in which image?")
                .help("add `from = \"…\"` with the name of an [[image]]; paths of the project are relative"),
        );
        return None;
    }
    if is_inside && path.is_empty() {
        issues.add(
            Issue::new(&src.span, "the whole container")
                .label("expected a path in it")
                .help("name what goes into the package"),
        );
        return None;
    }
    let name = if is_glob(&path) { "" } else { path.rsplit('/').next().unwrap_or_default() };
    let dst = match raw.dst.at() {
        None => name.to_owned(),
        Some(dst) => {
            let folder = target(dst, issues)?;
            let into = dst.value.ends_with('/') && !name.is_empty();
            match (into, folder.is_empty()) {
                (true, true) => name.to_owned(),
                (true, false) => format!("{folder}/{name}"),
                (false, _) => folder,
            }
        }
    };
    let src = if is_inside { WaptSource::Container(path) } else { WaptSource::Project(path) };
    Some(WaptContent { src, dst })
}

/// A place in the package; empty for its top.
fn target(dst: &At<String>, issues: &mut Issues) -> Option<String> {
    if dst.value.starts_with('/') {
        let issue = Issue::new(&dst.span, format!("{} is an absolute path", quoted(&dst.value)));
        issues.add(
            issue.label("a place in the package").help("write it without the slash: agents unpack it where they like"),
        );
        return None;
    }
    let path = in_project(&dst.value).map_err(|bad| issues.add(bad.at(&dst.span))).ok()?;
    Some(if path == "." { String::new() } else { path })
}
