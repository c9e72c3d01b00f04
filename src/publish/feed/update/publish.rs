//! Puts files into a feed, says something else of them, and renews what ends soon.

use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use factory_tuf::{Digests, File, METADATA, Repository, Says, Seals, TargetFile, TargetPath};

use super::{
    Change, Choice, Feed, Keys, SOON, Until, UpdateError,
    change::{self, Targets},
    delta,
    files::sync,
};
use crate::util::files::{open_regular, temporary_in};

/// A file to publish.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// Where it is.
    pub source: PathBuf,
    /// Its name in the feed.
    pub path: TargetPath,
    /// What is said of it, where it is a release of a program.
    pub says: Option<Says>,
}

/// What was done.
#[derive(Debug, Default)]
pub struct Published {
    /// Targets that are new, or of which something else is said now.
    pub changed: Vec<(TargetPath, Option<Says>)>,
    /// Deltas to the releases that are new, with their bytes.
    pub deltas: Vec<(TargetPath, u64)>,
    /// Why there is none where there could be one.
    pub doubts: Vec<String>,
    /// How many files the feed has.
    pub total: usize,
}

/// A copy in the feed under no name of a target, gone when dropped.
struct Staged {
    copy: tempfile::NamedTempFile,
    file: TargetFile,
    place: PathBuf,
}

impl Feed {
    /// Puts files into the feed. What is there already with the same bytes is left as it is.
    ///
    /// # Errors
    /// [`UpdateError`]: clients see what they saw before.
    pub fn publish(&mut self, new: &[NewFile], keys: &Keys, until: Until) -> Result<Published, UpdateError> {
        let mut targets = self.all();
        let mut published = Published::default();
        let mut staged = Vec::new();
        for NewFile { source, path, says } in new {
            let one = self.stage(source, path)?;
            let is_new = change::add(&mut targets, path, one.file.clone(), says.as_ref())?;
            let deltas = match says.as_ref().filter(|_| is_new) {
                Some(says) => self.deltas(&targets, path, says, &one, &mut published.doubts)?,
                None => Vec::new(),
            };
            staged.push(one);
            if is_new {
                published.changed.push((path.clone(), says.clone()));
            }
            for (path, delta) in deltas {
                change::add(&mut targets, &path, delta.file.clone(), None)?;
                published.deltas.push((path, delta.file.length));
                staged.push(delta);
            }
        }
        published.total = targets.len();
        let signed = if published.changed.is_empty() && self.repository.unsigned().is_empty() {
            None
        } else {
            Some(self.signed(targets, keys, until)?)
        };
        // Where a file of a target that is there was lost, this brings it back.
        for one in staged {
            self.put(one)?;
        }
        self.take(signed)?;
        Ok(published)
    }

    /// Says something else of releases that are there.
    ///
    /// # Errors
    /// [`UpdateError`].
    pub fn change(
        &mut self,
        choice: &Choice,
        change: &Change,
        keys: &Keys,
        until: Until,
    ) -> Result<Published, UpdateError> {
        let mut targets = self.all();
        let changed = change::change(&mut targets, choice, change)?;
        let total = targets.len();
        let signed = self.signed(targets, keys, until)?;
        self.take(Some(signed))?;
        let changed = changed.into_iter().map(|(path, says)| (path, Some(says))).collect();
        Ok(Published { changed, total, ..Published::default() })
    }

    /// Signs snapshot and timestamp again for longer; the targets, too, where they end within 14 days of `now` or their keys have changed, and
    /// their keys are at hand. Whether they were.
    ///
    /// # Errors
    /// [`UpdateError`].
    pub fn refresh(&mut self, keys: &Keys, until: Until, now: i64) -> Result<bool, UpdateError> {
        let root = self.repository.root();
        let must = self.repository.unsigned().contains(&"targets");
        let ends = self.repository.targets().map_or(i64::MAX, |targets| targets.expires.seconds());
        let may = ends.saturating_sub(now) < SOON && keys.suffice(root, "targets");
        let signed = if must || may {
            self.signed(self.all(), keys, until)?
        } else {
            let mut next = self.repository.clone();
            let [snapshot, timestamp] = ["snapshot", "timestamp"].map(|role| keys.of(&[root], role));
            let seal = |keys| Seals { expires: until.online, keys };
            let files = next.renew(seal(&snapshot), seal(&timestamp))?;
            // The targets are there already, and stay as they are.
            let files = files.into_iter().filter(|file| !file.path.ends_with(".targets.json")).collect();
            (next, files)
        };
        self.take(Some(signed))?;
        Ok(must || may)
    }

