//! [`Tree`]: the files of a package by path, with their contents in one spool file. It never holds contents in memory
//! and never looks at the disk of the machine.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, btree_map},
    io::{self, Read, Seek, Write},
    sync::Arc,
};

use super::{Spool, TreePath, Watch, watch::Watched};

/// What a tree refuses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A path that is not one.
    #[error("`{path}` cannot be a path in a package: {reason}")]
    Path {
        /// The path, escaped.
        path: String,
        /// Why.
        reason: &'static str,
    },
    /// Two different things under one path.
    #[error("`/{path}` comes from both {first} and {second}")]
    Twice {
        /// The path.
        path: TreePath,
        /// Where the first came from.
        first: String,
        /// Where the second came from.
        second: String,
    },
    /// Something that is not a folder has entries below it: no file system can hold that.
    #[error("`/{path}` cannot be there, because `/{above}` (from {origin}) is not a folder")]
    Below {
        /// The lower path.
        path: TreePath,
        /// The path above it.
        above: TreePath,
        /// Where the path above came from.
        origin: String,
    },
    /// A hard link whose first name is missing, is no regular file or sorts after it.
    #[error("`/{path}` is a hard link to `/{target}`, which is not an earlier regular file of the package")]
    Dangling {
        /// The link.
        path: TreePath,
        /// What it names.
        target: TreePath,
    },
    /// More folders than are made for paths whose own ones are not listed.
    #[error("more than {most} folders are not listed themselves, only what is in them, seen at `/{path}`")]
    Implied {
        /// Where it was seen.
        path: TreePath,
        /// How many are made.
        most: usize,
    },
    /// Two trees with different spools: an offset of one means nothing in the other.
    #[error("trees of two different spool files cannot become one")]
    Spools,
    /// The spool could not be written or read.
    #[error("the spool file: {0}")]
    Spool(#[from] io::Error),
}

/// Owner and group by name: numbers mean nothing on the machine that installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// User name.
    pub user: String,
    /// Group name.
    pub group: String,
}

impl Owner {
    /// `root:root`.
    #[must_use]
    pub fn root() -> Self {
        Self { user: "root".to_owned(), group: "root".to_owned() }
    }
}

/// The origin of what came out of a container.
pub const CONTAINER: &str = "the container";

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Dir,
    /// A regular file: its bytes in the spool.
    File {
        /// Where they start.
        offset: u64,
        /// How many.
        size: u64,
        /// Their SHA-256.
        sha256: [u8; 32],
    },
    /// A symbolic link with its target as written.
    Symlink {
        /// The target, relative or absolute.
        target: String,
    },
    /// A second name of a regular file that sorts earlier.
    Hardlink {
        /// The first name.
        target: TreePath,
    },
}

/// What a package manager does with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Installed and removed with the package.
    #[default]
    Plain,
    /// A configuration file: changes made by the administrator survive an upgrade (deb conffile, rpm `%config`).
    Config {
        /// rpm: keep the changed file and put the new one beside it (`%config(noreplace)`); deb asks either way.
        noreplace: bool,
        /// Whether it may be missing: nothing says so then, and an upgrade does not bring it again (rpm).
        missingok: bool,
    },
    /// A folder whose contents are made at run time: shipped empty, kept at removal, emptied at purge.
    State,
    /// Documentation.
    Doc,
    /// A licence text.
    License,
}

/// What `dockerfiles/virtualenv.py` gives the modules that it installs, in seconds since 1970 UTC: 1980-01-01. Python 2 finds the byte
/// code of a module by its time, so they keep it.
pub const TIME_OF_MODULES: i64 = 315_532_800;

/// One entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Permission bits, 0 to 0o7777.
    pub mode: u32,
    /// Who owns it.
    pub owner: Owner,
    /// Modification time, seconds since 1970 UTC; formats clamp it.
    pub mtime: i64,
    /// What a package manager does with it.
    pub role: Role,
    /// Where it came from, for messages: `the container`, `units/x.service`.
    pub origin: Arc<str>,
}

/// The files of one package, in canonical order.
#[derive(Debug, Clone)]
pub struct Tree {
    entries: BTreeMap<TreePath, Entry>,
    spool: Spool,
    watch: Option<Watch>,
}

impl Tree {
    /// An empty tree whose contents go to `spool`.
    #[must_use]
    pub fn new(spool: Spool) -> Self {
        Self { entries: BTreeMap::new(), spool, watch: None }
    }

