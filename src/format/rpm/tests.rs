//! The sample package before a reader that is not ours, and the same bytes whatever the threads and the order.

use std::{collections::BTreeMap, io::Cursor, path::Path, process::Command};

use proptest::prelude::*;
use sha2::Sha256;

use super::*;
use crate::stage::{Entry, Kind, Owner, Role, Spool, TreePath};

const XZ: Rpm = Rpm { codec: Codec::Xz, threads: 2, weak: true, rich: true };

fn package(rpm: Rpm, tree: &Tree, meta: &Meta) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    rpm.write(tree, meta, &mut out).unwrap();
    out.into_inner()
}

fn parsed(bytes: &[u8]) -> rpm::Package {
    rpm::Package::parse(&mut &*bytes).unwrap()
}

fn refused(rpm: Rpm, change: impl Fn(&mut Meta)) -> String {
    let mut meta = sample::meta();
    change(&mut meta);
    rpm.write(&sample::tree(), &meta, &mut Cursor::new(Vec::new())).unwrap_err().to_string()
}

#[test]
fn the_scriptlets_of_the_sample() {
    let package = parsed(&package(XZ, &sample::tree(), &sample::meta()));
    let metadata = &package.metadata;
    for (name, script) in [
        ("pre", metadata.get_pre_install_script()),
        ("post", metadata.get_post_install_script()),
        ("preun", metadata.get_pre_uninstall_script()),
        ("postun", metadata.get_post_uninstall_script()),
    ] {
        let script = script.unwrap();
        assert_eq!(script.program.unwrap(), ["/bin/sh"]);
        insta::assert_snapshot!(name, script.script);
    }
}

#[test]
fn the_scriptlets_are_posix_shell() {
    let package = parsed(&package(XZ, &sample::tree(), &sample::meta()));
    let folder = tempfile::tempdir().unwrap();
    let scripts = [package.metadata.get_pre_install_script(), package.metadata.get_post_uninstall_script()];
    for script in scripts {
        let file = folder.path().join("script");
        fs_err::write(&file, format!("#!/bin/sh\n{}", script.unwrap().script)).unwrap();
        assert!(Command::new("sh").arg("-n").arg(&file).status().unwrap().success());
        match Command::new("checkbashisms").arg(&file).status() {
            Ok(status) => assert!(status.success()),
            Err(_) => eprintln!("skipped: checkbashisms is not installed"),
        }
    }
}

#[test]
fn a_package_without_work_has_no_scriptlets() {
    let meta =
        Meta { users: Vec::new(), units: Vec::new(), scripts: crate::names::Scripts::default(), ..sample::meta() };
    let package = parsed(&package(XZ, &sample::tree(), &meta));
    assert!(package.metadata.get_pre_install_script().is_err() && package.metadata.get_post_install_script().is_err());
    let names: Vec<String> = package.metadata.get_requires().unwrap().into_iter().map(|it| it.name).collect();
    assert!(!names.contains(&"/bin/sh".to_owned()), "{names:?}");
}

#[test]
fn a_package_without_files_is_one() {
    let tree = Tree::new(Spool::new().unwrap());
    let package = parsed(&package(XZ, &tree, &Meta { users: Vec::new(), units: Vec::new(), ..sample::meta() }));
    assert_eq!(package.files().unwrap().count(), 0);
    package.verify_digests().unwrap();
}

#[test]
fn the_file_is_named_as_rpmbuild_would() {
    let name = |version: &str| XZ.file_name(&Meta { version: version.to_owned(), ..sample::meta() });
    assert_eq!(name("2.5.0~rc1"), "factory-sample-2.5.0~rc1-1.el7.noarch.rpm");
    assert_eq!(name("1:2.5.11"), "factory-sample-2.5.11-1.el7.noarch.rpm");
}

