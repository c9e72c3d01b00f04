//! `WAPT/control`: read as agents read it, checked at its lines, written so that every agent reads the same.

use std::collections::{HashMap, hash_map::Entry};

use super::error::WaptError;
use crate::{
    format::wapt::facts::attributes::{
        self as grammar, ATTRIBUTES, Attribute, Source as By, attribute, ends_line, normal,
    },
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
    /// Where the value is in the text.
    span: Span,
}

/// A key that is in a control file once more.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Again {
    name: String,
    /// The lines of the two, counted from 1.
    lines: (usize, usize),
    /// Their places.
    spans: (Span, Span),
}

impl Again {
    fn issue(&self) -> Issue {
        let (first, again) = self.lines;
        let issue = Issue::new(&self.spans.1, format!("`{}` is in line {first} and again in line {again}", self.name));
        let issue = issue.label("agents read this one only").also(&self.spans.0, "and never this one");
        let is_list = ["depends", "conflicts", "keywords", "categories", "impacted_process", "locale", "architecture"];
        issue.help(if is_list.contains(&self.name.as_str()) {
            "keep one of them, with both values in it and a comma between them"
        } else {
            "keep one of them; text of several lines goes on in lines that begin with a blank"
        })
    }
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
        let parsed = Self::parse(text).map(|(control, _)| control);
        parsed.map_err(|(line, message)| WaptError::Control(format!("line {line}: {message}")))
    }

    /// The keys that are in a control file's bytes more than once: agents read the last one.
    #[must_use]
    pub fn repeated(bytes: &[u8]) -> Vec<String> {
        let parsed = std::str::from_utf8(bytes).ok().and_then(|text| Self::parse(text).ok());
        parsed.map(|(_, twice)| twice.into_iter().map(|again| again.name).collect()).unwrap_or_default()
    }

    /// The same of a text, with the keys that are there more than once; the error has the number of its line.
    fn parse(text: &str) -> Result<(Self, Vec<Again>), (usize, String)> {
        if text.len() as u64 > LARGEST {
            return Err((1, "it is larger than 1 MiB".to_owned()));
        }
        let mut control = Self::default();
        // Where each key's field is, and the line and place that it has last.
        let mut places: HashMap<String, (usize, usize, Span)> = HashMap::new();
        let mut twice = Vec::new();
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
            let name = field.name.clone();
            let place = |at| (at, number + 1, span.clone());
            let at = match places.entry(name.clone()) {
                Entry::Vacant(free) => free.insert(place(control.fields.len())).0,
                Entry::Occupied(mut taken) => {
                    let (at, line, before) = taken.get().clone();
                    taken.insert(place(at));
                    twice.push(Again { name, lines: (line, number + 1), spans: (before, span.clone()) });
                    at
                }
            };
            match control.fields.get_mut(at) {
                Some(old) => *old = field,
                None => control.fields.push(field),
            }
            last = Some(at);
        }
        Ok((control, twice))
    }

    /// Reads and checks a control file that somebody wrote, strictly: every mistake at its line. What is `given` elsewhere
    /// (attributes with their values) wins: the file need not have it, and may have anything there. Gives what should be
    /// said beside.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(name: &str, text: &str, given: &[(String, String)]) -> Result<(Self, Vec<String>), Report> {
        let source = || Source::new(name, text);
        let whole = 0..text.find('\n').unwrap_or(text.len());
        if text.starts_with('\u{feff}') {
            let issue = Issue::new(&whole, "a byte order mark before the first key")
                .label("agents take it for a part of the key");
            return Err(Report::new(source(), vec![issue.help("save the file as UTF-8 without BOM")]));
        }
        let (mut control, twice) = Self::parse(text).map_err(|(line, message)| {
            let span = lines(text).nth(line - 1).unwrap_or(whole.clone());
            Report::new(source(), vec![Issue::new(&span, message).label("expected `key: value`")])
        })?;
        let mut issues = Issues::default();
        let mut warnings = Vec::new();
        for again in &twice {
            issues.add(again.issue());
        }
        if control.has("license") && !control.has("licence") {
            warnings.push(format!("{name}: `license` is taken as `licence`, which is WAPT's word"));
            for field in control.fields.iter_mut().filter(|field| field.name == "license") {
                "licence".clone_into(&mut field.name);
            }
        }
        control.check_fields(&whole, given, &mut issues);
        check_end(text, &mut issues);
        warnings.extend(control.not_taken(name, text, given));
        if issues.is_empty() { Ok((control, warnings)) } else { Err(Report::new(source(), issues.into_sorted())) }
    }

    /// What the file says and the package will not: what is filled in anew, and a size that is none.
    fn not_taken(&self, name: &str, text: &str, given: &[(String, String)]) -> Vec<String> {
        let line = |field: &Field| lines(text).take_while(|line| line.start <= field.span.start).count().max(1);
        let mut warnings = Vec::new();
        // A folder that was signed in its place, as WAPT's own tool does it, has all of them, and none was written by hand.
        let is_signed = !self.get("signature").is_empty();
        for field in self.fields.iter().filter(|field| !field.value.is_empty()) {
            let by_program = attribute(&field.name).is_some_and(|known| known.source == By::Program);
            let is_given = given.iter().any(|(own, _)| *own == field.name);
            let place = format!("{name}:{}: `{}`", line(field), field.name);
            if field.name == "package_uuid" && !is_signed && !is_given {
                warnings.push(format!(
                    "{place} is not taken: every package gets an id of its own (`--set package_uuid=…`)"
                ));
            } else if by_program && !is_signed {
                warnings.push(format!("{place} is not taken: it is filled in when the package is signed"));
            } else if field.name == "installed_size"
                && !is_given
                && let Some(Err(refused)) = attribute(&field.name).map(|known| known.check(&field.value))
            {
                warnings.push(format!("{place}: {refused}; it is kept as it is ({})", refused.help));
            }
        }
        warnings
    }

    fn check_fields(&self, whole: &Span, given: &[(String, String)], issues: &mut Issues) {
        let is_given = |name: &str| given.iter().any(|(own, _)| own == name);
        for field in &self.fields {
            let Some(known) = attribute(&field.name).filter(|_| !OF_INDEX.contains(&field.name.as_str())) else {
                let names: Vec<&str> = ATTRIBUTES.iter().filter(|a| a.source == By::User).map(|a| a.name).collect();
                issues.add(Issue::unknown(&field.span, "attribute", &field.name, &names));
                continue;
            };
            // What the program writes is written anew; of a size that is none, agents make nothing.
            if known.source == By::Program || is_given(known.name) || known.name == "installed_size" {
                continue;
            }
            if let Err(refused) = known.check(&field.value) {
                let issue = Issue::new(&field.span, format!("{}: {refused}", field.name));
                issues.add(issue.label(field.name.clone()).help(refused.help));
            }
        }
        let missing = |known: &&Attribute| known.required && self.get(known.name).is_empty() && !is_given(known.name);
        for required in ATTRIBUTES.iter().filter(missing) {
            // These have one value that nearly all packages have.
            if !self.defaults().iter().any(|(name, _)| *name == required.name) {
                let issue = Issue::new(whole, format!("`{}` is missing", required.name)).label("needed in this file");
                issues.add(issue.help("`package` and `version` say what it is"));
            }
        }
        let value = |name: &str| given.iter().find(|(own, _)| own == name).map_or(self.get(name), |(_, value)| value);
        for (name, refused) in grammar::check_together(&|name| value(name).to_owned()) {
            let span = self.fields.iter().find(|field| field.name == name).map_or(whole, |field| &field.span);
            issues.add(Issue::new(span, refused.message).label(name).help(refused.help));
        }
    }

    /// What attributes that every package has are taken as, where nothing is said.
    #[must_use]
    pub fn defaults(&self) -> [(&'static str, &'static str); 3] {
        let is_group = ["group", "host", "unit", "profile"].contains(&self.get("section"));
        let priority = if is_group { "standard" } else { "optional" };
        [("architecture", "all"), ("section", "base"), ("priority", priority)]
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
        let issue = Issue::new(&cut, "this comes after an empty line").label("never read");
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
        let report = Control::check("WAPT/control", text, &[]).unwrap_err();
        let line = |one: &crate::util::toml::Located| format!("{}: {}", one.position().0, one.issue.message);
        let found: Vec<String> = report.issues().iter().map(line).collect();
        insta::assert_snapshot!(found.join("\n"), @r"
        1: `Tis Hello` is not a package's name
        2: version: `1.0b-1` is not a version of a WAPT package
        3: architecture: `amd64` is not an architecture
        6: depends: `tis-x (>=1.0)`: with a blank before the bracket, agents never find the package
        7: unknown attribute `maturty`
        8: valid_from: `tomorrow` is not a time
        12: this comes after an empty line
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
    fn a_key_that_stands_twice_is_an_error_at_its_line() {
        let text = "package: tis-q\nversion: 1.0-1\ndepends: tis-b\nDepends : tis-c\nmaturity: DEV\nmaturity:\n";
        let report = Control::check("c", text, &[]).unwrap_err();
        let found: Vec<String> = report.issues().iter().map(|one| one.issue.message.clone()).collect();
        let expected = ["`depends` is in line 3 and again in line 4", "`maturity` is in line 5 and again in line 6"];
        assert_eq!((found, report.issues()[0].position().0), (expected.map(str::to_owned).to_vec(), 4));
        // Agents read the last one, and so does everything that reads packages of others.
        assert_eq!(Control::read(text.as_bytes()).unwrap().get("depends"), "tis-c");
        assert_eq!(Control::repeated(text.as_bytes()), ["depends", "maturity"]);
    }

    #[test]
    fn what_is_given_elsewhere_need_not_be_there() {
        let given = [("version".to_owned(), "2.5.11-1".to_owned()), ("package".to_owned(), "tis-x".to_owned())];
        let (control, warnings) = Control::check("c", "version: @VERSION@\ndepends: tis-y", &given).unwrap();
        assert_eq!((control.get("version"), warnings.len()), ("@VERSION@", 0));
        assert!(Control::check("c", "depends: tis-x", &given).is_err(), "it names itself");
    }

    #[test]
    fn what_will_not_be_taken_is_said() {
        let text = "package: a\nversion: 1\nicon_sha256sum: 00\npackage_uuid: 5425b0c3-854a-4f6f-9f62-0a3259213a09\n\
                    installed_size: 70 MB";
        let (control, warnings) = Control::check("c", text, &[]).unwrap();
        let lines: Vec<&str> = warnings.iter().map(|text| text.split(" is ").next().unwrap()).collect();
        assert_eq!(lines, ["c:3: `icon_sha256sum`", "c:4: `package_uuid`", "c:5: `installed_size`: `70 MB`"]);
        assert_eq!(control.get("installed_size"), "70 MB");
        // As WAPT leaves a folder that it has signed in its place.
        let signed = format!("{text}\nsignature: x");
        assert_eq!(Control::check("c", &signed, &[]).unwrap().1.len(), 1);
        let number = text
            .replace("70 MB", "254251008")
            .replace("00\n", "\n")
            .replace("5425b0c3-854a-4f6f-9f62-0a3259213a09", "");
        assert_eq!(Control::check("c", &number, &[]).unwrap().1, Vec::<String>::new());
    }

    #[test]
    fn license_is_licence() {
        let (control, warnings) = Control::check("c", "package: a\nversion: 1\nlicense: MIT", &[]).unwrap();
        assert_eq!((control.get("licence"), warnings.len()), ("MIT", 1));
    }
}
