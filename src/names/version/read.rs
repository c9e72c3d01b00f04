//! From a tag to a version: which scheme it is of, and what that says.
//!
//! The numbers in front are those of every scheme. What stands behind them is read by the first of these that knows it:
//! git-describe(1) (`-14-g2414721`, `-dirty`), CalVer's dashes (`2026-11-30`), PEP 440, and the words of SemVer and Maven.
//! Three numbers and a dash are SemVer's, not PEP 440's: both know `2.5.0-dev.3`, and differ in its place.

use super::{
    UnclearVersion, pep440,
    tagged::{Suffix, Tagged},
    words,
};

/// A tag as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) version: String,
    pub(super) remark: Option<String>,
}

pub(super) fn version(tag: &str) -> Result<Read, UnclearVersion> {
    let (clean, is_dirty) = tag.strip_suffix("-dirty").map_or((tag, false), |clean| (clean, true));
    let (base, since) = described(clean).map_or((clean, None), |(base, count, hash)| (base, Some((count, hash))));
    let Some((numbers, suffix)) = numbers(bare(base)) else { return Err(no_number(tag)) };
    let (numbers, suffix) = calendar(numbers, suffix).unwrap_or_else(|| (numbers.to_owned(), suffix));
    let Suffix { text, remark } = if suffix.is_empty() {
        Suffix::default()
    } else {
        let parts: Vec<&str> = numbers.split('.').collect();
        let has_zero = |part: &&str| part.len() > 1 && part.starts_with('0');
        let is_calendar = is_year(parts[0]) || parts.get(1).is_some_and(has_zero);
        let is_semver = parts.len() == 3 && !parts.iter().any(has_zero) && suffix.starts_with('-');
        behind(Tagged { tag, numbers: &numbers, is_calendar, is_semver }, suffix)?
    };
    let mut version = format!("{numbers}{text}");
    if let Some((count, hash)) = since {
        version.push_str(&format!("+git{count}.g{hash}"));
    }
    if is_dirty {
        version.push_str(if since.is_some() { ".dirty" } else { "+dirty" });
    }
    Ok(Read { version, remark })
}

fn behind(tagged: Tagged, suffix: &str) -> Result<Suffix, UnclearVersion> {
    let Tagged { tag, numbers, is_calendar, is_semver } = tagged;
    let unclear = |why: &str| Err(UnclearVersion::beside(tag, numbers, suffix, why));
    let letter = suffix.trim_start_matches(['-', '.', '_']);
    if matches!(letter, "a" | "b" | "c" | "A" | "B" | "C") && suffix.len() == 1 {
        return unclear("a single letter is a pre-release for PEP 440, and a later release for many projects");
    }
    let is_numbered = suffix.starts_with('-') && letter.starts_with(|c: char| c.is_ascii_digit());
    match pep440::suffix(suffix) {
        Some(text) if !is_semver || is_numbered && is_calendar => Ok(Suffix { text, remark: None }),
        Some(_) if is_numbered => unclear("for SemVer it comes before the release, for PEP 440 and Maven after it"),
        _ => words::suffix(tagged, suffix),
    }
}

/// The tag without its `v`.
pub(super) fn bare(tag: &str) -> &str {
    match tag.strip_prefix(['v', 'V']) {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => tag,
    }
}

/// Numbers with dots between them, and the rest. `None` where there is none in front.
pub(super) fn numbers(text: &str) -> Option<(&str, &str)> {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut end = digits(text);
    if end == 0 {
        return None;
    }
    while let Some(rest) = text[end..].strip_prefix('.') {
        match digits(rest) {
            0 => break,
            more => end += 1 + more,
        }
    }
    Some(text.split_at(end))
}

/// `v2.5.0-14-g2414721`: the tag, the commits since, the commit.
fn described(text: &str) -> Option<(&str, &str, &str)> {
    let (rest, hash) = text.rsplit_once("-g")?;
    let (base, count) = rest.rsplit_once('-')?;
    let is_hash = (4..=64).contains(&hash.len()) && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let is_count = (1..=9).contains(&count.len()) && count.bytes().all(|b| b.is_ascii_digit());
    (is_hash && is_count).then_some((base, count, hash))
}

/// A date whose parts have dashes or underscores between them, with dots: a year, a month, perhaps a day.
fn calendar<'t>(year: &str, suffix: &'t str) -> Option<(String, &'t str)> {
    let part = |text: &'t str, most: u32| {
        let rest = text.strip_prefix(['-', '_'])?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, rest) = rest.split_at(end);
        let is_whole = !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
        (is_whole && digits.len() <= 2 && (1..=most).contains(&digits.parse().ok()?)).then_some((digits, rest))
    };
    let (month, rest) = part(suffix, 12).filter(|_| is_year(year))?;
    let date = format!("{year}.{month}");
    Some(part(rest, 31).map_or((date.clone(), rest), |(day, rest)| (format!("{date}.{day}"), rest)))
}

fn is_year(number: &str) -> bool {
    number.len() == 4 && (number.starts_with("19") || number.starts_with("20") || number.starts_with("21"))
}

fn no_number(tag: &str) -> UnclearVersion {
    let why = "a version begins with a digit, or with `v` and a digit".to_owned();
    let rest = tag.trim_start_matches(|c: char| !c.is_ascii_digit());
    let is_version = !rest.is_empty() && version(rest).is_ok();
    let help = if is_version {
        format!("`--tag {rest}` or `--tag v{rest}`")
    } else {
        "for example `--tag 2.5.11` or `--tag v2.5.0-rc1`".to_owned()
    };
    UnclearVersion { tag: tag.to_owned(), why, help }
}
