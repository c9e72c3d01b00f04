//! The checksum of a block: all of its 32-bit numbers, little-endian, put together with exclusive or ([MS-CAB] 3.1).

/// Goes on from `before` with these bytes; of what is left at the end, the first byte is the highest.
pub(super) fn checksum(bytes: &[u8], before: u32) -> u32 {
    let (numbers, rest) = bytes.as_chunks();
    let sum = numbers.iter().fold(before, |sum, number| sum ^ u32::from_le_bytes(*number));
    sum ^ rest.iter().fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

/// Of a block: its content first, then its two sizes, and what the cabinet's maker keeps in each block (`kept`, mostly nothing).
pub(super) fn of_block(packed: &[u8], sizes: [u8; 4], kept: &[u8]) -> u32 {
    checksum(kept, checksum(&sizes, checksum(packed, 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_counts_from_the_highest_byte() {
        assert_eq!(checksum(&[1, 2, 3, 4], 0), 0x0403_0201);
        assert_eq!(checksum(&[1, 2, 3, 4, 5, 6, 7], 0), 0x0403_0201 ^ 0x0005_0607);
        assert_eq!((checksum(&[5, 6], 0), checksum(&[5], 0), checksum(&[], 9)), (0x0506, 5, 9));
        assert_eq!(of_block(&[1], [2, 0, 0, 0], &[]), 1 ^ 2);
    }
}
