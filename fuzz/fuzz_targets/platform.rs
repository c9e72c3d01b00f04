//! A platform file of a cloned project: any text gives a platform or errors that can be drawn.
#![no_main]

use factory::{diag, platform::Catalogue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(folder) = tempfile::tempdir() else { return };
    let platforms = folder.path().join("platforms");
    if std::fs::create_dir(&platforms).is_err() || std::fs::write(platforms.join("own-1.toml"), bytes).is_err() {
        return;
    }
    if let Err(error) = Catalogue::load(Some(folder.path())) {
        let _ = diag::render(&error.into(), 80, false);
    }
});
