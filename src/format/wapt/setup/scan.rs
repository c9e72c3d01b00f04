//! Python's lines, as far as finding its statements needs: comments, strings, brackets and indentation. Runs nothing.

use crate::util::toml::Span;

/// A statement: a logical line, without comments, with strings emptied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Columns before it; a tab reaches to the next multiple of 8.
    pub indent: usize,
    /// Its words, blanks and line ends as one blank.
    pub text: String,
    /// The place of its first line.
    pub span: Span,
}

impl Statement {
    /// What is between the brackets of `def <name>(…)`, where it is that.
    pub fn defines(&self, name: &str) -> Option<&str> {
        let rest = self.text.strip_prefix("def ").or_else(|| self.text.strip_prefix("async def "))?;
        let rest = rest.trim_start().strip_prefix(name)?.trim_start().strip_prefix('(')?;
        let mut deep = 0_usize;
        // The bracket that closes this one: behind it, a type and the body may have some of their own.
        let end = rest.find(|c| match c {
            '(' | '[' | '{' => {
                deep += 1;
                false
            }
            ')' | ']' | '}' if deep > 0 => {
                deep -= 1;
                false
            }
            ')' => true,
            _ => false,
        });
        Some(&rest[..end.unwrap_or(rest.len())])
    }

    /// Whether it gives a name a value: alone, with a type, beside others (`a = b = …`, `a, b = …`), or with `+=`.
    pub fn assigns(&self, name: &str) -> bool {
        let sides = assigned(&self.text);
        sides.iter().any(|side| {
            parts(side.trim().trim_matches(['(', ')', '[', ']']))
                .any(|target| target.split(':').next().unwrap_or_default().trim().trim_start_matches('*') == name)
        })
    }

    /// Whether it brings a name in from another module.
    pub fn imports(&self, name: &str) -> bool {
        let from = self.text.strip_prefix("from ").and_then(|rest| rest.split_once(" import "));
        let list = from.map(|(_, list)| list).or_else(|| self.text.strip_prefix("import "));
        let bare = |list: &str| list.trim().trim_matches(['(', ')']).to_owned();
        list.is_some_and(|list| {
            bare(list).split(',').any(|one| one.split(" as ").last().unwrap_or_default().trim() == name)
        })
    }

    /// Whether names get their values further in: the body of a function or a class.
    pub fn opens_a_scope(&self) -> bool {
        ["def ", "async def ", "class "].iter().any(|word| self.text.starts_with(word))
    }
}

