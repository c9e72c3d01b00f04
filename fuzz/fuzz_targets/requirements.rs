//! A requirements file of somebody else, and names of wheels: any bytes are lines or an error, pip gets what was read, and lines that
//! are put into it stand there.
#![no_main]

use factory::source::{
    requirements::{Line, Places, Variables, decoded, line_of, lines, options, plain, variables, wishes, with_lines},
    wheelhouse::{ANYTHING, Dist, WheelName},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = decoded(bytes) else { return };
    let text = text.as_str();
    let of = Variables::default();
    let _ = (options(text), wishes(text), variables(text, &of), Places::from_texts(&[((), text.to_owned())].into()));
    assert_eq!(lines(&plain(text, &of)), lines(text), "pip gets other lines");
    if let Some(Line::Requirement(requirement)) = lines(text).into_iter().find(|line| matches!(line, Line::Requirement(_))) {
        let _ = (requirement.pinned(), line_of(text, &requirement.name));
    }
    let _ = with_lines(text, &|line| match line {
        Line::Requirement(requirement) => Some(requirement.name.clone()),
        Line::Local(local) => Some(local.written.clone()),
        _ => None,
    });
    let Some(first) = text.lines().next() else { return };
    if let Some(wheel) = WheelName::new(first) {
        assert!(!wheel.as_str().contains('/') && !wheel.distribution().is_empty());
        let _ = wheel.fits("3.11", "cp311");
    }
    if let Some(dist) = Dist::new(first, ANYTHING) {
        assert!(!dist.distribution().is_empty() && !dist.version().is_empty());
    }
});
