//! Times of metadata: `2026-12-01T09:30:00Z`, whole seconds in UTC.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A time, in seconds since 1970 UTC. Its text is `YYYY-MM-DDTHH:MM:SSZ` and no other of ISO 8601 (specification, 4.2.1): a fraction of a
/// second, as some programs write it, stops the reference client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Time(i64);

/// Not a time of metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time as metadata has it: YYYY-MM-DDTHH:MM:SSZ, from year 1 to 9999")]
pub struct TimeError(String);

/// 0001-01-01T00:00:00Z and 9999-12-30T22:00:00Z, the last that the calendar has.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_207_200;

impl Time {
    /// Of seconds since 1970 UTC.
    ///
    /// # Errors
    /// Where the year has not four digits.
    pub fn new(seconds: i64) -> Result<Self, TimeError> {
        if RANGE.contains(&seconds) { Ok(Self(seconds)) } else { Err(TimeError(seconds.to_string())) }
    }

    /// Seconds since 1970 UTC.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => write!(f, "{} s", self.0),
        }
    }
}

impl TryFrom<String> for Time {
    type Error = TimeError;

    fn try_from(text: String) -> Result<Self, TimeError> {
        let fits = |(at, byte): (usize, u8)| match at {
            4 | 7 => byte == b'-',
            10 => byte == b'T',
            13 | 16 => byte == b':',
            19 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        };
        let has_the_form = text.len() == 20 && text.bytes().enumerate().all(fits);
        let time = has_the_form.then(|| text.parse::<jiff::Timestamp>().ok()).flatten();
        // A second of 60 is read as 59 by the calendar: then the text is not the time's own.
        let time = time.and_then(|time| Self::new(time.as_second()).ok()).filter(|time| time.to_string() == text);
        time.ok_or_else(|| TimeError(text.chars().take(40).collect()))
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<i64, TimeError> {
        Time::try_from(text.to_owned()).map(Time::seconds)
    }

    #[test]
    fn a_time_has_whole_seconds_in_utc() {
        assert_eq!(read("1970-01-01T00:00:00Z"), Ok(0));
        assert_eq!(read("2026-12-01T09:30:00Z"), Ok(1_796_117_400));
        for bad in [
            "",
            "2026-12-01",
            "2026-12-01T09:30:00",
            "2026-12-01T09:30:00+00:00",
            "2026-12-01T09:30:00.5Z",
            "2026-12-01T09:30:00.020925840Z",
            "2026-12-01t09:30:00z",
            "2026-02-30T09:30:00Z",
            "2026-12-01T24:30:00Z",
            "2026-12-01T09:30:60Z",
            "0000-01-01T00:00:00Z",
            "2026-12-0１T09:30:0Z",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(Time::new(i64::MAX).is_err() && Time::new(i64::MIN).is_err());
    }

    proptest! {
        #[test]
        fn every_time_is_read_as_it_is_written(seconds in RANGE) {
            let time = Time::new(seconds).unwrap();
            prop_assert_eq!(Time::try_from(time.to_string()), Ok(time));
        }
    }
}
