//! Follows a feed (specification, 5.3 to 5.6): each role is believed only after what says so, and none that is older than before.

use crate::{
    check::Check,
    error::TufError,
    fetch::{Fetch, FetchError, bounded},
    metadata::Metadata,
    path::TargetPath,
    role::{FileMeta, Role, Root, Snapshot, TargetFile, Targets, Timestamp},
    time::Time,
};

/// The most that is read of each file, in bytes, and the most roots that are followed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the files")]
pub struct Limits {
    pub root: u64,
    pub timestamp: u64,
    pub snapshot: u64,
    pub targets: u64,
    pub roots: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { root: 512 << 10, timestamp: 16 << 10, snapshot: 2 << 20, targets: 8 << 20, roots: 256 }
    }
}

/// What a client has to keep from one time to the next, as files: without it, an old feed could be shown to it as a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The newest root that was believed; at first the one that was installed.
    pub root: Vec<u8>,
    /// The newest timestamp.
    pub timestamp: Option<Vec<u8>>,
    /// The newest snapshot.
    pub snapshot: Option<Vec<u8>>,
    /// The newest targets.
    pub targets: Option<Vec<u8>>,
}

impl Remembered {
    /// At first: a root that was installed, and nothing else.
    #[must_use]
    pub fn installed(root: Vec<u8>) -> Self {
        Self { root, timestamp: None, snapshot: None, targets: None }
    }
}

/// Follows one feed.
#[derive(Debug)]
pub struct Client {
    limits: Limits,
    remembered: Remembered,
    root: Metadata<Root>,
    targets: Option<Metadata<Targets>>,
    doubts: Vec<String>,
}

impl Client {
    /// With what was kept, or a root that was installed. Whoever hands in the root vouches for it; nothing is believed that it does not
    /// lead to.
    ///
    /// # Errors
    /// Where the root cannot be read or does not sign itself.
    pub fn new(remembered: Remembered, limits: Limits) -> Result<Self, TufError> {
        let root = read::<Root>("the root that is known", remembered.root.clone())?;
        is_signed(&root, &root.role, "the root that is known")?;
        Ok(Self { limits, remembered, root, targets: None, doubts: Vec::new() })
    }

    /// Learns what the feed has now. What is found good on the way is kept, also where a later part is refused: so it has to be written down
    /// ([`Client::remembered`]) after an error, too.
    ///
    /// # Errors
    /// [`TufError`]; there are no targets then.
    pub fn refresh(&mut self, feed: &mut dyn Fetch, now: i64) -> Result<(), TufError> {
        let now = Time::new(now)?;
        self.targets = None;
        self.follow_roots(feed)?;
        is_current(&self.root, &file("root", None), now)?;
        let timestamp = self.timestamp(feed, now)?;
        let snapshot = self.snapshot(feed, &timestamp.role.meta.snapshot, now)?;
        let said = snapshot.role.meta.get(Snapshot::TARGETS).cloned();
        let said = said.ok_or_else(|| TufError::Gone { file: Snapshot::TARGETS.to_owned() })?;
        self.targets = Some(self.targets_now(feed, &said, now)?);
        Ok(())
    }

    /// What has to be kept.
    #[must_use]
    pub fn remembered(&self) -> &Remembered {
        &self.remembered
    }

