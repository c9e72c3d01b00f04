//! Hours of the day in which something may happen.

use serde::{Deserialize, Serialize};

/// `22:00-06:00`: from a minute of the day to another, in UTC. The end is not part of it; from a time to itself is the whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window {
    from: u32,
    to: u32,
}

/// Not hours of a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a window: two times of the day in UTC, as in 22:00-06:00")]
pub struct WindowError(String);

impl Window {
    /// Whether it is open, at a time in seconds since 1970 UTC.
    #[must_use]
    pub fn is_open(self, now: i64) -> bool {
        let minute = u32::try_from(now.rem_euclid(86_400) / 60).unwrap_or_default();
        let Self { from, to } = self;
        if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
    }
}

impl TryFrom<String> for Window {
    type Error = WindowError;

    fn try_from(text: String) -> Result<Self, WindowError> {
        let minute = |text: &str| {
            let (hour, minute) = text.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2)?;
            let number = |text: &str, limit: u32| -> Option<u32> {
                let digits = text.bytes().all(|byte| byte.is_ascii_digit());
                text.parse().ok().filter(|number| digits && *number < limit)
            };
            Some(number(hour, 24)? * 60 + number(minute, 60)?)
        };
        let window = text.split_once('-').and_then(|(from, to)| Some(Self { from: minute(from)?, to: minute(to)? }));
        window.ok_or_else(|| WindowError(text.chars().take(40).collect()))
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.to_string()
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(text: &str) -> Result<Window, WindowError> {
        Window::try_from(text.to_owned())
    }

    #[test]
    fn a_window_may_go_over_midnight() {
        let open = |text: &str, hour: i64| window(text).unwrap().is_open(1_794_700_800 + hour * 3600);
        assert!(open("22:00-06:00", 22) && open("22:00-06:00", 0) && open("22:00-06:00", 5));
        assert!(!open("22:00-06:00", 6) && !open("22:00-06:00", 21));
        assert!(open("06:00-22:00", 6) && !open("06:00-22:00", 22) && !open("06:00-22:00", 0));
        assert!(open("03:00-03:00", 3) && open("03:00-03:00", 2));
        assert_eq!(window("22:00-06:05").unwrap().to_string(), "22:00-06:05");
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for bad in [
            "",
            "22:00",
            "22-06",
            "24:00-06:00",
            "22:60-06:00",
            "+2:00-06:00",
            "22:00-06:00Z",
            "2:00-06:00",
            "22:00 - 06:00",
        ] {
            assert!(window(bad).is_err(), "{bad}");
        }
    }
}
