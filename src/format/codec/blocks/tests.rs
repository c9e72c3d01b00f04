//! The whole stream: what threads, a cache and a target that fails do to it.

use std::{cell::RefCell, collections::BTreeMap, io::Read as _};

use super::*;

/// Small blocks, so that many of them are cheap.
const SMALL: Sizes = Sizes { least: 16 << 10, usual: 16 << 10, most: 64 << 10 };

/// A cache that remembers what it was asked.
#[derive(Default)]
struct Memory {
    blocks: RefCell<BTreeMap<[u8; 32], Vec<u8>>>,
    hits: RefCell<usize>,
    puts: RefCell<usize>,
}

impl BlockCache for Memory {
    fn get(&self, key: &[u8; 32]) -> Option<Vec<u8>> {
        let block = self.blocks.borrow().get(key).cloned();
        *self.hits.borrow_mut() += usize::from(block.is_some());
        block
    }
    fn put(&self, key: &[u8; 32], block: &[u8]) {
        *self.puts.borrow_mut() += 1;
        self.blocks.borrow_mut().insert(*key, block.to_vec());
    }
}

impl Memory {
    /// Hits and puts since this was asked last.
    fn counted(&self) -> (usize, usize) {
        (self.hits.take(), self.puts.take())
    }
}

/// 200 members of some kilobytes.
fn members() -> Vec<(String, Vec<u8>)> {
    let line = |at: u64, n: u64| format!("{} line {} of {at}\n", n * n % 977, n * at % 31).into_bytes();
    (0..200).map(|at| (format!("./opt/{at}"), (0..200 + at).flat_map(|n| line(at, n)).collect())).collect()
}

fn packed(members: &[(String, Vec<u8>)], threads: u32, cache: Option<&dyn BlockCache>) -> Vec<u8> {
    let mut out = Vec::new();
    pack_in(SMALL, threads, cache, &mut out, |to| {
        for (name, content) in members {
            to.member(Member { name, size: content.len() as u64, is_config: false })?;
            to.write_all(content)?;
            to.flush()?;
        }
        Ok(())
    })
    .unwrap();
    out
}

fn unpacked(stream: &[u8]) -> Vec<u8> {
    let mut back = Vec::new();
    liblzma::read::XzDecoder::new(stream).read_to_end(&mut back).unwrap();
    back
}

#[test]
fn threads_do_not_change_the_bytes() {
    let members = members();
    let one = packed(&members, 1, None);
    for threads in [0, 2, 3, 99] {
        assert!(packed(&members, threads, None) == one, "{threads} threads");
    }
    assert!(unpacked(&one) == members.iter().flat_map(|(_, content)| content.clone()).collect::<Vec<_>>());
}

#[test]
fn a_cache_does_not_change_the_bytes() {
    let (mut members, cache) = (members(), Memory::default());
    let cold = packed(&members, 2, Some(&cache));
    let (hits, blocks) = cache.counted();
    assert_eq!(hits, 0);
    assert!(blocks > 10, "{blocks} blocks");
    assert!(packed(&members, 2, Some(&cache)) == cold && packed(&members, 2, None) == cold);
    assert_eq!(cache.counted(), (blocks, 0));
    // One member changed: nearly all comes out of the cache.
    members[100].1.push(b'!');
    let warm = packed(&members, 2, Some(&cache));
    assert!(warm != cold && warm == packed(&members, 1, None));
    let (hits, puts) = cache.counted();
    assert!(hits >= blocks - 3 && (1..=3).contains(&puts), "{hits} hits of {blocks}, {puts} new ones");
    // Half of the cache is gone.
    let mut kept = false;
    cache.blocks.borrow_mut().retain(|_, _| {
        kept = !kept;
        kept
    });
    assert!(packed(&members, 4, Some(&cache)) == warm);
}

#[test]
fn what_a_cache_changed_is_not_taken() {
    let (members, cache) = (members(), Memory::default());
    let whole = packed(&members, 2, Some(&cache));
    // Cut, empty, and the block of another key.
    let mut blocks = cache.blocks.borrow_mut();
    let (first, second) = (blocks.values().next().unwrap().clone(), blocks.values().nth(1).unwrap().clone());
    for (at, block) in blocks.values_mut().enumerate() {
        *block = match at % 3 {
            0 => block[..block.len() / 2].to_vec(),
            1 => Vec::new(),
            _ if *block == first => second.clone(),
            _ => first.clone(),
        };
    }
    drop(blocks);
    assert!(packed(&members, 2, Some(&cache)) == whole);
    // A block of another content of the same length, under the key of ours.
    let mut foreign = members.clone();
    foreign[0].1[17] ^= 1;
    let other = Memory::default();
    packed(&foreign, 2, Some(&other));
    let (mut of_ours, of_others) = (cache.blocks.borrow_mut(), other.blocks.borrow());
    let ours: Vec<[u8; 32]> = of_ours.keys().filter(|key| !of_others.contains_key(*key)).copied().collect();
    let theirs: Vec<&Vec<u8>> =
        of_others.iter().filter(|(key, _)| !of_ours.contains_key(*key)).map(|(_, block)| block).collect();
    assert_eq!((ours.len(), theirs.len()), (1, 1));
    let poison = theirs[0].clone();
    of_ours.insert(ours[0], poison);
    drop(of_ours);
    assert!(packed(&members, 2, Some(&cache)) == whole);
}

#[test]
fn nothing_becomes_an_empty_stream() {
    assert_eq!(unpacked(&packed(&[], 1, None)), b"");
}

#[test]
fn xz_reads_every_block() {
    use std::io::{Seek as _, SeekFrom};
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&packed(&members(), 2, None)).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    let listed = std::process::Command::new("xz").args(["--test", "--threads=2", "-"]).stdin(file).status().unwrap();
    assert!(listed.success());
}

/// A target that has had enough.
struct Stopped;
impl Write for Stopped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The header of the stream passes.
        if bytes.len() == 12 { Ok(12) } else { Err(io::Error::other("stopped")) }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_target_can_stop_it() {
    let endless = |to: &mut dyn Members| {
        to.member(Member { name: "endless", size: u64::MAX, is_config: false })?;
        loop {
            to.write_all(&[7; 4096])?;
        }
    };
    let error = pack_in(SMALL, 2, None, &mut Stopped, endless).unwrap_err();
    assert_eq!(error.to_string(), "writing the package: stopped");
}
