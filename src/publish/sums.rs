//! `SHA256SUMS` beside a platform's packages, in the form that `sha256sum --check` reads.

use std::{
    io,
    path::{Path, PathBuf},
};

use fs_err as fs;

use crate::util::files::{digest, write_whole};

/// The file's name.
pub const NAME: &str = "SHA256SUMS";

/// Extensions of package files.
const PACKAGES: [&str; 3] = ["deb", "rpm", "wapt"];

/// What is ours in a platform's folder: packages and their checksums.
#[must_use]
pub fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut ours: Vec<PathBuf> =
        entries.filter(|path| is_package(path) || path.file_name().is_some_and(|name| name == NAME)).collect();
    ours.sort();
    ours
}

/// Whether a file has a package's name.
#[must_use]
pub fn is_package(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    !hidden && path.extension().is_some_and(|extension| PACKAGES.iter().any(|known| extension == *known))
}

/// Writes the checksums of every package in `folder`, where they are not right already. Does nothing where there is no
/// such folder.
///
/// # Errors
/// When a package cannot be read or the list not be written.
pub fn write(folder: &Path) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if is_package(&path) {
            lines.push((name, digest(&path)?.0));
        }
    }
    lines.sort();
    let text = lines.iter().fold(String::new(), |text, (name, sha256)| text + &format!("{sha256}  {name}\n"));
    let file = folder.join(NAME);
    if fs::read(&file).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    write_whole(&file, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256sum_agrees() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b_1-1_all.deb", "a_1-1_all.deb", "notes.txt", ".tmp-x.deb"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        write(folder.path()).unwrap();
        let text = std::fs::read_to_string(folder.path().join(NAME)).unwrap();
        assert_eq!(text.lines().count(), 2);
        let checked = std::process::Command::new("sha256sum")
            .args(["--check", "--strict", "--quiet", NAME])
            .current_dir(folder.path())
            .status();
        assert!(checked.unwrap().success());
    }
}
