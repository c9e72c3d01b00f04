//! What every store keeps to, and a store that is far away, with faults as they are asked for.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::*;
use crate::{event::Events, source::owner::TrustedOwners, util::files};

const LIMIT: u64 = 1 << 20;

/// What goes wrong with a far store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    #[default]
    None,
    /// No answer comes.
    Away,
    /// It begins to give something, then nothing comes.
    Still,
    /// It begins to give something, then the connection is cut.
    Cut,
    /// Other bytes come.
    Damaged,
    /// What comes is whole, and what another key has.
    Lying,
}

/// A store in memory.
#[derive(Debug)]
pub struct Far {
    entries: Mutex<BTreeMap<Key, (Offer, Vec<u8>)>>,
    keys: Vec<PublicKey>,
    signer: Option<Arc<Signer>>,
    pub fault: Fault,
    /// How often it was asked for something.
    pub asked: AtomicUsize,
}

impl Far {
    /// One that believes these keys, and signs with that one.
    pub fn new(keys: Vec<PublicKey>, signer: Option<Arc<Signer>>) -> Self {
        Self { entries: Mutex::default(), keys, signer, fault: Fault::None, asked: AtomicUsize::new(0) }
    }

    fn answer(&self) -> Result<(), StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.fault == Fault::Away { Err(StoreError::Unreachable("no route to it".to_owned())) } else { Ok(()) }
    }

    /// Its entry of a key, or of another one of that kind where it lies.
    fn find(&self, key: &Key) -> Option<(Key, Offer, Vec<u8>)> {
        let entries = self.entries.lock().unwrap();
        let is_lying = self.fault == Fault::Lying;
        let found = entries.iter().find(|(there, _)| there.kind == key.kind && (*there == key) != is_lying);
        found.map(|(key, (offer, bytes))| (key.clone(), offer.clone(), bytes.clone()))
    }
}

#[async_trait]
impl Store for Far {
    async fn fetch(&self, key: &Key, into: &Shop) -> Result<Fetched, StoreError> {
        self.answer()?;
        let Some((key, offer, mut bytes)) = self.find(key) else { return Ok(Fetched::Absent) };
        let believed = match offer.judge(&key, &self.keys) {
            Judged::Believed(believed) => believed,
            Judged::Unsigned(_) => return Ok(Fetched::Doubted(format!("{key} is not signed"))),
            Judged::Foreign => return Ok(Fetched::Damaged(format!("{key} holds something else"))),
        };
        let mut incoming = believed.receive(into)?;
        if self.fault == Fault::Damaged {
            bytes[0] ^= 1;
        }
        let (first, second) = bytes.split_at(bytes.len() / 2);
        incoming.write(first)?;
        match self.fault {
            Fault::Still => std::future::pending().await,
            Fault::Cut => return Err(StoreError::Unreachable("the connection was cut".to_owned())),
            _ => incoming.write(second)?,
        };
        Ok(incoming.finish()?.map_or_else(|| Fetched::Damaged(format!("{key} has changed")), Fetched::Whole))
    }

    async fn holds(&self, key: &Key) -> Result<bool, StoreError> {
        self.answer()?;
        if self.fault == Fault::Still {
            std::future::pending::<()>().await;
        }
        let judged = self.find(key).map(|(key, offer, _)| offer.judge(&key, &self.keys));
        Ok(matches!(judged, Some(Judged::Believed(_))))
    }

    async fn put(&self, key: &Key, label: &Label, from: &Path) -> Result<(), StoreError> {
        self.answer()?;
        if self.fault == Fault::Still {
            std::future::pending::<()>().await;
        }
        if !is_plain(&label.name) {
            return Err(StoreError::Name(label.name.clone()));
        }
        let bytes = files::read_bounded(from, LIMIT)?.unwrap_or_default();
        if (Sha256::of(&bytes), bytes.len() as u64) != (label.sha256.clone(), label.size) {
            return Err(StoreError::Changed(label.name.clone()));
        }
        let signature = self.signer.as_ref().map(|signer| signer.sign(key, label));
        let offer = Offer { label: label.clone(), signature };
        let mut entries = self.entries.lock().unwrap();
        if key.kind == Kind::Product || !entries.contains_key(key) {
            entries.insert(key.clone(), (offer, bytes));
        }
        Ok(())
    }
}

/// Stores, and files for them.
pub struct World {
    pub folder: tempfile::TempDir,
    pub signer: Arc<Signer>,
}

impl World {
    pub fn new() -> Self {
        let signer = Arc::new(Signer::new(&Signer::make().unwrap()).unwrap());
        Self { folder: tempfile::tempdir().unwrap(), signer }
    }

    /// What a folder believes that lies here, with the key that signs far away.
    pub fn guard(&self) -> Guard {
        Guard {
            trusted: TrustedOwners::for_project(self.folder.path()),
            keys: vec![self.signer.public()],
            signer: None,
        }
    }

    pub fn near(&self) -> Folder {
        Folder::new(self.root("near"), LIMIT, self.guard())
    }

