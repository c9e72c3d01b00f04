//! The stream of the wheel builder: a wheelhouse or an error, and nothing outside of the cache.
#![no_main]

use std::collections::BTreeMap;

use factory::{names::Sha256, source::wheelhouse::Wheelhouse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(folder) = tempfile::tempdir() else { return };
    let cache = folder.path().join("cache");
    let key = Sha256::of("fuzz");
    let received =
        Wheelhouse::receive(&cache, "debian-12", &key, &BTreeMap::new(), &mut &*bytes, &|_| Ok(false)).is_ok();
    let outside = std::fs::read_dir(folder.path()).map(Iterator::count).unwrap_or_default();
    assert!(outside <= 1, "only the cache");
    let left = std::fs::read_dir(cache.join("debian-12")).map(Iterator::count).unwrap_or_default();
    assert_eq!(left, usize::from(received), "a whole wheelhouse or nothing");
});
