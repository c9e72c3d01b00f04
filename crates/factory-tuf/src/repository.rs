//! Writes a feed's metadata: root after root, and the targets with the snapshot and the timestamp that lead to them.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    error::ReadError,
    key::{KeyId, PublicKey},
    metadata::{Metadata, WriteError},
    path::TargetPath,
    role::{Digests, FileMeta, Role, RoleKeys, Roles, Root, Snapshot, TargetFile, Targets, Timestamp},
    sign::{KeyError, Sign},
    time::Time,
};

/// A file of metadata to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// In the feed: `metadata/2.targets.json`.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What a root says: the keys of each role, and how many of them have to sign.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names are those of the roles")]
pub struct RootPlan {
    pub expires: Time,
    pub root: (Vec<PublicKey>, u64),
    pub targets: (Vec<PublicKey>, u64),
    pub snapshot: (Vec<PublicKey>, u64),
    pub timestamp: (Vec<PublicKey>, u64),
}

/// How long something is good, and the keys that say so.
#[derive(Clone, Copy)]
pub struct Seals<'a> {
    /// When it ends.
    pub expires: Time,
    /// Each signs.
    pub keys: &'a [&'a dyn Sign],
}

impl std::fmt::Debug for Seals<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Seals").field("expires", &self.expires).field("keys", &self.keys.len()).finish()
    }
}

/// Why metadata cannot be written. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// A key does not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What was written before, or what would be written, cannot be read.
    #[error("the metadata of {role} cannot be read")]
    Read {
        /// Whose.
        role: &'static str,
        /// Why.
        source: ReadError,
    },
    /// A value that JSON does not have.
    #[error("the metadata cannot be written: {0}")]
    Json(serde_json::Error),
    /// Too few of the right keys.
    #[error("{role} needs {threshold} of the keys that {by} names, and {valid} of those signed")]
    Threshold {
        /// Whose.
        role: &'static str,
        /// The root that names them: `root 3`.
        by: String,
        /// How many signed, each counted once.
        valid: u64,
        /// How many are needed.
        threshold: u64,
    },
    /// Fewer keys than have to sign.
    #[error("{role} has {keys} keys, of which {threshold} would have to sign")]
    Impossible {
        /// Whose.
        role: &'static str,
        /// How many different ones there are.
        keys: usize,
        /// How many would have to sign.
        threshold: u64,
    },
    /// A target of a name has other bytes than it had.
    #[error("{0} was published before with other bytes, and what is published does not change")]
    Changed(TargetPath),
    /// There are no targets yet.
    #[error("nothing has been published yet")]
    Empty,
    /// A version that cannot be counted on.
    #[error("the version of {0} is the last that there can be")]
    LastVersion(&'static str),
}

/// The newest metadata of a feed that this program owns. Each change gives the files to write, in the order in which they have to appear: a
/// client that comes in between sees the state before or the one after.
#[derive(Debug, Clone)]
pub struct Repository {
    root: Metadata<Root>,
    content: Option<Content>,
}

/// What there is from the first publication on.
#[derive(Debug, Clone)]
struct Content {
    targets: Metadata<Targets>,
    snapshot: Metadata<Snapshot>,
    timestamp: Metadata<Timestamp>,
}

