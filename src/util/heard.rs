//! [`Heard`]: when something last gave a sign of life.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// When something last gave a sign of life: at first, when it began. Clones share it.
#[derive(Debug, Clone)]
pub struct Heard(Arc<Mutex<Instant>>);

impl Heard {
    /// It begins now.
    #[must_use]
    pub fn now() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    /// It gives a sign of life.
    pub fn hear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Ends when nothing was heard for so long.
    pub async fn silent_for(&self, idle_timeout: Duration) {
        loop {
            let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let left = idle_timeout.saturating_sub(since.elapsed());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::future::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn only_silence_ends_it() {
        let heard = Heard::now();
        assert!(heard.silent_for(Duration::from_hours(1)).now_or_never().is_none());
        heard.silent_for(Duration::from_millis(1)).await;
        heard.hear();
        assert!(heard.silent_for(Duration::from_hours(1)).now_or_never().is_none());
    }
}