#[test]
fn an_epoch_is_a_number_of_its_own() {
    let meta =
        Meta { version: "7:2.5.11".to_owned(), arch: crate::names::ArchName::new("x86_64").unwrap(), ..sample::meta() };
    let metadata = parsed(&package(XZ, &sample::tree(), &meta)).metadata;
    assert_eq!((metadata.get_epoch().unwrap(), metadata.get_version().unwrap()), (7, "2.5.11"));
    let provides: Vec<(String, String)> =
        metadata.get_provides().unwrap().into_iter().map(|it| (it.name, it.version)).collect();
    assert!(provides.contains(&("factory-sample(x86-64)".to_owned(), "7:2.5.11-1.el7".to_owned())), "{provides:?}");
    assert!(refused(XZ, |meta| meta.version = "+1:2".to_owned()).contains("its epoch is no number"));
    assert!(refused(XZ, |meta| meta.version = "2-1".to_owned()).starts_with("version `2-1` cannot be written"));
    assert!(refused(XZ, |meta| meta.revision = "1%{?dist}".to_owned()).starts_with("revision `1%{?dist}`"));
}

#[test]
fn an_old_rpm_gets_no_weak_and_no_rich_relations() {
    let meta = Meta {
        recommends: vec!["(a or b)".to_owned()],
        suggests: vec!["c".to_owned()],
        breaks: vec!["d < 2".to_owned()],
        ..sample::meta()
    };
    let new = parsed(&package(XZ, &sample::tree(), &meta)).metadata;
    assert_eq!((new.get_recommends().unwrap().len(), new.get_suggests().unwrap().len()), (1, 1));
    assert_eq!(new.get_conflicts().unwrap()[0].name, "d");
    let asks = |metadata: &rpm::PackageMetadata| {
        metadata.get_requires().unwrap().iter().any(|it| it.name == "rpmlib(RichDependencies)")
    };
    assert!(asks(&new));

    let el7 = Rpm { weak: false, rich: false, ..XZ };
    let old = parsed(&package(el7, &sample::tree(), &meta)).metadata;
    assert!(old.get_recommends().unwrap().is_empty() && old.get_suggests().unwrap().is_empty() && !asks(&old));
    let error = refused(el7, |meta| meta.depends.push("(a or b)".to_owned()));
    assert_eq!(
        error,
        "depends `(a or b)` cannot be written: the platform's rpm knows no rich dependencies (rpm 4.13 does)"
    );
    // What is not written has to be a relation all the same.
    assert!(refused(el7, |meta| meta.suggests.push("a, b".to_owned())).starts_with("suggests `a, b`"));
}

#[test]
fn what_a_field_cannot_hold_is_refused() {
    for (refused, field) in [
        (refused(XZ, |meta| meta.summary = "a\nb".to_owned()), "summary"),
        (refused(XZ, |meta| meta.description = "a\0b".to_owned()), "description"),
        (refused(XZ, |meta| meta.license = String::new()), "license"),
        (refused(XZ, |meta| meta.changelog[0].changes[0] = "a\n* b".to_owned()), "changelog.changes"),
        (refused(XZ, |meta| meta.users[0].home = "opt".to_owned()), "users.home"),
        (refused(XZ, |meta| meta.units[0].name = "other.service".to_owned()), "units"),
        (refused(XZ, |meta| meta.epoch = 1 << 33), "epoch"),
        (refused(XZ, |meta| meta.scripts.preinstall = "\0".to_owned()), "scripts"),
    ] {
        assert!(refused.starts_with(&format!("{field} `")), "{refused}");
    }
    assert_eq!(
        refused(XZ, |meta| meta.units[0].name = "other.service".to_owned()),
        "units `other.service` cannot be written: the package has no such file in usr/lib/systemd/system"
    );
}

#[test]
fn our_own_files_are_not_taken_over() {
    let mut tree = sample::tree();
    let path = TreePath::new("usr/lib/systemd/system-preset/80-factory-sample.preset").unwrap();
    tree.add_bytes(path, b"disable *\n", 0o644, 0, Role::Plain, "the container").unwrap();
    let error = XZ.write(&tree, &sample::meta(), &mut Cursor::new(Vec::new())).unwrap_err();
    assert!(matches!(error, FormatError::Taken { .. }), "{error}");
}

