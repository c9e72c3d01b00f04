//! Small text rules of Debian files: fields that fold. Pure functions.

pub(super) use super::super::text::{indented, line, optional_line, quote, wrap};

/// Folds text into continuation lines of a control field (policy 5.6.13): paragraphs are wrapped, an empty line becomes
/// ` .`, an indented line is kept as it is. The lines begin with a space and have no line end.
pub(super) fn fold(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut paragraph = String::new();
    for raw in text.lines() {
        let raw = printable(raw);
        if raw.is_empty() || raw.starts_with(' ') {
            flush(&mut paragraph, &mut lines);
            lines.push(if raw.is_empty() { " .".to_owned() } else { format!(" {raw}") });
        } else {
            paragraph.push_str(&raw);
            paragraph.push(' ');
        }
    }
    flush(&mut paragraph, &mut lines);
    trimmed(lines)
}

/// As [`fold`], but every line stays where it is: for licence texts.
pub(super) fn verbatim(text: &str) -> Vec<String> {
    let line = |raw: &str| match printable(raw) {
        raw if raw.is_empty() => " .".to_owned(),
        raw => guarded(format!(" {raw}")),
    };
    trimmed(text.lines().map(line).collect())
}

fn flush(paragraph: &mut String, lines: &mut Vec<String>) {
    if !paragraph.trim().is_empty() {
        lines.extend(wrap(paragraph, " ", " ").into_iter().map(guarded));
    }
    paragraph.clear();
}

/// A line of a full stop and more is reserved (policy 5.6.13); one more space makes it text.
fn guarded(line: String) -> String {
    if line.starts_with(" .") { format!(" {line}") } else { line }
}

/// A line without control characters (those that separate words become spaces) and without blanks at its end.
fn printable(line: &str) -> String {
    let spaced = line.replace('\t', "    ").replace(|c: char| c.is_control() && c.is_whitespace(), " ");
    let clean: String = spaced.chars().filter(|c| !c.is_control()).collect();
    clean.trim_end().to_owned()
}

/// Without empty lines at both ends, and one of several in a row.
fn trimmed(mut lines: Vec<String>) -> Vec<String> {
    lines.dedup_by(|next, last| next == " ." && last == " .");
    if lines.last().is_some_and(|last| last == " .") {
        lines.pop();
    }
    if lines.first().is_some_and(|first| first == " .") {
        lines.remove(0);
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn descriptions_fold() {
        let text = "\n\nOne paragraph\nof two lines.\n\n\n  * kept\n.NET is a word.\n\n";
        assert_eq!(fold(text), [" One paragraph of two lines.", " .", "   * kept", "  .NET is a word."]);
        assert_eq!(fold("  \n \t"), [""; 0]);
        assert_eq!(verbatim("A\r\n\x0c\n\tB  \n.C"), [" A", " .", "     B", "  .C"]);
    }

    proptest! {
        #[test]
        fn folded_text_cannot_leave_its_field(text in "(?s).{0,200}") {
            for lines in [fold(&text), verbatim(&text)] {
                for line in &lines {
                    prop_assert!(line.starts_with(' ') && !line.chars().any(char::is_control), "{line:?}");
                    prop_assert!(line == " ." || !line.starts_with(" ."), "{line:?}");
                    prop_assert!(!line.trim().is_empty());
                }
            }
            // No word is lost or changed. (A word that is a full stop looks like an empty line here.)
            let visible: String = text.chars().filter(|c| !c.is_control() || c.is_whitespace()).collect();
            let words: Vec<&str> = visible.split_whitespace().filter(|word| *word != ".").collect();
            let folded = fold(&text).join("\n");
            let kept: Vec<&str> = folded.split_whitespace().filter(|word| *word != ".").collect();
            prop_assert_eq!(kept, words);
        }
    }
}
