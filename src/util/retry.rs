//! [`Policy`]: what is tried again, how often, and after how long. Every wait of this kind is from here.
//!
//! Whether a failure may pass is said where it is known: of steps in `execute/transient.rs`, of answers where they are read.

use std::{fmt, time::Duration};

use tokio_util::sync::CancellationToken;

/// The first wait; each one is twice the one before.
const FIRST: Duration = Duration::from_millis(500);
/// What asks for a longer wait is not waited for.
const LONGEST: Duration = Duration::from_secs(90);

/// How often one thing is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    again: u32,
}

impl Policy {
    /// A request to the interface of a server that keeps tags.
    pub const SERVER: Self = Self { again: 3 };
    /// A request to a registry, of ours or of the engine.
    pub const REGISTRY: Self = Self { again: 4 };
    /// A step of a plan. pip, apt and dnf have tried again by themselves before.
    pub const STEP: Self = Self { again: 3 };
    /// A build whose layer the engine has lost.
    pub const LOST_LAYER: Self = Self { again: 3 };

    /// How often it is tried at most, the first time included.
    #[must_use]
    pub const fn tries(self) -> u32 {
        self.again + 1
    }

    /// Begins with the first try.
    #[must_use]
    pub const fn begin(self) -> Retry {
        Retry { left: self.again, wait: FIRST }
    }
}

/// The waits between tries of one thing: half a second, then twice as long each time.
#[derive(Debug, Clone)]
pub struct Retry {
    left: u32,
    wait: Duration,
}

impl Retry {
    /// The wait before the next try: what the other side `asked` for, else its own. `None` when it was tried often enough, or the
    /// other side wants more than a minute and a half.
    pub fn next(&mut self, asked: Option<Duration>) -> Option<Wait> {
        let wait = asked.unwrap_or(self.wait);
        if wait > LONGEST {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        self.wait = (self.wait * 2).min(LONGEST);
        Some(Wait(wait))
    }
}

/// A wait before the next try. In words: `0.5 s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Wait(Duration);

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s", self.0.as_secs_f64())
    }
}

impl Wait {
    /// Waits; `false` when it was stopped meanwhile.
    pub async fn over(self, cancel: &CancellationToken) -> bool {
        tokio::select! {
            () = tokio::time::sleep(self.0) => true,
            () = cancel.cancelled() => false,
        }
    }
}

/// The wait that a server asks for: the value of `Retry-After` (RFC 9110, 10.2.3), where it is in seconds.
#[must_use]
pub fn retry_after(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_twice_the_one_before() {
        for policy in [Policy::SERVER, Policy::REGISTRY, Policy::STEP, Policy::LOST_LAYER] {
            let mut retry = policy.begin();
            let waits: Vec<_> = std::iter::from_fn(|| retry.next(None)).map(|wait| wait.to_string()).collect();
            let all = ["0.5 s", "1.0 s", "2.0 s", "4.0 s"];
            assert_eq!(waits, all[..waits.len()]);
            assert_eq!(u32::try_from(waits.len()).unwrap() + 1, policy.tries());
        }
    }

    #[test]
    fn what_is_asked_for_counts_unless_it_is_too_long() {
        let mut retry = Policy::SERVER.begin();
        assert_eq!(retry.next(retry_after(" 7 ")), Some(Wait(Duration::from_secs(7))));
        assert_eq!(retry.next(retry_after("91")), None);
        for other in ["", "-1", "1.5", "Fri, 31 Dec 1999 23:59:59 GMT", "99999999999999999999999"] {
            assert_eq!(retry_after(other), None, "{other}");
        }
    }

    #[tokio::test]
    async fn a_wait_ends_with_the_run() {
        let cancel = CancellationToken::new();
        assert!(Wait(Duration::ZERO).over(&cancel).await);
        cancel.cancel();
        assert!(!Wait(Duration::from_hours(1)).over(&cancel).await);
    }
}
