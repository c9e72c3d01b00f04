//! The text of a requirements file: its encoding, its logical lines, and the variables in it, all as pip reads them. pip itself gets
//! the text that was read here ([`plain`]), so that both see the same lines.

use std::borrow::Cow;

use crate::source::variables::Variables;

/// The text of a file's bytes: UTF-8, what its byte order mark says (UTF-8, UTF-16, UTF-32), or what a comment `coding:` in its first
/// two lines says (PEP 263: UTF-8, ASCII or Latin-1).
///
/// # Errors
/// What is wrong, with what to do.
pub fn decoded(bytes: &[u8]) -> Result<String, &'static str> {
    let four = |from: fn([u8; 4]) -> u32, bytes: &[u8]| {
        let (units, []) = bytes.as_chunks::<4>() else { return Err(BROKEN) };
        units.iter().map(|unit| char::from_u32(from(*unit)).ok_or(BROKEN)).collect()
    };
    let two = |from: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let (units, []) = bytes.as_chunks::<2>() else { return Err(BROKEN) };
        char::decode_utf16(units.iter().map(|unit| from(*unit))).map(|c| c.map_err(|_| BROKEN)).collect()
    };
    let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| UNKNOWN);
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xff, 0xfe, 0, 0, rest @ ..] => four(u32::from_le_bytes, rest),
        [0, 0, 0xfe, 0xff, rest @ ..] => four(u32::from_be_bytes, rest),
        [0xff, 0xfe, rest @ ..] => two(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => two(u16::from_be_bytes, rest),
        bytes => match coding(bytes).as_deref() {
            None | Some("utf8" | "u8" | "utf8sig" | "ascii" | "usascii") => utf8(bytes),
            Some("latin1" | "iso88591" | "l1" | "latin") => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
            Some(_) => Err("its `coding:` is none that is read here: save it as UTF-8"),
        },
    }
}

const BROKEN: &str = "it does not hold what its byte order mark says: save it as UTF-8";
const UNKNOWN: &str = "it is not UTF-8, and has neither a byte order mark nor a `coding:` comment: save it as UTF-8";

/// The encoding that a comment in the first two lines names, in small letters and digits.
fn coding(bytes: &[u8]) -> Option<String> {
    let comments = bytes.split(|byte| *byte == b'\n').take(2).filter(|line| line.starts_with(b"#"));
    comments.filter_map(|line| std::str::from_utf8(line).ok()).find_map(|line| {
        let words = line.match_indices("coding").map(|(at, word)| &line[at + word.len()..]);
        let named = words.filter_map(|rest| rest.strip_prefix([':', '='])).map(str::trim_start).find_map(|rest| {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(rest.len());
            (end > 0).then(|| &rest[..end])
        })?;
        Some(named.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase())
    })
}

/// A line that is neither blank nor a comment, continued ones as one and without its comment, and the number of its first line, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logical {
    /// Where it begins.
    pub number: usize,
    /// What it says.
    pub text: String,
}

/// The lines that are neither blank nor comments. What ends a line, is a comment, or goes on is what Python and pip make of it: a
/// comment never goes on.
pub fn logical(text: &str) -> Vec<Logical> {
    let mut found = Vec::new();
    let mut begun: Option<Logical> = None;
    for (line, number) in split_lines(text).zip(1..) {
        let is_comment = line.trim_start_matches(is_space).starts_with('#');
        let goes_on = line.ends_with('\\') && !is_comment;
        let part = if goes_on { Cow::Borrowed(line.trim_matches('\\')) } else { Cow::Borrowed(line) };
        let whole = begun.get_or_insert(Logical { number, text: String::new() });
        if is_comment {
            whole.text.push(' ');
        }
        whole.text.push_str(&part);
        if !goes_on {
            found.extend(begun.take());
        }
    }
    found.extend(begun);
    for line in &mut found {
        line.text = without_comment(&line.text).trim_matches(is_space).to_owned();
    }
    found.retain(|line| !line.text.is_empty());
    found
}

/// What Python's `splitlines` takes for the end of a line.
fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What Python takes for white space.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

fn split_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').flat_map(|line| {
        let line = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
        line.split(ends_line)
    })
}

fn without_comment(line: &str) -> &str {
    let begins = |at: &usize| *at == 0 || line[..*at].ends_with(is_space);
    let at = line.match_indices('#').map(|(at, _)| at).find(begins);
    &line[..at.unwrap_or(line.len())]
}

