//! Failures that pass, failures that stay, and what goes on beside them.

use serde_json::{Value, json};

use crate::{
    play::Script,
    project::{Project, Run},
};

fn fail(kind: &str, text: &str) -> Value {
    json!({ "fail": { "kind": kind, "text": text } })
}

/// A daemon without base images whose first pull ends so.
fn first_pull(kind: &str, text: &str) -> Project {
    let project = Project::new();
    let mut script = Script::new().once("pull", "", fail(kind, text));
    script.images.clear();
    project.play(&script);
    project
}

#[test]
fn a_registry_that_is_busy_or_out_of_reach_for_a_moment() {
    for (kind, text) in [
        ("busy", "toomanyrequests: retry later"),
        ("registry", "net/http: TLS handshake timeout"),
        ("registry", "dial tcp 192.0.2.1:443: i/o timeout"),
    ] {
        let project = first_pull(kind, text);
        let run = project.done(&["build", "images"]);
        run.says(&["warning: debian-12/base: the registry docker.io", text, "trying again (2 of 4)"]);
        assert_eq!(project.calls_of("pull").len(), 2, "{kind} {text}");
        let log = project.read(".factory/logs/debian-12/base.log");
        assert!(log.contains("=== try 2 of 4, because of: the registry docker.io"), "{log}");
        project.assert_tidy();
    }
}

#[test]
fn a_registry_that_says_no_is_asked_once() {
    for (kind, text) in [
        ("not-found", "manifest unknown"),
        ("not-found", "unauthorized: authentication required"),
        ("registry", "dial tcp: lookup docker.io: no such host"),
        ("registry", "x509: certificate signed by unknown authority"),
        ("refused", "403 Forbidden"),
    ] {
        let project = first_pull(kind, text);
        let run = project.run(&["build", "images"]);
        run.assert_code(1).says(&[text]);
        assert_eq!(project.calls_of("pull").len(), 1, "{kind} {text}\n{run}");
        assert!(!run.stderr.contains("trying again"), "{run}");
    }
}

#[test]
fn a_registry_that_stays_busy() {
    let project = Project::new();
    let mut script = Script::new().fails("pull", "", "busy", "503 Service Unavailable");
    script.images.clear();
    project.play(&script);
    let run = project.run(&["build", "images"]);
    run.assert_code(1).says(&["trying again (4 of 4)", "debian-12/base failed", "503 Service Unavailable"]);
    assert_eq!(project.calls_of("pull").len(), 4);
}

#[test]
fn an_index_that_is_cut_off_for_a_moment() {
    let project = Project::new();
    let lines = [
        "Collecting six==1.16.0",
        "ERROR: Could not install packages due to an OSError: HTTPSConnectionPool(host='x', port=443): Max retries exceeded",
    ];
    project.play(&Script::new().once("wait", "pip", json!({ "lines": lines, "exit": 1 })));
    let run = project.done(&["build", "wheels", "--jobs", "1"]);
    run.says(&["debian-12/wheels-core: ERROR: Could not install packages", "trying again (2 of 4)"]);
    let log = project.read(".factory/logs/debian-12/wheels-core.log");
    let heading = log.find("=== try 2 of 4").expect("a heading");
    assert!(log.find("Max retries").unwrap() < heading && heading < log.find("Created wheel").unwrap(), "{log}");
    let asked = |call: &String| call.contains("\"download\"") && call.contains("wheels-core");
    let created: Vec<String> = project.calls_of("create").into_iter().filter(asked).collect();
    assert_eq!(created.len(), 2, "each try has a container of its own: {created:?}");
    project.assert_tidy();
}

#[test]
fn what_pip_says_of_the_project_is_no_matter_of_luck() {
    for lines in [
        "ERROR: HTTP error 403 while getting https://x/six.whl\nERROR: Could not install: connection aborted",
        "WARNING: Retrying (Retry(total=4)) after connection broken by 'ReadTimeoutError'\n  ERROR: Failed building wheel for psutil",
        "ERROR: Could not find a version that satisfies the requirement six==99 (from versions: 1.16.0)",
    ] {
        let project = Project::new();
        project.play(&Script::new().pip_fails(lines));
        let run = project.run(&["build", "wheels", "--jobs", "1"]).ended(1);
        assert!(!run.stderr.contains("trying again"), "{lines}\n{run}");
        assert_eq!(project.calls_of("wait").len(), 1, "{lines}");
    }
}

/// A build of an image that says these lines and fails, once.
fn broken_build(lines: &[&str]) -> Script {
    let reason = "process \"/bin/sh -c apt-get update\" did not complete successfully: exit code: 100";
    let then = json!({ "lines": lines, "fail": { "kind": "build", "text": reason } });
    Script::new().once("build", "debian-12/core", then)
}

