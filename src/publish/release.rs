//! `packages/release.json`: what of a release is in a registry, by digest.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use crate::util::folder::{Folder, Links};

/// The file's name in the project's `packages/`.
pub const NAME: &str = "release.json";
/// The form of the file.
const SCHEMA: u32 = 1;
/// The largest one that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// What of a release is in registries. Things that were pushed earlier stay listed; another release begins anew.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Release {
    /// The form of the file: 1.
    pub schema: u32,
    /// The project's name.
    pub project: String,
    /// The release's tag.
    pub tag: String,
    /// The packaging revision.
    pub release: String,
    /// The commit that it was built from, with `-dirty` behind it where the checkout had other changes; empty outside git.
    pub revision: String,
    /// By name with registry and tag.
    pub pushed: BTreeMap<String, Entry>,
}

/// Something that was pushed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// `image`, `packages` or `wheels`.
    pub kind: String,
    /// The platform's id.
    pub platform: String,
    /// Of the manifest: `name@digest` pulls exactly this.
    pub digest: String,
    /// Of an image, its id in the daemon that built it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Of an artifact, its files: name -> SHA-256.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
}

impl Release {
    /// A release of which nothing was pushed.
    #[must_use]
    pub fn new(project: &str, tag: &str, release: &str, revision: &str) -> Self {
        let [project, tag, release, revision] = [project, tag, release, revision].map(str::to_owned);
        Self { schema: SCHEMA, project, tag, release, revision, pushed: BTreeMap::new() }
    }

    /// The same with what the project in this folder has listed of it before. A list of another release is taken for none.
    ///
    /// # Errors
    /// When there is a list that cannot be read: what it names would be forgotten.
    pub fn with_earlier(mut self, project: &Path) -> io::Result<Self> {
        let text = match Folder::open(project, Links::Refused)?.read(&place(), LARGEST) {
            // There are no packages at all.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            read => read?,
        };
        let Some(text) = text else { return Ok(self) };
        let earlier: Self = serde_json::from_slice(&text).map_err(|error| {
            let place = place().display().to_string();
            io::Error::other(format!("`{place}` is no list of what was pushed ({error}); remove it and push again"))
        })?;
        if (earlier.schema, &earlier.project, &earlier.tag, &earlier.release)
            == (SCHEMA, &self.project, &self.tag, &self.release)
        {
            self.pushed = earlier.pushed;
        }
        Ok(self)
    }

    /// Writes the list, where it is not so already.
    ///
    /// # Errors
    /// When the disk is full, or something else than a file has its name.
    pub fn write(&self, project: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        let project = Folder::open(project, Links::Refused)?;
        let is_so = project.read(&place(), LARGEST).is_ok_and(|old| old.is_some_and(|old| old == text));
        if is_so { Ok(()) } else { project.write(&place(), &text) }
    }
}

fn place() -> PathBuf {
    Path::new("packages").join(NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_keeps_its_list_and_another_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = Release::new("shop", "1.0", "1", "").with_earlier(folder.path()).unwrap();
        let entry = Entry {
            kind: "image".into(),
            platform: "debian-12".into(),
            digest: "sha256:0".into(),
            id: String::new(),
            files: BTreeMap::new(),
        };
        first.pushed.insert("r.example.org/shop:1.0".into(), entry);
        first.write(folder.path()).unwrap();
        assert_eq!(Release::new("shop", "1.0", "1", "c").with_earlier(folder.path()).unwrap().pushed, first.pushed);
        assert!(Release::new("shop", "1.0", "2", "").with_earlier(folder.path()).unwrap().pushed.is_empty());
        std::fs::write(folder.path().join(place()), "{").unwrap();
        assert!(Release::new("shop", "1.0", "1", "").with_earlier(folder.path()).is_err());
    }
}
