//! From a text to what a reader makes of it, or to all of its mistakes. Touches no file.

use toml::de::DeTable;

use super::{Issue, Issues, Report, Source, Span, TableAt};

/// Reads `text`, the file `name`, with `reader`.
///
/// A syntax error does not hide the mistakes that are before it. Those that follow it, or that depend on the
/// whole, are left out: the syntax error may be their cause.
pub(crate) fn read<T>(
    name: &str,
    text: &str,
    reader: impl FnOnce(&TableAt<'_>, &mut Issues) -> T,
) -> Result<T, Report> {
    let (root, syntax) = DeTable::parse_recoverable(text);
    let mut issues = Issues::default();
    let value = reader(&TableAt::root(&root), &mut issues);
    let mut syntax: Vec<&toml::de::Error> = syntax.iter().collect();
    syntax.sort_by_key(|error| place(error, text).start);
    // The first one may be the cause of all that follow.
    let first = syntax.iter().position(|error| !is_harmless(error));
    if let Some(first) = first {
        issues.before(place(syntax[first], text).start);
    }
    for error in &syntax[..first.map_or(syntax.len(), |first| first + 1)] {
        if !issues.are_wanted() {
            break;
        }
        issues.add(syntax_issue(error, text));
    }
    if issues.is_empty() { Ok(value) } else { Err(Report::new(Source::new(name, text), issues.into_sorted())) }
}

/// Why a text is not TOML, at its first place; `None` where it is.
pub(crate) fn unreadable(text: &str) -> Option<Issue> {
    let (_, errors) = DeTable::parse_recoverable(text);
    errors.iter().min_by_key(|error| place(error, text).start).map(|error| syntax_issue(error, text))
}

fn place(error: &toml::de::Error, text: &str) -> Span {
    error.span().unwrap_or(text.len()..text.len())
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
        Some((what, "nothing")) => (what, "nothing more goes here".to_owned()),
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
        Some(word) => issue.help(format!("text is written in quotes: `\"{word}\"`")),
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

    #[test]
    fn one_syntax_error_is_enough() {
        for text in
            ["=".repeat(100_000), "a = b\n".repeat(1000), "a = [\"x\"\n[b]\nc = 1\n[[d]]\ne = \"f\"\n".to_owned()]
        {
            let report = read("x", &text, |_, _| ()).unwrap_err();
            assert_eq!(report.issues().len(), 1);
        }
        let report = read("x", "a = 1\na = 2\nb = c\n\nd = e\nd = 1\n", |_, _| ()).unwrap_err();
        let said: Vec<&str> = report.issues().iter().map(|issue| issue.issue.message.as_str()).collect();
        assert_eq!(said.len(), 2, "what comes before it is a mistake of its own: {said:?}");
    }

    /// Each of them has a place of its own.
    #[test]
    fn keys_that_stand_twice_are_all_told_up_to_a_bound() {
        let report = read("x", &"a = 1\n".repeat(1000), |_, _| ()).unwrap_err();
        assert_eq!(report.issues().len(), 200);
    }
}
