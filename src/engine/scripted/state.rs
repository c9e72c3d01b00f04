//! What the played daemon has: images and containers, kept in a file from one process to the next.
//!
//! Several processes and tasks may play the same script: the script is locked while its state is changed. The state is
//! replaced whole; half of it is never seen.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    Uses,
    script::{FirstImage, Script},
};
use crate::{
    engine::{ContainerId, EngineError, ImageId, ImageInfo, Labels},
    names::ImageReference,
};

/// When everything was made.
const CREATED: &str = "2024-01-01T00:00:00Z";

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    /// Containers made so far.
    made: u64,
    pub uses: Uses,
    pub images: Vec<Image>,
    pub containers: BTreeMap<String, Container>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Image {
    pub id: String,
    pub tags: Vec<String>,
    pub repo_digests: Vec<String>,
    pub labels: Labels,
    pub size: u64,
    pub created: String,
    pub arch: String,
    /// The digests of what it is made of, but for its labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<String>,
    /// What it was built from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub dockerfile: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Container {
    pub image: String,
    pub argv: Vec<String>,
    pub labels: Labels,
    pub running: bool,
    pub exit: i64,
}

impl Image {
    pub(super) fn new(id: String) -> Self {
        Self {
            id,
            tags: Vec::new(),
            repo_digests: Vec::new(),
            labels: Labels::new(),
            size: 0,
            created: CREATED.to_owned(),
            arch: "amd64".to_owned(),
            layers: Vec::new(),
            dockerfile: String::new(),
        }
    }

    fn first(image: &FirstImage) -> Self {
        let id = image.id.clone().unwrap_or_else(|| id_of(&[b"first", image.tags.join(" ").as_bytes()]));
        let mut made = Self::new(id);
        made.tags.clone_from(&image.tags);
        made.repo_digests.clone_from(&image.repo_digests);
        made.labels.clone_from(&image.labels);
        made.size = image.size;
        made.created = image.created.clone().unwrap_or(made.created);
        made.arch = image.arch.clone().unwrap_or(made.arch);
        made
    }

    pub(super) fn info(&self) -> ImageInfo {
        ImageInfo {
            id: ImageId(self.id.clone()),
            tags: self.tags.clone(),
            repo_digests: self.repo_digests.clone(),
            size: self.size,
            created: self.created.clone(),
            labels: self.labels.clone(),
            arch: self.arch.clone(),
            layers: self.layers.clone(),
            env: Vec::new(),
        }
    }
}

impl State {
    fn first(images: &[FirstImage]) -> Self {
        let mut state = Self::default();
        for image in images {
            state.store(Image::first(image));
        }
        state
    }

    /// The image under a name, an id, or the beginning of one.
    pub(super) fn find(&self, reference: &str) -> Option<&Image> {
        self.images.iter().find(|image| image.is(reference))
    }

    pub(super) fn find_mut(&mut self, reference: &str) -> Option<&mut Image> {
        self.images.iter_mut().find(|image| image.is(reference))
    }

    /// Adds an image, or more names to the one with its id; names leave older images.
    pub(super) fn store(&mut self, mut image: Image) -> ImageInfo {
        for older in self.images.iter_mut().filter(|older| older.id != image.id) {
            older.tags.retain(|tag| !image.tags.contains(tag));
        }
        if let Some(place) = self.images.iter().position(|older| older.id == image.id) {
            image.tags.extend(self.images.remove(place).tags);
        }
        image.tags.sort();
        image.tags.dedup();
        let info = image.info();
        self.images.push(image);
        info
    }

    /// Takes a name away, and the image with its last one; by id the image.
    pub(super) fn remove_image(&mut self, reference: &str) -> Result<bool, EngineError> {
        let Some(place) = self.images.iter().position(|image| image.is(reference)) else { return Ok(false) };
        let image = &mut self.images[place];
        if image.tags.iter().any(|tag| *tag == ImageReference::new(reference).to_string()) && image.tags.len() > 1 {
            image.tags.retain(|tag| *tag != ImageReference::new(reference).to_string());
            return Ok(true);
        }
        let image = self.images[place].clone();
        if let Some((id, _)) = self.containers.iter().find(|(_, container)| image.is(&container.image)) {
            let reason = format!("conflict: unable to remove {reference}: container {id} is using it");
            return Err(EngineError::Refused { doing: "remove an image".into(), status: Some(409), reason });
        }
        self.images.remove(place);
        Ok(true)
    }

    pub(super) fn next_container(&mut self) -> String {
        self.made += 1;
        format!("c{}", self.made)
    }

