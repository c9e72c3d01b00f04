//! From the recipe as written to the recipe of one platform: overrides laid over, defaults filled in, order found.
//! Adds to the issues what only the platform's view shows.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    files::Scripts as Texts,
    meant,
    part::Part,
    raw::{RawBase, RawPython, RawRecipe, RawUnit, RawUser},
    view::View,
};
use crate::{
    names::{PlatformId, User, UserName},
    platform::{Catalogue, Platform},
    recipe::{BaseMode, BootstrapMode, Project, PythonApp, Recipe, Tests, UnitCheck, UnitExpectation, parts::parts},
    util::toml::{At, Given, Issue, Issues, Span, listed, nearest, quoted, required},
};

/// What a recipe is resolved from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sources<'s> {
    pub(crate) raw: &'s RawRecipe,
    pub(crate) project: &'s Arc<Project>,
    pub(crate) scripts: &'s Texts,
}

/// `[project]`.
pub(crate) fn project(raw: &RawRecipe, catalogue: &Catalogue, issues: &mut Issues) -> Option<Project> {
    if let Given::No = raw.project {
        let issue = Issue::new(&raw.span, "there is no [project]").relational().label("`[project]` is needed");
        issues.add(issue.help("begin with `[project]`, then `name`, `maintainer`, `license` and `platforms`"));
    }
    let table = raw.project.value()?;
    let at = ("[project]", &table.span);
    let name = required(&table.name, ("name", "\"canopsis\""), at, issues);
    let maintainer = required(&table.maintainer, ("maintainer", "\"Example Org <packages@example.org>\""), at, issues);
    let license = required(&table.license, ("license", "\"Apache-2.0\""), at, issues);
    let platforms = required(&table.platforms, ("platforms", "[\"debian-12\"]"), at, issues);
    let platforms = platforms.map(|list| platform_ids(list, catalogue, issues));
    let official = official(&table.official, platforms.as_deref().unwrap_or_default(), catalogue, issues);
    let allow = meant::allowed(raw, issues);
    Some(Project {
        name: name?.value.clone(),
        maintainer: maintainer?.value.clone(),
        license: license?.value.clone(),
        homepage: table.homepage.or_default(),
        platforms: platforms?,
        official,
        registry: table.registry.value().cloned(),
        store_keys: table.store_keys.items().iter().map(|key| key.value.clone()).collect(),
        allow: allow?,
    })
}

fn platform_ids(list: &At<Vec<At<String>>>, catalogue: &Catalogue, issues: &mut Issues) -> Vec<PlatformId> {
    if list.value.is_empty() {
        let issue = Issue::new(&list.span, "no platform").label("expected one at least");
        issues.add(issue.help("for example `platforms = [\"debian-12\"]`"));
    }
    let mut first: BTreeMap<PlatformId, &Span> = BTreeMap::new();
    let mut ids = Vec::new();
    for word in &list.value {
        let Some(id) = platform_id(word, catalogue, issues) else {
            continue;
        };
        if let Some(before) = first.get(&id) {
            let issue = Issue::new(&word.span, format!("the platform `{id}` twice")).label("again here");
            issues.add(issue.also(before, "first here").help("leave one out"));
        } else {
            first.insert(id.clone(), &word.span);
            ids.push(id);
        }
    }
    ids
}

fn platform_id(word: &At<String>, catalogue: &Catalogue, issues: &mut Issues) -> Option<PlatformId> {
    if !issues.are_wanted() {
        return catalogue.meant(&word.value).map(|platform| platform.id.clone());
    }
    let found = catalogue.find(&word.value);
    found.map(|platform| platform.id.clone()).map_err(|unknown| issues.add(unknown_platform(word, &unknown))).ok()
}

fn unknown_platform(word: &At<String>, unknown: &crate::platform::Unknown) -> Issue {
    let near = unknown.nearest.as_ref();
    let label = near.map_or_else(|| "no such platform".to_owned(), |near| format!("did you mean `{near}`?"));
    let known: Vec<&str> = unknown.known.iter().map(PlatformId::as_str).collect();
    let help = format!("known: {}; a file in `platforms/` of the project adds one", listed(&known));
    Issue::new(&word.span, format!("unknown platform {}", quoted(&word.value))).label(label).help(help)
}

fn official(
    given: &Given<String>,
    platforms: &[PlatformId],
    catalogue: &Catalogue,
    issues: &mut Issues,
) -> Option<PlatformId> {
    let word = given.at()?;
    let id = platform_id(word, catalogue, issues)?;
    if !platforms.contains(&id) && !platforms.is_empty() {
        let known: Vec<&str> = platforms.iter().map(PlatformId::as_str).collect();
        let label = match nearest(id.as_str(), known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "not built".to_owned(),
        };
        let issue = Issue::new(&word.span, format!("the official platform `{id}` is none of `platforms`")).relational();
        issues.add(issue.label(label).help(format!("one of {}, or add it to `platforms`", listed(&known))));
    }
    Some(id)
}

