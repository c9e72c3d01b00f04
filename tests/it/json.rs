//! `--output json`, and what belongs on which stream in either form.

use serde_json::Value;

use crate::{
    play::Script,
    project::{Project, Run},
    registry::Registry,
};

/// The objects of stdout; every line must be one, with a schema and a name.
fn objects(run: &Run) -> Vec<Value> {
    let parse = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}\n{run}"));
        assert_eq!(value["schema"], 1, "{line}");
        assert!(value["event"].is_string() && value["time"].is_string(), "{line}");
        value
    };
    run.stdout.lines().map(parse).collect()
}

/// The one object of stderr: why it failed.
fn failure(run: &Run) -> Value {
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "{run}");
    let value: Value = serde_json::from_str(lines[0]).unwrap_or_else(|error| panic!("{error}\n{run}"));
    assert_eq!(value["exit"].as_i64(), run.code.map(i64::from), "{run}");
    assert!(value["error"].is_string(), "{run}");
    value
}

fn events(objects: &[Value]) -> Vec<&str> {
    objects.iter().map(|value| value["event"].as_str().unwrap()).collect()
}

#[test]
fn every_verb_speaks_json() {
    let project = Project::new();
    let registry = Registry::new(&project);
    let push = registry.as_ref().map_or_else(|| vec!["plan"], |found| vec!["push", "--registry", &found.address]);
    for (arguments, last) in [
        (&["plan"][..], "plan"),
        (&["build", "--dry-run"], "plan"),
        (&["build"], "made"),
        (&["build", "-v"], "made"),
        (&["build", "-q"], "made"),
        (&push, if registry.is_some() { "made" } else { "plan" }),
        (&["clean", "--dry-run"], "list"),
        (&["clean"], "list"),
    ] {
        let run = project.done(&[arguments, &["--output", "json"]].concat());
        let objects = objects(&run);
        assert_eq!(events(&objects).last(), Some(&last), "{arguments:?}");
        assert_eq!(run.stderr, "", "{arguments:?}: nothing listens to talk\n{run}");
    }
    let run = project.run(&["doctor", "--output", "json"]);
    assert_eq!(events(&objects(&run)), ["doctor"]);
}

#[test]
fn the_events_of_a_build() {
    let project = Project::new();
    let run = project.done(&["build", "--output", "json", "--jobs", "1"]);
    let all = objects(&run);
    let told: Vec<String> = all
        .iter()
        .filter(|value| value["event"] != "step-log" && value["event"] != "step-progress")
        .map(|value| {
            let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}", text("event"), text("step"), text("outcome")).trim().to_owned()
        })
        .collect();
    shows!(project, told.join("\n"));
    assert!(all.iter().any(|value| value["event"] == "step-log" && value["line"] == "#1 scripted build"));
    let made = all.last().unwrap();
    assert_eq!(made["items"].as_array().unwrap().len(), 8);
    shows!(project, serde_json::to_string_pretty(&made["items"][6]).unwrap());
}

#[test]
fn a_failure_is_json_too() {
    let project = Project::new();
    project.play(&Script::new().fails("build", "debian-12/core", "build", "exit code: 100"));
    let run = project.run(&["build", "--output", "json"]);
    run.assert_code(1);
    assert!(!events(&objects(&run)).contains(&"made"));
    shows!(project, serde_json::to_string_pretty(&failure(&run)).unwrap());
    project.play(&Script::new().fails("info", "", "unreachable", "no"));
    let run = project.run(&["build", "--output", "json"]);
    run.assert_code(3);
    assert_eq!(failure(&run)["exit"], 3);
    assert_eq!(run.stdout, "");
}

#[test]
fn a_wrong_recipe_in_json() {
    let project = Project::new();
    project.edit("factory.toml", "repository = \"shop/web\"", "repositroy = \"shop/web\"");
    let run = project.run(&["plan", "--output", "json"]);
    run.assert_code(2);
    assert_eq!(run.stdout, "");
    let failure = failure(&run);
    let place = &failure["issues"][0]["places"][0];
    assert_eq!(place["file"], "factory.toml");
    assert_eq!(place["line"], 31);
    project.run(&["plan", "--output", "json", "--tag", "-x"]).assert_code(2);
}

#[test]
fn stdout_is_data() {
    let project = Project::new();
    // What is wanted from a build is the table, what is said on the way is talk.
    let run = project.done(&["build", "-v"]);
    assert!(run.stdout.starts_with("shop 2.5.11 for debian-12\n"), "{run}");
    assert!(!run.stdout.contains("scripted build") && run.stderr.contains("scripted build"), "{run}");
    let run = project.done(&["build", "-q"]);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "quiet means quiet");
    project.play(&Script::new().fails("build", "", "build", "exit code: 100"));
    project.edit("app/shop.py", "sold", "bought");
    let run = project.run(&["build", "-q"]);
    run.assert_code(1).says(&["exit code: 100"]);
    assert_eq!(run.stdout, "");
}

#[test]
fn no_colours_and_no_live_lines_in_a_pipe() {
    let mut project = Project::new();
    project.env("TERM", "xterm-256color");
    let run = project.done(&["build"]);
    assert!(!run.stderr.contains('\u{1b}') && !run.stdout.contains('\u{1b}'), "{run}");
    assert!(!run.stderr.contains('\r'), "{run}");
}

#[test]
fn a_reader_that_stops_reading() {
    let project = Project::new();
    project.start_shell("\"$factory\" plan | true; \"$factory\" build --output json | head -n 1").end().assert_code(0);
    let run = project.start_shell("\"$factory\" build --output json 2>&1 >&- | cat").end();
    assert!(!run.stdout.contains("panicked"), "{run}");
    assert_eq!(project.records().len(), 8, "the work goes on without a reader");
}

#[test]
fn a_full_disk_behind_stdout() {
    if !std::path::Path::new("/dev/full").exists() {
        eprintln!("skipped: this system has no /dev/full");
        return;
    }
    let project = Project::new();
    let run = project.start_shell("exec \"$factory\" plan > /dev/full").end();
    run.assert_code(1).says(&["cannot write to standard output", "No space left on device"]);
}
