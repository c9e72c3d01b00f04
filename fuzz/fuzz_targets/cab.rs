//! A cabinet of somebody else: files whose names stay below the folder it is unpacked into, or an error. What we write of the bytes is
//! read as it was.
#![no_main]

use std::io::Cursor;

use factory::{
    format::{PackageFormat, cab::Cabinet, foreign, reader, reader::Description},
    stage::{Limits, Role, Spool, Tree, TreePath},
};
use libfuzzer_sys::fuzz_target;

/// What is seen of a cabinet, and whether nothing is wrong with it.
fn seen(bytes: &[u8]) -> (Description, bool) {
    let limits = Limits { entries: 1000, total_bytes: 16 << 20, ..Limits::default() };
    let mut seen = foreign::Seen::describing(PackageFormat::Cab, "x.cab", true);
    let bounds = foreign::Bounds::for_size(bytes.len() as u64, &limits);
    let examine = reader(PackageFormat::Cab).and_then(|reader| reader.stream()).map(|(_, examine)| examine);
    let is_whole = examine.is_some_and(|examine| examine(&mut &*bytes, &limits, bounds, &mut seen).is_ok());
    let faults = seen.faults();
    assert!(faults.len() <= 21);
    (seen.into_description(), is_whole && faults.is_empty())
}

fn check(bytes: &[u8]) {
    let (description, is_good) = seen(bytes);
    for part in description.files.iter().filter(|_| is_good) {
        assert!(!part.path.contains(':') && !part.path.split(['/', '\\']).any(|part| part == ".."), "{}", part.path);
        assert!(part.sha256.is_some(), "{}", part.path);
    }
}

/// Without checksums, so that changes reach what unpacks: 0 stands for none.
fn without_sums(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let Some(at) = bytes.get(36..40).and_then(|at| at.try_into().ok()).map(u32::from_le_bytes) else { return bytes };
    let mut at = at as usize;
    while let Some([a, b, c, d, low, high, ..]) = bytes.get_mut(at..) {
        [*a, *b, *c, *d] = [0; 4];
        at += 8 + usize::from(u16::from_le_bytes([*low, *high]));
    }
    bytes
}

/// A cabinet of ours with files that the bytes say: a length and a name, a length and a content.
fn made(mut bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut tree = Tree::new(Spool::new().ok()?);
    while let [name, size, rest @ ..] = bytes {
        let (name, rest) = rest.split_at(rest.len().min(usize::from(*name)));
        let (content, rest) = rest.split_at(rest.len().min(usize::from(*size) * 256));
        bytes = rest;
        let Ok(path) = TreePath::new(&String::from_utf8_lossy(name)) else { continue };
        let _ = tree.add_bytes(path, content, 0o644, 0, Role::Plain, "fuzz");
    }
    let mut out = Cursor::new(Vec::new());
    let cabinet = Cabinet { folder: "C:\\x".to_owned(), level: 6, threads: 1 };
    cabinet.write(&tree, 1_795_172_800, &mut out).ok()?;
    Some((out.into_inner(), tree.len()))
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&without_sums(bytes));
    if let Some((cabinet, files)) = made(bytes) {
        let (description, is_good) = seen(&cabinet);
        assert!(is_good && description.files.len() == files, "{description:?}");
    }
});
