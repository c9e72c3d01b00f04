//! [`Source`]: a file's text made fit for a terminal. Never holds a password that was in a URL.

use super::Span;
pub(super) use crate::util::terminal::acts as is_unsafe;

/// A file as an error shows it: byte for byte as long as the original, so that spans fit, but without control
/// characters and without the userinfo of URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl Source {
    /// The file `name` with its `text`.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        let text = without_userinfo(&without_control(text));
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1)).collect();
        Self { name: name.escape_debug().to_string(), text, lines }
    }

    /// The file's name as the user would type it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text, fit to be shown.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line and the column of a byte, both from 1, the column in characters.
    #[must_use]
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let offset = self.boundary(offset);
        let line = self.line_of(offset);
        (line + 1, self.text[self.lines[line]..offset].chars().count() + 1)
    }

    /// How many lines there are; behind the last line end is one more.
    pub(super) fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// The number of a byte's line, from 0.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset) - 1
    }

    /// Where a line begins, and its text without its end.
    pub(super) fn line(&self, number: usize) -> (usize, &str) {
        let start = self.lines[number];
        let line = self.text[start..].split('\n').next().unwrap_or_default();
        (start, line.trim_end_matches('\r'))
    }

    /// The part of `span` that lies on its first line: what a label underlines.
    #[must_use]
    pub fn first_line(&self, span: &Span) -> Span {
        let start = self.boundary(span.start);
        let end = self.boundary(span.end).max(start);
        let cut = self.text[start..end].find(['\r', '\n']).map_or(end, |length| start + length);
        start..cut
    }

    /// The nearest boundary of a character at or before `offset`.
    fn boundary(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset)
    }
}

/// Puts a harmless character of the same length in the place of every one that a terminal acts on.
fn without_control(text: &str) -> String {
    // As nearly every file is.
    if text.bytes().all(|byte| matches!(byte, b'\n' | b'\t' | b' '..=b'~')) {
        return text.to_owned();
    }
    let mut chars = text.chars().peekable();
    let mut clean = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        let kept = matches!(c, '\n' | '\t') || c == '\r' && chars.peek() == Some(&'\n');
        clean.push(match c.len_utf8() {
            _ if kept || !is_unsafe(c) => c,
            1 => '?',
            2 => '¿',
            _ => '\u{fffd}',
        });
    }
    clean
}

/// Stars out `user:password` in `scheme://user:password@host`, and in `user:password@host` without a scheme.
pub(super) fn without_userinfo(text: &str) -> String {
    if !text.contains('@') {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<')) {
        match userinfo(piece) {
            Some(Span { start, end }) => {
                clean.push_str(&piece[..start]);
                clean.extend(std::iter::repeat_n('*', end - start));
                clean.push_str(&piece[end..]);
            }
            None => clean.push_str(piece),
        }
    }
    clean
}

/// Where the userinfo of a word is, if it has one.
fn userinfo(word: &str) -> Option<Span> {
    let end = word.rfind('@')?;
    if let Some(scheme) = word[..end].find("://") {
        return Some(scheme + 3..end);
    }
    let is_digest = word[end + 1..].starts_with("sha256:");
    (word[..end].contains(':') && !is_digest).then_some(0..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_starred_out() {
        let shown = |text: &str| Source::new("x", text).text().to_owned();
        assert_eq!(shown("u = \"https://me:se/cret@host/x\""), "u = \"https://**********@host/x\"");
        assert_eq!(shown("r = \"me:secret@host:5000\""), "r = \"*********@host:5000\"");
        assert_eq!(shown("m = \"A B <a@b.org>\""), "m = \"A B <a@b.org>\"");
        assert_eq!(shown("i = \"debian:12@sha256:0\""), "i = \"debian:12@sha256:0\"");
    }

    #[test]
    fn control_characters_keep_their_length() {
        let text = "a\u{1b}[31m\u{9b}\u{202e}\r\n\rb\tc";
        let source = Source::new("x", text);
        assert_eq!(source.text().len(), text.len());
        assert_eq!(source.text(), "a?[31m¿\u{fffd}\r\n?b\tc");
    }

    #[test]
    fn positions_count_characters() {
        let source = Source::new("x", "é = 1\nü = 2\n");
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position("é = 1\nü".len()), (2, 2));
        assert_eq!(source.position(1000), (3, 1));
        assert_eq!(source.first_line(&(0..20)), 0..6);
    }
}
