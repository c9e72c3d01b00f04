//! [`Client`]: requests to a registry, with its login, its redirections, and tries again where it is busy or the connection cut.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use reqwest::{
    Method, RequestBuilder, Response, StatusCode, Url,
    header::{AUTHORIZATION, HeaderValue, LOCATION},
};
use tokio_util::sync::CancellationToken;

use super::{
    OciError,
    login::{Challenge, Granted, Login},
};
use crate::{
    event::Events,
    names::Repository,
    source::http::{ServerTrust, client, deepest, seconds},
    util::retry::{Policy, Retry, Wait},
};

/// How long a registry may say nothing: some store what they got before they answer.
const SILENCE: Duration = Duration::from_mins(2);
/// The largest manifest or message that is read, in bytes (the specification asks registries to take manifests of 4 MiB).
pub(super) const LARGEST: usize = 4 << 20;
/// Redirections that are followed.
const LED: usize = 3;
/// The most of a registry's own words that is shown, in characters.
const WORDS: usize = 200;

/// How a registry is spoken to.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Who asks; `None` for a request without a login.
    pub login: Option<Login>,
    /// Certificates in PEM form that are trusted beside the system's.
    pub ca: Vec<u8>,
    /// Whether any certificate is taken, and plain HTTP where TLS does not answer.
    pub insecure: bool,
}

/// A registry that has answered.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    /// For other servers that the registry names: an insecure registry makes no other server insecure.
    others: reqwest::Client,
    base: Url,
    host: String,
    login: Option<Login>,
    /// Scope -> value of the header.
    known: Mutex<BTreeMap<String, HeaderValue>>,
    events: Events,
    cancel: CancellationToken,
}

/// What a request is about: the repository, whether something is written, and the verb phrase of errors.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub repository: String,
    pub writes: bool,
    pub doing: String,
}

impl About {
    pub(super) fn reading(repository: &Repository, doing: String) -> Self {
        Self { repository: repository.to_string(), writes: false, doing }
    }

    pub(super) fn writing(repository: &Repository) -> Self {
        Self { repository: repository.to_string(), writes: true, doing: format!("push to {repository}") }
    }

    fn scope(&self) -> String {
        let rights = if self.writes { "pull,push" } else { "pull" };
        if self.repository.is_empty() { String::new() } else { format!("repository:{}:{rights}", self.repository) }
    }
}

/// No answer, and whether it may come when asked again.
struct Lost {
    error: OciError,
    cut: bool,
}

impl Client {
    /// Finds out how the registry at `host` (with its port) is spoken to.
    ///
    /// # Errors
    /// [`OciError`] when nothing answers, or no registry.
    pub async fn connect(
        host: &str,
        access: &Access,
        events: Events,
        cancel: CancellationToken,
    ) -> Result<Self, OciError> {
        let setup = |reason: String| OciError::Setup { reason };
        let believing = |anyone| {
            let trust = ServerTrust { ca: Some(&access.ca), anyone };
            let http = client(&trust).map_err(|error| setup(error.to_string()))?.read_timeout(SILENCE);
            http.https_only(!access.insecure).build().map_err(|error| setup(deepest(&error)))
        };
        let (http, others) = (believing(access.insecure)?, believing(false)?);
        // Docker Hub's name is not the name of its server.
        let server = if host == "docker.io" { "registry-1.docker.io" } else { host };
        let at = |scheme: &str| Url::parse(&format!("{scheme}://{server}/v2/")).map_err(|e| setup(e.to_string()));
        let mut found = Self {
            http,
            others,
            base: at("https")?,
            host: host.to_owned(),
            login: access.login.clone(),
            known: Mutex::default(),
            events,
            cancel,
        };
        match found.greet().await {
            Err(OciError::Unreachable { .. } | OciError::Certificate { .. }) if access.insecure => {
                found.base = at("http")?;
                found.greet().await?;
            }
            other => other?,
        }
        Ok(found)
    }

    /// Asks whether it is a registry. It may want a login first.
    async fn greet(&self) -> Result<(), OciError> {
        let about = About { repository: String::new(), writes: false, doing: "say what it is".to_owned() };
        let response = self.heard(&about, || Ok(self.http.get(self.base.clone()))).await?;
        match response.status().as_u16() {
            200 | 401 => Ok(()),
            status => Err(OciError::NoRegistry { registry: self.host.clone(), status }),
        }
    }

    /// Host and port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// An address of a repository.
    pub(super) fn at(&self, repository: &str, rest: &str) -> Result<Url, OciError> {
        let path = format!("{repository}/{rest}");
        self.base.join(&path).map_err(|error| OciError::Setup { reason: error.to_string() })
    }

