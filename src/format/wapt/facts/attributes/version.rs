//! A WAPT package's version: one to four numbers, and a packaging number behind a dash.

use std::cmp::Ordering;

use super::Refused;

/// Whether WAPT takes it as a package's version: `62.0`, `1.2.3.4-5`, `1.0-a.1`.
#[must_use]
pub fn is_version(text: &str) -> bool {
    let (numbers, packaging) = text.split_once('-').map_or((text, None), |(numbers, rest)| (numbers, Some(rest)));
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    text.len() <= 100
        && numbers.split('.').count() <= 4
        && numbers.split('.').all(number)
        && packaging.is_none_or(|packaging| packaging.split('.').all(word))
}

/// Whether the packaging is a number, or not there: comparisons of agents need that.
pub(super) fn has_number(text: &str) -> bool {
    text.split_once('-')
        .is_none_or(|(_, packaging)| packaging.len() <= 9 && packaging.bytes().all(|b| b.is_ascii_digit()))
}

pub(super) fn check(value: &str) -> Result<(), Refused> {
    const HELP: &str = "one to four numbers, then a dash and a number that counts the packagings, e.g. `1.2.3-1`";
    let shown: String = value.escape_debug().take(60).collect();
    if !is_version(value) {
        return Err(Refused::new(format!("`{shown}` is not a version of a WAPT package"), HELP));
    }
    if !has_number(value) {
        return Err(Refused::new(
            format!("the packaging of `{shown}` is not a number, which agents cannot compare"),
            HELP,
        ));
    }
    Ok(())
}

/// A bound on the version of a system or of WAPT.
pub(super) fn bound(value: &str) -> Result<(), Refused> {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if value.len() <= 60 && value.split('.').all(number) {
        return Ok(());
    }
    let shown: String = value.escape_debug().take(60).collect();
    Err(Refused::new(format!("`{shown}` is not a version"), "numbers with dots between them, e.g. `10.0.19041`"))
}

pub(super) fn compare_bounds(a: &str, b: &str) -> Ordering {
    let numbers = |text: &str| text.split('.').map(|part| part.parse().unwrap_or(u64::MAX)).collect::<Vec<_>>();
    numbers(a).cmp(&numbers(b))
}

/// The next version of a rebuild.
#[derive(Debug, Clone, Copy)]
pub struct Increment;

impl Increment {
    /// `1.2-3` becomes `1.2-4`, `1.2` becomes `1.3`: the last number grows by one. `None` where there is none.
    #[must_use]
    pub fn of(version: &str) -> Option<String> {
        let (numbers, packaging) =
            version.split_once('-').map_or((version, None), |(numbers, packaging)| (numbers, Some(packaging)));
        if let Some(next) = packaging.and_then(|packaging| packaging.parse::<u64>().ok()?.checked_add(1)) {
            return Some(format!("{numbers}-{next}"));
        }
        let (head, last) = numbers.rsplit_once('.').map_or(("", numbers), |(head, last)| (head, last));
        let next = last.parse::<u64>().ok()?.checked_add(1)?;
        let dot = if head.is_empty() { "" } else { "." };
        Some(format!("{head}{dot}{next}{}", packaging.map(|packaging| format!("-{packaging}")).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rebuilds_count() {
        for (now, next) in [("1.2-3", "1.2-4"), ("1.2", "1.3"), ("7", "8"), ("1.2-a", "1.3-a"), ("1.9-99", "1.9-100")] {
            assert_eq!(Increment::of(now).as_deref(), Some(next));
        }
        assert_eq!(Increment::of("x"), None);
    }
}
