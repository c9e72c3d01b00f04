//! A feed in a folder: published, changed, renewed, broken off, tampered with.

use std::path::{Path, PathBuf};

use factory_tuf::{Says, TargetPath, Time};
use tokio_util::sync::CancellationToken;

use super::*;

/// 2026-11-15T00:00:00Z.
const NOW: i64 = 1_794_700_800;
const DAY: i64 = 86_400;

fn time(days: i64) -> Time {
    Time::new(NOW + days * DAY).unwrap()
}

fn until() -> Until {
    Until { targets: time(365), online: time(30) }
}

/// A feed, its keys, and the root that was kept.
struct World {
    folder: tempfile::TempDir,
    root: Vec<u8>,
    keys: Vec<NewKey>,
}

const ONE: RoleChange = RoleChange { keys: 1, threshold: 1 };

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let change = RootChange { expires: time(365), root: Some(ONE), targets: Some(ONE), online: Some(ONE) };
        let (keys, root) = Feed::first(&change).unwrap();
        let world = Self { folder, root: root.bytes.clone(), keys };
        Feed::create(&world.feed(), &root).unwrap();
        world
    }

    fn feed(&self) -> PathBuf {
        self.folder.path().join("feed")
    }

    fn open(&self) -> Result<Feed, UpdateError> {
        Feed::open(&self.feed(), &self.root)
    }

    fn keys(&self, roles: &[KeyRole]) -> Keys {
        let few = self.keys.iter().filter(|key| roles.contains(&key.role));
        let few: Vec<NewKey> =
            few.map(|key| NewKey { role: key.role, pkcs8: key.pkcs8.clone(), public: key.public.clone() }).collect();
        Keys::made(&few).unwrap()
    }

    fn publishers(&self) -> Keys {
        self.keys(&[KeyRole::Targets, KeyRole::Online])
    }

    fn file(&self, version: &str, bytes: &[u8]) -> NewFile {
        let source = self.folder.path().join("agent");
        fs_err::write(&source, bytes).unwrap();
        let says = Says {
            product: "agent".into(),
            platform: "linux-x86_64".into(),
            version: version.parse().unwrap(),
            channels: vec!["stable".into()],
            percent: 100,
            minimum: None,
            window: None,
            withdrawn: false,
        };
        let path = TargetPath::new(format!("agent/{version}/linux-x86_64/agent")).unwrap();
        NewFile { source, path, says: Some(says) }
    }

    fn publish(&self, version: &str, bytes: &[u8]) -> Result<Published, UpdateError> {
        self.open()?.publish(&[self.file(version, bytes)], &self.publishers(), until())
    }

    fn faults(&self) -> String {
        verify(&self.feed(), Some(self.root.clone()), NOW, &CancellationToken::new()).reasons()
    }

    /// Every file, by its path in the feed.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut waiting = vec![self.feed()];
        while let Some(folder) = waiting.pop() {
            for entry in fs_err::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    waiting.push(path);
                } else if !path.starts_with(self.feed().join(".factory")) {
                    found.push((path.strip_prefix(self.feed()).unwrap().to_owned(), fs_err::read(&path).unwrap()));
                }
            }
        }
        found.sort();
        found
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, UpdateError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_feed_is_made_published_into_and_believed() {
    let world = World::new();
    assert!(is_feed(&world.feed()) && !is_feed(world.folder.path()));
    let done = world.publish("2.8.0", b"one").unwrap();
    assert_eq!((done.changed.len(), done.total), (1, 1));
    assert_eq!(world.publish("2.8.1", b"two").unwrap().total, 2);
    assert_eq!(world.faults(), "");
    let verdict = verify(&world.feed(), None, NOW, &CancellationToken::new());
    assert_eq!((verdict.package.as_str(), verdict.unchecked.len()), ("2 releases, 2 files", 1));
    assert!(world.files().iter().all(|(path, _)| !path.to_string_lossy().contains(".tmp")));
}