/// A text as pip gets it: one line for each that is not blank, at its number, without comments, and with the values of variables in it.
#[must_use]
pub fn plain(text: &str, variables: &Variables) -> String {
    let (mut whole, mut at) = (String::new(), 1);
    for Logical { number, text } in logical(text) {
        while at < number {
            whole.push('\n');
            at += 1;
        }
        push_line(&mut whole, &expanded(&text, variables));
        at += 1;
    }
    whole
}

/// The lines of a text that are neither blank nor comments, however they are continued; variables have their names still.
#[must_use]
pub fn counted(text: &str) -> String {
    logical(text).into_iter().fold(String::new(), |all, line| all + line.text.trim() + "\n")
}

/// Adds a line that does not go on.
pub(super) fn push_line(whole: &mut String, line: &str) {
    whole.push_str(line);
    whole.push_str(if line.ends_with('\\') { " \n" } else { "\n" });
}

/// A variable of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The line that names it.
    pub line: usize,
    /// Whether it is set to something that can be there.
    pub is_set: bool,
    /// A digest's worth of it for keys: its value where it says what is built; nothing in an address' login, which does not.
    pub counts: Option<String>,
}

/// The variables of a text.
#[must_use]
pub fn variables(text: &str, variables: &Variables) -> Vec<Variable> {
    let mut found = Vec::new();
    for Logical { number, text } in logical(text) {
        for (at, name) in named(&text) {
            let value = value(name, variables);
            found.push(Variable {
                name: name.to_owned(),
                line: number,
                is_set: value.is_some(),
                counts: value.filter(|_| !is_login(&text, at)),
            });
        }
    }
    found
}

/// The longest login of an address that is looked for, in bytes: a line has as many variables as it likes.
const LOGIN: usize = 2048;

/// Whether a place of a line is in the login of an address: behind `://`, with an `@` before the next slash.
fn is_login(line: &str, at: usize) -> bool {
    let before = &line[line.floor_char_boundary(at.saturating_sub(LOGIN))..at];
    let behind = &line[at..line.floor_char_boundary(line.len().min(at + LOGIN))];
    let opens = before.rfind("://").is_some_and(|open| !before[open + 3..].contains(['/', ' ', '\t']));
    let end = behind.find(['/', ' ', '\t']).unwrap_or(behind.len());
    opens && behind[..end].contains('@')
}

/// The names behind `${`, and where each begins.
fn named(line: &str) -> impl Iterator<Item = (usize, &str)> {
    line.match_indices("${").filter_map(|(at, _)| {
        // No further than a name reaches: a line may be full of what only begins like one.
        let rest = &line[at + 2..];
        let of_name = |c: &u8| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == b'_';
        let (name, rest) = rest.split_at(rest.bytes().take_while(of_name).count());
        (!name.is_empty() && rest.starts_with('}')).then_some((at, name))
    })
}

/// The value of a variable, where it stays in its place: what would be another line, or a comment, says something else than it does to
/// pip.
fn value(name: &str, variables: &Variables) -> Option<String> {
    let value = variables.value(name)?;
    let says_more = value.chars().any(ends_line) || without_comment(&value) != value;
    (!says_more).then_some(value)
}

