//! What a store gives back, what it notices, and what it lets go.

use std::{
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use proptest::prelude::*;

use super::*;
use crate::source::store::Kind;
use crate::{
    names::Sha256,
    source::{
        owner::TrustedOwners,
        store::{PublicKey, Signer, key_of_file},
    },
};

const LIMIT: u64 = 1 << 20;

struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn guard(&self) -> Guard {
        Guard { trusted: TrustedOwners::for_project(self.folder.path()), ..Guard::default() }
    }

    fn store(&self, limit: u64) -> Disk {
        Disk::new(self.root(), limit, self.guard())
    }

    /// Keeps a file of these bytes under their digest.
    fn put(&self, store: &Disk, bytes: &[u8]) -> Key {
        let key = key_of_file(&Sha256::of(bytes));
        let from = self.folder.path().join("from");
        std::fs::write(&from, bytes).unwrap();
        put(store, &key, &label_of(bytes), &from).unwrap();
        key
    }

    /// What the store has for a key, and its bytes.
    fn fetch(&self, store: &Disk, key: &Key) -> (Fetched, Option<Vec<u8>>) {
        let into = Shop::new(tempfile::tempdir_in(self.folder.path()).unwrap());
        let fetched = store.fetch(key, &into, &CancellationToken::new()).unwrap();
        let files: Vec<_> = std::fs::read_dir(into.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(files.len() <= 1, "{files:?}");
        (fetched, files.first().map(|file| std::fs::read(file).unwrap()))
    }

    fn temporaries(&self) -> usize {
        let entries = std::fs::read_dir(self.root()).into_iter().flatten().flatten();
        entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(TEMPORARY)).count()
    }
}

fn put(store: &Disk, key: &Key, label: &Label, from: &Path) -> Result<(), StoreError> {
    store.put(key, label, from, &CancellationToken::new())
}

/// What the label of a file says that was given.
fn label_in(fetched: &Fetched) -> Option<&Label> {
    match fetched {
        Fetched::Whole(whole) => Some(whole.label()),
        Fetched::Absent | Fetched::Damaged(_) | Fetched::Doubted(_) => None,
    }
}

fn label_of(bytes: &[u8]) -> Label {
    let name = format!("x-{}-py3-none-any.whl", &Sha256::of(bytes).as_str()[..8]);
    Label { name, sha256: Sha256::of(bytes), size: bytes.len() as u64 }
}

/// Makes an entry look as if it was last used so many hours ago.
fn age(store: &Disk, key: &Key, hours: u64) {
    let entry = std::fs::File::options().write(true).open(store.place(key).join(ENTRY)).unwrap();
    let now = entry.metadata().unwrap().modified().unwrap();
    entry.set_modified(now - Duration::from_hours(hours)).unwrap();
}

#[test]
fn what_is_kept_is_given_back() {
    let world = World::new();
    let store = world.store(LIMIT);
    let key = world.put(&store, b"six");
    let (fetched, bytes) = world.fetch(&store, &key);
    assert_eq!((label_in(&fetched), bytes), (Some(&label_of(b"six")), Some(b"six".to_vec())));
    assert_eq!(world.fetch(&store, &key_of_file(&Sha256::of("other"))).0, Fetched::Absent);
    let built = Key { kind: Kind::Built, digest: key.digest.clone() };
    assert_eq!(world.fetch(&store, &built).0, Fetched::Absent, "a kind of its own");
    assert_eq!(world.fetch(&world.store(LIMIT), &key).1, Some(b"six".to_vec()), "another process");
    assert_eq!((shape::size(&world.root()), world.temporaries()), (3, 0));
}