impl Repository {
    /// A new feed with its first root, signed by its own root keys.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub fn create(plan: &RootPlan, keys: &[&dyn Sign]) -> Result<(Self, Vec<File>), RepositoryError> {
        let root = written(&plan.root(1)?, keys)?;
        enough(&root, &root.role)?;
        let file = versioned(&root);
        Ok((Self { root, content: None }, vec![file]))
    }

    /// A feed that is there: the newest root, and where something was published, targets, snapshot and timestamp.
    ///
    /// # Errors
    /// Where one of them cannot be read, or is not signed as the root wants it ([`Repository::unsigned`] tells which after a change of keys,
    /// so this looks at the root alone).
    pub fn open(root: Vec<u8>, content: Option<[Vec<u8>; 3]>) -> Result<Self, RepositoryError> {
        let root = read::<Root>(root)?;
        enough(&root, &root.role)?;
        let content = content.map(|[targets, snapshot, timestamp]| {
            let (targets, snapshot, timestamp) = (read(targets)?, read(snapshot)?, read(timestamp)?);
            Ok::<_, RepositoryError>(Content { targets, snapshot, timestamp })
        });
        Ok(Self { root, content: content.transpose()? })
    }

    /// The newest root.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root.role
    }

    /// What is published; `None` before the first time.
    #[must_use]
    pub fn targets(&self) -> Option<&Targets> {
        self.content.as_ref().map(|content| &content.targets.role)
    }

    /// When each role's newest metadata ends.
    #[must_use]
    pub fn expiries(&self) -> Vec<(&'static str, Time)> {
        let content = self.content.iter().flat_map(|Content { targets, snapshot, timestamp }| {
            [
                ("targets", targets.role.expires),
                ("snapshot", snapshot.role.expires),
                ("timestamp", timestamp.role.expires),
            ]
        });
        [("root", self.root.role.expires)].into_iter().chain(content).collect()
    }

    /// The roles whose newest metadata the newest root's keys have not signed: they have to be published or renewed before clients believe
    /// the feed again.
    #[must_use]
    pub fn unsigned(&self) -> Vec<&'static str> {
        let Some(Content { targets, snapshot, timestamp }) = &self.content else { return Vec::new() };
        let root = &self.root.role;
        let verdicts = [enough(targets, root), enough(snapshot, root), enough(timestamp, root)];
        ["targets", "snapshot", "timestamp"]
            .into_iter()
            .zip(verdicts)
            .filter_map(|(role, verdict)| verdict.err().map(|_| role))
            .collect()
    }

    /// The next root: other keys, other thresholds, or a later end. The root keys of before have to sign, and those of the plan.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub fn change_root(&mut self, plan: &RootPlan, keys: &[&dyn Sign]) -> Result<Vec<File>, RepositoryError> {
        let next = written(&plan.root(after(&self.root)?)?, keys)?;
        enough(&next, &self.root.role)?;
        enough(&next, &next.role)?;
        self.root = next;
        Ok(vec![versioned(&self.root)])
    }

    /// Other targets, all that there are from now on. One that was there before may go, or say something else of itself (`custom`); its
    /// bytes are what they were.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub fn publish(
        &mut self,
        targets: BTreeMap<TargetPath, TargetFile>,
        by: Seals,
        snapshot: Seals,
        timestamp: Seals,
    ) -> Result<Vec<File>, RepositoryError> {
        let before = self.content.as_ref().map(|content| &content.targets);
        let is_other = |(path, file): (&TargetPath, &TargetFile)| {
            let was = before.and_then(|before| before.role.targets.get(path));
            was.is_some_and(|was| was.length != file.length || was.hashes != file.hashes)
        };
        if let Some((path, _)) = targets.iter().find(|&(path, file)| is_other((path, file))) {
            return Err(RepositoryError::Changed(path.clone()));
        }
        let version = before.map_or(Ok(1), after)?;
        let targets = Targets { delegations: None, expires: by.expires, targets, version };
        let targets = self.sealed(&targets, by)?;
        self.lead_to(targets, snapshot, timestamp)
    }

    /// The same targets under a new snapshot and timestamp: their keys are there where the others are not.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub fn renew(&mut self, snapshot: Seals, timestamp: Seals) -> Result<Vec<File>, RepositoryError> {
        let targets = self.content.as_ref().ok_or(RepositoryError::Empty)?.targets.clone();
        self.lead_to(targets, snapshot, timestamp)
    }

    fn lead_to(
        &mut self,
        targets: Metadata<Targets>,
        snapshot: Seals,
        timestamp: Seals,
    ) -> Result<Vec<File>, RepositoryError> {
        let next = |before: Option<Result<u64, RepositoryError>>| before.unwrap_or(Ok(1));
        let version = next(self.content.as_ref().map(|content| after(&content.snapshot)))?;
        let meta = [(Snapshot::TARGETS.to_owned(), said_of(&targets))].into();
        let snapshot = self.sealed(&Snapshot { expires: snapshot.expires, meta, version }, snapshot)?;
        let version = next(self.content.as_ref().map(|content| after(&content.timestamp)))?;
        let meta = crate::role::OfSnapshot { snapshot: said_of(&snapshot) };
        let timestamp = self.sealed(&Timestamp { expires: timestamp.expires, meta, version }, timestamp)?;
        let last = File { path: format!("{}/timestamp.json", crate::METADATA), bytes: timestamp.bytes().to_vec() };
        let files = vec![versioned(&targets), versioned(&snapshot), last];
        self.content = Some(Content { targets, snapshot, timestamp });
        Ok(files)
    }

    /// Signed, and by enough keys.
    fn sealed<R: Role>(&self, role: &R, seals: Seals) -> Result<Metadata<R>, RepositoryError> {
        let metadata = written(role, seals.keys)?;
        enough(&metadata, &self.root.role)?;
        Ok(metadata)
    }
}

