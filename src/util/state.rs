//! [`State`]: `.factory` of a project, where this program keeps what it knows of it: records, logs, the digests of files, the
//! checkouts of sources. Nothing in it is a link, and none is followed: what a commit put there leads nowhere.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;

use super::folder::{Folder, Links};

/// Where this program alone writes in a project: nothing in there is ever an input. In `packages` a project may have folders of its own.
pub const OUTPUTS: [&str; 3] = [".factory", "wheels", "factory.lock"];

/// Whether a path of a project is in a folder of git itself: no commit holds what is there.
#[must_use]
pub fn is_of_git(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == ".git")
}

/// The state folder's name in a project.
pub const NAME: &str = ".factory";

/// The largest file of it that is read whole, in bytes: the list of a package of 200,000 files has a third of that.
pub const LARGEST: u64 = 64 << 20;

/// Something of the state folder that is there and cannot be read: what it would have said is not known.
#[derive(Debug, thiserror::Error)]
#[error("`{place}` cannot be read: {reason}")]
pub struct Unread {
    /// Where it is, below the project.
    pub place: String,
    /// Why, in words.
    pub reason: String,
}

impl Unread {
    pub(crate) fn new(path: &Path, reason: &impl ToString) -> Self {
        Self { place: Path::new(NAME).join(path).display().to_string(), reason: reason.to_string() }
    }

    /// What to type next.
    #[must_use]
    pub fn help(&self) -> String {
        format!(
            "mend its rights, or remove it (`rm -r {}`): `factory build` and `factory test` write it anew",
            self.place
        )
    }
}

impl From<Unread> for io::Error {
    fn from(unread: Unread) -> Self {
        Self::other(unread.to_string())
    }
}

/// The state folder of a project. It need not be there: it is opened for every use.
#[derive(Debug, Clone)]
pub struct State {
    project: PathBuf,
}

impl State {
    /// The state of the project in this folder. Nothing is made yet.
    #[must_use]
    pub fn for_project(project: &Path) -> Self {
        Self { project: project.to_owned() }
    }

    /// Where it is, for messages.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.project.join(NAME)
    }

    /// The folder; `None` where there is none.
    ///
    /// # Errors
    /// When something else has its name.
    pub fn open(&self) -> io::Result<Option<Folder>> {
        match Folder::open(&self.project, Links::Refused) {
            Ok(project) => project.below(Path::new(NAME)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The folder, made where it is missing.
    ///
    /// # Errors
    /// When it cannot be made, or something else has its name.
    pub fn make(&self) -> io::Result<Folder> {
        Folder::open(&self.project, Links::Refused)?.make_ours(Path::new(NAME))
    }

    /// The bytes of a file in it; `None` where there is none.
    ///
    /// # Errors
    /// When it is no regular file, or larger than [`LARGEST`].
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<Option<Vec<u8>>> {
        match self.open()? {
            Some(folder) => absent(folder.read(path.as_ref(), LARGEST)),
            None => Ok(None),
        }
    }

    /// What a JSON file in it says; `None` where there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read, or says something else.
    pub fn json<T: DeserializeOwned>(&self, path: impl AsRef<Path>) -> Result<Option<T>, Unread> {
        let path = path.as_ref();
        let text = self.read(path).map_err(|error| Unread::new(path, &error))?;
        text.map(|text| serde_json::from_slice(&text).map_err(|error| Unread::new(path, &error))).transpose()
    }

    /// Writes a whole file in it.
    ///
    /// # Errors
    /// When the disk is full, or something else has its name.
    pub fn write(&self, path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
        self.make()?.write(path.as_ref(), bytes)
    }

    /// The names in a folder of it; none where there is no such folder.
    ///
    /// # Errors
    /// When it is there and is no folder, or cannot be read.
    pub fn names(&self, path: impl AsRef<Path>) -> Result<Vec<String>, Unread> {
        let path = path.as_ref();
        let unread = |error: io::Error| Unread::new(path, &error);
        let Some(folder) = self.open().map_err(unread)? else { return Ok(Vec::new()) };
        let entries = absent(folder.entries(path).map(Some)).map_err(unread)?.unwrap_or_default();
        Ok(entries.into_keys().filter_map(|name| name.into_string().ok()).collect())
    }
}

/// `None` where a folder on the way is not there either.
fn absent<T>(found: io::Result<Option<T>>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found,
    }
}

/// Where a file of the state folder is, for messages and for those who open it below the project.
#[must_use]
pub fn place(path: &str) -> PathBuf {
    Path::new(NAME).join(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_nothing() {
        let project = tempfile::tempdir().unwrap();
        let state = State::for_project(project.path());
        assert_eq!(state.read("records/debian-12/core.json").unwrap(), None);
        assert!(state.names("records").unwrap().is_empty() && !state.path().exists());
        state.write("records/debian-12/core.json", b"{}").unwrap();
        assert_eq!(state.read("records/debian-12/core.json").unwrap().unwrap(), b"{}");
        assert_eq!(state.names("records").unwrap(), ["debian-12"]);
        assert_eq!(State::for_project(&project.path().join("nowhere")).read("lock").unwrap(), None);
    }

    #[test]
    fn a_state_that_is_a_link_is_refused() {
        let (project, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(other.path(), project.path().join(NAME)).unwrap();
        let state = State::for_project(project.path());
        assert!(state.read("x").is_err() && state.write("x", b"").is_err() && state.make().is_err());
        assert_eq!(std::fs::read_dir(other.path()).unwrap().count(), 0);
    }
}
