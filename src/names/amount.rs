//! Amounts as users write them: [`Period`] and [`Bytes`].

use std::{fmt, str::FromStr, time::Duration};

/// Why a word is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAmount {
    /// It is no period.
    #[error("`{0}` is no time: write a number and a unit (s, m, h, d or w), like `45m`, `12h` or `30d`")]
    Period(String),
    /// It is no size.
    #[error("`{0}` is no size: write a number and a unit (B, kB, MB, GB, TB, KiB, MiB, GiB or TiB), like `20GB`")]
    Bytes(String),
    /// It is nothing, or more than a hundred years.
    #[error("`{0}` is out of range: from 1s to 5200w")]
    PeriodRange(String),
    /// It is more than there is.
    #[error("`{0}` is out of range: less than a million TB")]
    BytesRange(String),
}

/// The longest period: a hundred years.
const LONGEST: u64 = 5_200 * WEEK;
const WEEK: u64 = 7 * 86_400;

/// A length of time in whole seconds, from one second to a hundred years: a number and `s`, `m`, `h`, `d` or `w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(u64);

impl Period {
    /// The period of a duration, in whole seconds.
    #[must_use]
    pub fn from_duration(duration: Duration) -> Self {
        Self(duration.as_secs())
    }

    /// In seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// As a duration.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl FromStr for Period {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || InvalidAmount::Period(text.escape_debug().to_string());
        let range = || InvalidAmount::PeriodRange(text.escape_debug().to_string());
        let (digits, unit) = split(text).filter(|(digits, _)| !digits.contains('.')).ok_or_else(bad)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            "w" => WEEK,
            _ => return Err(bad()),
        };
        let number: u64 = digits.parse().map_err(|_| range())?;
        let whole = number.checked_mul(seconds).filter(|seconds| (1..=LONGEST).contains(seconds));
        whole.map(Self).ok_or_else(range)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(WEEK, "w"), (86_400, "d"), (3600, "h"), (60, "m")];
        match units.iter().find(|(seconds, _)| self.0 >= *seconds && self.0.is_multiple_of(*seconds)) {
            Some((seconds, unit)) => write!(f, "{}{unit}", self.0 / seconds),
            None => write!(f, "{}s", self.0),
        }
    }
}

/// A size in bytes: a number, which may have one to three decimals, and a unit: powers of 1000 (`kB` to `TB`) or of 1024
/// (`KiB` to `TiB`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl FromStr for Bytes {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || InvalidAmount::Bytes(text.escape_debug().to_string());
        let range = || InvalidAmount::BytesRange(text.escape_debug().to_string());
        let (digits, unit) = split(text).ok_or_else(bad)?;
        let unit: u64 = match unit {
            "B" => 1,
            "kB" | "KB" => 1000,
            "MB" => 1000_u64.pow(2),
            "GB" => 1000_u64.pow(3),
            "TB" => 1000_u64.pow(4),
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "TiB" => 1 << 40,
            _ => return Err(bad()),
        };
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
        if decimals.len() > 3 || (unit == 1 && digits.contains('.')) {
            return Err(bad());
        }
        let thousandths: u64 = format!("{decimals:0<3}").parse().map_err(|_| bad())?;
        let whole: u64 = whole.parse().map_err(|_| range())?;
        let bytes = whole.checked_mul(unit).and_then(|bytes| bytes.checked_add(unit / 1000 * thousandths));
        bytes.filter(|bytes| *bytes < 1000_u64.pow(6)).map(Self).ok_or_else(range)
    }
}

/// The digits (with a point between some of them at most) and what follows them.
fn split(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (digits, unit) = text.split_at(end);
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    (is_number(whole) && is_number(decimals)).then_some((digits, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods() {
        for (text, seconds) in [("1s", 1), ("45m", 2700), ("12h", 43_200), ("30d", 2_592_000), ("2w", 1_209_600)] {
            let period: Period = text.parse().unwrap();
            assert_eq!((period.seconds(), period.to_string().parse()), (seconds, Ok(period)), "{text}");
        }
        assert_eq!("90m".parse::<Period>().unwrap().to_string(), "90m");
        for bad in ["", "30", "d", "30 d", "-1d", "+1d", "1.5h", "1d12h", "30D", "30days", "３d", " 1d"] {
            assert!(matches!(bad.parse::<Period>(), Err(InvalidAmount::Period(_))), "{bad:?}");
        }
        for far in ["0d", "5201w", "99999999999999999999s", "18446744073709551615w"] {
            assert!(matches!(far.parse::<Period>(), Err(InvalidAmount::PeriodRange(_))), "{far:?}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("0B", 0),
            ("512B", 512),
            ("500MB", 500_000_000),
            ("20GB", 20_000_000_000),
            ("1.5GB", 1_500_000_000),
            ("2TB", 2_000_000_000_000),
            ("8GiB", 8_589_934_592),
            ("0.25kB", 250),
        ] {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
        }
        for bad in
            ["", "20", "GB", "20 GB", "-1GB", "20gb", "20G", "1.GB", ".5GB", "1.2.3GB", "1.5B", "1.2345GB", "１GB"]
        {
            assert!(matches!(bad.parse::<Bytes>(), Err(InvalidAmount::Bytes(_))), "{bad:?}");
        }
        assert!(matches!("1000000TB".parse::<Bytes>(), Err(InvalidAmount::BytesRange(_))));
        assert!(matches!("99999999999999999999B".parse::<Bytes>(), Err(InvalidAmount::BytesRange(_))));
    }
}
