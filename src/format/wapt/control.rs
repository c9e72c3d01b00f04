//! `WAPT/control`: read as agents read it, checked at its lines, written so that every agent reads the same.

use std::collections::HashMap;

use super::error::WaptError;
use crate::{
    names::wapt::{self as grammar, ATTRIBUTES, Source as By, attribute, ends_line, normal},
    util::toml::{Issue, Issues, Report, Source, Span},
};

/// No control file is larger: 1 MiB.
pub const LARGEST: u64 = 1 << 20;
/// Nor has one more keys, repeated ones included: WAPT knows 44.
const MOST_KEYS: usize = 1000;

/// The attributes that only an index has.
const OF_INDEX: [&str; 3] = ["filename", "size", "md5sum"];

/// The attributes of a package, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Control {
    fields: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    name: String,
    value: String,
    /// Where the value stands in the text.
    span: Span,
}

/// Whether Python's `strip` takes the character away.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// The lines of a text as Python's `splitlines` has them, each with its place, one after the other: a text may have as
/// many as it has bytes.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Span> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let start = next;
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let Some((length, end)) = rest.char_indices().find(|(_, c)| ends_line(*c)) else {
            next = text.len();
            return Some(start..text.len());
        };
        let both = rest[length..].starts_with("\r\n");
        next = start + length + if both { 2 } else { end.len_utf8() };
        Some(start..start + length)
    })
}

