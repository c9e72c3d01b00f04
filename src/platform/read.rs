//! One platform file: its keys, their grammar, and the [`Platform`] they make. Opens no file.
//!
//! A file of Windows has fewer keys than one of a distro: those that there is nothing to say for are errors.

mod base;
mod packaging;
mod python;

use self::{base::RawBase, packaging::RawPackaging, python::RawPython};
use super::types::{Family, Manager, Platform, TestTools};
use crate::{
    names::{ArchName, Machine, PlatformId, Sha256},
    util::toml::{
        self, At, Given, Issue, Issues, Report, Table as _, Value, list, one_line, one_of, os_package, parsed, quoted,
        required, sub_table, table, word,
    },
};

const FAMILIES: [(&str, Family); 5] = [
    ("debian", Family::Debian),
    ("rhel", Family::Rhel),
    ("suse", Family::Suse),
    ("alpine", Family::Alpine),
    ("windows", Family::Windows),
];
const MACHINES: [(&str, Machine); 3] = [("amd64", Machine::Amd64), ("x86", Machine::X86), ("arm64", Machine::Arm64)];
const MANAGERS: [(&str, Manager); 6] = [
    ("apt", Manager::Apt),
    ("yum", Manager::Yum),
    ("dnf", Manager::Dnf),
    ("zypper", Manager::Zypper),
    ("apk", Manager::Apk),
    ("rpm", Manager::Rpm),
];

/// Words that select platforms in overrides beside ids and aliases, and so can be neither.
pub(crate) const GROUPS: [&str; 8] = ["debian", "rhel", "suse", "alpine", "windows", "deb", "rpm", "apk"];

table! {
    "the platform" struct RawPlatform {
        id: PlatformId = parsed,
        name: String = one_line,
        family: Family = one_of("family", &FAMILIES),
        manager: Manager = one_of("package manager", &MANAGERS),
        machine: Machine = one_of("machine", &MACHINES),
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
    if family.is_some_and(|family| family.value == Family::Windows) {
        return windows(raw, digest, issues);
    }
    if let Some(machine) = raw.machine.span() {
        let issue = Issue::new(machine, "`machine` is of Windows alone").label("not here");
        issues.add(issue.help("leave it out: `[package] arch` says what a distro calls each machine"));
    }
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
        windows: None,
        aliases: raw.aliases.items().iter().map(|alias| alias.value.to_string()).collect(),
        eol: eol?.value.clone(),
        base: base?,
        python: python?,
        package: package?,
        test: TestTools { packages: trial },
        digest,
    })
}

/// Windows: neither a base image nor packages.
fn windows(raw: &RawPlatform, digest: String, issues: &mut Issues) -> Option<Platform> {
    let at = ("the platform", &raw.span);
    let of_distros = [
        ("manager", raw.manager.span()),
        ("base", raw.base.span()),
        ("python", raw.python.span()),
        ("package", raw.package.span()),
        ("trial", raw.trial.span()),
    ];
    for (key, span) in of_distros.into_iter().filter_map(|(key, span)| Some((key, span?))) {
        let issue = Issue::new(span, format!("`{key}` of Windows")).label("of distros alone");
        issues.add(
            issue.help("leave it out: only modules are made for Windows, and they say themselves what is in them"),
        );
    }
    let id = required(&raw.id, ("id", "\"windows-amd64\""), at, issues);
    let name = required(&raw.name, ("name", "\"Windows (amd64)\""), at, issues);
    let machine = required(&raw.machine, ("machine", "\"amd64\""), at, issues);
    let eol = required(&raw.eol, ("eol", "\"2034-10-10\""), at, issues);
    let any = ArchName::new("any").ok()?;
    let mut platform = Platform::of_windows(id?.value.clone(), name?.value.clone(), machine?.value, any);
    platform.eol.clone_from(&eol?.value);
    platform.aliases = raw.aliases.items().iter().map(|alias| alias.value.to_string()).collect();
    platform.digest = digest;
    Some(platform)
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
