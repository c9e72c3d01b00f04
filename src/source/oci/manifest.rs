//! [`Manifest`]: what a tag or digest of a repository names (OCI Image Specification, image manifest and index).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Media types.
pub mod media {
    /// An OCI manifest: of an image, or of an artifact.
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// The configuration of what has none: `{}`.
    pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
    /// Everything a tag may stand for.
    pub const ANY_MANIFEST: [&str; 4] = [
        MANIFEST,
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ];
}

/// A blob in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// `sha256:` and 64 hex digits.
    pub digest: String,
    /// Bytes.
    pub size: u64,
    /// Words about it; `org.opencontainers.image.title` is its file's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// A manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// 2.
    pub schema_version: u32,
    /// Its own media type.
    #[serde(default)]
    pub media_type: String,
    /// What kind of artifact it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub artifact_type: String,
    /// Of an image, its configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Descriptor>,
    /// Layers of an image, files of an artifact.
    #[serde(default)]
    pub layers: Vec<Descriptor>,
    /// Words about it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// What a registry has under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The digest of its bytes, `sha256:…`.
    pub digest: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it says.
    pub manifest: Manifest,
}

impl Found {
    /// Whether it is the image with an id of the daemon: the digest of its configuration, or of its manifest where the daemon keeps
    /// images in containerd's store.
    #[must_use]
    pub fn is_image(&self, id: &str) -> bool {
        self.digest == id || self.manifest.config.as_ref().is_some_and(|config| config.digest == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_its_configuration_or_its_manifest() {
        let text = r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",
            "config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":7,"digest":"sha256:c"},
            "layers":[{"mediaType":"x","size":1,"digest":"sha256:l","urls":["https://example.org"]}]}"#;
        let found =
            Found { digest: "sha256:m".into(), bytes: text.into(), manifest: serde_json::from_str(text).unwrap() };
        assert!(found.is_image("sha256:c") && found.is_image("sha256:m") && !found.is_image("sha256:l"));
        let index: Manifest = serde_json::from_str(r#"{"schemaVersion":2,"manifests":[]}"#).unwrap();
        assert_eq!(index.config, None);
    }
}
