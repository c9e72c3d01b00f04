//! The sample package before Debian's own tools, and the same bytes whatever the order and the threads.

use std::{
    io::{Cursor, Read as _},
    path::{Path, PathBuf},
    process::Command,
};

use super::{super::Override, *};
use crate::stage::{Entry, Spool};

const XZ: Deb = Deb { codec: Codec::Xz, threads: 2 };

fn package(deb: Deb, tree: &Tree, meta: &Meta) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    deb.write(tree, meta, None, &mut out).unwrap();
    out.into_inner()
}

/// The sample as a file under its own name.
fn written(deb: Deb, meta: &Meta) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(deb.file_name(meta));
    fs_err::write(&file, package(deb, &sample::tree(), meta)).unwrap();
    (folder, file)
}

/// What a tool of Debian says on stdout; `None`, with a line on stderr, where it is not installed.
fn said(tool: &str, arguments: &[&str], folder: &Path) -> Option<String> {
    let output = match Command::new(tool).args(arguments).current_dir(folder).env("LC_ALL", "C.UTF-8").output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("skipped: {tool} is not installed");
            return None;
        }
        output => output.unwrap(),
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool} {arguments:?}: {errors}");
    assert_eq!(errors, "", "{tool} {arguments:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// A file of the control archive, or of the documents.
fn text_of(tree: &Tree, path: &str) -> String {
    let mut text = String::new();
    tree.open(tree.get(&TreePath::new(path).unwrap()).unwrap()).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_texts_of_the_sample() {
    let meta = sample::meta();
    let data = with_documents(&sample::tree(), &meta).unwrap();
    let control = control_tree(&data, &meta).unwrap();
    insta::assert_snapshot!("control", text_of(&control, "control"));
    insta::assert_snapshot!("conffiles", text_of(&control, "conffiles"));
    insta::assert_snapshot!("md5sums", text_of(&control, "md5sums"));
    insta::assert_snapshot!("copyright", text_of(&data, "usr/share/doc/factory-sample/copyright"));
}

#[test]
fn dpkg_reads_the_package() {
    for deb in [XZ, Deb { codec: Codec::Gzip, threads: 1 }] {
        let (folder, file) = written(deb, &sample::meta());
        let file = file.to_str().unwrap();
        let Some(name) = said("dpkg-deb", &["--field", file, "Package", "Version"], folder.path()) else { return };
        assert_eq!(name, "Package: factory-sample\nVersion: 2.5.11-1~deb12\n");
        let contents = said("dpkg-deb", &["--contents", file], folder.path()).unwrap();
        insta::assert_snapshot!("contents", contents);
        let info = said("dpkg-deb", &["--info", file], folder.path()).unwrap();
        assert!(info.contains("new Debian package, version 2.0."), "{info}");

        let root = folder.path().join("root");
        said("dpkg-deb", &["--raw-extract", file, "root"], folder.path());
        let sums = said("md5sum", &["--check", "--strict", "DEBIAN/md5sums"], &root).unwrap();
        assert_eq!(sums.lines().filter(|line| line.ends_with(": OK")).count(), 6);
        let start = fs_err::read_to_string(root.join("usr/lib/factory-sample/start")).unwrap();
        assert!(start.starts_with("#!/bin/sh"));
    }
}

#[test]
fn dpkg_reads_the_changelog() {
    let meta = sample::meta();
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("changelog"), changelog::changelog(&meta).unwrap()).unwrap();
    let arguments = ["-l", "changelog", "--show-field", "Version"];
    let Some(version) = said("dpkg-parsechangelog", &arguments, folder.path()) else { return };
    assert_eq!(version, "2.5.11-1~deb12\n");
}

#[test]
fn the_scripts_are_posix_shell() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in scripts::scripts(&sample::tree(), &sample::meta()).unwrap() {
        fs_err::write(folder.path().join(name), &text).unwrap();
        said("sh", &["-n", name], folder.path());
        said("checkbashisms", &[name], folder.path());
    }
}

/// What lintian says of a sample, with what it is right to say of it: the beginning of a line, and why.
const EXPLAINED: [(&str, &str); 1] = [(
    "I: factory-sample: package-supports-alternative-init-but-no-init.d-script ",
    "a package with units has no script for another init on top; the field stopped writing those",
)];

