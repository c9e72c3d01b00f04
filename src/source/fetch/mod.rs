//! [`Fetcher`]: pages and files of anybody's servers. Bounded in size, never in time as long as something comes; nothing that comes is
//! believed for where it comes from: a file is held against its digest.
//!
//! A login goes to the server that it was given for, and after no redirection to another one.

mod error;
#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::{Seek as _, Write as _},
    time::Duration,
};

use reqwest::{
    Response, Url,
    header::{ACCEPT, CONTENT_TYPE, LOCATION},
};
use sha2::Digest as _;
use tokio_util::sync::CancellationToken;

pub use error::FetchError;

use super::http::{ServerTrust, client, deepest, host, seconds};
use crate::{
    event::Events,
    names::Sha256,
    util::retry::{Policy, Retry},
};

/// How long a server may say nothing.
const SILENT: Duration = Duration::from_mins(1);
/// Redirections that are followed.
const LED: usize = 5;

/// A way to servers.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: reqwest::Client,
    events: Events,
    cancel: CancellationToken,
}

/// A page that came whole.
#[derive(Debug)]
pub struct Page {
    /// Where it was in the end.
    pub at: Url,
    /// What it says that it is: `text/html; charset=utf-8`.
    pub kind: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What is fetched.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'w> {
    /// Where it is. A login in it is sent, and never shown.
    pub address: &'w str,
    /// What would be taken, in the words of `Accept`.
    pub accept: &'w str,
    /// The most bytes.
    pub most: u64,
}

impl Fetcher {
    /// Trusts the system's certificates, and those of `ca`, a text in PEM form. Proxies are those of the environment.
    ///
    /// # Errors
    /// [`FetchError::Setup`].
    pub fn new(ca: Option<&[u8]>, events: Events, cancel: CancellationToken) -> Result<Self, FetchError> {
        let setup = |reason: String| FetchError::Setup { reason };
        let client = client(&ServerTrust { ca, ..ServerTrust::default() }).map_err(|error| setup(error.to_string()))?;
        let client = client.read_timeout(SILENT).build().map_err(|error| setup(deepest(&error)))?;
        Ok(Self { client, events, cancel })
    }

