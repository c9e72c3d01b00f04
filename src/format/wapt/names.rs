//! Names: those of files in a package, and that of the package's own file in both generations.

use md5::Digest as _;

use super::{control::Control, version::Generation};
use crate::format::zip::folded;

/// Whether it is the code of a package: agents on Windows find it in whatever case.
#[must_use]
pub fn is_setup(name: &str) -> bool {
    folded(name) == "setup.py"
}

/// What is not packed, from the package's folder on.
#[must_use]
pub fn is_left_out(path: &str) -> bool {
    const NAMES: [&str; 6] = [
        ".svn",
        ".git",
        "setup.pyc",
        "update_package.pyc",
        "__pycache__/setup.cpython-38.pyc",
        "__pycache__/update_package.cpython-38.pyc",
    ];
    NAMES.iter().any(|name| path == *name || path.strip_prefix(name).is_some_and(|rest| rest.starts_with('/')))
}

fn hashed(text: &str) -> String {
    hex::encode(md5::Md5::digest(text))
}

/// The package's name where every character of it may be in a file's name, else its MD5. 1.8 does so with the names of
/// directories' units only.
fn name_part(control: &Control, generation: Generation) -> String {
    let text = control.get("package");
    let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c) || (generation == Generation::V1 && c == '~');
    let as_it_is = generation == Generation::V1 && !["unit", "profile"].contains(&control.get("section"));
    if as_it_is || text.chars().all(plain) { text.to_owned() } else { hashed(text) }
}

/// What the names of a package's files begin with, in either generation: its name, or the MD5 of it.
#[must_use]
pub fn name_starts(package: &str) -> [String; 2] {
    [package.to_owned(), hashed(package)]
}

fn is_said(text: &str) -> bool {
    !text.is_empty() && text != "all"
}

/// The items of a list, joined with dashes.
fn joined(list: &str) -> String {
    if !is_said(list) {
        return String::new();
    }
    list.split(',').map(str::trim).collect::<Vec<_>>().join("-")
}

/// The conventional name of a package's file. Agents look at the control file only.
#[must_use]
pub fn file_name(control: &Control, generation: Generation) -> String {
    let get = |name: &str| control.get(name);
    let mut parts = vec![name_part(control, generation)];
    if get("section") != "host" {
        parts.push(get("version").to_owned());
        match generation {
            Generation::V1 => parts.extend(suffixes_1(control)),
            Generation::V2 => parts.extend(suffixes_2(control)),
        }
        // The version stays, even where it is empty.
        let mut at = 0;
        parts.retain(|part| {
            at += 1;
            at <= 2 || !part.is_empty()
        });
    }
    sanitized(&format!("{}.wapt", parts.join("_")), generation)
}

fn suffixes_1(control: &Control) -> Vec<String> {
    let get = |name: &str| control.get(name).to_owned();
    if get("package").ends_with("-waptupgrade") {
        let architecture = control.value("architecture").unwrap_or("all").to_owned();
        return vec![architecture, get("maturity"), get("locale")];
    }
    let said = |name: &str| Some(get(name)).filter(|text| is_said(text)).unwrap_or_default();
    vec![said("architecture"), said("maturity"), joined(&get("locale"))]
}

fn suffixes_2(control: &Control) -> Vec<String> {
    let get = |name: &str| control.get(name).to_owned();
    let target = get("target_os");
    let maturity = Some(get("maturity")).filter(|text| is_said(text)).unwrap_or_default();
    if get("package").ends_with("-waptupgrade") && target == "windows" {
        return vec![target, maturity, joined(&get("locale"))];
    }
    let tags: Vec<&str> = target
        .split(',')
        .map(|one| one.split('(').next().unwrap_or_default().trim())
        .filter(|tag| is_said(tag))
        .collect();
    let systems = tags.join("-");
    let more = if !is_said(&target) || target == systems {
        String::new()
    } else if target.chars().all(char::is_alphanumeric) {
        target.clone()
    } else {
        hashed(&target)
    };
    vec![
        joined(&get("architecture")),
        systems,
        more,
        get("min_os_version"),
        get("max_os_version"),
        maturity,
        joined(&get("locale")),
    ]
}

fn sanitized(name: &str, generation: Generation) -> String {
    let name = name.replace("..", "_");
    let dropped = |c: char| match generation {
        Generation::V1 => "@|():%/,\\[]<>*?;`\n".contains(c),
        Generation::V2 => "/:\\|<>\"?*\u{7f}".contains(c) || (c as u32) < 0x20,
    };
    let kept: String = name.chars().filter(|c| !dropped(*c)).collect();
    let kept = kept.trim();
    if generation == Generation::V2 { kept.trim_end_matches('.').to_owned() } else { kept.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::wapt::fixtures;

    fn control(pairs: &[(&str, &str)]) -> Control {
        let text: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        Control::read(text.join("\n").as_bytes()).unwrap()
    }

    #[test]
    fn file_names_are_those_of_1_8() {
        let Some(vectors) = fixtures::json("version_vectors_1.8.2.json") else { return };
        for row in vectors["filename"].as_array().unwrap() {
            let attributes = row[0].as_object().unwrap();
            let pairs: Vec<(&str, &str)> =
                attributes.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
            assert_eq!(file_name(&control(&pairs), Generation::V1), row[1].as_str().unwrap(), "{row}");
        }
    }

    #[test]
    fn odd_names_are_those_of_1_8() {
        let Some(vectors) = fixtures::json("version_vectors_1.8.2.json") else { return };
        for row in vectors["name"].as_array().unwrap() {
            let found = file_name(&control(&[("package", row[0].as_str().unwrap())]), Generation::V1);
            assert_eq!(found, row[3].as_str().unwrap(), "{row}");
        }
    }

    #[test]
    fn file_names_of_2() {
        let name = |pairs: &[(&str, &str)]| {
            let base = [("package", "tis-x"), ("version", "1.0-1"), ("section", "base")];
            file_name(&control(&[&base[..], pairs].concat()), Generation::V2)
        };
        assert_eq!(name(&[]), "tis-x_1.0-1.wapt");
        assert_eq!(
            name(&[
                ("architecture", "x64"),
                ("target_os", "windows"),
                ("min_os_version", "10.0"),
                ("maturity", "PROD"),
                ("locale", "fr,en")
            ]),
            "tis-x_1.0-1_x64_windows_10.0_PROD_fr-en.wapt"
        );
        let hash = hashed("windows,linux");
        assert_eq!(
            name(&[("target_os", "windows,linux"), ("maturity", "PROD")]),
            format!("tis-x_1.0-1_windows-linux_{hash}_PROD.wapt")
        );
        assert_eq!(name(&[("package", "pc-01.lan"), ("section", "host")]), "pc-01.lan.wapt");
    }

    #[test]
    fn what_tools_leave_behind_is_not_packed() {
        assert!(is_left_out(".git/config") && is_left_out("setup.pyc") && is_left_out(".svn"));
        assert!(!is_left_out(".gitignore") && !is_left_out("sub/.git/config"));
    }
}
