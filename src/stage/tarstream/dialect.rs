//! What readers of tar make different things of: a header that two of them would read in two ways is refused, so that what is shown is not
//! another file than the one that is unpacked.
//!
//! POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"; dpkg's `lib/dpkg/tarfn.c`.

use std::ops::Range;

/// `mode`, `uid`, `gid`, `size`, `mtime` and the checksum.
const NUMBERS: [Range<usize>; 6] = [100..108, 108..116, 116..124, 124..136, 136..148, 148..156];
/// `magic` and `version`.
const MAGIC: Range<usize> = 257..265;
/// What the headers before POSIX do not have: `magic` and all behind it.
const SINCE_POSIX: Range<usize> = 257..512;

/// Why a header of 512 bytes means different things to different readers; `None` where it does not.
pub(super) fn fault(header: &[u8]) -> Option<&'static str> {
    match header.get(MAGIC)? {
        b"ustar\x0000" | b"ustar  \0" => {}
        // dpkg takes an owner's name there, tar does not.
        _ if header.get(SINCE_POSIX)?.iter().all(|b| *b == 0) => {}
        _ => return Some("its header is of no known kind: readers differ in which name it has"),
    }
    let is_plain = |range: &Range<usize>| header.get(range.clone()).is_some_and(is_number);
    if NUMBERS.iter().all(is_plain) { None } else { Some("a number in its header is none") }
}

/// Octal digits between blanks, up to a blank or a NUL; or GNU's number of bytes, which has the highest bit.
fn is_number(field: &[u8]) -> bool {
    if field.first().is_some_and(|b| b & 0x80 != 0) {
        return true;
    }
    let text = field.trim_ascii_start();
    let end = text.iter().position(|b| !matches!(b, b'0'..=b'7')).unwrap_or(text.len());
    text[end..].iter().all(|b| matches!(b, b' ' | 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(change: impl FnOnce(&mut [u8])) -> Vec<u8> {
        let mut header = tar::Header::new_ustar().as_bytes().to_vec();
        change(&mut header);
        header
    }

    #[test]
    fn what_readers_agree_on_passes() {
        assert_eq!(fault(&header(|_| {})), None);
        assert_eq!(fault(tar::Header::new_gnu().as_bytes()), None);
        assert_eq!(fault(tar::Header::new_old().as_bytes()), None);
        for mode in [b"0000644\0", b" 0644 \0 ", b"      0\0", &[0; 8], &[0x80, 0, 0, 0, 0, 0, 1, 0xff]] {
            assert_eq!(fault(&header(|header| header[100..108].copy_from_slice(mode))), None, "{mode:?}");
        }
    }

    #[test]
    fn what_they_do_not_agree_on_is_refused() {
        for magic in [b"ustar\x0001", b"ustar\0\0\0", b"ustar \x000", b"ustar\0  "] {
            let said = fault(&header(|header| header[MAGIC].copy_from_slice(magic)));
            assert!(said.is_some_and(|said| said.contains("no known kind")), "{magic:?}");
        }
        // An owner's name, and a prefix, in a header of the oldest kind.
        for at in [265, 345, 511] {
            let mut old = tar::Header::new_old().as_bytes().to_vec();
            old[at] = b'x';
            assert!(fault(&old).is_some(), "{at}");
        }
        for mode in [b"+0004755", b"-0000755", b"0644\x00755", b"0644x\0\0\0", b"0x1ff\0\0\0", b"0000898\0"] {
            assert!(fault(&header(|header| header[100..108].copy_from_slice(mode))).is_some(), "{mode:?}");
        }
    }
}