    /// A page; `None` where the server has none there.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn page(&self, wanted: Wanted<'_>) -> Result<Option<Page>, FetchError> {
        let mut retry = Policy::SERVER.begin();
        loop {
            match self.until_stopped(self.page_once(wanted)).await {
                Err(error) => self.pause(error, &mut retry).await?,
                done => return done,
            }
        }
    }

    async fn page_once(&self, wanted: Wanted<'_>) -> Result<Option<Page>, FetchError> {
        let (mut response, at) = self.open(wanted).await?;
        if response.status().as_u16() == 404 {
            return Ok(None);
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.to_ascii_lowercase();
        let mut bytes = Vec::new();
        while let Some(piece) = piece(&mut response, &at).await? {
            bytes.extend_from_slice(&piece);
            bounded(bytes.len() as u64, wanted.most, &at)?;
        }
        Ok(Some(Page { at, kind, bytes }))
    }

    /// Fetches a file of this digest into `to`, whose content it replaces; gives its size. What is in it after an error is of no use.
    ///
    /// # Errors
    /// [`FetchError`]; [`FetchError::Absent`] where there is none.
    pub async fn file(&self, wanted: Wanted<'_>, sha256: &Sha256, to: &mut File) -> Result<u64, FetchError> {
        let mut retry = Policy::SERVER.begin();
        loop {
            match self.until_stopped(self.file_once(wanted, sha256, to)).await {
                Err(error) => self.pause(error, &mut retry).await?,
                done => return done,
            }
        }
    }

    async fn file_once(&self, wanted: Wanted<'_>, sha256: &Sha256, to: &mut File) -> Result<u64, FetchError> {
        to.set_len(0)?;
        to.rewind()?;
        let (mut response, at) = self.open(wanted).await?;
        if response.status().as_u16() == 404 {
            return Err(FetchError::Absent { host: host(&at), path: at.path().to_owned() });
        }
        let (mut hash, mut size) = (sha2::Sha256::new(), 0);
        while let Some(piece) = piece(&mut response, &at).await? {
            size += piece.len() as u64;
            bounded(size, wanted.most, &at)?;
            hash.update(&piece);
            to.write_all(&piece)?;
        }
        let found = Sha256::from_digest(hash.finalize().into());
        if found == *sha256 {
            return Ok(size);
        }
        let (host, path) = (host(&at), at.path().to_owned());
        Err(FetchError::Digest { host, path, wanted: sha256.clone(), found })
    }

    async fn until_stopped<T>(&self, work: impl Future<Output = Result<T, FetchError>>) -> Result<T, FetchError> {
        tokio::select! {
            done = work => done,
            () = self.cancel.cancelled() => Err(FetchError::Interrupted),
        }
    }

    /// Waits where the server is busy or the connection was cut, and says so.
    ///
    /// # Errors
    /// What does not pass, and what was tried often enough.
    async fn pause(&self, error: FetchError, retry: &mut Retry) -> Result<(), FetchError> {
        let Some(wait) = error.passes().and_then(|asked| retry.next(asked)) else { return Err(error) };
        self.events.info(format!("{error}; asked again in {wait}"));
        if wait.over(&self.cancel).await { Ok(()) } else { Err(FetchError::Interrupted) }
    }

    /// The answer at the end of all redirections: one that says yes, or that there is nothing.
    async fn open(&self, wanted: Wanted<'_>) -> Result<(Response, Url), FetchError> {
        let mut url = Url::parse(wanted.address).map_err(|error| FetchError::Address { reason: error.to_string() })?;
        let login = (url.origin(), url.username().to_owned(), url.password().map(str::to_owned));
        let _ = (url.set_username(""), url.set_password(None));
        url.set_fragment(None);
        for _ in 0..=LED {
            judge(&url)?;
            let mut request = self.client.get(url.clone()).header(ACCEPT, wanted.accept);
            if url.origin() == login.0 && (!login.1.is_empty() || login.2.is_some()) {
                let plain = |text: &str| percent_decoded(text);
                request = request.basic_auth(plain(&login.1), login.2.as_deref().map(plain));
            }
            let response = request.send().await.map_err(|error| lost(&url, &error))?;
            let (status, wait) = (response.status().as_u16(), seconds(&response));
            match status {
                200 | 404 => return Ok((response, url)),
                301 | 302 | 303 | 307 | 308 => {
                    let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                    let to = to.and_then(|to| url.join(to).ok());
                    url = to.ok_or_else(|| FetchError::Status {
                        host: host(&url),
                        path: url.path().to_owned(),
                        status,
                        wait,
                    })?;
                }
                _ => return Err(FetchError::Status { host: host(&url), path: url.path().to_owned(), status, wait }),
            }
        }
        Err(FetchError::Led { host: host(&url), path: url.path().to_owned() })
    }
}

/// TLS, but for what is on this machine.
fn judge(url: &Url) -> Result<(), FetchError> {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    let is_here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_here => Ok(()),
        "http" => Err(FetchError::Plain { host: host.to_owned() }),
        scheme => Err(FetchError::Address { reason: format!("`{scheme}` is neither https nor http") }),
    }
}

fn bounded(size: u64, most: u64, at: &Url) -> Result<(), FetchError> {
    let large = || FetchError::Large { host: host(at), path: at.path().to_owned(), most };
    if size > most { Err(large()) } else { Ok(()) }
}

async fn piece(response: &mut Response, at: &Url) -> Result<Option<bytes::Bytes>, FetchError> {
    response.chunk().await.map_err(|error| lost(at, &error))
}

/// A login as it is meant: in an address it is percent-encoded (RFC 3986).
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        if let Some(byte) = after.get(..2).filter(|_| *first == b'%').and_then(code) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn lost(url: &Url, error: &reqwest::Error) -> FetchError {
    let (host, path, reason) = (host(url), url.path().to_owned(), deepest(error));
    if reason.contains("certificate") {
        return FetchError::Certificate { host, reason };
    }
    let is_cut = !error.is_connect() && !error.is_builder();
    let reason =
        if error.is_timeout() && is_cut { format!("it said nothing for {} s", SILENT.as_secs()) } else { reason };
    FetchError::Unreachable { host, path, reason, is_cut }
}
