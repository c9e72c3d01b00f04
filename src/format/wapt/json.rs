//! JSON as Python's `json.dumps` writes it with `ensure_ascii`: what is signed is its bytes.

/// A string in quotes: everything beyond printable ASCII as `\u` and four lower-case digits, in pairs above U+FFFF.
pub fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{c}' => out.push_str("\\f"),
            '\u{8}' => out.push_str("\\b"),
            ' '..='~' => out.push(c),
            _ => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
    out
}

/// What Python's `int()` makes of a text, written as JSON; `None` where it is no integer.
pub fn integer(text: &str) -> Option<String> {
    let text = text.trim();
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    if digits.is_empty() || digits.len() > 1000 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    Some(if digits.is_empty() { "0".to_owned() } else { format!("{sign}{digits}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_ascii() {
        assert_eq!(
            string("a/\"\\\n\r\t\u{c}\u{8}\u{1}\u{7f}é😀"),
            r#""a/\"\\\n\r\t\f\b\u0001\u007f\u00e9\ud83d\ude00""#
        );
    }

    #[test]
    fn integers_are_python_s() {
        for (text, json) in [
            ("12345", Some("12345")),
            ("007", Some("7")),
            ("-0", Some("0")),
            ("+5", Some("5")),
            ("", None),
            ("1.5", None),
            ("-", None),
            ("1_0", None),
        ] {
            assert_eq!(integer(text).as_deref(), json, "{text:?}");
        }
    }
}
