//! What a terminal would act on instead of showing it. Whatever was not written here (logs, answers of servers, names in archives) goes
//! through this before it is shown; JSON gets all of it, escaped ([`escaped`]).

use std::borrow::Cow;

/// Whether a terminal would act on a character: control characters, and those that turn the direction of text or end a line.
#[must_use]
pub fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A foreign line as it may be shown: without escape sequences, control and direction characters, tabs as spaces, and
/// of a line that was drawn over with carriage returns only what was seen last.
#[must_use]
pub fn clean(line: &str) -> Cow<'_, str> {
    if !line.chars().any(acts) {
        return Cow::Borrowed(line);
    }
    let seen = line.rsplit('\r').find(|part| !part.trim().is_empty()).unwrap_or_default();
    let mut out = String::with_capacity(seen.len());
    let mut chars = seen.chars();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => skip_escape(&mut chars),
            '\t' => out.push_str("    "),
            c if acts(c) => {}
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// JSON with every such character in its strings as `\u….`: the text is the same to whoever reads it, and a terminal shows it.
#[must_use]
pub fn escaped(json: String) -> String {
    if !json.chars().any(acts) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        // None of them has more than 16 bits.
        if acts(c) { out.push_str(&format!("\\u{:04x}", u32::from(c))) } else { out.push(c) }
    }
    out
}

/// Reads past an escape sequence whose escape character was read.
fn skip_escape(chars: &mut std::str::Chars<'_>) {
    match chars.next() {
        // A control sequence ends with a letter or one of a few signs.
        Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
        // A title, a link: ends with a bell or with an escape and a backslash.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = chars.next() {
                if c == '\x07' || (c == '\x1b' && chars.next().is_some()) {
                    return;
                }
            }
        }
        // A character set: one more.
        Some('(' | ')' | '#' | '%') => drop(chars.next()),
        _ => {}
    }
}

/// The same of a text of several lines, whose ends are kept.
#[must_use]
pub fn clean_lines(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && acts(c)) {
        return Cow::Borrowed(text);
    }
    let line = |line: &str| match line.strip_suffix('\n') {
        Some(line) => format!("{}\n", clean(line)),
        None => clean(line).into_owned(),
    };
    Cow::Owned(text.split_inclusive('\n').map(line).collect())
}

/// A drawn line without what a terminal would act on, as a shown text may hold anything; colours stay where wanted.
#[must_use]
pub fn harmless(line: &str, colour: bool) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let code = rest.strip_prefix("\u{1b}[").filter(|_| colour).and_then(|code| {
            let end = code.find(|c: char| !c.is_ascii_digit() && c != ';')?;
            code[end..].starts_with('m').then_some("\u{1b}[".len() + end + 1)
        });
        let length = code.unwrap_or(c.len_utf8());
        if code.is_none() && acts(c) {
            clean.push('?');
        } else {
            clean.push_str(&rest[..length]);
        }
        rest = &rest[length..];
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_and_nothing_else_acts() {
        assert_eq!(clean_lines("a\nb\n"), "a\nb\n");
        assert_eq!(clean_lines("\u{1b}[2Ja\u{9b}31m\r\n\u{202e}b\u{7}\tc\n\u{1b}]0;x\u{7}d"), "a31m\nb    c\nd");
        assert!(['\u{61c}', '\u{85}', '\u{9b}', '\u{7f}', '\u{2028}', '\u{2067}', '\u{1b}'].into_iter().all(acts));
        assert!(!['a', 'é', ' ', '\u{200d}'].into_iter().any(acts));
    }

    #[test]
    fn colours_stay_where_they_are_wanted() {
        assert_eq!(harmless("\u{1b}[31mred\u{1b}[0m\u{1b}[2J", true), "\u{1b}[31mred\u{1b}[0m?[2J");
        assert_eq!(harmless("\u{1b}[31mred", false), "?[31mred");
    }

    #[test]
    fn json_says_the_same_and_a_terminal_shows_it() {
        let text = "a\u{9b}31m\u{7f}\u{202e}b\u{2066}ü\n\"";
        let json = escaped(serde_json::to_string(text).unwrap());
        assert!(!json.chars().any(acts), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
