//! The pieces of a cabinet's file and their bounds ([MS-CAB] 2.1 to 2.4); all numbers are little-endian.

use std::io::{self, Read};

/// What a cabinet begins with.
pub(super) const MAGIC: [u8; 4] = *b"MSCF";
/// Bytes of [`Header`].
pub(super) const HEADER: u64 = 36;
/// Bytes of [`Folder`].
pub(super) const FOLDER: u64 = 8;
/// Bytes of [`Block`].
pub(super) const DATA: u64 = 8;

/// Bytes that every block but the last of a folder unpacks to: 32 KiB.
pub(super) const PLAIN: usize = 32 * 1024;
/// The most that a block has, packed.
pub(super) const PACKED: usize = PLAIN + 6144;
/// The most that a folder of 65,535 blocks holds; no file is larger, for each is in one folder.
pub(super) const STRETCH: u64 = 65_535 * PLAIN as u64;
/// The most that a cabinet has.
pub(super) const LARGEST: u64 = u32::MAX as u64;
/// The most bytes of a name.
pub(super) const NAME: usize = 255;
/// Numbers of folders from this one on say that a file continues in another cabinet.
pub(super) const CONTINUED: u16 = 0xfffd;

/// The flag of a cabinet that has one before it, of one that has one behind it, and of one whose maker keeps something in it.
pub(super) const BEFORE: u16 = 1;
pub(super) const BEHIND: u16 = 2;
pub(super) const KEPT: u16 = 4;

/// The attribute of a file that was never saved elsewhere, which is every one; and of one whose name is UTF-8.
pub(super) const ARCHIVE: u16 = 0x20;
pub(super) const UTF8: u16 = 0x80;

/// The compression that is written, as a folder says it.
pub(super) const MSZIP: u16 = 1;

/// CFHEADER without what is kept in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes of the cabinet.
    pub size: u32,
    /// Where the list of files begins.
    pub files_at: u32,
    /// Minor and major version.
    pub version: [u8; 2],
    pub folders: u16,
    pub files: u16,
    pub flags: u16,
    /// A number that all cabinets of a set have.
    pub set: u16,
    /// Which one of the set it is, from 0.
    pub number: u16,
}

impl Header {
    pub(super) fn bytes(self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for number in [0, self.size, 0, self.files_at, 0] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.version);
        for number in [self.folders, self.files, self.flags, self.set, self.number] {
            bytes.extend(number.to_le_bytes());
        }
        bytes
    }

    /// Without the magic, which was read before.
    pub(super) fn read(reader: &mut dyn Read) -> io::Result<Self> {
        let [_, size, _, files_at, _] = longs(reader)?;
        let [version] = shorts(reader)?;
        let [folders, files, flags, set, number] = shorts(reader)?;
        Ok(Self { size, files_at, version: version.to_le_bytes(), folders, files, flags, set, number })
    }
}

/// CFFOLDER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Folder {
    /// Where its first block begins.
    pub at: u32,
    pub blocks: u16,
    /// Its compression.
    pub packing: u16,
}

impl Folder {
    pub(super) fn bytes(self) -> Vec<u8> {
        let numbers = [self.blocks, self.packing].map(u16::to_le_bytes);
        [&self.at.to_le_bytes()[..], &numbers.concat()].concat()
    }

    pub(super) fn read(reader: &mut dyn Read) -> io::Result<Self> {
        let [at] = longs(reader)?;
        let [blocks, packing] = shorts(reader)?;
        Ok(Self { at, blocks, packing })
    }
}

/// CFFILE without its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct File {
    pub size: u32,
    /// Where it begins in what its folder unpacks to.
    pub start: u32,
    /// The number of its folder.
    pub folder: u16,
    pub date: u16,
    pub time: u16,
    pub attributes: u16,
}

impl File {
    pub(super) fn bytes(self) -> Vec<u8> {
        let numbers = [self.folder, self.date, self.time, self.attributes].map(u16::to_le_bytes);
        [&self.size.to_le_bytes()[..], &self.start.to_le_bytes(), &numbers.concat()].concat()
    }

    pub(super) fn read(reader: &mut dyn Read) -> io::Result<Self> {
        let [size, start] = longs(reader)?;
        let [folder, date, time, attributes] = shorts(reader)?;
        Ok(Self { size, start, folder, date, time, attributes })
    }

    /// Behind its last byte.
    pub(super) fn end(self) -> u64 {
        u64::from(self.start) + u64::from(self.size)
    }
}

/// CFDATA without its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// 0 where its maker made none.
    pub checksum: u32,
    pub packed: u16,
    pub plain: u16,
}

impl Block {
    /// The part of it that its checksum is made of, too.
    pub(super) fn sizes(self) -> [u8; 4] {
        let ([a, b], [c, d]) = (self.packed.to_le_bytes(), self.plain.to_le_bytes());
        [a, b, c, d]
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        [self.checksum.to_le_bytes(), self.sizes()].concat()
    }

    pub(super) fn read(reader: &mut dyn Read) -> io::Result<Self> {
        let [checksum] = longs(reader)?;
        let [packed, plain] = shorts(reader)?;
        Ok(Self { checksum, packed, plain })
    }
}

fn longs<const N: usize>(reader: &mut dyn Read) -> io::Result<[u32; N]> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes)?;
        *number = u32::from_le_bytes(bytes);
    }
    Ok(numbers)
}

fn shorts<const N: usize>(reader: &mut dyn Read) -> io::Result<[u16; N]> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        let mut bytes = [0; 2];
        reader.read_exact(&mut bytes)?;
        *number = u16::from_le_bytes(bytes);
    }
    Ok(numbers)
}
