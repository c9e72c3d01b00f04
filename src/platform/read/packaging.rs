//! `[package]` of a platform file.

use std::{collections::BTreeMap, sync::LazyLock};

use super::suite;
use crate::{
    format::facts::{Codec, PackageFormat},
    names::ArchName,
    platform::types::{Packaging, PythonDists, Relations, Signature},
    util::toml::{
        At, Issue, Issues, boolean, list, map, one_of, parsed, plain_absolute, required, sub_table, table, word,
    },
};

static FORMATS: LazyLock<Vec<(&str, PackageFormat)>> =
    LazyLock::new(|| PackageFormat::native().map(|(format, _)| (format.as_str(), format)).collect());
static CODECS: LazyLock<Vec<(&str, Codec)>> =
    LazyLock::new(|| Codec::ALL.map(|codec| (codec.as_str(), codec)).to_vec());
const KINDS: [(&str, Kind); 2] = [("weak", Kind::Weak), ("rich", Kind::Rich)];
const SIGNATURES: [(&str, Signature); 4] = [
    ("ed25519", Signature::Ed25519),
    ("rsa-4096-sha512", Signature::Rsa4096Sha512),
    ("rsa-4096-sha256", Signature::Rsa4096Sha256),
    ("rsa-2048-sha256", Signature::Rsa2048Sha256),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::platform) enum Kind {
    Weak,
    Rich,
}

table! {
    "[package]" struct RawPackaging {
        format: PackageFormat = one_of("package format", &FORMATS),
        arch: BTreeMap<String, ArchName> = map(machine, parsed),
        any: ArchName = parsed,
        suffix: String = word("suffix", "`~`, `+` or `.`, then letters, digits and dots, e.g. ~deb12", is_suffix),
        suite: String = suite,
        codec: Codec = one_of("codec", &CODECS),
        units: String = plain_absolute,
        relations: Vec<At<Kind>> = list(one_of("kind of relation", &KINDS)),
        python_dists: RawPythonDists = sub_table,
        signatures: Vec<At<Signature>> = list(one_of("signature", &SIGNATURES)),
    }
}

table! {
    "`python_dists`" struct RawPythonDists {
        needs: bool = boolean,
        default: String = word("version of Python", "its first two numbers, e.g. 3.9", is_python),
    }
}

pub(super) fn packaging(raw: &RawPackaging, issues: &mut Issues) -> Option<Packaging> {
    let at = ("[package]", &raw.span);
    let format = required(&raw.format, ("format", "\"deb\""), at, issues);
    let arch = required(&raw.arch, ("arch", "{ x86_64 = \"amd64\" }"), at, issues);
    let any = required(&raw.any, ("any", "\"all\""), at, issues);
    let codec = required(&raw.codec, ("codec", "\"xz\""), at, issues);
    let units = required(&raw.units, ("units", "\"/usr/lib/systemd/system\""), at, issues);
    let signatures = required(&raw.signatures, ("signatures", "[\"rsa-4096-sha512\"]"), at, issues);
    let format = format?.value;
    let native = format.facts().native.as_ref()?;
    let suffix = if native.has_suffix {
        required(&raw.suffix, ("suffix", "\"~deb12\""), at, issues)?.value.clone()
    } else {
        raw.suffix.or_default()
    };
    let suite = if native.has_suite {
        required(&raw.suite, ("suite", "\"bookworm\""), at, issues)?.value.clone()
    } else {
        String::new()
    };
    let codec = codec?;
    if !native.codecs.contains(&codec.value) {
        let (word, refused) = (format.as_str(), codec.value.as_str());
        let others: Vec<String> = native.codecs.iter().map(|codec| format!("`{}`", codec.as_str())).collect();
        let issue = Issue::new(&codec.span, format!("{word} packages are not written with {refused}"));
        issues.add(issue.label(format!("not for {word}")).help(format!("expected {}", others.join(" or "))));
        return None;
    }
    let python_dists = match raw.python_dists.value() {
        Some(raw) => Some(python_dists(raw, issues)?),
        None => None,
    };
    let knows = |kind| raw.relations.items().iter().any(|given| given.value == kind);
    let all = !native.grew_relations;
    Some(Packaging {
        format,
        arch: arch?.value.clone(),
        any: any?.value.clone(),
        suffix,
        suite,
        codec: codec.value,
        units: units?.value.clone(),
        relations: Relations { weak: all || knows(Kind::Weak), rich: all || knows(Kind::Rich) },
        python_dists,
        signatures: signatures?.value.iter().map(|given| given.value).collect(),
    })
}

fn python_dists(raw: &RawPythonDists, issues: &mut Issues) -> Option<PythonDists> {
    let at = ("`python_dists`", &raw.span);
    let needs = required(&raw.needs, ("needs", "true"), at, issues);
    let default = required(&raw.default, ("default", "\"3.9\""), at, issues);
    Some(PythonDists { needs: needs?.value, default: default?.value.clone() })
}

fn is_python(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.len() < 4 && text.bytes().all(|b| b.is_ascii_digit());
    text.split_once('.').is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

fn machine(key: &str) -> Result<(), String> {
    ArchName::new(key).map(drop).map_err(|error| error.expected.to_owned())
}

fn is_suffix(text: &str) -> bool {
    text.starts_with(['~', '+', '.'])
        && text.len() <= 20
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".+~".contains(&b))
}
