//! [`Images`]: every image of a daemon under its names, from one list: what a plan looks names up in.

use std::collections::BTreeMap;

use super::{Engine, EngineError, ImageId, ImageInfo, Labels};
use crate::names::{ImageReference, familiar};

/// The names of a daemon's images.
#[derive(Debug, Clone, Default)]
pub struct Images {
    names: BTreeMap<String, ImageId>,
    familiar: BTreeMap<String, ImageId>,
}

impl Images {
    /// All of a daemon's images, in one call.
    ///
    /// # Errors
    /// As [`Engine::images`].
    pub async fn list(engine: &dyn Engine) -> Result<Self, EngineError> {
        Ok(Self::new(&engine.images(&Labels::new()).await?))
    }

    /// The names of these images.
    #[must_use]
    pub fn new(images: &[ImageInfo]) -> Self {
        let mut found = Self::default();
        for image in images {
            found.names.insert(image.id.0.clone(), image.id.clone());
            for name in image.tags.iter().chain(&image.repo_digests) {
                found.names.insert(name.clone(), image.id.clone());
                found.familiar.insert(familiar(name).to_owned(), image.id.clone());
            }
        }
        found
    }

    /// The id of the image under a name (`debian:12`, `debian@sha256:…`, `debian:12@sha256:…`) or an id, as the daemon
    /// itself would find it.
    #[must_use]
    pub fn id(&self, reference: &str) -> Option<&ImageId> {
        let whole = ImageReference::new(reference).to_string();
        self.names.get(&whole).or_else(|| self.familiar.get(familiar(&whole)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(id: char, tags: &[&str], repo_digests: &[&str]) -> ImageInfo {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        ImageInfo {
            id: ImageId(format!("sha256:{}", id.to_string().repeat(64))),
            tags: owned(tags),
            repo_digests: owned(repo_digests),
            size: 0,
            created: String::new(),
            labels: Labels::new(),
            arch: String::new(),
            layers: Vec::new(),
            env: Vec::new(),
        }
    }

    fn found(images: &Images, reference: &str) -> Option<char> {
        images.id(reference).and_then(|id| id.0.chars().nth(7))
    }

    #[test]
    fn names_are_found_as_the_daemon_finds_them() {
        let images = Images::new(&[
            image('a', &["debian:12", "debian:latest"], &["debian@sha256:01"]),
            image('b', &["r.example.org:5000/x/app:1"], &["r.example.org:5000/x/app@sha256:02"]),
            image('c', &[], &[]),
        ]);
        for (reference, id) in [
            ("debian:12", Some('a')),
            ("debian", Some('a')),
            ("docker.io/library/debian:12", Some('a')),
            ("debian@sha256:01", Some('a')),
            ("debian:11@sha256:01", Some('a')),
            ("debian:11", None),
            ("debian@sha256:02", None),
            ("r.example.org:5000/x/app:1", Some('b')),
            ("r.example.org:5000/x/app", None),
            ("r.example.org:5000/x/app:7@sha256:02", Some('b')),
            ("x/app:1", None),
            (format!("sha256:{}", "c".repeat(64)).as_str(), Some('c')),
        ] {
            assert_eq!(found(&images, reference), id, "{reference}");
        }
    }

    #[test]
    fn podman_gives_whole_names() {
        let images = Images::new(&[
            image('a', &["docker.io/library/debian:12"], &[]),
            image('b', &["localhost/shop/core:1"], &[]),
            image('c', &["docker.io/shop/web:1"], &[]),
        ]);
        assert_eq!(found(&images, "debian:12"), Some('a'));
        assert_eq!(found(&images, "shop/core:1"), Some('b'));
        assert_eq!(found(&images, "shop/web:1"), Some('c'));
        assert_eq!(found(&images, "web:1"), None);
    }
}
