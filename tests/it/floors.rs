//! The floors of the house: what a module may import. An arrow never runs up, and none runs in a circle.

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::{self, Source};

/// From the top; modules of one line stand beside each other.
const FLOORS: [&[&str]; 13] = [
    &["cli"],
    &["report"],
    &["pipeline"],
    &["publish", "tag", "trial"],
    &["execute"],
    &["check"],
    &["format"],
    &["sign"],
    &["plan"],
    &["stage"],
    &["engine", "source"],
    &["recipe", "platform"],
    &["diag", "event", "names", "unit", "util"],
];

/// Modules that may import less than what is below them.
const NARROW: [(&str, &[&str]); 3] = [
    ("report", &["diag", "event", "names", "util"]),
    ("format", &["names", "sign", "stage", "unit", "util"]),
    ("sign", &["names", "util"]),
];

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
/// braces.
fn arrows(source: &Source) -> Vec<Arrow> {
    let module = source.module();
    let Some(from) = module.first() else { return Vec::new() };
    let depths = source.depths();
    let mut found = Vec::new();
    let mut at = 0;
    while at < source.tokens.len() {
        let (mut next, root) = match source.word(at) {
            "crate" => (at + 1, true),
            "super" if source.word(at.wrapping_sub(1)) != "::" => {
                let mut levels = 1;
                let mut next = at + 1;
                while source.word(next) == "::" && source.word(next + 1) == "super" {
                    (levels, next) = (levels + 1, next + 2);
                }
                (next, levels == module.len() + depths[at])
            }
            _ => {
                at += 1;
                continue;
            }
        };
        if root && source.word(next) == "::" {
            next += 1;
            for at in heads(source, next) {
                let to = source.word(at).to_owned();
                if to != *from {
                    found.push(Arrow { from: (*from).to_owned(), to, place: source.place(at) });
                }
            }
        }
        at = next.max(at + 1);
    }
    found
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
    for module in modules {
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
            "src/format/deb/mod.rs:1: `format` may import names, sign, stage, unit, util only, not `plan`",
            "src/format/deb/mod.rs:2: `format` may import names, sign, stage, unit, util only, not `engine`"
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
    assert_eq!(verdicts("names/x.rs", "use crate::new_one::X;").len(), 1);
}
