//! The bits of one block of a cabinet: 16-bit numbers, little-endian, each from its highest bit on.

/// What is said where bits are missing.
const SHORT: &str = "it ends early";

/// Reads bits, and bytes between them.
pub(super) struct Bits<'b> {
    bytes: &'b [u8],
    /// The first byte that is not in `buffer`.
    at: usize,
    /// The next bits, the first one highest; zeros behind them.
    buffer: u64,
    /// How many there are.
    count: u32,
}

impl<'b> Bits<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0, buffer: 0, count: 0 }
    }

    /// Takes numbers in while there is room and they last.
    fn fill(&mut self) {
        while self.count <= 48 {
            let Some(number) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()) else { return };
            self.buffer |= u64::from(u16::from_le_bytes(*number)) << (48 - self.count);
            self.count += 16;
            self.at += 2;
        }
    }

    /// The next 16 bits; zeros where fewer are left.
    pub(super) fn peek(&mut self) -> u16 {
        if self.count < 16 {
            self.fill();
        }
        (self.buffer >> 48) as u16
    }

    /// Passes over at most 16 bits that were looked at.
    pub(super) fn skip(&mut self, bits: u32) -> Result<(), &'static str> {
        self.count = self.count.checked_sub(bits).ok_or(SHORT)?;
        self.buffer <<= bits;
        Ok(())
    }

    /// A number of at most 17 bits.
    pub(super) fn take(&mut self, bits: u32) -> Result<u32, &'static str> {
        let (first, rest) = (bits.min(16), bits.saturating_sub(16));
        let mut number = 0;
        for bits in [first, rest] {
            let next = u32::from(self.peek()) >> (16 - bits);
            self.skip(bits)?;
            number = (number << bits) | next;
        }
        Ok(number)
    }

    /// A number of 32 bits.
    pub(super) fn long(&mut self) -> Result<u32, &'static str> {
        Ok((self.take(16)? << 16) | self.take(16)?)
    }

    /// To the next 16-bit boundary: 1 to 16 bits, never none.
    pub(super) fn align(&mut self) -> Result<(), &'static str> {
        self.peek();
        match self.count % 16 {
            0 => self.skip(16),
            rest => self.skip(rest),
        }
    }

    /// Bytes as they are, from the next 16-bit boundary on.
    pub(super) fn raw(&mut self, to: &mut [u8]) -> Result<(), &'static str> {
        self.at = self.place();
        (self.buffer, self.count) = (0, 0);
        let end = self.at + to.len();
        to.copy_from_slice(self.bytes.get(self.at..end).ok_or(SHORT)?);
        self.at = end;
        Ok(())
    }

    /// The byte of the next 16-bit boundary.
    fn place(&self) -> usize {
        self.at - self.count as usize / 16 * 2
    }

    /// Bytes from the next 16-bit boundary on.
    pub(super) fn rest(&self) -> usize {
        self.bytes.len() - self.place()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_from_the_highest_of_each_number() {
        let mut bits = Bits::new(&[0x34, 0x12, 0x78, 0x56, 0xff]);
        assert_eq!((bits.take(4), bits.take(17), bits.rest()), (Ok(1), Ok(0x0468A), 1), "{:?}", bits.count);
        assert_eq!(bits.take(11), Ok(0x678));
        assert_eq!(bits.take(1), Err(SHORT), "half a number is none");
    }

    #[test]
    fn bytes_begin_at_a_boundary() {
        let mut bits = Bits::new(&[0, 0x80, 0, 0, 1, 2, 3, 0, 0xff]);
        assert_eq!((bits.take(1), bits.align()), (Ok(1), Ok(())));
        assert_eq!(bits.align(), Ok(()), "a whole number where nothing of it was taken");
        let mut two = [0; 3];
        assert_eq!((bits.raw(&mut two), two, bits.rest()), (Ok(()), [1, 2, 3], 2));
        assert_eq!((bits.take(16), bits.rest()), (Ok(0xff00), 0));
        assert_eq!(bits.raw(&mut two), Err(SHORT));
    }
}
