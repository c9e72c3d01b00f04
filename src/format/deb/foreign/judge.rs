//! What a Debian package says of itself, for people; and whether its fields are what dpkg and Debian policy want there.

use super::control::Control;
use crate::format::{
    PackageFormat,
    foreign::{ForeignError, Seen, error::shown, is_name, is_version},
    reader::{MOST_RELATIONS, Relation, Script},
};

/// The fields that hold relations (deb-control(5); Debian policy 7.1, 7.8), in the order of policy.
const RELATIONS: [&str; 11] = [
    "Pre-Depends",
    "Depends",
    "Recommends",
    "Suggests",
    "Enhances",
    "Breaks",
    "Conflicts",
    "Replaces",
    "Provides",
    "Built-Using",
    "Static-Built-Using",
];
/// What policy 5.3 wants in every package and dpkg does without.
const WANTED: [&str; 2] = ["Maintainer", "Description"];

/// Describes what the control part says.
pub(super) fn described(control: &Control, seen: &mut Seen) {
    let description = &mut seen.description;
    control.fields().for_each(|(name, value)| description.say(name, value));
    let [name, version, arch] = ["Package", "Version", "Architecture"].map(|field| control.get(field).to_owned());
    if !name.is_empty() {
        description.title = format!("{name} {version}");
    }
    for kind in RELATIONS {
        let all = control.list(kind).into_iter().map(|text| Relation { kind: kind.to_owned(), text });
        description.relations.extend(all);
        if description.relations.len() > MOST_RELATIONS {
            return seen.fault(ForeignError::Unsupported("more than 200,000 relations".to_owned()));
        }
    }
    let triggers = control.triggers().map(|text| Relation { kind: "Triggers".to_owned(), text: text.to_owned() });
    description.relations.extend(triggers);
    let script = |(name, text): (&str, &str)| Script {
        name: name.to_owned(),
        interpreter: interpreter(text),
        text: text.to_owned(),
    };
    description.scripts = control.scripts().map(script).collect();
    description.remarks.extend(control.remarks.iter().cloned());
    if !control.others.is_empty() {
        let others: Vec<String> = control.others.iter().map(|name| format!("`{name}`")).collect();
        description.unchecked.push(format!("{} of its control part", others.join(", ")));
    }
    if !control.has_sums {
        description.unchecked.push("the contents of its files: it has no `md5sums`".to_owned());
    }
    description
        .unchecked
        .push("who made it: dpkg goes by the signature of a repository's index, not by one of the package".to_owned());
    description.file_names = file_names(&name, &version, &arch);
}

/// What dpkg-name(1) calls it, and what apt does with an epoch.
fn file_names(name: &str, version: &str, arch: &str) -> Vec<String> {
    let Some(native) = &PackageFormat::Deb.facts().native else { return Vec::new() };
    let (epoch, rest) = version.split_once(':').unwrap_or(("", version));
    let mut names = vec![(native.file_name)(name, rest, arch)];
    if !epoch.is_empty() {
        names.push((native.file_name)(name, &format!("{epoch}%3a{rest}"), arch));
    }
    names
}

/// What a script's first line has run it.
fn interpreter(text: &str) -> Option<String> {
    let line = text.strip_prefix("#!")?.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// Holds the fields against their grammar: what dpkg would refuse is wrong, what only policy forbids is odd.
pub(super) fn fields(control: &Control, seen: &mut Seen) {
    for kind in RELATIONS {
        let wrong = control.list(kind).into_iter().filter(|text| !is_relation(text));
        for text in wrong {
            seen.fault(bad_relation(kind, &text));
        }
    }
    let mut odd = Vec::new();
    let name = control.get("Package");
    if is_name(name) && (name.len() < 2 || !name.bytes().all(is_of_policy_name)) {
        odd.push(format!(
            "its name `{name}` is not what Debian policy 5.6.1 has: two or more of a-z, 0-9, `+`, `-`, `.`"
        ));
    }
    let version = control.get("Version");
    let upstream = version.split_once(':').map_or(version, |(_, rest)| rest);
    if !upstream.starts_with(|c: char| c.is_ascii_digit()) {
        odd.push(format!("its version `{}` does not begin with a digit", shown(version.as_bytes())));
    }
    for field in WANTED.iter().filter(|field| control.get(field).is_empty()) {
        odd.push(format!("its control file has no `{field}`, which Debian policy 5.3 wants"));
    }
    let multi = control.get("Multi-Arch");
    if !["", "no", "same", "foreign", "allowed"].contains(&multi) {
        odd.push(format!("`{}` is no value of `Multi-Arch`", shown(multi.as_bytes())));
    }
    let size = control.get("Installed-Size");
    if !size.bytes().all(|b| b.is_ascii_digit()) {
        odd.push(format!("`{}` is no value of `Installed-Size`", shown(size.as_bytes())));
    }
    seen.description.remarks.extend(odd);
}

fn bad_relation(kind: &str, text: &str) -> ForeignError {
    let what = format!("`{}` in `{kind}`, which is no relation (deb-control(5))", shown(text.as_bytes()));
    ForeignError::Unsupported(what)
}

fn is_of_policy_name(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b)
}

/// Alternatives of a name, an architecture of it, and what its version must be.
fn is_relation(text: &str) -> bool {
    text.split('|').all(|one| {
        let one = one.trim();
        let (name, version) = match one.split_once('(') {
            Some((name, rest)) => (name.trim_end(), Some(rest)),
            None => (one, None),
        };
        let (name, arch) = name.split_once(':').unwrap_or((name, "any"));
        let is_versioned = |rest: &str| {
            let rest = rest.strip_suffix(')').map(str::trim).unwrap_or_default();
            let version = rest.trim_start_matches(['<', '>', '=']);
            let operator = &rest[..rest.len() - version.len()];
            ["<<", "<=", "=", ">=", ">>", "<", ">"].contains(&operator) && is_version(version.trim(), b"-:")
        };
        is_name(name) && is_version(arch, b"-") && version.is_none_or(is_versioned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_those_of_deb_control() {
        for good in ["a", "libc6 (>= 2.28)", "a:any", "python3:amd64 (<< 3.12~)", "a | b (= 1:2-3) | c", "a(>=1)"] {
            assert!(is_relation(good), "{good}");
        }
        for bad in
            ["", "a b", "a (2)", "a (>= )", "a (>= 1", "a |", "a (=> 1)", "-a", "a (>= 1) b", "${x}", "a [amd64]"]
        {
            assert!(!is_relation(bad), "{bad}");
        }
    }

    #[test]
    fn files_are_called_with_and_without_an_epoch() {
        assert_eq!(file_names("a", "1:2-3", "all"), ["a_2-3_all.deb", "a_1%3a2-3_all.deb"]);
        assert_eq!(file_names("a", "2-3", "all"), ["a_2-3_all.deb"]);
        assert_eq!(interpreter("#! /bin/sh -e\nset"), Some("/bin/sh -e".to_owned()));
        assert_eq!(interpreter("#!\n"), None);
    }
}