    pub(super) fn container(&mut self, id: &ContainerId) -> Result<&mut Container, EngineError> {
        self.containers.get_mut(&id.0).ok_or_else(|| EngineError::Refused {
            doing: "find a container".into(),
            status: Some(404),
            reason: format!("No such container: {id}"),
        })
    }
}

impl Image {
    fn is(&self, reference: &str) -> bool {
        let digits = reference.strip_prefix("sha256:").unwrap_or(reference);
        let tag = ImageReference::new(reference).to_string();
        self.tags.contains(&tag)
            || self.repo_digests.iter().any(|name| name == reference)
            || (digits.len() >= 12 && self.id.strip_prefix("sha256:").is_some_and(|id| id.starts_with(digits)))
    }
}

/// The manifest that a push of an image makes.
pub(super) fn manifest_of(id: &str) -> String {
    let kind = "application/vnd.docker.distribution.manifest.v2+json";
    let config = serde_json::json!({
        "mediaType": "application/vnd.docker.container.image.v1+json", "size": 2, "digest": id
    });
    serde_json::json!({ "schemaVersion": 2, "mediaType": kind, "config": config, "layers": [] }).to_string()
}

/// Leaves what was pushed beside the script, where a played registry finds it: `<script>.pushed/manifests/<repository>/<tag>`.
pub(super) fn deliver(script: &Path, reference: &str, manifest: &str) -> Result<(), EngineError> {
    let name = reference.split_once('/').map_or(reference, |(_registry, name)| name);
    let (repository, tag) = name.rsplit_once(':').unwrap_or((name, "latest"));
    let failed =
        |error: std::io::Error| EngineError::Io { doing: "push an image".to_owned(), reason: error.to_string() };
    let folder = PathBuf::from(format!("{}.pushed", script.display())).join("manifests").join(repository);
    std::fs::create_dir_all(&folder).map_err(failed)?;
    std::fs::write(folder.join(tag), manifest).map_err(failed)
}

pub(super) fn no_image(doing: &str, reference: &str) -> EngineError {
    let reason = format!("No such image: {reference}");
    EngineError::Refused { doing: doing.to_owned(), status: Some(404), reason }
}

/// Whether `labels` has every one of `wanted`; an empty value matches any.
pub(super) fn matches(labels: &Labels, wanted: &Labels) -> bool {
    wanted.iter().all(|(name, value)| labels.get(name).is_some_and(|found| value.is_empty() || found == value))
}

/// The labels of `LABEL a=b c="d"` instructions.
pub(super) fn labels_of(changes: &[String]) -> Labels {
    let pairs = changes.iter().filter_map(|change| change.strip_prefix("LABEL ")).flat_map(str::split_whitespace);
    let pairs = pairs.filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
}

/// An id made of parts; the same text cut otherwise gives another id.
pub(super) fn id_of(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    format!("sha256:{}", hex::encode(hash.finalize()))
}

/// Keeps the state and the call log beside a script.
#[derive(Debug)]
pub(super) struct Keeper {
    script: PathBuf,
    first: State,
}

impl Keeper {
    pub(super) fn new(path: &Path, script: &Script) -> Self {
        Self { script: path.to_owned(), first: State::first(&script.images) }
    }

    pub(super) fn script(&self) -> &Path {
        &self.script
    }

    /// Changes the state, alone; lines added to the log are written last: who reads that a call was made may kill its program,
    /// and finds the call counted.
    pub(super) fn with<T>(&self, change: impl FnOnce(&mut State, &mut Vec<String>) -> T) -> Result<T, EngineError> {
        self.locked(change).map_err(|error| EngineError::Io {
            doing: format!("keep the state of {}", self.script.display()),
            reason: error.to_string(),
        })
    }

    fn locked<T>(&self, change: impl FnOnce(&mut State, &mut Vec<String>) -> T) -> std::io::Result<T> {
        let lock = std::fs::File::open(&self.script)?;
        lock.lock()?;
        let path = self.beside("state");
        let before = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => serde_json::to_vec_pretty(&self.first)?,
            Err(error) => return Err(error),
        };
        let mut state: State = serde_json::from_slice(&before)?;
        let mut lines = Vec::new();
        let result = change(&mut state, &mut lines);
        let after = serde_json::to_vec_pretty(&state)?;
        if after != before || !path.exists() {
            let whole = self.beside("state.new");
            std::fs::write(&whole, after)?;
            std::fs::rename(&whole, &path)?;
        }
        if !lines.is_empty() {
            let mut log = OpenOptions::new().append(true).create(true).open(self.beside("calls"))?;
            log.write_all((lines.join("\n") + "\n").as_bytes())?;
        }
        drop(lock);
        Ok(result)
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.script.clone().into_os_string();
        name.push(format!(".{suffix}"));
        PathBuf::from(name)
    }
}