#[test]
fn an_owner_that_is_none_is_refused() {
    for user in ["", "a\nb"] {
        let mut tree = sample::tree();
        tree.iter_mut().last().unwrap().1.owner.user = user.to_owned();
        let error = XZ.write(&tree, &sample::meta(), &mut Cursor::new(Vec::new())).unwrap_err();
        assert!(error.to_string().starts_with("rpm cannot hold the owner `"), "{error}");
    }
}

#[test]
fn threads_do_not_change_the_bytes() {
    let mut tree = sample::tree();
    let noise: Vec<u8> =
        (0..100_000_u64).flat_map(|n| (n * n).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()).collect();
    tree.add_bytes(TreePath::new("opt/noise").unwrap(), &noise, 0o644, 0, Role::Plain, "a test").unwrap();
    for codec in [Codec::Gzip, Codec::Xz, Codec::Zstd] {
        let with = |threads| package(Rpm { codec, threads, ..XZ }, &tree, &sample::meta());
        let one = with(1);
        assert!([2, 3].into_iter().all(|threads| with(threads) == one), "{codec:?}");
        parsed(&one).verify_digests().unwrap();
    }
}

#[test]
fn every_codec_holds_the_same_archive() {
    let archive = |codec| {
        let bytes = package(Rpm { codec, ..XZ }, &sample::tree(), &sample::meta());
        let package = parsed(&bytes);
        let payload = &bytes[usize::try_from(package.metadata.get_package_segment_offsets().payload).unwrap()..];
        let mut plain = Vec::new();
        match codec {
            Codec::Gzip => io::Read::read_to_end(&mut flate2::read::GzDecoder::new(payload), &mut plain).unwrap(),
            Codec::Xz => io::Read::read_to_end(&mut liblzma::read::XzDecoder::new(payload), &mut plain).unwrap(),
            Codec::Zstd => io::Read::read_to_end(&mut zstd::Decoder::new(payload).unwrap(), &mut plain).unwrap(),
        };
        plain
    };
    let plain = archive(Codec::Gzip);
    assert!(archive(Codec::Xz) == plain && archive(Codec::Zstd) == plain);
    assert_eq!((plain.len() % 4, &plain[..6]), (0, &b"070701"[..]));
}

/// What is written is the same wherever in a file it begins.
#[test]
fn a_package_may_begin_anywhere() {
    let mut out = Cursor::new(b"before".to_vec());
    out.set_position(6);
    XZ.write(&sample::tree(), &sample::meta(), &mut out).unwrap();
    assert!(out.into_inner()[6..] == package(XZ, &sample::tree(), &sample::meta()));
}

/// Sizes of 64 bits and an archive without names, on small files: rpm's own reader has to find all of them.
#[test]
fn rpm_reads_the_form_for_large_files() {
    let (tree, meta) = (sample::tree(), Meta { units: Vec::new(), ..sample::meta() });
    let units = Commands::read(&tree, &meta).unwrap();
    let mut files = Files::of(&tree, meta.epoch).unwrap();
    files.are_large = true;
    let mut out = Cursor::new(Vec::new());
    XZ.write_files(&tree, &files, &units, &meta, &mut out).unwrap();
    let bytes = out.into_inner();

    let package = parsed(&bytes);
    assert!(package.metadata.get_requires().unwrap().iter().any(|it| it.name == "rpmlib(LargeFiles)"));
    assert_payload(&package, &tree);
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("large.rpm"), bytes).unwrap();
    match Command::new("rpm2archive").arg("large.rpm").current_dir(folder.path()).output() {
        Err(_) => eprintln!("skipped: rpm2archive is not installed"),
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let archive = fs_err::File::open(folder.path().join("large.rpm.tgz")).unwrap();
            let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
            assert_eq!(archive.entries().unwrap().count(), tree.len());
        }
    }
}

