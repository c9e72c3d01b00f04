//! Time spans: `90`, `1min 30s`, `infinity` (systemd.time(7), "Parsing Time Spans").

use std::time::Duration;

/// Units and their microseconds.
const UNITS: [(&[&str], u64); 9] = [
    (&["usec", "us", "µs", "μs"], 1),
    (&["msec", "ms"], 1_000),
    (&["seconds", "second", "sec", "s", ""], 1_000_000),
    (&["minutes", "minute", "min", "m"], 60_000_000),
    (&["hours", "hour", "hr", "h"], 3_600_000_000),
    (&["days", "day", "d"], 86_400_000_000),
    (&["weeks", "week", "w"], 604_800_000_000),
    (&["months", "month", "M"], 2_629_800_000_000),
    (&["years", "year", "y"], 31_557_600_000_000),
];

/// A span, of seconds where no unit is named; [`Duration::MAX`] for `infinity`.
pub fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    if text == "infinity" {
        return Some(Duration::MAX);
    }
    let (mut rest, mut sum) = (text, Duration::ZERO);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (value, behind) = rest.split_at(number);
        let behind = behind.trim_start();
        let unit = behind.find(|c: char| c.is_ascii_digit() || c.is_whitespace()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit);
        let (_, micros) = UNITS.iter().find(|(names, _)| names.contains(&unit))?;
        sum = sum.checked_add(times(value, *micros)?)?;
        rest = behind.trim_start();
    }
    Some(sum)
}

/// A decimal number times a unit, exactly.
fn times(value: &str, micros: u64) -> Option<Duration> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if value.is_empty() || (value.contains('.') && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    // `.5` is `0.5`.
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
    let mut sum = whole.checked_mul(micros)?;
    let mut place = micros;
    for digit in fraction.bytes() {
        place /= 10;
        sum = sum.checked_add(place.checked_mul(u64::from(digit - b'0'))?)?;
    }
    Some(Duration::from_micros(sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_manual() {
        let seconds = |text: &str| parse(text).map(|span| span.as_secs_f64());
        for (text, expected) in [
            ("2 h", 7200.0),
            ("2hours", 7200.0),
            ("48hr", 172_800.0),
            ("1y 12month", 63_115_200.0),
            ("55s500ms", 55.5),
            ("300ms20s 5day", 432_020.3),
            ("90", 90.0),
            ("1min 30s", 90.0),
            ("1.5s", 1.5),
            (".5", 0.5),
            ("0", 0.0),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        assert_eq!(parse("infinity"), Some(Duration::MAX));
        for bad in ["", "s", "5 parsecs", "1.2.3", ".", "5.", "-1", "99999999999999999999", "é"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
