//! LZX as cabinets have it ([MS-PATCH] 2 without its later additions), for reading only.
//!
//! Every block of a cabinet begins on a 16-bit boundary and unpacks to 32 KiB, the last of a folder to less. Its own blocks, with their
//! trees, go across those. Nothing is copied from before the beginning, from outside of the window, or across the end of a block of the
//! cabinet, as in cabextract's library.

mod bits;
mod tree;

use bits::Bits;
use tree::{Tree, lengths};

use super::layout::PLAIN;

/// The windows that there are: 2 to the power of it.
pub(super) const WINDOWS: std::ops::RangeInclusive<u16> = 15..=21;
/// How many ranges of distances each window has, from the smallest on.
const SLOTS: [usize; 7] = [30, 32, 34, 36, 38, 42, 50];
/// Bytes and lengths in the main tree: 256 bytes, and 8 lengths for each range of distances.
const BYTES: usize = 256;
/// The elements of the tree of longer lengths.
const LENGTHS: usize = 249;
/// Blocks of a cabinet in which calls were made absolute: those of the first GiB.
const TRANSLATED: u64 = 32_768;
/// So many bytes at the end of a block of a cabinet are never translated.
const TAIL: usize = 10;

/// One of LZX's own blocks.
enum Block {
    /// Bytes as they are.
    Raw,
    /// Bytes and matches.
    Coded(Box<Trees>),
}

/// The trees of a coded block; the lowest bits of distances have one of their own or not.
struct Trees {
    main: Tree,
    longer: Tree,
    aligned: Option<Tree>,
}

/// Unpacks the blocks of a folder, one after the other.
pub(super) struct Unpacker {
    window: Vec<u8>,
    /// Where the next byte comes in the window.
    at: usize,
    /// Bytes so far, in blocks of the cabinet that are whole.
    done: u64,
    /// The last three distances.
    recent: [usize; 3],
    /// Lengths of codes, of which the next block says the difference.
    main: Vec<u8>,
    longer: [u8; LENGTHS],
    block: Option<Block>,
    /// Bytes that are left of it.
    left: usize,
    /// Whether a byte without meaning comes behind it.
    is_odd: bool,
    /// Bytes of the program whose calls were made absolute, if any were.
    calls: Option<i32>,
    has_begun: bool,
}

impl Unpacker {
    /// With a window of 2 to this power, one of [`WINDOWS`].
    pub(super) fn new(power: u16) -> Self {
        let power = power.clamp(*WINDOWS.start(), *WINDOWS.end());
        let slots = SLOTS.get(usize::from(power - WINDOWS.start())).copied().unwrap_or_default();
        Self {
            window: vec![0; 1 << power],
            at: 0,
            done: 0,
            recent: [1; 3],
            main: vec![0; BYTES + 8 * slots],
            longer: [0; LENGTHS],
            block: None,
            left: 0,
            is_odd: false,
            calls: None,
            has_begun: false,
        }
    }

