//! Credentials of registries, as `docker login` left them: in the configuration or behind a credential helper.
//!
//! Secrets pass from there to the daemon's request only. They appear in no error, argument, log or environment; a
//! helper's own words are not repeated, because nothing says what is in them.

use std::{collections::BTreeMap, future::Future, process::Stdio, time::Duration};

use serde::Deserialize;
use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

use super::host::{Env, config_dir, read_json};
use crate::{
    engine::{Credentials, EngineError},
    names::ImageReference,
    util::mask::Mask,
};

/// The user's name that stands for "the secret is an identity token", in the words of the helpers' protocol.
pub const IDENTITY_TOKEN_USER: &str = "<token>";
/// The key of Docker Hub in every configuration.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";
/// How long a helper may take: it may ask its keeper to unlock a key ring.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The parts of `config.json` about credentials.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    auths: BTreeMap<String, Entry>,
    #[serde(rename = "credsStore")]
    store: String,
    #[serde(rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    /// Base64 of `user:password`.
    auth: String,
    username: String,
    password: String,
    #[serde(rename = "identitytoken")]
    identity_token: String,
}

/// Credentials for `registry` (`docker.io`, `registry.example.org:5000`), from `config.json` in `DOCKER_CONFIG` or
/// `$HOME/.docker`: of the registry's helper, else of the general one, else of the file. `None` without a login.
///
/// `env` is read before the future is made: it need not outlive this call.
///
/// # Errors
/// [`EngineError::Io`] when the configuration cannot be read, or a helper is missing, fails or takes over a minute.
pub fn credentials_for(
    registry: &str,
    env: Env<'_>,
) -> impl Future<Output = Result<Option<Credentials>, EngineError>> + Send + use<> {
    let config = match config_dir(env) {
        Some(dir) => read_json::<Config>(&dir.join("config.json")).map(Option::unwrap_or_default),
        None => Ok(Config::default()),
    };
    let path = env("PATH");
    let key = key_of(registry);
    async move {
        let config = config?;
        if let Some(helper) = config.helper(&key)
            && let Some(credentials) = ask(helper, &key, path.as_deref()).await?
        {
            return Ok(Some(credentials));
        }
        config.of_file(&key)
    }
}

/// The logins that `docker login` left on this machine. What is found is masked before anybody uses it.
#[derive(Clone, Default)]
pub struct Logins {
    env: BTreeMap<&'static str, String>,
    mask: Mask,
}

impl std::fmt::Debug for Logins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Logins")
    }
}

impl Logins {
    /// Those that this environment names.
    #[must_use]
    pub fn new(env: Env<'_>, mask: &Mask) -> Self {
        let names = ["DOCKER_CONFIG", "HOME", "PATH"];
        let env = names.into_iter().filter_map(|name| Some((name, env(name)?))).collect();
        Self { env, mask: mask.clone() }
    }

    /// The login for the registry of an image; `None` without a login.
    ///
    /// # Errors
    /// As [`credentials_for`].
    pub async fn find(&self, reference: &str) -> Result<Option<Credentials>, EngineError> {
        let found =
            credentials_for(ImageReference::new(reference).registry(), &|name| self.env.get(name).cloned()).await?;
        if let Some(credentials) = &found {
            self.mask.hide(&credentials.secret);
        }
        Ok(found)
    }
}

impl Config {
    fn helper(&self, key: &str) -> Option<&str> {
        let own = self.helpers.iter().find(|(host, _)| key_of(host) == key).map(|(_, helper)| helper.as_str());
        own.or(Some(self.store.as_str())).filter(|helper| !helper.is_empty())
    }

    /// What the file itself holds: under the key, or under an address of the same host.
    fn of_file(&self, key: &str) -> Result<Option<Credentials>, EngineError> {
        let entry = self.auths.get(key).or_else(|| self.auths.iter().find(|(k, _)| key_of(k) == key).map(|(_, e)| e));
        let Some(entry) = entry else { return Ok(None) };
        if !entry.identity_token.is_empty() {
            return Ok(Some(credentials(IDENTITY_TOKEN_USER, &entry.identity_token)));
        }
        if !entry.username.is_empty() {
            return Ok(Some(credentials(&entry.username, &entry.password)));
        }
        if entry.auth.is_empty() {
            return Ok(None);
        }
        let pair = base64(&entry.auth).and_then(|bytes| String::from_utf8(bytes).ok());
        match pair.as_deref().map(|pair| pair.trim_end_matches('\0')).and_then(|pair| pair.split_once(':')) {
            Some((user, secret)) => Ok(Some(credentials(user, secret))),
            None => Err(problem(key, "their `auth` in config.json is not base64 of `user:password`")),
        }
    }
}

fn credentials(user: &str, secret: &str) -> Credentials {
    Credentials { user: user.to_owned(), secret: secret.to_owned() }
}

fn problem(key: &str, reason: impl Into<String>) -> EngineError {
    EngineError::Io { doing: format!("get the credentials of {key}"), reason: reason.into() }
}

/// The name under which a registry is kept: its host and port, but for Docker Hub.
fn key_of(registry: &str) -> String {
    let host = registry.split_once("://").map_or(registry, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or(host);
    match host {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => DOCKER_HUB.to_owned(),
        _ => host.to_owned(),
    }
}

/// Asks `docker-credential-<helper> get` on its standard input; `None` when it knows of none.
async fn ask(helper: &str, key: &str, path: Option<&str>) -> Result<Option<Credentials>, EngineError> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "Username", default)]
        username: String,
        #[serde(rename = "Secret", default)]
        secret: String,
    }
    let program = format!("docker-credential-{helper}");
    if !helper.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        return Err(problem(key, "the helper named in config.json has a name that no program has"));
    }
    let mut command = Command::new(&program);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let failed = |error: std::io::Error| problem(key, format!("cannot run {program}: {error}"));
    let conversation = async {
        let mut child = command.spawn().map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read its input still answers with its status.
            let _ = stdin.write_all(key.as_bytes()).await;
        }
        child.wait_with_output().await.map_err(failed)
    };
    let output = timeout(TIMEOUT, conversation)
        .await
        .map_err(|_elapsed| problem(key, format!("{program} gave no answer within {} s", TIMEOUT.as_secs())))??;
    if !output.status.success() {
        // The protocol has words, not statuses: `credentials not found in native keychain`.
        if String::from_utf8_lossy(&output.stdout).contains("credentials not found") {
            return Ok(None);
        }
        let hint = format!("{program} failed ({}); try: echo {key} | {program} get", output.status);
        return Err(problem(key, hint));
    }
    let answer: Answer = serde_json::from_slice(&output.stdout)
        .map_err(|_secret| problem(key, format!("the answer of {program} is not the JSON expected")))?;
    Ok((!answer.secret.is_empty()).then(|| credentials(&answer.username, &answer.secret)))
}

/// Decodes base64 of either alphabet, with or without padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for c in text.trim().trim_end_matches('=').bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).ok()?);
        }
        bits &= (1 << held) - 1;
    }
    // Six bits left over are half a byte that is missing.
    (held < 6).then_some(bytes)
}

#[cfg(test)]
#[path = "tests/auth.rs"]
mod tests;
