//! The sample package before a reader that is not ours, and the same bytes whatever the threads.

use std::io::Cursor;

use super::*;

fn package(rpm: Rpm, tree: &Tree, meta: &Meta) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    rpm.write(tree, meta, &mut out).unwrap();
    out.into_inner()
}

#[test]
fn first() {
    for codec in [Codec::Gzip, Codec::Xz, Codec::Zstd] {
        let rpm = Rpm::new(codec);
        fs_err::write(format!("/tmp/ha/{}.rpm", codec.name()), package(rpm, &sample::tree(), &sample::meta())).unwrap();
    }
}
