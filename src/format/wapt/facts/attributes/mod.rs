//! The attributes of a WAPT package, each with the grammar that this program writes: what both generations of agents
//! read. WAPT itself checks far less; reading (`format::wapt`) is as lenient as the agents are.

mod grammar;
mod relation;
mod target;
mod version;

pub use relation::{BadRequest, Operator, Request};
pub use version::{Increment, is_version};

use std::fmt;

/// A value that an attribute does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What is wrong, a sentence fragment.
    pub message: String,
    /// What to write instead.
    pub help: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}

impl Refused {
    fn new(message: impl Into<String>, help: &'static str) -> Self {
        Self { message: message.into(), help }
    }
}

/// What writes an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Whoever makes the package.
    User,
    /// The program: digests, signatures.
    Program,
}

/// One attribute of `WAPT/control`.
#[derive(Debug)]
pub struct Attribute {
    /// Its name in the file.
    pub name: &'static str,
    /// Who writes it.
    pub source: Source,
    /// Whether a package without it is none.
    pub required: bool,
    /// Whether it may have several lines.
    pub lines: bool,
    check: fn(&str) -> Result<(), Refused>,
}

const fn user(name: &'static str, check: fn(&str) -> Result<(), Refused>) -> Attribute {
    Attribute { name, source: Source::User, required: false, lines: false, check }
}

const fn required(name: &'static str, check: fn(&str) -> Result<(), Refused>) -> Attribute {
    Attribute { required: true, ..user(name, check) }
}

const fn text(name: &'static str) -> Attribute {
    Attribute { lines: true, ..user(name, grammar::any) }
}

const fn program(name: &'static str, check: fn(&str) -> Result<(), Refused>) -> Attribute {
    Attribute { source: Source::Program, ..user(name, check) }
}

/// Every attribute, in the order in which WAPT 2.x writes them.
pub const ATTRIBUTES: [Attribute; 44] = [
    required("package", grammar::package),
    required("version", version::check),
    required("architecture", grammar::architecture),
    required("section", grammar::section),
    required("priority", grammar::priority),
    user("name", grammar::any),
    user("categories", grammar::list),
    user("maintainer", grammar::any),
    text("description"),
    user("depends", relation::check),
    user("conflicts", relation::check),
    user("maturity", grammar::maturity),
    user("locale", grammar::locale),
    user("target_os", target::check),
    user("min_wapt_version", version::bound),
    user("sources", grammar::any),
    user("installed_size", grammar::size),
    user("impacted_process", grammar::list),
    text("description_fr"),
    text("description_pl"),
    text("description_de"),
    text("description_es"),
    text("description_pt"),
    text("description_it"),
    text("description_nl"),
    text("description_ru"),
    user("audit_schedule", grammar::schedule),
    user("editor", grammar::any),
    user("keywords", grammar::list),
    user("licence", grammar::any),
    user("homepage", grammar::url),
    user("package_uuid", grammar::uuid),
    user("valid_from", grammar::date),
    user("valid_until", grammar::date),
    user("forced_install_on", grammar::date),
    text("changelog"),
    user("min_os_version", version::bound),
    user("max_os_version", version::bound),
    program("icon_sha256sum", grammar::sha256),
    program("signer", grammar::any),
    program("signer_fingerprint", grammar::sha256),
    program("signature", grammar::any),
    program("signature_date", grammar::any),
    program("signed_attributes", grammar::any),
];

/// Values of `priority` that people write. WAPT shows the word and does nothing with it.
pub const PRIORITIES: [&str; 9] =
    ["optional", "standard", "important", "required", "extra", "critical", "high", "normal", "low"];

/// Values of `section` that packages of nothing but attributes have.
pub const SECTIONS: [&str; 7] = ["base", "restricted", "group", "host", "unit", "profile", "wsus"];

/// The attribute of a name.
#[must_use]
pub fn attribute(name: &str) -> Option<&'static Attribute> {
    const ALL: &[Attribute] = &ATTRIBUTES;
    ALL.iter().find(|attribute| attribute.name == name)
}

