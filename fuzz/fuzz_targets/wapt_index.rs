//! The index of a repository of somebody else: read, judged and written again without a panic, whatever is in its archive.
#![no_main]

use std::io::Cursor;

use factory::{
    format::{wapt::Index, zip::Writer},
    sign::Trust,
};
use libfuzzer_sys::fuzz_target;

/// An archive around a text, certificates and lists: the bytes say where each ends.
fn whole(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Cursor::new(Vec::new());
    let mut zip = Writer::new(&mut out, 1_795_172_800);
    let mut parts = bytes.split(|byte| *byte == 0xff);
    zip.file("Packages", &mut parts.next()?).ok()?;
    for (number, mut part) in parts.enumerate().take(50) {
        let folder = if part.starts_with(b"-----BEGIN C") { "ssl" } else { "crl" };
        zip.file(&format!("{folder}/{number}"), &mut part).ok()?;
    }
    zip.finish().ok()?;
    Some(out.into_inner())
}

fuzz_target!(|bytes: &[u8]| {
    for bytes in [Some(bytes.to_vec()), whole(bytes)].into_iter().flatten() {
        let Ok(mut index) = Index::read(bytes) else { continue };
        let anchors = index.certificates.values().take(3).cloned().collect();
        let found = index.verify(&Trust { anchors, crls: Vec::new() }, 1_800_000_000);
        assert!(found.len() <= index.packages.len());
        index.settle();
        if let Ok(written) = index.write() {
            assert_eq!(Index::read(written).map(|again| again.packages.len()).ok(), Some(index.packages.len()));
        }
    }
});