#[test]
fn what_is_published_keeps_its_bytes_and_its_words() {
    let world = World::new();
    world.publish("2.8.0", b"one").unwrap();
    let before = world.files();
    assert!(world.publish("2.8.0", b"one").unwrap().changed.is_empty(), "once more is no change");
    assert_eq!(world.files(), before);
    assert!(refused(world.publish("2.8.0", b"two")).contains("with other bytes"));
    let mut other = world.file("2.8.0", b"two");
    other.path = TargetPath::new("agent/else").unwrap();
    assert!(
        refused(world.open().unwrap().publish(&[other], &world.publishers(), until())).contains("with other bytes")
    );
    assert!(
        refused(world.publish("2.8.0+build.2", b"one")).contains("other bytes"),
        "build metadata is no other version"
    );
    let mut few = world.file("2.8.0", b"one");
    few.says.as_mut().unwrap().percent = 20;
    assert!(refused(world.open().unwrap().publish(&[few], &world.publishers(), until())).contains("something else"));
    assert_eq!(world.files(), before, "nothing was written");
}

#[test]
fn something_else_is_said_of_a_release() {
    let world = World::new();
    world.publish("2.8.0", b"one").unwrap();
    let choice = |version: &str| Choice { version: version.parse().unwrap(), product: None, platform: None };
    let change = Change { percent: Some(20), withdrawn: true, ..Change::default() };
    let done = world.open().unwrap().change(&choice("2.8.0"), &change, &world.publishers(), until()).unwrap();
    let says = done.changed[0].1.clone().unwrap();
    assert_eq!((says.percent, says.withdrawn, says.channels), (20, true, vec!["stable".to_owned()]));
    let again = Change { percent: Some(50), ..Change::default() };
    let back = world.open().unwrap().change(&choice("2.8.0"), &again, &world.publishers(), until());
    assert!(refused(back).contains("was withdrawn, and stays so"));
    let gone = world.open().unwrap().change(&choice("2.9.0"), &again, &world.publishers(), until());
    assert!(refused(gone).contains("no release 2.9.0"));
    assert_eq!(world.faults(), "");
}

#[test]
fn the_online_key_renews_and_does_no_more() {
    let world = World::new();
    world.publish("2.8.0", b"one").unwrap();
    let online = world.keys(&[KeyRole::Online]);
    let new = world.file("2.8.1", b"two");
    let refusal = refused(world.open().unwrap().publish(&[new], &online, until()));
    assert!(refusal.starts_with("targets needs 1 of the keys that root 1 gives it to sign, and 0"), "{refusal}");
    let later = NOW + 40 * DAY;
    let verdict = |now| verify(&world.feed(), Some(world.root.clone()), now, &CancellationToken::new());
    assert!(verdict(later).reasons().contains("timestamp.json was good until"), "{}", verdict(later).reasons());
    let soon = Until { online: time(60), ..until() };
    assert!(!world.open().unwrap().refresh(&online, soon, later).unwrap());
    assert_eq!(verdict(later).reasons(), "");
    assert!(world.files().iter().all(|(path, _)| path != Path::new("metadata/2.targets.json")));
    // With the offline keys at hand the targets are signed for longer, too, once they end soon.
    let late = NOW + 360 * DAY;
    assert_eq!(verify(&world.feed(), None, NOW + 59 * DAY, &CancellationToken::new()).warnings.len(), 2);
    let next = Until { targets: time(700), online: time(400) };
    assert!(world.open().unwrap().refresh(&world.publishers(), next, late).unwrap());
    let ends = expiries(&world.feed(), None).unwrap();
    assert!(ends.contains(&("targets", time(700))) && ends.contains(&("timestamp", time(400))), "{ends:?}");
}

#[test]
fn what_was_tampered_with_is_not_signed_again() {
    let world = World::new();
    world.publish("2.8.0", b"one").unwrap();
    let path = world.feed().join("metadata/1.targets.json");
    let text = fs_err::read_to_string(&path).unwrap();
    fs_err::write(&path, text.replace("stable", "stably")).unwrap();
    assert!(refused(world.publish("2.8.1", b"two")).contains("not what its root leads to"));
    fs_err::write(&path, text).unwrap();
    // Another feed of somebody else's, with a root that signs itself.
    let other = World::new();
    assert!(
        refused(Feed::open(&other.feed(), &world.root)).contains("root 1 of the feed is not the one"),
        "nothing is published yet"
    );
    other.publish("9.9.9", b"evil").unwrap();
    let stranger = Feed::open(&other.feed(), &world.root);
    assert!(refused(stranger).contains("not what its root leads to"));
    fs_err::remove_file(world.feed().join("metadata/timestamp.json")).unwrap();
    assert!(world.open().is_ok(), "a first publication may have broken off");
    fs_err::write(world.feed().join("metadata/2.snapshot.json"), "").unwrap();
    assert!(refused(world.open()).contains("no `metadata/timestamp.json`"));
}