#[test]
fn a_mirror_that_stumbles_inside_an_image() {
    let project = Project::new();
    project.play(&broken_build(&[
        "#7 [3/5] RUN apt-get update",
        "#7 0.9 Err:1 http://deb.example.org bookworm InRelease",
        "#7 0.9   Temporary failure resolving 'deb.example.org'",
        "#7 ERROR: exit code: 100",
    ]));
    let run = project.done(&["build", "images", "--jobs", "1"]);
    run.says(&["debian-12/core: Temporary failure resolving", "trying again (2 of 4)"]);
    let project = Project::new();
    project.play(&broken_build(&[
        "#7 0.9 E: Failed to fetch http://deb.example.org/libfoo.deb  404  Not Found [IP: 192.0.2.1 80]",
        "#7 ERROR: exit code: 100",
    ]));
    let run = project.run(&["build", "images", "--jobs", "1"]).ended(1);
    assert!(!run.stderr.contains("trying again"), "{run}");
}

#[test]
fn a_mirror_that_stumbles_while_a_base_is_made() {
    let project = Project::new();
    project.edit("factory.toml", "bootstrap = \"never\"", "bootstrap = \"always\"");
    let stumbles = "echo \"E: Failed to fetch http://deb.example.org/a.deb  503  Service Unavailable\" >&2; exit 100";
    let program =
        format!("#!/bin/sh\nif ! test -e \"$HOME/once\"; then touch \"$HOME/once\"; {stumbles}; fi\necho a tar\n");
    project.program("mmdebstrap", &program);
    let run = project.done(&["build", "images"]);
    run.says(&["debian-12/base: E: Failed to fetch", "trying again (2 of 4)"]);
}

#[test]
fn what_is_said_of_a_try_is_masked() {
    let mut project = Project::new();
    project.env("PIP_INDEX_URL", "https://robot:s3cret-word@index.example.org/simple");
    let line = "ERROR: https://robot:s3cret-word@index.example.org/simple/six/: Read timed out.";
    project.play(&Script::new().on("wait", "pip", json!({ "lines": [line], "exit": 1 })));
    let run = project.run(&["build", "wheels", "--jobs", "1", "--keep-failed"]).ended(1);
    run.says(&["Read timed out.; trying again (4 of 4)", "it was tried 4 times, because of: ERROR:"]);
    let log = project.read(".factory/logs/debian-12/wheels-core.log");
    assert_eq!(log.matches("=== try ").count(), 3, "{log}");
    let told = [run.stderr, run.stdout, log, project.read(".factory/logs/run.jsonl")].concat();
    assert!(!told.contains("s3cret-word"), "{told}");
}

#[test]
fn a_container_that_falls_silent_is_stopped_and_tried_once_more() {
    let project = Project::new();
    project.play(&Script::new().hangs("wait", "in/requirements.txt\",\"--no"));
    let run = project.done(&["build", "wheels", "--jobs", "1", "--patience", "1s"]);
    run.says(&["debian-12/wheels-core: it said nothing for 1s and was stopped; trying again"]);
    assert!(project.calls_of("remove").contains(&"remove c1".to_owned()), "the silent one is gone");
    project.assert_tidy();
    // One that falls silent again has its limit named.
    let project = Project::new();
    project.play(&Script::new().on("wait", "pip", json!({ "hang": true })));
    let run = project.run(&["build", "wheels", "--jobs", "1", "--patience", "1s"]).ended(1);
    run.says(&["it said nothing for 1s and was stopped", "it was tried 2 times", "`--patience 2h`"]);
    project.assert_tidy();
}

#[test]
fn a_pull_that_stands_still_is_given_up_and_tried_once_more() {
    let project = Project::new();
    let mut script = Script::new().hangs("pull", "debian");
    script.images.clear();
    project.play(&script);
    let run = project.done(&["build", "wheels", "--jobs", "1", "--patience", "1s"]);
    run.says(&[
        "nothing went between the daemon and the registry of debian:bookworm-slim for 1s; trying again (2 of 2)",
    ]);
    project.assert_tidy();
    let project = Project::new();
    let mut script = Script::new().on("pull", "debian", json!({ "hang": true }));
    script.images.clear();
    project.play(&script);
    let run = project.run(&["build", "wheels", "--jobs", "1", "--patience", "1s"]).ended(1);
    run.says(&["trying again (2 of 2)", "debian-12/base failed", "nothing went between the daemon and the registry"]);
    assert_eq!(project.calls_of("pull").len(), 2);
}

#[test]
fn an_image_build_that_falls_silent_is_cancelled() {
    let project = Project::new();
    project.play(&Script::new().hangs("build", "debian-12/core"));
    let run = project.done(&["build", "images", "--jobs", "1", "--patience", "1s"]);
    run.says(&["debian-12/core: it said nothing for 1s and was stopped; trying again (2 of 2)"]);
    assert_eq!(project.calls().iter().filter(|call| call.starts_with("cancelled build")).count(), 1);
    project.assert_tidy();
}

