//! Small text rules that formats share: words for a shell, fields of one line, lines that fit. Pure functions.

use super::FormatError;

/// The longest line that is written, in columns: lintian and terminals want less than 80.
const WIDTH: usize = 79;

/// A word for a POSIX shell, in single quotes whatever it holds (XCU 2.2.2). NUL cannot be in a script; callers have
/// refused it.
pub(super) fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Every line of a text behind `columns` spaces; empty lines stay empty.
pub(super) fn indented(text: &str, columns: usize) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{:columns$}{line}\n", "") };
    text.lines().map(line).collect()
}

/// Checks that a value is one line that says something.
pub(super) fn line<'a>(field: &'static str, value: &'a str) -> Result<&'a str, FormatError> {
    if value.trim().is_empty() {
        return Err(FormatError::field(field, value, "it is empty"));
    }
    optional_line(field, value)
}

/// Checks that a value is one line, or nothing. A line end in it would begin another field.
pub(super) fn optional_line<'a>(field: &'static str, value: &'a str) -> Result<&'a str, FormatError> {
    if value.chars().any(char::is_control) {
        return Err(FormatError::field(field, value, "it has a line end or another control character"));
    }
    Ok(value.trim())
}

/// Breaks words into lines of at most [`WIDTH`] columns behind the given indents; a longer word gets its own line.
pub(super) fn wrap(text: &str, first: &str, next: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut indent = first.len();
    for word in text.split_whitespace() {
        if line.len() > indent && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut line, next.to_owned()));
            indent = next.len();
        }
        if line.len() > indent {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// The project's own part of a script. It is not indented: it may hold here-documents.
pub(super) fn part(text: &str) -> Result<String, FormatError> {
    if text.contains('\0') {
        return Err(FormatError::field("scripts", text, "it has a NUL"));
    }
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    Ok(format!("# The project's own part.\n(\n{}\n)\n", text.replace("\r\n", "\n").trim_matches('\n')))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_field_is_one_line() {
        assert_eq!(line("summary", " a b ").unwrap(), "a b");
        let error = line("summary", "a\nDepends: evil").unwrap_err().to_string();
        assert_eq!(
            error,
            r"summary `a\nDepends: evil` cannot be written: it has a line end or another control character"
        );
        assert!(line("summary", "  ").is_err() && optional_line("homepage", "").is_ok());
    }

    #[test]
    fn lines_stay_within_eighty_columns() {
        let text = "word ".repeat(60) + &"é".repeat(90);
        let lines = wrap(&text, "  * ", "    ");
        assert!(lines[..lines.len() - 1].iter().all(|line| line.chars().count() <= WIDTH));
        assert!(lines[0].starts_with("  * word") && lines[1].starts_with("    word"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_shell_reads_back_what_was_quoted(word in "[^\\x00]{0,40}") {
            let shell = Command::new("sh").arg("-c").arg(format!("printf %s {}", quote(&word))).output().unwrap();
            prop_assert!(shell.status.success());
            prop_assert_eq!(shell.stdout, word.into_bytes());
        }
    }
}
