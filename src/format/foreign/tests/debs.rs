//! Debian packages: those of our own writer, and those put together by hand.

use std::io::{Cursor, Write as _};

use proptest::prelude::*;
use tar::{EntryType, Header};

use super::{listing, read, refused};
use crate::{
    format::{Codec, Format as _, PackageFormat, deb::Deb, foreign::ItemKind, sample},
    names::{ArchName, PackageName},
    stage::{Entry, Kind, Owner, Role, Spool, Tree, TreePath},
};

/// One member of an archive.
pub(super) fn member(name: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, content.len()).into_bytes();
    bytes.extend(content);
    if content.len() % 2 == 1 {
        bytes.push(b'\n');
    }
    bytes
}

pub(super) fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, content) in members {
        bytes.extend(member(name, content));
    }
    bytes
}

/// A tar of `(name, type, link, content)`, all root's.
pub(super) fn tar(entries: &[(&str, EntryType, &str, &[u8])]) -> Vec<u8> {
    let mut out = tar::Builder::new(Vec::new());
    for (name, kind, link, content) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_username("root").unwrap();
        header.set_groupname("root").unwrap();
        let old = header.as_old_mut();
        old.name[..name.len()].copy_from_slice(name.as_bytes());
        old.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        out.append(&header, *content).unwrap();
    }
    out.into_inner().unwrap()
}

pub(super) const CONTROL: &str =
    "Package: tools\nVersion: 1:2.5.11-1\nArchitecture: all\nMaintainer: A <a@b.org>\nDescription: tools\n more\n";
const ROOT: (&str, EntryType, &str, &[u8]) = ("./", EntryType::Directory, "", b"");

pub(super) fn control(files: &[(&str, &str)]) -> Vec<u8> {
    let mut entries = vec![ROOT];
    entries.extend(files.iter().map(|(name, text)| (*name, EntryType::Regular, "", text.as_bytes())));
    tar(&entries)
}