#[test]
fn the_last_product_counts_and_else_the_first() {
    let (world, digest) = (World::new(), Sha256::of("a step's key"));
    let store = world.store(1000);
    for (kind, expected) in [(Kind::Product, b"new"), (Kind::Built, b"old")] {
        let key = Key { kind, digest: digest.clone() };
        for bytes in [b"old", b"new"] {
            let from = world.folder.path().join("from");
            std::fs::write(&from, bytes).unwrap();
            put(&store, &key, &label_of(bytes), &from).unwrap();
        }
        let (fetched, bytes) = world.fetch(&store, &key);
        assert_eq!((label_in(&fetched), bytes), (Some(&label_of(expected)), Some(expected.to_vec())), "{kind:?}");
    }
}

#[test]
fn a_damaged_entry_is_noticed_and_dropped() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 8] = [
        ("has changed", |entry| std::fs::write(entry.join(CONTENT), "sex").unwrap()),
        ("has changed", |entry| std::fs::write(entry.join(CONTENT), "sixsix").unwrap()),
        ("has changed", |entry| std::fs::write(entry.join(CONTENT), "").unwrap()),
        ("is missing", |entry| std::fs::remove_file(entry.join(CONTENT)).unwrap()),
        ("cannot be read", |entry| std::fs::write(entry.join(ENTRY), "{").unwrap()),
        ("entry.json", |entry| std::fs::remove_file(entry.join(ENTRY)).unwrap()),
        ("holds something else", |entry| {
            let text = std::fs::read_to_string(entry.join(ENTRY)).unwrap();
            std::fs::write(entry.join(ENTRY), text.replace("x-", "../x-")).unwrap();
        }),
        ("holds something else", |entry| {
            // Content and label of another file, put under this one's key.
            std::fs::write(entry.join(CONTENT), "evil").unwrap();
            let text = std::fs::read_to_string(entry.join(ENTRY)).unwrap();
            let own = format!("\"{}\"", Sha256::of("six"));
            std::fs::write(entry.join(ENTRY), text.replace(&own, &format!("\"{}\"", Sha256::of("evil")))).unwrap();
        }),
    ];
    for (says, damage) in damages {
        let world = World::new();
        let store = world.store(LIMIT);
        let key = world.put(&store, b"six");
        damage(&store.place(&key));
        let (Fetched::Damaged(why), None) = world.fetch(&store, &key) else { panic!("{says}: not noticed") };
        assert!(why.contains(says), "{why}");
        assert_eq!(world.fetch(&store, &key).0, Fetched::Absent, "{says}");
        world.put(&store, b"six");
        assert_eq!(world.fetch(&store, &key).1, Some(b"six".to_vec()), "{says}");
        assert_eq!(world.temporaries(), 0, "{says}");
    }
}

#[test]
fn a_file_that_is_not_what_its_label_says_is_not_kept() {
    let world = World::new();
    let store = world.store(LIMIT);
    let from = world.folder.path().join("from");
    std::fs::write(&from, "evil").unwrap();
    let key = key_of_file(&Sha256::of("six"));
    assert!(matches!(put(&store, &key, &label_of(b"six"), &from), Err(StoreError::Changed(_))));
    for name in ["../x", "", ".x", "a/b", "a\nb", "-x", "ü"] {
        let label = Label { name: name.to_owned(), ..label_of(b"evil") };
        assert!(matches!(put(&store, &key, &label, &from), Err(StoreError::Name(_))), "{name:?}");
    }
    assert_eq!((world.fetch(&store, &key).0, world.temporaries()), (Fetched::Absent, 0));
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let world = World::new();
    let store = world.store(10);
    let keys = [b"aaa", b"bbb", b"ccc"].map(|bytes| world.put(&store, bytes));
    for (key, hours) in keys.iter().zip([3, 2, 1]) {
        age(&store, key, hours);
    }
    // Used again: now `bbb` is the oldest.
    assert!(world.fetch(&store, &keys[0]).1.is_some());
    let newest = world.put(&store, b"ddd");
    let there = |key| matches!(world.fetch(&world.store(10), key).0, Fetched::Whole(_));
    assert_eq!([&keys[0], &keys[1], &keys[2], &newest].map(there), [true, false, true, true]);
    // What is larger than the whole store does not empty it.
    let large = world.put(&store, b"12345678901");
    assert!(!there(&large) && there(&newest));
    assert!(shape::size(&world.root()) <= 10);
}