    /// Where an answer leads: an address of the registry, or with TLS of anybody else.
    pub(super) fn led(&self, response: &Response, about: &About) -> Result<Url, OciError> {
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let Some(location) = location else { return Err(self.unreadable(about, "it names no location")) };
        let to = response.url().join(location).map_err(|error| self.unreadable(about, &error.to_string()))?;
        if to.scheme() == "https" || self.is_own(&to) {
            Ok(to)
        } else {
            Err(self.unreadable(about, "it leads to an address without TLS"))
        }
    }

    /// One request, made again with a login where one is wanted. Redirections of reading requests are followed; a login goes to no
    /// other server.
    pub(super) async fn ask(
        &self,
        about: &About,
        method: Method,
        url: Url,
        with: impl Fn(RequestBuilder) -> Result<RequestBuilder, OciError>,
    ) -> Result<Response, OciError> {
        let (mut url, mut led, mut tried) = (url, 0, false);
        loop {
            let ours = self.is_own(&url);
            let header = if ours { self.header(&about.scope()) } else { None };
            let had = header.is_some();
            let response = self
                .heard(about, || {
                    let mut request = self.way_to(&url).request(method.clone(), url.clone());
                    if let Some(header) = &header {
                        request = request.header(AUTHORIZATION, header.clone());
                    }
                    with(request)
                })
                .await?;
            match response.status() {
                // A token may have come to its end on the way: it is fetched once more.
                StatusCode::UNAUTHORIZED if ours && !tried => {
                    let challenge = Challenge::from_response(&response);
                    tried = true;
                    if self.login.is_none() && had || !self.authenticate(about, challenge).await? {
                        return Err(self.refusal(about, response).await);
                    }
                }
                status if status.is_redirection() && !about.writes && method != Method::HEAD => {
                    if led == LED {
                        return Err(self.unreadable(about, "it leads from place to place"));
                    }
                    (led, url) = (led + 1, self.led(&response, about)?);
                }
                _ => return Ok(response),
            }
        }
    }

    /// The answer to a request that is made again where the registry is busy or the connection is cut.
    async fn heard(
        &self,
        about: &About,
        make: impl Fn() -> Result<RequestBuilder, OciError>,
    ) -> Result<Response, OciError> {
        let mut retry = Policy::REGISTRY.begin();
        loop {
            let answer = tokio::select! {
                answer = make()?.send() => answer.map_err(|error| self.lost(&error)),
                () = self.cancel.cancelled() => return Err(OciError::Interrupted),
            };
            let (why, asked) = match &answer {
                Ok(busy) if matches!(busy.status().as_u16(), 429 | 500 | 502..=504) => {
                    (format!("the registry {} answers {}", self.host, busy.status().as_u16()), seconds(busy))
                }
                Err(Lost { error, cut: true }) => (error.to_string(), None),
                Ok(_) | Err(_) => return answer.map_err(|lost| lost.error),
            };
            let Some(wait) = retry.next(asked) else {
                return match answer {
                    Ok(busy) => Err(self.refusal(about, busy).await),
                    Err(lost) => Err(lost.error),
                };
            };
            self.rest(&why, wait).await?;
        }
    }

    /// Says why something is done again, and waits. `None` when it was done often enough.
    pub(super) async fn pause(&self, why: &OciError, retry: &mut Retry) -> Option<Result<(), OciError>> {
        let wait = retry.next(None)?;
        Some(self.rest(&why.to_string(), wait).await)
    }

    async fn rest(&self, why: &str, wait: Wait) -> Result<(), OciError> {
        self.events.info(format!("{why}; asked again in {wait}"));
        if wait.over(&self.cancel).await { Ok(()) } else { Err(OciError::Interrupted) }
    }

    /// The registry's own server, which is its host and port, may be one whose certificate is not checked; every other one has to
    /// show a good one.
    fn way_to(&self, url: &Url) -> &reqwest::Client {
        if self.is_own(url) { &self.http } else { &self.others }
    }

    /// Whether an address is the registry's own: the same scheme, host and port.
    fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    fn header(&self, scope: &str) -> Option<HeaderValue> {
        let known = self.known.lock().ok()?;
        known.get(scope).or_else(|| known.get("")).cloned()
    }

    /// Gets what a request needs to be let in; `false` where there is nothing to try.
    async fn authenticate(&self, about: &About, challenge: Option<Challenge>) -> Result<bool, OciError> {
        let (scope, text) = match (challenge, &self.login) {
            (Some(Challenge::Basic), Some(Login::Password { user, secret })) => {
                let request = self.http.get(self.base.clone()).basic_auth(user, Some(secret));
                let header = request.build().ok().and_then(|request| request.headers().get(AUTHORIZATION).cloned());
                (String::new(), header)
            }
            (Some(Challenge::Bearer { realm, service }), login) => {
                let token = self.token(about, &realm, service.as_deref(), login.as_ref()).await?;
                (about.scope(), HeaderValue::from_str(&format!("Bearer {token}")).ok())
            }
            _ => return Ok(false),
        };
        let Some(mut header) = text else { return Ok(false) };
        header.set_sensitive(true);
        if let Ok(mut known) = self.known.lock() {
            known.insert(scope, header);
        }
        Ok(true)
    }

