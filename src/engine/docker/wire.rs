//! What goes over the wire: the version of the API, and corrections to bollard's requests.

use bollard::{API_DEFAULT_VERSION, BollardRequest};

use super::errors::GREET;
use crate::engine::EngineError;

/// The oldest API spoken: Docker 19.03's, the first whose `BuildKit` builds an uploaded context without trouble.
const OLDEST_API: Api = Api::new(1, 40);

/// A version of the API, `1.41`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Api {
    major: usize,
    minor: usize,
}

impl Api {
    pub(super) const fn new(major: usize, minor: usize) -> Self {
        Self { major, minor }
    }

    /// Reads `1.41`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }
}

impl std::fmt::Display for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The newest API that both sides speak: ours reaches from [`OLDEST_API`] to the one of bollard's models.
pub(super) fn agreed(newest: Api, oldest: Option<Api>, version: &str) -> Result<Api, EngineError> {
    let ours = Api::new(API_DEFAULT_VERSION.major_version, API_DEFAULT_VERSION.minor_version);
    if newest < OLDEST_API {
        let reason =
            format!("version {version} speaks API {newest}; Docker 19.03 (API {OLDEST_API}) or newer is needed");
        return Err(GREET.refused(None, reason));
    }
    if let Some(oldest) = oldest.filter(|oldest| *oldest > ours) {
        let reason = format!("version {version} speaks API {oldest} and newer only; this program knows up to {ours}");
        return Err(GREET.refused(None, reason));
    }
    Ok(newest.min(ours))
}

/// Two corrections to bollard's requests. It leaves the version out of every path, which asks for the newest API that
/// the daemon has; and it encodes credentials in the standard alphabet of base64 where the daemon wants the URLs' one.
pub(super) fn adjusted(mut request: BollardRequest, api: Option<Api>) -> BollardRequest {
    if let Some(api) = api
        && let Ok(uri) = with_version(&request.uri().to_string(), api).parse()
    {
        *request.uri_mut() = uri;
    }
    for name in ["x-registry-auth", "x-registry-config"] {
        if let Some(value) = request.headers_mut().get_mut(name)
            && let Ok(text) = value.to_str()
            && let Ok(mut corrected) = text.replace('+', "-").replace('/', "_").parse()
        {
            std::mem::swap(value, &mut corrected);
            value.set_sensitive(true);
        }
    }
    request
}

/// Puts `/v1.41` in front of a path that has no version.
fn with_version(uri: &str, api: Api) -> String {
    let authority = uri.find("://").map_or(0, |at| at + 3);
    let path = uri[authority..].find('/').map_or(uri.len(), |at| authority + at);
    if uri[path..].starts_with("/v1.") {
        return uri.to_owned();
    }
    format!("{}/v{api}{}", &uri[..path], &uri[path..])
}

#[cfg(test)]
#[path = "tests/wire.rs"]
mod tests;