#[test]
fn what_a_killed_process_was_writing_does_not_count() {
    let world = World::new();
    let store = world.store(LIMIT);
    let key = key_of_file(&Sha256::of("six"));
    let half = world.root().join(".tmp-killed");
    std::fs::create_dir_all(&half).unwrap();
    std::fs::write(half.join(CONTENT), "si").unwrap();
    assert_eq!((world.fetch(&store, &key).0, shape::size(&world.root())), (Fetched::Absent, 0));
    world.put(&store, b"six");
    assert!(half.exists(), "it may still be written");
    let old = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 365);
    std::fs::File::open(&half).unwrap().set_modified(old).unwrap();
    world.put(&world.store(LIMIT), b"seven");
    assert!(!half.exists());
}

#[test]
fn two_at_once() {
    let world = Arc::new(World::new());
    let threads = (0..4).map(|number| {
        let world = Arc::clone(&world);
        thread::spawn(move || {
            let store = world.store(60);
            for round in 0..50_u8 {
                let bytes = [b'a' + round % 16; 10];
                let from = world.folder.path().join(format!("from-{number}"));
                std::fs::write(&from, bytes).unwrap();
                let key = key_of_file(&Sha256::of(bytes));
                put(&store, &key, &label_of(&bytes), &from).unwrap();
                // Gone already or whole, never half.
                let (fetched, got) = world.fetch(&store, &key);
                match fetched {
                    Fetched::Whole(_) => assert_eq!(got, Some(bytes.to_vec())),
                    Fetched::Absent | Fetched::Damaged(_) | Fetched::Doubted(_) => assert_eq!(got, None),
                }
            }
        })
    });
    threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(world.temporaries(), 0);
    let store = world.store(60);
    world.put(&store, b"the last one");
    assert!(shape::size(&world.root()) <= 60);
}

/// A guard that believes the caller alone.
fn believing() -> Guard {
    Guard { trusted: TrustedOwners::for_project(Path::new("/nowhere")), ..Guard::default() }
}

/// A store in which a step gave something, its key, and the world around it.
fn given(guard: Guard) -> (World, Disk, Key) {
    let world = World::new();
    let store = Disk::new(world.root(), LIMIT, guard);
    let key = Key { kind: Kind::Product, digest: Sha256::of("a step's key") };
    let from = world.folder.path().join("from");
    std::fs::write(&from, b"image").unwrap();
    put(&store, &key, &label_of(b"image"), &from).unwrap();
    (world, store, key)
}

fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
}

#[test]
fn what_others_could_have_written_is_believed_by_its_digest_only() {
    let levels: [fn(&Disk, &Key) -> PathBuf; 4] = [
        |store, _| store.root.clone(),
        |store, key| store.root.join(key.kind.word()),
        |store, key| store.place(key),
        |store, key| store.place(key).join(CONTENT),
    ];
    for level in levels {
        let (world, store, key) = given(believing());
        let file = world.put(&store, b"six");
        assert!(matches!(world.fetch(&store, &key).0, Fetched::Whole(_)));
        open_to_all(&level(&store, &key));
        let (Fetched::Doubted(why), None) = world.fetch(&store, &key) else { panic!("it is believed") };
        assert!(why.contains("others may write in") && why.contains("`chmod -R go-w "), "{why}");
        assert_eq!(world.fetch(&store, &key).0, Fetched::Absent, "told once");
        assert_eq!(world.fetch(&store, &file).1, Some(b"six".to_vec()), "known by its digest");
    }
}