impl RootPlan {
    fn root(&self, version: u64) -> Result<Root, RepositoryError> {
        let roles = Roles {
            root: role_keys("root", &self.root)?,
            snapshot: role_keys("snapshot", &self.snapshot)?,
            targets: role_keys("targets", &self.targets)?,
            timestamp: role_keys("timestamp", &self.timestamp)?,
        };
        let all = [&self.root, &self.snapshot, &self.targets, &self.timestamp];
        let keys = all.into_iter().flat_map(|(keys, _)| keys).map(|key| (key.id(), key.clone())).collect();
        Ok(Root { consistent_snapshot: true, expires: self.expires, keys, roles, version })
    }
}

fn role_keys(role: &'static str, (keys, threshold): &(Vec<PublicKey>, u64)) -> Result<RoleKeys, RepositoryError> {
    let ids: BTreeSet<KeyId> = keys.iter().map(PublicKey::id).collect();
    if *threshold == 0 || (ids.len() as u64) < *threshold {
        return Err(RepositoryError::Impossible { role, keys: ids.len(), threshold: *threshold });
    }
    Ok(RoleKeys { ids: ids.into_iter().collect(), threshold: *threshold })
}

fn after<R: Role>(metadata: &Metadata<R>) -> Result<u64, RepositoryError> {
    metadata.role.version().checked_add(1).ok_or(RepositoryError::LastVersion(R::NAME))
}

fn said_of<R: Role>(metadata: &Metadata<R>) -> FileMeta {
    let bytes = metadata.bytes();
    FileMeta { hashes: Some(Digests::of(bytes)), length: Some(bytes.len() as u64), version: metadata.role.version() }
}

fn versioned<R: Role>(metadata: &Metadata<R>) -> File {
    let path = format!("{}/{}.{}.json", crate::METADATA, metadata.role.version(), R::NAME);
    File { path, bytes: metadata.bytes().to_vec() }
}

fn read<R: Role>(bytes: Vec<u8>) -> Result<Metadata<R>, RepositoryError> {
    Metadata::read(bytes).map_err(|source| RepositoryError::Read { role: R::NAME, source })
}

fn written<R: Role>(role: &R, keys: &[&dyn Sign]) -> Result<Metadata<R>, RepositoryError> {
    Metadata::write(role, keys).map_err(|error| match error {
        WriteError::Key(error) => RepositoryError::Key(error),
        WriteError::Json(error) => RepositoryError::Json(error),
        WriteError::Read(source) => RepositoryError::Read { role: R::NAME, source },
    })
}

fn enough<R: Role>(metadata: &Metadata<R>, root: &Root) -> Result<(), RepositoryError> {
    let (valid, threshold) = root.role(R::NAME).map_or((0, 1), |role| (metadata.count(root, role), role.threshold));
    let by = format!("root {}", root.version);
    if valid >= threshold { Ok(()) } else { Err(RepositoryError::Threshold { role: R::NAME, by, valid, threshold }) }
}
