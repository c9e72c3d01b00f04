//! The floors of the house: what a module may import. An arrow never runs up, and none runs in a circle.

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::{self, Source};

/// From the top; modules of one line stand beside each other.
const FLOORS: [&[&str]; 15] = [
    &["cli"],
    &["report"],
    &["pipeline"],
    &["publish", "tag", "install_test"],
    &["execute"],
    &["check"],
    &["format"],
    &["sign"],
    &["plan"],
    &["depends"],
    &["stage"],
    &["engine", "source"],
    &["recipe", "platform"],
    &["facts"],
    &["diag", "event", "names", "unit", "util"],
];

/// Modules that may import less than what is below them.
const NARROW: [(&str, &[&str]); 5] = [
    ("report", &["diag", "event", "names", "util"]),
    ("format", &["depends", "facts", "names", "sign", "stage", "unit", "util"]),
    ("depends", &["names", "stage"]),
    ("facts", &["names"]),
    ("sign", &["names", "util"]),
];

/// The modules that the files of a kind of work belong to: one folder of `work/` goes through several floors.
const KIND: [(&str, &str); 5] =
    [("recipe", "recipe"), ("read", "recipe"), ("plan", "plan"), ("run", "execute"), ("ship", "publish")];

/// The modules whose folders go through several floors.
const SPLIT: [&str; 2] = ["work", "format"];

/// The module that a path below one of them belongs to: `work::wapt::run` runs, everything else of a kind is what its step knows;
/// what is known of a format is below those who ask, the rest reads and writes.
fn module_below(top: &str, below: &[&str]) -> &'static str {
    let file = below.get(1).copied().unwrap_or_default();
    match top {
        "work" => KIND.iter().find(|(name, _)| *name == file).map_or("plan", |(_, module)| module),
        _ if file == "facts" || below.first() == Some(&"facts") => "facts",
        _ => "format",
    }
}

/// The module that a file belongs to.
fn module_of(source: &Source) -> Option<String> {
    let module = source.module();
    let first = *module.first()?;
    Some(if SPLIT.contains(&first) { module_below(first, &module[1..]) } else { first }.to_owned())
}

/// The modules that a path leads to whose first word is at `at`.
fn leads_to(source: &Source, at: usize) -> BTreeSet<String> {
    let top = source.word(at);
    if SPLIT.contains(&top) { of_split(source, at + 1, top, &[]) } else { [top.to_owned()].into() }
}

/// The modules that paths in such a folder, below a place in it, lead to.
fn of_split(source: &Source, at: usize, top: &str, below: &[&str]) -> BTreeSet<String> {
    let mut found = Vec::new();
    paths(source, at, &mut below.iter().map(|&word| word.to_owned()).collect(), &mut found);
    let module = |path: &Vec<String>| module_below(top, &path.iter().map(String::as_str).collect::<Vec<_>>());
    found.iter().map(|path| module(path).to_owned()).collect()
}

/// The paths behind a word of a path; gives the place behind them.
fn paths(source: &Source, mut at: usize, before: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    if source.word(at) != "::" {
        found.push(before.clone());
        return at;
    }
    // A word that a macro fills in is one, too.
    at += 1 + usize::from(source.word(at + 1) == "$");
    let deep = before.len();
    if source.word(at) != "{" {
        before.push(source.word(at).to_owned());
        at = paths(source, at + 1, before, found);
        before.truncate(deep);
        return at;
    }
    at += 1;
    while !["}", ""].contains(&source.word(at)) {
        before.push(source.word(at).to_owned());
        at = paths(source, at + 1, before, found);
        before.truncate(deep);
        while !["}", ",", ""].contains(&source.word(at)) {
            at += 1;
        }
        at += usize::from(source.word(at) == ",");
    }
    at + 1
}

/// One module's use of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Arrow {
    from: String,
    to: String,
    place: String,
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// Every use of another top-level module: `crate::x`, `super::…::x` beyond the file's own, and either of them with
/// braces. A file of `work/` reaches other modules in its own folder, too.
fn arrows(source: &Source) -> Vec<Arrow> {
    let Some(from) = module_of(source) else { return Vec::new() };
    let (module, depths) = (source.module(), source.depths());
    let mut found = Vec::new();
    let mut at = 0;
    while at < source.tokens.len() {
        let Some((levels, next)) = start(source, at) else {
            at += 1;
            continue;
        };
        let inside = module.len() + depths[at];
        let left = if levels == ROOT { 0 } else { inside.saturating_sub(levels) };
        let mut to = Vec::new();
        if left == 0 && source.word(next) == "::" {
            to.extend(heads(source, next + 1).into_iter().map(|at| (at, leads_to(source, at))));
        } else if source.word(next) == "::" && SPLIT.contains(&module[0]) && left > 0 && left <= module.len() {
            to.push((next, of_split(source, next, module[0], &module[1..left])));
        }
        for (at, to) in to {
            let others = to.into_iter().filter(|to| *to != from);
            found.extend(others.map(|to| Arrow { from: from.clone(), to, place: source.place(at) }));
        }
        at = next.max(at + 1);
    }
    found
}