/// Every entry of the tree once, with its bytes at one of its names.
fn assert_payload(package: &rpm::Package, tree: &Tree) {
    let mut bytes_of: BTreeMap<TreePath, Vec<u8>> = BTreeMap::new();
    let mut count = 0;
    for file in package.files().unwrap() {
        let file = file.unwrap();
        let path = TreePath::new(file.metadata.path().to_str().unwrap()).unwrap();
        let entry = tree.get(&path).unwrap();
        let first = if let Kind::Hardlink { target } = &entry.kind { target.clone() } else { path };
        bytes_of.entry(first).or_default().extend(file.content().unwrap_or_default());
        count += 1;
    }
    assert_eq!(count, tree.len());
    for (path, bytes) in bytes_of {
        match &tree.get(&path).unwrap().kind {
            Kind::File { sha256, .. } => assert_eq!(Sha256::digest(&bytes)[..], sha256[..], "{path}"),
            Kind::Symlink { target } => assert_eq!(bytes, target.as_bytes()),
            _ => assert_eq!(bytes, b""),
        }
    }
}

fn assert_files(metadata: &rpm::PackageMetadata, tree: &Tree, epoch: i64) {
    let found = metadata.get_file_entries().unwrap();
    assert_eq!(found.len(), tree.len());
    let paths: Vec<String> = found.iter().map(|file| file.path().to_str().unwrap().to_owned()).collect();
    assert!(paths.is_sorted(), "rpm looks paths up by their bytes: {paths:?}");
    for file in found {
        let path = TreePath::new(file.path().to_str().unwrap()).unwrap();
        let own = tree.get(&path).unwrap();
        let entry = if let Kind::Hardlink { target } = &own.kind { tree.get(target).unwrap() } else { own };
        assert_eq!((file.user(), file.group()), (entry.owner.user.as_str(), entry.owner.group.as_str()));
        assert_eq!(i64::from(file.modified_at().0), entry.mtime.min(epoch).max(0));
        let (mode, size, link) = match &entry.kind {
            Kind::File { size, .. } => (entry.mode, *size, None),
            Kind::Symlink { target } => (0o777, target.len() as u64, Some(target.as_str())),
            _ => (entry.mode, 0, None),
        };
        assert_eq!((u32::from(file.permissions()), file.size() as u64), (mode, size), "{path}");
        assert_eq!(file.linkto().filter(|link| !link.is_empty()), link);
        let digest = if let Kind::File { sha256, .. } = &entry.kind { Some(hex::encode(sha256)) } else { None };
        assert_eq!(file.digest().map(|digest| digest.as_hex().to_owned()), digest);
        let flags = match own.role {
            Role::Config { .. } if own.kind == Kind::Dir => rpm::FileFlags::empty(),
            Role::Config { noreplace: false } => rpm::FileFlags::CONFIG,
            Role::Config { noreplace: true } => rpm::FileFlags::CONFIG | rpm::FileFlags::NOREPLACE,
            Role::Doc => rpm::FileFlags::DOC,
            Role::License => rpm::FileFlags::LICENSE,
            Role::Plain | Role::State => rpm::FileFlags::empty(),
        };
        assert_eq!(file.flags(), flags, "{path}");
    }
}

fn entries() -> impl Strategy<Value = Vec<(String, Entry, Option<Vec<u8>>, usize)>> {
    let owner = prop_oneof![Just("root"), Just("canopsis"), Just("a-name-of-more-than-thirty-one-letters")];
    let owner = (owner.clone(), owner).prop_map(|(user, group)| Owner { user: user.into(), group: group.into() });
    let role = prop_oneof![
        Just(Role::Plain),
        any::<bool>().prop_map(|noreplace| Role::Config { noreplace }),
        Just(Role::State),
        Just(Role::Doc),
        Just(Role::License)
    ];
    // Kinds: 0 a folder, 1 a symbolic link, 2 a hard link, the rest files.
    let kind = (0_usize..6, prop::collection::vec(any::<u8>(), 0..9), "[a-z/.]{1,9}");
    let entry = ("[ab./ é-]{1,5}(/[ab-]{1,3}){0,2}", 0_u32..0o10000, owner, any::<i32>(), role, kind);
    let entry = entry.prop_map(|(path, mode, owner, mtime, role, (kind, bytes, target))| {
        let (kind, bytes) = match kind {
            0 => (Kind::Dir, None),
            1 => (Kind::Symlink { target }, None),
            2 => (Kind::Dir, Some((2, bytes))),
            _ => (Kind::Dir, Some((3, bytes))),
        };
        let (is_link, bytes) = bytes.map_or((0, None), |(kind, bytes)| (usize::from(kind == 2), Some(bytes)));
        (path, Entry { kind, mode, owner, mtime: mtime.into(), role, origin: "a test".into() }, bytes, is_link)
    });
    prop::collection::vec(entry, 0..24)
}