/// Whether a value can be in a control file as it is: no line ends but `\n`, no blank lines, nothing around a line.
fn shape(value: &str, lines: bool) -> Result<(), Refused> {
    if let Some(bad) = value.chars().find(|c| *c != '\n' && (c.is_control() || ends_line(*c))) {
        let message = format!("a control character ({}) in it", bad.escape_default());
        return Err(Refused::new(
            message,
            "WAPT ends a line there: use blanks, and `\\n` where several lines are allowed",
        ));
    }
    if value.contains('\n') && !lines {
        return Err(Refused::new("it has several lines", "one line is expected here"));
    }
    if value.is_empty() {
        return Ok(());
    }
    if value.split('\n').any(|line| line.trim().is_empty()) {
        return Err(Refused::new("it has an empty line", "WAPT stops reading at an empty line: take it out"));
    }
    if value.split('\n').any(|line| line.trim() != line) {
        return Err(Refused::new("a line begins or ends with blanks", "WAPT drops them when it reads: take them out"));
    }
    Ok(())
}

/// Whether Python's `splitlines` ends a line at this character.
#[must_use]
pub fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A value as a control file can hold it: every line stripped, no empty ones.
#[must_use]
pub fn normal(value: &str) -> String {
    let lines = value.split(ends_line).map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

impl Attribute {
    /// Checks a value; an empty one is always taken.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn check(&self, value: &str) -> Result<(), Refused> {
        shape(value, self.lines)?;
        if value.is_empty() { Ok(()) } else { (self.check)(value) }
    }
}

