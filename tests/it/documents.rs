//! The house rules of what people read: no link of a page leads nowhere, no page is out of reach, no page names a source file that is
//! not there, and every crate has its reason.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use factory::names::Concern;

use crate::sources;

/// Folders that hold no page of this repository, beside hidden ones.
const NOT_OURS: [&str; 2] = ["target", "fuzz"];

/// Where reading begins; the last two lie where their folders are opened.
const ENTRANCES: [&str; 3] = ["README.md", "packages/README.md", "wheels/README.md"];

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A page: its path in the repository, and its text.
struct Page {
    path: PathBuf,
    text: String,
}

/// Every page below a folder of the repository.
fn pages(folder: &Path, found: &mut Vec<Page>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let relative = path.strip_prefix(here()).unwrap().to_owned();
        let is_hidden = path.file_name().unwrap().as_encoded_bytes().starts_with(b".");
        if is_hidden || path.is_symlink() || NOT_OURS.iter().any(|name| relative.starts_with(name)) {
            continue;
        }
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(Page { path: relative, text: fs::read_to_string(&path).unwrap() });
        }
    }
}

fn all() -> Vec<Page> {
    let mut found = Vec::new();
    pages(here(), &mut found);
    assert!(found.len() > 10, "nothing was seen");
    found
}

/// The lines of a text outside of fenced blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !is_fence && !fenced
    })
}

/// What stands in a line between backticks (`true`) and what beside them.
fn spans(line: &str, code: bool) -> impl Iterator<Item = &str> {
    line.split('`').enumerate().filter(move |(at, _)| (at % 2 == 1) == code).map(|(_, part)| part)
}

/// The targets of the links of a text, with their lines: `[text](target)`, and `[name]: target` at the begin of a line.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let plain: String = spans(line, false).collect();
        let inline = plain.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        found.extend(inline.map(|(target, _)| (number, target.to_owned())));
        if let Some((_, target)) = plain.split_once("]: ").filter(|(name, _)| name.starts_with('[')) {
            found.push((number, target.trim().to_owned()));
        }
    }
    found
}

/// The anchors of a page, as hosts of repositories make them of headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).map(|(_, line)| line).filter(|line| line.starts_with('#'));
    let kept = |c: &char| c.is_alphanumeric() || ['-', '_', ' '].contains(c);
    headings
        .map(|line| line.trim_start_matches('#').trim().to_lowercase())
        .map(|heading| heading.chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect())
        .collect()
}

/// A path without `.` and `..`; `None` where it leads out of the repository.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => plain.pop().then_some(())?,
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(plain)
}

/// Where a link of a page leads in the repository, and to which heading; `None` where it leads to the web.
fn target(page: &Page, link: &str) -> Option<Result<(PathBuf, Option<String>), String>> {
    if ["https://", "http://", "mailto:"].iter().any(|scheme| link.starts_with(scheme)) {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor.to_owned())));
    let path = if path.is_empty() { page.path.clone() } else { page.path.parent().unwrap().join(path) };
    Some(inside(&path).map(|path| (path, anchor)).ok_or_else(|| format!("`{link}` leads out of the repository")))
}

/// What is wrong with the links of a page.
fn dead(page: &Page) -> Vec<String> {
    let why = |link: &str| match target(page, link)? {
        Err(why) => Some(why),
        Ok((path, _)) if !here().join(&path).exists() => Some(format!("there is no {}", path.display())),
        Ok((path, Some(anchor))) => {
            let text = fs::read_to_string(here().join(&path)).unwrap_or_default();
            (!anchors(&text).contains(&anchor)).then(|| format!("{} has no heading for #{anchor}", path.display()))
        }
        Ok(_) => None,
    };
    let found = links(&page.text).into_iter().filter_map(|(line, link)| Some((line, why(&link)?)));
    found.map(|(line, why)| format!("{}:{line}: {why}", page.path.display())).collect()
}

#[test]
fn no_link_leads_nowhere() {
    let found: Vec<String> = all().iter().flat_map(dead).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    let text = "[a](README.md) [b](/etc/passwd) [c](gone.md)\n`[d](code.md)`\n```\n[e](fenced.md)\n```\n\
                [f](../../up.md) [g](recipe.md#no-such) [h](https://example.org) [i](security.md)\n[j]: gone.md";
    let verdicts = dead(&Page { path: "docs/a.md".into(), text: text.to_owned() });
    let lines: Vec<&str> = verdicts.iter().filter_map(|verdict| verdict.split(": ").next()).collect();
    assert_eq!(lines, ["docs/a.md:1", "docs/a.md:1", "docs/a.md:1", "docs/a.md:6", "docs/a.md:6", "docs/a.md:7"]);
}

