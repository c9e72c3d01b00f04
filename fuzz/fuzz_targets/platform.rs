//! A platform file of a cloned project: any text gives a platform or errors that can be drawn.
#![no_main]

use std::collections::BTreeMap;

use factory::{diag, platform::Catalogue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let file = ("platforms/own-1.toml".to_owned(), text.to_owned());
    if let Err(error) = Catalogue::of_texts(&BTreeMap::from([("own-1".to_owned(), file)])) {
        let _ = diag::render(&error.into(), 80, false);
    }
});
