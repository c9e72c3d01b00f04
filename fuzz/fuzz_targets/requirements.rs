//! A requirements file of somebody else, and names of wheels: any text is lines, and texts that are put into it stand there.
#![no_main]

use factory::source::{
    requirements::{Line, line_of, lines, options, wishes, with_folder, with_requirements, without_folders},
    wheelhouse::WheelName,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = (options(text), wishes(text), without_folders(text));
    for line in lines(text) {
        match line {
            Line::Requirement(requirement) => {
                let _ = (requirement.pinned(), line_of(text, &requirement.name));
                break;
            }
            Line::Folder(folder) => {
                with_folder(text, &folder, "/x");
                break;
            }
            Line::Options(_) => {}
        }
    }
    with_requirements(text, &|requirement| Some(requirement.name.clone()));
    if let Some(wheel) = text.lines().next().and_then(WheelName::new) {
        assert!(!wheel.as_str().contains('/') && !wheel.distribution().is_empty());
        let _ = wheel.fits("3.11", "cp311");
    }
});
