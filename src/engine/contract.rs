//! What the house asks of a container daemon, in the house's words.

use std::{collections::BTreeMap, fmt, fs::File, path::PathBuf, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use super::Insecure;
use crate::{names::Period, util::behind::behind};

/// Labels of images and containers, sorted.
pub type Labels = BTreeMap<String, String>;

/// Bytes as they arrive from the daemon.
pub type ByteStream = BoxStream<'static, Result<Bytes, EngineError>>;

macro_rules! id_type {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id_type!(
    /// An image's id as the daemon gives it: `sha256:` and 64 hex digits. The digest of its configuration, or of its
    /// manifest where the daemon keeps images in containerd's store (new installations of Docker 29).
    ImageId
);
id_type!(
    /// A container's id as the daemon gives it.
    ContainerId
);

/// What went wrong between us and the daemon.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Nothing answers at the address, or it may not be opened.
    #[error("no Docker engine answers at {address}: {reason}")]
    Unreachable {
        /// The address tried, e.g. `unix:///var/run/docker.sock`.
        address: String,
        /// The system's words.
        reason: String,
        /// Whether the socket is there but this user may not open it.
        denied: bool,
    },
    /// The daemon was there and went away in the middle.
    #[error("the Docker engine went away while {doing}: {reason}")]
    Lost {
        /// What was being done, e.g. `building an image`.
        doing: String,
        /// The system's words.
        reason: String,
    },
    /// The registry of an image could not be reached at all (DNS, connection, TLS, proxy).
    #[error("the registry {registry} cannot be reached: {reason}")]
    RegistryUnreachable {
        /// Host and port.
        registry: String,
        /// The daemon's words.
        reason: String,
    },
    /// The registry was there and had no time for us (429, 5xx), or a connection was cut: the same may succeed later.
    #[error("the registry {registry} did not take it this time: {reason}")]
    RegistryBusy {
        /// Host and port.
        registry: String,
        /// The daemon's words.
        reason: String,
    },
    /// Nothing of an image went to or came from its registry for so long, while the daemon lives. Told by the caller, who gave up.
    #[error("nothing went between the daemon and the registry of {image} for {}", Period::from_duration(*silent))]
    RegistrySilent {
        /// The reference that was pulled or pushed.
        image: String,
        /// How long it was waited for.
        silent: Duration,
    },
    /// The registry answered that it has no such image, or that we may not see it.
    #[error("the registry has no image `{image}` for us: {reason}")]
    ImageNotFound {
        /// The reference asked for.
        image: String,
        /// The daemon's words.
        reason: String,
    },
    /// An image build failed in one of its steps.
    #[error("the image build failed: {reason}")]
    Build {
        /// The builder's words, e.g. `process "/bin/sh -c …" did not complete successfully: exit code: 1`.
        reason: String,
    },
    /// The daemon refused or failed a request.
    #[error("the Docker engine could not {doing}: {reason}")]
    Refused {
        /// What was being done, as a verb phrase: `create a container`.
        doing: String,
        /// HTTP status, where there was one.
        status: Option<u16>,
        /// The daemon's words.
        reason: String,
    },
    /// A file of ours could not be read or written on the way.
    #[error("{doing}: {reason}")]
    Io {
        /// What was being done.
        doing: String,
        /// The system's words.
        reason: String,
    },
}

impl EngineError {
    /// Whether it is a known fault of the daemon's layer store: a layer that it has just written, and does not find (moby
    /// issues since 2014). What is in memory has to reach the disk; the same command then succeeds.
    #[must_use]
    pub fn is_lost_layer(&self) -> bool {
        match self {
            Self::Build { reason } | Self::Refused { reason, .. } => reason.contains("layer does not exist"),
            _ => false,
        }
    }

    /// The daemon's failure behind the error of somebody who was reading one of its streams.
    #[must_use]
    pub fn behind(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        behind(error).cloned()
    }
}

/// What the daemon says of itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EngineInfo {
    /// Where it answered, e.g. `unix:///var/run/docker.sock`.
    pub address: String,
    /// Its version, e.g. `20.10.24`.
    pub version: String,
    /// Its API version, e.g. `1.41`.
    pub api: String,
    /// The machine in the kernel's words: `x86_64`.
    pub arch: String,
    /// Whether `BuildKit` can be used (API 1.39 on, Linux, not Podman).
    pub buildkit: bool,
    /// The data root, e.g. `/var/lib/docker`: its free space is what builds use. Empty when not told.
    pub root: String,
    /// Processors it may use.
    pub cpus: u64,
    /// Registries that it also speaks to without TLS, or with any certificate.
    pub insecure: Insecure,
    /// Whether it is Podman's service.
    pub podman: bool,
    /// Whether images are in containerd's store.
    pub containerd: bool,
}

