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

/// A port on which nothing listens.
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
    // The engine may have a way of its own: no reason to fail.
    project.done(&["doctor"]);
    assert!(found(&project, "registry").starts_with("warn "));
    project.env("FACTORY_REGISTRY", format!("127.0.0.1:{}", deaf()));
    project.run(&["doctor"]).assert_code(4);
    let push = format!("registry 127.0.0.1:{}", project.variable("FACTORY_REGISTRY").rsplit(':').next().unwrap());
    assert!(found(&project, &push).starts_with("fail "));
}

/// The way out of what is found of one thing.
fn fix(project: &Project, name: &str) -> String {
    let run = project.run(&["doctor", "--output", "json"]);
    let view: Value = serde_json::from_str(run.stdout.trim()).unwrap();
    let mut checks = view["checks"].as_array().unwrap().iter();
    let check = checks.find(|check| check["name"].as_str().unwrap().starts_with(name)).unwrap();
    check["fix"].as_str().unwrap().to_owned()
}

#[test]
fn bases_without_a_registry() {
    let (project, registry) = project();
    let image = format!("127.0.0.1:{}/debian:12", registry.local_addr().unwrap().port());
    drop(registry);
    let never = "the bases of `debian-12` cannot be made from packages: the engine needs a proxy, or `docker load`";
    assert_eq!(fix(&project, "registry"), format!("{never} `{image}`"));
    // Of some platforms none is ever made, whatever the recipe allows.
    project.edit("factory.toml", "bootstrap = \"never\"", "bootstrap = \"fallback\"");
    project.edit("factory.toml", "[\"debian-12\"]", "[\"debian-12\", \"rocky-9\", \"alpine-3.22\"]");
    let made = "the bases of `debian-12` are made from packages instead (`[base] bootstrap`)";
    let others = "the bases of `rocky-9`, `alpine-3.22` cannot be made from packages: the engine needs a proxy, or `docker load`";
    assert_eq!(fix(&project, "registry"), format!("{made}; {others} `{image}`"));
    let mut script = Script::new();
    script.images.push(json!({ "tags": [image], "size": 74_000_000 }));
    project.play(&script);
    project.new_daemon();
    assert_eq!(fix(&project, "registry"), format!("{made}; the engine has the bases of `rocky-9`, `alpine-3.22`"));
    // What is always made asks no registry, and where that cannot be it is an error of the recipe.
    project.edit("factory.toml", "bootstrap = \"fallback\"", "bootstrap = \"always\"");
    let run = project.run(&["plan"]);
    run.assert_code(2).says(&["no base image can be made from packages for `rocky-9`, `alpine-3.22`"]);
    project.edit("factory.toml", "[\"debian-12\", \"rocky-9\", \"alpine-3.22\"]", "[\"debian-12\"]");
    assert!(!project.done(&["doctor"]).stdout.contains("registry"));
}

#[test]
fn a_recipe_that_cannot_be_read() {
    let (project, _registry) = project();
    project.edit("factory.toml", "repository = \"shop/core\"", "repositroy = \"shop/core\"");
    let run = project.run(&["doctor"]);
    run.assert_code(4).says(&["1 of the checks failed"]);
    assert_eq!(
        found(&project, "recipe"),
        "fail the recipe cannot be read: `factory.toml` has an error: factory.toml:23: unknown key `repositroy` in [[image]]"
    );
    assert_eq!(fix(&project, "recipe"), "`factory plan` shows all of it");
    // A release is nothing that it needs.
    let (mut project, _registry) = self::project();
    project.without_env("FACTORY_TAG");
    project.done(&["doctor"]);
    assert_eq!(found(&project, "recipe"), "ok factory.toml, for debian-12");
    fs::remove_file(project.path("factory.toml")).unwrap();
    fs::create_dir(project.path("factory.toml")).unwrap();
    project.run(&["doctor"]).assert_code(4);
    assert!(found(&project, "recipe").starts_with("fail the recipe cannot be read: "));
}

#[test]
fn a_program_that_is_missing() {
    let (mut project, _registry) = project();
    fs::remove_file(project.beside("bin/mmdebstrap")).unwrap();
    project.env("PATH", project.beside("bin").display().to_string());
    // No base of this project is made from packages.
    assert_eq!(found(&project, "base tools"), "ok none needed: no base is made from packages");
    project.edit("factory.toml", "bootstrap = \"never\"", "bootstrap = \"fallback\"");
    project.done(&["doctor"]);
    assert!(found(&project, "base tools").starts_with("warn mmdebstrap is not installed"));
    project.edit("factory.toml", "bootstrap = \"fallback\"", "bootstrap = \"always\"");
    project.run(&["doctor"]).assert_code(4);
    assert!(found(&project, "base tools").starts_with("fail mmdebstrap is not installed"));
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
