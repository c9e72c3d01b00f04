//! What the programs of others say of cabinets of ours.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use super::{PLAIN, good, noise, sample, tree, written};
use crate::format::cab::plan::Bounds;

/// What a program says; nothing where it is not installed, which is said.
fn said(program: &str, arguments: &[&str], folder: &Path) -> Option<String> {
    let out = Command::new(program).args(arguments).current_dir(folder).stdin(Stdio::null()).output();
    let Ok(out) = out else {
        eprintln!("skipped: {program} is not installed");
        return None;
    };
    let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{program}: {text}");
    Some(text)
}

/// Whether the files are there with their contents.
fn assert_there(folder: &Path, files: &[(&str, Vec<u8>)]) {
    for (path, bytes) in files {
        assert!(std::fs::read(folder.join(path)).unwrap() == *bytes, "{path}");
    }
}

/// A cabinet of many folders, blocks of every kind, and names beyond ASCII.
fn both(folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
    std::fs::write(folder.join("one.cab"), good(&sample())).unwrap();
    let mut files = sample();
    files.push(("z", [noise(3 * PLAIN), vec![0; 200_000], noise(PLAIN)].concat()));
    let bounds = Bounds { folder: 12 * PLAIN as u64, ..Bounds::default() };
    std::fs::write(folder.join("more.cab"), written(&tree(&files), 2, bounds).unwrap()).unwrap();
    files
}

#[test]
fn cabextract_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let files = both(folder.path());
    let Some(text) = said("cabextract", &["-t", "one.cab", "more.cab"], folder.path()) else { return };
    assert!(text.contains("All done, no errors"), "{text}");
    said("cabextract", &["-q", "-d", "out", "more.cab"], folder.path());
    assert_there(&folder.path().join("out"), &files);
}

#[test]
fn seven_zip_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let files = both(folder.path());
    // Debian's packages call it by either name.
    let program = if Command::new("7z").arg("i").output().is_ok() { "7z" } else { "7zz" };
    let Some(text) = said(program, &["t", "one.cab"], folder.path()) else { return };
    assert!(text.contains("Everything is Ok"), "{text}");
    said(program, &["x", "-y", "-oout", "more.cab"], folder.path());
    assert_there(&folder.path().join("out"), &files);
}

#[test]
fn gcab_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let files = both(folder.path());
    let Some(text) = said("gcab", &["-t", "more.cab"], folder.path()) else { return };
    assert_eq!(text.lines().count(), files.len(), "{text}");
    said("gcab", &["-x", "-C", ".", "more.cab"], folder.path());
    assert_there(folder.path(), &files);
}

#[test]
fn what_gcab_writes_is_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "text ".repeat(20_000)).unwrap();
    std::fs::write(folder.path().join("b.bin"), noise(70_000)).unwrap();
    for option in ["-z", "-n"] {
        if said("gcab", &["-c", option, "x.cab", "a.txt", "b.bin"], folder.path()).is_none() {
            return;
        }
        let (description, faults) = super::seen(&std::fs::read(folder.path().join("x.cab")).unwrap());
        assert_eq!(faults, Vec::<String>::new(), "{option}");
        let digests: Vec<_> = description.files.into_iter().map(|part| part.sha256.unwrap_or_default()).collect();
        let expected = ["a.txt", "b.bin"].map(|name| super::sha256(&std::fs::read(folder.path().join(name)).unwrap()));
        assert_eq!(digests, expected, "{option}");
    }
}
