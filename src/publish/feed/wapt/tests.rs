//! Repositories on disk.

use std::fs as std_fs;

use super::*;
use crate::{
    format::wapt::{Control, Signing, write},
    sign::{Bits, Certificate, Made, RsaKey, Subject, make_certificate},
    stage::{Role, Spool, Tree, TreePath},
};

/// 2026-11-20.
const NOW: i64 = 1_795_172_800;

struct World {
    folder: tempfile::TempDir,
    key: RsaKey,
    chain: Vec<Certificate>,
}

impl World {
    fn new() -> Self {
        let key = Made::new(Bits::B2048).unwrap().key().unwrap();
        let subject = Subject {
            name: "Tester".to_owned(),
            organization: String::new(),
            country: String::new(),
            ca: true,
            code_signing: true,
            not_before: NOW - 10,
            not_after: NOW + 1000,
        };
        let chain = vec![make_certificate(&subject, &key, None).unwrap()];
        Self { folder: tempfile::tempdir().unwrap(), key, chain }
    }

    fn repository(&self) -> PathBuf {
        self.folder.path().join("wapt")
    }

    fn package_with(&self, version: &str, pairs: &[(&str, &str)]) -> PathBuf {
        let mut tree = Tree::new(Spool::new().unwrap());
        let icon =
            [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &48_u32.to_be_bytes()[..], &48_u32.to_be_bytes(), version.as_bytes()];
        for (path, bytes) in [("setup.py", version.as_bytes()), (wapt::ICON, &icon.concat())] {
            tree.add_bytes(TreePath::new(path).unwrap(), bytes, 0o644, 0, Role::Plain, "test").unwrap();
        }
        let mut control = Control::default();
        control.set("package", "tis-x");
        control.set("version", version);
        for (name, value) in pairs {
            control.set(name, value);
        }
        let path = self.folder.path().join(format!("tis-x_{version}.wapt"));
        let mut out = std_fs::File::create(&path).unwrap();
        write(
            &tree,
            &control,
            &Signing { signer: &self.key, chain: &self.chain, date: NOW, as_found: false },
            &mut out,
        )
        .unwrap();
        path
    }

    fn package(&self, version: &str) -> PathBuf {
        self.package_with(version, &[])
    }

    fn publish(&self, files: &[PathBuf]) -> Result<Published, FeedError> {
        publish(&self.repository(), &PublishRequest { files: files.to_vec(), now: NOW, ..PublishRequest::default() })
    }

    fn index(&self) -> Index {
        Index::read(std_fs::read(self.repository().join(INDEX)).unwrap()).unwrap()
    }
}

#[test]
fn packages_icons_and_the_index() {
    let world = World::new();
    let done = world.publish(&[world.package("1.0-1"), world.package("1.0-2")]).unwrap();
    assert_eq!((done.total, done.read, done.changed), (2, 2, true));
    let index = world.index();
    let listed = &index.packages[0];
    let file = world.repository().join("tis-x_1.0-1.wapt");
    assert_eq!(listed.size, std_fs::metadata(&file).unwrap().len());
    assert_eq!(listed.md5, hex::encode(md5::Md5::digest(std_fs::read(&file).unwrap())));
    assert_eq!(index.certificates.keys().collect::<Vec<_>>(), [&world.chain[0].fingerprint()]);
    let mut refusals = Vec::new();
    wapt::check_control(&listed.control, &world.chain[0], &mut refusals);
    assert!(refusals.is_empty(), "what agents read of the index is signed: {refusals:?}");
    for name in ["package_uuid", "icon_sha256sum"] {
        assert!(world.repository().join(format!("icons/{}.png", listed.control.get(name))).is_file(), "{name}");
    }
    // The same again changes nothing.
    let again = world.publish(&[world.package("1.0-1")]).unwrap();
    assert_eq!((again.total, again.changed), (2, false));
}

#[test]
fn adding_one_reads_one() {
    let world = World::new();
    world.publish(&[world.package("1.0-1")]).unwrap();
    // Thousands of packages that cannot be read: the index says what is in them.
    let mut index = world.index();
    let first = index.packages[0].clone();
    for number in 0..5000_u32 {
        let mut listed = first.clone();
        listed.file = format!("tis-old{number}_1.0-1.wapt");
        listed.size = 3;
        listed.control.set("package", &format!("tis-old{number}"));
        listed.control.set("package_uuid", &format!("00000000-0000-5000-8000-{number:012}"));
        std_fs::write(world.repository().join(&listed.file), "???").unwrap();
        index.packages.push(listed);
    }
    std_fs::write(world.repository().join(INDEX), index.write().unwrap()).unwrap();
    let done = world.publish(&[world.package("1.0-2")]).unwrap();
    assert_eq!((done.read, done.total, done.added.len()), (1, 5002, 1));
    assert!(done.gone.is_empty() && done.unlisted.is_empty());
    // Reading them all would have failed.
    let request = PublishRequest { rescan: true, now: NOW, ..PublishRequest::default() };
    assert!(matches!(publish(&world.repository(), &request), Err(FeedError::Refused { .. })));
    assert_eq!(world.index().packages.len(), 5002, "the old index is still there");
}

#[test]
fn what_breaks_off_leaves_the_old_index_whole() {
    let world = World::new();
    world.publish(&[world.package("1.0-1")]).unwrap();
    let before = std_fs::read(world.repository().join(INDEX)).unwrap();
    let (good, bad) = (world.package("1.0-2"), world.package("1.0-3"));
    let mut bytes = std_fs::read(&bad).unwrap();
    bytes[60] ^= 1;
    std_fs::write(&bad, bytes).unwrap();
    assert!(matches!(world.publish(&[good.clone(), bad]), Err(FeedError::Refused { .. })));
    assert_eq!(std_fs::read(world.repository().join(INDEX)).unwrap(), before);
    assert!(!world.repository().join("tis-x_1.0-2.wapt").exists(), "all are checked before one is copied");
    // The folder for icons is a file: the copy is there, the index is the old one.
    std_fs::remove_dir_all(world.repository().join("icons")).unwrap();
    std_fs::write(world.repository().join("icons"), "").unwrap();
    assert!(world.publish(&[good]).is_err());
    assert_eq!(std_fs::read(world.repository().join(INDEX)).unwrap(), before);
}

