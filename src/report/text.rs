//! Text as a terminal shows it: how wide it is, what of it may be shown, where it is cut or wrapped. Pure.

use std::borrow::Cow;

use crate::util::wrap::columns;
pub use crate::util::{
    terminal::clean,
    wrap::{hanging, width, wrapped},
};

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
    fn cut_and_padded() {
        assert_eq!(cut("0123456789", 10), "0123456789");
        assert_eq!(cut("0123456789a", 10), "0123456...");
        assert_eq!(cut("日本日本日本", 8), "日本...");
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
