//! What of a checkout differs from its commit. The commit's own trees are read and held against their names, and the index is
//! compared with them here; git compares the index with the files, with no filter, and looks into no other repository; then files in
//! Git LFS are compared as their pointers.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    io::{Seek as _, Write as _},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use fs_err as fs;

use super::{
    error::WorktreeError,
    index::{Index, Part},
    objects::{Objects, is_named},
    place::Place,
    plain,
    scratch::Scratch,
    submodules::{self, Submodule},
    untracked::{Ignoring, Walk},
};
use crate::{names::Commit, util::files::digest_of};

/// The largest answer of git about a checkout, in bytes.
const LARGEST_STATUS: u64 = 256 << 20;
/// The largest answer about pointers into Git LFS.
const LARGEST_POINTERS: u64 = 1 << 30;
/// How long a pointer is at most (the specification of Git LFS).
const LONGEST_POINTER: usize = 1024;

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Changed {
    /// Its path, from the root; of a folder that is in no commit at all with a slash at its end.
    pub path: PathBuf,
    /// Whether the commit, or what will be the next one, knows it.
    pub known: bool,
    /// Whether it is a file that is gone.
    pub removed: bool,
    /// What else is to be said of it.
    pub note: &'static str,
}

/// What differs from the commit in a part of a checkout.
pub fn of(
    part: &Part<'_>,
    place: &Place,
    scratch: &Scratch,
    head: Option<&Commit>,
) -> Result<Vec<Changed>, WorktreeError> {
    let index = Index::read(part.root, scratch)?;
    let walk = Walk::new(part, &index)?;
    let mut changed: BTreeSet<PathBuf> = walk.replaced.iter().filter(|path| part.counts(path)).cloned().collect();
    changed.extend(index.unmerged.iter().filter(|path| part.counts(path)).cloned());
    changed.extend(not_as_committed(part, scratch, head, &index)?);
    unhide(part.root, scratch, &index, &walk.replaced)?;
    changed.extend(not_as_indexed(part, scratch)?);
    let mut noted = BTreeMap::new();
    let there = |path: &Path| fs::symlink_metadata(part.root.join(path)).is_ok();
    let looked_at = |path: &PathBuf| part.counts(path) && (there(path) || !index.skipped.contains(path));
    for (path, blob) in index.submodules().filter(|(path, _)| looked_at(path)) {
        let note = match submodules::compare(place, path, &blob.object)? {
            Submodule::Same => continue,
            Submodule::Different => "",
            Submodule::Elsewhere => " (a submodule whose repository is elsewhere: not compared)",
        };
        noted.insert(path.clone(), note);
    }
    changed.extend(noted.keys().cloned());
    let known = changed.clone();
    changed.extend(walk.counts(&Ignoring { part, scratch, index: &index, head })?);
    let of = |path: PathBuf| {
        let (known, note) = (known.contains(&path), noted.get(&path).copied().unwrap_or_default());
        let removed = known && fs::symlink_metadata(part.root.join(&path)).is_err();
        Changed { path, known, removed, note }
    };
    Ok(changed.into_iter().map(of).collect())
}

/// What the index has otherwise than the commit.
fn not_as_committed(
    part: &Part<'_>,
    scratch: &Scratch,
    head: Option<&Commit>,
    index: &Index,
) -> Result<Vec<PathBuf>, WorktreeError> {
    let objects = Objects { scratch, root: part.root };
    let committed = head.map(|commit| objects.files(commit, part.below)).transpose()?.unwrap_or_default();
    let mut changed: Vec<PathBuf> = Vec::new();
    for (path, blob) in index.files.iter().filter(|(path, _)| part.counts(path)) {
        if committed.get(path.as_os_str().as_bytes()) != Some(blob) {
            changed.push(path.clone());
        }
    }
    let gone = committed.keys().map(|path| PathBuf::from(OsStr::from_bytes(path)));
    changed.extend(gone.filter(|path| part.counts(path) && !index.has(path)));
    Ok(changed)
}