/// Why nothing can be built on an engine that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// In a sentence.
    pub what: String,
    /// The ways out.
    pub help: &'static str,
}

/// The first Docker that builds with `BuildKit` over its API while images are in containerd's store (moby#47717).
const BUILDS_IN_CONTAINERD: u32 = 28;

impl EngineInfo {
    /// What is known to be in the way of building on it.
    #[must_use]
    pub fn obstacle(&self) -> Option<Obstacle> {
        let (version, address) = (&self.version, &self.address);
        if self.podman {
            return Some(Obstacle {
                what: format!(
                    "the engine at {address} is Podman {version}, which factory cannot build with yet: it has no BuildKit"
                ),
                help: "use Docker 19.03 or later: name it with `DOCKER_HOST` or `docker context use`",
            });
        }
        let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        if self.containerd && major.is_some_and(|major| major < BUILDS_IN_CONTAINERD) {
            return Some(Obstacle {
                what: format!(
                    "Docker {version} at {address} keeps images in containerd's store, and cannot build there over its API (moby#47717)"
                ),
                help: "use Docker 28 or later, or turn that store off: `\"features\": {\"containerd-snapshotter\": false}` in \
                       /etc/docker/daemon.json and `sudo systemctl restart docker`; another engine is named with `DOCKER_HOST` or \
                       `docker context use`",
            });
        }
        (!self.buildkit).then(|| Obstacle {
            what: format!("the engine at {address} (version {version}) has no BuildKit, with which images are built"),
            help: "use Docker 19.03 or later on Linux (API 1.39)",
        })
    }
}

/// An image in the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageInfo {
    /// Its id.
    pub id: ImageId,
    /// Names with tags.
    pub tags: Vec<String>,
    /// `repository@sha256:…` of registries it came from or went to; some engines give one to every image ([`Engine::known_digest`]).
    pub repo_digests: Vec<String>,
    /// Size of all its layers in bytes.
    pub size: u64,
    /// RFC 3339 time of creation as the daemon tells it; empty when not told.
    pub created: String,
    /// Its labels.
    pub labels: Labels,
    /// Machine, as the daemon says it: `amd64`. Empty when not told.
    pub arch: String,
    /// The digests of its layers, unpacked, the lowest first; empty when not told, as in a list of images.
    pub layers: Vec<String>,
    /// The environment of its containers, `NAME=value`; empty when not told, as in a list of images.
    pub env: Vec<String>,
}

/// A container in the daemon, running or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerInfo {
    /// Its id.
    pub id: ContainerId,
    /// Its labels.
    pub labels: Labels,
    /// Whether it runs.
    pub running: bool,
}

/// A root file system to make an image of.
#[derive(Debug)]
pub struct ImportSpec {
    /// An uncompressed or gzip tar of `/`, read from its start.
    pub tar: File,
    /// `repository:tag` to give it.
    pub reference: String,
    /// Dockerfile instructions applied to the image's configuration: `CMD ["/bin/bash"]`, `LABEL a=b`.
    pub changes: Vec<String>,
}

