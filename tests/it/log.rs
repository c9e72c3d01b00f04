//! `log`: the whole output of a step.

use serde_json::json;

use crate::{
    play::{Script, file},
    project::Project,
};

#[test]
fn the_log_of_a_step() {
    let project = Project::new();
    let lines: Vec<String> = (0..1000).map(|line| format!("line {line}")).collect();
    let script = Script::new().pip_downloads(&[file("six-1.16.0-py2.py3-none-any.whl", "six")]);
    project.play(&script.on("wait", "in/requirements.txt\",\"--no", json!({ "lines": lines })));
    project.done(&["build"]);
    let run = project.done(&["log", "debian-12/wheels-core"]);
    assert_eq!(run.stdout, lines.join("\n") + "\n", "whole, and nothing else");
    assert_eq!(run.stderr, "");
    // A cached step keeps the log of its last real run.
    project.done(&["build"]);
    assert_eq!(project.done(&["log", "debian-12/wheels-core"]).stdout, lines.join("\n") + "\n");
    assert_eq!(project.done(&["log", "debian-12/wheels-core", "--output", "json"]).stdout, lines.join("\n") + "\n");
}

#[test]
fn a_step_by_its_own_name() {
    let mut project = Project::with_two_platforms();
    project.done(&["build"]);
    let run = project.run(&["log", "core"]);
    run.assert_code(2).says(&["there is no log of `core`", "debian-12/core", "debian-99/core"]);
    let whole = project.done(&["log", "debian-99/core"]).stdout;
    assert_eq!(project.done(&["log", "core", "--platform", "debian-99"]).stdout, whole);
    project.env("SYSBASE", "nn");
    assert_eq!(project.done(&["log", "core"]).stdout, whole, "by an alias");
}

#[test]
fn the_steps_of_the_last_run() {
    let project = Project::new();
    project.run(&["log"]).assert_code(2).says(&["there is no log of a run", "`factory build`"]);
    project.done(&["build", "wheels"]);
    project.play(&Script::new().fails("build", "debian-12/core", "build", "exit code: 100"));
    project.run(&["build", "--jobs", "1"]).assert_code(1);
    shows!(project, project.done(&["log"]).stdout);
    let line = project.done(&["log", "--output", "json"]).stdout;
    let list: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(list["rows"][0]["state"], "cached");
}

#[test]
fn a_run_that_was_killed_leaves_its_logs() {
    let project = Project::new();
    project.play(&Script::new().on("wait", "pip", json!({ "lines": ["Collecting six", "half"], "hang": true })));
    let mut running = project.start(&["build", "--jobs", "1"]);
    let log = project.path(".factory/logs/debian-12/wheels-core.log");
    running.until("the log has its lines", || std::fs::read_to_string(&log).is_ok_and(|text| text.contains("half")));
    running.signal(rustix::process::Signal::KILL);
    assert_eq!(running.end().code, None);
    assert_eq!(project.done(&["log", "wheels-core"]).stdout, "Collecting six\nhalf\n");
    let listed = project.done(&["log"]).stdout;
    assert!(listed.lines().any(|line| line.contains("wheels-core") && line.contains("unfinished")), "{listed}");
    assert!(listed.lines().any(|line| line.contains("builder") && line.contains("done")), "{listed}");
}

#[test]
fn no_engine_is_needed() {
    let project = Project::new();
    project.done(&["build"]);
    project.play(&Script::new().fails("info", "", "unreachable", "no"));
    project.forget_calls();
    project.done(&["log", "debian-12/core"]);
    assert!(project.calls().is_empty());
}

#[test]
fn unknown_steps() {
    let project = Project::new();
    let run = project.run(&["log", "debian-12/core"]);
    run.assert_code(2).says(&["there is no log of `debian-12/core`", "no step has run here yet"]);
    project.done(&["build", "images"]);
    shows!(project, project.run(&["log", "debian-12/cor"]).stderr, @r"
    error: there is no log of `debian-12/cor`

    help: there are logs of debian-12/base, debian-12/builder, debian-12/core,
          debian-12/web, debian-12/wheels-core, debian-12/wheels-web
    ");
    project.write("secret.log", "secret\n");
    for hostile in [
        "../../secret",
        "/etc/passwd",
        "debian-12/../../../secret",
        "debian-12",
        "",
        "run",
        "run.jsonl",
        "debian-12/core\u{1b}[31m",
    ] {
        let run = project.run(&["log", "--", hostile]);
        assert_eq!(run.code, Some(2), "{hostile:?}: {run}");
        assert_eq!(run.stdout, "", "{hostile:?}");
        assert!(!run.stderr.contains('\u{1b}'), "{run}");
    }
}

#[test]
fn the_log_of_the_run() {
    let project = Project::new();
    project.done(&["build"]);
    let events: Vec<serde_json::Value> =
        project.read(".factory/logs/run.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["event"], "started");
    assert_eq!(events.last().unwrap()["event"], "made");
    project.done(&["plan"]);
    let after = project.read(".factory/logs/run.jsonl");
    assert_eq!(after.lines().count(), events.len(), "looking is no run");
}

#[test]
fn a_log_moves_no_cursor() {
    let project = Project::new();
    // As it may come with a checkout.
    let text = "before\n\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31mred\u{202e}\r\nhidden\rshown\tx\n";
    project.write(".factory/logs/debian-12/core.log", text);
    assert_eq!(project.done(&["log", "debian-12/core"]).stdout, "before\n31mred\nshown    x\n");
    let line = "{\"event\":\"started\",\"verb\":\"build\",\"title\":\"a\\u001b[2Jb\",\"time\":\"\\u202e\"}\n\
                {\"event\":\"step-finished\",\"step\":\"debian-12/\\u001b]0;x\",\"outcome\":\"failed\",\"note\":\"\\u0007\\u009b31m\"}\n";
    project.write(".factory/logs/run.jsonl", line);
    let run = project.done(&["log"]);
    let unsafe_ones = |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
    assert!(!run.stdout.contains(unsafe_ones) && !run.stderr.contains(unsafe_ones), "{run:?}");
}

#[test]
fn a_log_costs_what_is_shown_of_it() {
    let project = Project::new();
    let long = "x".repeat(3 << 20);
    project.write(".factory/logs/debian-12/core.log", &format!("{long}\nlast\n"));
    let shown = project.done(&["log", "debian-12/core"]).stdout;
    assert!(shown.len() > long.len() && shown.ends_with("x\nlast\n"));
    project.write(".factory/logs/run.jsonl", &"{}\n".repeat(2 << 20));
    project.run(&["log"]).ended(1).says(&["the log cannot be read", "larger than"]);
}
