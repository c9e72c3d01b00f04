//! [`Marker`]: when a requirement counts (PEP 508, now the [dependency specifiers] specification). It is asked for any interpreter, not
//! for that of this machine.
//!
//! [dependency specifiers]: https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers

use std::str::FromStr as _;

use pep440_rs::{Version, VersionSpecifier};

use super::normalise;

/// The longest marker, in bytes, and how deep its brackets may be.
const LONGEST: usize = 10_000;
const DEEPEST: usize = 50;

/// The variables, each with what it was called before PEP 508, where that was something else.
const VARIABLES: [(&str, &str); 12] = [
    ("os_name", "os.name"),
    ("sys_platform", "sys.platform"),
    ("platform_machine", "platform.machine"),
    ("platform_python_implementation", "platform.python_implementation"),
    ("platform_release", ""),
    ("platform_system", ""),
    ("platform_version", "platform.version"),
    ("python_version", ""),
    ("python_full_version", ""),
    ("implementation_name", ""),
    ("implementation_version", ""),
    ("extra", ""),
];
/// Those of them that are versions (PEP 440).
const VERSIONS: [&str; 3] = ["python_version", "python_full_version", "implementation_version"];
/// Comparisons; what begins with another one comes first.
const COMPARISONS: [(&str, Comparison); 8] = [
    ("===", Comparison::Letters),
    ("==", Comparison::Same),
    ("!=", Comparison::Other),
    ("~=", Comparison::Compatible),
    ("<=", Comparison::Most),
    (">=", Comparison::Least),
    ("<", Comparison::Below),
    (">", Comparison::Above),
];

/// A condition over an interpreter and its system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker(Term);

/// Why a marker says neither yes nor no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadMarker {
    /// It breaks the grammar.
    #[error("`{0}` is no environment marker (PEP 508)")]
    Grammar(String),
    /// It asks for something that is not known of the system.
    #[error("`{0}` is not known before it is installed")]
    Unknown(&'static str),
    /// It compares what cannot be compared.
    #[error("{0} cannot be compared so")]
    Comparison(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Any(Vec<Self>),
    All(Vec<Self>),
    One(Word, Comparison, Word),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Variable(&'static str),
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Letters,
    Same,
    Other,
    Compatible,
    Most,
    Least,
    Below,
    Above,
    In,
    NotIn,
}

impl Marker {
    /// Reads one.
    ///
    /// # Errors
    /// [`BadMarker::Grammar`].
    pub fn new(text: &str) -> Result<Self, BadMarker> {
        let bad = || BadMarker::Grammar(text.escape_debug().take(200).collect());
        if text.len() > LONGEST {
            return Err(bad());
        }
        let mut reader = Reader { rest: text.trim(), depth: 0 };
        let term = reader.any().filter(|_| reader.rest.is_empty()).ok_or_else(bad)?;
        Ok(Self(term))
    }

    /// Whether it holds where `value` says what the variables are; `None` of one that is not known. What is not known is no matter where
    /// the rest decides.
    ///
    /// # Errors
    /// [`BadMarker`].
    pub fn holds(&self, value: &dyn Fn(&str) -> Option<String>) -> Result<bool, BadMarker> {
        self.0.holds(value)
    }
}

impl Term {
    fn holds(&self, value: &dyn Fn(&str) -> Option<String>) -> Result<bool, BadMarker> {
        match self {
            Self::Any(terms) => decided(terms, true, value),
            Self::All(terms) => decided(terms, false, value),
            Self::One(left, comparison, right) => {
                let is_version = [left, right].iter().any(|word| word.is_of(&VERSIONS));
                let is_extra = [left, right].iter().any(|word| word.is_of(&["extra"]));
                let text = |word: &Word| {
                    let text = word.text(value)?;
                    Ok(if is_extra { normalise(&text) } else { text })
                };
                comparison.holds(&text(left)?, &text(right)?, is_version)
            }
        }
    }
}

/// Whether one of the terms is `sought`; else all of them are the other one, or what one of them lacks is told.
fn decided(terms: &[Term], sought: bool, value: &dyn Fn(&str) -> Option<String>) -> Result<bool, BadMarker> {
    let mut lacking = None;
    for term in terms {
        match term.holds(value) {
            Ok(held) if held == sought => return Ok(sought),
            Ok(_) => {}
            Err(error) => lacking = lacking.or(Some(error)),
        }
    }
    lacking.map_or(Ok(!sought), Err)
}

impl Word {
    fn is_of(&self, names: &[&str]) -> bool {
        matches!(self, Self::Variable(name) if names.contains(name))
    }

    fn text(&self, value: &dyn Fn(&str) -> Option<String>) -> Result<String, BadMarker> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Variable(name) => value(name).ok_or(BadMarker::Unknown(name)),
        }
    }
}