fn unexplained(deb: &str, folder: &Path) -> Option<Vec<String>> {
    let arguments = ["--no-cfg", "--allow-root", "--display-info", "--pedantic", "--fail-on", "none", deb];
    let found = said("lintian", &arguments, folder)?;
    let is_explained = |line: &str| EXPLAINED.iter().any(|(beginning, _)| line.starts_with(beginning));
    Some(found.lines().filter(|line| !is_explained(line)).map(str::to_owned).collect())
}

#[test]
fn lintian_finds_nothing() {
    let (folder, file) = written(XZ, &sample::meta());
    let Some(found) = unexplained(file.to_str().unwrap(), folder.path()) else { return };
    assert_eq!(found, [""; 0]);
}

#[test]
fn lintian_takes_the_overrides() {
    let reason = "Add-on packages live there, and this one does.".to_owned();
    let overrides = vec![Override { tag: "dir-or-file-in-opt *".to_owned(), reason }];
    let meta = Meta { overrides, ..sample::meta() };
    let mut tree = sample::tree();
    let path = TreePath::new("opt/sample/x").unwrap();
    tree.add_bytes(path, b"x", 0o644, sample::EPOCH, Role::Plain, "a test").unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("x.deb"), package(XZ, &tree, &meta)).unwrap();
    let Some(found) = unexplained("x.deb", folder.path()) else { return };
    assert_eq!(found, [""; 0]);
}

#[test]
fn order_and_threads_do_not_change_the_bytes() {
    let meta = sample::meta();
    let first = package(XZ, &sample::tree(), &meta);
    let (files, others) = (sample::files(), sample::others());
    let count = files.len() + others.len();
    // Every rotation, forwards and backwards: each entry comes first, last and before each other one.
    for turn in 0..count * 2 {
        let mut tree = Tree::new(Spool::new().unwrap());
        for step in 0..count {
            let at = if turn < count { (step + turn) % count } else { (2 * count - step - turn % count - 1) % count };
            if let Some((path, text, mode, role)) = files.get(at) {
                let bytes = text.as_bytes();
                tree.add_bytes(path.clone(), bytes, *mode, sample::EPOCH + 5, *role, "elsewhere").unwrap();
            } else {
                let (path, entry) = others[at - files.len()].clone();
                tree.add(path, Entry { origin: "elsewhere".into(), ..entry }).unwrap();
            }
        }
        let threads = u32::try_from(turn % 4 + 1).unwrap();
        assert!(package(Deb { threads, ..XZ }, &tree, &meta) == first, "turn {turn}");
    }
}

#[test]
fn the_file_is_named_as_dpkg_would() {
    let name = |version_epoch| XZ.file_name(&Meta { version_epoch, ..sample::meta() });
    assert_eq!(name(0), "factory-sample_2.5.11-1~deb12_all.deb");
    assert_eq!(name(1), "factory-sample_2.5.11-1~deb12_all.deb");
}

#[test]
fn our_own_files_are_not_taken_over() {
    let meta = sample::meta();
    let mut tree = sample::tree();
    let path = TreePath::new("usr/share/doc/factory-sample/copyright").unwrap();
    let same = copyright::copyright(&meta).unwrap();
    tree.add_bytes(path.clone(), same.as_bytes(), 0o644, 0, Role::Plain, "the container").unwrap();
    assert!(with_documents(&tree, &meta).is_ok());
    tree.remove(&path);
    tree.add_bytes(path, b"other", 0o644, 0, Role::Plain, "the container").unwrap();
    let error = with_documents(&tree, &meta).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`/usr/share/doc/factory-sample/copyright` (from the container) is a file that factory writes itself: leave it \
         out of the package's contents"
    );
}

#[test]
fn a_tree_that_cannot_be_is_refused() {
    let mut tree = sample::tree();
    tree.add_bytes(TreePath::new("usr/share/doc").unwrap(), b"", 0o644, 0, Role::Plain, "a test").unwrap();
    assert!(with_documents(&tree, &sample::meta()).unwrap_err().to_string().contains("is not a folder"));
}
