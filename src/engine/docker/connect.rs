//! The connection: which daemon, which version of its API, whether it is still there.
//!
//! Every request opens its own connection, so a daemon that was restarted is found again. Requests have no time limit
//! of their own: builds are silent for minutes. Instead a silence is filled with a question (see `alive.rs`).

use std::{
    future::Future,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bollard::{API_DEFAULT_VERSION, errors::Error};
use tokio::time::timeout;

use super::{
    errors::{DESCRIBE, Doing, GREET, translate},
    host::{self, Env, Host},
    wire::{Api, adjusted, agreed},
};
use crate::engine::{EngineError, EngineInfo, Insecure};

/// `BuildKit` came with Docker 18.09.
const BUILDKIT_API: Api = Api::new(1, 39);
/// How long a daemon may take to say its version.
const GREETING: Duration = Duration::from_secs(5);
/// How long it may take to count its containers and images for `/info`.
const DESCRIPTION: Duration = Duration::from_secs(30);
/// bollard's limit on the time to an answer's first byte, which must never end a long operation.
const NO_LIMIT: u64 = 30 * 24 * 60 * 60;

/// A Docker daemon (or Podman's service), spoken to over its HTTP API.
#[derive(Debug, Clone)]
pub struct Docker {
    client: bollard::Docker,
    address: String,
    peer: Arc<OnceLock<Peer>>,
    /// Whether the daemon has an init to run as PID 1, once it was asked.
    init: Arc<OnceLock<bool>>,
}

/// What the first answer told of the daemon.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// The version of the API that both sides speak.
    pub api: Api,
    version: String,
    /// Podman's service has no `BuildKit` and ends some streams in its own way.
    pub podman: bool,
    linux: bool,
    arch: String,
}

impl Docker {
    /// Finds the daemon that `env` names (`DOCKER_HOST`, `DOCKER_CONTEXT`, `DOCKER_CONFIG`, `DOCKER_TLS_VERIFY`,
    /// `DOCKER_CERT_PATH`, `HOME`, `XDG_RUNTIME_DIR`). Opens no connection: `info()` proves that it answers.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when the address is of a kind that is not supported (`ssh://`, named pipes), names
    /// an unknown context, or is a socket that does not exist; [`EngineError::Io`] for a broken configuration.
    pub fn connect(env: Env<'_>) -> Result<Self, EngineError> {
        Self::to(&host::find(env)?)
    }

    fn to(host: &Host) -> Result<Self, EngineError> {
        let address = host.to_string();
        let client = match host {
            Host::Unix(path) => {
                bollard::Docker::connect_with_unix(&path.to_string_lossy(), NO_LIMIT, API_DEFAULT_VERSION)
            }
            Host::Tcp(address) => bollard::Docker::connect_with_http(address, NO_LIMIT, API_DEFAULT_VERSION),
            Host::Tls { address, certificates } => bollard::Docker::connect_with_ssl(
                address,
                &certificates.join("key.pem"),
                &certificates.join("cert.pem"),
                &certificates.join("ca.pem"),
                NO_LIMIT,
                API_DEFAULT_VERSION,
            ),
        };
        let client = client.map_err(|error| match error {
            Error::SocketNotFoundError(_) => translate(error, GREET, &address),
            other => EngineError::Unreachable { address: address.clone(), reason: other.to_string(), denied: false },
        })?;
        let peer: Arc<OnceLock<Peer>> = Arc::default();
        let known = Arc::clone(&peer);
        let client = client.with_request_modifier(move |request| adjusted(request, known.get().map(|peer| peer.api)));
        Ok(Self { client, address, peer, init: Arc::default() })
    }

    /// The client, once the version of the API is agreed on.
    pub(super) async fn client(&self) -> Result<&bollard::Docker, EngineError> {
        self.peer().await?;
        Ok(&self.client)
    }

    /// What is known of the daemon; asks it the first time.
    pub(super) async fn peer(&self) -> Result<&Peer, EngineError> {
        if let Some(peer) = self.peer.get() {
            return Ok(peer);
        }
        let peer = self.greet().await?;
        Ok(self.peer.get_or_init(|| peer))
    }