    /// The root that is believed.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root.role
    }

    /// The files of the feed; `None` before [`Client::refresh`] and where it failed.
    #[must_use]
    pub fn targets(&self) -> Option<&Targets> {
        self.targets.as_ref().map(|targets| &targets.role)
    }

    /// Kept files that were not used, and why: with them went what was known of the feed's age. Each is said once.
    pub fn take_doubts(&mut self) -> Vec<String> {
        std::mem::take(&mut self.doubts)
    }

    /// Where a feed has a target: `targets/app/<digest>.agent.exe`.
    #[must_use]
    pub fn place(&self, path: &TargetPath, target: &TargetFile) -> String {
        let path = if self.root.role.consistent_snapshot {
            path.with_digest(target.hashes.first())
        } else {
            path.as_str().to_owned()
        };
        format!("{}/{path}", crate::TARGETS)
    }

    /// Root by root, each signed by the one before and by itself.
    fn follow_roots(&mut self, feed: &mut dyn Fetch) -> Result<(), TufError> {
        for _ in 0..self.limits.roots {
            let Some(version) = self.root.role.version.checked_add(1) else { return Ok(()) };
            let path = file("root", Some(version));
            let bytes = match load(feed, &path, self.limits.root) {
                Err(TufError::Fetch { source: FetchError::NotFound, .. }) => return Ok(()),
                bytes => bytes?,
            };
            let next = read::<Root>(&path, bytes)?;
            is_signed(&next, &self.root.role, &path)?;
            is_signed(&next, &next.role, &path)?;
            is_version(&next, version, &path)?;
            self.take_root(next);
        }
        let more = self.root.role.version.checked_add(1).map(|version| file("root", Some(version)));
        match more.map(|path| load(feed, &path, self.limits.root)) {
            None | Some(Err(TufError::Fetch { source: FetchError::NotFound, .. })) => Ok(()),
            Some(_) => Err(TufError::TooManyRoots(self.limits.roots)),
        }
    }

    /// Where the keys of timestamp or snapshot change, what they said before is no longer believed (5.3.11): whoever had them may have said
    /// any version.
    fn take_root(&mut self, next: Metadata<Root>) {
        let before = std::mem::replace(&mut self.root, next);
        self.remembered.root = self.root.bytes().to_vec();
        if ["timestamp", "snapshot"].iter().any(|role| !before.role.has_same_keys(&self.root.role, role)) {
            self.remembered.timestamp = None;
            self.remembered.snapshot = None;
        }
        if !before.role.has_same_keys(&self.root.role, "targets") {
            self.remembered.targets = None;
        }
    }

    fn timestamp(&mut self, feed: &mut dyn Fetch, now: Time) -> Result<Metadata<Timestamp>, TufError> {
        let known = self.recall::<Timestamp>(self.remembered.timestamp.clone());
        let path = file("timestamp", None);
        let mut new = self.believe::<Timestamp>(load(feed, &path, self.limits.timestamp)?, &path)?;
        if let Some(known) = known {
            is_not_older(&path, new.role.version, known.role.version)?;
            let [found, trusted] = [&new, &known].map(|timestamp| timestamp.role.meta.snapshot.version);
            is_not_older("metadata/snapshot.json", found, trusted)?;
            if new.role.version == known.role.version {
                // The same version twice with other contents is not for the client to choose from: the first is kept.
                new = known;
            }
        }
        is_current(&new, &path, now)?;
        self.remembered.timestamp = Some(new.bytes().to_vec());
        Ok(new)
    }

    fn snapshot(&mut self, feed: &mut dyn Fetch, said: &FileMeta, now: Time) -> Result<Metadata<Snapshot>, TufError> {
        let known = self.recall::<Snapshot>(self.remembered.snapshot.clone());
        let path = self.versioned("snapshot", said.version);
        let new = match &known {
            Some(known) if is_same(known, said) => known.clone(),
            _ => self.believe(load_as_said(feed, &path, said, self.limits.snapshot)?, &path)?,
        };
        is_version(&new, said.version, &path)?;
        for (name, before) in known.iter().flat_map(|known| &known.role.meta) {
            let now = new.role.meta.get(name).ok_or_else(|| TufError::Gone { file: name.clone() })?;
            is_not_older(name, now.version, before.version)?;
        }
        is_current(&new, &path, now)?;
        self.remembered.snapshot = Some(new.bytes().to_vec());
        Ok(new)
    }

    fn targets_now(&mut self, feed: &mut dyn Fetch, said: &FileMeta, now: Time) -> Result<Metadata<Targets>, TufError> {
        let known = self.recall::<Targets>(self.remembered.targets.clone());
        let path = self.versioned("targets", said.version);
        let new = match known.filter(|known| is_same(known, said)) {
            Some(known) => known,
            None => self.believe(load_as_said(feed, &path, said, self.limits.targets)?, &path)?,
        };
        is_version(&new, said.version, &path)?;
        is_current(&new, &path, now)?;
        let delegated = new.role.delegations.as_ref().map(crate::role::Delegations::names).unwrap_or_default();
        if !delegated.is_empty() {
            return Err(TufError::Delegated(delegated));
        }
        self.remembered.targets = Some(new.bytes().to_vec());
        Ok(new)
    }

    fn versioned(&self, role: &str, version: u64) -> String {
        file(role, self.root.role.consistent_snapshot.then_some(version))
    }

    /// Metadata that the root's keys have signed.
    fn believe<R: Role>(&self, bytes: Vec<u8>, path: &str) -> Result<Metadata<R>, TufError> {
        let metadata = read::<R>(path, bytes)?;
        is_signed(&metadata, &self.root.role, path)?;
        Ok(metadata)
    }

    /// What was kept, where it is still good under the root of now.
    fn recall<R: Role>(&mut self, kept: Option<Vec<u8>>) -> Option<Metadata<R>> {
        let name = format!("the kept {}", R::NAME);
        match self.believe::<R>(kept?, &name) {
            Ok(metadata) => Some(metadata),
            Err(error) => {
                let why = std::error::Error::source(&error).map(|why| format!(": {why}")).unwrap_or_default();
                self.doubts.push(format!("{name} is not used: {error}{why}"));
                None
            }
        }
    }
}

