//! [`FetchError`]: why something was not fetched. Names host, path and status, never a login.

use std::{io, time::Duration};

use crate::names::Sha256;

/// Why something was not fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The run was stopped.
    #[error("interrupted")]
    Interrupted,
    /// This machine cannot do TLS.
    #[error("TLS cannot be set up: {reason}")]
    Setup {
        /// Why.
        reason: String,
    },
    /// It is no address of a file.
    #[error("an address that cannot be fetched from: {reason}")]
    Address {
        /// Why.
        reason: String,
    },
    /// Anybody on the way could read and change what comes.
    #[error("{host} is to be asked without TLS")]
    Plain {
        /// The server.
        host: String,
    },
    /// The server does not answer, or not to the end.
    #[error("{host} cannot be reached ({path}): {reason}")]
    Unreachable {
        /// The server.
        host: String,
        /// What it was asked for.
        path: String,
        /// The system's words.
        reason: String,
        /// Whether it had been reached, so that another try may go better.
        is_cut: bool,
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
    #[error("{host} answers {status} to {path}")]
    Status {
        /// The server.
        host: String,
        /// What it was asked for.
        path: String,
        /// The status.
        status: u16,
        /// The wait that it asks for.
        wait: Option<Duration>,
    },
    /// The server has nothing there.
    #[error("{host} has no {path}")]
    Absent {
        /// The server.
        host: String,
        /// What it was asked for.
        path: String,
    },
    /// One server leads to the next.
    #[error("{host} leads elsewhere for {path}, as all before it")]
    Led {
        /// The last server.
        host: String,
        /// What it was asked for.
        path: String,
    },
    /// More comes than is taken.
    #[error("{host} gives more than {most} bytes for {path}")]
    Large {
        /// The server.
        host: String,
        /// What it was asked for.
        path: String,
        /// Bytes.
        most: u64,
    },
    /// Another file comes.
    #[error("{host} gives another file for {path}: its SHA-256 is {found}, and should be {wanted}")]
    Digest {
        /// The server.
        host: String,
        /// What it was asked for.
        path: String,
        /// What should come.
        wanted: Sha256,
        /// What came.
        found: Sha256,
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
    /// A file of this machine.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl FetchError {
    /// Whether another try may go better, with the wait that is asked for.
    #[must_use]
    pub fn passes(&self) -> Option<Option<Duration>> {
        match self {
            Self::Unreachable { is_cut: true, .. } => Some(None),
            Self::Status { status: 429 | 500 | 502..=504, wait, .. } => Some(*wait),
            _ => None,
        }
    }

    /// What to type next.
    #[must_use]
    pub fn help(&self) -> String {
        let help = match self {
            Self::Certificate { .. } => {
                "behind a private CA, or a proxy that inspects TLS, name its certificates: \
                 `FACTORY_CA_BUNDLE=/path/to/ca.pem`"
            }
            Self::Plain { .. } => "write `https://`: only servers of this machine are asked without TLS",
            Self::Status { status: 401 | 403, .. } => {
                "it wants a login: for an index, `PIP_INDEX_URL=https://USER:PASSWORD@…/simple`; a recipe takes none"
            }
            Self::Status { status: 500.., .. } | Self::Status { status: 429, .. } => {
                "the same command goes on from here once the server is well"
            }
            Self::Digest { .. } => {
                "it was replaced there, or the digest was copied wrongly: compare it with the one that its maker tells"
            }
            Self::Absent { .. } | Self::Address { .. } => "check the address",
            _ => "check the address, the network and the proxy variables",
        };
        help.to_owned()
    }
}
