//! [`Blocks`]: the compressed blocks of packages, kept in the store, so that the next package compresses only what changed.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    io::Write as _,
    path::PathBuf,
};

use tokio::runtime::Handle;

use crate::{
    execute::Session,
    format::BlockCache,
    names::Sha256,
    source::store::{Fetched, Key, Kind, Label, StoreError},
    util::{
        files::{TEMPORARY, read_bounded, temporary_in},
        shop::Shop,
    },
};

/// What an entry of the store is called; its key says all there is to say.
const NAME: &str = "block";
/// Smaller ones are compressed sooner than they are looked for, in bytes.
const WORTH: usize = 64 << 10;

/// The blocks in the store. To be used on a thread that may block.
pub(super) struct Blocks<'s> {
    session: &'s Session,
    /// Where what is on its way lies: the next run sweeps there what a killed one has left.
    folder: PathBuf,
    runtime: Handle,
    found: RefCell<BTreeSet<[u8; 32]>>,
    made: Cell<usize>,
    has_warned: Cell<bool>,
}

impl<'s> Blocks<'s> {
    /// Those of a session's store, by way of a folder of packages.
    pub(super) fn new(session: &'s Session, folder: PathBuf) -> Self {
        let (found, made, has_warned) = (RefCell::default(), Cell::default(), Cell::default());
        Self { session, folder, runtime: Handle::current(), found, made, has_warned }
    }

    /// How many blocks came out of the store, of how many that are worth it; `None` where there were none.
    pub(super) fn reused(&self) -> Option<String> {
        let found = self.found.borrow().len();
        let all = found + self.made.get();
        (found > 0).then(|| format!("{found} of {all} blocks from the store"))
    }

    async fn fetch(&self, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        let aside = Shop::new(tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(&self.folder)?);
        match self.session.services.store.fetch(key, &aside).await? {
            Fetched::Whole(whole) if whole.label().name == NAME => {
                Ok(read_bounded(&aside.path().join(NAME), Kind::Block.largest())?)
            }
            Fetched::Whole(_) | Fetched::Absent => Ok(None),
            Fetched::Doubted(why) | Fetched::Damaged(why) => {
                self.warn(format!("the store: {why}; it is compressed again"));
                Ok(None)
            }
        }
    }

    async fn keep(&self, key: &Key, block: &[u8]) -> Result<(), StoreError> {
        let label = Label { name: NAME.to_owned(), sha256: Sha256::of(block), size: block.len() as u64 };
        let mut file = temporary_in(&self.folder)?;
        file.write_all(block)?;
        self.session.services.store.put(key, &label, file.path()).await
    }

    /// Warns once of a package: what is wrong with a store is mostly wrong with each of its entries.
    fn warn(&self, text: String) {
        if !self.has_warned.replace(true) {
            self.session.services.events.warn(text);
        }
    }
}

fn entry(key: &[u8; 32]) -> Key {
    Key { kind: Kind::Block, digest: Sha256::from_digest(*key) }
}

impl BlockCache for Blocks<'_> {
    fn get(&self, key: &[u8; 32]) -> Option<Vec<u8>> {
        if self.session.options.no_cache {
            return None;
        }
        let block = self.runtime.block_on(self.fetch(&entry(key))).unwrap_or_else(|error| {
            self.warn(format!("{error}; going on without it"));
            None
        });
        if block.is_some() {
            self.found.borrow_mut().insert(*key);
        }
        block
    }

    fn put(&self, key: &[u8; 32], block: &[u8]) {
        if self.found.borrow_mut().remove(key) {
            self.warn("a block in the store held other bytes than it says; it was compressed again".to_owned());
        }
        if block.len() < WORTH {
            return;
        }
        self.made.set(self.made.get() + 1);
        if let Err(error) = self.runtime.block_on(self.keep(&entry(key), block)) {
            self.warn(format!("{error}; the next package will be compressed anew"));
        }
    }
}
