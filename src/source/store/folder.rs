//! The store of this machine: a folder, whose work is done on threads of its own.

mod disk;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;

use super::{Fetched, Key, Label, PublicKey, Signer, Store, StoreError, Whole};
use crate::{
    source::owner::TrustedOwners,
    util::{blocking::while_awaited, shop::Shop},
};
use disk::Disk;
pub(in crate::source) use disk::make_folders;

/// Whom to believe, and how to be believed.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// Whose entries are believed without a signature.
    pub trusted: TrustedOwners,
    /// The keys whose signature is believed, whoever wrote an entry.
    pub keys: Vec<PublicKey>,
    /// What signs the entries that are kept.
    pub signer: Option<Arc<Signer>>,
}

/// A store in a folder. Clones share it.
#[derive(Debug, Clone)]
pub struct Folder(Arc<Disk>);

impl Folder {
    /// The store in `root`, which is made when something is kept. `limit` is in bytes.
    #[must_use]
    pub fn new(root: PathBuf, limit: u64, guard: Guard) -> Self {
        Self(Arc::new(Disk::new(root, limit, guard)))
    }
}

impl Folder {
    /// The keys whose signature is believed here.
    pub(super) fn keys(&self) -> &[PublicKey] {
        self.0.keys()
    }

    /// Keeps what another store gave, as the file at `from`, together with what proves it. That it lies here will never be a reason to
    /// believe it, and what was believed only because of its place there is not kept.
    pub(super) async fn adopt(&self, key: &Key, whole: &Whole, from: &Path) -> Result<(), StoreError> {
        let (disk, key, whole, from) = (Arc::clone(&self.0), key.clone(), whole.clone(), from.to_owned());
        while_awaited(move |token| disk.adopt(&key, &whole, &from, token)).await?
    }
}

#[async_trait]
impl Store for Folder {
    async fn fetch(&self, key: &Key, into: &Shop) -> Result<Fetched, StoreError> {
        let (disk, key, into) = (Arc::clone(&self.0), key.clone(), into.clone());
        while_awaited(move |token| disk.fetch(&key, &into, token)).await?
    }

    async fn holds(&self, key: &Key) -> Result<bool, StoreError> {
        let (disk, key) = (Arc::clone(&self.0), key.clone());
        while_awaited(move |_| disk.holds(&key)).await?
    }

    async fn put(&self, key: &Key, label: &Label, from: &Path) -> Result<(), StoreError> {
        let (disk, key, label, from) = (Arc::clone(&self.0), key.clone(), label.clone(), from.to_owned());
        while_awaited(move |token| disk.put(&key, &label, &from, token)).await?
    }
}
