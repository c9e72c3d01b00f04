//! A `setup.py` and an icon of somebody else: findings at places of the text, and no panic.
#![no_main]

use factory::format::wapt::{check_icon, check_setup, setup_findings};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = check_icon(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let found = check_setup(text, &|_| "1d".to_owned());
    for finding in &found {
        assert!(text.get(finding.span.clone()).is_some());
    }
    if let Err(report) = setup_findings("setup.py", text, found) {
        let _ = factory::diag::render(&factory::recipe::RecipeError::Invalid(report).into(), 80, false);
    }
});
