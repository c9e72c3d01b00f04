//! What `plan` tells beside states: keys, arrows, times; to people, to programs and to Graphviz.

use std::{io::Write as _, process::Stdio};

use serde_json::{Value, json};

use crate::{
    play::Script,
    project::{Project, Run},
};

fn plan(run: &Run) -> Value {
    serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap_or_else(|error| panic!("{error}\n{run}"))
}

fn row<'p>(plan: &'p Value, step: &str) -> &'p Value {
    plan["rows"].as_array().unwrap().iter().find(|row| row["step"] == step).unwrap_or_else(|| panic!("no {step}"))
}

#[test]
fn a_cold_plan_says_which_keys_wait() {
    let project = Project::new();
    let cold = plan(&project.done(&["plan", "--output", "json", "--jobs", "3"]));
    assert_eq!(cold["estimate"], json!({ "jobs": 3, "run_ms": 0, "work_ms": 0, "unknown": 8 }));
    for (step, waits_for, uses) in [
        ("base", json!([]), json!([])),
        ("builder", json!(["debian-12/base"]), json!([])),
        ("wheels-core", json!([]), json!(["debian-12/builder"])),
        ("core", json!(["debian-12/base", "debian-12/wheels-core"]), json!([])),
        ("package-shop", json!(["debian-12/core"]), json!([])),
    ] {
        let row = row(&cold, step);
        assert_eq!((&row["waits_for"], &row["uses"]), (&waits_for, &uses), "{step}");
        let waits = waits_for != json!([]);
        assert_eq!(row["key"].is_null(), waits, "{step}: a key is known or waits");
        assert_eq!(row["state"], if waits { "waits" } else { "run" });
        assert_eq!(row["estimate_ms"], Value::Null);
    }
    // What was foretold is what was recorded.
    project.done(&["build"]);
    let warm = plan(&project.done(&["plan", "--output", "json"]));
    for row in warm["rows"].as_array().unwrap() {
        let step = row["step"].as_str().unwrap();
        assert_eq!(row["key"], project.record(&format!("debian-12/{step}"))["key"], "{step}");
        assert_eq!((&row["state"], &row["waits_for"]), (&json!("cached"), &json!([])));
    }
    for step in ["base", "wheels-core"] {
        assert_eq!(row(&cold, step)["key"], row(&warm, step)["key"]);
    }
}

/// Makes the records say that steps took so long.
fn took(project: &Project, steps: &[(&str, u64)]) {
    for (step, millis) in steps {
        let path = format!(".factory/records/debian-12/{step}.json");
        let mut record: Value = serde_json::from_str(&project.read(&path)).unwrap();
        record["took_ms"] = (*millis).into();
        project.write(&path, &record.to_string());
    }
}

#[test]
fn times_come_from_earlier_runs() {
    let project = Project::new();
    project.done(&["build"]);
    took(&project, &[("core", 90_000), ("web", 30_000), ("package-shop", 60_000), ("package-shop-web", 10_000)]);
    project.edit("app/shop.py", "sold", "bought");
    let of = |jobs: &str| plan(&project.done(&["plan", "--output", "json", "--jobs", jobs]))["estimate"].clone();
    assert_eq!(of("1"), json!({ "jobs": 1, "run_ms": 190_000, "work_ms": 190_000, "unknown": 0 }));
    assert_eq!(of("2"), json!({ "jobs": 2, "run_ms": 160_000, "work_ms": 190_000, "unknown": 0 }));
    let run = project.done(&["plan", "--jobs", "2"]);
    shows!(project, run.stdout);
    assert_eq!(project.done(&["build", "--dry-run", "--jobs", "2"]).stdout, run.stdout, "the very same plan");
    // A step that was never made is said, not guessed.
    project.edit("factory.toml", "name = \"shop-web\"", "name = \"shop-front\"");
    let run = project.done(&["plan", "--jobs", "1"]);
    assert!(run.stdout.contains("at least 3m with 1 job, 3m of work; how long 1 step takes is not known"), "{run}");
}

#[test]
fn a_graph_for_graphviz() {
    let project = Project::with_two_platforms();
    project.done(&["build", "--platform", "debian-12"]);
    project.edit("app/shop.py", "sold", "bought");
    let graph = project.done(&["plan", "--dot"]);
    assert_eq!(graph.stderr, "");
    shows!(project, graph.stdout);
    assert_eq!(graph.stdout.matches("subgraph cluster_").count(), 2);
    let dot = std::process::Command::new("dot").arg("-Tsvg").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut dot) = dot else {
        eprintln!("skipped: no `dot` reads the graph (Debian: graphviz)");
        return;
    };
    dot.stdin.take().unwrap().write_all(graph.stdout.as_bytes()).unwrap();
    let drawn = dot.wait_with_output().unwrap();
    let svg = String::from_utf8(drawn.stdout).unwrap();
    assert!(drawn.status.success(), "{}", graph.stdout);
    let cached = plan(&project.done(&["plan", "--output", "json"]));
    assert_eq!(svg.matches("class=\"node\"").count(), cached["rows"].as_array().unwrap().len(), "a box a step");
    assert_eq!(svg.matches("class=\"cluster\"").count(), 2);
}

#[test]
fn comments_of_requirements_are_no_reason() {
    let project = Project::new();
    project.done(&["build"]);
    project.edit("requirements.txt", "# What the shop needs.\n", "# All that\n\n# the shop needs.\n");
    project.edit("requirements.txt", "psutil==5.9.8\n", "psutil==5.9.8  # of processes\n");
    assert_eq!(project.planned(), Vec::<String>::new());
    // What pip reads is one, an option and the order of lines, too.
    project.edit("requirements.txt", "psutil==5.9.8", "--prefer-binary\npsutil==5.9.8");
    assert!(project.planned()[0].starts_with("wheels-core: "), "{:?}", project.planned());
}

#[test]
fn a_plan_names_the_key_of_the_recipe_that_changed() {
    let project = Project::new();
    project.done(&["build"]);
    project.edit("factory.toml", "summary = \"sells things\"", "summary = \"sells more\"\nrecommends = [\"cron\"]");
    let planned = project.planned();
    let package = planned.iter().find(|line| line.starts_with("package-shop: ")).unwrap();
    assert_eq!(
        package,
        "package-shop: [[package]] recommends changed, [[package]] summary: sells things -> sells more"
    );
}

#[test]
fn an_equal_output_makes_a_waiting_step_cached() {
    let project = Project::new();
    project.done(&["build"]);
    project.edit("requirements.txt", "six==1.16.0", "six == 1.16.0");
    project.play(&Script::new());
    assert!(project.planned().contains(&"core: depends on what wheels-core gives".to_owned()));
    let run = project.done(&["build"]);
    assert!(run.stderr.contains("[debian-12/core] cached"), "{run}");
}
