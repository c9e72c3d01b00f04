//! Writes to stdout and stderr without ever stopping the work: a reader that went away is no error, any other
//! failure is kept and told at the end.

use std::{
    fmt,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

/// One of the two streams.
pub(crate) struct Stream(Mutex<State>);

struct State {
    writer: Box<dyn Write + Send>,
    error: Option<io::Error>,
}

impl Stream {
    pub(crate) fn new(writer: Box<dyn Write + Send>) -> Self {
        Self(Mutex::new(State { writer, error: None }))
    }

    pub(crate) fn stdout() -> Self {
        Self::new(Box::new(io::stdout()))
    }

    pub(crate) fn stderr() -> Self {
        Self::new(Box::new(io::stderr()))
    }

    /// Writes it all at once, so that lines of different threads do not mix.
    pub(crate) fn write(&self, bytes: impl AsRef<[u8]>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = state.writer.write_all(bytes.as_ref()).and_then(|()| state.writer.flush())
            && error.kind() != io::ErrorKind::BrokenPipe
            && state.error.is_none()
        {
            state.error = Some(error);
        }
    }

    /// The first failure, told once.
    pub(crate) fn take_error(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).error.take()
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use super::*;

    /// A writer that remembers.
    #[derive(Debug, Clone, Default)]
    pub(crate) struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Paper {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }

        pub(crate) fn stream(&self) -> Arc<Stream> {
            Arc::new(Stream::new(Box::new(self.clone())))
        }
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A writer that always fails in this way.
    pub(crate) struct Torn(pub(crate) io::ErrorKind);

    impl Write for Torn {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn failures_are_told_once_and_a_closed_pipe_never() {
        let full = Stream::new(Box::new(Torn(io::ErrorKind::StorageFull)));
        full.write("a");
        full.write("b");
        assert_eq!(full.take_error().map(|error| error.kind()), Some(io::ErrorKind::StorageFull));
        assert!(full.take_error().is_none());
        let closed = Stream::new(Box::new(Torn(io::ErrorKind::BrokenPipe)));
        closed.write("a");
        assert!(closed.take_error().is_none());
    }
}
