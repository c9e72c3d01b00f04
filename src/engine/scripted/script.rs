//! The script itself: its JSON form and which rule applies. See the folder's documentation for what it means.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use super::Uses;
use crate::{
    engine::{EngineError, EngineInfo, Insecure, Labels},
    names::ImageReference,
};

/// The names that `on` may have.
const METHODS: [&str; 20] = [
    "info",
    "image",
    "images",
    "pull",
    "import",
    "build",
    "tag",
    "known_digest",
    "remove_image",
    "push",
    "create",
    "start",
    "wait",
    "state",
    "exec",
    "stop",
    "remove",
    "containers",
    "upload",
    "download",
];

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Script {
    pub engine: About,
    pub images: Vec<FirstImage>,
    rules: Vec<Rule>,
}

/// What the daemon says of itself.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct About {
    address: Option<String>,
    version: String,
    api: String,
    arch: String,
    buildkit: bool,
    root: String,
    cpus: u64,
    insecure: Insecure,
    podman: bool,
    containerd: bool,
}

/// An image that is there in the beginning.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FirstImage {
    pub id: Option<String>,
    pub tags: Vec<String>,
    pub repo_digests: Vec<String>,
    pub labels: Labels,
    pub size: u64,
    pub created: Option<String>,
    pub arch: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    on: String,
    #[serde(default)]
    contains: String,
    times: Option<u64>,
    then: Then,
}

/// What happens instead.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Then {
    pub lines: Vec<String>,
    /// What it warns of.
    pub warnings: Vec<String>,
    pub delay_ms: u64,
    pub hang: bool,
    pub fail: Option<Fail>,
    pub exit: Option<i64>,
    pub archive: BTreeMap<String, Content>,
    pub breaks_after: Option<usize>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fail {
    kind: Kind,
    #[serde(default)]
    text: String,
    status: Option<u16>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Unreachable,
    Denied,
    Lost,
    Registry,
    Busy,
    NotFound,
    Build,
    Refused,
    Io,
}

/// What is at a path of a container.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Content {
    /// A file or folder beside the script.
    Disk(String),
    /// Written out.
    Inline(Vec<InlineFile>),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct InlineFile {
    /// Relative to the path; empty for the path itself.
    pub name: String,
    pub text: String,
    /// Instead of the text, bytes in base64.
    pub base64: String,
    /// Octal digits; 644 for files and 755 for folders when empty.
    pub mode: String,
    pub uid: u64,
    pub gid: u64,
    /// The target, of a symbolic link.
    pub link: String,
    pub folder: bool,
}

impl Script {
    pub(super) fn load(path: &Path) -> Result<Self, EngineError> {
        let failed = |reason: String| EngineError::Io { doing: format!("read the script {}", path.display()), reason };
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let script: Self = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
        match script.rules.iter().find(|rule| !METHODS.contains(&rule.on.as_str())) {
            Some(rule) => Err(failed(format!("no method is named `{}`; there are {}", rule.on, METHODS.join(", ")))),
            None => Ok(script),
        }
    }

    /// The first rule that applies to a call; counts its use.
    pub(super) fn rule_for(&self, on: &str, line: &str, uses: &mut Uses) -> Option<&Then> {
        let (place, rule) = self.rules.iter().enumerate().find(|(place, rule)| {
            let so_far = uses.get(place).copied().unwrap_or_default();
            rule.on == on && line.contains(&rule.contains) && rule.times.is_none_or(|times| so_far < times)
        })?;
        *uses.entry(place).or_default() += 1;
        Some(&rule.then)
    }
}

impl Default for About {
    fn default() -> Self {
        Self {
            address: None,
            version: "20.10.24".into(),
            api: "1.41".into(),
            arch: "x86_64".into(),
            buildkit: true,
            root: String::new(),
            cpus: 2,
            insecure: Insecure::default(),
            podman: false,
            containerd: false,
        }
    }
}

impl About {
    pub(super) fn info(&self, script: &Path) -> EngineInfo {
        EngineInfo {
            address: self.address.clone().unwrap_or_else(|| format!("script://{}", script.display())),
            version: self.version.clone(),
            api: self.api.clone(),
            arch: self.arch.clone(),
            buildkit: self.buildkit,
            root: self.root.clone(),
            cpus: self.cpus,
            insecure: self.insecure.clone(),
            podman: self.podman,
            containerd: self.containerd,
        }
    }
}

impl Fail {
    /// The error of a call to `on` with `detail`, the rest of its line.
    pub(super) fn error(&self, on: &str, detail: &str) -> EngineError {
        let reason = self.text.clone();
        // Calls about one image begin with its name.
        let name = detail.split(' ').next().unwrap_or_default().trim_matches('"').to_owned();
        match self.kind {
            Kind::Unreachable | Kind::Denied => EngineError::Unreachable {
                address: "unix:///var/run/docker.sock".into(),
                reason,
                denied: matches!(self.kind, Kind::Denied),
            },
            Kind::Lost => EngineError::Lost { doing: format!("doing `{on}`"), reason },
            Kind::Registry => {
                EngineError::RegistryUnreachable { registry: ImageReference::new(&name).registry().to_owned(), reason }
            }
            Kind::Busy => {
                EngineError::RegistryBusy { registry: ImageReference::new(&name).registry().to_owned(), reason }
            }
            Kind::NotFound => EngineError::ImageNotFound { image: name, reason },
            Kind::Build => EngineError::Build { reason },
            Kind::Refused => EngineError::Refused { doing: format!("do `{on}`"), status: self.status, reason },
            Kind::Io => EngineError::Io { doing: format!("do `{on}`"), reason },
        }
    }
}
