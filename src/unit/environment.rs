//! [`Environment`]: the variables of a service: `Environment=` and the files of `EnvironmentFile=` (systemd.exec(5)).

use std::collections::BTreeMap;

use super::{UnitName, specifier::expand, words::Words};

/// Variables by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// Takes a variable out.
    pub fn unset(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// A variable's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// `NAME=value` of each, in order.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().map(|(name, value)| format!("{name}={value}"))
    }
}

/// The variables of one `Environment=`.
pub(super) fn assignments(text: &str, unit: &UnitName, path: &str) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    for word in Words::all(text)? {
        let word = expand(&word, unit, path)?;
        match word.split_once('=') {
            Some((name, value)) if is_name(name) => found.push((name.to_owned(), value.to_owned())),
            _ => return Err(format!("`{}` is not `NAME=value`", word.escape_debug())),
        }
    }
    Ok(found)
}

/// A name that systemd takes: letters, digits and `_`, no digit first.
fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Where the reader of a file is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    LineStart,
    Name,
    ValueStart,
    Value,
    Escape,
    Single,
    Double,
    DoubleEscape,
    Comment,
    CommentEscape,
}

/// The variables of an `EnvironmentFile=`. As systemd reads it: lines without `=` and names that are none are passed
/// over, quotes may follow each other, a backslash at the end of a line continues it.
#[must_use]
pub fn parse_environment_file(text: &str) -> Vec<(String, String)> {
    let mut file = File::default();
    let mut at = At::LineStart;
    for c in text.chars() {
        at = file.take(at, c);
    }
    if !matches!(at, At::LineStart | At::Name | At::Comment | At::CommentEscape) {
        file.end();
    }
    file.found
}

#[derive(Default)]
struct File {
    name: String,
    value: String,
    /// Where the blanks at the end of an unquoted value begin.
    blanks: Option<usize>,
    found: Vec<(String, String)>,
}

impl File {
    fn take(&mut self, at: At, c: char) -> At {
        let newline = matches!(c, '\n' | '\r');
        let blank = newline || matches!(c, ' ' | '\t');
        match at {
            At::LineStart => match c {
                '#' | ';' => At::Comment,
                _ if blank => At::LineStart,
                c => {
                    self.name = c.to_string();
                    At::Name
                }
            },
            At::Name => match c {
                '=' => {
                    (self.value, self.blanks) = (String::new(), None);
                    At::ValueStart
                }
                _ if newline => At::LineStart,
                c => {
                    self.name.push(c);
                    At::Name
                }
            },
            At::ValueStart | At::Value if newline => {
                self.end();
                At::LineStart
            }
            At::ValueStart => match c {
                '\'' => At::Single,
                '"' => At::Double,
                '\\' => At::Escape,
                _ if blank => At::ValueStart,
                c => self.keep(c, At::Value),
            },
            At::Value => match c {
                '\\' => {
                    self.blanks = None;
                    At::Escape
                }
                _ if blank => {
                    self.blanks.get_or_insert(self.value.len());
                    self.keep(c, At::Value)
                }
                c => {
                    self.blanks = None;
                    self.keep(c, At::Value)
                }
            },
            At::Escape if newline => At::Value,
            At::Escape => self.keep(c, At::Value),
            At::Single if c == '\'' => At::ValueStart,
            At::Single => self.keep(c, At::Single),
            At::Double => match c {
                '"' => At::ValueStart,
                '\\' => At::DoubleEscape,
                c => self.keep(c, At::Double),
            },
            At::DoubleEscape => match c {
                '"' | '\\' | '`' | '$' => self.keep(c, At::Double),
                '\n' => At::Double,
                c => {
                    self.value.push('\\');
                    self.keep(c, At::Double)
                }
            },
            At::Comment if newline => At::LineStart,
            At::Comment if c == '\\' => At::CommentEscape,
            At::Comment | At::CommentEscape => At::Comment,
        }
    }

    fn keep(&mut self, c: char, at: At) -> At {
        self.value.push(c);
        at
    }

    fn end(&mut self) {
        if let Some(blanks) = self.blanks.take() {
            self.value.truncate(blanks);
        }
        let (name, value) = (std::mem::take(&mut self.name), std::mem::take(&mut self.value));
        let name = name.trim_end_matches([' ', '\t']);
        if is_name(name) {
            self.found.push((name.to_owned(), value));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Vec<(String, String)> {
        assignments(text, &UnitName::new("x@i.service").unwrap(), "").unwrap()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_example_of_the_manual() {
        let found = of(r#""VAR1=word1 word2" VAR2=word3 "VAR3=$word 5 6""#);
        assert_eq!(found, pairs(&[("VAR1", "word1 word2"), ("VAR2", "word3"), ("VAR3", "$word 5 6")]));
        assert_eq!(of("A=%i B="), pairs(&[("A", "i"), ("B", "")]));
        let unit = UnitName::new("x.service").unwrap();
        for bad in ["A", "=1", "1A=2", "A-B=1", "A=%Q"] {
            assert!(assignments(bad, &unit, "").is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_of_variables() {
        let text = "# comment \\\nA=not this\nB = two words  \n; C=no\nD='it is' \n\
                    E=\"a \\\"b\\\" \\x \\$\"\nno value\n\
                    F=one \\\ntwo\nG=\"two\nlines\"\n1H=bad\nI='a'\"b\"c\nJ=\nK=end";
        let expected = [
            // A comment that ends in a backslash takes the next line with it (systemd up to 253).
            ("B", "two words"),
            ("D", "it is"),
            ("E", "a \"b\" \\x $"),
            ("F", "one two"),
            ("G", "two\nlines"),
            ("I", "abc"),
            ("J", ""),
            ("K", "end"),
        ];
        assert_eq!(parse_environment_file(text), pairs(&expected));
        assert_eq!(parse_environment_file("A='open"), pairs(&[("A", "open")]));
        assert_eq!(parse_environment_file("A"), []);
    }

    proptest! {
        #[test]
        fn no_file_panics(text in "\\PC{0,60}|[A-C='\"\\\\\n #;]{0,60}") {
            let _ = parse_environment_file(&text);
        }
    }
}