/// `metadata/3.root.json`, `metadata/timestamp.json`.
fn file(role: &str, version: Option<u64>) -> String {
    let version = version.map(|version| format!("{version}.")).unwrap_or_default();
    format!("{}/{version}{role}.json", crate::METADATA)
}

fn load(feed: &mut dyn Fetch, path: &str, limit: u64) -> Result<Vec<u8>, TufError> {
    let got = bounded(feed, path, limit).map_err(|source| TufError::Fetch { file: path.to_owned(), source })?;
    got.ok_or_else(|| TufError::TooLong { file: path.to_owned(), limit })
}

/// A file of which another one speaks.
fn load_as_said(feed: &mut dyn Fetch, path: &str, said: &FileMeta, limit: u64) -> Result<Vec<u8>, TufError> {
    let bytes = load(feed, path, said.length.map_or(limit, |length| length.min(limit)))?;
    let other = |what| TufError::Mismatch { file: path.to_owned(), what };
    Check::of_meta(said).all(&bytes).map_err(other)?;
    Ok(bytes)
}

/// Whether what is kept is what is said.
fn is_same<R: Role>(kept: &Metadata<R>, said: &FileMeta) -> bool {
    kept.role.version() == said.version && Check::of_meta(said).all(kept.bytes()).is_ok()
}

fn read<R: Role>(path: &str, bytes: Vec<u8>) -> Result<Metadata<R>, TufError> {
    Metadata::read(bytes).map_err(|source| TufError::Read { file: path.to_owned(), source })
}

/// The keys that a root gives the role have signed.
fn is_signed<R: Role>(metadata: &Metadata<R>, root: &Root, path: &str) -> Result<(), TufError> {
    let by = || format!("root {}", root.version);
    let (valid, threshold) = root.role(R::NAME).map_or((0, 1), |role| (metadata.count(root, role), role.threshold));
    // A threshold is never 0 (`Root::fault`).
    if valid >= threshold {
        Ok(())
    } else {
        Err(TufError::Threshold { file: path.to_owned(), by: by(), valid, threshold })
    }
}

fn is_version<R: Role>(metadata: &Metadata<R>, wanted: u64, path: &str) -> Result<(), TufError> {
    let found = metadata.role.version();
    if found == wanted { Ok(()) } else { Err(TufError::Version { file: path.to_owned(), found, wanted }) }
}

fn is_not_older(file: &str, found: u64, trusted: u64) -> Result<(), TufError> {
    if found >= trusted { Ok(()) } else { Err(TufError::Rollback { file: file.to_owned(), found, trusted }) }
}

fn is_current<R: Role>(metadata: &Metadata<R>, path: &str, now: Time) -> Result<(), TufError> {
    let expires = metadata.role.expires();
    if expires > now { Ok(()) } else { Err(TufError::Expired { file: path.to_owned(), expires, now }) }
}