    /// A token of the address that the registry names. Secrets go there only through TLS with a certificate that holds, or to the
    /// registry's own host and port.
    async fn token(
        &self,
        about: &About,
        realm: &Url,
        service: Option<&str>,
        login: Option<&Login>,
    ) -> Result<String, OciError> {
        if !(self.is_own(realm) || realm.scheme() == "https") {
            return Err(self.unreadable(about, "the address of its tokens is another server's, without TLS"));
        }
        let (scope, http) = (about.scope(), self.way_to(realm));
        let words = [("service", service.unwrap_or_default()), ("scope", scope.as_str())];
        let words = words.into_iter().filter(|(_, value)| !value.is_empty());
        let response = self
            .heard(about, || {
                let mut url = realm.clone();
                if let Some(Login::Identity { token }) = login {
                    // The same words as a form (RFC 6749, 6): an address with a secret in it would be logged.
                    let form = [("grant_type", "refresh_token"), ("client_id", "factory"), ("refresh_token", token)];
                    let mut body = Url::parse("form:").map_err(|e| OciError::Setup { reason: e.to_string() })?;
                    body.query_pairs_mut().extend_pairs(form).extend_pairs(words.clone());
                    let body = body.query().unwrap_or_default().to_owned();
                    let kind = "application/x-www-form-urlencoded";
                    return Ok(http.post(url).header("content-type", kind).body(body));
                }
                url.query_pairs_mut().extend_pairs(words.clone());
                let request = http.get(url);
                Ok(match login {
                    Some(Login::Password { user, secret }) => request.basic_auth(user, Some(secret)),
                    _ => request,
                })
            })
            .await?;
        if !response.status().is_success() {
            return Err(self.refusal(about, response).await);
        }
        let bytes = self.read(response, about).await?;
        let granted: Option<Granted> = serde_json::from_slice(&bytes).ok();
        granted.and_then(Granted::token).ok_or_else(|| self.unreadable(about, "it grants no token"))
    }

    /// A whole message.
    pub(super) async fn read(&self, mut response: Response, about: &About) -> Result<Vec<u8>, OciError> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.piece(&mut response).await? {
            if bytes.len() + piece.len() > LARGEST {
                return Err(self.unreadable(about, &format!("it has more than {LARGEST} bytes")));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// The next bytes of an answer.
    pub(super) async fn piece(&self, response: &mut Response) -> Result<Option<bytes::Bytes>, OciError> {
        tokio::select! {
            piece = response.chunk() => piece.map_err(|error| self.lost(&error).error),
            () = self.cancel.cancelled() => Err(OciError::Interrupted),
        }
    }

    /// What an answer that says no means.
    pub(super) async fn refusal(&self, about: &About, response: Response) -> OciError {
        let status = response.status().as_u16();
        let said = match self.read(response, about).await {
            Ok(bytes) => said(&bytes),
            Err(OciError::Interrupted) => return OciError::Interrupted,
            Err(_) => String::new(),
        };
        let (registry, doing) = (self.host.clone(), about.doing.clone());
        match status {
            401 => OciError::Login { registry, who: Login::who(self.login.as_ref()), said },
            403 => OciError::Denied { registry, doing, said },
            _ => OciError::Status { registry, doing, status, said },
        }
    }

    pub(super) fn unreadable(&self, about: &About, reason: &str) -> OciError {
        let (registry, doing) = (self.host.clone(), about.doing.clone());
        OciError::Unreadable { registry, doing, reason: reason.to_owned() }
    }

    fn lost(&self, error: &reqwest::Error) -> Lost {
        let (registry, reason) = (self.host.clone(), deepest(error));
        if reason.contains("certificate") {
            return Lost { error: OciError::Certificate { registry, reason }, cut: false };
        }
        let cut = !error.is_connect() && !error.is_timeout() && !error.is_builder();
        let reason = if error.is_timeout() { "it took too long".to_owned() } else { reason };
        Lost { error: OciError::Unreachable { registry, reason }, cut }
    }
}

/// A registry's own words (`errors` of the specification), as they go behind a sentence.
fn said(bytes: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Said {
        errors: Vec<Error>,
    }
    #[derive(serde::Deserialize)]
    struct Error {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let Ok(Said { errors }) = serde_json::from_slice(bytes) else { return String::new() };
    let Some(first) = errors.into_iter().next() else { return String::new() };
    let text = if first.message.is_empty() { first.code } else { first.message };
    let plain: String = text.chars().filter(|c| !c.is_control()).take(WORDS).collect();
    if plain.trim().is_empty() { plain } else { format!(": {plain}") }
}