/// What the files have otherwise than the index.
fn not_as_indexed(part: &Part<'_>, scratch: &Scratch) -> Result<Vec<PathBuf>, WorktreeError> {
    let words = ["status", "--porcelain=v2", "-z", "--no-renames", "--no-ahead-behind", "--ignore-submodules=all"];
    let words = words.iter().chain(&["--untracked-files=no", "--"]).map(OsString::from);
    let words: Vec<OsString> = words.chain([pathspec(part)]).collect();
    let words: Vec<&OsStr> = words.iter().map(OsString::as_os_str).collect();
    let listed = scratch.ask(part.root, &words, None, LARGEST_STATUS)?.good(part.root)?;
    let mut changed = Vec::new();
    let mut suspects = Vec::new();
    for line in listed.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        match Change::read(line).ok_or_else(|| WorktreeError::odd(part.root))? {
            Change { path, .. } if part.exempts(&path) => {}
            Change { path, object: Some(object) } => suspects.push((path, object)),
            Change { path, object: None } => changed.push(path),
        }
    }
    let pointers = pointers(part.root, suspects.iter().map(|(_, object)| object.as_str()), scratch)?;
    for (path, object) in suspects {
        let holds = match pointers.get(&object) {
            Some(pointer) => pointer.holds(&part.root.join(&path))?,
            None => false,
        };
        if !holds {
            changed.push(path);
        }
    }
    Ok(changed)
}

/// The part as git takes a path.
fn pathspec(part: &Part<'_>) -> OsString {
    if part.below.as_os_str().is_empty() {
        return OsString::from(".");
    }
    let mut text = OsString::from(":(top,literal)");
    text.push(part.below);
    text
}

/// One line of `git status --porcelain=v2`.
struct Change {
    path: PathBuf,
    /// What the index has, where only the content of a regular file differs from it.
    object: Option<String>,
}

impl Change {
    fn read(line: &[u8]) -> Option<Self> {
        let path = |bytes: &[u8]| PathBuf::from(OsStr::from_bytes(bytes));
        match line.first()? {
            b'?' => Some(Self { path: path(line.get(2..)?), object: None }),
            b'1' => {
                let words: Vec<&[u8]> = line.splitn(9, |byte| *byte == b' ').collect();
                let [_, states, _, _, index, worktree, _, object, name] = words.as_slice() else { return None };
                let content = *states == b".M" && index == worktree && index.starts_with(b"100");
                let object = content.then(|| String::from_utf8_lossy(object).into_owned());
                Some(Self { path: path(name), object })
            }
            b'u' => {
                let words: Vec<&[u8]> = line.splitn(11, |byte| *byte == b' ').collect();
                Some(Self { path: path(words.get(10)?), object: None })
            }
            _ => None,
        }
    }
}

/// Takes back what hides files from git in our copy of the index (`git update-index --assume-unchanged`, `--skip-worktree`
/// for a file that is there): what is built may be made of them. What git may not look into is hidden from it: submodules, and
/// folders in the place of files, which may be repositories.
fn unhide(root: &Path, scratch: &Scratch, index: &Index, replaced: &[PathBuf]) -> Result<(), WorktreeError> {
    let there = |path: &&PathBuf| fs::symlink_metadata(root.join(path)).is_ok();
    let hidden: BTreeSet<&PathBuf> = index.submodules().map(|(path, _)| path).chain(replaced).collect();
    let skipped = index.skipped.iter().filter(there).collect();
    for (word, paths) in [
        ("--no-assume-unchanged", index.assumed.iter().collect()),
        ("--no-skip-worktree", skipped),
        ("--assume-unchanged", hidden.into_iter().collect::<Vec<_>>()),
    ] {
        if !paths.is_empty() {
            let mut list = tempfile::tempfile()?;
            for path in paths {
                list.write_all(&[path.as_os_str().as_bytes(), b"\0"].concat())?;
            }
            list.rewind()?;
            let words = ["update-index", word, "-z", "--stdin"].map(OsStr::new);
            scratch.ask(root, &words, Some(list), LARGEST_STATUS)?.good(root)?;
        }
    }
    Ok(())
}