/// An image build, always through `BuildKit`.
#[derive(Debug)]
pub struct BuildSpec {
    /// The context as an uncompressed tar, read from its start; the Dockerfile is in it.
    pub context: File,
    /// The Dockerfile's path within the context.
    pub dockerfile: String,
    /// Names to give the result.
    pub tags: Vec<String>,
    /// Labels of the result.
    pub labels: Labels,
    /// Build arguments. Proxies go here under the names that never reach an image's history (`HTTP_PROXY`, …).
    pub args: BTreeMap<String, String>,
    /// The stage to stop at; empty for the last.
    pub target: String,
    /// Do not use cached layers.
    pub no_cache: bool,
}

/// A container to be created.
#[derive(Debug, Clone, Default)]
pub struct ContainerSpec {
    /// An image's id or name.
    pub image: String,
    /// The command; the image's entrypoint is not used.
    pub argv: Vec<String>,
    /// Use the image's own entrypoint, with `argv` as its arguments.
    pub keep_entrypoint: bool,
    /// `uid:gid` or a user name; empty for the image's own.
    pub user: String,
    /// Variables. No secrets: `docker inspect` shows them.
    pub env: BTreeMap<String, String>,
    /// Working directory; empty for the image's own.
    pub workdir: String,
    /// Labels.
    pub labels: Labels,
    /// Whether it has a network (the default bridge).
    pub network: bool,
    /// Drop all capabilities. Those that a package manager needs (`CHOWN`, `DAC_OVERRIDE`, `FOWNER`, `SETUID`, `SETGID`,
    /// and the like) come back with `package_manager`.
    pub package_manager: bool,
    /// Bytes of memory; 0 for no limit.
    pub memory: u64,
    /// Number of processes; 0 for no limit.
    pub pids: i64,
    /// tmpfs mounts: path -> options.
    pub tmpfs: BTreeMap<String, String>,
}

/// A command to run in a running container.
#[derive(Debug, Clone, Default)]
pub struct ExecSpec {
    /// The command, no shell.
    pub argv: Vec<String>,
    /// User name or `uid:gid`; empty for the container's.
    pub user: String,
    /// Variables added.
    pub env: BTreeMap<String, String>,
    /// Working directory; empty for the container's.
    pub workdir: String,
}

/// Registry credentials. Never printed: `Debug` hides the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub user: String,
    /// Password or token.
    pub secret: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).field("secret", &"***").finish()
    }
}

/// How far a transfer or build is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What is counted: `pulling layers`, `[2/5] RUN apt-get update`.
    pub what: String,
    /// Units done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// Whether the units are bytes.
    pub bytes: bool,
}

/// Where a daemon's live output goes.
pub trait Output: Send + Sync {
    /// One line of text, without its line end, at most 16 KiB (longer ones are cut), control characters replaced.
    fn line(&self, line: &str);
    /// How far it is. May be called often.
    fn progress(&self, progress: Progress);
    /// A line that wants attention, whoever reads the rest.
    fn warn(&self, line: &str) {
        self.line(line);
    }
}

/// Output that is not read.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Output for Silent {
    fn line(&self, _line: &str) {}
    fn progress(&self, _progress: Progress) {}
}

/// An image that came out of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The image.
    pub image: ImageInfo,
    /// The digest that the registry has it under, `sha256:…`; `None` where the daemon did not say.
    pub digest: Option<String>,
}

/// What a push did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The manifest's digest, `sha256:…`.
    pub digest: String,
    /// Layers that were sent.
    pub sent: usize,
    /// Layers that the registry had.
    pub there: usize,
}

/// A container daemon.
///
/// Every call fails with [`EngineError::Unreachable`] when the daemon does not answer at all and with
/// [`EngineError::Lost`] when the connection breaks in the middle. Dropping a future stops the work: a build is
/// cancelled in the daemon; containers stay until they are removed.
#[async_trait]
pub trait Engine: Send + Sync + fmt::Debug {
    /// What the daemon says of itself. The first call of every run: it proves that an engine answers.
    async fn info(&self) -> Result<EngineInfo, EngineError>;

