//! The only place that knows what time it is. Everything that ends in an artifact takes its time from here as a number.

/// 1980-01-01T00:00:00Z, the oldest time that every archive format can hold: used where nothing better is known.
pub const FLOOR: i64 = 315_532_800;

/// 2106-02-07T06:28:15Z, the latest time that every archive format can hold: gzip and RPM have 32 bits.
pub const CEILING: i64 = 4_294_967_295;

/// Seconds since 1970 UTC, now. For records and messages only, never for artifacts.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that may ask for the time")]
pub fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or_default()
}

/// The time that `SOURCE_DATE_EPOCH` names (reproducible-builds.org specification); `None` where it names none.
///
/// # Errors
/// The text of the variable when it is not a number of seconds from 1980 to 2106.
pub fn source_date_epoch(variable: Option<&str>) -> Result<Option<i64>, String> {
    let Some(text) = variable.filter(|text| !text.is_empty()) else { return Ok(None) };
    let known = |seconds: &i64| (FLOOR..=CEILING).contains(seconds);
    text.parse::<i64>().ok().filter(known).map(Some).ok_or_else(|| text.escape_debug().to_string())
}

/// `2026-11-20T09:30:00Z` of a number of seconds since 1970 UTC (RFC 3339).
#[must_use]
pub fn rfc3339(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}

/// Whole days from an RFC 3339 time to `now`, seconds since 1970 UTC; `None` when it is no time.
#[must_use]
pub fn days_since(time: &str, now: i64) -> Option<i64> {
    let then: jiff::Timestamp = time.parse().ok()?;
    Some((now - then.as_second()) / 86_400)
}

/// Seconds since 1970 UTC of an RFC 3339 time; `None` when it is no time.
#[must_use]
pub fn seconds(time: &str) -> Option<i64> {
    Some(time.parse::<jiff::Timestamp>().ok()?.as_second())
}

/// The day of a time, `YYYY-MM-DD`, in UTC.
#[must_use]
pub fn day(seconds: i64) -> String {
    rfc3339(seconds).split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_must_be_seconds() {
        assert_eq!(source_date_epoch(Some("1700000000")), Ok(Some(1_700_000_000)));
        assert_eq!(source_date_epoch(None), Ok(None));
        assert_eq!(source_date_epoch(Some("")), Ok(None));
        assert_eq!(source_date_epoch(Some("yesterday")), Err("yesterday".to_owned()));
        for beyond in ["12", "4294967296"] {
            assert_eq!(source_date_epoch(Some(beyond)), Err(beyond.to_owned()));
        }
    }

    #[test]
    fn days_are_counted_whole() {
        assert_eq!(days_since("1980-01-01T12:00:00Z", FLOOR + 7 * 86_400), Some(6));
        assert_eq!(days_since("", 0), None);
        assert_eq!(day(FLOOR), "1980-01-01");
    }

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(rfc3339(FLOOR), "1980-01-01T00:00:00Z");
    }
}
