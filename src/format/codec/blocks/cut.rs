//! Where a stream is cut into blocks: by what is near the place, so that a change moves one or two cuts and no more.
//!
//! A cut comes before a member of the archive where that is possible: whether one does depends on the member's name, on how large the
//! one before it was, and on the folder at the top; configuration, which changes often, has blocks of its own. Within a file that is larger than a block, a rolling hash of the last 64 bytes decides
//! (the gear hash and the two bounds of FastCDC: Xia et al., USENIX ATC 2016).

use crate::format::codec::Member;

/// Bounds of blocks, in bytes of the stream. All are part of the output: another value changes every package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    /// No cut before so many, but between folders at the top and around configuration.
    pub(super) least: usize,
    /// What a block has beyond `least`, in the mean.
    pub(super) usual: usize,
    /// Always a cut after so many.
    pub(super) most: usize,
}

/// Says where blocks end.
#[derive(Debug)]
pub(super) struct Cutter {
    sizes: Sizes,
    /// Bytes of the block so far.
    filled: usize,
    /// Bytes since the member before began.
    member: usize,
    /// Whether the hash may cut within the member.
    is_large: bool,
    /// The folder at the top that the member is in, and whether that is configuration.
    top: Vec<u8>,
    is_config: bool,
    hash: u64,
}

impl Cutter {
    /// At the start of a stream.
    pub(super) fn new(sizes: Sizes) -> Self {
        Self { sizes, filled: 0, member: 0, is_large: false, top: Vec::new(), is_config: false, hash: 0 }
    }

    /// A member begins. Whether a block ends before it.
    pub(super) fn member(&mut self, Member { name, size, is_config }: Member<'_>) -> bool {
        let before = std::mem::take(&mut self.member);
        let top = name.split('/').find(|part| !part.is_empty() && *part != ".").unwrap_or_default();
        let above = std::mem::replace(&mut self.top, top.as_bytes().to_vec());
        // What is no folder's, such as the root itself, goes with what follows.
        let is_other_top = !above.is_empty() && above != self.top;
        let is_other_kind = std::mem::replace(&mut self.is_config, is_config) != is_config;
        self.is_large = size >= self.sizes.least as u64;
        self.hash = 0;
        let next = usize::try_from(size).unwrap_or(usize::MAX);
        let is_full = || self.filled.saturating_add(next) > self.sizes.most;
        let may_end = || self.filled >= self.sizes.least && (chance(name, before, self.sizes.usual) || is_full());
        let ends = self.filled > 0 && (is_other_top || is_other_kind || may_end());
        if ends {
            self.filled = 0;
        }
        ends
    }

    /// How many of these bytes belong to the block, and whether it ends with them.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> (usize, bool) {
        let room = self.sizes.most - self.filled;
        let bytes = &bytes[..bytes.len().min(room)];
        let at = if self.is_large { self.rolled(bytes) } else { None };
        let taken = at.unwrap_or(bytes.len());
        self.member += taken;
        self.filled += taken;
        let ends = at.is_some() || self.filled == self.sizes.most;
        if ends {
            self.filled = 0;
        }
        (taken, ends)
    }

    /// Behind which of these bytes the hash cuts.
    fn rolled(&mut self, bytes: &[u8]) -> Option<usize> {
        let mask = u64::MAX << (u64::BITS - self.sizes.usual.ilog2());
        for (at, byte) in bytes.iter().enumerate() {
            self.hash = (self.hash << 1).wrapping_add(GEAR[usize::from(*byte)]);
            if self.hash & mask == 0 && self.filled + at + 1 >= self.sizes.least {
                return Some(at + 1);
            }
        }
        None
    }
}

/// Whether there is a cut before the member of this name, behind one of `before` bytes: in the mean one in `usual` bytes.
fn chance(name: &str, before: usize, usual: usize) -> bool {
    let drawn = u64::from(crc32fast::hash(name.as_bytes()));
    (drawn * usual as u64) >> u32::BITS < before as u64
}

/// A number for each byte, from a generator with a fixed start (splitmix64).
const GEAR: [u64; 256] = gear();

