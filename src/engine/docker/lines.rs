//! Turns bytes of a program's output, as they happen to arrive, into clean lines.
//!
//! It never prints, and never keeps more than one line ([`MAX_LINE`] bytes) of a stream in memory.

use crate::util::terminal::acts;

/// The longest line passed on, in bytes of UTF-8; the rest of a longer one is dropped.
pub(crate) const MAX_LINE: usize = 16 * 1024;

/// Marks a line that was cut.
const CUT: &str = " […]";

/// Reassembles the lines of one stream. Chunks may end anywhere: inside a line, an escape sequence or a character.
///
/// A carriage return starts the line over, as a terminal would show it: of a progress bar only the last state remains.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pending: Vec<u8>,
    /// Bytes of the current line beyond the limit were dropped.
    cut: bool,
    /// The last byte was a carriage return: what follows, unless a line feed, replaces the line.
    returned: bool,
}

impl Lines {
    /// Takes a chunk and hands every line completed by it to `emit`.
    pub(crate) fn push(&mut self, chunk: &[u8], emit: &mut dyn FnMut(&str)) {
        for &byte in chunk {
            match byte {
                b'\n' => self.end(emit),
                b'\r' => self.returned = true,
                _ => self.take(byte),
            }
        }
    }

    /// The stream is over: hands out what is left of a last line without a line end.
    pub(crate) fn finish(&mut self, emit: &mut dyn FnMut(&str)) {
        if !self.pending.is_empty() {
            self.end(emit);
        }
    }

    fn take(&mut self, byte: u8) {
        if std::mem::take(&mut self.returned) {
            self.pending.clear();
            self.cut = false;
        }
        // Twice the limit: escape sequences are counted here but not in the line.
        if self.pending.len() < 2 * MAX_LINE {
            self.pending.push(byte);
        } else {
            self.cut = true;
        }
    }

    fn end(&mut self, emit: &mut dyn FnMut(&str)) {
        emit(&shortened(clean(&String::from_utf8_lossy(&self.pending)), self.cut));
        self.pending.clear();
        self.cut = false;
        self.returned = false;
    }
}

/// One line of text that is complete already, cleaned and cut like those of [`Lines`].
pub(crate) fn tidy(text: &str) -> String {
    shortened(clean(text.trim_end_matches(['\r', '\n'])), false)
}

/// Drops terminal escape sequences, expands tabs and replaces every other control character (and those that reorder
/// text) with U+FFFD.
fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut column = 0_usize;
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_control_sequence(&mut chars),
            '\t' => {
                let width = 8 - column % 8;
                cleaned.extend(std::iter::repeat_n(' ', width));
                column += width;
            }
            c => {
                cleaned.push(if acts(c) { char::REPLACEMENT_CHARACTER } else { c });
                column += 1;
            }
        }
    }
    cleaned
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// What follows an ESC: a control sequence (`[`), a string up to its terminator (`]`, `P`, `X`, `^`, `_`), or one
/// character after any intermediate ones.
fn skip_escape(chars: &mut Chars<'_>) {
    match chars.next() {
        Some('[') => skip_control_sequence(chars),
        Some(']' | 'P' | 'X' | '^' | '_') => skip_string(chars),
        Some(' '..='/') => while matches!(chars.next(), Some(' '..='/')) {},
        _ => {}
    }
}

/// Parameters and intermediates, then one final character of `@` to `~`. Anything else ends it as a broken one.
fn skip_control_sequence(chars: &mut Chars<'_>) {
    while chars.next_if(|c| (' '..='?').contains(c)).is_some() {}
    let _final = chars.next_if(|c| ('@'..='~').contains(c));
}

/// Up to BEL, ST or ESC `\`.
fn skip_string(chars: &mut Chars<'_>) {
    while let Some(c) = chars.next() {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                let _terminator = chars.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}

fn shortened(mut line: String, cut: bool) -> String {
    let room = MAX_LINE - CUT.len();
    if line.len() > MAX_LINE || (cut && line.len() > room) {
        line.truncate(line.floor_char_boundary(room));
        line.push_str(CUT);
    } else if cut {
        line.push_str(CUT);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(chunks: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut out = Vec::new();
        for chunk in chunks {
            lines.push(chunk, &mut |line| out.push(line.to_owned()));
        }
        lines.finish(&mut |line| out.push(line.to_owned()));
        out
    }

    #[test]
    fn lines_are_put_together_from_any_chunks() {
        let text = "Réception de :1 dépôt\nfin\n\nsans fin".as_bytes();
        let whole = lines_of(&[text]);
        assert_eq!(whole, ["Réception de :1 dépôt", "fin", "", "sans fin"]);
        for size in 1..text.len() {
            assert_eq!(lines_of(&text.chunks(size).collect::<Vec<_>>()), whole, "chunks of {size}");
        }
    }

    #[test]
    fn a_carriage_return_starts_the_line_over() {
        assert_eq!(lines_of(&[b"10%\r50%\r", b"100% done\nnext\r\nlast\r"]), ["100% done", "next", "last"]);
        assert_eq!(lines_of(&[b"a\r", b"\n", b"b\r\r\n"]), ["a", "b"]);
    }

    #[test]
    fn escapes_and_control_characters_do_not_pass() {
        assert_eq!(lines_of(&[b"\x1b[1;31mred\x1b", b"[0m\x1b(B plain\n"]), ["red plain"]);
        assert_eq!(lines_of(&[b"\x1b]0;title\x07text \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n"]), ["text link"]);
        assert_eq!(lines_of(&["a\u{8}b\u{7f}c\u{9b}2Jd\u{202e}e\n".as_bytes()]), ["a\u{fffd}b\u{fffd}cd\u{fffd}e"]);
        assert_eq!(lines_of(&[b"ab\tc\td\n"]), ["ab      c       d"]);
        assert_eq!(lines_of(&[b"\x1b"]), [""]);
    }

    #[test]
    fn bytes_that_are_no_utf8_are_replaced() {
        assert_eq!(lines_of(&[b"caf\xe9 ok\n"]), ["caf\u{fffd} ok"]);
    }

    #[test]
    fn long_lines_are_cut_at_a_character_and_the_next_one_is_whole() {
        let long = "é".repeat(40 * 1024);
        let out = lines_of(&[long.as_bytes(), b"\nshort\n"]);
        assert!(out[0].len() <= MAX_LINE && out[0].ends_with(CUT), "{} bytes", out[0].len());
        assert_eq!(out[1], "short");
        assert_eq!(lines_of(&[&vec![b'x'; MAX_LINE], b"\n"])[0].len(), MAX_LINE);
        assert!(tidy(&long).len() <= MAX_LINE);
    }
}
