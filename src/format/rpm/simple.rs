//! A relation as a header holds it, and how one without parentheses around it is read.

use super::tags::sense;

/// A relation as a header holds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Relation {
    /// What it names; a rich one is all name.
    pub(super) name: String,
    /// `[epoch:]version[-release]`, or nothing.
    pub(super) version: String,
    /// How the version compares, and what the relation is for.
    pub(super) flags: u32,
}

impl Relation {
    /// A relation without a version.
    pub(super) fn named(name: impl Into<String>, flags: u32) -> Self {
        Self { name: name.into(), version: String::new(), flags }
    }

    /// A relation to exactly this version.
    pub(super) fn exactly(name: impl Into<String>, version: &str, flags: u32) -> Self {
        Self { name: name.into(), version: version.to_owned(), flags: flags | sense::EQUAL }
    }

    /// Whether it is a rich one.
    pub(super) fn is_rich(&self) -> bool {
        self.name.starts_with('(')
    }
}

const OPERATORS: [(&str, u32); 5] = [
    ("<", sense::LESS),
    ("<=", sense::LESS | sense::EQUAL),
    ("=", sense::EQUAL),
    (">=", sense::GREATER | sense::EQUAL),
    (">", sense::GREATER),
];

/// `name`, or `name operator version`.
pub(super) fn simple(words: &[&str]) -> Result<Relation, &'static str> {
    let (name, version) = match words {
        [name] => (*name, None),
        [name, operator, version] => (*name, Some((*operator, *version))),
        _ => return Err("it is not one relation: `name` or `name >= version`, with spaces around the operator"),
    };
    is_name(name)?;
    let Some((operator, version)) = version else { return Ok(Relation::named(name, 0)) };
    if name.starts_with('/') {
        return Err("a file has no version");
    }
    let Some((_, flags)) = OPERATORS.iter().find(|(word, _)| *word == operator) else {
        return Err("the operator is none of <, <=, =, >= and >");
    };
    if !is_version(version) {
        return Err("the version is not `[epoch:]version[-release]`");
    }
    Ok(Relation { name: name.to_owned(), version: version.to_owned(), flags: *flags })
}

/// A package's name, a path, or a name with anything in balanced parentheses behind it: `font(:lang=ja)`.
fn is_name(name: &str) -> Result<(), &'static str> {
    if name.starts_with("rpmlib(") {
        return Err("rpmlib() is for what a package asks of rpm itself, and written where it is needed");
    }
    let (mut open, mut outside) = (0_usize, name.is_empty());
    for c in name.chars() {
        match c {
            '(' => open += 1,
            ')' if open == 0 => return Err("its parentheses do not match"),
            ')' => open -= 1,
            '<' | '>' | '=' if open == 0 => return Err("there are no spaces around its operator"),
            c if c.is_ascii_alphanumeric() || "-+._~^/:[]*=<>@!&".contains(c) => {}
            _ => outside = true,
        }
    }
    if open > 0 {
        return Err("its parentheses do not match");
    }
    let first = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '/';
    if outside || !name.starts_with(first) {
        return Err("it is not the name of a package, a capability or a file");
    }
    Ok(())
}

/// Whether a text is `[epoch:]version[-release]`.
fn is_version(text: &str) -> bool {
    let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
    let (version, release) = rest.split_once('-').unwrap_or((rest, "0"));
    epoch.parse::<u32>().is_ok() && epoch.bytes().all(|b| b.is_ascii_digit()) && is_part(version) && is_part(release)
}

/// Whether a text can be a version or a release.
pub(super) fn is_part(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+~^".contains(&b))
}
