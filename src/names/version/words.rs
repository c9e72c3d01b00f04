//! The words of SemVer (semver.org 2.0.0, items 9 and 11) and Maven (POM reference, "Version Order Specification").
//!
//! Both order words by their letters: Maven's `alpha`, `beta`, `milestone`, `rc` and `snapshot` happen to be in that order.
//! Words that are known are the same in lower and upper case. A number behind a word is compared as a number, with or without a dot
//! before it (`rc2` before `rc10`, as PEP 440 and Maven have it; for SemVer that takes a dot).

use super::{
    UnclearVersion,
    pep440::{self, plain},
    tagged::{Suffix, Tagged},
};

/// Words of what comes before a release, and how they are written.
const BEFORE: [(&str, &str); 25] = [
    ("a", "alpha"),
    ("alpha", "alpha"),
    ("b", "beta"),
    ("beta", "beta"),
    ("c", "rc"),
    ("canary", "canary"),
    ("cr", "rc"),
    ("dev", "dev"),
    ("ea", "ea"),
    ("eap", "eap"),
    ("edge", "edge"),
    ("experimental", "experimental"),
    ("insider", "insider"),
    ("insiders", "insiders"),
    ("m", "milestone"),
    ("milestone", "milestone"),
    ("next", "next"),
    ("nightly", "nightly"),
    ("pre", "pre"),
    ("prerelease", "prerelease"),
    ("preview", "preview"),
    ("rc", "rc"),
    ("snapshot", "snapshot"),
    ("test", "test"),
    ("unstable", "unstable"),
];
/// Words that SemVer takes for a pre-release, and people for something later, or for another kind of the same.
const LATER: [&str; 30] = [
    "android", "bugfix", "build", "deb", "debian", "el", "ext", "final", "fix", "ga", "hotfix", "jdk", "jre", "lts",
    "p", "patch", "pl", "prod", "redhat", "release", "rhel", "sec", "security", "sp", "stable", "u", "ubuntu",
    "update", "win", "windows",
];

/// One part between separators.
#[derive(Debug, Clone, Copy)]
struct Token<'t> {
    /// What comes before it: `-`, `.`, `_`, or nothing.
    sign: Option<char>,
    kind: Kind<'t>,
}

#[derive(Debug, Clone, Copy)]
enum Kind<'t> {
    /// Letters, and digits behind them or none: `rc`, `rc1`.
    Word(&'t str, &'t str),
    Number(&'t str),
    /// Anything else, mostly a commit.
    Mixed(&'t str),
}

/// What was read last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Numbers,
    /// A word that has no number yet.
    Word,
    Number,
    /// The release itself, or what comes after it: nothing but a stage on the way to it may follow.
    Closed,
}

/// In words of dpkg and rpm.
pub(super) fn suffix(tagged: Tagged, suffix: &str) -> Result<Suffix, UnclearVersion> {
    let unclear = |why: String| UnclearVersion::beside(tagged.tag, tagged.numbers, suffix, why);
    let tokens = tokens(suffix).ok_or_else(|| unclear(format!("there is nothing between two signs of `{suffix}`")))?;
    let mut reader = Reader { tagged, suffix, out: Suffix::default(), last: Last::Numbers };
    for (place, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Word(word, number) => reader.word(token.sign, word, number, tokens.get(place + 1))?,
            Kind::Number(number) => reader.number(token.sign, number, tokens.len() == 1)?,
            Kind::Mixed(text) => reader.mixed(text)?,
        }
    }
    Ok(reader.out)
}

struct Reader<'t> {
    tagged: Tagged<'t>,
    suffix: &'t str,
    out: Suffix,
    last: Last,
}