impl Control {
    /// Reads a control file's bytes as agents do: to the first blank line, the last of several equal keys wins, unknown
    /// keys are kept.
    ///
    /// # Errors
    /// [`WaptError::Control`].
    pub fn read(bytes: &[u8]) -> Result<Self, WaptError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| WaptError::Control(format!("it is not UTF-8 (byte {})", error.valid_up_to())))?;
        Self::parse(text).map_err(|(line, message)| WaptError::Control(format!("line {line}: {message}")))
    }

    /// The same of a text; the error has the number of its line.
    fn parse(text: &str) -> Result<Self, (usize, String)> {
        if text.len() as u64 > LARGEST {
            return Err((1, "it is larger than 1 MiB".to_owned()));
        }
        let mut control = Self::default();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut last: Option<usize> = None;
        let mut keys = 0;
        for (number, span) in lines(text).enumerate() {
            let line = &text[span.clone()];
            if strip(line).is_empty() {
                break;
            }
            if line.starts_with(' ') {
                let Some(field) = last.and_then(|at| control.fields.get_mut(at)) else {
                    return Err((number + 1, "a continued line before the first key".to_owned()));
                };
                field.value.push('\n');
                field.value.push_str(strip(line));
                field.span.end = span.end;
                continue;
            }
            let Some((key, value)) = line.split_once(':') else {
                return Err((number + 1, "there is no `:` in it".to_owned()));
            };
            keys += 1;
            if keys > MOST_KEYS {
                return Err((number + 1, "it has more than 1,000 keys".to_owned()));
            }
            let stripped = strip(value);
            let begin = span.start + key.len() + 1 + (value.len() - value.trim_start_matches(is_blank).len());
            let begin = begin.min(span.end);
            let field = Field {
                name: strip(key).to_lowercase(),
                value: stripped.to_owned(),
                span: begin..begin + stripped.len(),
            };
            let at = *places.entry(field.name.clone()).or_insert(control.fields.len());
            match control.fields.get_mut(at) {
                Some(old) => *old = field,
                None => control.fields.push(field),
            }
            last = Some(at);
        }
        Ok(control)
    }

    /// Reads and checks a control file that somebody wrote, strictly: every mistake at its line. Gives what should be said
    /// beside.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(name: &str, text: &str) -> Result<(Self, Vec<String>), Report> {
        let source = || Source::new(name, text);
        let whole = 0..text.find('\n').unwrap_or(text.len());
        if text.starts_with('\u{feff}') {
            let issue = Issue::new(&whole, "a byte order mark before the first key")
                .label("agents take it for a part of the key");
            return Err(Report::new(source(), vec![issue.help("save the file as UTF-8 without BOM")]));
        }
        let mut control = Self::parse(text).map_err(|(line, message)| {
            let span = lines(text).nth(line - 1).unwrap_or(whole.clone());
            Report::new(source(), vec![Issue::new(&span, message).label("expected `key: value`")])
        })?;
        let mut issues = Issues::default();
        let mut warnings = Vec::new();
        if control.has("license") && !control.has("licence") {
            warnings.push(format!("{name}: `license` is taken as `licence`, which is WAPT's word"));
            for field in control.fields.iter_mut().filter(|field| field.name == "license") {
                "licence".clone_into(&mut field.name);
            }
        }
        control.check_fields(&whole, &mut issues);
        check_end(text, &mut issues);
        if issues.is_empty() { Ok((control, warnings)) } else { Err(Report::new(source(), issues.into_sorted())) }
    }

    fn check_fields(&self, whole: &Span, issues: &mut Issues) {
        for field in &self.fields {
            let Some(known) = attribute(&field.name).filter(|_| !OF_INDEX.contains(&field.name.as_str())) else {
                let names: Vec<&str> = ATTRIBUTES.iter().filter(|a| a.source == By::User).map(|a| a.name).collect();
                issues.add(Issue::unknown(&field.span, "attribute", &field.name, &names));
                continue;
            };
            // What the program writes is written anew.
            if known.source == By::Program {
                continue;
            }
            if let Err(refused) = known.check(&field.value) {
                let issue = Issue::new(&field.span, format!("{}: {refused}", field.name));
                issues.add(issue.label(field.name.clone()).help(refused.help));
            }
        }
        for required in ATTRIBUTES.iter().filter(|known| known.required && self.get(known.name).is_empty()) {
            // These have one value that nearly all packages have.
            if !["architecture", "section", "priority"].contains(&required.name) {
                let issue = Issue::new(whole, format!("`{}` is missing", required.name)).label("needed in this file");
                issues.add(issue.help("`package` and `version` say what it is"));
            }
        }
        for (name, refused) in grammar::check_together(&|name| self.get(name).to_owned()) {
            let span = self.fields.iter().find(|field| field.name == name).map_or(whole, |field| &field.span);
            issues.add(Issue::new(span, refused.message).label(name).help(refused.help));
        }
    }

    /// Whether a key is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// A value; empty where there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.value(name).unwrap_or_default()
    }

    /// A value, where the key is there.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.name == name).map(|field| field.value.as_str())
    }

    /// Sets a value, in a form that every agent reads.
    pub fn set(&mut self, name: &str, value: &str) {
        let value = normal(value);
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(field) => field.value = value,
            None => self.fields.push(Field { name: name.to_owned(), value, span: 0..0 }),
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, name: &str) {
        self.fields.retain(|field| field.name != name);
    }

    /// All keys and values, in the order of the file. A key without a name is left out: agents make nothing of it, and
    /// written with blanks it would continue the value before it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .filter(|field| !field.name.is_empty())
            .map(|field| (field.name.as_str(), field.value.as_str()))
    }

    /// The file as WAPT 2 writes it: every attribute in its order, empty ones too; keys that WAPT does not know behind
    /// them; no line end at the end.
    #[must_use]
    pub fn to_text(&self) -> String {
        let known = ATTRIBUTES.iter().map(|known| (known.name, self.get(known.name)));
        let known = known.filter(|(name, value)| *name != "signature" || !value.is_empty());
        let others = self.iter().filter(|(name, _)| attribute(name).is_none());
        let line = |(name, value): (&str, &str)| format!("{name:<18}: {}", value.replace('\n', "\n "));
        known.chain(others).map(line).collect::<Vec<_>>().join("\n")
    }

    /// `tis-hello 1.0-0`, for people.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.get("package"), self.get("version"))
    }
}