/// A tree of what fits together among these.
fn tree(entries: Vec<(String, Entry, Option<Vec<u8>>, usize)>) -> Tree {
    let mut tree = Tree::new(Spool::new().unwrap());
    let mut file: Option<TreePath> = None;
    for (path, mut entry, bytes, is_link) in entries {
        let Ok(path) = TreePath::new(&path) else { continue };
        if tree.iter().any(|(other, _)| path.is_within(other) || other.is_within(&path)) {
            continue;
        }
        match (bytes, &file) {
            (Some(_), Some(target)) if is_link == 1 => entry.kind = Kind::Hardlink { target: target.clone() },
            (Some(bytes), _) => {
                entry.kind = tree.spool().append(&mut &*bytes).unwrap();
                file = Some(path.clone());
            }
            (None, _) => {}
        }
        tree.add(path, entry).unwrap();
    }
    tree.settle_links();
    tree
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_reader_finds_what_was_meant(entries in entries(), zstd in any::<bool>()) {
        let tree = tree(entries);
        let codec = if zstd { Codec::Zstd } else { Codec::Xz };
        let meta = Meta { users: Vec::new(), units: Vec::new(), ..sample::meta() };
        let package = parsed(&package(Rpm { codec, ..XZ }, &tree, &meta));
        package.verify_digests().unwrap();
        assert_files(&package.metadata, &tree, meta.epoch);
        assert_payload(&package, &tree);
        let sizes = tree.iter().map(|(_, entry)| match &entry.kind {
            Kind::File { size, .. } => *size,
            Kind::Symlink { target } => target.len() as u64,
            _ => 0,
        });
        prop_assert_eq!(package.metadata.get_installed_size().unwrap(), sizes.sum::<u64>());
    }

    #[test]
    fn relations_are_sorted_and_single(names in prop::collection::vec("[a-c]( (=|<|>=) [0-9](:[0-9])?)?", 0..8)) {
        let meta = Meta { depends: names.clone(), ..sample::meta() };
        let found = parsed(&package(XZ, &sample::tree(), &meta)).metadata.get_requires().unwrap();
        let shown: Vec<(String, String, u32)> =
            found.into_iter().map(|it| (it.name, it.version, it.flags.bits())).collect();
        prop_assert!(shown.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", shown);
        for name in names {
            let words: Vec<&str> = name.split(' ').collect();
            let version = words.get(2).copied().unwrap_or_default();
            prop_assert!(shown.iter().any(|(name, evr, _)| name == words[0] && evr == version));
        }
    }
}

/// Reads a scriptlet file the way rpm gives it to the shell, where nothing but its own words exist.
#[test]
fn scriptlets_succeed_without_systemd() {
    let package = parsed(&package(XZ, &sample::tree(), &sample::meta()));
    let folder = tempfile::tempdir().unwrap();
    let run = |script: &str, argument: &str| {
        let shell = Path::new("/bin/sh");
        let output = Command::new(shell)
            .args(["-c", script, "scriptlet", argument])
            .env("PATH", folder.path())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let metadata = &package.metadata;
    for script in
        [metadata.get_post_install_script(), metadata.get_pre_uninstall_script(), metadata.get_post_uninstall_script()]
    {
        let script = script.unwrap().script;
        for argument in ["0", "1", "2"] {
            assert_eq!(run(&script, argument), (Some(0), String::new()), "{script}");
        }
    }
    // Without accounts the files would be root's: better not to install.
    assert_ne!(run(&metadata.get_pre_install_script().unwrap().script, "1").0, Some(0));
}
