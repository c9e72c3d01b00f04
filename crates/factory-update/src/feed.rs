//! A feed on a web server, or in a folder.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use factory_tuf::{Fetch, FetchError};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// How long a server may take to answer, and for a file of metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the connection and each answer's begin.
    pub answer: Duration,
    /// For a body that is small, and before the speed of a large one is measured.
    pub body: Duration,
    /// The least speed of a large body, in bytes a second.
    pub speed: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { answer: Duration::from_secs(30), body: Duration::from_secs(30), speed: 1024 }
    }
}

/// Where a feed is.
#[derive(Debug)]
pub enum Feed {
    /// On a web server.
    Web(Web),
    /// In a folder of this machine.
    Folder(PathBuf),
}

/// A web server.
#[derive(Debug)]
pub struct Web {
    base: String,
    agent: ureq::Agent,
    patience: Patience,
}

/// Why a feed cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The address is none.
    #[error("{0:?} is not the address of a feed: http:// or https:// and a host, or an absolute path")]
    Address(String),
    /// The system knows no certificates.
    #[error("the system's certificates cannot be read: {0}")]
    Certificates(String),
}

/// A part of a file that comes.
pub struct Part<'a> {
    /// At which byte it begins: what was asked for, or 0 where the server gives all of it.
    pub from: u64,
    /// The bytes.
    pub bytes: Box<dyn Read + 'a>,
}

impl std::fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Part").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Feed {
    /// At this address. The system's certificates are trusted, or those of `SSL_CERT_FILE`.
    ///
    /// # Errors
    /// [`FeedError`].
    pub fn at(address: &str, patience: Patience) -> Result<Self, FeedError> {
        if Path::new(address).is_absolute() {
            return Ok(Self::Folder(address.into()));
        }
        let plain = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}?#@".contains(c);
        let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
        if !rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(plain)) {
            return Err(FeedError::Address(address.chars().take(100).collect()));
        }
        let mut tls = TlsConfig::builder();
        tls = tls.unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let certificates = if address.starts_with("https://") { certificates()? } else { Vec::new() };
        let tls = tls.root_certs(RootCerts::Specific(Arc::new(certificates))).build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(3)
            .user_agent(concat!("factory-update/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(patience.answer))
            .timeout_connect(Some(patience.answer))
            .timeout_recv_response(Some(patience.answer))
            .build();
        let base = address.trim_end_matches('/').to_owned();
        Ok(Self::Web(Web { base, agent: config.into(), patience }))
    }

    /// The bytes of a file from one of them on; of how many all are says how long they may take.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn part(&mut self, path: &str, from: u64, length: u64) -> Result<Part<'_>, FetchError> {
        match self {
            Self::Folder(folder) => {
                let file = open(folder, path)?;
                Ok(Part { from: 0, bytes: Box::new(file) })
            }
            Self::Web(web) => web.part(path, from, length),
        }
    }
}

impl Fetch for Feed {
    fn fetch(&mut self, path: &str) -> Result<Box<dyn Read + '_>, FetchError> {
        self.part(path, 0, 0).map(|part| part.bytes)
    }
}

impl Web {
    fn part(&mut self, path: &str, from: u64, length: u64) -> Result<Part<'_>, FetchError> {
        let left = length.saturating_sub(from);
        let time = self.patience.body.saturating_add(Duration::from_secs(left / self.patience.speed.max(1)));
        let mut request = self.agent.get(format!("{}/{path}", self.base));
        if from > 0 {
            request = request.header("Range", format!("bytes={from}-"));
        }
        let answer = request.config().timeout_recv_body(Some(time)).build().call().map_err(io::Error::other)?;
        let status = answer.status().as_u16();
        let begins = |wanted: &str| {
            let range = answer.headers().get("Content-Range").and_then(|value| value.to_str().ok());
            range.is_some_and(|range| range.starts_with(wanted))
        };
        let from = match status {
            200 => 0,
            206 if from > 0 && begins(&format!("bytes {from}-")) => from,
            // A server that would rather not say which files there are.
            403 | 404 | 410 => return Err(FetchError::NotFound),
            _ => return Err(io::Error::other(format!("the server answers {status}")).into()),
        };
        // The reader that comes is bounded by whoever reads it.
        let bytes = answer.into_body().into_with_config().limit(u64::MAX).reader();
        Ok(Part { from, bytes: Box::new(bytes) })
    }
}

fn certificates() -> Result<Vec<Certificate<'static>>, FeedError> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let why = found.errors.first().map_or_else(|| "there are none".to_owned(), ToString::to_string);
        return Err(FeedError::Certificates(why));
    }
    Ok(found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect())
}

/// A file of a feed in a folder. Paths come from metadata and are plain (`factory_tuf::TargetPath`).
fn open(folder: &Path, path: &str) -> Result<fs_err::File, FetchError> {
    match fs_err::File::open(folder.join(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(FetchError::NotFound),
        file => Ok(file?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one() {
        for good in ["http://localhost:1/", "http://example.org/updates", "/srv/feed"] {
            assert!(Feed::at(good, Patience::default()).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ftp://x",
            "https://",
            "https:///x",
            "http://user@host/",
            "http://a b",
            "http://x/?q",
            "feed",
            "http://x/\n",
        ] {
            assert!(matches!(Feed::at(bad, Patience::default()), Err(FeedError::Address(_))), "{bad}");
        }
    }
}
