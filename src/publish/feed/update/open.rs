//! A feed's folder, opened by whoever publishes: one at a time, and only as far as the root that was kept leads.

use std::path::{Path, PathBuf};

use factory_tuf::{Client, FetchError, File, Limits, METADATA, Remembered, Repository, Root, Targets, Time, TufError};

use super::{
    LARGEST, UpdateError,
    files::{self, Files},
};
use crate::util::{
    files::sweep,
    folder::{Folder, Links},
    lock::{Lock, Tried, try_lock},
    state::State,
};

/// The first second that the calendar has: nothing has ended then. Whoever mends a feed that has ended must be able to read it.
const BEFORE_ALL: i64 = -62_135_596_800;

/// A feed that is written.
#[derive(Debug)]
pub struct Feed {
    pub(super) folder: Folder,
    pub(super) client: Client,
    pub(super) repository: Repository,
    _lock: Lock,
}

/// Whether a folder is an update feed.
#[must_use]
pub fn is_feed(folder: &Path) -> bool {
    folder.join(METADATA).join("1.root.json").is_file()
}

impl Feed {
    /// The feed in a folder. `root` is what was kept beside the keys: everything is believed that it leads to.
    ///
    /// # Errors
    /// [`UpdateError`].
    pub fn open(folder: &Path, root: &[u8]) -> Result<Self, UpdateError> {
        if !is_feed(folder) {
            return Err(UpdateError::NoFeed(folder.display().to_string()));
        }
        let lock = lock(folder)?;
        let folder = Folder::open(folder, Links::Refused)?;
        // No other process writes here now, and a web server would give away what a killed run has left.
        sweep(&folder);
        let (client, repository) = followed(&folder, root)?;
        Ok(Self { folder, client, repository, _lock: lock })
    }

    /// A new feed in a folder that has none, which is made where it is missing, with its first root.
    ///
    /// # Errors
    /// [`UpdateError`].
    pub fn create(folder: &Path, root: &File) -> Result<(), UpdateError> {
        fs_err::create_dir_all(folder)?;
        let _lock = lock(folder)?;
        if is_feed(folder) {
            return Err(UpdateError::IsFeed(folder.display().to_string()));
        }
        let folder = Folder::open(folder, Links::Refused)?;
        Ok(files::write(&folder, std::slice::from_ref(root))?)
    }

    /// The newest root.
    #[must_use]
    pub fn root(&self) -> &Root {
        self.repository.root()
    }

    /// What is published; `None` before the first time.
    #[must_use]
    pub fn targets(&self) -> Option<&Targets> {
        self.repository.targets()
    }

    /// When each role's newest metadata ends.
    #[must_use]
    pub fn expiries(&self) -> Vec<(&'static str, Time)> {
        self.repository.expiries()
    }

    /// Writes metadata: what clients see changes with the last file.
    ///
    /// # Errors
    /// Of the system.
    pub fn write(&self, files: &[File]) -> Result<(), UpdateError> {
        Ok(files::write(&self.folder, files)?)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}

/// When each role's newest metadata of the feed in a folder ends. Nothing is written; without a root its own first one is taken.
///
/// # Errors
/// [`UpdateError`].
pub fn expiries(folder: &Path, root: Option<Vec<u8>>) -> Result<Vec<(&'static str, Time)>, UpdateError> {
    let opened = Folder::open(folder, Links::Refused)?;
    let root = match root {
        Some(root) => root,
        None => first_root(&opened)?.ok_or_else(|| UpdateError::NoFeed(folder.display().to_string()))?,
    };
    Ok(followed(&opened, &root)?.1.expiries())
}

/// The feed's own first root; `None` where there is none.
///
/// # Errors
/// Of the system.
pub(super) fn first_root(folder: &Folder) -> std::io::Result<Option<Vec<u8>>> {
    folder.read(&Path::new(METADATA).join("1.root.json"), LARGEST)
}

fn lock(folder: &Path) -> Result<Lock, UpdateError> {
    match try_lock(&State::for_project(folder).make()?)? {
        Tried::Held(lock) => Ok(lock),
        Tried::Busy(holder) => Err(UpdateError::Busy(holder.map(|holder| format!(" ({holder})")).unwrap_or_default())),
    }
}

/// What a root leads to, whenever it ends.
fn followed(folder: &Folder, root: &[u8]) -> Result<(Client, Repository), UpdateError> {
    let client = || Client::new(Remembered::installed(root.to_vec()), Limits::default()).map_err(UpdateError::Believed);
    let mut newest = client()?;
    let content = match newest.refresh(&mut Files::new(folder), BEFORE_ALL) {
        Ok(()) => content(&newest),
        Err(TufError::Fetch { file, source: FetchError::NotFound }) if file.ends_with("/timestamp.json") => {
            is_new(folder)?;
            None
        }
        // A change of keys broke off between the root and what its new keys sign: the root before leads to what is published.
        Err(error @ TufError::Threshold { .. }) => {
            let mut before = client()?;
            let version = newest.root().version;
            let read = before.refresh(&mut Files::without_root(folder, version), BEFORE_ALL);
            if read.is_err() || before.root().version >= version {
                return Err(UpdateError::Believed(error));
            }
            content(&before)
        }
        Err(error) => return Err(UpdateError::Believed(error)),
    };
    // Where nothing is published yet, no signature was held against a key of the root.
    let version = newest.root().version;
    let here = folder.read(&Path::new(METADATA).join(format!("{version}.root.json")), LARGEST)?;
    if here.as_ref() != Some(&newest.remembered().root) {
        return Err(UpdateError::OtherRoot(version));
    }
    let repository = Repository::open(newest.remembered().root.clone(), content)?;
    Ok((newest, repository))
}

fn content(client: &Client) -> Option<[Vec<u8>; 3]> {
    let Remembered { timestamp, snapshot, targets, .. } = client.remembered().clone();
    Some([targets?, snapshot?, timestamp?])
}

/// Nothing was published yet: at most a first publication broke off.
fn is_new(folder: &Folder) -> Result<(), UpdateError> {
    let is_later = |name: &str| {
        let of_role = |role: &str| name.strip_suffix(role).is_some_and(|version| version != "1");
        of_role(".targets.json") || of_role(".snapshot.json")
    };
    let names = folder.entries(Path::new(METADATA))?;
    if names.keys().any(|name| is_later(&name.to_string_lossy())) { Err(UpdateError::NoTimestamp) } else { Ok(()) }
}