#[test]
fn a_signature_of_a_listed_key_is_believed_anywhere() {
    let signer = std::sync::Arc::new(Signer::new(&Signer::make().unwrap()).unwrap());
    let signing = Guard { signer: Some(std::sync::Arc::clone(&signer)), ..believing() };
    let (world, store, key) = given(signing);
    open_to_all(&world.root());
    let with = |keys: Vec<PublicKey>| {
        let guard = Guard { keys, ..believing() };
        world.fetch(&Disk::new(world.root(), LIMIT, guard), &key).0
    };
    assert!(matches!(with(vec![signer.public()]), Fetched::Whole(_)));
    assert!(matches!(with(Vec::new()), Fetched::Doubted(_)));
    let other = Signer::new(&Signer::make().unwrap()).unwrap();
    assert!(matches!(with(vec![other.public()]), Fetched::Doubted(_)));
    // Other bytes with a label of their own, and the old signature.
    let text = std::fs::read_to_string(store.place(&key).join(ENTRY)).unwrap();
    let changed = text.replace(Sha256::of("image").as_str(), Sha256::of("evils").as_str());
    std::fs::write(store.place(&key).join(ENTRY), changed).unwrap();
    std::fs::write(store.place(&key).join(CONTENT), "evils").unwrap();
    assert!(matches!(with(vec![signer.public()]), Fetched::Doubted(_)));
}

#[test]
fn only_what_has_the_shape_of_a_store_goes() {
    let world = World::new();
    let store = world.store(LIMIT);
    let key = world.put(&store, b"six");
    assert!(world.root().join(marker::NAME).is_file());
    std::fs::write(world.root().join("notes.txt"), "").unwrap();
    std::fs::write(store.place(&key).join("theirs"), "").unwrap();
    let elsewhere = world.folder.path().join("elsewhere");
    std::fs::create_dir_all(elsewhere.join("aa").join("a".repeat(64))).unwrap();
    std::os::unix::fs::symlink(&elsewhere, world.root().join("built")).unwrap();
    shape::remove(&world.root()).unwrap();
    assert!(store.place(&key).join("theirs").exists() && !store.place(&key).join(CONTENT).exists());
    assert!(world.root().join("notes.txt").exists() && elsewhere.join("aa").join("a".repeat(64)).exists());
    // Without a marker nothing goes, as soon as there is anything else.
    let key = world.put(&store, b"seven");
    std::fs::remove_file(world.root().join(marker::NAME)).unwrap();
    shape::remove(&world.root()).unwrap();
    assert!(store.place(&key).join(CONTENT).exists());
    assert!(matches!(shape::claim(&world.root()).unwrap(), marker::Claim::Foreign(_)));
}

#[test]
fn a_store_of_before_there_were_markers_is_one() {
    let world = World::new();
    let store = world.store(LIMIT);
    world.put(&store, b"six");
    std::fs::remove_file(world.root().join(marker::NAME)).unwrap();
    assert_eq!(shape::claim(&world.root()).unwrap(), marker::Claim::Ours);
    world.put(&store, b"seven");
    assert!(world.root().join(marker::NAME).is_file());
    shape::remove(&world.root()).unwrap();
    assert!(!world.root().exists());
}

#[test]
fn links_and_pipes_in_a_store_are_no_entries() {
    let world = World::new();
    let store = world.store(LIMIT);
    let key = world.put(&store, b"six");
    let content = store.place(&key).join(CONTENT);
    std::fs::remove_file(&content).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, &content, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    assert!(matches!(world.fetch(&store, &key).0, Fetched::Damaged(_)), "and nobody waits for it");
    let key = world.put(&store, b"six");
    let (kind, moved) = (world.root().join("files"), world.folder.path().join("moved"));
    std::fs::rename(&kind, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &kind).unwrap();
    assert_eq!(world.fetch(&store, &key).0, Fetched::Absent);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn it_never_holds_more_than_its_limit_nor_gives_anything_else(
        files in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..12),
        limit in 1..120_u64,
    ) {
        let world = World::new();
        let store = world.store(limit);
        for bytes in &files {
            world.put(&store, bytes);
            prop_assert!(shape::size(&world.root()) <= limit);
        }
        for bytes in &files {
            let (_, got) = world.fetch(&store, &key_of_file(&Sha256::of(bytes)));
            prop_assert!(got.is_none_or(|got| got == *bytes));
        }
    }
}
