//! A Debian package of somebody else: a description whose paths are plain, or an error.
#![no_main]

use factory::{format::foreign, stage::Limits};
use libfuzzer_sys::fuzz_target;

/// A whole archive around two inner ones, so that those are reached without luck.
fn wrapped(bytes: &[u8]) -> Vec<u8> {
    let (control, data) = bytes.split_at(bytes.len().min(2048));
    let mut archive = b"!<arch>\n".to_vec();
    for (name, content) in [("debian-binary", &b"2.0\n"[..]), ("control.tar", control), ("data.tar", data)] {
        archive.extend(format!("{name:<16}{:<32}{:<10}`\n", 0, content.len()).bytes());
        archive.extend(content);
        archive.extend(vec![b'\n'; content.len() % 2]);
    }
    archive
}

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { entries: 1000, total_bytes: 1 << 20, ..Limits::default() };
    for bytes in [bytes.to_vec(), wrapped(bytes)] {
        let Ok(package) = foreign::read(&bytes[..], bytes.len() as u64, &limits) else { continue };
        for item in &package.files {
            assert!(!item.path.as_str().split('/').any(|part| part == ".." || part.is_empty()), "{}", item.path);
        }
        assert!(!package.file_name().contains('/'), "{}", package.file_name());
    }
});
