//! The program's own sources as tokens, with the line of each: enough to tell an import from a comment.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A source file.
pub struct Source {
    /// Relative to `src/`, e.g. `execute/wheels.rs`.
    pub path: String,
    pub tokens: Vec<Token>,
}

/// A word or a sign of the code; comments, texts and lifetimes are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub line: usize,
    pub text: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), tokens: tokens(text) }
    }

    /// The text of a token, empty beyond the end.
    pub fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &token.text)
    }

    /// `src/execute/wheels.rs:12`.
    pub fn place(&self, at: usize) -> String {
        format!("src/{}:{}", self.path, self.tokens.get(at).map_or(0, |token| token.line))
    }

    /// The names of the modules down to this file: `["build", "wheels"]`; none for `lib.rs` and `main.rs`.
    pub fn module(&self) -> Vec<&str> {
        let stem = self.path.trim_end_matches(".rs");
        stem.split('/').filter(|name| !["lib", "main", "mod"].contains(name)).collect()
    }

    /// For every token, how many modules written inside of this file it is in.
    pub fn depths(&self) -> Vec<usize> {
        let (mut depths, mut braces, mut inner): (_, usize, Vec<usize>) = (Vec::new(), 0, Vec::new());
        for at in 0..self.tokens.len() {
            match self.word(at) {
                "{" => {
                    braces += 1;
                    if at >= 2 && self.word(at - 2) == "mod" {
                        inner.push(braces);
                    }
                }
                "}" => {
                    if inner.last() == Some(&braces) {
                        inner.pop();
                    }
                    braces = braces.saturating_sub(1);
                }
                _ => {}
            }
            depths.push(inner.len());
        }
        depths
    }
}

/// Every file below `src/`, sorted.
pub fn all() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let found: Vec<Source> = rust_files(&root)
        .iter()
        .map(|path| {
            Source::new(path.strip_prefix(&root).unwrap().to_str().unwrap(), &fs::read_to_string(path).unwrap())
        })
        .collect();
    assert!(found.len() > 50, "only {} files below {}", found.len(), root.display());
    found
}

/// Every `.rs` file below a folder, sorted.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { rest: text, line: 1, found: Vec::new() };
    while !lexer.rest.is_empty() {
        lexer.step();
    }
    lexer.found
}

struct Lexer<'t> {
    rest: &'t str,
    line: usize,
    found: Vec<Token>,
}

impl Lexer<'_> {
    fn step(&mut self) {
        let first = self.rest.chars().next().unwrap_or_default();
        let length = if self.rest.starts_with("//") {
            self.rest.find('\n').unwrap_or(self.rest.len())
        } else if self.rest.starts_with("/*") {
            block_comment(self.rest)
        } else if let Some(length) = text_literal(self.rest) {
            length
        } else if first == '\'' {
            char_or_lifetime(self.rest)
        } else if first.is_alphanumeric() || first == '_' {
            let end = |c: char| !(c.is_alphanumeric() || c == '_');
            let length = self.rest.find(end).unwrap_or(self.rest.len());
            self.take(length);
            length
        } else if self.rest.starts_with("::") {
            self.take(2);
            2
        } else {
            if !first.is_whitespace() {
                self.take(first.len_utf8());
            }
            first.len_utf8()
        };
        self.line += self.rest[..length].matches('\n').count();
        self.rest = &self.rest[length..];
    }

    fn take(&mut self, length: usize) {
        self.found.push(Token { line: self.line, text: self.rest[..length].to_owned() });
    }
}

fn block_comment(text: &str) -> usize {
    let (mut at, mut deep) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (at, deep) = (at + 2, deep + 1);
        } else if text[at..].starts_with("*/") {
            (at, deep) = (at + 2, deep - 1);
            if deep == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of a text literal of any kind, where one begins.
fn text_literal(text: &str) -> Option<usize> {
    let prefix = ["", "b", "c", "r", "br", "cr"].into_iter().find(|prefix| {
        let rest = text.strip_prefix(prefix).unwrap_or_default();
        rest.starts_with('"')
            || (prefix.ends_with('r') && rest.trim_start_matches('#').starts_with('"') && rest.starts_with('#'))
    })?;
    let rest = &text[prefix.len()..];
    if prefix.ends_with('r') {
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        let end = format!("\"{}", "#".repeat(hashes));
        let from = hashes + 1;
        let length = rest[from..].find(&end).map_or(rest.len(), |at| from + at + end.len());
        return Some(prefix.len() + length);
    }
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(prefix.len() + at + 1),
            _ => {}
        }
    }
    Some(text.len())
}

/// The length of `'a'`, `'\n'`, `'\u{1}'` or of a lifetime.
fn char_or_lifetime(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => text[3..].find('\'').map_or(text.len(), |at| at + 4),
        Some(_) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}

#[test]
fn comments_and_texts_are_no_code() {
    let text = "//! crate::a\nuse x; /* crate::b /* c */ */ let s = \"crate::d \\\" e\"; r#\"f \" g\"#; b\"h\"; '\\''; 'i'; &'j k";
    let source = Source::new("x.rs", text);
    let words: Vec<&str> = source.tokens.iter().map(|token| token.text.as_str()).collect();
    assert_eq!(words, ["use", "x", ";", "let", "s", "=", ";", ";", ";", ";", ";", "&", "j", "k"]);
    assert_eq!(source.tokens[0].line, 2);
}

#[test]
fn modules_inside_of_a_file_are_seen() {
    let source = Source::new("a/mod.rs", "use b; mod tests { fn c() { d } } e");
    let depth = |word: &str| {
        let at = source.tokens.iter().position(|token| token.text == word).unwrap();
        source.depths()[at]
    };
    assert_eq!([depth("b"), depth("d"), depth("e")], [0, 1, 0]);
    assert_eq!(source.module(), ["a"]);
}
