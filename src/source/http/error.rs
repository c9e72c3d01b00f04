//! [`HttpError`]: why a server gave no answer, or not the right one. Names host, path and status, never a token.

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The run was stopped.
    #[error("interrupted")]
    Interrupted,
    /// This machine cannot do TLS.
    #[error("TLS cannot be set up: {reason}")]
    Setup {
        /// Why.
        reason: String,
    },
    /// The server does not answer.
    #[error("{host} cannot be reached ({path}): {reason}")]
    Unreachable {
        /// The server.
        host: String,
        /// What it was asked for.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// The server's certificate.
    #[error("the certificate of {host} is not trusted: {reason}")]
    Certificate {
        /// The server.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server says no.
    #[error("{host} answers {status} to {path}{said}")]
    Status {
        /// The server.
        host: String,
        /// What it was asked for.
        path: String,
        /// The status.
        status: u16,
        /// `: ` and its own words; empty where it says nothing.
        said: String,
    },
    /// The server leads elsewhere.
    #[error("{host} leads elsewhere for {path}: {to}")]
    Led {
        /// The server.
        host: String,
        /// What it was asked for.
        path: String,
        /// Where to.
        to: String,
    },
    /// An answer that cannot be read.
    #[error("{host} gives an answer to {path} that cannot be read: {reason}")]
    Unreadable {
        /// The server.
        host: String,
        /// What it was asked for.
        path: String,
        /// Why.
        reason: String,
    },
}

impl HttpError {
    /// What to type next.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Certificate { .. } => "behind a private CA, or a proxy that inspects TLS, name its certificates: \
                                         `FACTORY_CA_BUNDLE=/path/to/ca.pem`"
                .to_owned(),
            Self::Status { status: 401, .. } => {
                "the token is not taken: is it the right one, and not past its end?".to_owned()
            }
            Self::Status { status: 403, .. } => "the token may not do that: tags need write access (`api` of GitLab, \
                                                 `contents: write` of GitHub), and some tags are protected"
                .to_owned(),
            Self::Status { status: 429, .. } => {
                "the server has had enough for now: run the same command later".to_owned()
            }
            Self::Status { status: 500.., .. } => "the same command does the rest once the server is well".to_owned(),
            Self::Led { .. } => "write the new address or path; a token is not sent after a redirection".to_owned(),
            _ => "check the address, the network and the proxy variables".to_owned(),
        }
    }
}
