//! [`Marker`]: when a requirement counts: `python_version < "3.8" and sys_platform != "win32"` (PEP 508).

use std::str::FromStr as _;

use pep440_rs::{Version, VersionSpecifier};

/// The most parentheses in each other.
const DEEPEST: usize = 32;
/// The names that stand for something, and their older ones.
const NAMES: [(&str, &str); 18] = [
    ("os_name", "os_name"),
    ("sys_platform", "sys_platform"),
    ("platform_machine", "platform_machine"),
    ("platform_python_implementation", "platform_python_implementation"),
    ("platform_release", "platform_release"),
    ("platform_system", "platform_system"),
    ("platform_version", "platform_version"),
    ("python_version", "python_version"),
    ("python_full_version", "python_full_version"),
    ("implementation_name", "implementation_name"),
    ("implementation_version", "implementation_version"),
    ("extra", "extra"),
    ("os.name", "os_name"),
    ("sys.platform", "sys_platform"),
    ("platform.version", "platform_version"),
    ("platform.machine", "platform_machine"),
    ("platform.python_implementation", "platform_python_implementation"),
    ("python_implementation", "platform_python_implementation"),
];

/// A condition.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Any(Vec<Self>),
    All(Vec<Self>),
    Is(Term, String, Term),
}

/// One side of a comparison.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Term {
    Name(&'static str),
    Text(String),
}

impl Marker {
    /// Reads one; `None` where it is none, or deeper than anybody writes it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let words = words(text)?;
        let mut reader = Reader { words: &words };
        let marker = reader.any(0)?;
        reader.words.is_empty().then_some(marker)
    }

    /// Whether it holds; `value` says what a name stands for.
    pub(super) fn holds<'v>(&self, value: &dyn Fn(&str) -> &'v str) -> bool {
        match self {
            Self::Any(all) => all.iter().any(|one| one.holds(value)),
            Self::All(all) => all.iter().all(|one| one.holds(value)),
            Self::Is(left, operator, right) => {
                let is_extra = [left, right].contains(&&Term::Name("extra"));
                let text = |term: &Term| match term {
                    Term::Name(name) => value(name).to_owned(),
                    Term::Text(text) => text.clone(),
                };
                let (left, right) = (text(left), text(right));
                if is_extra {
                    compare_texts(&left.to_lowercase(), operator, &right.to_lowercase())
                } else {
                    compare(&left, operator, &right)
                }
            }
        }
    }
}

/// Versions are compared as such, everything else as text.
fn compare(left: &str, operator: &str, right: &str) -> bool {
    let specifier = VersionSpecifier::from_str(&format!("{operator}{right}"));
    match (Version::from_str(left), specifier) {
        (Ok(version), Ok(specifier)) => specifier.contains(&version),
        _ => compare_texts(left, operator, right),
    }
}

fn compare_texts(left: &str, operator: &str, right: &str) -> bool {
    match operator {
        "in" => right.contains(left),
        "not in" => !right.contains(left),
        "<" => left < right,
        "<=" => left <= right,
        "==" | "===" => left == right,
        "!=" => left != right,
        ">=" => left >= right,
        ">" => left > right,
        _ => false,
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Plain(String),
    Quoted(String),
}

fn words(text: &str) -> Option<Vec<Word>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '\'' | '"' => {
                let (inner, behind) = rest[1..].split_once(first)?;
                found.push(Word::Quoted(inner.to_owned()));
                rest = behind.trim_start();
                continue;
            }
            '(' | ')' => 1,
            _ if "<>=!~".contains(first) => rest.find(|c: char| !"<>=!~".contains(c)).unwrap_or(rest.len()),
            _ => rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_.".contains(c)).unwrap_or(rest.len()),
        };
        if end == 0 {
            return None;
        }
        let (word, behind) = rest.split_at(end);
        found.push(Word::Plain(word.to_owned()));
        rest = behind.trim_start();
    }
    Some(found)
}

struct Reader<'w> {
    words: &'w [Word],
}

impl Reader<'_> {
    fn next(&mut self) -> Option<&Word> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_next = matches!(self.words.first(), Some(Word::Plain(next)) if next == word);
        if is_next {
            self.words = &self.words[1..];
        }
        is_next
    }

    fn any(&mut self, depth: usize) -> Option<Marker> {
        let mut all = vec![self.all(depth)?];
        while self.takes("or") {
            all.push(self.all(depth)?);
        }
        Some(Marker::Any(all))
    }

    fn all(&mut self, depth: usize) -> Option<Marker> {
        let mut all = vec![self.one(depth)?];
        while self.takes("and") {
            all.push(self.one(depth)?);
        }
        Some(Marker::All(all))
    }

    fn one(&mut self, depth: usize) -> Option<Marker> {
        if self.takes("(") {
            let inner = if depth < DEEPEST { self.any(depth + 1)? } else { return None };
            return self.takes(")").then_some(inner);
        }
        let left = self.term()?;
        let operator = match self.next()? {
            Word::Plain(word) if word == "not" => "not in".to_owned(),
            Word::Plain(word) => word.clone(),
            Word::Quoted(_) => return None,
        };
        let is_known = ["in", "not in", "<", "<=", "==", "===", "!=", "~=", ">=", ">"].contains(&operator.as_str());
        if !is_known || operator == "not in" && !self.takes("in") {
            return None;
        }
        Some(Marker::Is(left, operator, self.term()?))
    }

    fn term(&mut self) -> Option<Term> {
        match self.next()? {
            Word::Quoted(text) => Some(Term::Text(text.clone())),
            Word::Plain(word) => {
                let known = NAMES.iter().find(|(name, _)| name == word);
                known.map(|(_, name)| Term::Name(name))
            }
        }
    }
}