/// `crate`, which is above everything.
const ROOT: usize = usize::MAX;

/// How many levels a path goes up that begins here, and where it goes on.
fn start(source: &Source, at: usize) -> Option<(usize, usize)> {
    match source.word(at) {
        "crate" => Some((ROOT, at + 1)),
        "super" if source.word(at.wrapping_sub(1)) != "::" => {
            let (mut levels, mut next) = (1, at + 1);
            while source.word(next) == "::" && source.word(next + 1) == "super" {
                (levels, next) = (levels + 1, next + 2);
            }
            Some((levels, next))
        }
        _ => None,
    }
}

/// The places of the first words of a path: one, or those in braces.
fn heads(source: &Source, at: usize) -> Vec<usize> {
    if source.word(at) != "{" {
        return vec![at];
    }
    let (mut found, mut deep, mut first) = (Vec::new(), 0, false);
    for at in at..source.tokens.len() {
        match source.word(at) {
            "{" => (deep, first) = (deep + 1, true),
            "}" if deep == 1 => break,
            "}" => deep -= 1,
            "," => first = true,
            "self" => {}
            _ if first && deep == 1 => {
                found.push(at);
                first = false;
            }
            _ => {}
        }
    }
    found
}

/// What is wrong with an arrow.
fn wrong(arrow: &Arrow) -> Option<String> {
    let Arrow { from, to, place } = arrow;
    let Some(below) = floor(to) else {
        return Some(format!("{place}: `{to}` stands on no floor (tests/it/floors.rs)"));
    };
    let narrow = NARROW.iter().find(|(module, _)| module == from);
    match (narrow, floor(from)) {
        (Some((_, allowed)), _) if !allowed.contains(&to.as_str()) => {
            Some(format!("{place}: `{from}` may import {} only, not `{to}`", allowed.join(", ")))
        }
        (None, Some(above)) if above > below => Some(format!("{place}: `{from}` imports `{to}`, which is above it")),
        (_, None) => Some(format!("{place}: `{from}` stands on no floor (tests/it/floors.rs)")),
        _ => None,
    }
}

/// The modules that can be reached from one.
fn reached<'a>(graph: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &'a str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<&str> = graph.get(from).into_iter().flatten().copied().collect();
    while let Some(module) = waiting.pop() {
        if seen.insert(module) {
            waiting.extend(graph.get(module).into_iter().flatten());
        }
    }
    seen
}

