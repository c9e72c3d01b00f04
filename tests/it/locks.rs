//! Two programs in one project.

use std::time::Instant;

use rustix::process::Signal;
use serde_json::json;

use crate::{play::Script, project::Project};

#[test]
fn the_second_waits_and_says_for_whom() {
    let project = Project::new();
    project.play(&Script::new().once("build", "debian-12/builder", json!({ "hang": true })));
    let mut first = project.start(&["build"]);
    first.until_call("build", "debian-12/builder");
    let mut second = project.start(&["build"]);
    second.until_says("works in this project");
    // As long as the first one works, the second one does nothing at all.
    let since = Instant::now();
    second.until("it has waited a while", || since.elapsed().as_millis() > 600);
    assert_eq!(project.calls_of("containers").len(), 1, "{:?}", project.calls());
    let holder = first.id();
    first.signal(Signal::INT);
    first.end().assert_code(130);
    let run = second.end();
    run.assert_code(0);
    let said = format!("another factory (process {holder}) works in this project; waiting for it to end");
    assert_eq!(run.stderr.matches(&said).count(), 1, "said once: {run}");
    project.assert_tidy();
}

#[test]
fn a_lock_ends_with_its_process() {
    let project = Project::new();
    project.play(&Script::new().once("build", "debian-12/builder", json!({ "hang": true })));
    let mut first = project.start(&["build"]);
    first.until_call("build", "debian-12/builder");
    first.signal(Signal::KILL);
    assert_eq!(first.end().code, None);
    let run = project.done(&["build"]);
    assert!(!run.stderr.contains("waiting"), "{run}");
}

#[test]
fn those_who_only_look_do_not_wait() {
    let project = Project::new();
    project.play(&Script::new().once("build", "debian-12/builder", json!({ "hang": true })));
    let mut first = project.start(&["build"]);
    first.until_call("build", "debian-12/builder");
    project.done(&["plan"]);
    project.done(&["log", "debian-12/base"]);
    first.signal(Signal::INT);
    first.end().assert_code(130);
}

#[test]
fn two_projects_do_not_wait_for_each_other() {
    let one = Project::new();
    one.play(&Script::new().once("build", "debian-12/builder", json!({ "hang": true })));
    let mut first = one.start(&["build"]);
    first.until_call("build", "debian-12/builder");
    Project::new().done(&["build"]);
    assert!(first.is_running());
}
