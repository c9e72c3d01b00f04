//! The pieces that an archive is made of: signatures, flags, numbers (APPNOTE 4.3 and 4.4).

use std::io::Read;

use super::error::ZipError;

pub(super) const LOCAL: u32 = 0x0403_4b50;
pub(super) const CENTRAL: u32 = 0x0201_4b50;
pub(super) const END: u32 = 0x0605_4b50;
pub(super) const END_64: u32 = 0x0606_4b50;
pub(super) const LOCATOR_64: u32 = 0x0706_4b50;
/// The name is UTF-8.
pub(super) const UTF8: u16 = 0x0800;
/// Sizes are behind the contents.
pub(super) const STREAMED: u16 = 0x0008;

/// Little-endian numbers of a fixed piece; nothing where it is too short.
pub(super) fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let piece = bytes.get(at..at.checked_add(length)?)?;
    Some(piece.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    number(bytes, at, 2).and_then(|n| u16::try_from(n).ok())
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    number(bytes, at, 4).and_then(|n| u32::try_from(n).ok())
}

/// So many bytes, or that it breaks off.
pub(super) fn exactly(file: &mut impl Read, size: u64, why: &'static str) -> Result<Vec<u8>, ZipError> {
    let mut bytes = Vec::new();
    file.take(size).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == size { Ok(bytes) } else { Err(ZipError::Broken(why)) }
}
