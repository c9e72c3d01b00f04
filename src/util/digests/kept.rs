//! The form in which digests are kept: one line a file, and the digest of all lines at the end. Whatever is not so, whole, is
//! no memory at all.
//!
//! ```text
//! factory stat 1
//! <sha256> <size> <mtime s> <mtime ns> <ctime s> <ctime ns> <device> <inode> <unseen> <path>
//! <sha256 of the lines before>
//! ```

use std::collections::HashMap;

use super::{Entry, Stat};
use crate::names::Sha256;

const FIRST: &str = "factory stat 1\n";

/// Most files that are remembered.
const MOST: usize = 200_000;

/// After so many runs that learnt something, a file that was not asked for is forgotten.
const MOST_UNSEEN: u8 = 32;

/// What was kept; nothing where it is damaged, or of another version.
pub(super) fn read(text: &[u8]) -> HashMap<Box<str>, Entry> {
    std::str::from_utf8(text).ok().and_then(entries).unwrap_or_default()
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

/// The text of it: those that were asked for lately, at most [`MOST`].
pub(super) fn text(entries: &HashMap<Box<str>, Entry>) -> String {
    let mut kept: Vec<(&str, &Entry)> = entries.iter().map(|(name, entry)| (&**name, entry)).collect();
    kept.retain(|(_, entry)| entry.unseen <= MOST_UNSEEN);
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
    text
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
        let names = ["app/a b.py", "/wheels/x", "ü"];
        let all: HashMap<Box<str>, Entry> =
            names.iter().zip(0..).map(|(name, number)| ((*name).into(), sample(number, 0))).collect();
        let mut found = read(text(&all).as_bytes());
        assert!(found.values_mut().all(|entry| std::mem::take(&mut entry.unseen) == 1));
        assert_eq!(found, all);
        assert!(read(text(&HashMap::new()).as_bytes()).is_empty() && read(b"").is_empty());
    }

    #[test]
    fn what_nobody_asks_for_is_forgotten() {
        let mut all: HashMap<Box<str>, Entry> = [("a".into(), sample(1, 0)), ("b".into(), sample(2, 0))].into();
        for _ in 0..=MOST_UNSEEN {
            all.get_mut("a").unwrap().unseen = 0;
            all = read(text(&all).as_bytes());
        }
        assert_eq!(read(text(&all).as_bytes()).into_keys().collect::<Vec<_>>(), ["a".into()]);
    }

    proptest! {
        #[test]
        fn any_damage_is_seen(at in 0_usize..400, to in any::<u8>()) {
            let mut bytes = text(&[("a".into(), sample(1, 0)), ("b".into(), sample(2, 0))].into()).into_bytes();
            let at = at % bytes.len();
            prop_assume!(bytes[at] != to);
            bytes[at] = to;
            prop_assert!(read(&bytes).is_empty(), "byte {at} as {to}");
            prop_assert!(read(&bytes[..at]).is_empty(), "cut off at {at}");
        }
    }
}
