//! A file of ours on its way to the daemon, piece by piece: its size does not matter to our memory.

use std::{
    fs::File,
    io::{self, Seek as _, SeekFrom},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures::{Stream, TryStreamExt as _};
use tokio_util::io::ReaderStream;

use super::errors::io_error;
use crate::engine::EngineError;

/// Bytes read at a time.
const PIECE: usize = 256 * 1024;

/// Remembers whether reading our file was what broke a request.
#[derive(Debug)]
pub(super) struct Outgoing {
    what: &'static str,
    failure: Arc<Mutex<Option<String>>>,
}

impl Outgoing {
    /// Opens the stream of `file` from its start. `what` names it in an error, e.g. `read the build context`.
    pub(super) fn open(
        mut file: File,
        what: &'static str,
    ) -> Result<(Self, impl Stream<Item = io::Result<Bytes>> + Send + 'static), EngineError> {
        file.seek(SeekFrom::Start(0)).map_err(|error| io_error(what, &error))?;
        let failure = Arc::new(Mutex::new(None));
        let note = Arc::clone(&failure);
        let stream = ReaderStream::with_capacity(tokio::fs::File::from_std(file), PIECE).inspect_err(move |error| {
            *note.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
        });
        Ok((Self { what, failure }, stream))
    }

    /// The error to tell: ours, when the file could not be read, else the request's.
    pub(super) fn blame(&self, error: EngineError) -> EngineError {
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(reason) => EngineError::Io { doing: self.what.to_owned(), reason },
            None => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn a_file_is_sent_from_its_start_and_its_failure_is_ours() {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, b"context").unwrap();
        let (outgoing, stream) = Outgoing::open(file, "read the build context").unwrap();
        let sent: Vec<Bytes> = stream.try_collect().await.unwrap();
        assert_eq!(sent.concat(), b"context");
        let error = EngineError::Build { reason: "x".into() };
        assert!(matches!(outgoing.blame(error), EngineError::Build { .. }));

        // A folder opens but cannot be read.
        let (outgoing, stream) = Outgoing::open(File::open("/").unwrap(), "read the build context").unwrap();
        assert!(std::pin::pin!(stream).next().await.unwrap().is_err());
        let error = EngineError::Build { reason: "x".into() };
        assert!(matches!(outgoing.blame(error), EngineError::Io { doing, .. } if doing == "read the build context"));
    }
}
