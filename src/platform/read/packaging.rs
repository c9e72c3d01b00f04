//! `[package]` of a platform file.

use std::collections::BTreeMap;

use super::suite;
use crate::{
    names::ArchName,
    platform::types::{Codec, PackageFormat, Packaging, Relations, Signature},
    util::toml::{At, Issue, Issues, list, map, one_of, parsed, plain_absolute, required, table, word},
};

const FORMATS: [(&str, PackageFormat); 3] =
    [("deb", PackageFormat::Deb), ("rpm", PackageFormat::Rpm), ("apk", PackageFormat::Apk)];
const CODECS: [(&str, Codec); 3] = [("gzip", Codec::Gzip), ("xz", Codec::Xz), ("zstd", Codec::Zstd)];
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
        signatures: Vec<At<Signature>> = list(one_of("signature", &SIGNATURES)),
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
    let suffix = match format {
        // apk's versions have no place for one.
        PackageFormat::Apk => raw.suffix.or_default(),
        PackageFormat::Deb | PackageFormat::Rpm => {
            required(&raw.suffix, ("suffix", "\"~deb12\""), at, issues)?.value.clone()
        }
    };
    let suite = match format {
        PackageFormat::Deb => required(&raw.suite, ("suite", "\"bookworm\""), at, issues)?.value.clone(),
        PackageFormat::Rpm | PackageFormat::Apk => String::new(),
    };
    let codec = codec?;
    if format == PackageFormat::Deb && codec.value == Codec::Zstd {
        let issue = Issue::new(&codec.span, "debs are not written with zstd").label("not for debs");
        issues.add(issue.help("`xz` or `gzip`: every dpkg reads both"));
        return None;
    }
    let knows = |kind| raw.relations.items().iter().any(|given| given.value == kind);
    let rpm = format == PackageFormat::Rpm;
    Some(Packaging {
        format,
        arch: arch?.value.clone(),
        any: any?.value.clone(),
        suffix,
        suite,
        codec: codec.value,
        units: units?.value.clone(),
        relations: Relations { weak: !rpm || knows(Kind::Weak), rich: !rpm || knows(Kind::Rich) },
        signatures: signatures?.value.iter().map(|given| given.value).collect(),
    })
}

fn machine(key: &str) -> Result<(), String> {
    ArchName::new(key).map(drop).map_err(|error| error.expected.to_owned())
}

fn is_suffix(text: &str) -> bool {
    text.starts_with(['~', '+', '.'])
        && text.len() <= 20
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".+~".contains(&b))
}
