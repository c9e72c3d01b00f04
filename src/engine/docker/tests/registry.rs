//! Messages as engines write them, and what they mean.

use super::*;
use crate::engine::docker::errors::{PULL, PUSH};

#[derive(Debug, PartialEq)]
enum Meaning {
    Unreachable,
    NotFound,
    Lost,
    Refused,
    Busy,
}
use Meaning::{Busy, Lost, Refused, Unreachable};

fn meaning(error: &EngineError) -> Meaning {
    match error {
        EngineError::RegistryUnreachable { .. } => Unreachable,
        EngineError::ImageNotFound { .. } => Meaning::NotFound,
        EngineError::Lost { .. } => Lost,
        EngineError::RegistryBusy { .. } => Busy,
        EngineError::Refused { .. } => Refused,
        other => panic!("{other:?}"),
    }
}

#[test]
fn pull_messages_of_engines_20_10_to_29() {
    let table = include_str!("registry-messages.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in table {
        let (expected, message) = line.split_once(": ").unwrap();
        for message in [message.to_owned(), format!("Error response from daemon: {message}\n")] {
            let found = meaning(&pull_error(&message, "debian:12", PULL));
            assert_eq!(format!("{found:?}"), expected, "{message}");
        }
    }
}

#[test]
fn push_messages() {
    let table = [
        (Unreachable, r#"Get "https://127.0.0.1:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused"#),
        (Busy, r#"Put "https://registry.example.org/v2/a/blobs/uploads/x": write: broken pipe"#),
        (Busy, r#"Put "https://registry.example.org/v2/a/manifests/1": EOF"#),
        (Busy, r#"error parsing HTTP 429 response body: unexpected end of JSON input: """#),
        (Busy, "toomanyrequests: You have reached your pull rate limit"),
        (Busy, "received unexpected HTTP status: 500 Internal Server Error"),
        (Unreachable, r#"Get "https://registry.example.org/v2/": x509: certificate signed by unknown authority"#),
        (Refused, "denied: requested access to the resource is denied"),
        (Refused, "unauthorized: authentication required"),
        (Refused, "An image does not exist locally with the tag: registry.example.org/a"),
        (Busy, "blob upload invalid"),
        (Lost, "rpc error: code = Unavailable desc = transport is closing"),
    ];
    for (expected, message) in table {
        assert_eq!(meaning(&push_error(message, "registry.example.org/a:1", PUSH)), expected, "{message}");
    }
}
