//! Reading what the daemon streams, for as long as it takes: messages may be minutes apart, so a silence is filled with
//! the question whether the daemon still answers.

use std::time::Duration;

use bollard::errors::Error;
use futures::{Stream, StreamExt as _};
use tokio::time::timeout;

use super::{Docker, errors::Doing};
use crate::engine::EngineError;

/// A silence after which the daemon is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(30);
/// How long it may take to say so: a machine that builds is busy.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How often it is asked before it is taken for gone.
const QUESTIONS: u32 = 3;

impl Docker {
    /// The next message of a stream, `None` at its end. Errors that are the daemon's answer (a status, a message in the
    /// stream) come back as they are for the caller to judge.
    ///
    /// # Errors
    /// The inner result is the stream's; the outer one says that the daemon is gone.
    pub(super) async fn next<T>(
        &self,
        stream: &mut (impl Stream<Item = Result<T, Error>> + Unpin),
        doing: Doing,
    ) -> Result<Option<Result<T, Error>>, EngineError> {
        loop {
            match timeout(SILENCE, stream.next()).await {
                Ok(message) => return Ok(message),
                Err(_elapsed) => self.prove_alive(doing).await?,
            }
        }
    }

    /// Asks the daemon whether it is still there, patiently.
    async fn prove_alive(&self, doing: Doing) -> Result<(), EngineError> {
        let mut asked = 0;
        loop {
            match self.ping(TIMEOUT).await {
                Err(error @ EngineError::Unreachable { .. }) if asked + 1 >= QUESTIONS => {
                    return Err(doing.midway(error));
                }
                Err(EngineError::Unreachable { .. }) => tokio::time::sleep(Duration::from_secs(1)).await,
                // Any answer is a sign of life.
                _ => return Ok(()),
            }
            asked += 1;
        }
    }

    /// After a failure that the daemon reported: whether it failed because the daemon itself is going away.
    pub(super) async fn or_lost(&self, error: EngineError, doing: Doing) -> EngineError {
        match self.ping(Duration::from_secs(5)).await {
            Err(EngineError::Unreachable { reason, .. }) => doing.lost(reason),
            _ => error,
        }
    }
}
