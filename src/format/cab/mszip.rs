//! MSZIP ([MS-MCI]): each block of 32 KiB is `CK` and a whole deflate stream (RFC 1951), which may refer to the block before.
//!
//! The deflate is zlib's as `zlib-rs` has it: it never makes a tree of one code, which cabextract's library refuses. Its bytes depend
//! on neither the machine nor the processor.

use zlib_rs::{Deflate, DeflateError, DeflateFlush, Inflate, InflateError, InflateFlush, Status};

use super::layout::{PACKED, PLAIN};

/// What each block begins with.
const SIGNATURE: [u8; 2] = *b"CK";
/// The window, 2 to the power of it: 32 KiB.
const WINDOW: u8 = 15;
/// Bytes of a block that is not compressed: the signature, one byte of deflate that says so, and the length twice.
const STORED: usize = 2 + 5;

/// Packs blocks, each with a deflate of its own: one that was used and reset (zlib-rs 0.6.8) finds other matches at the levels below 9,
/// by what it saw before.
pub(super) struct Packer {
    level: i32,
    room: Vec<u8>,
}

impl Packer {
    /// With zlib's level, 1 to 9.
    pub(super) fn new(level: u8) -> Self {
        Self { level: level.clamp(1, 9).into(), room: vec![0; PACKED] }
    }

    /// A block of 1 byte to 32 KiB, where `before` is the block before it, or nothing.
    pub(super) fn pack(&mut self, before: &[u8], plain: &[u8]) -> Result<&[u8], &'static str> {
        let [c, k, packed @ ..] = &mut self.room[..] else { return Err("no room") };
        [*c, *k] = SIGNATURE;
        let mut deflate = Deflate::new(self.level, false, WINDOW);
        if !before.is_empty() {
            deflate.set_dictionary(before).map_err(DeflateError::as_str)?;
        }
        let status = deflate.compress(plain, packed, DeflateFlush::Finish).map_err(DeflateError::as_str)?;
        let length = usize::try_from(deflate.total_out()).unwrap_or(usize::MAX).saturating_add(SIGNATURE.len());
        match status {
            Status::StreamEnd if length <= plain.len() + STORED => Ok(&self.room[..length]),
            _ => self.store(plain),
        }
    }

    /// The block as it is, which never takes more than 7 bytes beside it.
    fn store(&mut self, plain: &[u8]) -> Result<&[u8], &'static str> {
        let length = u16::try_from(plain.len()).map_err(|_| "a block is larger than 32 KiB")?;
        self.room.clear();
        self.room.extend(SIGNATURE);
        self.room.push(1);
        self.room.extend(length.to_le_bytes());
        self.room.extend((!length).to_le_bytes());
        self.room.extend(plain);
        let end = self.room.len();
        self.room.resize(PACKED, 0);
        Ok(&self.room[..end])
    }
}

/// Unpacks the blocks of a folder, one after the other.
pub(super) struct Unpacker {
    inflate: Inflate,
    before: Vec<u8>,
}

impl Unpacker {
    pub(super) fn new() -> Self {
        Self { inflate: Inflate::new(false, WINDOW), before: Vec::with_capacity(PLAIN) }
    }

    /// Fills `plain`, and no more.
    pub(super) fn unpack(&mut self, packed: &[u8], plain: &mut [u8]) -> Result<(), &'static str> {
        let stream = packed.strip_prefix(&SIGNATURE).ok_or("it does not begin with `CK`")?;
        self.inflate.reset(false);
        if !self.before.is_empty() {
            self.inflate.set_dictionary(&self.before).map_err(InflateError::as_str)?;
        }
        let status = self.inflate.decompress(stream, plain, InflateFlush::Finish).map_err(InflateError::as_str)?;
        let is_whole = status == Status::StreamEnd && self.inflate.total_out() == plain.len() as u64;
        if !is_whole {
            return Err("it unpacks to another size than it says");
        }
        if self.inflate.total_in() != stream.len() as u64 {
            return Err("something follows its stream");
        }
        self.before.clear();
        self.before.extend_from_slice(plain);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::noise, *};

    #[test]
    fn a_block_refers_to_the_one_before() {
        let plain = noise(PLAIN);
        let mut packer = Packer::new(6);
        let alone = packer.pack(&[], &plain).unwrap().to_vec();
        // zlib looks back 32 KiB less 262 bytes at most: the beginning of the block before is out of its sight.
        let shifted = [&plain[300..], &plain[..300]].concat();
        let behind = packer.pack(&plain, &shifted).unwrap().to_vec();
        assert!(alone.len() == PLAIN + STORED && behind.len() < 1000, "{} {}", alone.len(), behind.len());
        let mut unpacker = Unpacker::new();
        let mut out = vec![0; PLAIN];
        unpacker.unpack(&alone, &mut out).unwrap();
        unpacker.unpack(&behind, &mut out).unwrap();
        assert!(out == shifted);
        assert!(Unpacker::new().unpack(&behind, &mut out).is_err(), "not without the one before");
    }

    #[test]
    fn what_was_packed_before_changes_nothing() {
        // Two letters in no order: with these zlib-rs finds other matches when it is used again.
        let text: Vec<u8> = noise(2 * PLAIN).into_iter().map(|byte| byte % 2).collect();
        let (before, block) = text.split_at(PLAIN);
        for level in 1..=9 {
            let mut packer = Packer::new(level);
            let one = packer.pack(before, block).unwrap().to_vec();
            packer.pack(block, before).unwrap();
            packer.pack(&noise(PLAIN), &noise(1000)).unwrap();
            assert!(one == packer.pack(before, block).unwrap(), "{level}");
        }
    }

    #[test]
    fn what_a_block_says_is_held() {
        let plain = b"a text that is a text that is a text";
        let packed = Packer::new(9).pack(&[], plain).unwrap().to_vec();
        let said = |packed: &[u8], length: usize| Unpacker::new().unpack(packed, &mut vec![0; length]);
        assert_eq!(said(&packed, plain.len()), Ok(()));
        for length in [0, plain.len() - 1, plain.len() + 1] {
            assert!(said(&packed, length).is_err(), "{length}");
        }
        assert!(said(&packed[..packed.len() - 1], plain.len()).is_err());
        assert!(said(&[&packed[..], &[0]].concat(), plain.len()).is_err());
        assert!(said(&packed[2..], plain.len()).is_err());
        assert!(said(b"CK", 1).is_err() && said(b"", 1).is_err());
    }
}
