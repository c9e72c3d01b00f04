//! An rpm package of somebody else: a description whose paths are plain, or an error, whatever its headers claim.
#![no_main]

use factory::{
    format::{PackageFormat, foreign, reader},
    stage::Limits,
};
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

/// What people are shown of it, also where something is wrong.
fn described(bytes: &[u8], limits: &Limits) {
    let Some((_, examine)) = reader(PackageFormat::Rpm).and_then(|reader| reader.stream()) else { return };
    let mut seen = foreign::Seen::describing(PackageFormat::Rpm, "x.rpm", true);
    let bounds = foreign::Bounds::for_size(bytes.len() as u64, limits);
    let is_whole = examine(&mut &*bytes, limits, bounds, &mut seen).is_ok();
    let is_good = seen.faults().is_empty() && is_whole;
    assert!(!is_good || foreign::read(bytes, bytes.len() as u64, limits).is_ok(), "both readers agree");
    for part in seen.into_description().files {
        assert!(part.path.starts_with('/') && !part.path.split('/').any(|part| part == ".."), "{}", part.path);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { entries: 1000, total_bytes: 1 << 20, ..Limits::default() };
    for bytes in [bytes.to_vec(), changed(bytes)] {
        described(&bytes, &limits);
        let Ok(package) = foreign::read(&bytes[..], bytes.len() as u64, &limits) else { continue };
        for item in &package.files {
            assert!(!item.path.as_str().split('/').any(|part| part == ".." || part.is_empty()), "{}", item.path);
        }
        assert!(!package.file_name().contains('/'), "{}", package.file_name());
    }
});
