//! Zip archives as WAPT packages are: deflate or stored, no encryption, no comment, no links. The reader takes nothing on
//! trust: every offset, size and ratio is bounded, and what two readers could see differently is refused.

mod central;
mod read;
mod write;

pub use read::{Archive, Entry, Limits};
pub use write::Writer;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
/// The name is UTF-8.
const UTF8: u16 = 0x0800;
/// Sizes stand behind the contents.
const STREAMED: u16 = 0x0008;

/// Little-endian numbers of a fixed piece; nothing where it is too short.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let piece = bytes.get(at..at.checked_add(length)?)?;
    Some(piece.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    number(bytes, at, 2).and_then(|n| u16::try_from(n).ok())
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    number(bytes, at, 4).and_then(|n| u32::try_from(n).ok())
}

#[cfg(test)]
mod tests;
