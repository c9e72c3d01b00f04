//! A wheel of somebody else: a tree whose files are in the virtual environment and as its list says, or an error.
#![no_main]

use std::io::Cursor;

use factory::{
    format::{
        wheel::{Scheme, Wheel},
        zip::Writer,
    },
    stage::{Spool, Tree, TreePath},
};
use libfuzzer_sys::fuzz_target;

const INFO: &str = "x-1.dist-info";

fn check(bytes: Vec<u8>) {
    let length = bytes.len() as u64;
    let Ok(mut wheel) = Wheel::open(Cursor::new(bytes), length) else { return };
    for program in wheel.entry_points() {
        let text = format!("{}{}{}", program.name, program.module, program.function);
        assert!(text.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c)), "{text:?}");
    }
    let (Ok(folder), Ok(spool)) = (TreePath::new(".venv"), Spool::new()) else { return };
    let scheme = Scheme { folder: folder.clone(), on_windows: "C:\\x\\.venv".to_owned(), python: "3.13".to_owned() };
    let mut tree = Tree::new(spool);
    if let Ok(installed) = wheel.install(&scheme, None, &|_| false, 0, &mut tree) {
        assert_eq!(installed.files.len(), tree.len());
    }
    for (path, _) in tree.iter() {
        assert!(path.is_within(&folder) && !path.as_str().to_lowercase().ends_with(".pyc"), "{path}");
    }
}

/// A wheel of what the bytes say: its list, its entry points, and files with a name and a content each.
fn made(bytes: &[u8]) -> Vec<u8> {
    let mut parts = bytes.split(|byte| *byte == 0xff);
    let mut writer = Writer::new(Cursor::new(Vec::new()), 1_795_172_800);
    let mut file = |name: &str, mut content: &[u8]| drop(writer.file(name, &mut content));
    file(&format!("{INFO}/WHEEL"), b"Wheel-Version: 1.0\n");
    file(&format!("{INFO}/METADATA"), b"Name: x\nVersion: 1\n");
    file(&format!("{INFO}/RECORD"), parts.next().unwrap_or_default());
    file(&format!("{INFO}/entry_points.txt"), parts.next().unwrap_or_default());
    while let (Some(name), Some(content)) = (parts.next(), parts.next()) {
        file(&String::from_utf8_lossy(name), content);
    }
    writer.finish().map(Cursor::into_inner).unwrap_or_default()
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes.to_vec());
    check(made(bytes));
});
