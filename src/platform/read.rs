//! One platform file: its keys, their grammar, and the [`Platform`] they make. Opens no file.

use std::collections::BTreeMap;

use super::types::{Base, Bootstrap, BootstrapTool, Codec, Family, PackageFormat, Packaging, Platform, Python, Trial};
use crate::{
    names::{ArchName, PlatformId, Sha256},
    util::toml::{
        self, At, Given, Issue, Issues, Report, Table as _, Value, alternatives, image_reference, list, map, one_line,
        one_of, os_package, parsed, plain_absolute, quoted, required, sub_table, table, word,
    },
};

const FAMILIES: [(&str, Family); 4] =
    [("debian", Family::Debian), ("rhel", Family::Rhel), ("suse", Family::Suse), ("alpine", Family::Alpine)];
const FORMATS: [(&str, PackageFormat); 1] = [("deb", PackageFormat::Deb)];
const CODECS: [(&str, Codec); 2] = [("gzip", Codec::Gzip), ("xz", Codec::Xz)];
const TOOLS: [(&str, BootstrapTool); 1] = [("mmdebstrap", BootstrapTool::Mmdebstrap)];

/// Words that select platforms in overrides beside ids and aliases, and so can be neither.
pub(crate) const GROUPS: [&str; 7] = ["debian", "rhel", "suse", "alpine", "deb", "rpm", "apk"];

table! {
    "the platform" struct RawPlatform {
        id: PlatformId = parsed,
        name: String = one_line,
        family: Family = one_of("family", &FAMILIES),
        aliases: Vec<At<PlatformId>> = list(parsed),
        eol: String = date,
        base: RawBase = sub_table,
        python: RawPython = sub_table,
        package: RawPackaging = sub_table,
        trial: RawTrial = sub_table,
    }
}

table! {
    "[base]" struct RawBase {
        image: String = image_reference,
        bootstrap: RawBootstrap = sub_table,
    }
}

table! {
    "[base.bootstrap]" struct RawBootstrap {
        tool: BootstrapTool = one_of("bootstrap tool", &TOOLS),
        suite: String = suite,
        variant: String = suite,
        include: Vec<At<String>> = list(os_package),
    }
}

table! {
    "[python]" struct RawPython {
        interpreter: String = plain_absolute,
        version: String = word("Python version", "`major.minor`, e.g. 3.11", is_minor_version),
        abi: String = word("ABI tag", "the tag of PEP 425, e.g. cp311", is_lower_word),
        libc: String = word("C library", "its name and version, e.g. glibc-2.36", is_libc),
        packages: Vec<At<String>> = list(os_package),
        tools: Vec<At<String>> = list(os_package),
        pip: String = plain_absolute,
        builder: Vec<At<String>> = list(os_package),
        depends: Vec<At<String>> = list(alternatives),
    }
}

table! {
    "[package]" struct RawPackaging {
        format: PackageFormat = one_of("package format", &FORMATS),
        arch: BTreeMap<String, ArchName> = map(machine, parsed),
        suffix: String = word("suffix", "`~`, `+` or `.`, then letters, digits and dots, e.g. ~deb12", is_suffix),
        suite: String = suite,
        codec: Codec = one_of("codec", &CODECS),
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

/// A platform, and where its aliases stand.
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
    let eol = required(&raw.eol, ("eol", "\"2028-06-30\""), at, issues);
    let base = required(&raw.base, ("base", "{ image = \"debian:bookworm-slim\" }"), at, issues);
    let base = base.and_then(|base| base_of(&base.value, issues));
    let python = required(&raw.python, ("python", "{ interpreter = \"/usr/bin/python3\", … }"), at, issues);
    let python = python.and_then(|python| python_of(&python.value, issues));
    let package = required(&raw.package, ("package", "{ format = \"deb\", … }"), at, issues);
    let package = package.and_then(|package| packaging_of(&package.value, issues));
    let trial = raw.trial.value().map(|trial| trial.packages.values()).unwrap_or_default();
    Some(Platform {
        id: id?.value.clone(),
        name: name?.value.clone(),
        family: family?.value,
        aliases: raw.aliases.items().iter().map(|alias| alias.value.to_string()).collect(),
        eol: eol?.value.clone(),
        base: base?,
        python: python?,
        package: package?,
        trial: Trial { packages: trial },
        digest,
    })
}

fn base_of(raw: &RawBase, issues: &mut Issues) -> Option<Base> {
    let image = required(&raw.image, ("image", "\"debian:bookworm-slim\""), ("[base]", &raw.span), issues);
    let bootstrap = match raw.bootstrap.value() {
        Some(bootstrap) => Some(bootstrap_of(bootstrap, issues)?),
        None => None,
    };
    Some(Base { image: image?.value.clone(), bootstrap })
}

fn bootstrap_of(raw: &RawBootstrap, issues: &mut Issues) -> Option<Bootstrap> {
    let at = ("[base.bootstrap]", &raw.span);
    let tool = required(&raw.tool, ("tool", "\"mmdebstrap\""), at, issues);
    let suite = required(&raw.suite, ("suite", "\"bookworm\""), at, issues);
    let variant = required(&raw.variant, ("variant", "\"minbase\""), at, issues);
    Some(Bootstrap {
        tool: tool?.value,
        suite: suite?.value.clone(),
        variant: variant?.value.clone(),
        include: raw.include.values(),
    })
}

fn python_of(raw: &RawPython, issues: &mut Issues) -> Option<Python> {
    let at = ("[python]", &raw.span);
    let interpreter = required(&raw.interpreter, ("interpreter", "\"/usr/bin/python3\""), at, issues);
    let version = required(&raw.version, ("version", "\"3.11\""), at, issues);
    let abi = required(&raw.abi, ("abi", "\"cp311\""), at, issues);
    let libc = required(&raw.libc, ("libc", "\"glibc-2.36\""), at, issues);
    let pip = required(&raw.pip, ("pip", "\"/usr/lib/python3/dist-packages/pip\""), at, issues);
    Some(Python {
        pip: pip?.value.clone(),
        interpreter: interpreter?.value.clone(),
        version: version?.value.clone(),
        abi: abi?.value.clone(),
        libc: libc?.value.clone(),
        packages: raw.packages.values(),
        tools: raw.tools.values(),
        builder: raw.builder.values(),
        depends: raw.depends.values(),
    })
}

fn packaging_of(raw: &RawPackaging, issues: &mut Issues) -> Option<Packaging> {
    let at = ("[package]", &raw.span);
    let format = required(&raw.format, ("format", "\"deb\""), at, issues);
    let arch = required(&raw.arch, ("arch", "{ x86_64 = \"amd64\" }"), at, issues);
    let suffix = required(&raw.suffix, ("suffix", "\"~deb12\""), at, issues);
    let suite = required(&raw.suite, ("suite", "\"bookworm\""), at, issues);
    let codec = required(&raw.codec, ("codec", "\"xz\""), at, issues);
    Some(Packaging {
        format: format?.value,
        arch: arch?.value.clone(),
        suffix: suffix?.value.clone(),
        suite: suite?.value.clone(),
        codec: codec?.value,
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

fn machine(key: &str) -> Result<(), String> {
    ArchName::new(key).map(drop).map_err(|error| error.expected.to_owned())
}

fn is_minor_version(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit());
    text.split_once('.').is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

fn is_lower_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn is_libc(text: &str) -> bool {
    text.split_once('-').is_some_and(|(name, version)| is_lower_word(name) && is_minor_version(version))
}

fn is_suffix(text: &str) -> bool {
    text.starts_with(['~', '+', '.'])
        && text.len() <= 20
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".+~".contains(&b))
}