#[test]
fn what_breaks_off_replaces_nothing() {
    let world = World::new();
    world.publish(&[world.package("1.0-1")]).unwrap();
    let file = world.repository().join("tis-x_1.0-1.wapt");
    let is_as_listed = || {
        let listed = &world.index().packages[0];
        listed.md5 == hex::encode(md5::Md5::digest(std_fs::read(&file).unwrap()))
    };
    // Another package under the name of one that the index has, and nowhere to put its icon.
    std_fs::remove_dir_all(world.repository().join("icons")).unwrap();
    std_fs::write(world.repository().join("icons"), "").unwrap();
    let other = world.package_with("1.0-1", &[("description", "another")]);
    assert!(world.publish(std::slice::from_ref(&other)).is_err());
    assert!(is_as_listed(), "the index names what is not there");
    std_fs::remove_file(world.repository().join("icons")).unwrap();
    world.publish(&[other]).unwrap();
    assert!(is_as_listed());
}

#[test]
fn what_a_killed_run_has_replaced_is_read_again() {
    let world = World::new();
    world.publish(&[world.package("1.0-1"), world.package("1.0-2")]).unwrap();
    // Killed between the last package and the index.
    let file = world.repository().join("tis-x_1.0-1.wapt");
    std_fs::copy(world.package_with("1.0-1", &[("description", "another")]), &file).unwrap();
    let index_of = std_fs::metadata(world.repository().join(INDEX)).unwrap().modified().unwrap();
    let later = index_of + std::time::Duration::from_mins(1);
    std_fs::File::options().append(true).open(&file).unwrap().set_modified(later).unwrap();
    let done = world.publish(&[]).unwrap();
    assert_eq!((done.read, done.total, done.gone.len(), done.unlisted.len()), (1, 2, 0, 0));
    let index = world.index();
    let listed = index.packages.iter().find(|listed| listed.file == "tis-x_1.0-1.wapt").unwrap();
    assert_eq!(listed.md5, hex::encode(md5::Md5::digest(std_fs::read(&file).unwrap())));
}

#[test]
fn what_is_gone_or_not_listed_is_said() {
    let world = World::new();
    world.publish(&[world.package("1.0-1"), world.package("1.0-2")]).unwrap();
    std_fs::remove_file(world.repository().join("tis-x_1.0-1.wapt")).unwrap();
    std_fs::copy(world.package("1.0-3"), world.repository().join("tis-x_1.0-3.wapt")).unwrap();
    let done = world.publish(&[]).unwrap();
    assert_eq!(
        (done.gone, done.unlisted, done.total),
        (vec!["tis-x_1.0-1.wapt".to_owned()], vec!["tis-x_1.0-3.wapt".to_owned()], 1)
    );
    let request = PublishRequest { rescan: true, now: NOW, ..PublishRequest::default() };
    assert_eq!(publish(&world.repository(), &request).unwrap().total, 2);
}

#[test]
fn what_does_not_belong_there() {
    let world = World::new();
    let host = world.package_with("1.0-1", &[("section", "host"), ("package", "pc.lan")]);
    assert!(matches!(world.publish(&[host]), Err(FeedError::Unfit { .. })));
    let uuid = ("package_uuid", "00000000-0000-4000-8000-000000000000");
    let twins = [world.package_with("1.0-1", &[uuid]), world.package_with("1.0-2", &[uuid])];
    let error = world.publish(&twins).unwrap_err().to_string();
    assert!(error.contains("has the `package_uuid` of `tis-x_1.0-1.wapt`"), "{error}");
    let stranger = World::new();
    let trust = Some(Trust { anchors: stranger.chain.clone(), crls: Vec::new() });
    let request = PublishRequest { files: vec![world.package("1.0-1")], trust, now: NOW, ..PublishRequest::default() };
    assert!(matches!(publish(&world.repository(), &request), Err(FeedError::Refused { .. })));
}

#[test]
fn names_that_the_index_could_not_have() {
    let world = World::new();
    let package = world.package("1.0-1");
    for name in ["con.wapt", " x.wapt", "COM1.x.wapt"] {
        let path = world.folder.path().join(name);
        std_fs::copy(&package, &path).unwrap();
        let found = world.publish(&[path]);
        assert!(matches!(found, Err(FeedError::Unfit { .. })), "{name}: {found:?}");
    }
    // Nothing of them keeps the next ones out.
    assert_eq!(world.publish(&[package]).unwrap().total, 1);
}

#[test]
fn two_files_of_one_name() {
    let world = World::new();
    let one = world.package("1.0-1");
    let other = world.folder.path().join("other").join("tis-x_1.0-1.wapt");
    std_fs::create_dir(other.parent().unwrap()).unwrap();
    std_fs::rename(world.package_with("1.0-1", &[("description", "another")]), &other).unwrap();
    world.package("1.0-1");
    let error = world.publish(&[one.clone(), other]).unwrap_err().to_string();
    assert!(error.contains("two of the files are called so"), "{error}");
    assert!(!world.repository().join("tis-x_1.0-1.wapt").exists());
    // The same one twice is one.
    assert_eq!(world.publish(&[one.clone(), one]).unwrap().read, 1);
}