const fn gear() -> [u64; 256] {
    let mut numbers = [0; 256];
    let (mut state, mut at) = (0_u64, 0);
    while at < numbers.len() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        numbers[at] = mixed ^ (mixed >> 31);
        at += 1;
    }
    numbers
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const SMALL: Sizes = Sizes { least: 4096, usual: 4096, most: 16_384 };

    /// The blocks of these members: the bytes of each, written in pieces of `step` bytes.
    fn blocks(members: &[(String, Vec<u8>)], step: usize) -> Vec<Vec<u8>> {
        let (mut cutter, mut all, mut block) = (Cutter::new(SMALL), Vec::new(), Vec::new());
        for (name, content) in members {
            if cutter.member(Member { name, size: content.len() as u64, is_config: name.contains("/config/") }) {
                all.push(std::mem::take(&mut block));
            }
            for mut piece in content.chunks(step) {
                while !piece.is_empty() {
                    let (taken, ends) = cutter.bytes(piece);
                    block.extend_from_slice(&piece[..taken]);
                    piece = &piece[taken..];
                    if ends {
                        all.push(std::mem::take(&mut block));
                    }
                }
            }
        }
        all.push(block);
        all
    }

    /// Bytes that no two members share, and that do not repeat.
    fn noise(seed: usize, length: usize) -> Vec<u8> {
        let mut state = seed as u64 + 1;
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    fn tree(sizes: &[usize]) -> Vec<(String, Vec<u8>)> {
        let member = |(at, size): (usize, &usize)| (format!("./opt/x/{at}"), noise(at, *size));
        sizes.iter().enumerate().map(member).collect()
    }

    proptest! {
        #[test]
        fn blocks_are_the_stream_and_within_their_bounds(
            sizes in prop::collection::vec(0_usize..40_000, 1..30),
            step in 1_usize..9_000,
        ) {
            let members = tree(&sizes);
            let blocks = blocks(&members, step);
            let stream: Vec<u8> = members.iter().flat_map(|(_, content)| content.clone()).collect();
            prop_assert_eq!(blocks.concat(), stream);
            let bounded = |block: &Vec<u8>| block.len() <= SMALL.most;
            prop_assert!(blocks.iter().all(bounded));
            let last = blocks.len() - 1;
            prop_assert!(blocks[..last].iter().all(|block| block.len() >= SMALL.least));
            // In which pieces it is written does not matter.
            prop_assert_eq!(self::blocks(&members, 1 << 20), blocks);
        }
    }

    #[test]
    fn a_change_moves_few_cuts() {
        let sizes: Vec<usize> = (0..400).map(|n| n * 7919 % 3000).collect();
        let before = tree(&sizes);
        let known: BTreeSet<Vec<u8>> = blocks(&before, 1000).into_iter().collect();
        assert!(known.len() > 50, "{} blocks", known.len());
        for at in [0, 7, 200, 399] {
            let (mut longer, mut added) = (before.clone(), before.clone());
            longer[at].1.extend(noise(at, 50));
            added.insert(at, ("./opt/x/new".to_owned(), noise(at, 700)));
            for after in [longer, added] {
                let new = blocks(&after, 1000).into_iter().filter(|block| !known.contains(block)).count();
                assert!((1..=4).contains(&new), "{new} blocks are new after a change of member {at}");
            }
        }
    }

    #[test]
    fn a_change_within_a_large_file_moves_few_cuts() {
        let before = noise(1, 2_000_000);
        let name = || "./opt/large".to_owned();
        let known: BTreeSet<Vec<u8>> = blocks(&[(name(), before.clone())], 5000).into_iter().collect();
        assert!(known.len() > 100, "{} blocks", known.len());
        let mut after = before;
        after.splice(1_000_000..1_000_000, *b"inserted");
        let new = blocks(&[(name(), after)], 5000).into_iter().filter(|block| !known.contains(block)).count();
        assert!((1..=3).contains(&new), "{new} blocks are new");
    }

    #[test]
    fn folders_at_the_top_and_configuration_have_blocks_of_their_own() {
        let members = [("", 5), ("./etc/a", 10), ("./etc/b", 5), ("./opt/c", 10), ("./opt/config/c", 7), ("usr/d", 10)];
        let members = members.map(|(name, size)| (name.to_owned(), noise(size, size)));
        let sizes: Vec<usize> = blocks(&members, 5).iter().map(Vec::len).collect();
        assert_eq!(sizes, [20, 10, 7, 10]);
    }
}
