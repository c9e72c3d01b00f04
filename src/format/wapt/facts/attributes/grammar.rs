//! The plain attributes: words, lists, dates.

use super::Refused;

#[expect(clippy::unnecessary_wraps, reason = "one grammar among others")]
pub(super) fn any(_value: &str) -> Result<(), Refused> {
    Ok(())
}

fn must(fits: bool, value: &str, what: &str, help: &'static str) -> Result<(), Refused> {
    if fits {
        return Ok(());
    }
    let shown: String = value.escape_debug().take(60).collect();
    Err(Refused::new(format!("`{shown}` is not {what}"), help))
}

/// A package's name as any section may have it: hosts have the ids or names of their machines, units those of their
/// directory, profiles what people call them. Which of them a section takes is asked in [`package_of`].
pub(super) fn package(value: &str) -> Result<(), Refused> {
    let fits = value.len() <= 200 && !value.contains(['(', ')', '|', '"', '<', '>']) && value.trim() == value;
    must(fits, value, "a package's name", NAME)
}

const NAME: &str = "lower-case letters, digits, `-`, `_` and `.`, a letter or digit first, e.g. `tis-hello`";

/// The names that packages for everyone have.
pub(super) fn is_package(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    value.starts_with(plain) && value.len() <= 200 && value.chars().all(|c| plain(c) || "-_.".contains(c))
}

/// Whether a package of this section may be called so.
pub(super) fn package_of(section: &str, value: &str) -> Result<(), Refused> {
    let free = ["host", "unit", "profile"].contains(&section);
    if value.is_empty() || free { Ok(()) } else { must(is_package(value), value, "a package's name", NAME) }
}

pub(super) fn architecture(value: &str) -> Result<(), Refused> {
    const KNOWN: [&str; 6] = ["all", "x86", "x64", "arm", "arm64", "armhf"];
    let words: Vec<&str> = value.split(',').collect();
    let fits = words.iter().all(|word| KNOWN.contains(word)) && (words.len() == 1 || !words.contains(&"all"));
    must(
        fits,
        value,
        "an architecture",
        "`all`, or a list of `x86`, `x64`, `arm`, `arm64` and `armhf`; WAPT 1.8 knows `all`, `x86` and `x64`, one of them",
    )
}

pub(super) fn section(value: &str) -> Result<(), Refused> {
    must(
        super::SECTIONS.contains(&value),
        value,
        "a section",
        "one of base, restricted, group, host, unit, profile and wsus",
    )
}

fn is_word(value: &str) -> bool {
    value.len() <= 40 && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

pub(super) fn priority(value: &str) -> Result<(), Refused> {
    must(is_word(value), value, "a priority", "one word, e.g. `optional` or `critical`; groups have `standard`")
}

pub(super) fn maturity(value: &str) -> Result<(), Refused> {
    must(is_word(value), value, "a maturity", "one word, e.g. DEV, PREPROD or PROD")
}

pub(super) fn locale(value: &str) -> Result<(), Refused> {
    let code = |word: &str| word.len() == 2 && word.bytes().all(|b| b.is_ascii_lowercase());
    must(
        value == "all" || value.split(',').all(code),
        value,
        "a list of languages",
        "two-letter codes, e.g. `fr,en`, or `all`",
    )
}

/// A list with commas.
pub(super) fn list(value: &str) -> Result<(), Refused> {
    let fits = value.split(',').all(|item| !item.trim().is_empty());
    must(fits, value, "a list", "words with a comma between them, none of them empty")
}

/// A number of minutes, or with its unit; not nothing.
pub(super) fn schedule(value: &str) -> Result<(), Refused> {
    let number = value.strip_suffix(['s', 'm', 'h', 'd', 'w']).unwrap_or(value);
    let digits = |text: &str| !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    let shape = number.split_once('.').map_or_else(|| digits(number), |(whole, part)| digits(whole) && digits(part));
    let fits = shape && number.contains(|c: char| ('1'..='9').contains(&c));
    must(fits, value, "a schedule", "a number and `s`, `m`, `h`, `d` or `w`, e.g. `1d`; without a unit it is minutes")
}

pub(super) fn date(value: &str) -> Result<(), Refused> {
    let shape = value.len() == 19
        && value.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            10 => byte == b'T',
            13 | 16 => byte == b':',
            _ => byte.is_ascii_digit(),
        });
    let fits = shape && value.parse::<jiff::civil::DateTime>().is_ok();
    must(fits, value, "a time", "write it as `2026-11-20T09:30:00`: agents compare the text")
}

pub(super) fn url(value: &str) -> Result<(), Refused> {
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    let fits =
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric()) && !rest.contains(char::is_whitespace));
    must(fits, value, "an address", "e.g. `https://www.example.org/`")
}

pub(super) fn uuid(value: &str) -> Result<(), Refused> {
    let parts: Vec<&str> = value.split('-').collect();
    let hex = |part: &&str| part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let fits = parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(hex);
    must(
        fits,
        value,
        "a UUID",
        "e.g. 9fefe1d1-4c2a-4380-aaf6-cea58fc3eed0; leave it out to have it derived from the package",
    )
}

pub(super) fn sha256(value: &str) -> Result<(), Refused> {
    let fits = value.len() == 64 && value.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    must(fits, value, "a SHA-256", "64 lower-case hexadecimal digits; leave it out: it is filled in")
}

pub(super) fn size(value: &str) -> Result<(), Refused> {
    let fits = value.len() <= 18 && value.bytes().all(|b| b.is_ascii_digit());
    must(
        fits,
        value,
        "a size",
        "the bytes that are installed, digits only; left out, the size of the package's files is filled in",
    )
}