    /// Fills `plain`, 32 KiB or, in the last block, less; something may follow in that one only.
    pub(super) fn unpack(&mut self, packed: &[u8], plain: &mut [u8], is_last: bool) -> Result<(), &'static str> {
        let mut bits = Bits::new(packed);
        if !self.has_begun {
            self.has_begun = true;
            self.calls = if bits.take(1)? == 1 { Some(bits.long()?.cast_signed()) } else { None };
        }
        let start = self.at % self.window.len();
        let end = start + plain.len();
        self.at = start;
        while self.at < end {
            self.part(&mut bits, start, end)?;
        }
        let rest = bits.rest();
        if self.is_odd && self.left == 0 && rest == 1 {
            self.is_odd = false;
        } else if rest > 0 && !is_last {
            return Err("something follows its data");
        }
        plain.copy_from_slice(self.window.get(start..end).ok_or("it is no whole block")?);
        self.translate(plain);
        self.done += plain.len() as u64;
        Ok(())
    }

    /// As much of LZX's own block as fits before `end`.
    fn part(&mut self, bits: &mut Bits, start: usize, end: usize) -> Result<(), &'static str> {
        if self.left == 0 {
            self.begin(bits)?;
        }
        let stop = end.min(self.at + self.left);
        let from = self.at;
        match self.block.take() {
            Some(Block::Raw) => {
                let room = self.window.get_mut(from..stop).ok_or("it is no whole block")?;
                bits.raw(room)?;
                self.at = stop;
                self.block = Some(Block::Raw);
            }
            Some(Block::Coded(trees)) => {
                while self.at < stop {
                    self.element(bits, start, stop, &trees)?;
                }
                self.block = Some(Block::Coded(trees));
            }
            None => return Err("it begins with no block"),
        }
        self.left -= self.at - from;
        Ok(())
    }

    /// The head of one of LZX's own blocks.
    fn begin(&mut self, bits: &mut Bits) -> Result<(), &'static str> {
        if self.is_odd {
            bits.raw(&mut [0])?;
        }
        let kind = bits.take(3)?;
        let size = (bits.take(16)? << 8) | bits.take(8)?;
        self.left = usize::try_from(size).ok().filter(|size| *size > 0).ok_or("a block of it is empty")?;
        self.is_odd = kind == 3 && size % 2 == 1;
        self.block = Some(match kind {
            1 => self.coded(bits, None)?,
            2 => {
                let mut sizes = [0; 8];
                for size in &mut sizes {
                    *size = u8::try_from(bits.take(3)?).unwrap_or_default();
                }
                self.coded(bits, Some(Tree::new(&sizes, false)?))?
            }
            3 => {
                bits.align()?;
                for distance in &mut self.recent {
                    let mut bytes = [0; 4];
                    bits.raw(&mut bytes)?;
                    *distance = usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX);
                }
                Block::Raw
            }
            _ => return Err("a block of it is of no kind that there is"),
        });
        Ok(())
    }

    fn coded(&mut self, bits: &mut Bits, aligned: Option<Tree>) -> Result<Block, &'static str> {
        let (bytes, matches) = self.main.split_at_mut(BYTES);
        lengths(bits, bytes)?;
        lengths(bits, matches)?;
        lengths(bits, &mut self.longer)?;
        let (main, longer) = (Tree::new(&self.main, false)?, Tree::new(&self.longer, true)?);
        Ok(Block::Coded(Box::new(Trees { main, longer, aligned })))
    }

    /// A byte, or a match that ends at `stop` or before.
    fn element(&mut self, bits: &mut Bits, start: usize, stop: usize, trees: &Trees) -> Result<(), &'static str> {
        let element = usize::from(trees.main.next(bits)?);
        if let Ok(byte) = u8::try_from(element) {
            *self.window.get_mut(self.at).ok_or("it is no whole block")? = byte;
            self.at += 1;
            return Ok(());
        }
        let element = element - BYTES;
        let length = match element & 7 {
            7 => 9 + usize::from(trees.longer.next(bits)?),
            short => short + 2,
        };
        let distance = self.distance(element >> 3, bits, trees.aligned.as_ref())?;
        let before = self.done + (self.at - start) as u64;
        if distance == 0 || distance > self.window.len() || distance as u64 > before {
            return Err("it copies from where nothing is");
        }
        if length > stop - self.at {
            return Err("it copies across the end of a block");
        }
        self.copy(distance, length);
        Ok(())
    }

    fn distance(&mut self, slot: usize, bits: &mut Bits, aligned: Option<&Tree>) -> Result<usize, &'static str> {
        if let Some(distance) = self.recent.get(slot).copied() {
            self.recent.swap(0, slot);
            return Ok(distance);
        }
        // Slots 4 and 5 have one more bit, 6 and 7 two, and so on to 17.
        let more = u32::try_from(slot / 2 - 1).unwrap_or(17).min(17);
        let first = if slot < 38 { (2 + slot % 2) << more } else { (slot - 34) << 17 };
        let low = match aligned {
            Some(tree) if more >= 3 => {
                let high = bits.take(more - 3)? << 3;
                high | u32::from(tree.next(bits)?)
            }
            _ => bits.take(more)?,
        };
        let distance = first + low as usize - 2;
        self.recent = [distance, self.recent[0], self.recent[1]];
        Ok(distance)
    }

    /// Copies within the window, where a match may overlap with what it makes.
    fn copy(&mut self, distance: usize, length: usize) {
        let (at, size) = (self.at, self.window.len());
        if distance >= length && distance <= at {
            self.window.copy_within(at - distance..at - distance + length, at);
        } else {
            for to in at..at + length {
                self.window[to] = self.window[(to + size - distance) % size];
            }
        }
        self.at += length;
    }

    /// Makes the calls of a program (its byte E8) relative again.
    fn translate(&self, plain: &mut [u8]) {
        let Some(size) = self.calls else { return };
        if size == 0 || self.done / PLAIN as u64 >= TRANSLATED || plain.len() <= TAIL {
            return;
        }
        let first = i32::try_from(self.done).unwrap_or(i32::MAX);
        let stop = plain.len() - TAIL;
        let mut at = 0;
        while let Some(found) = plain.get(at..stop).and_then(|rest| rest.iter().position(|byte| *byte == 0xe8)) {
            at += found;
            let place = first.saturating_add(i32::try_from(at).unwrap_or(i32::MAX));
            if let Some(address) = plain.get_mut(at + 1..).and_then(<[u8]>::first_chunk_mut) {
                let absolute = i32::from_le_bytes(*address);
                if absolute >= -place && absolute < size {
                    let by = if absolute >= 0 { -place } else { size };
                    *address = absolute.wrapping_add(by).to_le_bytes();
                }
            }
            at += 5;
        }
    }
}

#[cfg(test)]
mod tests;
