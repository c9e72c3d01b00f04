//! Platforms past their end of support, base images past their time, and `--refresh`.

use serde_json::Value;

use crate::{play::Script, project::Project};

/// Makes the record of a base image older than it is.
fn age(project: &Project, finished: &str) {
    let file = ".factory/records/debian-12/base.json";
    let mut record: Value = serde_json::from_str(&project.read(file)).unwrap();
    record["finished"] = finished.into();
    project.write(file, &record.to_string());
}

#[test]
fn a_platform_past_its_end_is_named() {
    let project = Project::with_two_platforms();
    project.edit("platforms/debian-99.toml", "eol = \"2028-06-30\"", "eol = \"2019-06-30\"");
    for verb in [&["plan"][..], &["build"]] {
        let run = project.done(verb);
        let lines: Vec<&str> = run.stderr.lines().filter(|line| line.contains("end of support")).collect();
        let said = "warning: Debian 12 (bookworm) is past its end of support (2019-06-30):";
        assert_eq!(lines.len(), 1, "{run}");
        assert!(lines[0].starts_with(said), "{run}");
    }
    let run = project.done(&["plan", "--platform", "debian-12"]);
    assert!(!run.stderr.contains("end of support"), "{run}");
}

#[test]
fn an_old_base_is_said_and_renewed() {
    let project = Project::new();
    project.done(&["build"]);
    assert!(!project.done(&["plan"]).stderr.contains("days old"));
    age(&project, "2020-01-01T00:00:00Z");
    let run = project.done(&["plan"]);
    assert!(run.stderr.contains("the base image of debian-12 is "), "{run}");
    assert!(run.stderr.contains("--refresh"), "{run}");

    // The registry has nothing newer: the base runs, and nothing after it.
    project.play(&Script::new());
    let run = project.done(&["build", "--refresh"]);
    shows!(project, run.stderr);
    assert!(!project.done(&["plan"]).stderr.contains("days old"));
}

#[test]
fn the_recipe_says_what_old_means() {
    let project = Project::new();
    project.done(&["build"]);
    age(&project, "2020-01-01T00:00:00Z");
    project.edit("factory.toml", "[base]\n", "[base]\nrefresh = 0\n");
    let run = project.done(&["plan"]);
    assert!(!run.stderr.contains("days old"), "{run}");
    assert!(run.stdout.contains("cached"), "{run}");
}
