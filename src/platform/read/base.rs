//! `[base]` of a platform file.

use std::collections::BTreeMap;

use super::suite;
use crate::{
    names::Sha256,
    platform::types::{AptOption, Base, Bootstrap, BootstrapTool, KEYRING_FOLDERS, Keyring, Quirk, Variant},
    util::toml::{
        At, Given, Issue, Issues, Value, check_glob, image_reference, in_container, in_project, line, list, listed,
        map, one, one_line, one_of, os_package, paragraphs, parsed, plain_absolute, quoted, required, sub_table, table,
        url,
    },
};

const TOOLS: [(&str, BootstrapTool); 1] = [("mmdebstrap", BootstrapTool::Mmdebstrap)];

table! {
    "[base]" struct RawBase {
        image: String = image_reference,
        bootstrap: RawBootstrap = sub_table,
        users: Vec<At<String>> = list(os_package),
        quirk: Vec<At<RawQuirk>> = one("[[base.quirk]]", sub_table),
    }
}

table! {
    "[base.bootstrap]" struct RawBootstrap {
        tool: BootstrapTool = one_of("bootstrap tool", &TOOLS),
        suite: String = suite,
        variant: Variant = one_of("variant", &Variant::ALL.map(|variant| (variant.as_str(), variant))),
        include: Vec<At<String>> = list(os_package),
        components: Vec<At<String>> = list(suite),
        mirror: String = url(&["http", "https"], "a mirror needs none"),
        keyring: RawKeyring = sub_table,
        options: Vec<At<AptOption>> = list(apt_option),
    }
}

table! {
    "`keyring`" struct RawKeyring {
        package: String = os_package,
        suite: String = suite,
        file: String = keyring_file,
        sha256: Sha256 = parsed,
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
    Some(Base {
        image: image?.value.clone(),
        bootstrap,
        users: raw.users.values(),
        quirks: quirks.into_iter().collect::<Option<_>>()?,
    })
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
        variant: variant?.value,
        include: raw.include.values(),
        components: raw.components.values(),
        mirror: raw.mirror.value().cloned(),
        keyring,
        options: raw.options.values(),
    })
}

fn keyring(raw: &RawKeyring, issues: &mut Issues) -> Option<Keyring> {
    let at = ("`keyring`", &raw.span);
    let file = required(&raw.file, ("file", "\"/usr/share/keyrings/ubuntu-archive-keyring.gpg\""), at, issues)?;
    if file.value.starts_with('/') {
        let package = required(&raw.package, ("package", "\"ubuntu-archive-keyring\""), at, issues);
        let suite = required(&raw.suite, ("suite", "\"trixie\""), at, issues);
        if let Some(sha256) = raw.sha256.at() {
            let issue = Issue::new(&sha256.span, "`sha256` is for a file of the project").label("not here");
            issues.add(issue.help("leave it out: the system's keys change with their package"));
            return None;
        }
        let (package, suite) = (package?.value.clone(), suite?.value.clone());
        return Some(Keyring::System { package, suite, file: file.value.clone() });
    }
    let example = "\"9f86d0…\"";
    let sha256 = required(&raw.sha256, ("sha256", example), at, issues);
    for foreign in [raw.package.at().map(|at| &at.span), raw.suite.at().map(|at| &at.span)].into_iter().flatten() {
        let issue = Issue::new(foreign, "a file of the project comes out of no package").label("not here");
        issues.add(issue.help("leave it out, or name a file of the system: `/usr/share/keyrings/…`"));
    }
    Some(Keyring::Project { file: file.value.clone(), sha256: sha256?.value.clone() })
}

/// An option of apt from the closed list.
fn apt_option(value: Value<'_>, issues: &mut Issues) -> Option<AptOption> {
    let text = line(value, issues)?;
    let refuse = |help| {
        let message = format!("{} is no option of apt that a platform may set", quoted(&text));
        issues.add(Issue::new(&value.span(), message).label("not one that a platform may set").help(help));
    };
    AptOption::new(&text).map_err(refuse).ok()
}

/// A file with the keys of an archive: of the system, or below the project.
fn keyring_file(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let text = line(value, issues)?;
    if !text.starts_with('/') {
        let path = in_project(&text).and_then(|path| check_glob(&path).map(|()| path));
        return path.map_err(|bad| issues.add(bad.at(&value.span()))).ok();
    }
    let path = plain_absolute(value, issues)?;
    let below = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    if KEYRING_FOLDERS.iter().any(|folder| below(folder)) {
        return Some(path);
    }
    let message = format!("{} is no place for the keys of an archive", quoted(&text));
    let help = format!("name a file in {}, or one of the project: `keys/archive.gpg`", listed(&KEYRING_FOLDERS));
    issues
        .add(Issue::new(&value.span(), message).label("not below the project, nor a keyring of the system").help(help));
    None
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
