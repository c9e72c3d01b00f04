//! Where the daemon is: `DOCKER_HOST`, Docker contexts, the usual sockets. Reads files, opens no connection.
//!
//! The order is the Docker command line's: `DOCKER_HOST`, then `DOCKER_CONTEXT`, then `currentContext` of the
//! configuration, then the default socket, then a rootless daemon's socket under `XDG_RUNTIME_DIR`.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::errors::io_error;
use crate::engine::{EngineError, contract::default_socket};

/// A variable of the environment, as the caller sees it.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// An address that can be spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// A socket of this machine.
    Unix(PathBuf),
    /// `host:port`, in the clear.
    Tcp(String),
    /// `host:port` over TLS, with `ca.pem`, `cert.pem` and `key.pem` in a folder.
    Tls { address: String, certificates: PathBuf },
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(address) | Self::Tls { address, .. } => write!(f, "tcp://{address}"),
        }
    }
}

/// The folder of Docker's configuration: `DOCKER_CONFIG`, else `$HOME/.docker`.
pub(super) fn config_dir(env: Env<'_>) -> Option<PathBuf> {
    set(env, "DOCKER_CONFIG").map(PathBuf::from).or_else(|| Some(PathBuf::from(set(env, "HOME")?).join(".docker")))
}

/// Finds the daemon's address.
///
/// # Errors
/// [`EngineError::Unreachable`] for an address of a kind that is not supported or a context that does not exist,
/// [`EngineError::Io`] for a configuration that cannot be read.
pub(super) fn find(env: Env<'_>) -> Result<Host, EngineError> {
    let config = config_dir(env);
    if let Some(address) = set(env, "DOCKER_HOST") {
        return parse(&address, || tls_of(env, config.as_deref()));
    }
    match context_name(env, config.as_deref())? {
        Some(name) => of_context(&name, config.as_deref()),
        None => Ok(Host::Unix(usual_socket(env))),
    }
}

/// A variable that is set to something.
fn set(env: Env<'_>, name: &str) -> Option<String> {
    env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// The folder of certificates, where the environment asks for TLS.
fn tls_of(env: Env<'_>, config: Option<&Path>) -> Option<PathBuf> {
    set(env, "DOCKER_TLS_VERIFY").or_else(|| set(env, "DOCKER_TLS"))?;
    set(env, "DOCKER_CERT_PATH").map(PathBuf::from).or_else(|| config.map(Path::to_owned))
}

/// An address of `DOCKER_HOST` or of a context; `certificates` is asked only for one that can be spoken to over TLS.
fn parse(address: &str, certificates: impl FnOnce() -> Option<PathBuf>) -> Result<Host, EngineError> {
    let (scheme, rest) = address.split_once("://").unwrap_or(("tcp", address));
    match scheme {
        "unix" if rest.is_empty() => Ok(Host::Unix(default_socket())),
        "unix" if rest.starts_with('/') => Ok(Host::Unix(PathBuf::from(rest))),
        "unix" => Err(refused(address, "the path of a unix:// address must begin with /")),
        "tcp" | "http" | "https" => {
            let certificates = certificates();
            if scheme == "https" && certificates.is_none() {
                return Err(refused(address, "an https:// address needs DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH"));
            }
            let address = host_and_port(address, rest, certificates.is_some())?;
            Ok(match certificates {
                Some(certificates) => Host::Tls { address, certificates },
                None => Host::Tcp(address),
            })
        }
        "ssh" => Err(refused(
            address,
            &format!(
                "ssh:// is not supported; forward the socket with `ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock \
                 {rest}` and set DOCKER_HOST=unix:///tmp/engine.sock"
            ),
        )),
        "npipe" => Err(refused(address, "named pipes exist on Windows only")),
        _ => Err(refused(address, "expected unix:///path/to/docker.sock or tcp://host:port")),
    }
}

/// Checks `host[:port][/]` and adds the registered port where none is given: 2375, with TLS 2376.
fn host_and_port(address: &str, rest: &str, tls: bool) -> Result<String, EngineError> {
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']' | '%');
    if rest.is_empty() || !rest.chars().all(plain) {
        return Err(refused(address, "expected tcp://host:port, without a path"));
    }
    let bracketed = rest.rfind(']');
    match rest.rfind(':').filter(|colon| bracketed.is_none_or(|bracket| *colon > bracket)) {
        Some(colon) if rest[colon + 1..].parse::<u16>().is_ok() && colon > 0 => Ok(rest.to_owned()),
        Some(_) => Err(refused(address, "expected a port number after the last colon")),
        None => Ok(format!("{rest}:{}", if tls { 2376 } else { 2375 })),
    }
}

