//! From a text to what a reader makes of it, or to all of its mistakes. Touches no file.

use toml::de::DeTable;

use super::{Issue, Issues, Report, Source, Span, TableAt};

/// Reads `text`, the file `name`, with `reader`.
///
/// A syntax error does not hide the mistakes that stand before it. Those that stand behind it, or that depend on the
/// whole, are left out: the syntax error may be their cause.
pub(crate) fn read<T>(
    name: &str,
    text: &str,
    reader: impl FnOnce(&TableAt<'_>, &mut Issues) -> T,
) -> Result<T, Report> {
    let (root, syntax) = DeTable::parse_recoverable(text);
    let mut issues = Issues::default();
    let value = reader(&TableAt::root(&root), &mut issues);
    let syntax = first_of_each_line(&syntax, text);
    if let Some(first) = syntax.iter().filter(|error| !is_harmless(error)).map(|error| place(error, text).start).min() {
        issues.before(first);
    }
    for error in syntax {
        if !issues.are_wanted() {
            break;
        }
        issues.add(syntax_issue(error, text));
    }
    if issues.is_empty() { Ok(value) } else { Err(Report::new(Source::new(name, text), issues.into_sorted())) }
}

fn place(error: &toml::de::Error, text: &str) -> Span {
    error.span().unwrap_or(text.len()..text.len())
}

/// One syntax error brings others of its line along, which say nothing more.
fn first_of_each_line<'e>(errors: &'e [toml::de::Error], text: &str) -> Vec<&'e toml::de::Error> {
    let mut sorted: Vec<&toml::de::Error> = errors.iter().collect();
    sorted.sort_by_key(|error| place(error, text).start);
    let mut kept: Vec<&toml::de::Error> = Vec::new();
    // Up to where it is known that no line ends behind the last one that was kept.
    let mut looked = 0;
    for error in sorted {
        let start = place(error, text).start;
        let same_line = !kept.is_empty() && !text.get(looked..start).unwrap_or_default().contains('\n');
        looked = start;
        if !same_line || is_harmless(error) {
            kept.push(error);
        }
    }
    kept
}

/// The parser's word for it.
const DUPLICATE: &str = "duplicate key";

/// A key given twice leaves the rest of the file as readable as it was.
fn is_harmless(error: &toml::de::Error) -> bool {
    error.message().starts_with(DUPLICATE)
}

fn syntax_issue(error: &toml::de::Error, text: &str) -> Issue {
    let span = place(error, text);
    let (what, expected) = match error.message().split_once(", expected ") {
        Some((what, expected)) => (what, format!("expected {expected}")),
        None => (error.message(), "here".to_owned()),
    };
    if what == DUPLICATE {
        let key = text.get(span.clone()).unwrap_or_default();
        return Issue::new(&span, format!("the same key twice: {}", super::quoted(key)))
            .label("given before")
            .help("keep one of them; `[[…]]` with two brackets begins one more of a list");
    }
    let issue = Issue::new(&span, format!("this is not TOML: {what}")).label(expected);
    match bare_word(text, &span) {
        Some(word) => issue.help(format!("text stands in quotes: `\"{word}\"`")),
        None => issue,
    }
}

/// The unquoted word at a place where a string was probably meant.
fn bare_word<'t>(text: &'t str, span: &Span) -> Option<&'t str> {
    let start = text.get(..span.start)?.trim_end();
    // Not the whole of a long line, on which each error looks for its own.
    let rest = text.get(span.start..)?;
    let word = rest[..rest.floor_char_boundary(100)].split(['\n', ',', '#', ']', '}']).next()?.trim();
    let plain = !word.is_empty() && word.len() < 60 && word.chars().all(|c| c.is_alphanumeric() || "/.-_ ".contains(c));
    (start.ends_with(['=', '[', ',']) && plain).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each error would look through the line again.
    #[test]
    fn many_errors_on_one_line() {
        let report = read("x", &"=".repeat(100_000), |_, _| ()).unwrap_err();
        assert_eq!(report.issues().len(), 1);
        let report = read("x", &"a = b\n".repeat(1000), |_, _| ()).unwrap_err();
        assert_eq!(report.issues().len(), 200);
    }
}
