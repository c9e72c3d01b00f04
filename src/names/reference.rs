//! Names of images as daemons list and find them (distribution reference grammar).

/// What comes before the names of the daemon's own registry, and before those of images that Podman loaded or built:
/// left out when a name is looked up ("familiar names").
const IMPLIED: [&str; 5] =
    ["docker.io/library/", "docker.io/", "index.docker.io/library/", "index.docker.io/", "localhost/"];

/// A name without what is implied in front of it.
#[must_use]
pub fn familiar(name: &str) -> &str {
    IMPLIED.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

/// A reference as the daemon lists it: with `:latest` where nothing is said, without a tag where there is a digest.
#[must_use]
pub fn whole(reference: &str) -> String {
    if let Some((name, digest)) = reference.split_once('@') {
        let start = name.rfind('/').map_or(0, |slash| slash + 1);
        let end = name[start..].find(':').map_or(name.len(), |colon| start + colon);
        return format!("{}@{digest}", &name[..end]);
    }
    let last = reference.rsplit('/').next().unwrap_or(reference);
    if last.contains(':') { reference.to_owned() } else { format!("{reference}:latest") }
}

/// Whether a tag would be the name of the image that a reference means, whatever digest the reference adds.
#[must_use]
pub fn is_name_of(tag: &str, reference: &str) -> bool {
    let named = reference.split('@').next().unwrap_or(reference);
    familiar(&whole(tag)) == familiar(&whole(named))
}

#[cfg(test)]
mod tests {
    use super::is_name_of;

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
            assert!(is_name_of(tag, reference), "{tag} {reference}");
        }
        for (tag, reference) in [("ubuntu:22.04", "ubuntu:24.04"), ("r.example:5000/debian:12", "debian:12")] {
            assert!(!is_name_of(tag, reference), "{tag} {reference}");
        }
    }
}
