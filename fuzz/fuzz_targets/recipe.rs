//! A recipe: any text gives a recipe or errors, never a panic, and the errors can be drawn.
#![no_main]

use std::sync::LazyLock;

use factory::{diag, platform::Catalogue, recipe::RecipeFile};
use libfuzzer_sys::fuzz_target;

/// The platforms, read once.
static CATALOGUE: LazyLock<Option<Catalogue>> = LazyLock::new(|| Catalogue::load(None).ok());

fuzz_target!(|bytes: &[u8]| {
    let (Ok(text), Some(catalogue)) = (std::str::from_utf8(bytes), CATALOGUE.as_ref()) else { return };
    let nowhere = std::path::Path::new("/nonexistent");
    if let Err(error) = RecipeFile::parse("factory.toml", text, nowhere, catalogue) {
        let _ = diag::render(&error.into(), 80, false);
    }
});