    /// The spool behind it.
    #[must_use]
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Adds an entry. A folder may come twice (the later one decides); anything else may not.
    ///
    /// # Errors
    /// [`TreeError::Twice`], naming both origins.
    pub fn add(&mut self, path: TreePath, entry: Entry) -> Result<(), TreeError> {
        match self.entries.entry(path) {
            btree_map::Entry::Vacant(slot) => {
                slot.insert(entry);
            }
            btree_map::Entry::Occupied(mut slot) => {
                if slot.get().kind != Kind::Dir || entry.kind != Kind::Dir {
                    return Err(TreeError::Twice {
                        path: slot.key().clone(),
                        first: slot.get().origin.to_string(),
                        second: entry.origin.to_string(),
                    });
                }
                slot.insert(entry);
            }
        }
        Ok(())
    }

    /// Adds a regular file with these bytes.
    ///
    /// # Errors
    /// As [`Tree::add`], and when the spool cannot be written.
    pub fn add_bytes(
        &mut self,
        path: TreePath,
        bytes: &[u8],
        mode: u32,
        mtime: i64,
        role: Role,
        origin: &str,
    ) -> Result<(), TreeError> {
        let kind = self.spool.append(&mut &*bytes)?;
        self.add(path, Entry { kind, mode, owner: Owner::root(), mtime, role, origin: origin.into() })
    }