impl Reader<'_> {
    fn word(
        &mut self,
        sign: Option<char>,
        word: &str,
        number: &str,
        next: Option<&Token>,
    ) -> Result<(), UnclearVersion> {
        let lower = word.to_ascii_lowercase();
        let known = BEFORE.iter().find(|(spelled, _)| *spelled == lower).map(|(_, name)| *name);
        let is_snapshot = known == Some("snapshot");
        let on_the_way = known.is_some() && (sign == Some('-') || is_snapshot);
        match (self.last, known) {
            // Spring's `5.3.0.BUILD-SNAPSHOT`.
            (Last::Numbers | Last::Number, None) if lower == "build" && next.is_some_and(Token::is_snapshot) => {
                return Ok(());
            }
            (Last::Numbers, Some(name)) => self.stage('~', name, number),
            (Last::Numbers, None) => return self.first(&lower, word, number),
            (Last::Word | Last::Number, Some(name)) if on_the_way => {
                if self.tagged.is_semver && !matches!(name, "snapshot" | "dev") {
                    let before = &self.suffix[..self.suffix.len().min(self.suffix.find(word).unwrap_or(0))];
                    let stage = format!("{}{}", self.tagged.numbers, before.trim_end_matches('-'));
                    self.out.remark = Some(format!(
                        "`{}` is taken for what comes before `{stage}`; by the letter of SemVer it comes after it",
                        self.tagged.tag
                    ));
                }
                self.stage('~', name, number);
            }
            (Last::Closed, Some(name)) if on_the_way && !self.out.text.is_empty() => self.stage('~', name, number),
            (Last::Word | Last::Number, Some("dev")) if pep440::suffix(self.suffix).is_some() => {
                return Err(self.development_of_a_stage());
            }
            (Last::Word | Last::Number, None) if matches!(lower.as_str(), "post" | "rev" | "r") => {
                self.after("post", number);
            }
            (Last::Closed, _) => {
                return Err(self.unclear(&format!("`{word}` has no meaning behind a finished version")));
            }
            (_, None) if LATER.contains(&lower.as_str()) => return Err(self.later(word)),
            // One word behind another is later, and later than a number there: `alpha`, `alpha.1`, `alpha.beta`, `beta`.
            // rpm has numbers after letters, but `alpha` before `alphabeta`.
            (Last::Word, _) => self.raw(word, number),
            (Last::Number, _) => {
                self.out.text.push('.');
                self.raw(word, number);
            }
        }
        Ok(())
    }

    /// A first word that is none of what comes before a release.
    fn first(&mut self, lower: &str, word: &str, number: &str) -> Result<(), UnclearVersion> {
        match lower {
            "final" | "ga" | "release" if number.is_empty() => self.last = Last::Closed,
            "post" | "rev" | "r" => self.after("post", number),
            // Later than the release and sooner than `-1`, which is `+post1`.
            "sp" => self.after("patch", number),
            "lts" if self.tagged.is_calendar => self.after("lts", number),
            _ if LATER.contains(&lower) => return Err(self.later(word)),
            _ if self.tagged.is_semver => {
                self.out.remark = Some(format!(
                    "`{}` is taken for what comes before {}, as SemVer has it for any word behind a dash",
                    self.tagged.tag, self.tagged.numbers
                ));
                self.stage('~', word, number);
            }
            _ => return Err(self.unclear(&format!("`{word}` is no word of PEP 440, SemVer or Maven"))),
        }
        Ok(())
    }

    fn number(&mut self, sign: Option<char>, number: &str, is_alone: bool) -> Result<(), UnclearVersion> {
        match self.last {
            // SemVer has numbers before words, rpm after them: `~~` puts them before again.
            Last::Numbers if self.tagged.is_semver && !is_alone => self.out.text.push_str("~~"),
            // One more build of the same: `2.5.11_1`.
            Last::Numbers if sign == Some('_') && is_alone => {
                self.after("post", number);
                return Ok(());
            }
            Last::Closed if self.out.text.ends_with(|c: char| c.is_ascii_alphabetic()) => {
                self.out.text.push_str(&plain(number));
                return Ok(());
            }
            Last::Numbers | Last::Closed => {
                return Err(self.unclear("a number has no meaning there, for PEP 440, SemVer or Maven"));
            }
            Last::Word => {}
            Last::Number => self.out.text.push('.'),
        }
        self.out.text.push_str(&plain(number));
        self.last = Last::Number;
        Ok(())
    }

    /// A commit says nothing of the order: fine behind a number, nothing to go by elsewhere.
    fn mixed(&mut self, text: &str) -> Result<(), UnclearVersion> {
        if self.last != Last::Number {
            return Err(self.unclear(&format!("`{text}` says nothing of the order: a date or a count before it would")));
        }
        self.out.text.push('.');
        self.out.text.push_str(text);
        Ok(())
    }

    fn stage(&mut self, sign: char, name: &str, number: &str) {
        self.out.text.push(sign);
        self.raw(name, number);
    }

    fn raw(&mut self, word: &str, number: &str) {
        self.out.text.push_str(word);
        self.last = Last::Word;
        if !number.is_empty() {
            self.out.text.push_str(&plain(number));
            self.last = Last::Number;
        }
    }

    fn after(&mut self, name: &str, number: &str) {
        self.stage('+', name, number);
        self.last = Last::Closed;
    }

    fn unclear(&self, why: &str) -> UnclearVersion {
        UnclearVersion::beside(self.tagged.tag, self.tagged.numbers, self.suffix, why)
    }

    fn later(&self, word: &str) -> UnclearVersion {
        self.unclear(&format!("`{word}` may come before the release, as SemVer has it, or after it"))
    }

    /// `2.5.0-rc1.dev2`: PEP 440 has it before `rc1`, SemVer after it.
    fn development_of_a_stage(&self) -> UnclearVersion {
        let Tagged { tag, numbers, .. } = self.tagged;
        let stage = self.suffix.trim_start_matches('-');
        let dev = stage.to_ascii_lowercase().rfind("dev").unwrap_or(stage.len());
        let (stage, dev) = stage.split_at(dev);
        let stage = stage.trim_end_matches(['.', '_', '-']);
        let number = dev.trim_start_matches(|c: char| !c.is_ascii_digit());
        let number = if number.is_empty() { "1" } else { number };
        UnclearVersion::spelled(
            tag,
            format!("for PEP 440 it comes before `{numbers}-{stage}`, for SemVer after it"),
            (&format!("{numbers}-{stage}-dev.{number}"), &format!("before `{numbers}-{stage}`")),
            (&format!("{numbers}-{stage}.{number}"), "after it"),
        )
    }
}

impl Token<'_> {
    fn is_snapshot(&self) -> bool {
        matches!(self.kind, Kind::Word(word, _) if word.eq_ignore_ascii_case("snapshot"))
    }
}

/// `None` where nothing is between two signs.
fn tokens(suffix: &str) -> Option<Vec<Token<'_>>> {
    let mut rest = suffix;
    let mut tokens = Vec::new();
    while !rest.is_empty() {
        let sign = rest.chars().next().filter(|c| "-._".contains(*c));
        let text = &rest[sign.map_or(0, char::len_utf8)..];
        let (text, after) = text.split_at(text.find(['-', '.', '_']).unwrap_or(text.len()));
        if text.is_empty() {
            return None;
        }
        tokens.push(Token { sign, kind: kind(text) });
        rest = after;
    }
    Some(tokens)
}

fn kind(text: &str) -> Kind<'_> {
    let (word, number) = text.split_at(text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len()));
    match (word, number) {
        (word, number) if !number.bytes().all(|b| b.is_ascii_digit()) || !word.is_ascii() => Kind::Mixed(text),
        ("", number) => Kind::Number(number),
        (word, number) => Kind::Word(word, number),
    }
}