/// A package of these two archives, neither compressed.
pub(super) fn package(control: &[u8], data: &[u8]) -> Vec<u8> {
    archive(&[("debian-binary", b"2.0\n"), ("control.tar", control), ("data.tar", data)])
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn bz2(bytes: &[u8]) -> Vec<u8> {
    let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

pub(super) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut out = liblzma::write::XzEncoder::new(Vec::new(), 1);
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

fn lzma(bytes: &[u8]) -> Vec<u8> {
    use liblzma::stream::{LzmaOptions, Stream};
    let stream = Stream::new_lzma_encoder(&LzmaOptions::new_preset(1).unwrap()).unwrap();
    let mut out = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn data() -> Vec<u8> {
    tar(&[
        ROOT,
        ("./etc/", EntryType::Directory, "", b""),
        ("./etc/tools.conf", EntryType::Regular, "", b"a = 1\n"),
        ("./usr/bin/tools", EntryType::Regular, "", b"#!/bin/sh\n"),
        ("./usr/bin/again", EntryType::Link, "./usr/bin/tools", b""),
        ("./usr/bin/t", EntryType::Symlink, "tools", b""),
    ])
}

#[test]
fn every_compression_of_deb5_is_read() {
    let lists = [
        ("./control", CONTROL),
        ("./conffiles", "/etc/tools.conf\n"),
        ("./md5sums", "3e2b31c72181b87149ff995e7202c0e3  usr/bin/tools\n"),
        ("./postinst", "#!/bin/sh\n"),
    ];
    let (control, data) = (control(&lists), data());
    let mut found = Vec::new();
    let plain = <[u8]>::to_vec as fn(&[u8]) -> Vec<u8>;
    for (extension, pack) in [("", plain), (".gz", gz), (".bz2", bz2), (".xz", xz), (".zst", zst), (".lzma", lzma)] {
        let (control, data) = (pack(&control), pack(&data));
        let names = (format!("control.tar{extension}"), format!("data.tar{extension}/"));
        let bytes = archive(&[
            ("debian-binary/", b"2.0\n"),
            ("_more", b"passed over"),
            (&names.0, &control),
            (&names.1, &data),
            ("_gpgorigin", b"x"),
        ]);
        found.push(read(&bytes).unwrap_or_else(|error| panic!("{extension}: {error}")));
    }
    let package = &found[0];
    assert!(found.iter().all(|other| other == package));
    assert_eq!(package.format, PackageFormat::Deb);
    assert_eq!((package.name.as_str(), package.epoch.as_str(), package.version.as_str()), ("tools", "1", "2.5.11"));
    assert_eq!((package.revision.as_str(), package.arch.as_str()), ("1", "all"));
    assert_eq!((package.summary.as_str(), package.description.as_str()), ("tools", "more"));
    assert_eq!(package.file_name(), "tools_2.5.11-1_all.deb");
    assert_eq!(
        listing(package),
        [
            "644 root:root etc/",
            "644 root:root etc/tools.conf 6 CONF config",
            "644 root:root usr/bin/again 10 TOOL",
            "644 root:root usr/bin/t -> tools",
            "644 root:root usr/bin/tools 10 TOOL",
        ]
        .map(|line| line.replace("CONF", &sha(b"a = 1\n")).replace("TOOL", &sha(b"#!/bin/sh\n")))
    );
}

fn sha(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(&sha2::Sha256::digest(bytes)[..4])
}

#[test]
fn a_field_that_is_missing_or_wrong() {
    let with = |text: &str| refused(&package(&control(&[("./control", text)]), &data()));
    assert_eq!(with(&CONTROL.replace("Package: tools\n", "")), "it is malformed: its control file has no `Package`");
    for (from, to) in [("tools\n", "-o\n"), ("tools\n", "a b\n"), ("1:2.5", "x:2.5"), ("11-1", "11-"), ("all", "a/b")] {
        assert!(with(&CONTROL.replacen(from, to, 1)).contains("cannot be its"), "{to}");
    }
    let native = CONTROL.replace("1:2.5.11-1", "2.5.11");
    let native = read(&package(&control(&[("./control", &native)]), &data())).unwrap();
    assert_eq!(native.file_name(), "tools_2.5.11_all.deb");
    assert_eq!(refused(&package(&control(&[]), &data())), "it is malformed: it has no `control` file");
}

#[test]
fn lists_must_agree_with_the_files() {
    let with = |name: &str, text: &str| refused(&package(&control(&[("./control", CONTROL), (name, text)]), &data()));
    assert_eq!(
        with("./md5sums", "00000000000000000000000000000000  usr/bin/tools\n"),
        "its `md5sums` of `/usr/bin/tools` is wrong: it was damaged, or changed after it was built"
    );
    assert_eq!(
        with("./md5sums", "00000000000000000000000000000000  usr/bin/none\n"),
        "`/usr/bin/none`: `md5sums` names it, but it is no file of the package"
    );
    assert!(with("./conffiles", "/etc/none\n").contains("`conffiles` names it"));
    assert!(with("./conffiles", "/etc\n").contains("`conffiles` names it"));
}

/// The tree of a property test: what our own writer is given.
fn trees() -> impl Strategy<Value = Vec<(String, u8, Vec<u8>)>> {
    prop::collection::vec(
        ("(opt/)?[a-d]{1,2}(/[a-d .]{0,2}[a-d]){0,2}", 0..4_u8, prop::collection::vec(any::<u8>(), 0..300)),
        0..12,
    )
}

fn tree(entries: &[(String, u8, Vec<u8>)]) -> Tree {
    let mut tree = Tree::new(Spool::new().unwrap());
    for (path, what, content) in entries {
        let Ok(path) = TreePath::new(path) else { continue };
        let (kind, role) = match what {
            0 => (Kind::Dir, Role::Plain),
            1 => (Kind::Symlink { target: "over/there".to_owned() }, Role::Plain),
            2 => (tree.spool().append(&mut &content[..]).unwrap(), Role::Config { noreplace: true, missingok: false }),
            _ => (tree.spool().append(&mut &content[..]).unwrap(), Role::Plain),
        };
        let owner = Owner { user: "shop".to_owned(), group: "root".to_owned() };
        let mode = if kind == Kind::Dir { 0o2755 } else { 0o640 };
        // Two things of one path, and things below a file: not what this test is about.
        let _taken = tree.add(path, Entry { kind, mode, owner, mtime: 0, role, origin: "a test".into() });
    }
    tree
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_our_writer_writes_is_read(entries in trees(), gzip in any::<bool>()) {
        let tree = tree(&entries);
        let meta = crate::format::Meta {
            name: PackageName::new("shop").unwrap(),
            arch: ArchName::new("all").unwrap(),
            depends: vec!["a (>= 1)".to_owned(), "b | c".to_owned()],
            users: Vec::new(),
            units: Vec::new(),
            ..sample::meta()
        };
        let format = Deb { codec: if gzip { Codec::Gzip } else { Codec::Xz }, threads: 1 };
        let mut out = Cursor::new(Vec::new());
        if format.write(&tree, &meta, None, &mut out).is_err() {
            return Ok(());
        }
        let package = read(&out.into_inner()).unwrap();
        prop_assert_eq!(package.file_name(), format.file_name(&meta));
        prop_assert!(package.depends.ends_with(&["a (>= 1)".to_owned(), "b | c".to_owned()]));
        for (path, entry) in tree.iter() {
            let item = package.files.iter().find(|item| item.path == *path).unwrap();
            prop_assert_eq!((item.mode, &item.owner), (entry.mode, &entry.owner));
            prop_assert_eq!(item.config, matches!(entry.role, Role::Config { .. }));
            match (&entry.kind, &item.kind) {
                (Kind::File { sha256, size, .. }, ItemKind::File { sha256: read, size: length }) => {
                    prop_assert_eq!((sha256, size), (read, length));
                }
                (Kind::Dir, ItemKind::Dir) => {}
                (Kind::Symlink { target }, ItemKind::Symlink { target: read }) => prop_assert_eq!(target, read),
                (one, other) => prop_assert!(false, "{:?} became {:?}", one, other),
            }
        }
    }
}
