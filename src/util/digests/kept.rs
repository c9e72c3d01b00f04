//! The form in which digests are kept: one line a file, and the digest of all lines at the end. Whatever is not so, whole, is
//! no memory at all.
//!
//! ```text
//! factory stat 1
//! <sha256> <size> <mtime s> <mtime ns> <ctime s> <ctime ns> <device> <inode> <unseen> <path>
//! <sha256 of the lines before>
//! ```

use std::{
    collections::HashMap,
    io::{self, Read as _},
    path::Path,
};

use fs_err as fs;

use super::{Entry, Stat};
use crate::{names::Sha256, util::files::write_whole};

const FIRST: &str = "factory stat 1\n";

/// Most files that are remembered, and the largest memory that is read, in bytes.
const MOST: usize = 200_000;
const LARGEST: u64 = 64 << 20;

/// After so many runs that learnt something, a file that nobody asked for is forgotten.
const PATIENCE: u8 = 32;

/// What was kept; nothing where it is missing, damaged, or of another version.
pub(super) fn read(path: &Path) -> HashMap<Box<str>, Entry> {
    text(path).and_then(|text| entries(&text)).unwrap_or_default()
}

fn text(path: &Path) -> Option<String> {
    let file = fs::File::open(path).ok()?;
    let mut text = String::new();
    let read = file.take(LARGEST + 1).read_to_string(&mut text).ok()?;
    (read as u64 <= LARGEST).then_some(text)
}

fn entries(text: &str) -> Option<HashMap<Box<str>, Entry>> {
    let (lines, end) = text.strip_suffix('\n')?.rsplit_once('\n')?;
    let lines = &text[..=lines.len()];
    if Sha256::of(lines).as_str() != end {
        return None;
    }
    lines.strip_prefix(FIRST)?.lines().map(entry).collect()
}

fn entry(line: &str) -> Option<(Box<str>, Entry)> {
    let mut words = line.splitn(10, ' ');
    let mut sha256 = [0; 32];
    hex::decode_to_slice(words.next()?, &mut sha256).ok()?;
    let stat = Stat {
        size: words.next()?.parse().ok()?,
        modified: (words.next()?.parse().ok()?, words.next()?.parse().ok()?),
        changed: (words.next()?.parse().ok()?, words.next()?.parse().ok()?),
        device: words.next()?.parse().ok()?,
        inode: words.next()?.parse().ok()?,
    };
    let unseen: u8 = words.next()?.parse().ok()?;
    // Seen again when it is asked for.
    Some((words.next()?.into(), Entry { stat, sha256, unseen: unseen.saturating_add(1) }))
}

/// Writes it, whole or not at all: those that were asked for lately, at most [`MOST`].
///
/// # Errors
/// When the disk is full.
pub(super) fn write(path: &Path, entries: &HashMap<Box<str>, Entry>) -> io::Result<()> {
    let mut kept: Vec<(&str, &Entry)> = entries.iter().map(|(name, entry)| (&**name, entry)).collect();
    kept.retain(|(_, entry)| entry.unseen <= PATIENCE);
    kept.sort_by_key(|(name, entry)| (entry.unseen, *name));
    kept.truncate(MOST);
    kept.sort_by_key(|(name, _)| *name);
    let mut text = FIRST.to_owned();
    for (name, entry) in kept {
        text.push_str(&line(name, entry));
    }
    let end = Sha256::of(&text);
    text.push_str(end.as_str());
    text.push('\n');
    write_whole(path, text.as_bytes())
}

fn line(name: &str, entry: &Entry) -> String {
    let Entry { stat: Stat { size, modified, changed, device, inode }, sha256, unseen } = entry;
    format!(
        "{} {size} {} {} {} {} {device} {inode} {unseen} {name}\n",
        hex::encode(sha256),
        modified.0,
        modified.1,
        changed.0,
        changed.1
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample(number: u64, unseen: u8) -> Entry {
        let stat =
            Stat { size: number, modified: (-1, 5), changed: (i64::MAX, 999_999_999), device: u64::MAX, inode: number };
        Entry { stat, sha256: [u8::try_from(number % 256).unwrap(); 32], unseen }
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stat");
        let names = ["app/a b.py", "/wheels/x", "ü"];
        let all: HashMap<Box<str>, Entry> =
            names.iter().zip(0..).map(|(name, number)| ((*name).into(), sample(number, 0))).collect();
        write(&path, &all).unwrap();
        let mut found = read(&path);
        assert!(found.values_mut().all(|entry| std::mem::take(&mut entry.unseen) == 1));
        assert_eq!(found, all);
        write(&path, &HashMap::new()).unwrap();
        assert!(read(&path).is_empty() && read(folder.path()).is_empty());
    }

    #[test]
    fn what_nobody_asks_for_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stat");
        let mut all: HashMap<Box<str>, Entry> = [("a".into(), sample(1, 0)), ("b".into(), sample(2, 0))].into();
        for _ in 0..=PATIENCE {
            all.get_mut("a").unwrap().unseen = 0;
            write(&path, &all).unwrap();
            all = read(&path);
        }
        write(&path, &all).unwrap();
        assert_eq!(read(&path).into_keys().collect::<Vec<_>>(), ["a".into()]);
    }

    proptest! {
        #[test]
        fn any_damage_is_seen(at in 0_usize..400, to in any::<u8>()) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("stat");
            write(&path, &[("a".into(), sample(1, 0)), ("b".into(), sample(2, 0))].into()).unwrap();
            let mut bytes = std::fs::read(&path).unwrap();
            let at = at % bytes.len();
            prop_assume!(bytes[at] != to);
            bytes[at] = to;
            std::fs::write(&path, &bytes).unwrap();
            prop_assert!(read(&path).is_empty(), "byte {at} as {to}");
            std::fs::write(&path, &bytes[..at]).unwrap();
            prop_assert!(read(&path).is_empty(), "cut off at {at}");
        }
    }
}