impl Comparison {
    fn holds(self, left: &str, right: &str, is_version: bool) -> Result<bool, BadMarker> {
        match self {
            Self::In => return Ok(right.contains(left)),
            Self::NotIn => return Ok(!right.contains(left)),
            Self::Letters => return Ok(left == right),
            _ => {}
        }
        if is_version && let Some(held) = self.of_versions(left, right) {
            return Ok(held);
        }
        match self {
            Self::Same => Ok(left == right),
            Self::Other => Ok(left != right),
            _ => {
                let both = format!("`{}` and `{}`", left.escape_debug(), right.escape_debug());
                Err(BadMarker::Comparison(both.chars().take(200).collect()))
            }
        }
    }

    /// As PEP 440 has it; `None` where one of both is no version.
    fn of_versions(self, left: &str, right: &str) -> Option<bool> {
        let (word, _) = COMPARISONS.iter().find(|(_, known)| *known == self)?;
        let version = Version::from_str(left).ok()?;
        Some(VersionSpecifier::from_str(&format!("{word}{right}")).ok()?.contains(&version))
    }
}

/// What is left to be read.
struct Reader<'t> {
    rest: &'t str,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn any(&mut self) -> Option<Term> {
        let mut terms = vec![self.all()?];
        while self.takes_word("or") {
            terms.push(self.all()?);
        }
        Some(if terms.len() == 1 { terms.remove(0) } else { Term::Any(terms) })
    }

    fn all(&mut self) -> Option<Term> {
        let mut terms = vec![self.one()?];
        while self.takes_word("and") {
            terms.push(self.one()?);
        }
        Some(if terms.len() == 1 { terms.remove(0) } else { Term::All(terms) })
    }

    fn one(&mut self) -> Option<Term> {
        if self.takes("(") {
            self.depth += 1;
            let inner = if self.depth > DEEPEST { None } else { self.any() };
            self.depth -= 1;
            return inner.filter(|_| self.takes(")"));
        }
        let (left, comparison, right) = (self.word()?, self.comparison()?, self.word()?);
        // Two texts say nothing of any system.
        let asks = matches!(left, Word::Variable(_)) || matches!(right, Word::Variable(_));
        asks.then_some(Term::One(left, comparison, right))
    }

    fn comparison(&mut self) -> Option<Comparison> {
        if self.takes_word("in") {
            return Some(Comparison::In);
        }
        if self.takes_word("not") {
            return self.takes_word("in").then_some(Comparison::NotIn);
        }
        COMPARISONS.iter().find(|(word, _)| self.takes(word)).map(|(_, comparison)| *comparison)
    }

    fn word(&mut self) -> Option<Word> {
        for quote in ['\'', '"'] {
            if let Some(rest) = self.rest.strip_prefix(quote) {
                let (text, rest) = rest.split_once(quote)?;
                self.rest = rest.trim_start();
                return Some(Word::Text(text.to_owned()));
            }
        }
        let name = self.name();
        let known = VARIABLES.iter().find(|(now, before)| *now == name || (!before.is_empty() && *before == name));
        // setuptools wrote it so, before PEP 508.
        let known = known.map(|(now, _)| *now).or((name == "python_implementation").then_some(VARIABLES[3].0))?;
        self.pass(name.len());
        Some(Word::Variable(known))
    }

    fn name(&self) -> &'t str {
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
        &self.rest[..end.unwrap_or(self.rest.len())]
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_there = self.name() == word;
        if is_there {
            self.pass(word.len());
        }
        is_there
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is_there = self.rest.starts_with(sign);
        if is_there {
            self.pass(sign.len());
        }
        is_there
    }

    fn pass(&mut self, length: usize) {
        self.rest = self.rest[length..].trim_start();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn windows(name: &str) -> Option<String> {
        let value = match name {
            "os_name" => "nt",
            "sys_platform" => "win32",
            "platform_machine" => "AMD64",
            "platform_system" => "Windows",
            "implementation_name" => "cpython",
            "python_version" => "3.13",
            "python_full_version" => "3.13.11",
            "extra" => "Socks.Five",
            _ => return None,
        };
        Some(value.to_owned())
    }

    fn holds(text: &str) -> Result<bool, BadMarker> {
        Marker::new(text)?.holds(&windows)
    }

    #[test]
    fn what_holds_on_windows() {
        for (text, held) in [
            ("sys_platform == 'win32'", true),
            ("sys_platform != \"win32\"", false),
            ("'win32' == sys_platform", true),
            ("os.name == 'nt' and python_version >= '3.9'", true),
            ("python_version < '3.9'", false),
            ("python_version == '3.*'", true),
            ("python_version ~= '3.8'", true),
            ("'3.8' <= python_version", true),
            ("python_full_version > '3.13.9'", true),
            ("python_version in '2.7 3.13'", true),
            ("python_version not in '2.7, 3.12'", true),
            ("platform_machine=='x86_64' or(sys_platform=='win32' and implementation_name=='cpython')", true),
            ("sys_platform == 'linux' and sys_platform == 'win32' or os_name == 'nt'", true),
            ("sys_platform == 'linux' and (sys_platform == 'win32' or os_name == 'nt')", false),
            ("extra == 'socks-five'", true),
            ("extra == 'socks'", false),
            // What is not known decides nothing here.
            ("sys_platform == 'linux' and platform_release >= '5'", false),
            ("sys_platform == 'win32' or platform_release == 'x'", true),
        ] {
            assert_eq!(holds(text), Ok(held), "{text}");
        }
    }

    #[test]
    fn what_says_nothing() {
        for (text, said) in [
            ("platform_release == '10'", "`platform_release` is not known before it is installed"),
            ("sys_platform == 'win32' and platform_version > '10'", "`platform_version` is not known"),
            ("sys_platform > 'win'", "`win32` and `win` cannot be compared so"),
            ("python_version < 'new'", "`3.13` and `new` cannot be compared so"),
            ("sys_platform", "`sys_platform` is no environment marker"),
            ("sys_platform == win32", "is no environment marker"),
            ("sys_platform = 'win32'", "is no environment marker"),
            ("(sys_platform == 'win32'", "is no environment marker"),
            ("sys_platform == 'win32')", "is no environment marker"),
            ("'a' == 'a'", "is no environment marker"),
            ("sys_platform == 'win32", "is no environment marker"),
            ("sys_platform not == 'x'", "is no environment marker"),
            ("home == 'x'", "is no environment marker"),
            ("", "is no environment marker"),
        ] {
            let error = holds(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
        let deep = |count: usize| format!("{}os_name == 'nt'{}", "(".repeat(count), ")".repeat(count));
        assert_eq!(holds(&deep(DEEPEST)), Ok(true));
        assert!(holds(&deep(DEEPEST + 1)).is_err() && holds(&" ".repeat(LONGEST + 1)).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        #[test]
        fn nothing_is_too_strange(text in "[a-z_' \"()=<>!~.0-9é]{0,40}|(os_name|extra| in | and |==|'é'|\\(|\\)){0,12}") {
            let _ = holds(&text);
        }
    }
}