#[test]
fn ctrl_c_between_two_tries() {
    let project = Project::new();
    let cut = json!({ "lines": ["ERROR: Read timed out."], "exit": 1 });
    project.play(&Script::new().on("wait", "pip", cut));
    let mut running = project.start(&["build", "wheels", "--jobs", "1", "--keep-failed"]);
    running.until_says("trying again (3 of 4)");
    running.signal(rustix::process::Signal::INT);
    running.end().assert_code(130);
    assert!(project.calls_of("wait").len() < 4, "{:?}", project.calls_of("wait"));
    project.assert_tidy();
}

#[test]
fn patience_is_a_time() {
    let project = Project::new();
    for bad in ["30", "1.5h", "0s", "soon"] {
        project.run(&["build", "--patience", bad]).assert_code(2).says(&["--patience", bad]);
    }
    assert!(project.calls().is_empty());
}

/// One set of wheels does not build; nothing else is wrong.
fn one_set_is_broken() -> Project {
    let project = Project::with_two_platforms();
    let then = json!({ "lines": ["Collecting bottle", "ERROR: broken"], "exit": 1 });
    // The first platform's only: its containers are made of its builder.
    project.play(&Script::new().on("wait", "debian-12-", then));
    project
}

#[test]
fn keep_going_runs_everything_that_does_not_depend_on_a_failure() {
    let project = one_set_is_broken();
    let run = project.run(&["build", "--keep-going", "--jobs", "1"]).ended(1);
    shows!(project, run.stderr.split_once("error: ").unwrap().1);
    let records = project.records();
    assert!(records.contains(&"debian-99/package-shop-web".to_owned()), "{records:?}");
    assert!(!records.iter().any(|step| step.starts_with("debian-12/") && step.contains("package")), "{records:?}");
    // What was made is listed and has its checksums; the platform that is not complete has none.
    assert!(run.stdout.contains("debian-99") && !run.stdout.contains("debian-12/shop"), "{run}");
    assert!(project.path("packages/debian-99/SHA256SUMS").exists());
    assert!(!project.path("packages/debian-12/SHA256SUMS").exists());
    // The next run does only the rest.
    project.play(&Script::new());
    let run = project.done(&["build"]);
    assert!(!run.stderr.contains("[debian-99/core] started"), "{run}");
    project.assert_tidy();
}

#[test]
fn what_became_of_the_steps_adds_up() {
    for arguments in [&["build", "--keep-going", "--jobs", "1"][..], &["build", "--jobs", "1"]] {
        let project = one_set_is_broken();
        project.done(&["build", "wheels", "--platform", "debian-99"]);
        let planned = project.done(&["plan", "--output", "json"]);
        let planned: Value = serde_json::from_str(planned.stdout.lines().last().unwrap()).unwrap();
        let run = project.run(arguments).ended(1);
        let line = run.stderr.lines().find(|line| line.contains(" steps are done, ")).unwrap();
        let numbers = line.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse::<usize>().ok());
        let [done, all, failed, not_run] = numbers.collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert_eq!((done + failed + not_run, all), (all, planned["rows"].as_array().unwrap().len()), "{run}");
        let said = |part: &str| run.stderr.lines().filter(|line| line.starts_with('[') && line.contains(part)).count();
        assert_eq!((said("] failed after"), said("] skipped")), (failed, not_run), "{run}");
        assert_eq!(said("] cached") + said("] done in"), done, "{run}");
    }
}

#[test]
fn without_it_nothing_begins_after_a_failure() {
    for arguments in [&["build", "--jobs", "1"][..], &["build", "--jobs", "1", "--fail-fast"]] {
        let project = one_set_is_broken();
        let run = project.run(arguments).ended(1);
        run.says(&[
            "failed: pip could not build the wheels",
            "not begun any more:",
            "`--keep-going` goes on with those",
        ]);
        assert!(!project.records().iter().any(|step| step.contains("package")), "{:?}", project.records());
    }
    Project::new().run(&["build", "--keep-going", "--fail-fast"]).assert_code(2);
}

#[test]
fn every_failure_is_in_the_summary() {
    let project = one_set_is_broken();
    let failures = |run: &Run| -> Vec<Value> {
        let line = run.stderr.lines().last().unwrap();
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}\n{run}"));
        value["failures"].as_array().unwrap().clone()
    };
    let run = project.run(&["build", "--keep-going", "--output", "json"]).ended(1);
    let told = failures(&run);
    assert_eq!(told.len(), 2, "{run}");
    for failure in told {
        let log = failure["log"].as_str().unwrap();
        assert!(project.read(log).contains("ERROR: broken"), "{log}");
        assert_eq!(failure["tail"], json!(["Collecting bottle", "ERROR: broken"]));
    }
}

#[test]
fn an_engine_that_is_gone_ends_even_a_run_that_keeps_going() {
    let project = Project::with_two_platforms();
    project.play(&Script::new().fails("wait", "debian-12-", "lost", "connection reset by peer"));
    let run = project.run(&["build", "--keep-going", "--jobs", "1"]).ended(3);
    run.says(&["the Docker engine went away"]);
    let records = project.records();
    assert!(!records.iter().any(|step| step.contains("package")), "{records:?}");
    project.play(&Script::new());
    project.done(&["build"]);
    project.assert_tidy();
}