/// What the content of a file in Git LFS is.
struct Pointer {
    sha256: String,
    size: u64,
}

impl Pointer {
    fn read(text: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(text).ok()?.lines();
        let version = lines.next()?.strip_prefix("version ")?;
        let known = ["https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1"].contains(&version);
        let sha256 = lines.next()?.strip_prefix("oid sha256:")?.to_owned();
        let size = lines.next()?.strip_prefix("size ")?.parse().ok()?;
        (known && lines.next().is_none()).then_some(Self { sha256, size })
    }

    /// Whether a file is that content.
    fn holds(&self, path: &Path) -> Result<bool, WorktreeError> {
        let Some(mut file) = plain::open_unlinked(path)? else { return Ok(false) };
        if file.metadata()?.len() != self.size {
            return Ok(false);
        }
        let (sha256, size) = digest_of(&mut file)?;
        Ok(size == self.size && sha256.as_str() == self.sha256)
    }
}

/// Those of these objects that are pointers into Git LFS.
fn pointers<'o>(
    root: &Path,
    objects: impl Iterator<Item = &'o str>,
    scratch: &Scratch,
) -> Result<BTreeMap<String, Pointer>, WorktreeError> {
    let objects: Vec<&str> = objects.collect();
    if objects.is_empty() {
        return Ok(BTreeMap::new());
    }
    let list = |objects: &[&str]| {
        let mut list = tempfile::tempfile()?;
        list.write_all(objects.join("\n").as_bytes())?;
        list.write_all(b"\n")?;
        list.rewind()?;
        Ok::<_, std::io::Error>(list)
    };
    let ask = |word: &str, list| {
        let words = ["cat-file", word].map(OsStr::new);
        scratch.ask(root, &words, Some(list), LARGEST_POINTERS)?.good(root)
    };
    let sizes = ask("--batch-check=%(objectname) %(objectsize)", list(&objects)?)?;
    let sizes = String::from_utf8_lossy(&sizes).into_owned();
    let small = sizes.lines().filter_map(|line| line.split_once(' '));
    let small = small.filter(|(_, size)| size.parse::<usize>().is_ok_and(|size| size <= LONGEST_POINTER));
    let small: Vec<&str> = small.map(|(object, _)| object).collect();
    if small.is_empty() {
        return Ok(BTreeMap::new());
    }
    let given = ask("--batch", list(&small)?)?;
    let mut found = BTreeMap::new();
    let mut rest = given.as_slice();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        let words: Vec<&str> = head.split(' ').collect();
        let [object, "blob", size] = words.as_slice() else { break };
        let Some(size) = size.parse::<usize>().ok().filter(|size| rest.len() > end + 1 + size) else { break };
        let bytes = &rest[end + 1..end + 1 + size];
        if let Some(pointer) = Pointer::read(bytes).filter(|_| is_named("blob", bytes, object)) {
            found.insert((*object).to_owned(), pointer);
        }
        rest = &rest[end + 2 + size..];
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_read_whole() {
        let good = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12\n", "a".repeat(64));
        assert_eq!(Pointer::read(good.as_bytes()).unwrap().size, 12);
        for bad in ["", "version 1\n", &good.replace("size 12", "size x"), &(good.clone() + "more\n")] {
            assert!(Pointer::read(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn lines_of_status() {
        let hash = "1".repeat(40);
        let read = |line: &str| Change::read(line.as_bytes()).map(|change| (change.path, change.object.is_some()));
        let path = |text: &str| PathBuf::from(text);
        let line = |states: &str, mode: &str| format!("1 {states} N... 100644 100644 {mode} {hash} {hash} a b");
        assert_eq!(read(&line(".M", "100644")), Some((path("a b"), true)));
        assert_eq!(read(&line("MM", "100644")), Some((path("a b"), false)));
        assert_eq!(read(&line(".M", "100755")), Some((path("a b"), false)));
        assert_eq!(read("? new file"), Some((path("new file"), false)));
        assert_eq!(read("2 x"), None);
    }
}
