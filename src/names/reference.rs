//! [`ImageReference`]: names of images as daemons list and find them (distribution reference grammar).

use std::fmt;

/// How Docker Hub, the registry of names that say none, is written before a name: left out when a name is looked up
/// ("familiar names").
const HUB: [&str; 4] = ["docker.io/library/", "docker.io/", "index.docker.io/library/", "index.docker.io/"];

/// What Podman writes before the names of images that it loaded or built.
const LOCAL: &str = "localhost/";

/// The tag of a name that says none.
const LATEST: &str = "latest";

/// A name of an image in its parts: `registry.example.org:5000/team/app:1.2@sha256:00…`. It is taken apart, not judged: whether
/// it is a good name is asked elsewhere ([`super::Repository`], [`super::Tag`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageReference<'a> {
    repository: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> ImageReference<'a> {
    /// Takes a name apart. A colon in the first part of a path is a port.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let (named, digest) = text.split_once('@').map_or((text, None), |(named, digest)| (named, Some(digest)));
        let (repository, tag) = match named.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
            _ => (named, None),
        };
        Self { repository, tag, digest }
    }

    /// Without tag and digest, the registry included: `registry.example.org:5000/team/app`.
    #[must_use]
    pub fn repository(&self) -> &'a str {
        self.repository
    }

    /// The tag; `latest` where none is said, as everywhere.
    #[must_use]
    pub fn tag(&self) -> &'a str {
        self.tag.unwrap_or(LATEST)
    }

    /// `sha256:…`, where it is said.
    #[must_use]
    pub fn digest(&self) -> Option<&'a str> {
        self.digest
    }

    /// What says which image of the repository is meant: the digest, which takes the place of a tag, else the tag.
    #[must_use]
    pub fn which(&self) -> &'a str {
        self.digest.unwrap_or_else(|| self.tag())
    }

    /// Host and port of the registry: the first part when that can only be a host, else Docker Hub's `docker.io`.
    #[must_use]
    pub fn registry(&self) -> &'a str {
        match self.repository.split_once('/') {
            Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
            _ => "docker.io",
        }
    }

    /// Whether both are in one repository of one registry, in whatever spelling. What Podman made here is in none.
    #[must_use]
    pub fn is_beside(&self, other: &Self) -> bool {
        of_hub(self.repository) == of_hub(other.repository)
    }

    /// Whether a tag would be the name of the image that this means, whatever digest it adds.
    #[must_use]
    pub fn is_named(&self, tag: &str) -> bool {
        let tag = ImageReference::new(tag);
        familiar(self.repository) == familiar(tag.repository) && tag.digest.is_none() && self.tag() == tag.tag()
    }
}

/// As the daemon lists it: with `:latest` where nothing is said, without a tag where there is a digest.
impl fmt::Display for ImageReference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.digest {
            Some(digest) => write!(f, "{}@{digest}", self.repository),
            None => write!(f, "{}:{}", self.repository, self.tag()),
        }
    }
}

/// A name without what is implied in front of it.
#[must_use]
pub fn familiar(name: &str) -> &str {
    name.strip_prefix(LOCAL).unwrap_or_else(|| of_hub(name))
}

/// A name without Docker Hub in front of it.
fn of_hub(name: &str) -> &str {
    HUB.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_image_has_several_names() {
        for (tag, reference) in [
            ("ubuntu:22.04", "ubuntu:22.04"),
            ("docker.io/library/ubuntu:22.04", "ubuntu:22.04"),
            ("ubuntu:22.04", "docker.io/library/ubuntu:22.04"),
            ("debian:latest", "debian"),
            ("localhost/x:1", "x:1"),
            ("x/y:1", "index.docker.io/x/y:1"),
            ("debian:12", "debian:12@sha256:00"),
        ] {
            assert!(ImageReference::new(reference).is_named(tag), "{tag} {reference}");
        }
        for (tag, reference) in [("ubuntu:22.04", "ubuntu:24.04"), ("r.example:5000/debian:12", "debian:12")] {
            assert!(!ImageReference::new(reference).is_named(tag), "{tag} {reference}");
        }
    }

    #[test]
    fn what_podman_made_is_of_no_registry() {
        let beside = |one, other| ImageReference::new(one).is_beside(&ImageReference::new(other));
        assert!(beside("debian:12", "docker.io/library/debian@sha256:00"));
        assert!(beside("x/y", "index.docker.io/x/y:1"));
        assert!(!beside("localhost/debian@sha256:00", "debian:12"));
        assert!(!beside("r.example/debian", "debian"));
    }

    #[test]
    fn a_port_is_no_tag() {
        for (text, repository, tag, digest, listed) in [
            ("debian:12", "debian", "12", None, "debian:12"),
            ("debian", "debian", "latest", None, "debian:latest"),
            ("host:5000/a/b:1", "host:5000/a/b", "1", None, "host:5000/a/b:1"),
            ("host:5000/a", "host:5000/a", "latest", None, "host:5000/a:latest"),
            ("a/b:1@sha256:00", "a/b", "1", Some("sha256:00"), "a/b@sha256:00"),
            ("host:5000/a@sha256:00", "host:5000/a", "latest", Some("sha256:00"), "host:5000/a@sha256:00"),
        ] {
            let one = ImageReference::new(text);
            assert_eq!((one.repository(), one.tag(), one.digest()), (repository, tag, digest), "{text}");
            assert_eq!((one.to_string().as_str(), one.which()), (listed, digest.unwrap_or(tag)), "{text}");
        }
    }

    #[test]
    fn the_registry_is_the_first_part_when_that_can_only_be_a_host() {
        for (reference, registry) in [
            ("debian:12", "docker.io"),
            ("canopsis/canopsis-core:1", "docker.io"),
            ("docker.io/library/debian", "docker.io"),
            ("localhost/a", "localhost"),
            ("localhost:5000/a:1", "localhost:5000"),
            ("registry.example.org/a/b@sha256:00", "registry.example.org"),
        ] {
            assert_eq!(ImageReference::new(reference).registry(), registry, "{reference}");
        }
    }
}
