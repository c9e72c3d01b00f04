//! The times of a package's files. What a container says depends on when its layers were made, so nothing of it is kept.
//!
//! Configuration has the package's time. All other files of a folder share one that only depends on what is in the folder: the next
//! package has the same bytes for a folder in which nothing changed, and need not compress them again; what goes by time and size (a
//! web server's ETag, rsync) sees every change; and no file of a folder is older than one beside it, which make(1) and caches would take
//! for a change.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::stage::{Entry, Kind, Role, TIME_OF_MODULES, Tree, TreePath};

/// 2000-01-01 and 2010-01-01, seconds since 1970 UTC: the times of folders lie between them. Not earlier: lintian and zip mind years
/// before 1984 and 1980.
const FIRST: i64 = 946_684_800;
const END: i64 = 1_262_304_000;

/// Gives every file its time. `epoch` is the package's, seconds since 1970 UTC.
pub(super) fn settle(tree: &mut Tree, epoch: i64) {
    let times = of_folders(tree);
    for (path, entry) in tree.iter_mut().filter(|(_, entry)| entry.mtime != TIME_OF_MODULES) {
        entry.mtime = match (&entry.role, &entry.kind) {
            (Role::Config { .. }, _) => epoch,
            (_, Kind::Dir) => times.get(path.as_str()).copied().unwrap_or(FIRST),
            _ => times.get(above(path)).copied().unwrap_or(FIRST),
        };
    }
}

/// The time of each folder with files of its own.
fn of_folders(tree: &Tree) -> BTreeMap<String, i64> {
    let mut sums: BTreeMap<String, Sha256> = BTreeMap::new();
    for (path, entry) in tree.iter() {
        if let Some(content) = content(entry) {
            let sum = sums.entry(above(path).to_owned()).or_default();
            sum.update(path.file_name());
            sum.update([0]);
            sum.update(content);
        }
    }
    let time = |sum: Sha256| {
        let [a, b, c, d, ..]: [u8; 32] = sum.finalize().into();
        FIRST + i64::from(u32::from_be_bytes([a, b, c, d])) % (END - FIRST)
    };
    sums.into_iter().map(|(folder, sum)| (folder, time(sum))).collect()
}

/// What a file is, for the time of its folder: the digest of its bytes, or its target.
fn content(entry: &Entry) -> Option<Vec<u8>> {
    match &entry.kind {
        Kind::File { sha256, .. } => Some(sha256.to_vec()),
        Kind::Symlink { target } => Some(format!("{target}\0").into_bytes()),
        Kind::Hardlink { target } => Some(format!("{target}\0").into_bytes()),
        Kind::Dir => None,
    }
}

/// The folder that something is in; empty at the top.
fn above(path: &TreePath) -> &str {
    path.as_str().rsplit_once('/').map_or("", |(above, _)| above)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Owner, Spool};

    const EPOCH: i64 = 1_700_000_000;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    fn tree(files: &[(&str, &[u8])]) -> Tree {
        let mut tree = Tree::new(Spool::new().unwrap());
        for folder in ["etc", "opt", "opt/a", "opt/b"] {
            let (owner, mtime) = (Owner::root(), 7);
            let dir = Entry { kind: Kind::Dir, mode: 0o755, owner, mtime, role: Role::Plain, origin: "test".into() };
            tree.add(path(folder), dir).unwrap();
        }
        for (name, bytes) in files {
            tree.add_bytes(path(name), bytes, 0o644, 2_000_000_000, Role::Plain, "test").unwrap();
        }
        settle(&mut tree, EPOCH);
        tree
    }

    fn time(tree: &Tree, of: &str) -> i64 {
        tree.get(&path(of)).unwrap().mtime
    }

    #[test]
    fn a_folder_s_time_depends_on_what_is_in_it() {
        let before = tree(&[("opt/a/x", b"1"), ("opt/a/y", b"2"), ("opt/b/x", b"1")]);
        let [x, y, folder, other] = ["opt/a/x", "opt/a/y", "opt/a", "opt/b/x"].map(|of| time(&before, of));
        assert!(x == y && x == folder && x != other);
        assert!((FIRST..END).contains(&x) && (FIRST..END).contains(&other));
        let after = tree(&[("opt/a/x", b"3"), ("opt/a/y", b"2"), ("opt/b/x", b"1")]);
        assert!(time(&after, "opt/a/y") != y && time(&after, "opt/b/x") == other);
        let more = tree(&[("opt/a/x", b"1"), ("opt/a/y", b"2"), ("opt/a/z", b""), ("opt/b/x", b"1")]);
        assert!(time(&more, "opt/a") != folder && time(&more, "opt/b") == time(&before, "opt/b"));
        assert_eq!(time(&before, "opt"), FIRST);
    }

    #[test]
    fn configuration_and_modules_have_times_of_their_own() {
        let mut tree = tree(&[]);
        let config = Role::Config { noreplace: true, missingok: false };
        tree.add_bytes(path("etc/x.conf"), b"", 0o644, 5, config, "test").unwrap();
        tree.add_bytes(path("opt/m.py"), b"", 0o644, TIME_OF_MODULES, Role::Plain, "test").unwrap();
        settle(&mut tree, EPOCH);
        assert_eq!((time(&tree, "etc/x.conf"), time(&tree, "opt/m.py")), (EPOCH, TIME_OF_MODULES));
    }
}
