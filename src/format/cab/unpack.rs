//! The blocks of one folder, in order: held against their checksums, and unpacked.

use std::io::Read as _;

use super::{
    checksum,
    directory::Place,
    layout::{Block, Folder, MSZIP, PACKED, PLAIN},
    lzx, mszip,
};
use crate::format::foreign::{ForeignError, error::malformed};

/// How a folder is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Mszip,
    /// The window is 2 to this power.
    Lzx(u16),
}

impl Packing {
    /// By what a folder says; the word for it where it is another one.
    pub(super) fn of(folder: Folder) -> Result<Self, String> {
        let (kind, power) = (folder.packing & 15, (folder.packing >> 8) & 31);
        match kind {
            0 => Ok(Self::None),
            MSZIP => Ok(Self::Mszip),
            2 => Err("Quantum, a compression that is not read".to_owned()),
            3 if lzx::WINDOWS.contains(&power) => Ok(Self::Lzx(power)),
            3 => Err(format!("LZX with a window of 2^{power} bytes, which there is not")),
            other => Err(format!("compression {other}, which is not known")),
        }
    }

    /// For people.
    pub(super) fn name(self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Mszip => "MSZIP".to_owned(),
            Self::Lzx(power) => format!("LZX, window 2^{power}"),
        }
    }
}

enum Unpacker {
    None,
    Mszip(mszip::Unpacker),
    Lzx(Box<lzx::Unpacker>),
}

impl Unpacker {
    fn new(packing: Packing) -> Self {
        match packing {
            Packing::None => Self::None,
            Packing::Mszip => Self::Mszip(mszip::Unpacker::new()),
            Packing::Lzx(power) => Self::Lzx(Box::new(lzx::Unpacker::new(power))),
        }
    }

    fn unpack(&mut self, packed: &[u8], plain: &mut [u8], is_last: bool) -> Result<(), &'static str> {
        if plain.len() < PLAIN && !is_last && !matches!(self, Self::None) {
            return Err("it has less than 32 KiB and is not the last one");
        }
        match self {
            Self::None if packed.len() == plain.len() => {
                plain.copy_from_slice(packed);
                Ok(())
            }
            Self::None => Err("it has two sizes"),
            Self::Mszip(unpacker) => unpacker.unpack(packed, plain),
            Self::Lzx(unpacker) => unpacker.unpack(packed, plain, is_last),
        }
    }
}

/// The blocks of one folder after the other.
pub(super) struct Blocks {
    /// For messages, from 1.
    folder: usize,
    count: u16,
    next: u16,
    /// Bytes that the cabinet's maker keeps in each block.
    kept: usize,
    /// None where the folder cannot be unpacked, or no longer.
    packing: Option<Packing>,
    /// Made at the first block: a folder without one needs no window.
    unpacker: Option<Unpacker>,
    packed: Vec<u8>,
    plain: Vec<u8>,
    /// Bytes of the folder's blocks so far, as they are in the cabinet.
    pub size: u64,
    /// Blocks of all folders so far that have no checksum.
    pub unsummed: u64,
}

impl Blocks {
    pub(super) fn new(kept: usize) -> Self {
        let (packed, plain) = (vec![0; PACKED], vec![0; PLAIN]);
        let (packing, unpacker) = (None, None);
        Self { folder: 0, count: 0, next: 0, kept, packing, unpacker, packed, plain, size: 0, unsummed: 0 }
    }

    /// Goes on with the next folder; without a packing its blocks are only held against their checksums.
    pub(super) fn begin(&mut self, folder: Folder, packing: Option<Packing>) {
        self.folder += 1;
        (self.count, self.next, self.size) = (folder.blocks, 0, 0);
        (self.packing, self.unpacker) = (packing, None);
    }

    /// What the next block unpacks to, nothing behind the last one. Behind a fault of a block it gives no bytes, and goes on to hold the
    /// other blocks against their checksums.
    ///
    /// # Errors
    /// What makes it impossible to find the block behind.
    pub(super) fn next(
        &mut self,
        place: &mut Place,
        mut fault: impl FnMut(ForeignError),
    ) -> Result<Option<&[u8]>, ForeignError> {
        if self.next == self.count {
            return Ok(None);
        }
        self.next += 1;
        let named = format!("block {} of folder {}", self.next, self.folder);
        let block = Block::read(place)?;
        let mut kept = [0; 255];
        let kept = &mut kept[..self.kept];
        place.read_exact(kept)?;
        let plain = usize::from(block.plain);
        if plain == 0 {
            return Err(ForeignError::Unsupported(format!("{named}, which continues in another cabinet")));
        }
        let room = self.packed.get_mut(..usize::from(block.packed)).filter(|_| plain <= PLAIN);
        let room = room.ok_or_else(|| malformed(format!("{named} is larger than one can be")))?;
        place.read_exact(room)?;
        self.size += (room.len() + kept.len() + 8) as u64;
        self.unsummed += u64::from(block.checksum == 0);
        let sums = [&kept[..], &[]].map(|kept| checksum::of_block(room, block.sizes(), kept));
        let is_held = block.checksum == 0 || sums.contains(&block.checksum);
        if !is_held {
            self.packing = None;
            fault(ForeignError::Digest { digest: format!("checksum of {named}") });
        }
        let is_last = self.next == self.count;
        let Some(packing) = self.packing else { return Ok(Some(&[])) };
        let unpacker = self.unpacker.get_or_insert_with(|| Unpacker::new(packing));
        let plain = &mut self.plain[..plain];
        if let Err(why) = unpacker.unpack(room, plain, is_last) {
            self.packing = None;
            fault(malformed(format!("{named}: {why}")));
            return Ok(Some(&[]));
        }
        Ok(Some(plain))
    }

    /// Whether all blocks so far were unpacked.
    pub(super) fn is_whole(&self) -> bool {
        self.packing.is_some()
    }
}