    fn all(&self) -> Targets {
        self.repository.targets().map(|targets| targets.targets.clone()).unwrap_or_default()
    }

    /// The feed with these targets, and the files that lead there. Nothing is written.
    pub(super) fn signed(
        &self,
        targets: Targets,
        keys: &Keys,
        until: Until,
    ) -> Result<(Repository, Vec<File>), UpdateError> {
        let mut next = self.repository.clone();
        let root = self.repository.root();
        let [by, snapshot, timestamp] = ["targets", "snapshot", "timestamp"].map(|role| keys.of(&[root], role));
        let online = |keys| Seals { expires: until.online, keys };
        let by = Seals { expires: until.targets, keys: &by };
        let files = next.publish(targets, by, online(&snapshot), online(&timestamp))?;
        Ok((next, files))
    }

    /// Metadata gets its names, the timestamp last.
    fn take(&mut self, signed: Option<(Repository, Vec<File>)>) -> Result<(), UpdateError> {
        if let Some((next, files)) = signed {
            self.write(&files)?;
            self.repository = next;
        }
        Ok(())
    }

    /// A copy of a file. What is signed is what was copied, whatever happens to the file that was named.
    fn stage(&self, source: &Path, path: &TargetPath) -> Result<Staged, UpdateError> {
        let metadata = self.folder.make(Path::new(METADATA))?;
        let mut copy = temporary_in(metadata.path())?;
        let mut from = open_regular(source)?;
        let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
        let (mut buffer, mut length) = (vec![0; 128 << 10], 0);
        loop {
            match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => {
                    digest.update(&buffer[..read]);
                    copy.write_all(&buffer[..read])?;
                    length += read as u64;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest.finish().as_ref());
        let file = TargetFile { custom: serde_json::Map::new(), hashes: Digests::sha256(&sha256), length };
        let place = PathBuf::from(self.client.place(path, &file));
        Ok(Staged { copy, file, place })
    }

    /// Deltas from the newest older releases to one that is new. An old file that cannot be read is said, and no reason not to publish.
    fn deltas(
        &self,
        targets: &Targets,
        path: &TargetPath,
        says: &Says,
        new: &Staged,
        doubts: &mut Vec<String>,
    ) -> Result<Vec<(TargetPath, Staged)>, UpdateError> {
        let mut found = Vec::new();
        for (old_path, old, from) in delta::older(targets, says) {
            if old.length.saturating_add(new.file.length) > delta::LARGEST {
                continue;
            }
            let place = PathBuf::from(self.client.place(old_path, old));
            let made = self.folder.file(&place).and_then(|mut file| delta::make(&mut file, old, new.copy.path()));
            match made {
                Ok(Some(bytes)) => {
                    let Some((name, file)) = delta::target(path, &from, old, &new.file, &bytes) else { continue };
                    found.push((name.clone(), self.staged(&name, file, &bytes)?));
                }
                Ok(None) => {}
                Err(error) => {
                    doubts.push(format!("there is no delta from {} to {}: {error}", from.version, says.version));
                }
            }
        }
        Ok(found)
    }

    /// Bytes in the feed under no name of a target.
    fn staged(&self, path: &TargetPath, file: TargetFile, bytes: &[u8]) -> Result<Staged, UpdateError> {
        let mut copy = temporary_in(self.folder.make(Path::new(METADATA))?.path())?;
        copy.write_all(bytes)?;
        let place = PathBuf::from(self.client.place(path, &file));
        Ok(Staged { copy, file, place })
    }

    /// A target's file gets its name, and is on the disk.
    fn put(&self, staged: Staged) -> Result<(), UpdateError> {
        let Staged { copy, file, place } = staged;
        let parent = place.parent().unwrap_or(Path::new(""));
        let folder = self.folder.make(parent)?;
        // Nobody but this writes here, and under this name only these bytes.
        if self.folder.meta(&place)?.is_some_and(|found| found.is_file() && found.len() == file.length) {
            return Ok(());
        }
        let name = place.file_name().unwrap_or_default();
        copy.as_file().sync_all()?;
        copy.persist(folder.path().join(name)).map_err(|failed| failed.error)?;
        for above in parent.ancestors() {
            sync(&self.folder.path().join(above))?;
        }
        Ok(())
    }
}
