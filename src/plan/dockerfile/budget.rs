//! [`Budget`]: how long all templates of a plan may take together, and until when anybody waits for them. Each may take seconds, and
//! a plan renders it for every image, platform and key that it has to know about.

use std::{
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use super::TemplateError;

/// What all of them may take. Fifty images on ten platforms take seconds.
const ALL: Duration = Duration::from_mins(1);
/// How often the token is asked while one is rendered.
const OFTEN: Duration = Duration::from_millis(50);

/// What the templates of a plan may still take.
#[derive(Debug)]
pub struct Budget {
    cancel: CancellationToken,
    /// In microseconds.
    spent: AtomicU64,
}

impl Budget {
    /// All of it, until a token is cancelled.
    pub fn new(cancel: CancellationToken) -> Self {
        Self { cancel, spent: AtomicU64::new(0) }
    }

    /// Whether one more template may be rendered.
    pub fn ask(&self, name: &str) -> Result<(), TemplateError> {
        if self.cancel.is_cancelled() {
            return Err(TemplateError::Interrupted);
        }
        if self.left().is_zero() {
            return Err(TemplateError::Slow { name: name.to_owned() });
        }
        Ok(())
    }

    /// What a thread gives; `None` where it gives nothing for that long. The time that it takes is taken from what is left.
    pub fn wait<T>(&self, from: &Receiver<T>, limit: Duration, name: &str) -> Result<Option<T>, TemplateError> {
        let begun = Instant::now();
        let found = loop {
            let left = limit.min(self.left()).saturating_sub(begun.elapsed());
            match from.recv_timeout(left.min(OFTEN)) {
                Ok(given) => break Ok(Some(given)),
                Err(RecvTimeoutError::Disconnected) => break Ok(None),
                Err(RecvTimeoutError::Timeout) if self.cancel.is_cancelled() => break Err(TemplateError::Interrupted),
                Err(RecvTimeoutError::Timeout) if left > OFTEN => {}
                Err(RecvTimeoutError::Timeout) if begun.elapsed() >= limit => break Ok(None),
                Err(RecvTimeoutError::Timeout) => break Err(TemplateError::Slow { name: name.to_owned() }),
            }
        };
        self.spend(begun.elapsed());
        found
    }

    fn left(&self) -> Duration {
        ALL.saturating_sub(Duration::from_micros(self.spent.load(Ordering::Relaxed)))
    }

    fn spend(&self, time: Duration) {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.spent.fetch_add(time, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn what_was_spent_or_is_not_waited_for_is_not_rendered() {
        let cancel = CancellationToken::new();
        let budget = Budget::new(cancel.clone());
        budget.ask("x").unwrap();
        budget.spend(ALL / 2);
        budget.ask("x").unwrap();
        let (send, receive) = mpsc::channel();
        send.send(1).unwrap();
        assert_eq!(budget.wait(&receive, ALL, "x").unwrap(), Some(1));
        assert_eq!(budget.wait(&receive, Duration::ZERO, "x").unwrap(), None);
        budget.spend(ALL / 2);
        assert!(matches!(budget.ask("x"), Err(TemplateError::Slow { .. })));
        assert!(matches!(budget.wait(&receive, ALL, "x"), Err(TemplateError::Slow { .. })));
        cancel.cancel();
        assert!(matches!(budget.ask("x"), Err(TemplateError::Interrupted)));
        let fresh = Budget::new(cancel);
        assert!(matches!(fresh.wait(&receive, ALL, "x"), Err(TemplateError::Interrupted)));
        drop(send);
        assert_eq!(fresh.wait(&receive, ALL, "x").unwrap(), None);
    }
}
