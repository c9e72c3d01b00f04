//! Sizes, times and progress as people read them. Pure.

use std::time::Duration;

pub use crate::util::size::size;

/// A wall time: `0.4 s`, `12.3 s`, `2m 41s`, `1h 02m`.
#[must_use]
pub fn time(took: Duration) -> String {
    let tenths = (took.as_millis() + 50) / 100;
    if tenths < 600 { format!("{}.{} s", tenths / 10, tenths % 10) } else { long(took) }
}

/// A time that is still running, in whole seconds: `4 s`, `2m 41s`.
#[must_use]
pub fn running(since: Duration) -> String {
    if since.as_secs() < 60 { format!("{} s", since.as_secs()) } else { long(Duration::from_secs(since.as_secs())) }
}

/// A time that is only a guess: `4 s`, `3m`, `1h 02m`.
#[must_use]
pub fn rough(took: Duration) -> String {
    let seconds = took.as_secs().max(1);
    if seconds < 60 {
        return format!("{seconds} s");
    }
    let minutes = (seconds + 30) / 60;
    if minutes < 60 { format!("{minutes}m") } else { format!("{}h {:02}m", minutes / 60, minutes % 60) }
}

fn long(took: Duration) -> String {
    let seconds = (took.as_millis() + 500) / 1000;
    if seconds < 3600 {
        format!("{}m {:02}s", seconds / 60, seconds % 60)
    } else {
        format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60)
    }
}

/// How far something is: `pushing layers, 31.2 of 120 MB`, `[3/7] RUN make`, `compiling, 3 of 4`.
#[must_use]
pub fn progress(what: &str, done: u64, total: Option<u64>, bytes: bool) -> String {
    let so_far = match total {
        Some(total) if bytes => of(&size(done), &size(total)),
        Some(total) => format!("{done} of {total}"),
        None if done == 0 => return what.to_owned(),
        None if bytes => size(done),
        None => done.to_string(),
    };
    if what.is_empty() { so_far } else { format!("{what}, {so_far}") }
}

/// `31.2 of 120 MB`: the unit once where it is the same.
fn of(done: &str, total: &str) -> String {
    match (done.split_once(' '), total.split_once(' ')) {
        (Some((number, unit)), Some((_, same))) if unit == same => format!("{number} of {total}"),
        _ => format!("{done} of {total}"),
    }
}

/// `1 step`, `2 steps`.
#[must_use]
pub fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (31_234_567, "31.2 MB"),
            (99_949_999, "99.9 MB"),
            (99_950_000, "100 MB"),
            (312_400_000, "312 MB"),
            (999_499_999, "999 MB"),
            (999_500_000, "1.0 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(size(bytes), expected);
            assert!(size(bytes).len() <= 7);
        }
    }

    #[test]
    fn times() {
        for (millis, expected) in [
            (0, "0.0 s"),
            (380, "0.4 s"),
            (12_349, "12.3 s"),
            (59_949, "59.9 s"),
            (59_950, "1m 00s"),
            (161_000, "2m 41s"),
            (3_599_499, "59m 59s"),
            (3_599_500, "1h 00m"),
            (3_725_000, "1h 02m"),
            (93_600_000, "26h 00m"),
        ] {
            assert_eq!(time(Duration::from_millis(millis)), expected);
        }
        assert_eq!(running(Duration::from_millis(59_999)), "59 s");
        assert_eq!(running(Duration::from_millis(60_900)), "1m 00s");
        assert_eq!(rough(Duration::from_millis(20)), "1 s");
        assert_eq!(rough(Duration::from_secs(161)), "3m");
        assert_eq!(rough(Duration::from_secs(3725)), "1h 02m");
    }

    #[test]
    fn progresses() {
        assert_eq!(progress("pushing layers", 31_200_000, Some(120_000_000), true), "pushing layers, 31.2 of 120 MB");
        assert_eq!(progress("pulling", 900, Some(1500), true), "pulling, 900 B of 1.5 kB");
        assert_eq!(progress("compiling", 3, Some(4), false), "compiling, 3 of 4");
        assert_eq!(progress("[3/7] RUN make", 0, None, false), "[3/7] RUN make");
        assert_eq!(progress("", 5, None, false), "5");
        assert_eq!(count(1, "step", "steps") + &count(0, "step", "steps"), "1 step0 steps");
    }
}
