//! [`Requirement`]: `requests[socks] (>=2.20,<3) ; python_version < "3.8"` (PEP 508).

use super::marker::Marker;

/// The longest that is read, in bytes.
const LONGEST: usize = 8192;

/// A requirement.
#[derive(Debug)]
pub(super) struct Requirement {
    pub(super) name: String,
    /// Optional features that are asked for, as written.
    pub(super) extras: Vec<String>,
    /// Operators and versions, in their order.
    pub(super) specifiers: Vec<(String, String)>,
    /// When it counts; always where there is none.
    pub(super) marker: Option<Marker>,
}

impl Requirement {
    /// Reads one; `None` where it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (name, rest) = name(text.trim())?;
        let mut rest = rest.trim_start();
        let mut extras = Vec::new();
        if let Some(after) = rest.strip_prefix('[') {
            let (inner, behind) = after.split_once(']')?;
            for extra in inner.split(',').map(str::trim).filter(|extra| !extra.is_empty()) {
                extras.push(self::name(extra).filter(|(_, rest)| rest.is_empty())?.0.to_owned());
            }
            rest = behind.trim_start();
        }
        if let Some(address) = rest.strip_prefix('@') {
            // An address ends at a space: it may have a semicolon itself.
            let address = address.trim_start();
            let end = address.find(char::is_whitespace).unwrap_or(address.len());
            let marker = address[end..].trim_start();
            let marker = if marker.is_empty() { None } else { Some(Marker::parse(marker.strip_prefix(';')?)?) };
            return Some(Self { name: name.to_owned(), extras, specifiers: Vec::new(), marker });
        }
        let (versions, marker) = match rest.split_once(';') {
            Some((versions, marker)) => (versions, Some(Marker::parse(marker)?)),
            None => (rest, None),
        };
        let versions = versions.trim();
        let versions = match versions.strip_prefix('(') {
            Some(inner) => inner.strip_suffix(')')?,
            None => versions,
        };
        let written = versions.split(',').map(str::trim).filter(|one| !one.is_empty());
        let specifiers = written.map(specifier).collect::<Option<Vec<_>>>()?;
        Some(Self { name: name.to_owned(), extras, specifiers, marker })
    }
}

/// The name at the beginning, and what follows.
fn name(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let ends = |c: char| c.is_ascii_alphanumeric();
    (name.starts_with(ends) && name.ends_with(ends)).then_some((name, rest))
}

fn specifier(text: &str) -> Option<(String, String)> {
    let end = text.find(|c: char| !"<>=!~".contains(c))?;
    let (operator, version) = (&text[..end], text[end..].trim());
    let is_known = ["~=", "==", "===", "!=", "<=", "<", ">=", ">"].contains(&operator);
    (is_known && !version.contains(char::is_whitespace)).then(|| (operator.to_owned(), version.to_owned()))
}
