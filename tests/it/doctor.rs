//! `doctor`: what it looks at, and its exit codes.

use std::{fs, net::TcpListener};

use serde_json::{Value, json};

use crate::{play::Script, project::Project};

/// A project whose registries are this machine's: the base's one answers.
fn project() -> (Project, TcpListener) {
    let project = Project::new();
    let registry = TcpListener::bind("127.0.0.1:0").unwrap();
    let image = format!("image = \"127.0.0.1:{}/debian:12\"\n", registry.local_addr().unwrap().port());
    project.edit("factory.toml", "[base]\n", &format!("[base]\n{image}"));
    project.program("mmdebstrap", "#!/bin/sh\n");
    (project, registry)
}

/// A port on which nobody listens.
fn deaf() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What is found of one thing: `state found`.
fn found(project: &Project, name: &str) -> String {
    let run = project.run(&["doctor", "--output", "json"]);
    let view: Value = serde_json::from_str(run.stdout.trim()).unwrap_or_else(|error| panic!("{error}\n{run}"));
    let checks = view["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"].as_str().unwrap().starts_with(name));
    let check = check.unwrap_or_else(|| panic!("no check `{name}`: {run}"));
    let fixed = check["state"] == "ok" || check["fix"].is_string();
    assert!(fixed, "what is not right needs a way to mend it: {check}");
    format!("{} {}", check["state"].as_str().unwrap(), check["found"].as_str().unwrap())
}

#[test]
fn all_is_well() {
    let (project, _registry) = project();
    let run = project.done(&["doctor"]);
    let mut settings = project.filters();
    settings.add_filter(r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]");
    settings.add_filter(r"script://\S+", "script://[SCRIPT]");
    settings.bind(|| insta::assert_snapshot!(run.stdout));
}

#[test]
fn no_engine() {
    let (project, _registry) = project();
    project.play(&Script::new().fails("info", "", "unreachable", "connection refused"));
    let run = project.run(&["doctor"]);
    run.assert_code(3).says(&["no engine answers"]);
    assert!(run.stdout.contains("systemctl restart docker"), "the answer is data: {run}");
    assert!(found(&project, "engine").starts_with("fail no Docker engine answers"));
    assert!(found(&project, "registry").starts_with("ok "), "the other checks are made all the same");
}

#[test]
fn a_check_that_fails() {
    let (mut project, _registry) = project();
    project.env("FACTORY_CA_BUNDLE", "missing.pem");
    let run = project.run(&["doctor"]);
    run.assert_code(4).says(&["1 of the checks failed"]);
    assert!(found(&project, "CA bundle").starts_with("fail FACTORY_CA_BUNDLE"));
    project.write("ca.pem", &"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".repeat(3));
    project.env("FACTORY_CA_BUNDLE", "ca.pem");
    project.done(&["doctor"]);
    assert!(found(&project, "CA bundle").starts_with("ok 3 certificates"));
}

#[test]
fn an_engine_without_buildkit() {
    let (project, _registry) = project();
    let mut script = Script::new();
    script.engine = json!({ "buildkit": false, "version": "18.09.1" });
    project.play(&script);
    project.run(&["doctor"]).assert_code(4);
    assert!(found(&project, "builder").starts_with("fail "));
}

#[test]
fn a_registry_that_does_not_answer() {
    let (mut project, registry) = project();
    drop(registry);
    // A base can be made from packages: no reason to fail.
    project.done(&["doctor"]);
    assert!(found(&project, "registry").starts_with("warn "));
    project.env("FACTORY_REGISTRY", format!("127.0.0.1:{}", deaf()));
    project.run(&["doctor"]).assert_code(4);
    let push = format!("registry 127.0.0.1:{}", project.variable("FACTORY_REGISTRY").rsplit(':').next().unwrap());
    assert!(found(&project, &push).starts_with("fail "));
}

#[test]
fn a_program_that_is_missing() {
    let (mut project, _registry) = project();
    fs::remove_file(project.beside("bin/mmdebstrap")).unwrap();
    project.env("PATH", project.beside("bin").display().to_string());
    project.done(&["doctor"]);
    assert!(found(&project, "base tools").starts_with("warn mmdebstrap is not installed"));
}

#[test]
fn outside_of_a_project() {
    let (project, _registry) = project();
    fs::remove_file(project.path("factory.toml")).unwrap();
    project.play(&Script::new().fails("info", "", "unreachable", "connection refused"));
    let run = project.run(&["doctor"]);
    run.assert_code(3);
    assert!(project.files(".factory").is_empty(), "it only looks");
}
