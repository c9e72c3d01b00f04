//! An archive of somebody else: entries with plain names whose contents stay within what was said of them, or an error.
#![no_main]

use std::io::{Cursor, Seek as _, Write as _};

use factory::format::zip::{Archive, Limits, Writer};
use libfuzzer_sys::fuzz_target;

/// An archive whose numbers are right, of names and contents that the bytes say.
fn whole(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let mut writer = Writer::new(&mut out, 1_795_172_800);
    while let [name, size, rest @ ..] = bytes {
        let (name, rest) = rest.split_at(rest.len().min(usize::from(*name)));
        let (content, rest) = rest.split_at(rest.len().min(usize::from(*size)));
        bytes = rest;
        if writer.file(&String::from_utf8_lossy(name), &mut &content[..]).is_err() {
            break;
        }
    }
    let _ = writer.finish();
    let _ = out.rewind();
    let _ = out.flush();
    out.into_inner()
}

fn check(bytes: Vec<u8>) {
    let limits = Limits { entries: 1000, total: 1 << 20, free: 1 << 16, ..Limits::default() };
    let length = bytes.len() as u64;
    let Ok(mut archive) = Archive::open(Cursor::new(bytes), length, &limits) else { return };
    for entry in archive.entries().to_vec() {
        let name = &entry.name;
        assert!(!name.starts_with('/') && !name.contains('\\') && !name.contains(':'), "{name:?}");
        assert!(!name.split('/').any(|part| part.is_empty() || part == "." || part == ".."), "{name:?}");
        let mut out = Vec::new();
        if archive.unpack(&entry, &mut out).is_ok() {
            assert_eq!(out.len() as u64, entry.size);
        }
        assert!(out.len() as u64 <= entry.size);
    }
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes.to_vec());
    let made = whole(bytes);
    // One byte of a good archive changed, and its place chosen by the input.
    if let [at, new, ..] = bytes {
        let mut changed = made.clone();
        let at = usize::from(*at) * changed.len() / 256;
        if let Some(byte) = changed.get_mut(at) {
            *byte = *new;
        }
        check(changed);
    }
    check(made);
});