fn refused(address: &str, reason: &str) -> EngineError {
    EngineError::Unreachable { address: address.to_owned(), reason: reason.to_owned(), denied: false }
}

/// The name of the context in use; `None` for the one named `default`, which is no context at all.
fn context_name(env: Env<'_>, config: Option<&Path>) -> Result<Option<String>, EngineError> {
    #[derive(Deserialize)]
    struct Config {
        #[serde(rename = "currentContext", default)]
        current_context: Option<String>,
    }
    let name = match (set(env, "DOCKER_CONTEXT"), config) {
        (Some(name), _) => Some(name),
        (None, Some(dir)) => read_json::<Config>(&dir.join("config.json"))?.and_then(|config| config.current_context),
        (None, None) => None,
    };
    Ok(name.filter(|name| !name.is_empty() && name != "default"))
}

/// The address of a context: `contexts/meta/<sha256 of the name>/meta.json`, its certificates in
/// `contexts/tls/<sha256 of the name>/docker`.
fn of_context(name: &str, config: Option<&Path>) -> Result<Host, EngineError> {
    #[derive(Deserialize)]
    struct Meta {
        #[serde(rename = "Endpoints", default)]
        endpoints: std::collections::BTreeMap<String, Endpoint>,
    }
    #[derive(Deserialize)]
    struct Endpoint {
        #[serde(rename = "Host", default)]
        host: String,
        #[serde(rename = "SkipTLSVerify", default)]
        skip_tls_verify: bool,
    }
    let missing = |reason: &str| refused(&format!("the Docker context `{name}`"), reason);
    let dir = config.ok_or_else(|| missing("neither DOCKER_CONFIG nor HOME is set"))?.join("contexts");
    let id = hex::encode(Sha256::digest(name.as_bytes()));
    let meta = read_json::<Meta>(&dir.join("meta").join(&id).join("meta.json"))?
        .ok_or_else(|| missing("there is no such context; `docker context ls` lists them"))?;
    let endpoint = meta.endpoints.get("docker").ok_or_else(|| missing("it names no Docker endpoint"))?;
    if endpoint.host.is_empty() {
        return Ok(Host::Unix(default_socket()));
    }
    let certificates = dir.join("tls").join(&id).join("docker");
    if endpoint.skip_tls_verify && certificates.is_dir() {
        return Err(missing("it skips the verification of TLS certificates, which is not supported"));
    }
    parse(&endpoint.host, || certificates.is_dir().then_some(certificates))
}

/// The default socket, unless it is missing (or closed to this user) and a rootless daemon's is there.
fn usual_socket(env: Env<'_>) -> PathBuf {
    let default = default_socket();
    let rootless = set(env, "XDG_RUNTIME_DIR").map(|dir| PathBuf::from(dir).join("docker.sock"));
    choose_socket(default, rootless, &|path| rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok())
}

fn choose_socket(default: PathBuf, rootless: Option<PathBuf>, usable: &dyn Fn(&Path) -> bool) -> PathBuf {
    match rootless {
        Some(rootless) if !usable(&default) && usable(&rootless) => rootless,
        _ => default,
    }
}

/// Reads a JSON file, `None` when there is none. The error tells the place, never the text: it may hold secrets.
pub(super) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, EngineError> {
    let reading = || format!("read {}", path.display());
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(reading(), &error)),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| EngineError::Io {
        doing: reading(),
        reason: format!("it is not the JSON expected (line {}, column {})", error.line(), error.column()),
    })
}

#[cfg(test)]
#[path = "tests/host.rs"]
mod tests;
