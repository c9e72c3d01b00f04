//! The commit that is checked out and its trees: git gives the bytes, and every object is held against its name, which is the
//! digest of them. Git itself believes what a file in `objects` holds.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::{Seek as _, Write as _},
    os::unix::ffi::OsStrExt as _,
    path::{Component, Path},
};

use sha1::Digest as _;

use super::{error::WorktreeError, plain::broken, scratch::Scratch};
use crate::names::Commit;

/// The largest answer about trees of one depth, in bytes.
const LARGEST_ANSWER: u64 = 256 << 20;
/// Most files of a commit, and how deep its folders may be in each other.
const MOST_FILES: usize = 2_000_000;
const DEEPEST: usize = 400;

/// The mode of a folder and of a submodule in a tree.
const FOLDER: u32 = 0o40000;
/// The mode of a submodule.
pub const SUBMODULE: u32 = 0o160_000;

/// A file of a commit or of an index: its mode, and the name of its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// As git has it: 0o100644, 0o100755, 0o120000 of a link, 0o160000 of a submodule.
    pub mode: u32,
    /// The hash of its content, or the commit of a submodule.
    pub object: String,
}

/// Objects of a repository, held against their names.
#[derive(Debug, Clone, Copy)]
pub struct Objects<'s> {
    /// Where git is asked.
    pub scratch: &'s Scratch,
    /// The folder with `.git`.
    pub root: &'s Path,
}

impl Objects<'_> {
    /// The text of a commit.
    pub fn commit(&self, commit: &Commit) -> Result<Vec<u8>, WorktreeError> {
        let mut given = self.given("commit", &[commit.as_str()])?;
        given.pop().ok_or_else(|| broken(self.root, "has lost the commit that is checked out"))
    }

    /// Every file of a commit below a folder, with its path from the root; none where the commit has no such folder.
    pub fn files(&self, commit: &Commit, below: &Path) -> Result<BTreeMap<Vec<u8>, Blob>, WorktreeError> {
        let Some(tree) = self.tree(commit, below)? else { return Ok(BTreeMap::new()) };
        let names = below.components().filter_map(|part| match part {
            Component::Normal(name) => Some([name.as_bytes(), b"/"].concat()),
            _ => None,
        });
        self.all(tree, names.collect::<Vec<_>>().concat())
    }

    /// What a commit has of a path; `None` where it has nothing.
    pub fn file(&self, commit: &Commit, path: &Path) -> Result<Option<Blob>, WorktreeError> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
        let Some(tree) = self.tree(commit, folder)? else { return Ok(None) };
        let given = self.given("tree", &[&tree])?.pop().unwrap_or_default();
        Ok(self.entries(&tree, &given)?.into_iter().find(|(found, _)| *found == name.as_bytes()).map(|(_, blob)| blob))
    }

    /// The tree of a folder of a commit.
    fn tree(&self, commit: &Commit, folder: &Path) -> Result<Option<String>, WorktreeError> {
        let text = self.commit(commit)?;
        let tree = text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"tree "));
        let mut tree = String::from_utf8_lossy(tree.unwrap_or_default()).into_owned();
        for part in folder.components() {
            let Component::Normal(name) = part else { continue };
            let given = self.given("tree", &[&tree])?.pop().unwrap_or_default();
            let entries = self.entries(&tree, &given)?;
            let found = entries.into_iter().find(|(found, blob)| *found == name.as_bytes() && blob.mode == FOLDER);
            let Some((_, folder)) = found else { return Ok(None) };
            tree = folder.object;
        }
        Ok(Some(tree))
    }

    /// Every file of a tree, one depth after the other.
    fn all(&self, tree: String, prefix: Vec<u8>) -> Result<BTreeMap<Vec<u8>, Blob>, WorktreeError> {
        let (mut files, mut level, mut count) = (BTreeMap::new(), vec![(prefix, tree)], 0);
        for _ in 0..DEEPEST {
            if level.is_empty() {
                return Ok(files);
            }
            let names: Vec<&str> = level.iter().map(|(_, tree)| tree.as_str()).collect();
            let mut next = Vec::new();
            for (given, (prefix, tree)) in self.given("tree", &names)?.iter().zip(&level) {
                for (name, blob) in self.entries(tree, given)? {
                    count += 1;
                    if count > MOST_FILES {
                        return Err(broken(self.root, "has a commit of more files than are looked at"));
                    }
                    let path = [&prefix[..], &name].concat();
                    if blob.mode == FOLDER {
                        next.push(([&path[..], b"/"].concat(), blob.object));
                    } else {
                        files.insert(path, blob);
                    }
                }
            }
            level = next;
        }
        Err(broken(self.root, "has a commit whose folders are deeper than is looked at"))
    }

    /// The entries of a tree: `<mode> <name>NUL<hash>`, the hash as bytes.
    fn entries(&self, tree: &str, bytes: &[u8]) -> Result<Vec<(Vec<u8>, Blob)>, WorktreeError> {
        let (mut found, mut rest) = (Vec::new(), bytes);
        let read = |rest: &[u8]| {
            let space = rest.iter().position(|byte| *byte == b' ')?;
            let end = space + 1 + rest[space + 1..].iter().position(|byte| *byte == 0)?;
            let hash = rest.get(end + 1..end + 1 + tree.len() / 2)?;
            let mode = u32::from_str_radix(std::str::from_utf8(&rest[..space]).ok()?, 8).ok()?;
            let blob = Blob { mode, object: hex::encode(hash) };
            Some((rest[space + 1..end].to_vec(), blob, end + 1 + hash.len()))
        };
        while !rest.is_empty() {
            let (name, blob, used) =
                read(rest).filter(|(name, ..)| is_plain(name)).ok_or_else(|| self.unsound(tree))?;
            found.push((name, blob));
            rest = &rest[used..];
        }
        Ok(found)
    }

    /// The bytes of objects of one type, in the order of their names.
    fn given(&self, kind: &str, names: &[&str]) -> Result<Vec<Vec<u8>>, WorktreeError> {
        let mut list = tempfile::tempfile()?;
        list.write_all(names.join("\n").as_bytes())?;
        list.write_all(b"\n")?;
        list.rewind()?;
        let words = ["cat-file", "--batch"].map(OsStr::new);
        let answer = self.scratch.ask(self.root, &words, Some(list), LARGEST_ANSWER)?.good(self.root)?;
        let (mut found, mut rest) = (Vec::new(), answer.as_slice());
        for name in names {
            // `<name> <type> <size>LF<bytes>LF`, or `<name> missing`.
            let end = rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| self.unsound(name))?;
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            let size = head.strip_prefix(&format!("{name} {kind} ")).and_then(|size| size.parse::<usize>().ok());
            let Some(size) = size.filter(|size| size.checked_add(end + 2).is_some_and(|end| end <= rest.len())) else {
                let head: String = head.chars().filter(|c| !c.is_control()).take(200).collect();
                let reason = format!("it has no {kind} `{name}`: {head}");
                return Err(WorktreeError::Failed { root: self.root.to_owned(), reason });
            };
            let bytes = &rest[end + 1..end + 1 + size];
            if !is_named(kind, bytes, name) {
                return Err(self.unsound(name));
            }
            found.push(bytes.to_vec());
            rest = &rest[end + 2 + size..];
        }
        Ok(found)
    }

    fn unsound(&self, name: &str) -> WorktreeError {
        broken(self.root, &format!("has an object `{name}` that is not what its name says"))
    }
}