#[test]
fn every_page_is_linked() {
    let pages = all();
    let mut reached: BTreeSet<PathBuf> = BTreeSet::new();
    let mut waiting: Vec<PathBuf> = ENTRANCES.iter().map(PathBuf::from).collect();
    while let Some(path) = waiting.pop() {
        // A link to a folder shows its README.
        let Some(page) = pages.iter().find(|page| page.path == path || page.path == path.join("README.md")) else {
            continue;
        };
        if reached.insert(page.path.clone()) {
            let next = links(&page.text).into_iter().filter_map(|(_, link)| target(page, &link)?.ok());
            waiting.extend(next.map(|(path, _)| path));
        }
    }
    let lost: Vec<String> =
        pages.iter().filter(|page| !reached.contains(&page.path)).map(|page| page.path.display().to_string()).collect();
    assert!(lost.is_empty(), "no way leads there from {ENTRANCES:?}: {}", lost.join(", "));
}

/// Source files that a page names in its text and that are not there: `queue.rs`, `schedule/queue.rs`, `src/execute/lock.rs`.
fn unknown_sources(page: &Page, known: &[String]) -> Vec<String> {
    let plain = |word: &&str| word.chars().all(|c| c.is_ascii_alphanumeric() || "_/.".contains(c));
    let is_known = |word: &str| known.iter().any(|path| path == word || path.ends_with(&format!("/{word}")));
    prose(&page.text)
        .flat_map(|(number, line)| spans(line, true).map(move |span| (number, span)))
        .filter(|(_, span)| span.ends_with(".rs") && plain(span) && !is_known(span))
        .map(|(number, span)| format!("{}:{number}: there is no {span}", page.path.display()))
        .collect()
}

#[test]
fn pages_name_sources_that_are_there() {
    let folders = ["src", "tests", "benches", "crates", "fuzz/fuzz_targets"];
    let known: Vec<String> = folders
        .iter()
        .flat_map(|folder| sources::rust_files(&here().join(folder)))
        .chain([here().join("build.rs")])
        .map(|path| path.strip_prefix(here()).unwrap().display().to_string())
        .collect();
    // What changed once may have been in a file that is gone.
    let of_before = ["CHANGELOG.md", "docs/growth.md"].map(Path::new);
    let pages = all().into_iter().filter(|page| !of_before.contains(&page.path.as_path()));
    let found: Vec<String> = pages.flat_map(|page| unknown_sources(&page, &known)).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    let text = "`lib.rs` `execute/lock.rs` `src/lib.rs` `ock.rs` `src/gone.rs` `<name>.rs` lost.rs";
    let page = Page { path: "a.md".into(), text: text.to_owned() };
    assert_eq!(unknown_sources(&page, &known), ["a.md:1: there is no ock.rs", "a.md:1: there is no src/gone.rs"]);
}

/// The crates of a Cargo.toml's `[dependencies]` and `[dev-dependencies]`.
fn crates(manifest: &str) -> Vec<&str> {
    let mut wanted = false;
    let keys = manifest.lines().filter_map(|line| {
        if line.starts_with('[') {
            wanted = ["[dependencies]", "[dev-dependencies]"].contains(&line);
        }
        line.split_once(" = ").filter(|(name, _)| wanted && !name.starts_with('#')).map(|(name, _)| name)
    });
    keys.collect()
}

#[test]
fn every_crate_has_its_reason() {
    let read = |path: &str| fs::read_to_string(here().join(path)).unwrap();
    let others = fs::read_dir(here().join("crates")).unwrap().map(|entry| entry.unwrap().path().join("Cargo.toml"));
    let others = others.map(|path| fs::read_to_string(path).unwrap());
    let manifest: String = [read("Cargo.toml")].into_iter().chain(others).collect();
    let page = read("docs/decisions.md");
    let section = page.split_once("## Crates").unwrap().1;
    let named: BTreeSet<&str> = prose(section).flat_map(|(_, line)| spans(line, true)).collect();
    let crates = crates(&manifest);
    assert!(crates.contains(&"bollard") && crates.contains(&"insta"), "{crates:?}");
    let missing: Vec<&str> = crates.into_iter().filter(|name| !named.contains(name)).collect();
    assert!(missing.is_empty(), "docs/decisions.md does not say why: {}", missing.join(", "));
}

/// The table of lints in `docs/recipe.md`, made from the program. `UPDATE_DOCS=1 cargo test` writes it.
#[test]
fn the_table_of_lints_is_true() {
    let path = here().join("docs/recipe.md");
    let written = fs::read_to_string(&path).unwrap();
    let (head, rest) = written.split_once("| `check` | severity | what it finds |\n").unwrap();
    let (_, tail) = rest.split_once("\n\n").unwrap();
    let row = |(word, concern): &(&str, Concern)| {
        format!("| `{word}` | {} | {} |\n", concern.severity().as_str(), concern.what())
    };
    let rows: String = Concern::WORDS.iter().map(row).collect();
    let page = format!("{head}| `check` | severity | what it finds |\n| --- | --- | --- |\n{rows}\n{tail}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert!(written == page, "docs/recipe.md does not list the lints: UPDATE_DOCS=1 cargo test table_of_lints");
}
