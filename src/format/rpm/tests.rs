//! The sample package before a reader that is not ours, and the same bytes whatever the threads and the order.

use std::{io::Cursor, path::Path, process::Command};

use super::{
    sample::{XZ, assert_payload, package, parsed},
    *,
};
use crate::stage::{Role, Spool, TreePath};

fn refused(rpm: Rpm, change: impl Fn(&mut Meta)) -> String {
    let mut meta = sample::meta();
    change(&mut meta);
    rpm.write(&sample::tree(), &meta, None, &mut Cursor::new(Vec::new())).unwrap_err().to_string()
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
fn the_projects_postinstall_comes_before_services_are_restarted() {
    // What is running is restarted when the old version goes, and that is after it.
    let package = parsed(&package(XZ, &sample::tree(), &sample::meta()));
    let post = package.metadata.get_post_install_script().unwrap().script;
    assert!(post.contains(": ready") && !post.contains("start "), "{post}");
    assert!(package.metadata.get_post_uninstall_script().unwrap().script.contains("restart"));
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
    let name = |version_epoch, version: &str| {
        XZ.file_name(&Meta { version_epoch, version: version.to_owned(), ..sample::meta() })
    };
    assert_eq!(name(0, "2.5.0~rc1"), "factory-sample-2.5.0~rc1-1.el7.noarch.rpm");
    assert_eq!(name(1, "2.5.11"), "factory-sample-2.5.11-1.el7.noarch.rpm");
}

#[test]
fn an_epoch_is_a_number_of_its_own() {
    let meta = Meta { version_epoch: 7, arch: crate::names::ArchName::new("x86_64").unwrap(), ..sample::meta() };
    let metadata = parsed(&package(XZ, &sample::tree(), &meta)).metadata;
    assert_eq!((metadata.get_epoch().unwrap(), metadata.get_version().unwrap()), (7, "2.5.11"));
    let provides: Vec<(String, String)> =
        metadata.get_provides().unwrap().into_iter().map(|it| (it.name, it.version)).collect();
    assert!(provides.contains(&("factory-sample(x86-64)".to_owned(), "7:2.5.11-1.el7".to_owned())), "{provides:?}");
    assert!(refused(XZ, |meta| meta.version = "1:2".to_owned()).starts_with("version `1:2` cannot be written"));
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
    let error = XZ.write(&tree, &sample::meta(), None, &mut Cursor::new(Vec::new())).unwrap_err();
    assert!(matches!(error, FormatError::Taken { .. }), "{error}");
}

#[test]
fn an_owner_that_is_none_is_refused() {
    for user in ["", "a\nb"] {
        let mut tree = sample::tree();
        tree.iter_mut().last().unwrap().1.owner.user = user.to_owned();
        let error = XZ.write(&tree, &sample::meta(), None, &mut Cursor::new(Vec::new())).unwrap_err();
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

/// A target that has had enough.
struct Stopped;
impl Write for Stopped {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("stopped"))
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
impl io::Seek for Stopped {
    fn seek(&mut self, _to: SeekFrom) -> io::Result<u64> {
        Ok(0)
    }
}

#[test]
fn a_target_can_stop_it_while_it_packs() {
    let (tree, meta) = (sample::tree(), sample::meta());
    let units = Commands::read(&tree, &meta).unwrap();
    let files = Files::from_tree(&tree, meta.epoch).unwrap();
    for codec in [Codec::Gzip, Codec::Xz, Codec::Zstd] {
        let rpm = Rpm { codec, ..XZ };
        let error = Payload::pack(rpm, &tree, &files, None, &mut Stopped).unwrap_err();
        assert_eq!(error.to_string(), "writing the package: stopped", "{codec:?}");
        assert!(rpm.write_files(&tree, &files, &units, &meta, None, &mut Stopped).is_err());
    }
}

/// What is written is the same wherever in a file it begins.
#[test]
fn a_package_may_begin_anywhere() {
    let mut out = Cursor::new(b"before".to_vec());
    out.set_position(6);
    XZ.write(&sample::tree(), &sample::meta(), None, &mut out).unwrap();
    assert!(out.into_inner()[6..] == package(XZ, &sample::tree(), &sample::meta()));
}

/// Sizes of 64 bits and an archive without names, on small files: rpm's own reader has to find all of them.
#[test]
fn rpm_reads_the_form_for_large_files() {
    let (tree, meta) = (sample::tree(), Meta { units: Vec::new(), ..sample::meta() });
    let units = Commands::read(&tree, &meta).unwrap();
    let mut files = Files::from_tree(&tree, meta.epoch).unwrap();
    files.are_large = true;
    let mut out = Cursor::new(Vec::new());
    XZ.write_files(&tree, &files, &units, &meta, None, &mut out).unwrap();
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
