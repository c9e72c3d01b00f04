//! From `[[wapt]]` as written to what a run sees: the platform that makes it, defaults, and where each file goes.

use std::collections::BTreeMap;

use super::{RawWapt, RawWaptContent};
use crate::{
    names::PlatformId,
    recipe::read::{
        allow::{allowances, of_recipe},
        view::View,
    },
    util::{
        pattern::{is_glob, plain},
        toml::{At, BadPath, Given, Issue, Issues, check_glob, in_container, inside, quoted, required},
    },
    work::wapt::recipe::{Wapt, WaptContent, WaptSource},
};

impl View<'_> {
    /// `[[wapt]]` of the platform that makes them.
    pub(crate) fn wapts(&self, tables: &[At<RawWapt>], issues: &mut Issues) -> Option<Vec<Wapt>> {
        let mut found = Issues::default();
        let all: Vec<_> = tables.iter().filter(|table| self.makes(&table.value, &mut found)).collect();
        let all: Vec<_> = all.into_iter().map(|table| self.wapt(&table.value, &mut found)).collect();
        // It is made on one platform, whichever others there are.
        issues.add_of_platforms(vec![(self.platform.id.as_str(), found)], 1);
        all.into_iter().collect()
    }

    /// Whether it is made on this platform: the one it names, else the official one, else the first.
    fn makes(&self, table: &RawWapt, issues: &mut Issues) -> bool {
        let project = self.project;
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
        let package = raw.contents.items().iter().find_map(|entry| entry.value.package.span());
        if let (true, Some(span)) = (self.platform.windows.is_some(), raw.from.span().or(package)) {
            let issue = Issue::new(span, format!("images and packages are not made on {}", self.platform.id));
            let help = "name a distro of `[project] platforms`: `platform = \"debian-12\"`";
            issues.add(issue.label("made on a distro alone").help(help));
        }
        let mut attributes: BTreeMap<String, String> =
            raw.attributes().into_iter().map(|(name, at)| (name.to_owned(), at.value.clone())).collect();
        let mut warnings = Vec::new();
        if let (Some(_), Some(package)) = (raw.license.span(), raw.package.value()) {
            warnings.push(format!("[[wapt]] `{package}`: `license` is taken as `licence`, which is WAPT's word"));
        }
        let project = self.project;
        attributes.entry("version".to_owned()).or_insert_with(|| "{{version}}-{{release}}".to_owned());
        let of_project =
            [("maintainer", &project.maintainer), ("licence", &project.license), ("homepage", &project.homepage)];
        let said = of_project.into_iter().filter(|(name, value)| !value.is_empty() && !attributes.contains_key(*name));
        let said: Vec<(String, String)> = said.map(|(name, value)| (name.to_owned(), value.clone())).collect();
        let mut defaults = BTreeMap::new();
        // A package's folder may say these itself.
        if matches!(raw.dir, Given::No) {
            attributes.extend(said);
        } else {
            defaults.extend(said);
        }
        let contents: Vec<_> = raw.contents.items().iter().map(|entry| content(&entry.value, raw, issues)).collect();
        let contents: Option<Vec<_>> = contents.into_iter().collect();
        of_recipe(&raw.allow, issues);
        let allow = allowances(&raw.allow, issues);
        Some(Wapt {
            package: raw.package.value()?.clone(),
            attributes,
            defaults,
            dir: raw.dir.value().cloned(),
            from: raw.from.value().cloned(),
            contents: contents.filter(|_| !matches!(raw.contents, Given::Wrong(_)))?,
            setup: raw.setup.value().cloned(),
            icon: raw.icon.value().cloned(),
            old_name: raw.file_name.or_default(),
            allow: allow?,
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
        return Some(WaptContent { src: WaptSource::Package(package.value.clone()), dst, at: package.span.clone() });
    }
    let src = required(&raw.src, ("src", "\"/out/hello.exe\""), (place, &raw.span), issues)?;
    let is_inside = src.value.starts_with('/');
    let path = if is_inside { in_container(&src.value) } else { inside(&src.value) };
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
    let name = if is_glob(&path) { "".into() } else { plain(path.rsplit('/').next().unwrap_or_default()) };
    let dst = match raw.dst.at() {
        None => name.to_string(),
        Some(dst) => {
            let folder = target(dst, issues)?;
            let into = dst.value.ends_with('/') && !name.is_empty();
            match (into, folder.is_empty()) {
                (true, true) => name.to_string(),
                (true, false) => format!("{folder}/{name}"),
                (false, _) => folder,
            }
        }
    };
    let at = src.span.clone();
    let src = if is_inside { WaptSource::Container(path) } else { WaptSource::Project(path) };
    Some(WaptContent { src, dst, at })
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
    let path = inside(&dst.value).map_err(|bad| issues.add(bad.at(&dst.span))).ok()?;
    Some(if path == "." { String::new() } else { path })
}
