//! Words for a shell, in commands that a person is offered: what comes from outside is one word of them, and nothing else.

/// A text as one word of a command line: as it is where no shell reads anything into it, else in single quotes. Control characters
/// are written out (`\n`): they would end the line, or tell the terminal something.
#[must_use]
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,@=:%~".contains(c);
    if !text.is_empty() && !text.starts_with(['-', '~']) && text.chars().all(plain) {
        return text.to_owned();
    }
    let mut quoted = String::from("'");
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("'\\''"),
            c if c.is_control() => quoted.extend(c.escape_debug()),
            c => quoted.push(c),
        }
    }
    quoted + "'"
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn nothing_is_read_into_a_word() {
        for plain in ["/srv/a", "a-b_c.d~1", "https://host:8/x"] {
            assert_eq!(word(plain), plain);
        }
        for (text, typed) in [
            ("", "''"),
            ("a b", "'a b'"),
            ("logs;touch PWN", "'logs;touch PWN'"),
            ("$(id)'", "'$(id)'\\'''"),
            ("a\nb\u{1b}", "'a\\nb\\u{1b}'"),
            ("-x", "'-x'"),
            ("~x", "'~x'"),
        ] {
            assert_eq!(word(text), typed);
        }
    }
}
