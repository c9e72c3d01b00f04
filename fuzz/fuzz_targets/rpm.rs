//! An rpm package of somebody else: a description whose paths are plain, or an error, whatever its headers claim.
#![no_main]

use factory::{format::foreign, stage::Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { entries: 1000, total_bytes: 1 << 20, ..Limits::default() };
    // A lead before it, so that the headers are reached without luck.
    let mut led = vec![0xed, 0xab, 0xee, 0xdb, 3, 0];
    led.resize(96, 0);
    led.extend(bytes);
    for bytes in [bytes, &led] {
        let Ok(package) = foreign::read(bytes, bytes.len() as u64, &limits) else { continue };
        for item in &package.files {
            assert!(!item.path.as_str().split('/').any(|part| part == ".." || part.is_empty()), "{}", item.path);
        }
        assert!(!package.file_name().contains('/'), "{}", package.file_name());
    }
});
