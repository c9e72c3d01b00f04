//! [`Http`]: requests to a server's interface. Bounded in time and size; a token never follows a redirection to another host,
//! and never stands in an error.

mod client;
mod error;

use std::time::Duration;

use reqwest::{
    Method, Response, StatusCode, Url,
    header::{HeaderMap, LOCATION, RETRY_AFTER},
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub use client::{ServerTrust, client};
pub use error::HttpError;

use crate::{
    event::Events,
    util::retry::{Policy, retry_after},
};

/// How long everything may take.
const WHOLE: Duration = Duration::from_mins(1);
/// The largest answer that is read, in bytes.
const LARGEST: usize = 4 << 20;
/// Redirections that are followed, within one host.
const LED: usize = 3;
/// The most of a server's own words that is shown, in characters.
const WORDS: usize = 200;

/// A way to servers.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    events: Events,
    cancel: CancellationToken,
}

/// An answer with any status.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body; null where there is none, or none in JSON.
    pub body: Value,
    host: String,
    path: String,
    wait: Option<Duration>,
    to: Option<Url>,
}

impl Answer {
    /// The body of an answer that says yes.
    ///
    /// # Errors
    /// [`HttpError::Status`].
    pub fn good(self) -> Result<Value, HttpError> {
        if (200..300).contains(&self.status) { Ok(self.body) } else { Err(self.refusal()) }
    }

    /// The same, where the thing that was asked for may be missing.
    ///
    /// # Errors
    /// [`HttpError::Status`].
    pub fn found(self) -> Result<Option<Value>, HttpError> {
        if self.status == 404 { Ok(None) } else { self.good().map(Some) }
    }

    /// What it says, as an error.
    #[must_use]
    pub fn refusal(self) -> HttpError {
        let said = match self.said() {
            Some(said) => format!(": {said}"),
            None => String::new(),
        };
        HttpError::Status { host: self.host, path: self.path, status: self.status, said }
    }

    /// The server's own words: `message` of GitHub and GitLab, `error` of GitLab, which may be nested.
    fn said(&self) -> Option<String> {
        let found = self.body.get("message").or_else(|| self.body.get("error"))?;
        let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
        let plain: String = text.chars().filter(|c| !c.is_control()).take(WORDS).collect();
        (!plain.trim().is_empty()).then_some(plain)
    }
}

impl Http {
    /// Trusts the system's certificates, and those of `ca`, a text in PEM form. Proxies are those of the environment.
    ///
    /// # Errors
    /// [`HttpError::Setup`].
    pub fn new(ca: Option<&[u8]>, events: Events, cancel: CancellationToken) -> Result<Self, HttpError> {
        let client = client(&ServerTrust { ca, ..ServerTrust::default() })?;
        let client = client.https_only(true).timeout(WHOLE).build();
        let client = client.map_err(|error| HttpError::Setup { reason: deepest(&error) })?;
        Ok(Self { client, events, cancel })
    }

    /// The same, for what must not be left half done: Ctrl-C does not end it.
    #[must_use]
    pub fn to_the_end(&self) -> Self {
        Self { cancel: CancellationToken::new(), ..self.clone() }
    }

    /// One request, made again where the server is busy or the connection is cut.
    ///
    /// # Errors
    /// [`HttpError`] where there is no answer; every status is one.
    pub async fn ask(
        &self,
        method: Method,
        address: &str,
        headers: &HeaderMap,
        body: Option<&Value>,
    ) -> Result<Answer, HttpError> {
        let mut url = Url::parse(address).map_err(|error| HttpError::Setup { reason: error.to_string() })?;
        let (mut retry, mut led) = (Policy::SERVER.begin(), 0);
        loop {
            let answer = tokio::select! {
                answer = self.once(&method, &url, headers, body) => answer,
                () = self.cancel.cancelled() => return Err(HttpError::Interrupted),
            };
            let (why, wait) = match &answer {
                Ok(Answer { status: 300..400, to: Some(to), .. }) => {
                    // Another method would become a GET on the way.
                    if method != Method::GET || led == LED || to.origin() != url.origin() {
                        return Err(elsewhere(&url, to));
                    }
                    (led, url) = (led + 1, to.clone());
                    continue;
                }
                Ok(busy) if busy.status == 429 || busy.status >= 500 => {
                    (format!("{} answers {}", busy.host, busy.status), busy.wait)
                }
                Err(Lost { error, cut: true }) => (error.to_string(), None),
                _ => return answer.map_err(|lost| lost.error),
            };
            let Some(wait) = retry.next(wait) else { return answer.map_err(|lost| lost.error) };
            self.events.info(format!("{why}; asked again in {wait}"));
            if !wait.over(&self.cancel).await {
                return Err(HttpError::Interrupted);
            }
        }
    }

    async fn once(
        &self,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
        body: Option<&Value>,
    ) -> Result<Answer, Lost> {
        let mut request = self.client.request(method.clone(), url.clone()).headers(headers.clone());
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| lost(url, &error))?;
        let status = response.status();
        let wait = seconds(&response);
        let to = header(&response, LOCATION.as_str()).and_then(|text| url.join(text).ok());
        let bytes = read(response, url).await?;
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        let answer = Answer { status: status.as_u16(), body, host: host(url), path: url.path().to_owned(), wait, to };
        if answer.body.is_null() && status.is_success() && status != StatusCode::NO_CONTENT && *method != Method::DELETE
        {
            let reason = "it is no JSON".to_owned();
            let error = HttpError::Unreadable { host: answer.host, path: answer.path, reason };
            return Err(Lost { error, cut: false });
        }
        Ok(answer)
    }
}

/// No answer, and whether the connection was cut.
#[derive(Debug)]
struct Lost {
    error: HttpError,
    cut: bool,
}

/// Host and port of an address, without what else stands in it.
#[must_use]
pub fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response.headers().get(name)?.to_str().ok()
}

/// The wait that an answer asks for.
#[must_use]
pub fn seconds(response: &Response) -> Option<Duration> {
    retry_after(header(response, RETRY_AFTER.as_str())?)
}

fn elsewhere(url: &Url, to: &Url) -> HttpError {
    // Without what a query may carry.
    let to = format!("{}://{}{}", to.scheme(), host(to), to.path());
    HttpError::Led { host: host(url), path: url.path().to_owned(), to }
}

async fn read(mut response: Response, url: &Url) -> Result<Vec<u8>, Lost> {
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| lost(url, &error))? {
        if bytes.len() + piece.len() > LARGEST {
            let reason = format!("it has more than {LARGEST} bytes");
            let error = HttpError::Unreadable { host: host(url), path: url.path().to_owned(), reason };
            return Err(Lost { error, cut: false });
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn lost(url: &Url, error: &reqwest::Error) -> Lost {
    let (host, path, reason) = (host(url), url.path().to_owned(), deepest(error));
    if reason.contains("certificate") {
        return Lost { error: HttpError::Certificate { host, reason }, cut: false };
    }
    let cut = !error.is_connect() && !error.is_timeout() && !error.is_builder();
    let reason = if error.is_timeout() { "it took too long".to_owned() } else { reason };
    Lost { error: HttpError::Unreachable { host, path, reason }, cut }
}

/// The words of the first cause: those around it only repeat the address.
#[must_use]
pub fn deepest(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}
