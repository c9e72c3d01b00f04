//! What of a checkout differs from its commit: git compares, with no filter; then files in Git LFS count as their pointers.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io::{Seek as _, Write as _},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use fs_err as fs;

use super::{error::WorktreeError, plain, scratch::Scratch};
use crate::util::files::digest_of;

/// The largest answer of git about a checkout, in bytes.
const LARGEST_STATUS: u64 = 256 << 20;
/// The largest answer about pointers into Git LFS.
const LARGEST_POINTERS: u64 = 1 << 30;
/// How long a pointer is at most (the specification of Git LFS).
const LONGEST_POINTER: usize = 1024;

/// The checkout and the part of it that is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Part<'p> {
    /// The folder with `.git`.
    pub root: &'p Path,
    /// The part, below `root`; empty for all of it.
    pub below: &'p Path,
    /// Paths below the part that do not count.
    pub except: &'p [String],
    /// Whether files that no commit knows count.
    pub untracked: bool,
}

/// Something that differs from the commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Changed {
    /// Where, from the checkout's root; a folder of which no commit knows anything ends with `/`.
    pub path: PathBuf,
    /// Whether the commit, or what will be the next one, knows it.
    pub known: bool,
    /// Whether it is a file that is gone.
    pub removed: bool,
}

/// What differs from the commit, in the order of paths.
pub fn of(part: &Part<'_>, scratch: &Scratch) -> Result<Vec<Changed>, WorktreeError> {
    readable(part)?;
    unhide(part, scratch)?;
    let untracked = if part.untracked { "--untracked-files=normal" } else { "--untracked-files=no" };
    // A submodule is not entered: what counts is which commit it is at.
    let words = ["status", "--porcelain=v2", "-z", "--no-renames", "--no-ahead-behind", "--ignore-submodules=dirty"];
    let words: Vec<OsString> = words.iter().chain(&[untracked, "--"]).map(OsString::from).chain(paths(part)).collect();
    let words: Vec<&OsStr> = words.iter().map(OsString::as_os_str).collect();
    let listed = scratch.ask(part.root, &words, None, LARGEST_STATUS)?.good(part.root)?;
    let mut changed = Vec::new();
    let mut suspects = Vec::new();
    for line in listed.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        match Change::read(line) {
            Some(Change { path, object: Some(object) }) => suspects.push((path, object)),
            Some(Change { path, object: None }) => changed.push(Changed {
                path,
                known: !line.starts_with(b"?"),
                removed: line.get(2..4).is_some_and(|states| line.starts_with(b"1") && states.contains(&b'D')),
            }),
            None => {
                let reason = "it gave a line of another form".to_owned();
                return Err(WorktreeError::Failed { root: part.root.to_owned(), reason });
            }
        }
    }
    let pointers = pointers(part.root, suspects.iter().map(|(_, object)| object.as_str()), scratch)?;
    for (path, object) in suspects {
        let holds = match pointers.get(&object) {
            Some(pointer) => pointer.holds(&part.root.join(&path))?,
            None => false,
        };
        if !holds {
            changed.push(Changed { path, known: true, removed: false });
        }
    }
    changed.sort();
    Ok(changed)
}

/// The part as git takes paths.
fn paths(part: &Part<'_>) -> Vec<OsString> {
    let of = |magic: &str, path: &Path| {
        let mut text = OsString::from(format!(":({magic})"));
        text.push(path);
        text
    };
    let whole = part.below.as_os_str().is_empty();
    let first = if whole { OsString::from(".") } else { of("top,literal", part.below) };
    let except = part.except.iter().map(|path| of("top,literal,exclude", &part.below.join(path)));
    std::iter::once(first).chain(except).collect()
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
/// for a file that is there): what is built may be made of them.
fn unhide(part: &Part<'_>, scratch: &Scratch) -> Result<(), WorktreeError> {
    let ask = |words: &[OsString], stdin| {
        let words: Vec<&OsStr> = words.iter().map(OsString::as_os_str).collect();
        scratch.ask(part.root, &words, stdin, LARGEST_STATUS)?.good(part.root)
    };
    let words = ["ls-files", "-z", "-v", "--full-name", "--"].iter().map(OsString::from);
    let listed = ask(&words.chain(paths(part)).collect::<Vec<_>>(), None)?;
    let (mut assumed, mut skipped) = (Vec::new(), Vec::new());
    for entry in listed.split(|byte| *byte == 0).filter(|entry| entry.len() > 2) {
        let (state, path) = (entry[0], &entry[2..]);
        let there = || fs::symlink_metadata(part.root.join(OsStr::from_bytes(path))).is_ok();
        if state.is_ascii_lowercase() {
            assumed.extend([path, b"\0"].concat());
        }
        if state.eq_ignore_ascii_case(&b'S') && there() {
            skipped.extend([path, b"\0"].concat());
        }
    }
    for (word, paths) in [("--no-assume-unchanged", assumed), ("--no-skip-worktree", skipped)] {
        if !paths.is_empty() {
            let mut list = tempfile::tempfile()?;
            list.write_all(&paths)?;
            list.rewind()?;
            ask(&["update-index", word, "-z", "--stdin"].map(OsString::from), Some(list))?;
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
        if let Some(pointer) = Pointer::read(&rest[end + 1..end + 1 + size]) {
            found.insert((*object).to_owned(), pointer);
        }
        rest = &rest[end + 2 + size..];
    }
    Ok(found)
}

/// Holds everything that git itself reads in a part of a checkout to be a file or a folder: it waits for a pipe.
fn readable(part: &Part<'_>) -> Result<(), WorktreeError> {
    let place = part.root.join(part.below);
    for folder in place.ancestors().take_while(|folder| folder.starts_with(part.root)) {
        for name in READ {
            check(&folder.join(name))?;
        }
    }
    let mut waiting = vec![place];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let (name, kind) = (entry.file_name(), entry.file_type()?);
            if READ.iter().any(|read| name == *read) {
                check(&entry.path())?;
            } else if kind.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    Ok(())
}

/// What git reads wherever it is; in a repository in this one, its `HEAD`, too.
const READ: [&str; 3] = [".gitattributes", ".gitignore", ".git"];

fn check(path: &Path) -> Result<(), WorktreeError> {
    for path in [path, &path.join("HEAD")] {
        match fs::metadata(path) {
            Ok(meta) if meta.is_file() || meta.is_dir() => {}
            Ok(_) => return Err(WorktreeError::Special { path: path.to_owned() }),
            // What is not there, or leads nowhere, is not read.
            Err(_) => {}
        }
    }
    Ok(())
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
