//! Certificates of private registries, where Docker and Podman look for them.

use std::{io::Read as _, path::PathBuf};

use super::host::Env;

/// The folders, each with one of its own for every registry (`docker` and `dockerd` documentation, "Verify repository client with
/// certificates"; containers-certs.d(5)).
const FOLDERS: [&str; 2] = ["/etc/docker/certs.d", "/etc/containers/certs.d"];
/// The same for a daemon without root, below the user's configuration.
const ROOTLESS: &str = ".config/docker/certs.d";
/// Most certificates of one registry, and the largest file, in bytes.
const MOST: usize = 100;
const LARGEST: u64 = 1 << 20;

/// The certificates that are trusted for `registry`, host and port, in PEM form; empty where there are none. What cannot be read is
/// left out: the connection then says which certificate it misses.
pub fn certificates_for(registry: &str, env: Env<'_>) -> Vec<u8> {
    let mut folders: Vec<PathBuf> = FOLDERS.map(PathBuf::from).into();
    folders.extend(env("HOME").map(|home| PathBuf::from(home).join(ROOTLESS)));
    let mut found = Vec::new();
    // A registry's name is host and port: it was checked to have no slash, and so stays in the folder.
    for folder in folders.iter().map(|folder| folder.join(registry)) {
        let entries = fs_err::read_dir(folder).into_iter().flatten().flatten().take(MOST);
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "crt"));
        files.sort();
        for file in files {
            let Ok(file) = fs_err::File::open(file) else { continue };
            if file.take(LARGEST).read_to_end(&mut found).is_ok() {
                found.push(b'\n');
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_s_own() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(ROOTLESS).join("r.example.org:5000");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in [("ca.crt", "one"), ("b.crt", "two"), ("client.key", "secret")] {
            std::fs::write(folder.join(name), text).unwrap();
        }
        let place = home.path().to_string_lossy().into_owned();
        let env = move |name: &str| (name == "HOME").then(|| place.clone());
        assert_eq!(certificates_for("r.example.org:5000", &env), b"two\none\n");
        assert!(certificates_for("r.example.org", &env).is_empty());
    }
}
