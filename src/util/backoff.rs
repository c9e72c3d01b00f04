//! [`Backoff`]: how long to wait before something is tried again, and how often.

use std::time::Duration;

/// The first wait; each one is twice the one before.
const FIRST: Duration = Duration::from_millis(500);
/// What asks for a longer wait is not waited for.
const LONGEST: Duration = Duration::from_secs(90);

/// The waits between tries of one thing: half a second, then twice as long each time.
#[derive(Debug, Clone)]
pub struct Backoff {
    left: u32,
    wait: Duration,
}

impl Backoff {
    /// As many more tries as `again`.
    #[must_use]
    pub const fn new(again: u32) -> Self {
        Self { left: again, wait: FIRST }
    }

    /// The wait before the next try: what the other side `asked` for, else its own. `None` when it was tried often enough, or the
    /// other side wants more than a minute and a half.
    pub fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let wait = asked.unwrap_or(self.wait);
        if wait > LONGEST {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        self.wait = (self.wait * 2).min(LONGEST);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_twice_the_one_before() {
        let mut backoff = Backoff::new(3);
        let waits: Vec<_> = std::iter::from_fn(|| backoff.next(None)).map(|wait| wait.as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000]);
    }

    #[test]
    fn what_is_asked_for_counts_unless_it_is_too_long() {
        let mut backoff = Backoff::new(2);
        assert_eq!(backoff.next(Some(Duration::from_secs(7))), Some(Duration::from_secs(7)));
        assert_eq!(backoff.next(Some(Duration::from_secs(91))), None);
    }
}
