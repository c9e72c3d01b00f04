//! Text in lines of a width, for people. What is for copying is never torn: a path is one word, and so is all that is between two
//! backticks, a command or a line of a recipe. Where such a word is longer than the width it has a line of its own, which the terminal
//! breaks without changing what is copied.

use super::terminal::clean;

/// The columns a text takes. Colour sequences take none.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.contains('\x1b') { clean(text).chars().map(columns).sum() } else { text.chars().map(columns).sum() }
}

/// The columns of one character: the East Asian wide blocks and pictures take two, combining marks none.
#[must_use]
pub fn columns(c: char) -> usize {
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

/// The words of a paragraph, as it has them between single blanks: two blanks have an empty one between them. What is between two
/// backticks is one word, blanks and all; a backtick that is not closed is a character like others.
#[must_use]
pub fn words(paragraph: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), paragraph);
    while !rest.is_empty() {
        let (word, after) = rest.split_at(end_of_word(rest));
        found.push(word);
        rest = after.strip_prefix(' ').unwrap_or_default();
    }
    found
}

/// Where the first word ends. An opening backtick is looked for its other once: behind the last one there is none.
fn end_of_word(text: &str) -> usize {
    let mut is_open = false;
    let mut plain = None;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'`' => is_open = !is_open,
            b' ' if !is_open => return at,
            b' ' => plain = plain.or(Some(at)),
            _ => {}
        }
    }
    if is_open { plain.unwrap_or(text.len()) } else { text.len() }
}

/// The text in lines of at most `max` columns, broken between [`words`]; blanks and line ends between these become one blank.
#[must_use]
pub fn wrapped(text: &str, max: usize) -> Vec<String> {
    let text = text.replace(char::is_whitespace, " ");
    let mut lines = filled(words(&text).into_iter().filter(|word| !word.is_empty()), max, 0, 0);
    lines.retain(|line| !line.is_empty());
    lines
}

/// A text of several lines, each of them in lines of at most `max` columns. What is indented stays so, and goes on a little deeper; blanks
/// between words stay.
#[must_use]
pub fn wrapped_lines(text: &str, max: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.trim_end().split('\n') {
        let (lead, own) = indented(paragraph, max);
        let deeper = if lead > 0 { lead + 2 } else { 0 };
        lines.extend(filled(words(own).into_iter(), max, lead, deeper));
    }
    lines
}

/// One line in lines of at most `max` columns: what does not fit is below it, two columns deeper.
#[must_use]
pub fn hanging(line: &str, max: usize) -> Vec<String> {
    let (lead, own) = indented(line, max);
    filled(words(own).into_iter(), max, lead, lead + 2)
}

/// How deep a line begins, at most at a quarter of the width, and what is there.
fn indented(line: &str, max: usize) -> (usize, &str) {
    let own = line.trim_start_matches(' ');
    ((line.len() - own.len()).min(max / 4), own)
}

/// One paragraph, at least one line: the first one begins in column `first`, the others in column `others`, both from 0.
fn filled<'w>(words: impl Iterator<Item = &'w str>, max: usize, first: usize, others: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut used, mut is_begun) = (" ".repeat(first), first, false);
    for word in words {
        let length = width(word);
        if is_begun && used.saturating_add(1 + length) > max {
            lines.push(std::mem::replace(&mut line, " ".repeat(others)));
            (used, is_begun) = (others, false);
        }
        if is_begun {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
        is_begun = true;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
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
    fn a_list_keeps_its_indentation() {
        let text = format!(
            "shop has:\n  `/usr/bin/a` needs what is not {}there [library]\n  `/b` is open\nand more",
            "really ".repeat(4)
        );
        insta::assert_snapshot!(wrapped_lines(&text, 40).join("\n"), @"
        shop has:
          `/usr/bin/a` needs what is not really
            really really really there [library]
          `/b` is open
        and more
        ");
    }

    #[test]
    fn what_is_for_copying_is_never_torn() {
        assert_eq!(words("a  (`factory log x`), b"), ["a", "", "(`factory log x`),", "b"]);
        assert_eq!(words("a  `allow = [x y"), ["a", "", "`allow", "=", "[x", "y"], "one that is not closed is words");
        assert_eq!(words("it`s and it`s not"), ["it`s and it`s", "not"]);
        let path = format!("/opt/{}", "x".repeat(50));
        let said = format!("look at {path} or say `factory plan --explain --platform debian-12 --tag 1`");
        for lines in [wrapped(&said, 30), wrapped_lines(&said, 30)] {
            assert_eq!(
                lines,
                ["look at", &path, "or say", "`factory plan --explain --platform debian-12 --tag 1`"],
                "nothing in two"
            );
        }
    }

    #[test]
    fn what_does_not_fit_hangs() {
        assert_eq!(hanging("warning: one two three", 14), ["warning: one", "  two three"]);
        assert_eq!(hanging("  one two", 6), [" one", "   two"], "a narrow line is indented less");
        assert_eq!(hanging("", 14), [""]);
    }

    #[test]
    fn blanks_between_words() {
        assert_eq!(wrapped("one two  three-and-more", 8), ["one two", "three-and-more"]);
        assert_eq!(wrapped(" ", 8), Vec::<String>::new());
        assert_eq!(wrapped("a b", usize::MAX), ["a b"]);
        assert_eq!(wrapped("a b\n\tc", usize::MAX), ["a b c"]);
        assert_eq!(wrapped_lines("a  b\n\nc", 80), ["a  b", "", "c"]);
    }
}
