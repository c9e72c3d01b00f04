//! Text as a terminal shows it: how wide it is, what of it may be shown, where it is cut or wrapped. Pure.

use std::borrow::Cow;

pub use crate::util::terminal::clean;

/// The columns a text takes. Colour sequences take none.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.contains('\x1b') { clean(text).chars().map(columns).sum() } else { text.chars().map(columns).sum() }
}

/// The columns of one character: the East Asian wide blocks and pictures take two, combining marks none.
fn columns(c: char) -> usize {
    match u32::from(c) {
        0..0x20
        | 0x7f..0xa0
        | 0x300..=0x36f
        | 0x1ab0..=0x1aff
        | 0x1dc0..=0x1dff
        | 0x200b..=0x200f
        | 0x202a..=0x202e
        | 0x2066..=0x2069
        | 0x20d0..=0x20ff
        | 0xfe00..=0xfe0f
        | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The text, cut with `...` where it takes more than `max` columns.
#[must_use]
pub fn cut(text: &str, max: usize) -> Cow<'_, str> {
    if width(text) <= max {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut room = max.saturating_sub(3);
    for c in text.chars() {
        let Some(left) = room.checked_sub(columns(c)) else { break };
        room = left;
        out.push(c);
    }
    out.push_str("...");
    Cow::Owned(out)
}

/// The text, with `...` in its middle where it takes more than `max` columns: names differ at both ends.
#[must_use]
pub fn cut_in_the_middle(text: &str, max: usize) -> Cow<'_, str> {
    if width(text) <= max {
        return Cow::Borrowed(text);
    }
    let room = max.saturating_sub(3);
    let take = |chars: &mut dyn Iterator<Item = char>, mut room: usize| {
        let mut taken = Vec::new();
        for c in chars {
            let Some(left) = room.checked_sub(columns(c)) else { break };
            room = left;
            taken.push(c);
        }
        taken
    };
    let start = take(&mut text.chars(), room - room / 2);
    let end = take(&mut text.chars().rev(), room / 2);
    Cow::Owned(start.into_iter().chain("...".chars()).chain(end.into_iter().rev()).collect())
}

/// Adds a line with its line end.
pub(crate) fn push_line(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

/// The text followed by as many spaces as are missing to `columns`.
#[must_use]
pub fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The text in lines of at most `max` columns, broken at spaces; a longer word is a line of its own.
#[must_use]
pub fn wrapped(text: &str, max: usize) -> Vec<String> {
    let mut lines = vec![];
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && width(&line).saturating_add(1 + width(word)) > max {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn widths() {
        assert_eq!(width("debian-12"), 9);
        assert_eq!(width("✓ été"), 5);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(width("日本"), 4);
        assert_eq!(width("\x1b[31mno\x1b[0m"), 2);
    }

    #[test]
    fn foreign_lines_are_tamed() {
        assert_eq!(clean("plain"), "plain");
        assert_eq!(clean("\x1b[1;31merror:\x1b[0m\tno"), "error:    no");
        assert_eq!(clean("10%\r 50%\r100%\r"), "100%");
        assert_eq!(clean("\r\r"), "");
        assert_eq!(clean("a\x1b]8;;http://x\x07link\x1b]8;;\x1b\\b\x1b(Bc\x1b"), "alinkbc");
        assert_eq!(clean("\x07b\u{202e}c\x1b[12"), "bc");
    }

    #[test]
    fn cut_and_wrapped() {
        assert_eq!(cut("0123456789", 10), "0123456789");
        assert_eq!(cut("0123456789a", 10), "0123456...");
        assert_eq!(cut("日本日本日本", 8), "日本...");
        assert_eq!(wrapped("one two  three-and-more", 8), ["one two", "three-and-more"]);
        assert_eq!(wrapped(" ", 8), Vec::<String>::new());
        assert_eq!(wrapped("a b", usize::MAX), ["a b"]);
        assert_eq!(padded("été", 5), "été  ");
    }

    proptest! {
        #[test]
        fn nothing_moves_the_cursor(line in "[\\x00-\\x7f\u{200e}é]{0,40}", max in 3usize..50) {
            let clean = clean(&line);
            prop_assert!(!clean.chars().any(crate::util::terminal::acts));
            prop_assert!(width(&cut(&clean, max)) <= max);
        }
    }
}