/// Checks what several attributes say of each other. `get` gives a value, empty where there is none; the error comes with
/// the attribute that it belongs to.
///
/// # Errors
/// Each with its attribute.
pub fn check_together(get: &dyn Fn(&str) -> String) -> Vec<(&'static str, Refused)> {
    let mut found = Vec::new();
    let (from, until) = (get("valid_from"), get("valid_until"));
    if !from.is_empty() && !until.is_empty() && from >= until {
        let help = "agents install while `valid_from` <= now < `valid_until`";
        found.push(("valid_until", Refused::new("the package is never valid: it ends before it begins", help)));
    }
    let (low, high) = (get("min_os_version"), get("max_os_version"));
    if !low.is_empty() && !high.is_empty() && version::compare_bounds(&low, &high).is_gt() {
        let help = "both bounds are part of the range";
        found.push(("max_os_version", Refused::new(format!("no system is from {low} to {high}"), help)));
    }
    let (section, package) = (get("section"), get("package"));
    // What no section takes was said of the name alone.
    if let (Ok(()), Err(refused)) = (grammar::package(&package), grammar::package_of(&section, &package)) {
        found.push(("package", refused));
    }
    let own = |item: &str| Request::parse(item).is_ok_and(|request| request.package == package);
    for key in ["depends", "conflicts"] {
        if get(key).split(',').any(|item| own(item.trim())) {
            found.push((key, Refused::new("a package names itself", "take it out")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, value: &str) -> bool {
        attribute(name).unwrap().check(value).is_err()
    }

    #[test]
    fn values_fit_their_attributes() {
        for (name, good, bad) in [
            ("package", &["tis-hello", "tis_7zip.x", "PC 01"][..], &["a(b)", "a|b", "a\"b", " a", "a\u{7f}"][..]),
            ("version", &["0", "62.0", "1.2.3.4-5", "1.0-0"], &["1.2.3.4.5-1", "v1.0-1", "1.0-1-2", "1.0b-1", "1.0-a"]),
            ("architecture", &["all", "x64", "x86,x64", "arm64"], &["amd64", "all,x64", "x64,", "X64"]),
            ("section", &["base", "group", "wsus"], &["Base", "games"]),
            ("maturity", &["PROD", "DEV"], &["a b", "PROD,DEV"]),
            ("priority", &["optional", "critical", "later"], &["a b", "a,b"]),
            ("installed_size", &["0", "254251008"], &["70 MB", "-1", "1.5"]),
            ("locale", &["fr", "fr,en", "all"], &["fr_FR", "french", "fr,,en", "FR"]),
            (
                "target_os",
                &["windows", "windows,linux", "windows(>=10 <11)", "debian(>=11)", "all"],
                &["windows(10)", "windows ( >=10)", "win,", "windows(>=10"],
            ),
            (
                "depends",
                &["tis-x", "tis-x(>=1.0-0),tis-y", "tis-x(=1.0-1)"],
                &["tis-x (>=1)", "tis-x(1.0)", "tis-x(<>1.0)", "tis-x(>=1.0,<2)", "tis-x(>=1.0-a)", "a b"],
            ),
            ("audit_schedule", &["60", "1h", "1.5d", "2w"], &["x", "-1d", "1y", "0", "1 h"]),
            ("valid_from", &["2026-11-20T09:30:00"], &["2026-11-20", "2026-13-20T09:30:00", "20261120T093000"]),
            ("min_os_version", &["10", "6.1", "10.0.19041"], &["10.", "ten", ">=10"]),
            ("homepage", &["https://example.org/x"], &["example.org", "javascript:x"]),
            ("package_uuid", &["9fefe1d1-4c2a-4380-aaf6-cea58fc3eed0"], &["9fefe1d1", "random "]),
            ("description", &["one", "one\ntwo"], &["one\n\ntwo", " one", "one\r\ntwo", "a\u{2028}b", "a\u{b}b"]),
            ("name", &["Hello"], &["Hello\nyou"]),
            ("keywords", &["a,b c"], &["a,,b", ","]),
        ] {
            for value in good {
                assert!(!refused(name, value), "{name}: {value:?}");
            }
            for value in bad {
                assert!(refused(name, value), "{name}: {value:?}");
            }
            assert!(!refused(name, ""), "{name}: empty");
        }
    }

    #[test]
    fn attributes_speak_of_each_other() {
        let found = |pairs: &[(&str, &str)]| -> Vec<&str> {
            let get =
                |name: &str| pairs.iter().find(|(key, _)| *key == name).map_or(String::new(), |(_, v)| (*v).to_owned());
            check_together(&get).into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(found(&[("package", "a"), ("depends", "b, a(>=1-0)")]), ["depends"]);
        assert_eq!(found(&[("min_os_version", "10.0"), ("max_os_version", "6.3")]), ["max_os_version"]);
        assert_eq!(
            found(&[("valid_from", "2026-01-02T00:00:00"), ("valid_until", "2026-01-01T00:00:00")]),
            ["valid_until"]
        );
        assert!(found(&[("package", "PC-01.Example.lan"), ("section", "host")]).is_empty());
        assert_eq!(found(&[("package", "PC-01.Example.lan"), ("section", "base")]), ["package"]);
        for name in ["tis hello", "Tis-hello", "tis-é", "-x", "a=b"] {
            assert_eq!(found(&[("package", name), ("section", "base")]), ["package"], "{name}");
            assert_eq!(found(&[("package", name)]), ["package"], "{name}");
        }
        // Hosts are called by the id of their machine or its name, profiles by what people call a group.
        for (section, name) in [
            ("host", "4C4C4544-0038-4410-8052-B8C04F4E3132"),
            ("host", "PC01"),
            ("profile", "Salle des élèves"),
            ("unit", "OU=Postes fixes,DC=example,DC=lan"),
        ] {
            assert!(!refused("package", name), "{name}");
            assert!(found(&[("package", name), ("section", section)]).is_empty(), "{name}");
            assert_eq!(found(&[("package", name), ("section", "group")]), ["package"], "{name}");
        }
    }

    #[test]
    fn what_is_normal_is_taken() {
        assert_eq!(normal(" a \r\n\n b\u{2028}c "), "a\nb\nc");
        assert!(!refused("description", &normal(" a \r\n\n b\u{2028}c ")));
    }
}
