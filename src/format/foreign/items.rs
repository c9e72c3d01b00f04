//! [`Item`]: one thing that a foreign package installs; and their collector, which takes only what a file system could
//! hold.

use std::collections::BTreeMap;

use super::{Seen, error::ForeignError};
use crate::stage::{Limits, Owner, TreeError, TreePath};

/// One thing that a package installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Where.
    pub path: TreePath,
    /// What.
    pub kind: ItemKind,
    /// Permission bits, 0 to 0o7777.
    pub mode: u32,
    /// Whose.
    pub owner: Owner,
    /// Whether it is a configuration file.
    pub config: bool,
}

/// What an item is. A further name of a file is a file, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKind {
    /// A folder.
    Dir,
    /// A regular file.
    File {
        /// Bytes.
        size: u64,
        /// Of its content.
        sha256: [u8; 32],
    },
    /// A symbolic link with its target as written.
    Symlink {
        /// The target.
        target: String,
    },
}

/// The items of a package while it is read.
#[derive(Debug)]
pub(in crate::format) struct Items {
    all: BTreeMap<TreePath, Item>,
    names: u64,
    limits: Limits,
}

impl Items {
    pub(in crate::format) fn new(limits: &Limits) -> Self {
        Self { all: BTreeMap::new(), names: 0, limits: limits.clone() }
    }

    /// Counts bytes of names and targets, which are kept.
    pub(in crate::format) fn count(&mut self, bytes: usize) -> Result<(), ForeignError> {
        self.names += bytes as u64;
        if self.names > self.limits.name_bytes {
            return Err(ForeignError::Unsupported("more bytes in all names than are read".to_owned()));
        }
        Ok(())
    }

    /// Takes one, whose names were counted.
    pub(in crate::format) fn add(&mut self, item: Item) -> Result<(), ForeignError> {
        if self.all.len() as u64 >= self.limits.entries {
            return Err(ForeignError::Unsupported("more files than are read".to_owned()));
        }
        let path = item.path.clone();
        match self.all.insert(path.clone(), item) {
            None => Ok(()),
            Some(_) => Err(ForeignError::Disagrees { path, what: "it is in the package twice".to_owned() }),
        }
    }

    /// Takes one, and adds the length of its names to the sum that is bounded.
    pub(in crate::format) fn add_counted(&mut self, item: Item) -> Result<(), ForeignError> {
        let target = if let ItemKind::Symlink { target } = &item.kind { target.len() } else { 0 };
        self.count(item.path.as_str().len() + target)?;
        self.add(item)
    }

    pub(in crate::format) fn get(&self, path: &TreePath) -> Option<&Item> {
        self.all.get(path)
    }

    pub(in crate::format) fn get_mut(&mut self, path: &TreePath) -> Option<&mut Item> {
        self.all.get_mut(path)
    }

    /// All of them in canonical order, as far as they go.
    pub(in crate::format) fn all(&self) -> impl Iterator<Item = &Item> {
        self.all.values()
    }

    /// All of them in canonical order; what lies below something that is no folder is noted.
    pub(in crate::format) fn finish(self, seen: &mut Seen) -> Vec<Item> {
        let items: Vec<Item> = self.all.into_values().collect();
        // What is below a path comes right behind it.
        for pair in items.windows(2) {
            if pair[0].kind != ItemKind::Dir && pair[1].path.is_within(&pair[0].path) {
                seen.fault(ForeignError::Tree(TreeError::Below {
                    path: pair[1].path.clone(),
                    above: pair[0].path.clone(),
                    origin: "the same package".to_owned(),
                }));
            }
        }
        items
    }
}

/// An owner's name, which is compared and shown.
pub(in crate::format) fn owner_name(bytes: &[u8]) -> Option<String> {
    let plain = |b: &u8| b.is_ascii_graphic() && !b":/\\".contains(b);
    let fits = (1..=64).contains(&bytes.len()) && bytes.iter().all(plain);
    fits.then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// A link's target: text that a terminal can show.
pub(in crate::format) fn link_target(bytes: &[u8], limits: &Limits) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.is_empty() && text.len() <= limits.path_bytes && !text.chars().any(char::is_control))
        .then(|| text.to_owned())
}
