//! [`OciError`]: why a registry did not do what it should. Names registry, repository and status, never a secret.

/// Why a registry did not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OciError {
    /// The run was stopped.
    #[error("interrupted")]
    Interrupted,
    /// This machine cannot do TLS, or the address is none.
    #[error("no way to a registry: {reason}")]
    Setup {
        /// Why.
        reason: String,
    },
    /// Nothing answers, or the connection is cut again and again.
    #[error("the registry {registry} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        registry: String,
        /// The system's words.
        reason: String,
    },
    /// Its certificate.
    #[error("the certificate of the registry {registry} is not trusted: {reason}")]
    Certificate {
        /// Host and port.
        registry: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What answers is no registry.
    #[error("what answers at {registry} is no registry: it says {status} to /v2/")]
    NoRegistry {
        /// Host and port.
        registry: String,
        /// Its status.
        status: u16,
    },
    /// It wants a login, or not this one.
    #[error("the registry {registry} does not let {who} in{said}")]
    Login {
        /// Host and port.
        registry: String,
        /// `us` without a login, else the user.
        who: String,
        /// `: ` and its own words; empty where it says nothing.
        said: String,
    },
    /// The login may not do that.
    #[error("the registry {registry} does not allow to {doing}{said}")]
    Denied {
        /// Host and port.
        registry: String,
        /// As a verb phrase: `push to shop/core`.
        doing: String,
        /// `: ` and its own words.
        said: String,
    },
    /// Any other status.
    #[error("the registry {registry} answers {status} when asked to {doing}{said}")]
    Status {
        /// Host and port.
        registry: String,
        /// As a verb phrase.
        doing: String,
        /// The status.
        status: u16,
        /// `: ` and its own words.
        said: String,
    },
    /// An answer that cannot be read, or leads where a secret or a file must not go.
    #[error("the registry {registry} gives no usable answer when asked to {doing}: {reason}")]
    Unreadable {
        /// Host and port.
        registry: String,
        /// As a verb phrase.
        doing: String,
        /// Why.
        reason: String,
    },
    /// Something else came than was asked for.
    #[error("the registry {registry} gives other bytes than those of {wanted} ({found})")]
    Digest {
        /// Host and port.
        registry: String,
        /// The digest asked for.
        wanted: String,
        /// What came instead.
        found: String,
    },
    /// A file of ours.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl OciError {
    /// What to type next.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Login { registry, .. } => format!("`docker login {registry}`, and the same command again"),
            Self::Denied { .. } => "is the path in the registry right, and may this login write there?".to_owned(),
            Self::Certificate { registry, .. } => format!(
                "a private CA is named by `FACTORY_CA_BUNDLE=/path/to/ca.pem`, or for Docker, too, by \
                 /etc/docker/certs.d/{registry}/ca.crt"
            ),
            Self::Unreachable { .. } => {
                "check the address, the network and the proxy variables; a registry without TLS is \
                                         named in `insecure-registries` of /etc/docker/daemon.json"
                    .to_owned()
            }
            Self::NoRegistry { .. } => "write it as host[:port][/path], without scheme".to_owned(),
            Self::Status { status: 429 | 500.., .. } => {
                "the registry is busy or unwell: the same command does the rest later".to_owned()
            }
            _ => return None,
        })
    }

    /// Whether nothing was heard of a registry at all.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Certificate { .. } | Self::NoRegistry { .. })
    }
}
