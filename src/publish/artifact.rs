//! Packages and wheelhouses in a registry, as OCI artifacts: one manifest for each platform, whose layers are the files as they are
//! (OCI Image Specification 1.1, "Guidelines for Artifact Usage"). `oras pull` reads them, too.

mod fetch;
mod push;

use std::{collections::BTreeMap, path::PathBuf};

pub use fetch::fetch;
pub use push::{look, push, there};

use super::{PushError, Registry};
use crate::{
    event::StepId,
    format::PackageFormat,
    names::{PlatformId, Repository, Sha256},
    source::oci::{Blob, Content, Descriptor, Manifest, media},
};

/// The annotation of a layer that is its file's name.
pub(super) const TITLE: &str = "org.opencontainers.image.title";

/// The kinds of artifacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The packages of a platform with their checksums.
    Packages,
    /// The wheels of a requirements set with their manifest.
    Wheels,
}

impl Kind {
    /// In names of repositories and steps, and in `release.json`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Packages => "packages",
            Self::Wheels => "wheels",
        }
    }

    /// `artifactType` of the manifest.
    const fn media(self) -> &'static str {
        match self {
            Self::Packages => "application/vnd.factory.packages.v1",
            Self::Wheels => "application/vnd.factory.wheelhouse.v1",
        }
    }
}

/// Where an artifact is in a registry.
#[derive(Debug, Clone)]
pub struct Place {
    /// What it is.
    pub kind: Kind,
    /// The step in events.
    pub step: StepId,
    /// The platform.
    pub platform: PlatformId,
    /// With the registry's path.
    pub repository: Repository,
    /// Its tag.
    pub tag: String,
    /// The whole name, for people.
    pub name: String,
}

impl Place {
    /// `<registry>/<project>/<kind>:<tag>`.
    ///
    /// # Errors
    /// When the project's name is none that a registry takes.
    pub fn new(
        kind: Kind,
        project: &str,
        platform: &PlatformId,
        tag: String,
        registry: &Registry,
    ) -> Result<Self, PushError> {
        let local = format!("{project}/{}", kind.word());
        let repository = registry.repository(&local)?;
        let step = StepId::new(platform, &format!("registry-{}-{tag}", kind.word()));
        let name = registry.name(&format!("{local}:{tag}"));
        Ok(Self { kind, step, platform: platform.clone(), repository, tag, name })
    }
}

/// A file of an artifact.
#[derive(Debug, Clone)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Of its bytes.
    pub sha256: Sha256,
    /// In bytes.
    pub size: u64,
}

/// Files to be pushed.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Where to.
    pub place: Place,
    /// The files; none twice.
    pub files: Vec<File>,
    /// Words about them (OCI annotations).
    pub annotations: BTreeMap<String, String>,
}

impl Artifact {
    /// The manifest: the same for the same files, whoever pushes them.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        let empty = Blob::from_static(b"{}");
        let config = Descriptor {
            media_type: media::EMPTY.to_owned(),
            digest: empty.digest(),
            size: empty.size,
            annotations: BTreeMap::new(),
        };
        let mut files: Vec<&File> = self.files.iter().collect();
        files.sort_by(|one, other| one.name.cmp(&other.name));
        let layer = |file: &File| Descriptor {
            media_type: media_of(&file.name).to_owned(),
            digest: format!("sha256:{}", file.sha256),
            size: file.size,
            annotations: [(TITLE.to_owned(), file.name.clone())].into(),
        };
        Manifest {
            schema_version: 2,
            media_type: media::MANIFEST.to_owned(),
            artifact_type: self.place.kind.media().to_owned(),
            config: Some(config),
            layers: files.into_iter().map(layer).collect(),
            annotations: self.annotations.clone(),
        }
    }

    /// Bytes of all files.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

impl File {
    fn blob(&self) -> Blob {
        Blob { sha256: self.sha256.clone(), size: self.size, content: Content::File(self.path.clone()) }
    }
}

/// The media type of a file: the registered one where there is one (IANA).
fn media_of(name: &str) -> &'static str {
    if let Some((_, media)) = PackageFormat::of_file(name) {
        return media;
    }
    match name.rsplit('.').next() {
        Some("whl") => "application/zip",
        Some("json") => "application/json",
        _ if name == super::sums::NAME => "text/plain",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_the_same_for_the_same_files() {
        let registry = Registry::new("r.example.org/team").unwrap();
        let platform: PlatformId = "debian-12".parse().unwrap();
        let place = Place::new(Kind::Packages, "shop", &platform, "debian-12-1.0-1".into(), &registry).unwrap();
        let file = |name: &str| File { name: name.into(), path: name.into(), sha256: Sha256::of(name), size: 1 };
        let made = |files: Vec<File>| {
            let artifact = Artifact { place: place.clone(), files, annotations: BTreeMap::new() };
            serde_json::to_string_pretty(&artifact.manifest()).unwrap()
        };
        let text = made(vec![file("b.deb"), file("SHA256SUMS")]);
        assert_eq!(text, made(vec![file("SHA256SUMS"), file("b.deb")]));
        assert_eq!(place.name, "r.example.org/team/shop/packages:debian-12-1.0-1");
        insta::assert_snapshot!(text);
    }
}