#[test]
fn no_arrow_runs_up() {
    let sources = sources::all();
    let arrows: Vec<Arrow> = sources.iter().flat_map(arrows).collect();
    assert!(arrows.iter().any(|arrow| arrow.from == "cli" && arrow.to == "pipeline"), "nothing was seen");
    let wrong: Vec<String> = arrows.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn no_arrows_run_in_a_circle() {
    let sources = sources::all();
    let arrows: Vec<Arrow> = sources.iter().flat_map(arrows).collect();
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for arrow in &arrows {
        graph.entry(&arrow.from).or_default().insert(&arrow.to);
    }
    for arrow in &arrows {
        let circle = reached(&graph, &arrow.to).contains(arrow.from.as_str());
        assert!(!circle, "{}: `{}` imports `{}`, which leads back to it", arrow.place, arrow.from, arrow.to);
    }
}

#[test]
fn every_module_has_a_floor() {
    let lib = sources::all().into_iter().find(|source| source.path == "lib.rs").unwrap();
    let modules: Vec<&str> =
        (1..lib.tokens.len()).filter(|at| lib.word(at - 1) == "mod").map(|at| lib.word(at)).collect();
    assert!(modules.contains(&"cli"), "{modules:?}");
    for module in modules.into_iter().filter(|module| *module != "work") {
        assert!(floor(module).is_some(), "src/lib.rs: `{module}` stands on no floor (tests/it/floors.rs)");
    }
}

#[test]
fn the_rule_bites() {
    let verdicts =
        |path: &str, text: &str| -> Vec<String> { arrows(&Source::new(path, text)).iter().filter_map(wrong).collect() };
    assert_eq!(
        verdicts("execute/run.rs", "use crate::{\n    event::{Event, cli},\n    report::View,\n    cli,\n};"),
        [
            "src/execute/run.rs:3: `execute` imports `report`, which is above it",
            "src/execute/run.rs:4: `execute` imports `cli`, which is above it"
        ]
    );
    assert_eq!(
        verdicts("format/deb/mod.rs", "fn x() { crate::plan::make(); }\nmod t { use super::super::super::engine::E; }"),
        [
            "src/format/deb/mod.rs:1: `format` may import depends, facts, names, sign, stage, unit, util only, not `plan`",
            "src/format/deb/mod.rs:2: `format` may import depends, facts, names, sign, stage, unit, util only, not `engine`"
        ]
    );
    assert_eq!(
        verdicts("plan/make.rs", "use super::super::cli;"),
        ["src/plan/make.rs:1: `plan` imports `cli`, which is above it"]
    );
    assert_eq!(
        verdicts("plan/make.rs", "use super::cli; use crate::plan::cli; use crate::names::cli; // crate::cli"),
        Vec::<String>::new()
    );
    assert_eq!(
        verdicts("work/a/plan.rs", "use crate::work::{b::{B, run::x}, c::{self as d, plan::e}};\nuse crate::work::B;"),
        ["src/work/a/plan.rs:1: `plan` imports `execute`, which is above it"]
    );
    assert_eq!(
        verdicts("work/a/data.rs", "use super::{recipe::R, run::X};\nuse super::super::b::plan::Y;"),
        ["src/work/a/data.rs:1: `plan` imports `execute`, which is above it"]
    );
    assert_eq!(
        verdicts("platform/x.rs", "use crate::format::{facts::F, deb::facts};\nuse crate::format::deb::Deb;"),
        ["src/platform/x.rs:2: `platform` imports `format`, which is above it"]
    );
    assert_eq!(verdicts("work/a/run/deep.rs", "use crate::{plan::x, work::{A, a::B}};"), Vec::<String>::new());
    assert_eq!(
        verdicts("work/a/read.rs", "use crate::work::a::recipe::B;\nuse crate::work::a::C;"),
        ["src/work/a/read.rs:2: `recipe` imports `plan`, which is above it"]
    );
    assert_eq!(verdicts("names/x.rs", "use crate::new_one::X;").len(), 1);
}

/// Every path that a file takes by `super::` or from the crate, from the crate's root.
fn taken(source: &Source) -> Vec<Vec<String>> {
    let (module, depths) = (source.module(), source.depths());
    let mut all = Vec::new();
    for (at, depth) in depths.iter().enumerate() {
        let Some((levels, next)) = start(source, at).filter(|_| *depth == 0) else { continue };
        let above: Vec<&str> = match levels {
            ROOT => Vec::new(),
            levels => module[..module.len().saturating_sub(levels)].to_vec(),
        };
        paths(source, next, &mut above.iter().map(|&word| word.to_owned()).collect(), &mut all);
    }
    all
}

/// The files of one folder that a file imports: each is named as its path below the folder.
fn files_imported(source: &Source, folder: &str, files: &BTreeSet<String>) -> BTreeSet<String> {
    let all = taken(source);
    let of_folder = all.iter().filter(|path| path.first().is_some_and(|first| first == folder));
    // The longest part of a path that is a file.
    let file =
        |path: &Vec<String>| (2..=path.len()).rev().map(|end| path[..end].join("/")).find(|file| files.contains(file));
    of_folder.filter_map(file).collect()
}

/// What `execute` takes of how one kind of work is run: it asks all of them in the same words.
fn runs_named(source: &Source) -> Vec<String> {
    let is_run = |path: &&Vec<String>| {
        path.first().is_some_and(|top| top == "work") && path.get(2).is_some_and(|it| it == "run")
    };
    taken(source).iter().filter(is_run).map(|path| format!("src/{}: {}", source.path, path.join("::"))).collect()
}

#[test]
fn steps_are_executed_without_a_word_of_one_kind() {
    let source =
        Source::new("execute/a.rs", "use crate::{names::x, work::{Work, package::run::{Accepted, files::F}}};");
    assert_eq!(runs_named(&source).len(), 2, "{:?}", runs_named(&source));
    let all = sources::all();
    let found: Vec<String> =
        all.iter().filter(|source| source.path.starts_with("execute/")).flat_map(runs_named).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_files_of_the_lints_import_each_other() {
    let sources: Vec<Source> = sources::all().into_iter().filter(|source| source.path.starts_with("check/")).collect();
    let name = |source: &Source| source.module().join("/");
    let files: BTreeSet<String> = sources.iter().map(name).collect();
    let graph: BTreeMap<String, BTreeSet<String>> =
        sources.iter().map(|source| (name(source), files_imported(source, "check", &files))).collect();
    assert!(graph["check/judge"].contains("check/finding"), "nothing was seen: {graph:?}");
    let graph: BTreeMap<&str, BTreeSet<&str>> =
        graph.iter().map(|(from, to)| (from.as_str(), to.iter().map(String::as_str).collect())).collect();
    let circles: Vec<&str> = graph.keys().copied().filter(|file| reached(&graph, file).contains(file)).collect();
    assert!(circles.is_empty(), "these files lead back to themselves: {}", circles.join(", "));
}