    /// One request, with the version agreed on first and its error in the house's words.
    pub(super) async fn call<'a, T, F>(
        &'a self,
        doing: Doing,
        request: impl FnOnce(&'a bollard::Docker) -> F,
    ) -> Result<T, EngineError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        request(self.client().await?).await.map_err(|error| self.translate(error, doing))
    }

    /// The same for a request whose object may not be there: `None` for the status 404.
    pub(super) async fn find<'a, T, F>(
        &'a self,
        doing: Doing,
        request: impl FnOnce(&'a bollard::Docker) -> F,
    ) -> Result<Option<T>, EngineError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        match request(self.client().await?).await {
            Ok(value) => Ok(Some(value)),
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
            Err(error) => Err(self.translate(error, doing)),
        }
    }

    pub(super) fn translate(&self, error: Error, doing: Doing) -> EngineError {
        translate(error, doing, &self.address)
    }

    /// Asks whether the daemon is there at all.
    pub(super) async fn ping(&self, limit: Duration) -> Result<(), EngineError> {
        self.in_time(limit, GREET, self.client.ping()).await.map(drop)
    }

    async fn in_time<T>(
        &self,
        limit: Duration,
        doing: Doing,
        request: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, EngineError> {
        match timeout(limit, request).await {
            Ok(answer) => answer.map_err(|error| self.translate(error, doing)),
            Err(_elapsed) => Err(EngineError::Unreachable {
                address: self.address.clone(),
                reason: format!("no answer within {} s", limit.as_secs()),
                denied: false,
            }),
        }
    }

    /// Asks for the daemon's versions and settles on the newest API that both sides speak.
    async fn greet(&self) -> Result<Peer, EngineError> {
        let answer = self.in_time(GREETING, GREET, self.client.version()).await;
        let answer = answer.map_err(|error| match error {
            EngineError::Refused { status, reason, .. } => self.no_engine(status, &reason),
            other => other,
        })?;
        let read = |text: &Option<String>| text.as_deref().and_then(Api::parse);
        let Some(newest) = read(&answer.api_version) else {
            return Err(self.no_engine(None, "its answer names no API version"));
        };
        let version = answer.version.unwrap_or_default();
        Ok(Peer {
            api: agreed(newest, read(&answer.min_api_version), &version)?,
            version,
            podman: answer.components.is_some_and(|all| all.iter().any(|component| component.name.contains("Podman"))),
            linux: answer.os.is_none_or(|os| os == "linux"),
            arch: answer.arch.unwrap_or_default(),
        })
    }

    /// Something answers at the address, but not as an engine does.
    fn no_engine(&self, status: Option<u16>, words: &str) -> EngineError {
        let reason = if words.contains("HTTP request to an HTTPS server") {
            "it wants TLS; set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH".to_owned()
        } else {
            let status = status.map(|status| format!("status {status} ")).unwrap_or_default();
            format!("what answers there is no Docker engine ({})", format!("{status}{words}").trim_end())
        };
        EngineError::Unreachable { address: self.address.clone(), reason, denied: false }
    }

    pub(super) async fn describe(&self) -> Result<EngineInfo, EngineError> {
        let peer = self.peer().await?;
        let info = self.details().await?;
        let containerd = in_containerd(&info);
        Ok(EngineInfo {
            address: self.address.clone(),
            version: peer.version.clone(),
            api: peer.api.to_string(),
            arch: kernel_arch(info.architecture.filter(|arch| !arch.is_empty()).as_ref().unwrap_or(&peer.arch)),
            buildkit: peer.buildkit(),
            podman: peer.podman,
            containerd,
            root: info.docker_root_dir.unwrap_or_default(),
            cpus: info.ncpu.and_then(|cpus| u64::try_from(cpus).ok()).unwrap_or_default(),
            insecure: info.registry_config.map(insecure).unwrap_or_default(),
        })
    }

    /// Whether the daemon has an init (`docker-init`, a package of its own in some distributions) for containers.
    pub(super) async fn has_init(&self) -> Result<bool, EngineError> {
        if let Some(known) = self.init.get() {
            return Ok(*known);
        }
        self.peer().await?;
        let info = self.details().await?;
        let there = info.init_binary.is_some_and(|binary| !binary.is_empty())
            && info.init_commit.and_then(|commit| commit.id).is_none_or(|id| id != "N/A");
        Ok(*self.init.get_or_init(|| there))
    }

    /// Whether images that never saw a registry have a digest, too: those of containerd's store, and of Podman.
    pub(super) async fn gives_every_image_a_digest(&self) -> Result<bool, EngineError> {
        if self.peer().await?.podman {
            return Ok(true);
        }
        Ok(in_containerd(&self.details().await?))
    }

    async fn details(&self) -> Result<bollard::models::SystemInfo, EngineError> {
        match timeout(DESCRIPTION, self.client.info()).await {
            Ok(Ok(info)) => Ok(info),
            // Details that the models cannot read, or a daemon too busy to count, are no reason to stop.
            Ok(Err(Error::JsonDataError { .. })) | Err(_) => Ok(bollard::models::SystemInfo::default()),
            Ok(Err(error)) => Err(self.translate(error, DESCRIBE)),
        }
    }
}

/// Whether images are in containerd's store.
fn in_containerd(info: &bollard::models::SystemInfo) -> bool {
    let status = info.driver_status.iter().flatten();
    status.flatten().any(|word| word.starts_with("io.containerd.snapshotter"))
}

impl Peer {
    /// Whether images can be built with `BuildKit`.
    pub(super) fn buildkit(&self) -> bool {
        self.api >= BUILDKIT_API && self.linux && !self.podman
    }

    /// Its name and version for a message.
    pub(super) fn title(&self) -> String {
        format!("{} {}", if self.podman { "Podman" } else { "Docker" }, self.version)
    }
}

/// The machine in the kernel's words, where some engines (Podman) use Go's.
fn kernel_arch(arch: &str) -> String {
    match arch {
        "amd64" => "x86_64",
        "arm64" => "aarch64",
        "386" => "i686",
        other => other,
    }
    .to_owned()
}

/// Registries that are spoken to in the clear, too.
fn insecure(config: bollard::models::RegistryServiceConfig) -> Insecure {
    let networks = config.insecure_registry_cidrs.into_iter().flatten();
    let hosts = config.index_configs.into_iter().flatten();
    let hosts = hosts.filter(|(_, index)| index.secure == Some(false)).map(|(name, _)| name);
    let mut all: Vec<String> = networks.chain(hosts).collect();
    all.sort();
    Insecure(all)
}

#[cfg(test)]
#[path = "tests/connect.rs"]
mod tests;
