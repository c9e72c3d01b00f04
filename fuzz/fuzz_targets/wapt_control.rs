//! A control file of somebody else, and an index of such: read without a panic, and written so that it reads the same.
#![no_main]

use factory::format::wapt::{Control, Index, check_setup, signed_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Index::read(bytes.to_vec());
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for finding in check_setup(text, &|_| String::new()) {
        assert!(text.get(finding.span).is_some());
    }
    if let Err(report) = Control::check("control", text, &[]) {
        for issue in report.issues() {
            assert!(issue.position().0 >= 1);
        }
    }
    let Ok(control) = Control::read(bytes) else { return };
    assert!(signed_bytes(&control).is_ascii());
    // Set again, every value is one that agents read as it is.
    let mut normal = Control::default();
    for (name, value) in
        control.iter().filter(|(name, _)| factory::format::wapt::facts::attributes::attribute(name).is_some())
    {
        normal.set(name, value);
    }
    let written = normal.to_text();
    let again = Control::read(written.as_bytes()).unwrap();
    assert_eq!(again.to_text(), written);
    for (name, value) in normal.iter() {
        assert_eq!(again.get(name), value, "{name}");
    }
});
