//! `[base]` of a platform file.

use std::collections::BTreeMap;

use super::suite;
use crate::{
    platform::types::{Base, Bootstrap, BootstrapTool, Keyring, Quirk},
    util::toml::{
        At, Given, Issues, image_reference, in_container, line, list, map, one, one_line, one_of, os_package,
        paragraphs, plain_absolute, required, sub_table, table, url,
    },
};

const TOOLS: [(&str, BootstrapTool); 1] = [("mmdebstrap", BootstrapTool::Mmdebstrap)];

table! {
    "[base]" struct RawBase {
        image: String = image_reference,
        bootstrap: RawBootstrap = sub_table,
        quirk: Vec<At<RawQuirk>> = one("[[base.quirk]]", sub_table),
    }
}

table! {
    "[base.bootstrap]" struct RawBootstrap {
        tool: BootstrapTool = one_of("bootstrap tool", &TOOLS),
        suite: String = suite,
        variant: String = suite,
        include: Vec<At<String>> = list(os_package),
        components: Vec<At<String>> = list(suite),
        mirror: String = url(&["http", "https"], "a mirror needs none"),
        keyring: RawKeyring = sub_table,
        options: Vec<At<String>> = list(line),
    }
}

table! {
    "`keyring`" struct RawKeyring {
        package: String = os_package,
        suite: String = suite,
        file: String = plain_absolute,
    }
}

table! {
    "[[base.quirk]]" struct RawQuirk {
        reason: String = one_line,
        remove: Vec<At<String>> = list(plain_absolute),
        write: BTreeMap<String, String> = map(absolute, paragraphs),
    }
}

pub(super) fn base(raw: &RawBase, issues: &mut Issues) -> Option<Base> {
    let image = required(&raw.image, ("image", "\"debian:bookworm-slim\""), ("[base]", &raw.span), issues);
    let bootstrap = match raw.bootstrap.value() {
        Some(raw) => Some(bootstrap(raw, issues)?),
        None => None,
    };
    let quirks: Vec<_> = raw.quirk.items().iter().map(|entry| quirk(&entry.value, issues)).collect();
    Some(Base { image: image?.value.clone(), bootstrap, quirks: quirks.into_iter().collect::<Option<_>>()? })
}

fn bootstrap(raw: &RawBootstrap, issues: &mut Issues) -> Option<Bootstrap> {
    let at = ("[base.bootstrap]", &raw.span);
    let tool = required(&raw.tool, ("tool", "\"mmdebstrap\""), at, issues);
    let suite = required(&raw.suite, ("suite", "\"bookworm\""), at, issues);
    let variant = required(&raw.variant, ("variant", "\"minbase\""), at, issues);
    let keyring = match raw.keyring.value() {
        Some(raw) => Some(keyring(raw, issues)?),
        None => None,
    };
    Some(Bootstrap {
        tool: tool?.value,
        suite: suite?.value.clone(),
        variant: variant?.value.clone(),
        include: raw.include.values(),
        components: raw.components.values(),
        mirror: raw.mirror.value().cloned(),
        keyring,
        options: raw.options.values(),
    })
}

fn keyring(raw: &RawKeyring, issues: &mut Issues) -> Option<Keyring> {
    let at = ("`keyring`", &raw.span);
    let package = required(&raw.package, ("package", "\"ubuntu-archive-keyring\""), at, issues);
    let suite = required(&raw.suite, ("suite", "\"trixie\""), at, issues);
    let file = required(&raw.file, ("file", "\"/usr/share/keyrings/ubuntu-archive-keyring.gpg\""), at, issues);
    Some(Keyring { package: package?.value.clone(), suite: suite?.value.clone(), file: file?.value.clone() })
}

fn quirk(raw: &RawQuirk, issues: &mut Issues) -> Option<Quirk> {
    let reason = required(&raw.reason, ("reason", "\"why it is needed\""), ("[[base.quirk]]", &raw.span), issues);
    let write = match &raw.write {
        Given::Yes(write) => write.value.iter().map(|(path, text)| (path.clone(), format!("{text}\n"))).collect(),
        _ => BTreeMap::new(),
    };
    Some(Quirk { reason: reason?.value.clone(), remove: raw.remove.values(), write })
}

fn absolute(key: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._+-".contains(c);
    let fits = in_container(key).is_ok_and(|path| path == key && !key.ends_with('/')) && key.chars().all(plain);
    if fits { Ok(()) } else { Err("an absolute path of letters, digits, `.`, `_`, `+` and `-`".to_owned()) }
}
