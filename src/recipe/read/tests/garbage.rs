//! No text makes the reader panic, and every error of every text can be shown.

use std::path::Path;

use proptest::prelude::*;

use super::{EXAMPLE, catalogue, project, write};
use crate::{
    diag::{Failure, render, to_json},
    platform::Catalogue,
    recipe::RecipeFile,
};

/// Pieces that recipes are made of, valid and not.
const PIECES: [&str; 34] = [
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "\n",
    "\r",
    "\\",
    "#",
    "\u{0}",
    "\u{1b}[2J",
    "\u{202e}",
    "é",
    "0o755",
    "-1",
    "1e9",
    "true",
    "[[image]]\n",
    "[project]\n",
    "name = \"core\"\n",
    "from = \"cat\"\n",
    "[image.overrides.debian]\n",
    "without = [\"canopsis-cat\"]\n",
    "overrides = 1\n",
    "{{version}}",
    "https://a:b@c/",
];

/// A failing case is fixed and becomes a test of its own: no file remembers it.
fn cases(number: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(number) }
}

fn read(folder: &Path, catalogue: &Catalogue, text: &str) {
    if let Err(error) = RecipeFile::parse("factory.toml", text, folder, catalogue) {
        for located in error.issues() {
            assert!(located.issue.span.start <= located.issue.span.end && located.issue.span.end <= text.len() + 1);
        }
        let failure = Failure::from(error);
        let shown = render(&failure, 80, false);
        assert!(!shown.contains(['\u{1b}', '\u{0}', '\u{202e}']), "{shown:?}");
        assert!(!shown.contains("Failed to read contents"), "{shown}");
        assert!(!shown.contains("a:b@"), "{shown}");
        assert!(to_json(&failure)["issues"].is_array());
    }
}

#[test]
fn no_text_makes_it_panic() {
    let (folder, catalogue) = (project(), catalogue());
    let pieces = prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60);
    proptest!(cases(400), |(pieces in pieces)| {
        read(folder.path(), &catalogue, &pieces.concat());
    });
}

#[test]
fn no_bytes_make_it_panic() {
    let (folder, catalogue) = (project(), catalogue());
    proptest!(cases(200), |(bytes in prop::collection::vec(any::<u8>(), 0..400))| {
        fs_err::write(folder.path().join("factory.toml"), &bytes).unwrap();
        if let Err(error) = RecipeFile::load_with(folder.path(), &catalogue) {
            assert!(!render(&Failure::from(error), 80, true).is_empty());
        }
    });
}

#[test]
fn no_mutation_of_the_example_makes_it_panic() {
    let (folder, catalogue) = (project(), catalogue());
    let edits =
        prop::collection::vec((any::<prop::sample::Index>(), 0..30_usize, prop::sample::select(&PIECES[..])), 1..6);
    proptest!(cases(300), |(edits in edits)| {
        let mut text = EXAMPLE.to_owned();
        for (place, removed, piece) in edits {
            let start = text.floor_char_boundary(place.index(text.len() + 1));
            let end = text.floor_char_boundary(start + removed).max(start);
            text.replace_range(start..end, piece);
        }
        read(folder.path(), &catalogue, &text);
    });
}

#[test]
fn no_cut_of_the_example_makes_it_panic() {
    let (folder, catalogue) = (project(), catalogue());
    for end in (0..EXAMPLE.len()).step_by(7) {
        read(folder.path(), &catalogue, &EXAMPLE[..EXAMPLE.floor_char_boundary(end)]);
        read(folder.path(), &catalogue, &EXAMPLE[EXAMPLE.floor_char_boundary(end)..]);
    }
}

/// Large texts stay quick: nothing looks at every pair of many things.
#[test]
fn large_recipes_are_read_in_time() {
    let (folder, catalogue) = (project(), catalogue());
    let started = std::time::Instant::now();
    let keys: Vec<String> = (0..60_000).map(|n| format!("key{n} = 1")).collect();
    read(folder.path(), &catalogue, &keys.join("\n"));
    read(folder.path(), &catalogue, &"[".repeat(1_000_000));
    read(folder.path(), &catalogue, &"a.".repeat(500_000));
    let image = |n: usize| format!("[[image]]\nname = \"i{n}\"\nfrom = \"i{}\"\nrepository = \"r{n}\"", n + 1);
    let images: Vec<String> = (0..15_000).map(image).collect();
    let head = EXAMPLE.split("[[image]]").next().unwrap();
    read(folder.path(), &catalogue, &(head.to_owned() + &images.join("\n")));
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn a_recipe_that_is_not_text_is_refused() {
    let folder = project();
    write(folder.path(), "factory.toml", "");
    fs_err::write(folder.path().join("factory.toml"), b"[project]\nname = \"\xff\"\n").unwrap();
    let error = RecipeFile::load(folder.path()).unwrap_err();
    assert_eq!(error.issues()[0].issue.message, "this is not UTF-8 text");
    assert_eq!(error.issues()[0].position(), (2, 9));
}