/// What comes before each `=` of an assignment.
fn assigned(text: &str) -> Vec<&str> {
    let mut deep = 0_usize;
    let mut from = 0;
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => deep += 1,
            b')' | b']' | b'}' => deep = deep.saturating_sub(1),
            b'=' if deep == 0 => {
                // Comparisons end it: what follows is a value.
                if bytes.get(at + 1) == Some(&b'=') || at.checked_sub(1).is_some_and(|at| b"=!<>".contains(&bytes[at]))
                {
                    break;
                }
                found.push(text[from..at].trim_end_matches(['+', ':', '|']));
                from = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// The parts of a list between its commas, those in brackets aside.
pub fn parts(list: &str) -> impl Iterator<Item = &str> {
    let mut deep = 0_usize;
    list.split(move |c| {
        match c {
            '(' | '[' | '{' => deep += 1,
            ')' | ']' | '}' => deep = deep.saturating_sub(1),
            _ => {}
        }
        c == ',' && deep == 0
    })
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Scanned {
    pub statements: Vec<Statement>,
    /// Something that is not closed: where it begins.
    pub broken: Option<(Span, &'static str)>,
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    deep: Vec<usize>,
    current: String,
    start: Option<(usize, usize)>,
    /// Up to where columns were counted, and the column there.
    line: usize,
    column: usize,
    /// How far the line reaches that was looked at last: many statements may be on one.
    line_end: usize,
    found: Scanned,
}

/// No file has more statements.
const MOST: usize = 200_000;

/// Takes a text apart.
pub fn statements(text: &str) -> Scanned {
    let mut scanner = Scanner {
        text,
        at: 0,
        deep: Vec::new(),
        current: String::new(),
        start: None,
        line: 0,
        column: 0,
        line_end: 0,
        found: Scanned::default(),
    };
    while scanner.at < text.len() && scanner.found.statements.len() < MOST {
        scanner.step();
    }
    if scanner.at < text.len() {
        scanner.found.broken = Some((scanner.at..scanner.at, "the file has more than 200,000 statements"));
        return scanner.found;
    }
    if let Some(open) = scanner.deep.first().filter(|_| scanner.found.broken.is_none()) {
        scanner.found.broken = Some((*open..*open + 1, "a bracket is not closed"));
    }
    scanner.end();
    scanner.found
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn step(&mut self) {
        let Some(c) = self.rest().chars().next() else { return };
        match c {
            // A byte order mark is no code, but it has a column of its own in places.
            '\u{feff}' if self.at == 0 => self.at += c.len_utf8(),
            '#' => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
            '\n' if self.deep.is_empty() => {
                self.end();
                self.at += 1;
            }
            '\\' if self.rest()[1..].starts_with(['\n', '\r']) => {
                self.blank();
                self.at += if self.rest()[1..].starts_with("\r\n") { 3 } else { 2 };
            }
            ';' if self.deep.is_empty() => {
                let indent = self.start.map_or(0, |(_, indent)| indent);
                self.end();
                self.at += 1;
                let skipped = self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
                self.at += skipped;
                if !self.rest().starts_with(['\n', '\r', '#']) && !self.rest().is_empty() {
                    self.start = Some((self.at, indent));
                }
            }
            '\'' | '"' => self.string(c),
            c if c.is_whitespace() => {
                self.blank();
                self.at += c.len_utf8();
            }
            c => {
                self.begin();
                match c {
                    '(' | '[' | '{' => self.deep.push(self.at),
                    ')' | ']' | '}' => {
                        self.deep.pop();
                    }
                    _ => {}
                }
                self.current.push(c);
                self.at += c.len_utf8();
            }
        }
    }

    fn blank(&mut self) {
        if !self.current.is_empty() && !self.current.ends_with(' ') {
            self.current.push(' ');
        }
    }

    /// Remembers where a statement begins, and how deep.
    fn begin(&mut self) {
        if self.start.is_some() {
            return;
        }
        // Only what was not looked at yet.
        if let Some(end) = self.text[self.line..self.at].rfind('\n') {
            (self.line, self.column) = (self.line + end + 1, 0);
        }
        self.column = self.text[self.line..self.at].chars().fold(self.column, |column, c| match c {
            '\t' => (column / 8 + 1) * 8,
            '\u{feff}' => column,
            _ => column + 1,
        });
        self.line = self.at;
        self.start = Some((self.at, self.column));
    }

    fn string(&mut self, quote: char) {
        self.begin();
        let start = self.at;
        let before =
            self.current.chars().rev().take_while(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
        let is_prefix =
            ["r", "b", "u", "f", "br", "rb", "rf", "fr"].contains(&before.chars().rev().collect::<String>().as_str());
        if is_prefix {
            let length = self.current.len() - before.len();
            self.current.truncate(length);
        }
        let triple = quote.to_string().repeat(3);
        let long = self.rest().starts_with(&triple);
        let mut at = self.at + if long { 3 } else { 1 };
        loop {
            let rest = &self.text[at..];
            let Some(c) = rest.chars().next() else { break };
            if c == '\\' {
                at += 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
            } else if long && rest.starts_with(&triple) {
                self.at = at + 3;
                self.current.push_str("''");
                return;
            } else if !long && c == quote {
                self.at = at + 1;
                self.current.push_str("''");
                return;
            } else if !long && c == '\n' {
                break;
            } else {
                at += c.len_utf8();
            }
        }
        if self.found.broken.is_none() {
            self.found.broken = Some((start..start + 1, "a string is not closed"));
        }
        self.at = if long { self.text.len() } else { at };
    }

    fn end(&mut self) {
        let text = std::mem::take(&mut self.current);
        let Some((start, indent)) = self.start.take() else { return };
        let text = text.trim().to_owned();
        if text.is_empty() {
            return;
        }
        if self.line_end < start {
            self.line_end = self.text[start..].find(['\n', '\r']).map_or(self.text.len(), |length| start + length);
        }
        self.found.statements.push(Statement { indent, text, span: start..self.line_end });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn strings_and_comments_are_no_code() {
        let text = "a = r'x\\'y' # z\nb = (1,\n  \"\"\"q\n'\"\"\")\n\tc\\\n d; e\n";
        let found: Vec<(usize, String)> =
            statements(text).statements.into_iter().map(|one| (one.indent, one.text)).collect();
        let expected = [(0, "a = ''"), (0, "b = (1, '')"), (8, "c d"), (8, "e")];
        assert_eq!(found, expected.map(|(indent, text)| (indent, text.to_owned())));
    }

    #[test]
    fn a_byte_order_mark_moves_nothing() {
        let text = "\u{feff}import é\n(";
        let found = statements(text);
        assert_eq!((found.statements[0].indent, &text[found.statements[0].span.clone()]), (0, "import é"));
        assert_eq!(&text[found.broken.unwrap().0], "(");
    }

    /// Each would look through the whole line again.
    #[test]
    fn many_statements_on_one_line() {
        for text in ["a;".repeat(150_000), ";\ra".repeat(150_000)] {
            let found = statements(&text).statements;
            assert_eq!(found.len(), 150_000);
            assert!(found.iter().all(|statement| text.get(statement.span.clone()).is_some()));
        }
        assert_eq!(
            statements("a\n  b; c\n\td").statements.iter().map(|one| one.indent).collect::<Vec<_>>(),
            [0, 2, 2, 8]
        );
    }

    #[test]
    fn more_statements_than_anybody_writes_are_not_read() {
        let found = statements(&"a\n".repeat(MOST + 1));
        assert_eq!(found.broken.map(|(_, why)| why), Some("the file has more than 200,000 statements"));
    }

    proptest! {
        #[test]
        fn any_text_is_scanned(text in "\u{feff}?[a-z'\"\\\\#()\\[\\];\\n\\r\\té ]{0,60}") {
            let found = statements(&text);
            for statement in found.statements {
                prop_assert!(text.get(statement.span.clone()).is_some());
            }
        }
    }
}