#[test]
fn a_file_that_is_not_what_was_signed_is_said() {
    let world = World::new();
    world.publish("2.8.0", b"one").unwrap();
    let (path, _) = world.files().into_iter().find(|(path, _)| path.starts_with("targets")).unwrap();
    fs_err::write(world.feed().join(&path), b"won").unwrap();
    assert!(world.faults().contains("its digest is"), "{}", world.faults());
    fs_err::remove_file(world.feed().join(&path)).unwrap();
    assert!(world.faults().starts_with("`targets/agent/2.8.0/"), "{}", world.faults());
    // Whoever publishes it again brings it back.
    world.publish("2.8.0", b"one").unwrap();
    assert_eq!(world.faults(), "");
}

#[test]
fn a_publication_that_breaks_off_leaves_the_feed_as_it_was() {
    let world = World::new();
    world.publish("2.8.0", b"one").unwrap();
    let before = world.files();
    world.publish("2.8.1", b"two").unwrap();
    let after = world.files();
    let timestamp = |files: &[(PathBuf, Vec<u8>)]| {
        files.iter().find(|(path, _)| path.ends_with("timestamp.json")).unwrap().1.clone()
    };
    // All but the last file are there: nobody is led to them.
    fs_err::write(world.feed().join("metadata/timestamp.json"), timestamp(&before)).unwrap();
    assert_eq!(world.faults(), "");
    assert_eq!(world.open().unwrap().targets().unwrap().targets.len(), 1);
    assert_eq!(world.publish("2.8.1", b"two").unwrap().total, 2);
    assert_eq!((world.faults(), world.files().len()), (String::new(), after.len()));
}

#[test]
fn keys_change_one_role_after_the_other() {
    let mut world = World::new();
    world.publish("2.8.0", b"one").unwrap();
    let none = RootChange { expires: time(400), root: None, targets: None, online: None };
    let two = RoleChange { keys: 2, threshold: 2 };
    for (change, roles) in [
        (RootChange { online: Some(ONE), ..none }, vec![KeyRole::Root]),
        (RootChange { targets: Some(two), ..none }, vec![KeyRole::Root, KeyRole::Online]),
        (RootChange { root: Some(two), ..none }, vec![KeyRole::Root]),
        (none, vec![KeyRole::Root]),
    ] {
        let feed = world.open().unwrap();
        let (new, files) = feed.next_root(&change, world.keys(&roles), until()).unwrap();
        assert!(
            files.last().unwrap().path.ends_with("timestamp.json") || new.iter().all(|key| key.role == KeyRole::Root)
        );
        feed.write(&files).unwrap();
        drop(feed);
        let replaced: Vec<KeyRole> = new.iter().map(|key| key.role).collect();
        world.keys.retain(|key| !replaced.contains(&key.role));
        world.keys.extend(new);
        assert_eq!(world.faults(), "", "{change:?}");
    }
    assert_eq!(world.open().unwrap().root().version, 5);
    assert_eq!(world.publish("2.8.1", b"two").unwrap().total, 2);
    assert_eq!(world.faults(), "", "whoever has the first root follows them all");
}

#[test]
fn a_change_of_keys_that_breaks_off_is_mended_by_the_next_publication() {
    let mut world = World::new();
    world.publish("2.8.0", b"one").unwrap();
    let change = RootChange { expires: time(400), root: None, targets: Some(ONE), online: Some(ONE) };
    let feed = world.open().unwrap();
    let (new, files) = feed.next_root(&change, world.keys(&[KeyRole::Root]), until()).unwrap();
    let (_, but_last) = files.split_last().unwrap();
    feed.write(but_last).unwrap();
    drop(feed);
    world.keys.retain(|key| key.role == KeyRole::Root);
    world.keys.extend(new);
    assert!(world.faults().contains("0 good signatures"), "{}", world.faults());
    assert!(
        world.open().unwrap().refresh(&world.publishers(), until(), NOW).unwrap(),
        "the targets had to be signed, too"
    );
    assert_eq!(world.faults(), "");
}

