//! Two programs in one project.

use std::{fs, time::Instant};

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

/// A lock that this test holds in somebody's name.
fn held(project: &Project, holder: &str) -> fs::File {
    project.write(".factory/lock", holder);
    let file = fs::File::open(project.path(".factory/lock")).unwrap();
    file.lock().unwrap();
    file
}

#[test]
fn a_holder_on_another_machine_is_named() {
    let project = Project::new();
    let lock = held(&project, "4711 build-7.example.org");
    let mut waiting = project.start(&["build", "wheels"]);
    waiting.until_says("another factory (process 4711 on build-7.example.org) works in this project; waiting");
    drop(lock);
    // It did not give it back: on a disk that keeps its locks to itself it may still be at work.
    let run = waiting.end().ended(0);
    run.says(&["warning: another factory (process 4711 on build-7.example.org) did not end here, or still works"]);
    assert_eq!(project.read(".factory/lock"), "", "ours is given back");
}

#[test]
fn a_holder_that_has_ended_is_not_waited_for_blindly() {
    let project = Project::new();
    let machine = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let lock = held(&project, &format!("4294967295 {machine}"));
    let mut waiting = project.start(&["build", "wheels"]);
    waiting.until_says(
        "(process 4294967295, which is not to be seen here: it is in another container, or a program that it",
    );
    drop(lock);
    let run = waiting.end().ended(0);
    assert!(!run.stderr.contains("warning"), "a killed one on this machine is nothing to warn of: {run}");
}

/// Another project on the same daemon.
fn neighbour(project: &Project) -> Project {
    let mut other = Project::new();
    other.edit("factory.toml", "name = \"shop\"\nmaintainer", "name = \"stall\"\nmaintainer");
    other.edit("factory.toml", "repository = \"shop/", "repository = \"stall/");
    other.env("FACTORY_SCRIPTED_ENGINE", project.variable("FACTORY_SCRIPTED_ENGINE"));
    other
}

#[test]
fn two_projects_on_one_engine_at_once() {
    let one = Project::new();
    let other = neighbour(&one);
    let runs = [one.start(&["build"]), other.start(&["build"])];
    for run in runs {
        run.end().assert_code(0);
    }
    for project in [&one, &other] {
        assert_eq!(project.planned(), Vec::<String>::new(), "what one made is not undone by the other");
    }
    assert!(one.containers().is_empty());
    one.done(&["clean"]);
    let left = one.images();
    assert!(left.contains("stall/core:2.5.11") && !left.contains("shop/core:2.5.11"), "{left:?}");
    assert_eq!(other.planned(), Vec::<String>::new());
}

#[test]
fn two_projects_that_make_one_base_at_once() {
    let one = Project::new();
    let other = neighbour(&one);
    for project in [&one, &other] {
        project.edit("factory.toml", "bootstrap = \"never\"", "bootstrap = \"always\"");
    }
    let slow = "#!/bin/sh\ntouch \"$HOME/begun\"\nwhile ! test -e \"$HOME/go\"; do sleep 0.02; done\necho a tar\n";
    one.program("mmdebstrap", slow);
    other.program("mmdebstrap", "#!/bin/sh\necho another tar\n");
    let begun = one.beside("home/begun");
    let mut slow = one.start(&["build"]);
    slow.until("it makes a base", || begun.exists());
    other.done(&["build"]);
    fs::write(one.beside("home/go"), "").unwrap();
    slow.end().assert_code(0);
    assert_eq!(one.calls_of("import").len(), 1, "the second one takes the first one's");
    for project in [&one, &other] {
        assert_eq!(project.planned(), Vec::<String>::new());
    }
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
