//! The only place that knows what time it is. Everything that ends in an artefact takes its time from here as a number.

use std::{path::Path, process::Command};

/// 1980-01-01T00:00:00Z, the oldest time that every archive format can hold: used where nothing better is known.
pub const FLOOR: i64 = 315_532_800;

/// 2106-02-07T06:28:15Z, the latest time that every archive format can hold: gzip and RPM have 32 bits.
pub const CEILING: i64 = 4_294_967_295;

/// Seconds since 1970 UTC, now. For records and messages only, never for artefacts.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that may ask for the time")]
pub fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or_default()
}

/// The time that artefacts carry: `SOURCE_DATE_EPOCH` (reproducible-builds.org specification), else the commit time of
/// the project's checkout, else [`FLOOR`].
///
/// # Errors
/// The text of `SOURCE_DATE_EPOCH` when it is not a number of seconds from 1980 to 2106.
pub fn source_date_epoch(variable: Option<&str>, project: &Path) -> Result<i64, String> {
    match variable.filter(|text| !text.is_empty()) {
        Some(text) => {
            let known = |seconds: &i64| (FLOOR..=CEILING).contains(seconds);
            text.parse::<i64>().ok().filter(known).ok_or_else(|| text.escape_debug().to_string())
        }
        None => Ok(commit_time(project).unwrap_or(FLOOR)),
    }
}

fn commit_time(project: &Path) -> Option<i64> {
    git(project, &["log", "-1", "--format=%ct"])?.parse().ok().filter(|seconds| (FLOOR..=CEILING).contains(seconds))
}

/// The commit that the project's checkout is at, with `-dirty` behind it when tracked files differ; `None` outside git.
#[must_use]
pub fn revision(project: &Path) -> Option<String> {
    let commit = git(project, &["rev-parse", "HEAD"])?;
    let dirty = git(project, &["status", "--porcelain", "--untracked-files=no", "--", "."])?;
    Some(if dirty.is_empty() { commit } else { format!("{commit}-dirty") })
}

/// The tag that stands exactly on the checkout's commit.
#[must_use]
pub fn exact_tag(project: &Path) -> Option<String> {
    git(project, &["describe", "--tags", "--exact-match"])
}

/// One line of output of a git command in `folder`; `None` when git is missing, fails or knows no such folder.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
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
    fn the_variable_wins_and_must_be_seconds() {
        let nowhere = Path::new("/nonexistent");
        assert_eq!(source_date_epoch(Some("1700000000"), nowhere), Ok(1_700_000_000));
        assert_eq!(source_date_epoch(None, nowhere), Ok(FLOOR));
        assert_eq!(source_date_epoch(Some(""), nowhere), Ok(FLOOR));
        assert_eq!(source_date_epoch(Some("yesterday"), nowhere), Err("yesterday".to_owned()));
        for beyond in ["12", "4294967296"] {
            assert_eq!(source_date_epoch(Some(beyond), nowhere), Err(beyond.to_owned()));
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