macro_rules! recipe {
    ($($(#[doc = $doc:literal])* $part:ident => $list:ident: $one:ident,)+) => {
        /// The recipe of one platform. `version` is the full version of its packages.
        pub(crate) fn recipe(
            sources: &Sources<'_>,
            platform: &Platform,
            version: &str,
            issues: &mut Issues,
        ) -> Option<Recipe> {
            let Sources { raw, project, scripts } = *sources;
            let view = View { project, scripts, platform, version, users: users(raw, platform) };
            let of_distros = platform.windows.is_none();
            let base = raw.base.value().filter(|_| of_distros);
            let base = base.map(|base| base_mode(&base.on(platform), platform, issues));
            let python = raw.python.value().filter(|_| of_distros);
            let python = python.map(|python| python_app(&python.on(platform), issues));
            $(let $list = if <crate::work::$part::recipe::$one as Part>::is_seen_on(platform) {
                <crate::work::$part::recipe::$one as Part>::resolve(raw.$part.items(), &view, issues)
            } else {
                Some(Vec::new())
            };)+
            let units = raw.test.value().map(|test| test.unit.items()).unwrap_or_default();
            Some(Recipe {
                project: Arc::clone(project),
                base: base.unwrap_or_default(),
                python: match python {
                    Some(python) => Some(python?),
                    None => None,
                },
                $($list: $list?,)+
                test: Tests { units: units.iter().map(|unit| unit_check(&unit.value)).collect::<Option<_>>()? },
            })
        }
    };
}
parts!(recipe);

fn base_mode(raw: &RawBase, platform: &Platform, issues: &mut Issues) -> BaseMode {
    if let (Some(BootstrapMode::Always), None, Some(span)) =
        (raw.bootstrap.value(), &platform.base.bootstrap, raw.bootstrap.span())
    {
        let issue = Issue::new(span, "no base image can be made from packages").for_platforms();
        issues.add(issue.label("nothing to make it with").help(
            "`\"fallback\"` takes the image of the engine or of its registry there; `\"always\"` belongs into \
             `[base.overrides.debian]`, or the platform's file says how with `[base.bootstrap]`",
        ));
    }
    BaseMode {
        image: raw.image.value().cloned(),
        bootstrap: raw.bootstrap.or_default(),
        mirror: raw.mirror.value().cloned(),
        refresh_days: raw.refresh.or(7_u32),
    }
}

fn python_app(raw: &RawPython, issues: &mut Issues) -> Option<PythonApp> {
    let at = ("[python]", &raw.span);
    let prefix = required(&raw.prefix, ("prefix", "\"/opt/canopsis\""), at, issues);
    let requirements = required(&raw.requirements, ("requirements", "\"requirements.txt\""), at, issues);
    Some(PythonApp {
        prefix: prefix?.value.clone(),
        requirements: requirements?.value.clone(),
        constraints: raw.constraints.values(),
        no_binary: raw.no_binary.values(),
        index_url: raw.index_url.value().cloned(),
        extra_index_urls: raw.extra_index_urls.values(),
        build_packages: raw.build_packages.values(),
    })
}

/// The recipe's users by name.
fn users<'r>(raw: &'r RawRecipe, platform: &Platform) -> BTreeMap<&'r UserName, User> {
    let of = |user: &RawUser, name: &UserName| User {
        name: name.clone(),
        home: user.home.or("/nonexistent"),
        shell: user.shell.or(platform.family.nologin()),
        comment: user.comment.or_default(),
    };
    let named = raw.user.items().iter().filter_map(|user| Some((user.value.name.value()?, &user.value)));
    named.map(|(name, user)| (name, of(user, name))).collect()
}

fn unit_check(raw: &RawUnit) -> Option<UnitCheck> {
    let expectation = match (raw.http.value(), raw.alive.value(), raw.skip.value()) {
        (_, _, Some(reason)) => UnitExpectation::Skip { reason: reason.clone() },
        (Some(url), ..) => UnitExpectation::Http { url: url.clone(), status: raw.status.or(200_u16) },
        (None, Some(seconds), _) => UnitExpectation::Alive { seconds: *seconds },
        (None, None, None) => return None,
    };
    Some(UnitCheck { unit: raw.name.value()?.clone(), expectation, within_s: raw.within.or(30_u32) })
}
