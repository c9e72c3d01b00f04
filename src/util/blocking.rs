//! Work that reads or writes much, off the asynchronous threads.

use tokio_util::sync::CancellationToken;

/// The thread of a piece of work ended before the work did: it panicked, or the program ends.
#[derive(Debug, thiserror::Error)]
#[error("a worker ended early: {0}")]
pub struct EndedEarly(#[from] tokio::task::JoinError);

/// Does the work on a thread of its own, so that nothing waits. It goes on to its end also when its result is no longer wanted.
///
/// # Errors
/// When the thread ends early.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, EndedEarly> {
    Ok(tokio::task::spawn_blocking(work).await?)
}

/// The same for work that should end when its result is no longer wanted: its token is cancelled then.
///
/// # Errors
/// When the thread ends early.
pub async fn while_awaited<T: Send + 'static>(
    work: impl FnOnce(&CancellationToken) -> T + Send + 'static,
) -> Result<T, EndedEarly> {
    let token = CancellationToken::new();
    let _cancels = token.clone().drop_guard();
    blocking(move || work(&token)).await
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread, time::Duration};

    use super::*;

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_told() {
        assert!(!while_awaited(CancellationToken::is_cancelled).await.unwrap());
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (ends, ended) = mpsc::channel();
        let work = while_awaited(move |token| {
            let _ = begun.send(());
            while !token.is_cancelled() {
                thread::sleep(Duration::from_millis(1));
            }
            let _ = ends.send(());
        });
        tokio::select! {
            _ = work => panic!("it ended by itself"),
            begun = has_begun => begun.unwrap(),
        }
        ended.recv().unwrap();
    }

    #[tokio::test]
    async fn a_panic_ends_the_work_alone() {
        let ended = blocking(|| -> () { panic!("as it is meant") }).await.unwrap_err();
        assert!(ended.to_string().starts_with("a worker ended early: "), "{ended}");
    }
}
