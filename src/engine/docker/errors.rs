//! What bollard's errors mean to us: unreachable, lost in the middle, refused, or a file of ours that failed.
//!
//! It decides by types and statuses first and by the system's words last. It never retries.

use std::io;

use bollard::errors::Error;

use crate::engine::EngineError;

/// What is being done, in the two forms that the messages need.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doing {
    /// After "could not": `create a container`.
    pub verb: &'static str,
    /// After "while": `creating a container`.
    pub gerund: &'static str,
}

macro_rules! doings {
    ($($name:ident: $verb:literal, $gerund:literal;)*) => {
        $(pub(super) const $name: Doing = Doing { verb: $verb, gerund: $gerund };)*
    };
}

doings! {
    GREET: "tell its version", "asking for its version";
    DESCRIBE: "describe itself", "asking about it";
    INSPECT_IMAGE: "look up an image", "looking up an image";
    LIST_IMAGES: "list images", "listing images";
    PULL: "pull an image", "pulling an image";
    IMPORT: "import an image", "importing an image";
    BUILD: "build an image", "building an image";
    TAG: "tag an image", "tagging an image";
    REMOVE_IMAGE: "remove an image", "removing an image";
    PUSH: "push an image", "pushing an image";
    CREATE: "create a container", "creating a container";
    START: "start a container", "starting a container";
    WAIT: "wait for a container", "waiting for a container";
    INSPECT: "look up a container", "looking up a container";
    EXEC: "run a command in a container", "running a command in a container";
    STOP: "stop a container", "stopping a container";
    REMOVE: "remove a container", "removing a container";
    LIST: "list containers", "listing containers";
    UPLOAD: "copy files into a container", "copying files into a container";
    DOWNLOAD: "copy files out of a container", "copying files out of a container";
}

impl Doing {
    /// The daemon refused it.
    pub(super) fn refused(self, status: Option<u16>, reason: impl Into<String>) -> EngineError {
        EngineError::Refused { doing: self.verb.to_owned(), status, reason: reason.into() }
    }

    /// The daemon went away in the middle.
    pub(super) fn lost(self, reason: impl Into<String>) -> EngineError {
        EngineError::Lost { doing: self.gerund.to_owned(), reason: reason.into() }
    }

    /// Once the daemon has begun its work, not to be reached any more means to have been lost.
    pub(super) fn midway(self, error: EngineError) -> EngineError {
        match error {
            EngineError::Unreachable { reason, .. } => self.lost(reason),
            other => other,
        }
    }
}

/// One of our own files failed.
pub(super) fn io_error(doing: impl Into<String>, error: &io::Error) -> EngineError {
    EngineError::Io { doing: doing.into(), reason: error.to_string() }
}

/// The status of an answer that is an error.
pub(super) fn status(error: &Error) -> Option<u16> {
    match error {
        Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// Says an error of bollard's in the house's words. `address` is where the daemon was asked.
pub(super) fn translate(error: Error, doing: Doing, address: &str) -> EngineError {
    let unreachable = |reason: String, denied| EngineError::Unreachable { address: address.to_owned(), reason, denied };
    match error {
        Error::SocketNotFoundError(_) => unreachable("there is no such socket".to_owned(), false),
        Error::HyperLegacyError { err } if err.is_connect() => {
            let kind = io_kind(&err);
            unreachable(root_words(&err), kind == Some(io::ErrorKind::PermissionDenied))
        }
        Error::HyperLegacyError { err } => doing.lost(root_words(&err)),
        Error::HyperResponseError { err } => doing.lost(root_words(&err)),
        Error::IOError { err } => doing.lost(err.to_string()),
        Error::RequestTimeoutError => doing.lost("it did not answer in time"),
        Error::DockerResponseServerError { status_code, message } => doing.refused(Some(status_code), words(&message)),
        Error::DockerStreamError { error } | Error::DockerContainerWaitError { error, .. } => {
            doing.refused(None, words(&error))
        }
        Error::JsonDataError { message, .. } => doing.refused(None, format!("its answer makes no sense: {message}")),
        other => doing.refused(None, other.to_string()),
    }
}

/// Signs, in the daemon's words for a failure, that not the work failed but the daemon or its containerd is going away.
pub(super) fn going_away(words: &str) -> bool {
    const SIGNS: [&str; 6] = [
        "context canceled",
        "no active session",
        "transport is closing",
        "grpc: the client connection is closing",
        "error reading from server: EOF",
        "server shutdown",
    ];
    SIGNS.iter().any(|sign| words.contains(sign))
}

/// The daemon's words on one line, without the prefixes that every client adds or the JSON that Podman leaves around
/// some.
pub(super) fn words(message: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Wrapped {
        error: String,
    }
    let message = message.trim();
    if let Ok(Wrapped { error }) = serde_json::from_str(message) {
        return words(&error);
    }
    let message = message.strip_prefix("Error response from daemon: ").unwrap_or(message);
    message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The innermost cause: `Connection refused (os error 111)` and not `client error (Connect)`.
fn root_words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

fn io_kind(error: &(dyn std::error::Error + 'static)) -> Option<io::ErrorKind> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_out_of_their_wrapping() {
        assert_eq!(words("Error response from daemon: no\n  such thing\n"), "no such thing");
        assert_eq!(words(r#"{"errorDetail":{"message":"EOF"},"error":"EOF"}"#), "EOF");
        assert_eq!(words("plain"), "plain");
    }

    #[test]
    fn what_cannot_be_reached_any_more_was_lost() {
        let gone = EngineError::Unreachable { address: "a".into(), reason: "refused".into(), denied: false };
        assert!(matches!(BUILD.midway(gone), EngineError::Lost { doing, .. } if doing == "building an image"));
        let refused = BUILD.refused(Some(500), "x");
        assert!(matches!(BUILD.midway(refused), EngineError::Refused { status: Some(500), .. }));
    }
}
