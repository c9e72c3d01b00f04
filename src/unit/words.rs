//! [`Words`]: a value taken apart into words, with quotes and C-style escapes undone (systemd.syntax(7), "Quoting").
//!
//! As systemd's own `extract_first_word` does it, a quote may also begin in the middle of a word.

/// The words of a value, one by one.
#[derive(Debug, Clone)]
pub struct Words<'a> {
    rest: &'a str,
}

/// What separates words.
const BLANK: [char; 4] = [' ', '\t', '\n', '\r'];

impl<'a> Words<'a> {
    /// The words of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { rest: text.trim_start_matches(BLANK) }
    }

    /// All of them.
    ///
    /// # Errors
    /// As [`Words::next`].
    pub fn all(text: &'a str) -> Result<Vec<String>, String> {
        let mut words = Self::new(text);
        let mut all = Vec::new();
        while let Some(word) = words.next()? {
            all.push(word);
        }
        Ok(all)
    }

    /// Takes `mark` when it is next, unquoted and as a word of its own.
    pub fn take_mark(&mut self, mark: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(mark).filter(|rest| rest.is_empty() || rest.starts_with(BLANK)) else {
            return false;
        };
        self.rest = rest.trim_start_matches(BLANK);
        true
    }

    /// The next word; `None` at the end.
    ///
    /// # Errors
    /// A quote that does not end, or an escape that systemd does not know.
    pub fn next(&mut self) -> Result<Option<String>, String> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut word = Vec::new();
        let mut quote: Option<char> = None;
        let mut chars = self.rest.chars();
        while let Some(c) = chars.next() {
            match (c, quote) {
                ('\\', _) => escape(&mut chars, &mut word)?,
                (c, Some(open)) if c == open => quote = None,
                ('\'' | '"', None) => quote = Some(c),
                (c, None) if BLANK.contains(&c) => break,
                (c, _) => word.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
        }
        if let Some(open) = quote {
            return Err(format!("the quote {open} does not end"));
        }
        self.rest = chars.as_str().trim_start_matches(BLANK);
        String::from_utf8(word).map(Some).map_err(|_| "its escapes do not make UTF-8 text".to_owned())
    }
}

/// Undoes one escape, whose backslash was read already.
fn escape(chars: &mut std::str::Chars<'_>, word: &mut Vec<u8>) -> Result<(), String> {
    let Some(c) = chars.next() else { return Err("it ends in a backslash".to_owned()) };
    let byte = match c {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        's' => b' ',
        '\\' | '"' | '\'' => c as u8,
        'x' => byte(&digits(chars, "\\x", "", 2)?, 16)?,
        '0'..='7' => byte(&digits(chars, "\\", &c.to_string(), 2)?, 8)?,
        'u' => return character(&digits(chars, "\\u", "", 4)?, word),
        'U' => return character(&digits(chars, "\\U", "", 8)?, word),
        c => return Err(format!("`\\{}` is no escape that systemd knows", c.escape_debug())),
    };
    word.push(byte);
    Ok(())
}

fn digits(chars: &mut std::str::Chars<'_>, mark: &str, first: &str, count: usize) -> Result<String, String> {
    let mut found = first.to_owned();
    for _ in 0..count {
        match chars.next() {
            Some(c) if c.is_ascii_hexdigit() => found.push(c),
            _ => return Err(format!("`{mark}{found}` has too few digits")),
        }
    }
    Ok(found)
}

fn byte(digits: &str, radix: u32) -> Result<u8, String> {
    let value = u8::from_str_radix(digits, radix).ok().filter(|value| *value != 0);
    value.ok_or_else(|| format!("the escape `{digits}` is no character"))
}

fn character(digits: &str, word: &mut Vec<u8>) -> Result<(), String> {
    let value = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).filter(|c| *c != '\0');
    let c = value.ok_or_else(|| format!("the escape `{digits}` is no character"))?;
    word.extend(c.encode_utf8(&mut [0; 4]).bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_escapes() {
        for (text, words) in [
            ("", &[] as &[&str]),
            ("  a  b\tc ", &["a", "b", "c"]),
            ("\"two words\" 'it \"is\"' \"it's\"", &["two words", "it \"is\"", "it's"]),
            ("''", &[""]),
            ("a\"b c\"d", &["ab cd"]),
            (r"a\x20b \040 \s", &["a b", " ", " "]),
            (r"\a\b\f\n\r\t\v\\ \u00e9 \U0001f600", &["\u{7}\u{8}\u{c}\n\r\t\u{b}\\", "é", "😀"]),
            (r"\xc3\xa9", &["é"]),
            (r#""a\"b" 'c\'d'"#, &["a\"b", "c'd"]),
        ] {
            assert_eq!(Words::all(text).unwrap(), words, "{text}");
        }
    }

    #[test]
    fn what_systemd_warns_of_is_an_error() {
        for bad in ["\"a", "'a\"", "\\", r"\d", r"\x0", r"\x00", r"\000", r"\400", r"\u12", r"\ud800", r"\xff", r"\89a"]
        {
            assert!(Words::all(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_mark_is_a_word_of_its_own() {
        let mut words = Words::new("a ; b ;c");
        assert_eq!(words.next().unwrap().as_deref(), Some("a"));
        assert!(words.take_mark(";"));
        assert_eq!(words.next().unwrap().as_deref(), Some("b"));
        assert!(!words.take_mark(";"));
        assert_eq!(words.next().unwrap().as_deref(), Some(";c"));
    }
}
