//! What belongs to one kind of work stays in its folders: the lists of `docs/growth.md` are true.

use std::{fs, path::Path};

use crate::sources::rust_files;

/// The sources that name WAPT and are none of its own folders, and what they have of it.
const TABLES: [(&str, &str); 9] = [
    ("cli/build.rs", "its options"),
    ("cli/keys.rs", "its kind of key"),
    ("cli/mod.rs", "its module, and its verbs"),
    ("cli/publish.rs", "its options"),
    ("format/facts.rs", "its line"),
    ("format/mod.rs", "its module"),
    ("publish/feed/mod.rs", "its module"),
    ("recipe/parts.rs", "its line"),
    ("work/mod.rs", "its lines"),
];

/// Whether a source names WAPT, in code, texts or comments, and is not in a folder of that name.
fn names_it(path: &str, text: &str) -> bool {
    let is_own = path.split('/').any(|part| part == "wapt" || part == "wapt.rs");
    !is_own && text.to_lowercase().contains("wapt")
}

#[test]
fn only_tables_name_a_kind_of_work_that_has_folders_of_its_own() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found: Vec<String> = rust_files(&folder)
        .iter()
        .map(|path| (path.strip_prefix(&folder).unwrap().display().to_string(), fs::read_to_string(path).unwrap()))
        .filter_map(|(path, text)| names_it(&path, &text).then_some(path))
        .collect();
    found.sort();
    let tables = TABLES.map(|(path, _)| path);
    assert_eq!(found, tables, "a kind of work is named in its own folders; what stands in a table is listed here");
    assert!(names_it("cli/a.rs", "// of Wapt") && !names_it("work/wapt/a.rs", "wapt") && !names_it("cli/a.rs", "x"));
}

/// Whether a source outside of the store's own says which store there is.
fn makes_a_store(path: &str, text: &str) -> bool {
    let words = ["store::Folder", "store::Layered", "Layered::new"];
    !path.starts_with("source/store/") && words.iter().any(|word| text.contains(word))
}

#[test]
fn one_place_says_which_store_a_session_has() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let paths = rust_files(&folder);
    let named = |path: &std::path::PathBuf| path.strip_prefix(&folder).unwrap().display().to_string();
    let makes = |path: &&std::path::PathBuf| makes_a_store(&named(path), &fs::read_to_string(path).unwrap());
    let found: Vec<String> = paths.iter().filter(makes).map(named).collect();
    assert_eq!(found, ["cli/session.rs"], "another place for the store changes this file, and no other one");
    assert!(!makes_a_store("source/store/a.rs", "store::Folder") && !makes_a_store("cli/a.rs", "folder::Folder"));
}

#[test]
fn the_page_knows_these_tables() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/growth.md")).unwrap();
    let after = page.split("*After*: its own are").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    for (path, what) in TABLES {
        assert!(after.contains(&format!("src/{path}")), "docs/growth.md does not name src/{path} ({what})");
    }
}