fn expanded(line: &str, variables: &Variables) -> String {
    let (mut whole, mut from) = (String::new(), 0);
    for (at, name) in named(line) {
        if let Some(value) = value(name, variables) {
            whole.push_str(&line[from..at]);
            whole.push_str(&value);
            from = at + name.len() + "${}".len();
        }
    }
    whole + &line[from..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::util::mask::Mask;

    fn encoded(text: &str, mark: &[u8], unit: impl Fn(char) -> Vec<u8>) -> Vec<u8> {
        mark.iter().copied().chain(text.chars().flat_map(unit)).collect()
    }

    #[test]
    fn encodings() {
        let text = "six==1.16.0 # é 🐍\n";
        let utf16 = |c: char| c.encode_utf16(&mut [0; 2]).to_vec();
        for bytes in [
            text.as_bytes().to_vec(),
            encoded(text, b"\xef\xbb\xbf", |c| c.to_string().into_bytes()),
            encoded(text, b"\xff\xfe", |c| utf16(c).into_iter().flat_map(u16::to_le_bytes).collect()),
            encoded(text, b"\xfe\xff", |c| utf16(c).into_iter().flat_map(u16::to_be_bytes).collect()),
            encoded(text, b"\xff\xfe\0\0", |c| u32::from(c).to_le_bytes().to_vec()),
            encoded(text, b"\0\0\xfe\xff", |c| u32::from(c).to_be_bytes().to_vec()),
        ] {
            assert_eq!(decoded(&bytes).as_deref(), Ok(text), "{bytes:?}");
        }
        assert_eq!(decoded(b"# -*- coding: latin-1 -*-\n# \xe9"), Ok("# -*- coding: latin-1 -*-\n# é".to_owned()));
        for bad in [&b"six # \xe9"[..], b"\xff\xfes", b"\xff\xfe\0\xd8", b"\0\0\xfe\xffabcd", b"# coding=koi8-r\n"] {
            assert!(decoded(bad).is_err(), "{bad:?}");
        }
    }

    fn read(text: &str) -> Vec<(usize, String)> {
        logical(text).into_iter().map(|line| (line.number, line.text)).collect()
    }

    #[test]
    fn lines_as_pip_has_them() {
        let lines = |found: &[(usize, &str)]| -> Vec<(usize, String)> {
            found.iter().map(|(number, text)| (*number, (*text).to_owned())).collect()
        };
        for (text, found) in [
            ("-c c.txt\t# why\nsix\u{a0}# x\nsix#1", &[(1, "-c c.txt"), (2, "six"), (3, "six#1")][..]),
            ("six \\\n  --hash=x\\\n\nidna", &[(1, "six   --hash=x"), (4, "idna")]),
            // A comment does not go on, and ends what goes on.
            ("# a \\\nsix\n", &[(2, "six")]),
            ("six \\\n# b \\\nidna", &[(1, "six"), (3, "idna")]),
            ("six\ridna\u{c}lxml\u{2028}zipp\r\n\r\nx", &[(1, "six"), (2, "idna"), (3, "lxml"), (4, "zipp"), (6, "x")]),
            ("six # \u{b}evil", &[(1, "six"), (2, "evil")]),
            ("six\u{1f}# why", &[(1, "six")]),
            ("six \\", &[(1, "six")]),
            ("six \\ \nidna", &[(1, "six \\"), (2, "idna")]),
        ] {
            assert_eq!(read(text), lines(found), "{text:?}");
        }
    }

    fn look(name: &str) -> Option<String> {
        let value = match name {
            "TOKEN" => "s3cr3t",
            "V_1" => "1.16.0",
            "LINES" => "a\nb",
            "COMMENT" => "a #b",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn variables_as_pip_has_them() {
        let mask = Mask::default();
        let from = Variables::new(look, mask.clone());
        let text = "-i https://u:${TOKEN}@h.example/${V_1}/simple # ${NOPE}\n\nsix==${V_1} ; x == '${nope}' $TOKEN ${}\n${MISSING}\n${LINES}${COMMENT}";
        assert_eq!(
            plain(text, &from),
            "-i https://u:s3cr3t@h.example/1.16.0/simple\n\nsix==1.16.0 ; x == '${nope}' $TOKEN ${}\n${MISSING}\n${LINES}${COMMENT}\n"
        );
        assert_eq!(mask.text("it is s3cr3t"), "it is ***");
        let found: Vec<_> = variables(text, &from).into_iter().map(|v| (v.name, v.line, v.is_set, v.counts)).collect();
        let v =
            |name: &str, line, is_set, counts: Option<&str>| (name.to_owned(), line, is_set, counts.map(str::to_owned));
        assert_eq!(
            found,
            [
                v("TOKEN", 1, true, None),
                v("V_1", 1, true, Some("1.16.0")),
                v("V_1", 3, true, Some("1.16.0")),
                v("MISSING", 4, false, None),
                v("LINES", 5, false, None),
                v("COMMENT", 5, false, None)
            ]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        /// What pip gets is read as what was read here, line by line.
        #[test]
        fn a_plain_text_says_the_same(text in "([a-z#\\\\ \t\r\n\u{b}\u{c}\u{85}\u{2028}é=-]|\\$\\{V_1\\}){0,60}") {
            let none = Variables::default();
            let once = plain(&text, &none);
            let numbers = |text: &str| -> Vec<usize> { logical(text).iter().map(|line| line.number).collect() };
            prop_assert_eq!(plain(&once, &none), once.clone());
            prop_assert_eq!(numbers(&once).len(), numbers(&text).len());
            prop_assert_eq!(super::super::lines(&once), super::super::lines(&text));
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(text) = decoded(&bytes) {
                let _ = (plain(&text, &Variables::new(look, Mask::default())), variables(&text, &Variables::default()));
            }
        }
    }
}
