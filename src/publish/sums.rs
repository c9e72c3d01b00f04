//! `SHA256SUMS` beside a platform's packages, in the form that `sha256sum --check` reads.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    format::PackageFormat,
    util::{files::digest_of, folder::Folder},
};

mod verify;

pub use verify::verify;

/// The file's name.
pub const NAME: &str = "SHA256SUMS";

/// The largest list that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// What is ours in a platform's folder: packages and their checksums.
///
/// # Errors
/// When the folder cannot be read.
pub fn listed(folder: &Folder) -> io::Result<Vec<PathBuf>> {
    let entries = folder.entries(Path::new(""))?.into_iter();
    let files = entries.filter(|(_, kind)| kind.is_file()).map(|(name, _)| PathBuf::from(name));
    let ours = files.filter(|name| is_package(folder, &name.to_string_lossy()) || name == Path::new(NAME));
    Ok(ours.map(|name| folder.path().join(name)).collect())
}

/// Whether a file of a platform's folder has a package's name. Anybody's archive may end with `.tar.gz`: ours name the platform.
fn is_package(folder: &Folder, name: &str) -> bool {
    let Some((format, _)) = PackageFormat::of_file(name) else { return false };
    let facts = format.facts();
    let platform = folder.path().file_name().unwrap_or_default().to_string_lossy();
    // Only what packages ask for is named so.
    !facts.is_bare
        || facts.asked.is_empty()
        || facts.files.iter().any(|(end, _)| name.ends_with(&format!("-{platform}.{end}")))
}

/// Writes the checksums of every package in `folder`, where they are not right already.
///
/// # Errors
/// When a package cannot be read, is no regular file, or the list cannot be written.
pub fn write(folder: &Folder) -> io::Result<()> {
    let mut lines = Vec::new();
    for name in folder.entries(Path::new(""))?.into_keys().filter(|name| is_package(folder, &name.to_string_lossy())) {
        let sha256 = digest_of(&mut folder.file(Path::new(&name))?)?.0;
        lines.push((name.to_string_lossy().into_owned(), sha256));
    }
    lines.sort();
    let text: String = lines.iter().map(|(name, sha256)| line(name, sha256.as_str())).collect();
    if folder.read(Path::new(NAME), LARGEST)?.is_some_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    folder.write(Path::new(NAME), text.as_bytes())
}

/// A line as sha256sum(1) writes and reads it: one that begins with a backslash has its name escaped.
fn line(name: &str, sha256: &str) -> String {
    if !name.contains(['\\', '\n', '\r']) {
        return format!("{sha256}  {name}\n");
    }
    let name = name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
    format!("\\{sha256}  {name}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256sum_agrees() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b_1-1_all.deb", "a_1-1_all.deb", r"back\slash $x 'é.deb", "notes.txt", ".tmp-x.deb"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        write(&Folder::open(folder.path(), crate::util::folder::Links::Refused).unwrap()).unwrap();
        let text = std::fs::read_to_string(folder.path().join(NAME)).unwrap();
        assert_eq!(text.lines().count(), 3);
        let checked = std::process::Command::new("sha256sum")
            .args(["--check", "--strict", "--quiet", NAME])
            .current_dir(folder.path())
            .status();
        assert!(checked.unwrap().success());
        let verdict = verify(&folder.path().join(NAME), &tokio_util::sync::CancellationToken::new());
        assert_eq!((verdict.reasons().as_str(), verdict.package.as_str()), ("", "3 files"));
    }
}
