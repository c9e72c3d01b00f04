//! What a checkout is, beside its files: enough to notice that somebody changed it, or that half of it is gone.

use std::{
    ffi::OsString,
    io::{self, Read as _},
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
    path::Path,
};

use fs_err as fs;
use sha2::Digest as _;

use crate::{
    names::{Commit, Sha256},
    util::{digests::Digests, folder::open_file},
};

/// The form of the manifest that this program writes and reads.
const VERSION: u32 = 1;

/// The largest manifest, in bytes.
const LARGEST: u64 = 1 << 16;

/// The manifest's name beside the files.
const NAME: &str = "manifest.json";

/// The folder of the files.
pub const FILES: &str = "files";

/// What a checkout is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of the manifest: 1.
    version: u32,
    /// The commit that it is of.
    pub commit: Commit,
    /// Whether submodules are in it.
    pub submodules: bool,
    /// Of the paths, kinds, modes and contents of all its files.
    digest: Sha256,
    /// How many files are in Git LFS, and not here; and the first of them.
    pub elsewhere: Option<(usize, String)>,
}

impl Manifest {
    /// Looks at the files of a checkout that was just written, and writes what they are beside them.
    ///
    /// # Errors
    /// When they cannot be read, or the manifest cannot be written.
    pub fn write(
        folder: &Path,
        commit: &Commit,
        submodules: bool,
        elsewhere: Option<(usize, String)>,
    ) -> io::Result<()> {
        let manifest = Self {
            version: VERSION,
            commit: commit.clone(),
            submodules,
            digest: digest_of_tree(&folder.join(FILES), &Digests::forgetful())?,
            elsewhere,
        };
        let text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::other)?;
        fs::write(folder.join(NAME), text)
    }

    /// The manifest of a checkout whose files are what it says; `None` where something is missing, changed or added.
    #[must_use]
    pub fn find(folder: &Path, commit: &Commit, submodules: bool, digests: &Digests) -> Option<Self> {
        let mut text = Vec::new();
        open_file(&folder.join(NAME)).ok()?.take(LARGEST).read_to_end(&mut text).ok()?;
        let manifest: Self = serde_json::from_slice(&text).ok()?;
        let fits = manifest.version == VERSION
            && manifest.commit == *commit
            && manifest.submodules == submodules
            && digest_of_tree(&folder.join(FILES), digests).is_ok_and(|digest| digest == manifest.digest);
        fits.then_some(manifest)
    }
}

/// One digest of everything in a folder, in the order of names.
fn digest_of_tree(folder: &Path, digests: &Digests) -> io::Result<Sha256> {
    let mut hash = sha2::Sha256::new();
    visit(folder, &mut Vec::new(), &mut hash, digests)?;
    Ok(Sha256::from_digest(hash.finalize().into()))
}

fn visit(folder: &Path, path: &mut Vec<OsString>, hash: &mut sha2::Sha256, digests: &Digests) -> io::Result<()> {
    let mut names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    for name in names {
        let place = folder.join(&name);
        let meta = fs::symlink_metadata(&place)?;
        path.push(name);
        let content = if meta.is_dir() {
            "folder".to_owned()
        } else if meta.is_symlink() {
            Sha256::of(fs::read_link(&place)?.as_os_str().as_bytes()).to_string()
        } else if meta.is_file() {
            digests.of_file(&place)?.0.to_string()
        } else {
            return Err(io::Error::other("neither a file, a folder nor a link"));
        };
        let mode = if meta.is_symlink() { 0 } else { meta.permissions().mode() };
        for part in path.iter() {
            hash.update(part.as_bytes());
            hash.update(b"\0");
        }
        hash.update(format!("{mode:o} {content}\n"));
        if meta.is_dir() {
            visit(&place, path, hash, digests)?;
        }
        path.pop();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    type Change = (&'static str, fn(&Path));

    #[test]
    fn every_change_is_noticed() {
        let commit = Commit::new("1a2b3c4d".repeat(5)).unwrap();
        let changes: [Change; 8] = [
            ("nothing", |_| {}),
            ("content", |files| fs::write(files.join("a/b"), "c").unwrap()),
            ("mode", |files| fs::set_permissions(files.join("a/b"), std::fs::Permissions::from_mode(0o755)).unwrap()),
            ("gone", |files| fs::remove_file(files.join("a/b")).unwrap()),
            ("added", |files| fs::write(files.join("a/.c"), "").unwrap()),
            ("a folder more", |files| fs::create_dir(files.join("c")).unwrap()),
            ("a link's target", |files| {
                fs::remove_file(files.join("link")).unwrap();
                symlink("b", files.join("link")).unwrap();
            }),
            ("the manifest", |files| fs::write(files.parent().unwrap().join(NAME), "{}").unwrap()),
        ];
        for (what, change) in changes {
            let folder = tempfile::tempdir().unwrap();
            let files = folder.path().join(FILES);
            fs::create_dir_all(files.join("a")).unwrap();
            fs::write(files.join("a/b"), "b").unwrap();
            symlink("a/b", files.join("link")).unwrap();
            Manifest::write(folder.path(), &commit, true, None).unwrap();
            change(&files);
            let find = |submodules| Manifest::find(folder.path(), &commit, submodules, &Digests::forgetful());
            assert_eq!(find(true).is_some(), what == "nothing", "{what}");
            assert!(find(false).is_none());
        }
    }
}
