//! The packages of one platform: their order, their relations with the version filled in, their scripts.

use std::path::PathBuf;

use super::{RawPackage, clashes, collect, versions::Versions};
use crate::{
    names::{Override, PackageName, Relation, Scripts},
    recipe::{
        Content, ContentKind, FileInfo,
        read::{
            allow::allowances_of_system,
            content::{Of, Packed},
            graph::{circle_issue, numbers, ordered},
            layers::Layered,
            view::View,
        },
    },
    util::{
        pattern,
        toml::{At, Given, Issue, Issues, quoted, required},
    },
    work::package::recipe::{Asked, Copyright, Package},
};

/// What may stand for `contents` of a package without an image, in the same way.
const OF_PROJECT: &str = "[{ src = \"dist/example\", dst = \"/usr/bin/example\" }]`; a folder that is laid out as below `/` is named \
                          with `dir = \"dist\"`, and the image of a package that comes out of one with `from = \"core\"";
/// What may stand for `contents`, as the end of an example in backticks.
const EITHER: &str =
    "[{ src = \"/opt/example\" }]`; packages that the image has built are named with `collect = [\"/packages/*.deb\"]";

impl View<'_> {
    /// `[[package]]`, each after those in its `without`.
    pub(crate) fn packages(&self, tables: &[At<Layered<RawPackage>>], issues: &mut Issues) -> Option<Vec<Package>> {
        let raw: Vec<RawPackage> = tables.iter().map(|package| package.value.on(self.platform)).collect();
        let numbers = numbers(raw.iter().map(|package| package.name.value()));
        let own = |package: &RawPackage, other: &str| package.name.value().is_some_and(|name| name.as_str() == other);
        let without: Vec<Vec<usize>> = raw
            .iter()
            .map(|package| {
                let others = package.without.items().iter().map(|other| other.value.as_str());
                others.filter(|other| !own(package, other)).filter_map(|other| numbers.get(other).copied()).collect()
            })
            .collect();
        let order = ordered(raw.len(), |package| &without[package]).map_err(|circle| {
            let next = circle.iter().cycle().skip(1);
            let steps = circle.iter().zip(next).filter_map(|(package, next)| {
                let mut others = raw[*package].without.items().iter();
                let other = others.find(|other| own(&raw[*next], other.value.as_str()))?;
                Some((raw[*package].name.value()?.as_str(), other))
            });
            issues.add(circle_issue("packages are without each other in a circle", "without", steps));
        });
        let versions = Versions::new(&raw, self.version);
        let packages: Vec<_> =
            order.ok()?.into_iter().map(|package| self.package(&raw[package], &versions, issues)).collect();
        packages.into_iter().collect()
    }

    fn package(&self, raw: &RawPackage, versions: &Versions, issues: &mut Issues) -> Option<Package> {
        let at = ("[[package]]", &raw.span);
        let name = raw.name.value()?;
        let from = raw.from.value();
        if !matches!(raw.collect, Given::No) {
            return collect::collected(raw, name, from, issues);
        }
        let summary = required(&raw.summary, ("summary", "\"what it is, in one line\""), at, issues);
        let contents = self.packed(raw, name, issues);
        let overrides = lintian(raw, issues);
        let allow = allowances_of_system(&raw.allow, issues);
        let epoch = raw.epoch.or_default();
        clashes::check(raw, issues);
        let formats = formats(&raw.formats, issues);
        let mut relations = |given| self.relations(given, |text| versions.fill(text, epoch), issues);
        let depends = relations(&raw.depends);
        let pre_depends = relations(&raw.pre_depends);
        let enhances = relations(&raw.enhances);
        let recommends = relations(&raw.recommends);
        let suggests = relations(&raw.suggests);
        let conflicts = relations(&raw.conflicts);
        let breaks = relations(&raw.breaks);
        let replaces = relations(&raw.replaces);
        let provides = relations(&raw.provides);
        Some(Package {
            name: name.clone(),
            from: from.cloned(),
            epoch,
            formats: formats?,
            summary: summary?.value.clone(),
            description: raw.description.or_default(),
            section: raw.section.or("misc"),
            priority: raw.priority.or("optional").to_owned(),
            contents: contents?,
            collect: Vec::new(),
            without: raw.without.values(),
            users: self.accounts(&raw.users),
            scripts: self.scripts(raw),
            auto_depends: raw.auto_depends.value().copied().unwrap_or(true),
            maintainer: raw.maintainer.value().cloned(),
            license: raw.license.value().cloned(),
            architecture: raw.architecture.value().copied(),
            pre_depends: pre_depends?,
            enhances: enhances?,
            depends: depends?,
            recommends: recommends?,
            suggests: suggests?,
            conflicts: conflicts?,
            breaks: breaks?,
            replaces: replaces?,
            provides: provides?,
            copyright: Copyright {
                holder: raw.copyright.or(raw.maintainer.value().unwrap_or(&self.project.maintainer).as_str()),
                license_file: raw.license_file.value().cloned(),
            },
            changelog: raw.changelog.value().cloned(),
            overrides: overrides?,
            allow: allow?,
        })
    }

    /// What goes into a package: its `dir` first, which its `contents` refine.
    fn packed(&self, raw: &RawPackage, name: &PackageName, issues: &mut Issues) -> Option<Vec<Content>> {
        let has_image = !matches!(raw.from, Given::No);
        if matches!(raw.dir, Given::No) {
            let example = if has_image { EITHER } else { OF_PROJECT };
            required(&raw.contents, ("contents", example), ("[[package]]", &raw.span), issues)?;
        }
        let dir = raw.dir.at().map(|dir| (dir.value.to_string_lossy(), &dir.span));
        let packed = Packed { name, dir: dir.as_ref().map(|(dir, _)| dir.as_ref()), has_image };
        let contents = self.contents(&raw.contents, Of::Package(packed), issues);
        if let (Given::Wrong(_), _) | (_, Given::Wrong(_)) = (&raw.dir, &raw.from) {
            return None;
        }
        let tree = dir.map(|(dir, at)| Content {
            src: pattern::escaped(&dir),
            dst: "/".to_owned(),
            kind: ContentKind::Tree,
            info: FileInfo::default(),
            optional: false,
            at: at.clone(),
        });
        Some(tree.into_iter().chain(contents?).collect())
    }

    /// The relations in the words of the platform's packages.
    fn relations(
        &self,
        given: &Given<Vec<At<Relation>>>,
        filled: impl Fn(&str) -> String,
        issues: &mut Issues,
    ) -> Option<Vec<String>> {
        let all: Vec<_> = given
            .items()
            .iter()
            .map(|relation| {
                let said = self.platform.package.say(&relation.value);
                said.map(|text| filled(&text))
                    .map_err(|why| {
                        let text = quoted(relation.value.as_str());
                        let issue = Issue::new(&relation.span, format!("{text} cannot be said in packages"));
                        let issue = issue.for_platforms().and(&format!(": {why}"));
                        issues.add(issue.label("no words for it").help(why.help));
                    })
                    .ok()
            })
            .collect();
        all.into_iter().collect()
    }

    fn scripts(&self, raw: &RawPackage) -> Scripts {
        let Some(parts) = raw.scripts.value() else {
            return Scripts::default();
        };
        let text =
            |path: &Given<PathBuf>| path.value().and_then(|path| self.scripts.get(path)).cloned().unwrap_or_default();
        Scripts {
            preinstall: text(&parts.preinstall),
            postinstall: text(&parts.postinstall),
            preremove: text(&parts.preremove),
            postremove: text(&parts.postremove),
        }
    }
}

/// What is made of it.
fn formats(given: &Given<Vec<At<Asked>>>, issues: &mut Issues) -> Option<Vec<Asked>> {
    if let Some(list) = given.at().filter(|list| list.value.is_empty()) {
        let issue = Issue::new(&list.span, "nothing would be made of it").label("expected a format at least");
        issues.add(issue.help("leave `formats` out: the platform's own is made"));
        return None;
    }
    Some(given.items().iter().map(|one| one.value).collect())
}

fn lintian(raw: &RawPackage, issues: &mut Issues) -> Option<Vec<Override>> {
    let entries: Vec<_> = raw
        .lintian
        .items()
        .iter()
        .map(|entry| {
            let at = ("an entry of `lintian`", &entry.value.span);
            let tag = required(&entry.value.tag, ("tag", "\"dir-or-file-in-opt *\""), at, issues);
            let reason = required(&entry.value.reason, ("reason", "\"the whole product lives in /opt\""), at, issues);
            Some(Override { tag: tag?.value.clone(), reason: reason?.value.clone() })
        })
        .collect();
    entries.into_iter().collect()
}
