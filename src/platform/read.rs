//! One platform file: its keys, their grammar, and the [`Platform`] they make. Opens no file.

mod base;
mod packaging;
mod python;

use self::{base::RawBase, packaging::RawPackaging, python::RawPython};
use super::types::{Family, Manager, Platform, TestTools};
use crate::{
    names::{PlatformId, Sha256},
    util::toml::{
        self, At, Given, Issue, Issues, Report, Table as _, Value, list, one_line, one_of, os_package, parsed, quoted,
        required, sub_table, table, word,
    },
};

const FAMILIES: [(&str, Family); 4] =
    [("debian", Family::Debian), ("rhel", Family::Rhel), ("suse", Family::Suse), ("alpine", Family::Alpine)];
const MANAGERS: [(&str, Manager); 6] = [
    ("apt", Manager::Apt),
    ("yum", Manager::Yum),
    ("dnf", Manager::Dnf),
    ("zypper", Manager::Zypper),
    ("apk", Manager::Apk),
    ("rpm", Manager::Rpm),
];

/// Words that select platforms in overrides beside ids and aliases, and so can be neither.
pub(crate) const GROUPS: [&str; 7] = ["debian", "rhel", "suse", "alpine", "deb", "rpm", "apk"];

table! {
    "the platform" struct RawPlatform {
        id: PlatformId = parsed,
        name: String = one_line,
        family: Family = one_of("family", &FAMILIES),
        manager: Manager = one_of("package manager", &MANAGERS),
        aliases: Vec<At<PlatformId>> = list(parsed),
        eol: String = date,
        base: RawBase = sub_table,
        python: RawPython = sub_table,
        package: RawPackaging = sub_table,
        trial: RawTrial = sub_table,
    }
}

table! {
    "[trial]" struct RawTrial {
        packages: Vec<At<String>> = list(os_package),
    }
}

/// Reads the text of a platform file. `stem` is its name without `.toml`, which must be the platform's id.
pub(super) fn platform(file: &str, stem: &str, text: &str) -> Result<Read, Report> {
    let read = toml::read(file, text, |root, issues| {
        let raw = RawPlatform::read(root, issues);
        check_words(&raw, stem, issues);
        let platform = resolve(&raw, Sha256::of(text).to_string(), issues);
        (platform, raw.aliases.items().to_vec())
    })?;
    match read {
        (Some(platform), aliases) => Ok(Read { platform, aliases }),
        (None, _) => Err(Report::new(toml::Source::new(file, text), vec![Issue::new(&(0..0), "it cannot be read")])),
    }
}

/// A platform, and where its aliases are.
pub(super) struct Read {
    pub(super) platform: Platform,
    pub(super) aliases: Vec<At<PlatformId>>,
}

fn check_words(raw: &RawPlatform, stem: &str, issues: &mut Issues) {
    if let Given::Yes(id) = &raw.id
        && id.value.as_str() != stem
    {
        let message = format!("the file is called {}, the platform {}", quoted(stem), quoted(id.value.as_str()));
        let issue = Issue::new(&id.span, message).label("not the file's name");
        issues.add(issue.help(format!("rename the file to `{}.toml`, or write `id = \"{stem}\"`", id.value)));
    }
    for word in raw.id.at().into_iter().chain(raw.aliases.items()) {
        if GROUPS.contains(&word.value.as_str()) {
            let message = format!("{} already means a group of platforms", quoted(word.value.as_str()));
            issues.add(Issue::new(&word.span, message).label("taken").help("add the release, e.g. `debian-12`"));
        }
    }
}

fn resolve(raw: &RawPlatform, digest: String, issues: &mut Issues) -> Option<Platform> {
    let at = ("the platform", &raw.span);
    let id = required(&raw.id, ("id", "\"debian-12\""), at, issues);
    let name = required(&raw.name, ("name", "\"Debian 12 (bookworm)\""), at, issues);
    let family = required(&raw.family, ("family", "\"debian\""), at, issues);
    let manager = required(&raw.manager, ("manager", "\"apt\""), at, issues);
    let eol = required(&raw.eol, ("eol", "\"2028-06-30\""), at, issues);
    let base = required(&raw.base, ("base", "{ image = \"debian:bookworm-slim\" }"), at, issues);
    let base = base.and_then(|raw| base::base(&raw.value, issues));
    let package = required(&raw.package, ("package", "{ format = \"deb\", … }"), at, issues);
    let package = package.and_then(|raw| packaging::packaging(&raw.value, issues));
    let python = required(&raw.python, ("python", "{ interpreter = \"/usr/bin/python3\", … }"), at, issues);
    let python = python.and_then(|raw| python::python(&raw.value, package.as_ref(), issues));
    let trial = raw.trial.value().map(|trial| trial.packages.values()).unwrap_or_default();
    Some(Platform {
        id: id?.value.clone(),
        name: name?.value.clone(),
        family: family?.value,
        manager: manager?.value,
        aliases: raw.aliases.items().iter().map(|alias| alias.value.to_string()).collect(),
        eol: eol?.value.clone(),
        base: base?,
        python: python?,
        package: package?,
        test: TestTools { packages: trial },
        digest,
    })
}

fn date(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    word("date", "a day that exists, `\"YYYY-MM-DD\"`", |text| {
        text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
    })(value, issues)
}

/// A suite, a variant: a word that is safe as an argument.
fn suite(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    word("suite", "lower-case letters, digits, dots and dashes", |text| {
        text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && text.len() <= 40
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b))
    })(value, issues)
}

fn is_minor_version(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit());
    text.split_once('.').is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

fn is_lower_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}
