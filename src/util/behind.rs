//! What is behind an error.

use std::{error::Error, io};

/// The error of a kind among those that an error tells as its reasons, itself included.
#[must_use]
pub fn behind<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        // An `io::Error` passes over the error that it holds when it is asked for its source.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(held) => Some(held),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error, PartialEq)]
    #[error("inner")]
    struct Inner;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] io::Error);

    #[test]
    fn an_io_error_hides_nothing() {
        let error = Outer(io::Error::other(Inner));
        assert_eq!(behind::<Inner>(&error), Some(&Inner));
        assert!(behind::<Inner>(&io::Error::other("inner")).is_none());
    }
}
