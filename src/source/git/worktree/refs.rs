//! What `HEAD` and the tags of a repository are, read from its files.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    os::unix::{ffi::OsStrExt as _, ffi::OsStringExt as _},
    path::Path,
};

use fs_err as fs;

use super::{
    error::WorktreeError,
    place::{LONGEST_LINE, Place, trimmed},
    plain::{self, broken, is_missing},
};
use crate::names::Commit;

/// The largest `packed-refs`, in bytes; a million references take 64 MiB.
const LARGEST_PACK: u64 = 256 << 20;
/// Most references in files of their own in one folder, and how deep their names may go.
const MOST_LOOSE: usize = 100_000;
const DEEPEST: usize = 100;
/// How many references may lead to each other.
const LONGEST_WAY: usize = 5;

/// References that a linked worktree has for itself.
const PRIVATE: [&[u8]; 3] = [b"refs/bisect/", b"refs/worktree/", b"refs/rewritten/"];

/// What is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// A commit.
    Commit(Commit),
    /// A branch that has no commit yet.
    Unborn,
}

/// What `HEAD` is.
pub fn head(place: &Place) -> Result<Head, WorktreeError> {
    let file = place.private.join("HEAD");
    let mut value = value(&file)?.ok_or_else(|| broken(&file, "is missing"))?;
    let packed = packed(place)?;
    for _ in 0..LONGEST_WAY {
        let name = match value {
            Value::Hash(commit) => return Ok(Head::Commit(commit)),
            Value::Name(name) => name,
        };
        let own = PRIVATE.iter().any(|prefix| name.starts_with(prefix));
        let folder = if own { &place.private } else { &place.common };
        value = match self::value(&folder.join(OsStr::from_bytes(&name)))? {
            Some(value) => value,
            None => match packed.get(&name) {
                Some(commit) => return Ok(Head::Commit(commit.clone())),
                None => return Ok(Head::Unborn),
            },
        };
    }
    Err(broken(&file, "leads from reference to reference without end"))
}

/// Every tag with its object.
pub fn tags(place: &Place) -> Result<BTreeMap<Vec<u8>, Commit>, WorktreeError> {
    below(place, b"refs/tags/")
}

/// Every reference with its object, but for those that replace objects.
pub fn all(place: &Place) -> Result<BTreeMap<Vec<u8>, Commit>, WorktreeError> {
    let mut found = below(place, b"refs/")?;
    found.retain(|name, _| is_name(name) && !name.starts_with(b"refs/replace/"));
    Ok(found)
}

fn below(place: &Place, prefix: &[u8]) -> Result<BTreeMap<Vec<u8>, Commit>, WorktreeError> {
    let mut found = packed(place)?;
    found.retain(|name, _| name.starts_with(prefix));
    let folder = place.common.join(OsStr::from_bytes(prefix));
    loose(&folder, prefix, 0, &mut found)?;
    Ok(found)
}

/// What `HEAD` says, as git writes it: the name of a branch, or a commit.
pub fn head_line(place: &Place) -> Result<Vec<u8>, WorktreeError> {
    let file = place.private.join("HEAD");
    Ok(match value(&file)?.ok_or_else(|| broken(&file, "is missing"))? {
        Value::Hash(commit) => format!("{commit}\n").into_bytes(),
        Value::Name(name) => [b"ref: ", &name[..], b"\n"].concat(),
    })
}

/// What a file of a reference says.
enum Value {
    Hash(Commit),
    Name(Vec<u8>),
}

/// What a reference's own file says; `None` where there is none.
fn value(file: &Path) -> Result<Option<Value>, WorktreeError> {
    // As git once wrote `HEAD`: a link whose target is the name.
    if let Ok(target) = fs::read_link(file) {
        let target = target.into_os_string().into_vec();
        if is_name(&target) {
            return Ok(Some(Value::Name(target)));
        }
    }
    let Some(bytes) = plain::read(file, LONGEST_LINE)? else { return Ok(None) };
    let line = trimmed(&bytes);
    let name = line.strip_prefix(b"ref:").map(<[u8]>::trim_ascii);
    match (name, hash(line)) {
        (Some(name), _) if is_name(name) => Ok(Some(Value::Name(name.to_owned()))),
        (None, Some(commit)) => Ok(Some(Value::Hash(commit))),
        _ => Err(broken(file, "holds no reference")),
    }
}

fn hash(text: &[u8]) -> Option<Commit> {
    Commit::new(std::str::from_utf8(text.trim_ascii()).ok()?).ok()
}

/// Whether a name is one that git would make (git-check-ref-format(1)), so that it leads nowhere else as a path.
fn is_name(name: &[u8]) -> bool {
    let part = |part: &[u8]| !part.is_empty() && !part.starts_with(b".") && !part.ends_with(b".lock");
    let other = |byte: &u8| byte.is_ascii_control() || b" ~^:?*[\\".contains(byte);
    name.starts_with(b"refs/")
        && name.split(|byte| *byte == b'/').all(part)
        && !name.windows(2).any(|pair| pair == b".." || pair == b"@{")
        && !name.iter().any(other)
}

/// `packed-refs`: `<hash> <name>` line by line, `^<hash>` after an annotated tag.
fn packed(place: &Place) -> Result<BTreeMap<Vec<u8>, Commit>, WorktreeError> {
    let file = place.common.join("packed-refs");
    let bytes = plain::read(&file, LARGEST_PACK)?.unwrap_or_default();
    let mut found = BTreeMap::new();
    for line in bytes.split(|byte| *byte == b'\n').map(trimmed) {
        if line.is_empty() || line.starts_with(b"#") || line.starts_with(b"^") {
            continue;
        }
        let mut parts = line.splitn(2, |byte| *byte == b' ');
        match (parts.next().and_then(hash), parts.next()) {
            (Some(commit), Some(name)) => found.insert(name.to_owned(), commit),
            _ => return Err(broken(&file, "holds a line that is no reference")),
        };
    }
    Ok(found)
}

/// The references in files of their own below a folder.
fn loose(
    folder: &Path,
    prefix: &[u8],
    deep: usize,
    found: &mut BTreeMap<Vec<u8>, Commit>,
) -> Result<(), WorktreeError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_missing(&error) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for (count, entry) in entries.enumerate() {
        let entry = entry?;
        if count >= MOST_LOOSE || deep > DEEPEST {
            return Err(broken(folder, "holds more references than are read"));
        }
        let name = [prefix, entry.file_name().as_bytes()].concat();
        // A lock, or what an editor left: git takes it for no reference, either.
        if !is_name(&name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            loose(&entry.path(), &[&name, &b"/"[..]].concat(), deep + 1, found)?;
        } else if let Some(Value::Hash(commit)) = value(&entry.path())? {
            found.insert(name, commit);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        for good in ["refs/heads/main", "refs/heads/a/b", "refs/heads/été", "refs/heads/$x"] {
            assert!(is_name(good.as_bytes()), "{good}");
        }
        for bad in
            ["main", "/etc/shadow", "refs/../x", "refs/heads/..", "refs//x", "refs/a.lock", "refs/a b", "refs/.x"]
        {
            assert!(!is_name(bad.as_bytes()), "{bad}");
        }
    }
}
