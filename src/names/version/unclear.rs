//! Why a tag is no version.

/// A tag that no scheme reads, or that two read differently. Always with two ways to write it that are clear.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the tag `{tag}` does not say which version it is: {why}")]
pub struct UnclearVersion {
    /// As given, control characters escaped.
    pub tag: String,
    /// What is unclear.
    pub why: String,
    /// What to write instead.
    pub help: String,
}

impl UnclearVersion {
    /// For a tag with numbers, and a suffix that no scheme or several understand: one spelling for before, one for after.
    pub(super) fn beside(tag: &str, numbers: &str, suffix: &str, why: impl Into<String>) -> Self {
        let digits = suffix.trim_start_matches(|c: char| !c.is_ascii_digit());
        let digits = &digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())];
        let number = match digits.trim_start_matches('0') {
            "" => "1",
            number if number.len() <= 8 => number,
            _ => "1",
        };
        let before = format!("{numbers}-rc.{number}");
        let after = format!("{numbers}.post{number}");
        Self::spelled(tag, why, (&before, &format!("before {numbers}")), (&after, "after it"))
    }

    /// Two spellings, each with its place in the order.
    pub(super) fn spelled(tag: &str, why: impl Into<String>, first: (&str, &str), second: (&str, &str)) -> Self {
        let help = format!("`--tag {}` comes {}, `--tag {}` {}", first.0, first.1, second.0, second.1);
        Self { tag: tag.escape_debug().to_string(), why: why.into(), help }
    }

    /// For a word that cannot be a tag at all, because of a sign that package managers and some schemes know.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        let sign = word.chars().find(|c| "~^+!:".contains(*c))?;
        let tag = word.escape_debug().to_string();
        let (numbers, suffix) = super::read::numbers(super::read::bare(word))?;
        if let ('!' | ':', Some((epoch, rest))) = (sign, word.split_once(sign)) {
            let why = "an epoch belongs to packages, not to a tag".to_owned();
            let help = format!("`--tag {rest}` or `--tag v{rest}`, and `epoch = {epoch}` in [[package]]");
            return Some(Self { tag, why, help });
        }
        let why = format!("an image's tag cannot hold `{sign}`");
        let dashed = word.replacen(sign, "-", 1);
        match (sign, super::Tag::new(dashed.as_str()).ok().map(|tag| super::UpstreamVersion::from_tag(&tag))) {
            ('~', Some(Ok(version))) if version.as_str().contains('~') => {
                let after = format!("{numbers}.post1");
                Some(Self::spelled(word, why, (&dashed, &format!("before {numbers}")), (&after, "after it")))
            }
            _ => Some(Self::beside(word, numbers, suffix, why)),
        }
    }
}
