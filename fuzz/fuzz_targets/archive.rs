//! An archive of somebody else: files whose paths are plain, or an error.
#![no_main]

use std::io::Write as _;

use factory::{
    format::{PackageFormat, foreign, reader},
    stage::Limits,
};
use libfuzzer_sys::fuzz_target;

/// The bytes as the tar of an archive.
fn packed(tar: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    let _ = out.write_all(tar);
    out.finish().unwrap_or_default()
}

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { entries: 1000, total_bytes: 1 << 20, ..Limits::default() };
    let Some((_, examine)) = reader(PackageFormat::Archive).and_then(|reader| reader.stream()) else { return };
    for bytes in [bytes.to_vec(), packed(bytes)] {
        let mut seen = foreign::Seen::describing(PackageFormat::Archive, "shop-1.0-debian-12.tar.gz", true);
        let bounds = foreign::Bounds::for_size(bytes.len() as u64, &limits);
        let _ = examine(&mut &bytes[..], &limits, bounds, &mut seen);
        assert!(seen.faults().len() <= 21);
        for part in seen.into_description().files {
            assert!(!part.path.starts_with('/') && !part.path.split('/').any(|part| part == ".."), "{}", part.path);
        }
    }
});
