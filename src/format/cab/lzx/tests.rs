//! LZX as others packed it, and as it should not be packed.

use super::*;

/// A block that is said to be raw, of this many bytes, behind a first bit that says that no calls were changed.
fn raw(size: usize, recent: [u32; 3], content: &[u8]) -> Vec<u8> {
    let bits = (3_u32 << 28) | (u32::try_from(size).unwrap() << 4);
    let mut bytes = Vec::new();
    for half in [bits >> 16, bits & 0xffff] {
        bytes.extend(u16::try_from(half).unwrap().to_le_bytes());
    }
    bytes.extend(recent.iter().flat_map(|distance| distance.to_le_bytes()));
    bytes.extend(content);
    bytes
}

fn unpacked(packed: &[u8], length: usize) -> Result<Vec<u8>, &'static str> {
    let mut plain = vec![0; length];
    Unpacker::new(15).unpack(packed, &mut plain, false).map(|()| plain)
}

#[test]
fn bytes_as_they_are() {
    assert_eq!(unpacked(&raw(3, [1; 3], b"abc\0"), 3).as_deref(), Ok(&b"abc"[..]), "an odd one has a byte behind it");
    assert_eq!(unpacked(&raw(4, [u32::MAX; 3], b"abcd"), 4).as_deref(), Ok(&b"abcd"[..]));
}

#[test]
fn what_is_cut_or_too_long_is_refused() {
    let good = raw(4, [1; 3], b"abcd");
    for cut in 0..good.len() {
        assert!(unpacked(&good[..cut], 4).is_err(), "{cut}");
    }
    assert!(unpacked(&[&good[..], &[0, 0]].concat(), 4).is_err(), "something follows");
    let mut plain = [0; 4];
    assert_eq!(Unpacker::new(15).unpack(&[&good[..], &[0, 0]].concat(), &mut plain, true), Ok(()), "but in the last");
    assert!(unpacked(&good, 5).is_err() && unpacked(&raw(0, [1; 3], b""), 1).is_err());
    for kind in [0_u16, 4, 5, 6, 7] {
        let head = (kind << 12).to_le_bytes();
        assert!(unpacked(&[&head[..], &[0x40, 0, 0, 0]].concat(), 4).is_err(), "{kind}");
    }
}

#[test]
fn calls_are_made_relative_again() {
    let mut unpacker = Unpacker::new(15);
    (unpacker.calls, unpacker.done) = (Some(1000), 100);
    let program = |address: i32| {
        let mut bytes = [0; 16];
        bytes[2] = 0xe8;
        bytes[3..7].copy_from_slice(&address.to_le_bytes());
        bytes
    };
    for (absolute, relative) in [(500, 398), (0, -102), (-102, 898), (-103, -103), (1000, 1000), (999, 897)] {
        let mut bytes = program(absolute);
        unpacker.translate(&mut bytes);
        assert_eq!(bytes, program(relative), "{absolute}");
    }
    let mut end = [0xe8; 10];
    unpacker.translate(&mut end);
    assert_eq!(end, [0xe8; 10], "not in the last ten bytes");
    unpacker.done = TRANSLATED * PLAIN as u64;
    let mut late = program(500);
    unpacker.translate(&mut late);
    assert_eq!(late, program(500), "not behind the first GiB");
}
