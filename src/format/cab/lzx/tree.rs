//! Huffman codes by their lengths, 16 bits at most; and how LZX says lengths.

use super::bits::Bits;

/// No code is longer.
const LONGEST: usize = 16;
/// Codes of this length or less are found at once.
const FAST: u32 = 10;

/// Codes.
pub(super) struct Tree {
    /// By the next bits, the element and the length of its code; 0 for longer ones.
    fast: Vec<u16>,
    /// How many codes there are of each length.
    counts: [u16; LONGEST + 1],
    /// Elements by their codes.
    elements: Vec<u16>,
}

impl Tree {
    /// Of the lengths of all elements' codes, 0 for those without one. All codes are used up, or there are none where that may be.
    pub(super) fn new(sizes: &[u8], may_be_empty: bool) -> Result<Self, &'static str> {
        let mut counts = [0_u16; LONGEST + 1];
        for size in sizes {
            *counts.get_mut(usize::from(*size)).ok_or("a code of it is too long")? += 1;
        }
        counts[0] = 0;
        let used: u32 = counts.iter().zip(0_u32..).skip(1).map(|(count, size)| u32::from(*count) << (16 - size)).sum();
        if used != 1 << LONGEST && !(may_be_empty && used == 0) {
            return Err("its codes are too many or too few");
        }
        let mut places = [0_usize; LONGEST + 2];
        for size in 1..=LONGEST {
            places[size + 1] = places[size] + usize::from(counts[size]);
        }
        let mut elements = vec![0; places[LONGEST + 1]];
        for (element, size) in (0_u16..).zip(sizes).filter(|(_, size)| **size > 0) {
            let place = &mut places[usize::from(*size)];
            elements[*place] = element;
            *place += 1;
        }
        let fast = fast(&counts, &elements);
        Ok(Self { fast, counts, elements })
    }

    /// The next element.
    pub(super) fn next(&self, bits: &mut Bits) -> Result<u16, &'static str> {
        let next = bits.peek();
        match self.fast.get(usize::from(next >> (16 - FAST))) {
            Some(0) | None => self.slow(next, bits),
            Some(found) => {
                bits.skip(u32::from(found & 15))?;
                Ok(found >> 4)
            }
        }
    }

    /// Length by length: the codes of one are numbers that follow each other.
    fn slow(&self, next: u16, bits: &mut Bits) -> Result<u16, &'static str> {
        let (mut first, mut before) = (0_usize, 0_usize);
        for size in 1..=LONGEST {
            let count = usize::from(self.counts[size]);
            let code = usize::from(next) >> (LONGEST - size);
            if code < first + count {
                bits.skip(u32::try_from(size).unwrap_or_default())?;
                let place = before + code.checked_sub(first).ok_or("it has a code that there is not")?;
                return self.elements.get(place).copied().ok_or("it has a code that there is not");
            }
            before += count;
            first = (first + count) << 1;
        }
        Err("it has a code that there is not")
    }
}

/// The table of [`Tree::fast`]: an element for all bits that begin with its code.
fn fast(counts: &[u16; LONGEST + 1], elements: &[u16]) -> Vec<u16> {
    let mut fast = Vec::with_capacity(1 << FAST);
    let mut elements = elements.iter();
    for size in 1..=FAST {
        for element in elements.by_ref().take(usize::from(counts[size as usize])) {
            let entry = (element << 4) | u16::try_from(size).unwrap_or_default();
            fast.resize(fast.len() + (1 << (FAST - size)), entry);
        }
    }
    fast.resize(1 << FAST, 0);
    fast
}

/// Lengths of codes, said by what differs from those of the block before.
pub(super) fn lengths(bits: &mut Bits, sizes: &mut [u8]) -> Result<(), &'static str> {
    let mut own = [0; 20];
    for size in &mut own {
        *size = u8::try_from(bits.take(4)?).unwrap_or_default();
    }
    let tree = Tree::new(&own, false)?;
    let mut rest = sizes;
    while let [first, ..] = rest {
        let before = *first;
        let less = |by: u16| u8::try_from((u16::from(before) + 17 - by) % 17).unwrap_or_default();
        let (count, size) = match tree.next(bits)? {
            17 => (4 + bits.take(4)?, 0),
            18 => (20 + bits.take(5)?, 0),
            19 => {
                let count = 4 + bits.take(1)?;
                let by = tree.next(bits)?;
                (count, if by <= 16 { less(by) } else { return Err("it repeats no length") })
            }
            by => (1, less(by)),
        };
        let (run, more) = rest.split_at_mut_checked(count as usize).ok_or("it has more lengths than codes")?;
        run.fill(size);
        rest = more;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_the_order_of_their_lengths() {
        // 0: b, 10: a, 110: c, 111: d; bits 1100 1011 1000 0000.
        let tree = Tree::new(&[2, 1, 3, 3], false).unwrap();
        let mut bits = Bits::new(&[0x80, 0xcb]);
        let said: Vec<u16> = (0..4).map(|_| tree.next(&mut bits).unwrap()).collect();
        assert_eq!(said, [2, 1, 0, 3]);
    }

    #[test]
    fn long_codes_are_found() {
        // 1 to 15 bits, and two of 16: all ones but the last.
        let sizes: Vec<u8> = (1..=16).chain([16]).collect();
        let tree = Tree::new(&sizes, false).unwrap();
        for (number, element) in [(0x0000_u16, 0), (0xfffe, 15), (0xffff, 16), (0xfffc, 14), (0xffc0, 10), (0xff80, 9)]
        {
            assert_eq!(tree.next(&mut Bits::new(&number.to_le_bytes())), Ok(element), "{number:x}");
        }
    }

    #[test]
    fn codes_that_do_not_fit() {
        for bad in [&[1_u8, 1, 1][..], &[1], &[1, 2], &[17], &[]] {
            assert!(Tree::new(bad, false).is_err(), "{bad:?}");
        }
        let empty = Tree::new(&[0, 0], true).unwrap();
        assert!(empty.next(&mut Bits::new(&[0; 4])).is_err());
    }
}