    pub fn root(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A far store that signs.
    pub fn far(&self) -> Far {
        Far::new(vec![self.signer.public()], Some(Arc::clone(&self.signer)))
    }

    /// A file of these bytes.
    pub fn file(&self, bytes: &[u8]) -> (Label, PathBuf) {
        let path = self.root(&format!("from-{}", Sha256::of(bytes).short()));
        std::fs::write(&path, bytes).unwrap();
        (label_of(bytes), path)
    }

    pub async fn put(&self, store: &dyn Store, key: &Key, bytes: &[u8]) -> Result<(), StoreError> {
        let (label, path) = self.file(bytes);
        store.put(key, &label, &path).await
    }
}

pub fn label_of(bytes: &[u8]) -> Label {
    Label { name: "content".to_owned(), sha256: Sha256::of(bytes), size: bytes.len() as u64 }
}

pub fn key(kind: Kind, of: impl AsRef<[u8]>) -> Key {
    Key { kind, digest: Sha256::of(of) }
}

/// What a store has for a key, and the bytes that came.
pub async fn fetch(store: &dyn Store, key: &Key) -> (Result<Fetched, StoreError>, Option<Vec<u8>>) {
    let into = Shop::new(tempfile::tempdir().unwrap());
    let fetched = store.fetch(key, &into).await;
    let files: Vec<_> = std::fs::read_dir(into.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() <= 1, "{files:?}");
    (fetched, files.first().map(|file| std::fs::read(file).unwrap()))
}

/// The bytes that a store gives for a key, believed and whole, or nothing.
pub async fn given(store: &dyn Store, key: &Key) -> Option<Vec<u8>> {
    let (fetched, bytes) = fetch(store, key).await;
    match fetched.unwrap() {
        Fetched::Whole(whole) => {
            let bytes = bytes.unwrap();
            assert_eq!(*whole.label(), label_of(&bytes));
            Some(bytes)
        }
        Fetched::Absent | Fetched::Damaged(_) | Fetched::Doubted(_) => {
            assert_eq!(bytes, None);
            None
        }
    }
}

/// What every store keeps to.
async fn keeps_to_its_contract(world: &World, store: &dyn Store) {
    it_gives_what_was_kept(world, store).await;
    it_keeps_no_other_file(world, store).await;
    it_writes_over_nothing(world, store).await;
    let (file, (label, path)) = (key(Kind::File, "many"), world.file(b"many"));
    let keeping = (0..8).map(|_| store.put(&file, &label, &path));
    futures::future::try_join_all(keeping).await.unwrap();
    assert_eq!(given(store, &file).await, Some(b"many".to_vec()));
}

async fn it_gives_what_was_kept(world: &World, store: &dyn Store) {
    for kind in Kind::ALL {
        let key = key(kind, "first");
        assert!(!store.holds(&key).await.unwrap() && given(store, &key).await.is_none(), "{kind:?}");
        world.put(store, &key, b"first").await.unwrap();
        assert!(store.holds(&key).await.unwrap(), "{kind:?}");
        assert_eq!(given(store, &key).await, Some(b"first".to_vec()), "{kind:?}");
    }
    for (kind, expected) in [(Kind::Product, b"second"), (Kind::Built, b"first2")] {
        let key = key(kind, "twice");
        world.put(store, &key, b"first2").await.unwrap();
        world.put(store, &key, b"second").await.unwrap();
        assert_eq!(given(store, &key).await, Some(expected.to_vec()), "{kind:?}");
    }
}

async fn it_keeps_no_other_file(world: &World, store: &dyn Store) {
    let (_, evil) = world.file(b"evil");
    let key = key(Kind::File, "good");
    let kept = store.put(&key, &label_of(b"good"), &evil).await;
    assert!(matches!(kept, Err(StoreError::Changed(_))), "{kept:?}");
    for name in ["../x", "", ".x", "a/b", "a\nb", "-x", "ü"] {
        let label = Label { name: name.to_owned(), ..label_of(b"evil") };
        assert!(matches!(store.put(&key, &label, &evil).await, Err(StoreError::Name(_))), "{name:?}");
    }
    assert!(!store.holds(&key).await.unwrap() && given(store, &key).await.is_none());
}

async fn it_writes_over_nothing(world: &World, store: &dyn Store) {
    let key = key(Kind::File, "taken");
    world.put(store, &key, b"taken").await.unwrap();
    let into = Shop::new(tempfile::tempdir().unwrap());
    std::fs::write(into.path().join("content"), "theirs").unwrap();
    assert!(store.fetch(&key, &into).await.is_err());
    assert_eq!(std::fs::read(into.path().join("content")).unwrap(), b"theirs");
}

#[tokio::test]
async fn a_folder_is_a_store() {
    let world = World::new();
    keeps_to_its_contract(&world, &world.near()).await;
}

#[tokio::test]
async fn a_store_in_memory_is_one() {
    let world = World::new();
    keeps_to_its_contract(&world, &world.far()).await;
}

#[tokio::test]
async fn a_near_and_a_far_store_are_one() {
    let world = World::new();
    let layered = Layered::new(world.near(), Arc::new(world.far()), Duration::from_hours(1), Events::none());
    keeps_to_its_contract(&world, &layered).await;
}