/// Bytes of which zstd makes nothing smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes).unwrap();
    bytes
}

#[test]
fn a_release_has_deltas_from_the_newest_older_ones() {
    let world = World::new();
    let old = noise(300_000);
    let new = [&old[..100_000], b"something else", &old[100_000..]].concat();
    for version in ["2.8.0", "2.7.0", "2.8.1", "2.6.0", "2.9.0"] {
        let done = world.publish(version, &[version.as_bytes(), &old].concat()).unwrap();
        assert!(done.doubts.is_empty(), "{:?}", done.doubts);
    }
    let choice = Choice { version: "2.8.0".parse().unwrap(), product: None, platform: None };
    let withdrawn = Change { withdrawn: true, ..Change::default() };
    world.open().unwrap().change(&choice, &withdrawn, &world.publishers(), until()).unwrap();
    let done = world.publish("2.8.2", &new).unwrap();
    let names: Vec<String> = done.deltas.iter().map(|(path, _)| path.to_string()).collect();
    let from = |version: &str| format!("agent/2.8.2/linux-x86_64/agent.from-{version}.zst");
    assert_eq!(names, [from("2.8.1"), from("2.7.0"), from("2.6.0")]);
    assert!(done.deltas.iter().all(|(_, bytes)| *bytes < 4096), "{:?}", done.deltas);
    assert_eq!(world.faults(), "");
    let targets = world.open().unwrap().targets().unwrap().targets.clone();
    let delta = factory_tuf::Delta::of(&targets[&TargetPath::new(from("2.8.1")).unwrap()]).unwrap();
    assert_eq!(delta.to, factory_tuf::Digests::of(&new).first());
    assert_eq!(world.publish("2.8.3", &noise(300_000)).unwrap().deltas, [], "more than half of it is new");
}

#[test]
fn an_old_file_that_is_lost_is_said_and_no_reason_not_to_publish() {
    let world = World::new();
    world.publish("2.8.0", b"one").unwrap();
    let (path, _) = world.files().into_iter().find(|(path, _)| path.starts_with("targets")).unwrap();
    fs_err::write(world.feed().join(path), b"won").unwrap();
    let done = world.publish("2.8.1", b"two").unwrap();
    assert!(done.doubts[0].starts_with("there is no delta from 2.8.0 to 2.8.1: its digest is"), "{:?}", done.doubts);
    assert_eq!(done.changed.len(), 1);
}

#[test]
fn one_publishes_at_a_time() {
    let world = World::new();
    let first = world.open().unwrap();
    assert!(refused(world.open()).starts_with("another factory (process "));
    drop(first);
    assert!(world.open().is_ok());
}

#[test]
fn keys_that_do_not_fit_are_said() {
    let world = World::new();
    let path = |name: &str| world.folder.path().join(name);
    let read = |name: &str| Keys::read(&[path(name)]);
    fs_err::create_dir(path("keys")).unwrap();
    assert!(refused(read("keys")).starts_with("there is no key in"));
    fs_err::write(path("keys").join(world.keys[0].file_name()), world.keys[0].pem()).unwrap();
    assert!(read("keys").is_ok());
    for (name, text, why) in [
        ("empty.pem", "", "it has no `PRIVATE KEY`"),
        ("other.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not an Ed25519 key"),
        ("gone.pem", "", "No such file"),
    ] {
        if name != "gone.pem" {
            fs_err::write(path(name), text).unwrap();
        }
        let refusal = refused(read(name));
        assert!(refusal.contains(why), "{name}: {refusal}");
    }
    let impossible = RootChange {
        expires: time(1),
        root: Some(RoleChange { keys: 1, threshold: 2 }),
        targets: Some(ONE),
        online: Some(ONE),
    };
    assert!(refused(Feed::first(&impossible)).contains("root has 1 keys, of which 2 would have to sign"));
}
