//! An rpm package of somebody else: a description whose paths are plain, or an error, whatever its headers claim.
#![no_main]

mod described;

use described::described;
use factory::{format::PackageFormat, stage::Limits};
use libfuzzer_sys::fuzz_target;

/// What rpmbuild makes.
const GOOD: &[u8] = include_bytes!("../../src/format/foreign/tests/data/hardlinks-1.0~rc1-1.noarch.rpm");

/// The good one with the digests of its signature header under other tags, and changed where the bytes say: two bytes
/// of a place, one of a value.
fn changed(changes: &[u8]) -> Vec<u8> {
    let mut bytes = GOOD.to_vec();
    for entry in (96 + 16..96 + 16 + 16 * 16).step_by(16) {
        if [273_u32, 1004].contains(&u32::from_be_bytes([
            bytes[entry],
            bytes[entry + 1],
            bytes[entry + 2],
            bytes[entry + 3],
        ])) {
            bytes[entry] = 0x7f;
        }
    }
    for change in changes.chunks_exact(3) {
        let place = usize::from(u16::from_be_bytes([change[0], change[1]])) % bytes.len();
        bytes[place] = change[2];
    }
    bytes
}

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { entries: 1000, total_bytes: 1 << 20, ..Limits::default() };
    for bytes in [bytes.to_vec(), changed(bytes)] {
        described(PackageFormat::Rpm, &bytes, &limits);
    }
});
