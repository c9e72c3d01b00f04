//! The time of day that is in JSON lines, as an argument: tests stop it.

use std::{fmt, sync::Arc};

use jiff::Timestamp;

/// A source of the time of day.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that asks `now`.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Timestamp::now)
    }

    /// Now, in RFC 3339 with milliseconds: `2026-11-20T09:30:00.125Z`.
    #[must_use]
    pub fn rfc3339(&self) -> String {
        format!("{:.3}", (self.0)())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[cfg(test)]
impl Clock {
    /// A clock that stands still.
    pub(crate) fn stopped() -> Self {
        Self::new(|| Timestamp::from_millisecond(1_795_167_000_125).unwrap())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339() {
        assert_eq!(Clock::stopped().rfc3339(), "2026-11-20T09:30:00.125Z");
    }
}