/// Whether bytes are the name of a file or a folder that a commit may hold (`verify_path` in git's read-cache.c): with any other,
/// a path leads out of the checkout or into its repository.
pub fn is_plain(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.eq_ignore_ascii_case(b".git") && !name.contains(&b'/')
}

/// Whether a name is the digest of an object: of `<type> <size>NUL<bytes>`.
pub fn is_named(kind: &str, bytes: &[u8], name: &str) -> bool {
    let head = format!("{kind} {}\0", bytes.len());
    let digest = if name.len() == 64 {
        hex::encode(sha2::Sha256::new().chain_update(&head).chain_update(bytes).finalize())
    } else {
        hex::encode(sha1::Sha1::new().chain_update(&head).chain_update(bytes).finalize())
    };
    digest == name
}

/// The time of a commit, in seconds since 1970 UTC: of its line `committer`.
pub fn time(commit: &[u8]) -> Option<&str> {
    let mut lines = commit.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
    let line = lines.find_map(|line| line.strip_prefix(b"committer "))?;
    let end = line.iter().rposition(|byte| *byte == b'>')?;
    std::str::from_utf8(&line[end + 1..]).ok()?.split_ascii_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_digests() {
        assert!(is_named("tree", b"", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"));
        assert!(is_named("tree", b"", "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"));
        assert!(!is_named("tree", b"x", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"));
        assert!(!is_named("commit", b"", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"));
    }

    #[test]
    fn times_of_commits() {
        let commit = |line: &str| format!("tree x\nauthor A <a> 1 +0000\n{line}\n\ncommitter B <b> 3 +0000\n");
        assert_eq!(time(commit("committer A > <a b> 1700000000 +0100").as_bytes()), Some("1700000000"));
        assert_eq!(time(commit("committer A").as_bytes()), None);
        assert_eq!(time(commit("encoding x").as_bytes()), None);
    }
}
