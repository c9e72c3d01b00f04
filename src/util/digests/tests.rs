//! What is remembered of files that change in every way that keeps something of them.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    time::{Duration, SystemTime},
};

use super::*;

/// A project with a state folder and one file that has settled.
fn project() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".factory")).unwrap();
    let file = folder.path().join("a.txt");
    fs::write(&file, "one").unwrap();
    settle(folder.path());
    (folder, file)
}

/// Waits until the file system's clock has moved on: what was written before is then older than what comes.
fn settle(folder: &Path) {
    let before = stamp(folder).unwrap();
    while stamp(folder).unwrap() == before {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What another run finds: the digest of the file as it is, and how much is remembered.
fn learn(folder: &Path, file: &Path) -> usize {
    let digests = Digests::for_project(folder);
    assert_eq!(digests.of_file(file).unwrap().0, Sha256::of(fs::read(file).unwrap()));
    digests.save().unwrap();
    kept::read(&fs::read(folder.join(".factory/stat")).unwrap_or_default()).len()
}

/// Puts a lie beside the file's true stat data: whoever trusts it gives the lie.
fn lie(folder: &Path, file: &Path) -> Sha256 {
    let path = folder.join(".factory/stat");
    let mut entries = kept::read(&fs::read(&path).unwrap());
    for entry in entries.values_mut() {
        entry.sha256 = [7; 32];
    }
    fs::write(&path, kept::text(&entries)).unwrap();
    assert!(file.exists());
    Sha256::from_digest([7; 32])
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    let (folder, file) = project();
    assert_eq!(learn(folder.path(), &file), 1);
    let lie = lie(folder.path(), &file);
    assert_eq!(Digests::for_project(folder.path()).of_file(&file).unwrap(), (lie, 3));
    // Who trusts nobody reads it, and the truth is kept.
    let paranoid = Digests::paranoid(folder.path());
    assert_eq!(paranoid.of_file(&file).unwrap().0, Sha256::of("one"));
    paranoid.save().unwrap();
    assert_eq!(Digests::for_project(folder.path()).of_file(&file).unwrap().0, Sha256::of("one"));
    assert_eq!(Digests::forgetful().of_file(&file).unwrap().0, Sha256::of("one"));
}

#[test]
fn every_change_is_seen_whatever_the_times_say() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 6] = [
        ("longer", |file| fs::write(file, "longer").unwrap()),
        ("the same size", |file| fs::write(file, "two").unwrap()),
        ("the same size and mtime", |file| {
            let before = fs::metadata(file).unwrap().modified().unwrap();
            fs::write(file, "two").unwrap();
            fs::File::options().append(true).open(file).unwrap().set_modified(before).unwrap();
        }),
        ("a file from a backup", |file| {
            let before = fs::metadata(file).unwrap().modified().unwrap();
            let other = file.with_extension("old");
            fs::write(&other, "old").unwrap();
            fs::File::options().append(true).open(&other).unwrap().set_modified(before).unwrap();
            fs::rename(&other, file).unwrap();
        }),
        ("a clock that was put back", |file| {
            fs::write(file, "two").unwrap();
            let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
            fs::File::options().append(true).open(file).unwrap().set_modified(long_ago).unwrap();
        }),
        ("another file of that name", |file| {
            fs::write(file.with_extension("new"), "two").unwrap();
            fs::remove_file(file).unwrap();
            std::os::unix::fs::symlink(file.with_extension("new"), file).unwrap();
        }),
    ];
    for (what, change) in changes {
        let (folder, file) = project();
        learn(folder.path(), &file);
        change(&file);
        let now = Sha256::of(fs::read(&file).unwrap());
        match Digests::for_project(folder.path()).of_file(&file) {
            Ok((sha256, _)) => assert_eq!(sha256, now, "{what}"),
            // What a link leads to is asked for by whoever may follow it.
            Err(error) => {
                assert!(file.is_symlink() && error.to_string().contains("a symbolic link"), "{what}: {error}");
            }
        }
    }
}

#[test]
fn what_may_still_change_unseen_is_not_remembered() {
    let (folder, file) = project();
    let digests = Digests::for_project(folder.path());
    // Written after the stamp: a second write could come within the same tick.
    fs::write(&file, "two").unwrap();
    digests.of_file(&file).unwrap();
    digests.save().unwrap();
    assert!(!folder.path().join(".factory/stat").exists());
    settle(folder.path());
    assert_eq!(learn(folder.path(), &file), 1, "later it is");
    // A time to come never gets older than the stamp.
    let to_come = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 365 * 1000);
    fs::File::options().append(true).open(&file).unwrap().set_modified(to_come).unwrap();
    settle(folder.path());
    assert_eq!(learn(folder.path(), &file), 1);
    let entry = kept::read(&fs::read(folder.path().join(".factory/stat")).unwrap()).into_values().next().unwrap();
    assert_ne!(entry.stat.modified.0, fs::metadata(&file).unwrap().mtime());
}

#[test]
fn nothing_is_made_where_nothing_was_built() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    fs::write(&file, "a").unwrap();
    let digests = Digests::for_project(folder.path());
    digests.of_file(&file).unwrap();
    digests.save().unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(digests.of_file(&folder.path().join("nothing")).is_err());
}

#[test]
fn a_copied_project_is_read_again_and_a_moved_one_is_not() {
    let (folder, file) = project();
    learn(folder.path(), &file);
    let lie = lie(folder.path(), &file);
    let beside = tempfile::tempdir().unwrap();
    let moved = beside.path().join("moved");
    let copied = beside.path().join("copied");
    for place in [".factory/stat", "a.txt"] {
        let to = copied.join(place);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(folder.path().join(place), to).unwrap();
    }
    assert_eq!(Digests::for_project(&copied).of_file(&copied.join("a.txt")).unwrap().0, Sha256::of("one"));
    fs::rename(folder.path(), &moved).unwrap();
    assert_eq!(Digests::for_project(&moved).of_file(&moved.join("a.txt")).unwrap().0, lie, "it was not read");
}