/// Text behind a blank line is cut off by agents.
fn check_end(text: &str, issues: &mut Issues) {
    let is_empty = |span: &Span| strip(&text[span.clone()]).is_empty();
    let mut behind = lines(text).skip_while(|span| !is_empty(span));
    if let Some(cut) = behind.find(|span| !is_empty(span)) {
        let issue = Issue::new(&cut, "this stands behind an empty line").label("never read");
        issues.add(issue.help("agents stop reading at the first empty line: take it out"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_agents_read_it() {
        let control = Control::read(
            "Package : a\r\nversion:1\u{1f}\r\ndescription: y\r\n \u{1f} x \u{85}Package: b\n\n late: 1".as_bytes(),
        )
        .unwrap();
        assert_eq!(control.get("package"), "b");
        assert_eq!((control.get("version"), control.get("description")), ("1", "y\nx"));
        assert!(!control.has("late"));
        let control = Control::read(b"description: one\n  two \n three\nsize: 5").unwrap();
        assert_eq!(control.get("description"), "one\ntwo\nthree");
        assert!(
            Control::read(b"package").is_err() && Control::read(b"a: \xff").is_err() && Control::read(b" x").is_err()
        );
    }

    #[test]
    fn it_is_written_in_one_way() {
        let mut control = Control::default();
        control.set("version", "1.0-0");
        control.set("package", "tis-x");
        control.set("description", "one \r\n\r\n two");
        control.set("own", "kept");
        let text = control.to_text();
        assert!(text.starts_with("package           : tis-x\nversion           : 1.0-0\narchitecture      : \n"));
        assert!(text.contains("\ndescription       : one\n two\n") && text.ends_with("\nown               : kept"));
        let again = Control::read(text.as_bytes()).unwrap();
        assert_eq!(again.to_text(), text);
    }

    #[test]
    fn every_mistake_is_at_its_line() {
        let text = "package: Tis Hello\nversion: 1.0b-1\narchitecture: amd64\nsection: base\npriority: optional\n\
                    depends: tis-x (>=1.0)\nmaturty: PROD\nvalid_from: tomorrow\ndescription: a\n  b\n\nlost: x\n";
        let report = Control::check("WAPT/control", text).unwrap_err();
        let line = |one: &crate::util::toml::Located| format!("{}: {}", one.position().0, one.issue.message);
        let found: Vec<String> = report.issues().iter().map(line).collect();
        insta::assert_snapshot!(found.join("\n"), @r"
        1: `Tis Hello` is not a package's name
        2: version: `1.0b-1` is not a version of a WAPT package
        3: architecture: `amd64` is not an architecture
        6: depends: `tis-x (>=1.0)`: with a blank before the bracket, agents never find the package
        7: unknown attribute `maturty`
        8: valid_from: `tomorrow` is not a time
        12: this stands behind an empty line
        ");
    }

    #[test]
    fn more_keys_than_anybody_writes_are_not_read() {
        let keys = |count: usize| (0..count).map(|number| format!("key{number}: x")).collect::<Vec<_>>().join("\n");
        assert_eq!(Control::read(keys(MOST_KEYS).as_bytes()).unwrap().iter().count(), MOST_KEYS);
        let refused = Control::read(keys(MOST_KEYS + 1).as_bytes()).unwrap_err().to_string();
        assert!(refused.contains("line 1001: it has more than 1,000 keys"), "{refused}");
        assert!(Control::read("a:\n".repeat(60_000).as_bytes()).is_err(), "repeated ones count");
    }

    /// As many lines as a file can have: with a copy for each it would take minutes.
    #[test]
    fn a_value_of_many_lines_grows_in_place() {
        let text = format!("description: x\n{}", " \u{1f}y\n".repeat(200_000));
        let control = Control::read(text.as_bytes()).unwrap();
        assert_eq!(control.get("description").len(), 1 + 2 * 200_000);
        assert_eq!(control.to_text().matches("\n y").count(), 200_000);
    }

    #[test]
    fn license_is_licence() {
        let (control, warnings) = Control::check("c", "package: a\nversion: 1\nlicense: MIT").unwrap();
        assert_eq!((control.get("licence"), warnings.len()), ("MIT", 1));
    }
}
