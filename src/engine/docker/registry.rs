//! What the daemon's words about a registry mean. Engines 20.10 to 29 pass on texts of Go's network and TLS packages,
//! of the distribution client and of containerd, without codes: only their words tell a network that is down from an
//! image that does not exist.
//!
//! It never talks to a registry.

use super::errors::{Doing, going_away, words};
use crate::{engine::EngineError, names::ImageReference};

/// The registry could not be spoken to: names, connections, TLS, proxies, gateways.
const UNREACHABLE: &[&str] = &[
    "dial tcp",
    "dial unix",
    "no such host",
    "i/o timeout",
    "connection refused",
    "connection reset by peer",
    "broken pipe",
    "no route to host",
    "network is unreachable",
    "server misbehaving",
    "temporary failure in name resolution",
    "client.timeout",
    "context deadline exceeded",
    "tls handshake",
    "tls: ",
    "x509:",
    "proxyconnect",
    "proxy authentication required",
    "server gave http response to https client",
    "malformed http response",
    "request canceled while waiting for connection",
    "unexpected eof",
    "502 bad gateway",
    "503 service unavailable",
    "504 gateway time",
];

/// The registry was there and has no such image, or not for us.
const NOT_FOUND: &[&str] = &[
    "manifest unknown",
    "name unknown",
    "name_unknown",
    "repository name not known",
    "not found",
    "does not exist",
    "no matching manifest",
    "no match for platform",
    "access denied",
    "access to the resource is denied",
    "access forbidden",
    "insufficient_scope",
    "authorization failed",
    "unauthorized",
    "authentication required",
    "no basic auth credentials",
    "403 forbidden",
    "401 unauthorized",
];

/// What an image's registry failed with, decided by `message`, the daemon's words.
pub(super) fn pull_error(message: &str, reference: &str, doing: Doing) -> EngineError {
    let reason = words(message);
    if is_unreachable(&reason) {
        EngineError::RegistryUnreachable { registry: ImageReference::new(reference).registry().to_owned(), reason }
    } else if going_away(&reason) {
        doing.lost(reason)
    } else if is_busy(&reason) {
        EngineError::RegistryBusy { registry: ImageReference::new(reference).registry().to_owned(), reason }
    } else if has_any(&reason, NOT_FOUND) {
        EngineError::ImageNotFound { image: reference.to_owned(), reason }
    } else {
        doing.refused(None, reason)
    }
}

/// A registry that may take the same later: it has too many requests, fails inside, or hung up in the middle.
const BUSY: &[&str] = &[
    "toomanyrequests",
    "too many requests",
    "status code 429",
    "parsing http 429 response",
    "parsing http 500 response",
    "parsing http 502 response",
    "parsing http 503 response",
    "parsing http 504 response",
    "500 internal server error",
    "502 bad gateway",
    "503 service unavailable",
    "504 gateway time",
    "connection reset by peer",
    "broken pipe",
    "unexpected eof",
    "use of closed network connection",
    "i/o timeout",
    "http2: server sent goaway",
    "blob upload unknown",
    "blob upload invalid",
];

/// The same for a push, where a missing image is ours and a denial is the registry's answer.
pub(super) fn push_error(message: &str, reference: &str, doing: Doing) -> EngineError {
    let reason = words(message);
    let registry = || ImageReference::new(reference).registry().to_owned();
    if is_busy(&reason) {
        EngineError::RegistryBusy { registry: registry(), reason }
    } else if is_unreachable(&reason) {
        EngineError::RegistryUnreachable { registry: registry(), reason }
    } else if going_away(&reason) {
        doing.lost(reason)
    } else {
        doing.refused(None, reason)
    }
}

/// Whether the words are about a registry that answered, and may take the same later.
fn is_busy(words: &str) -> bool {
    has_any(words, BUSY) || words == "EOF" || words.ends_with(": EOF")
}

/// Whether the words are about a registry that could not be reached.
pub(super) fn is_unreachable(words: &str) -> bool {
    // Go ends a request that the other side hung up on with a bare `EOF`.
    has_any(words, UNREACHABLE) || words == "EOF" || words.ends_with(": EOF")
}

fn has_any(words: &str, signs: &[&str]) -> bool {
    let lower = words.to_ascii_lowercase();
    signs.iter().any(|sign| lower.contains(sign))
}

#[cfg(test)]
#[path = "tests/registry.rs"]
mod tests;