    /// All entries in canonical order.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&TreePath, &Entry)> + Clone {
        self.entries.iter()
    }

    /// The same, changeable.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&TreePath, &mut Entry)> {
        self.entries.iter_mut()
    }

    /// The entry under a path.
    #[must_use]
    pub fn get(&self, path: &TreePath) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// Takes an entry out. Where it was a file with further names, the next name becomes the file.
    pub fn remove(&mut self, path: &TreePath) -> Option<Entry> {
        let entry = self.entries.remove(path)?;
        if let Kind::File { .. } = entry.kind {
            self.pass_on(&BTreeMap::from([(path.clone(), entry.kind.clone())]));
        }
        Some(entry)
    }

    /// Keeps the entries for which `keep` says so. Where a file goes and further names of it stay, the first of those
    /// becomes the file.
    pub fn retain(&mut self, mut keep: impl FnMut(&TreePath, &Entry) -> bool) {
        let mut gone = BTreeMap::new();
        self.entries.retain(|path, entry| {
            let kept = keep(path, entry);
            if !kept && matches!(entry.kind, Kind::File { .. }) {
                gone.insert(path.clone(), entry.kind.clone());
            }
            kept
        });
        self.pass_on(&gone);
    }

    /// Gives the contents of files that are gone to the first name that is left of each.
    fn pass_on(&mut self, gone: &BTreeMap<TreePath, Kind>) {
        let mut heirs: BTreeMap<TreePath, TreePath> = BTreeMap::new();
        for (path, entry) in &mut self.entries {
            let Kind::Hardlink { target } = &entry.kind else { continue };
            let Some(content) = gone.get(target) else { continue };
            match heirs.entry(target.clone()) {
                btree_map::Entry::Occupied(heir) => entry.kind = Kind::Hardlink { target: heir.get().clone() },
                btree_map::Entry::Vacant(slot) => {
                    slot.insert(path.clone());
                    entry.kind = content.clone();
                }
            }
        }
    }

    /// Makes the name that sorts first the file of each group of hard links, with the file's mode, owner and time for
    /// all of them: they are one inode. To be called where entries were put together from elsewhere or moved; formats
    /// do it too. A link whose target is no file stays, for [`Tree::check`] to find.
    pub fn settle_links(&mut self) {
        let mut groups: BTreeMap<TreePath, (TreePath, Entry)> = BTreeMap::new();
        for (path, entry) in &self.entries {
            if let Kind::Hardlink { target } = &entry.kind
                && let Some(file) = self.entries.get(target)
                && let Kind::File { .. } = file.kind
            {
                // The links come in order, so the first one seen is the only rival of the file.
                groups.entry(target.clone()).or_insert_with(|| (path.min(target).clone(), file.clone()));
            }
        }
        for (path, entry) in &mut self.entries {
            let named = if let Kind::Hardlink { target } = &entry.kind { target } else { path };
            let Some((first, file)) = groups.get(named) else { continue };
            let kind = if first == path { file.kind.clone() } else { Kind::Hardlink { target: first.clone() } };
            *entry = Entry { kind, role: entry.role, origin: Arc::clone(&entry.origin), ..file.clone() };
        }
    }

    /// Takes over all entries of another tree of the same spool; nothing of it when one does not fit.
    ///
    /// # Errors
    /// [`TreeError::Twice`] as for [`Tree::add`]; [`TreeError::Spools`] where the spools are two.
    pub fn merge(&mut self, other: Self) -> Result<(), TreeError> {
        if !self.spool.is(&other.spool) {
            return Err(TreeError::Spools);
        }
        for (path, entry) in &other.entries {
            match self.entries.get(path) {
                Some(own) if own.kind != Kind::Dir || entry.kind != Kind::Dir => {
                    return Err(TreeError::Twice {
                        path: path.clone(),
                        first: own.origin.to_string(),
                        second: entry.origin.to_string(),
                    });
                }
                _ => {}
            }
        }
        self.entries.extend(other.entries);
        Ok(())
    }

    /// Checks what single entries cannot know: only folders have entries below them, and each hard link names an
    /// earlier regular file. Formats call it before they write.
    ///
    /// # Errors
    /// [`TreeError::Below`] and [`TreeError::Dangling`].
    pub fn check(&self) -> Result<(), TreeError> {
        // In canonical order everything below a path follows it directly, so the last non-folder is all to remember.
        let mut last: Option<(&TreePath, &Entry)> = None;
        for (path, entry) in &self.entries {
            if let Some((above, of)) = last.filter(|(above, _)| path.is_within(above)) {
                return Err(TreeError::Below {
                    path: path.clone(),
                    above: above.clone(),
                    origin: of.origin.to_string(),
                });
            }
            last = (entry.kind != Kind::Dir).then_some((path, entry));
            if let Kind::Hardlink { target } = &entry.kind {
                let first = self.entries.get(target).map(|first| &first.kind);
                if target >= path || !matches!(first, Some(Kind::File { .. })) {
                    return Err(TreeError::Dangling { path: path.clone(), target: target.clone() });
                }
            }
        }
        Ok(())
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bytes of a regular file; nothing for any other kind.
    #[must_use]
    pub fn open(&self, entry: &Entry) -> impl Read + Seek + use<> {
        match entry.kind {
            Kind::File { offset, size, .. } => self.spool.reader(offset, size),
            _ => self.spool.reader(0, 0),
        }
    }

    /// The same for a package that is written: whoever watches the tree is told as they are read.
    #[must_use]
    pub fn pack(&self, entry: &Entry) -> impl Read + Seek + use<> {
        Watched { file: self.open(entry), watch: self.watch.clone() }
    }

    /// The same tree; `tell` gets how many bytes of its files have been [packed](Self::pack), and how many there are.
    #[must_use]
    pub fn watched(&self, tell: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        Self { watch: Some(Watch::new(self.bytes(), tell)), ..self.clone() }
    }

    /// The bytes of all its files.
    fn bytes(&self) -> u64 {
        let size = |entry: &Entry| if let Kind::File { size, .. } = entry.kind { size } else { 0 };
        self.entries.values().map(size).fold(0, u64::saturating_add)
    }

    /// Adds every missing folder above an entry: mode 0755, `root:root`, time `mtime`.
    ///
    /// # Errors
    /// [`TreeError::Implied`]; some of the folders are in the tree then.
    pub fn add_parents(&mut self, mtime: i64) -> Result<(), TreeError> {
        self.add_parents_within(mtime, MOST_IMPLIED)
    }

    fn add_parents_within(&mut self, mtime: i64, most: usize) -> Result<(), TreeError> {
        let mut missing = BTreeSet::new();
        for path in self.entries.keys() {
            let mut parent = path.parent();
            while let Some(folder) = parent {
                // What is above one that is missing was looked at with it.
                if self.entries.contains_key(&folder) || missing.contains(&folder) {
                    break;
                }
                parent = folder.parent();
                missing.insert(folder);
            }
            if missing.len() > most {
                return Err(TreeError::Implied { path: path.clone(), most });
            }
        }
        let origin: Arc<str> = "an implied folder".into();
        for path in missing {
            let (owner, origin) = (Owner::root(), Arc::clone(&origin));
            self.entries.insert(path, Entry { kind: Kind::Dir, mode: 0o755, owner, mtime, role: Role::Plain, origin });
        }
        Ok(())
    }
}

/// So many folders may be implied: those that are not listed are made in memory.
const MOST_IMPLIED: usize = 200_000;

/// Writes everything of a reader; for formats.
///
/// # Errors
/// When either side fails.
pub(crate) fn copy_all(mut from: impl Read, to: &mut dyn Write) -> io::Result<u64> {
    io::copy(&mut from, to)
}