    /// The image under a name or id, `None` when the daemon has none. Never pulls.
    async fn image(&self, reference: &str) -> Result<Option<ImageInfo>, EngineError>;
    /// All images (intermediate ones not) that have every given label; an empty value matches any value. In one call,
    /// whatever their number.
    async fn images(&self, labels: &Labels) -> Result<Vec<ImageInfo>, EngineError>;
    /// Pulls `reference` (`repository:tag` or `repository@sha256:…`). The error says whether the registry or the image was missing.
    async fn pull(
        &self,
        reference: &str,
        credentials: Option<Credentials>,
        out: &dyn Output,
    ) -> Result<Pulled, EngineError>;
    /// The digest under which the registry of `reference` has an image of the daemon; `None` where it is not known. An engine that gives
    /// every image a digest, wherever it is from, is not believed: the registry is asked.
    async fn known_digest(
        &self,
        image: &ImageInfo,
        reference: &str,
        credentials: Option<Credentials>,
    ) -> Result<Option<String>, EngineError>;
    /// Makes an image of a root file system.
    async fn import(&self, spec: ImportSpec, out: &dyn Output) -> Result<ImageId, EngineError>;
    /// Builds an image with `BuildKit`, with live logs.
    async fn build(&self, spec: BuildSpec, out: &dyn Output) -> Result<ImageId, EngineError>;
    /// Gives an image one more name.
    async fn tag(&self, image: &str, reference: &str) -> Result<(), EngineError>;
    /// Removes a name, or an image with an id; `false` when there was none. An image in use is an error.
    async fn remove_image(&self, reference: &str) -> Result<bool, EngineError>;
    /// Pushes a name that includes its registry. Layers that are there are not sent again.
    async fn push(
        &self,
        reference: &str,
        credentials: Option<Credentials>,
        out: &dyn Output,
    ) -> Result<Pushed, EngineError>;

    /// Creates a container without starting it. Its processes get no new privileges and an init as PID 1 only where
    /// the spec says nothing else needs to be PID 1.
    async fn create(&self, spec: ContainerSpec) -> Result<ContainerId, EngineError>;
    /// Starts it.
    async fn start(&self, container: &ContainerId) -> Result<(), EngineError>;
    /// Follows its output until it ends; gives the exit code. Call after `start`; nothing printed before is lost.
    async fn wait(&self, container: &ContainerId, out: &dyn Output) -> Result<i64, EngineError>;
    /// Whether it runs now, and its exit code if not.
    async fn state(&self, container: &ContainerId) -> Result<Option<i64>, EngineError>;
    /// Runs a command in a running container; gives the exit code.
    async fn exec(&self, container: &ContainerId, spec: ExecSpec, out: &dyn Output) -> Result<i64, EngineError>;
    /// Sends SIGTERM, then SIGKILL after `grace`.
    async fn stop(&self, container: &ContainerId, grace: Duration) -> Result<(), EngineError>;
    /// Kills and removes it with its anonymous volumes; `false` when there was none.
    async fn remove(&self, container: &ContainerId) -> Result<bool, EngineError>;
    /// All containers, running or not, that have every given label; an empty value matches any value.
    async fn containers(&self, labels: &Labels) -> Result<Vec<ContainerInfo>, EngineError>;
    /// Unpacks a tar (read from its start) in `directory` of a container, running or not.
    async fn upload(&self, container: &ContainerId, directory: &str, tar: File) -> Result<(), EngineError>;
    /// A tar of `path` (a file or a folder) of a container, running or not; names in it start with the path's last
    /// component. `None` when there is no such path.
    async fn download(&self, container: &ContainerId, path: &str) -> Result<Option<ByteStream>, EngineError>;
}

/// Where a local daemon is looked for, in order, when nothing names one.
#[must_use]
pub fn default_socket() -> PathBuf {
    PathBuf::from("/var/run/docker.sock")
}
