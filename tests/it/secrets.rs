//! Credentials of indexes, proxies and registries: where they may go is the daemon; they are in no output, log,
//! record or manifest.

use std::fs;

use serde_json::json;

use crate::{
    play::Script,
    project::{Project, Run},
    registry::Registry,
};

/// Nothing of these may be found anywhere.
const SECRETS: [&str; 9] = [
    "s3cr3t-index",
    "s3cr3t-extra",
    "s3cr3t-proxy",
    "s3cr3t-upper",
    "anna%40shop",
    "anna@shop",
    "p%2Fw-s3cr3t",
    "p/w-s3cr3t",
    "t0k3n-only",
];

/// What pip and others say about the addresses that they were given.
const TALK: [&str; 7] = [
    "Looking in indexes: https://anna%40shop:s3cr3t-index@index.example/simple, https://ben:s3cr3t-extra@extra.example/x",
    "401 Error, Credentials not correct for https://anna@shop:s3cr3t-index@index.example/simple/six/",
    "the password s3cr3t-index was refused; s3cr3t-extra was, too",
    "ProxyError('Cannot connect to proxy.', http://carl:s3cr3t-proxy@proxy.example:3128)",
    "HTTPS_PROXY=carl:s3cr3t-upper@proxy.example:3128 NO_PROXY=example.org",
    "https://dora:p%2Fw-s3cr3t@more.example/ and dora:p/w-s3cr3t",
    "WARNING: t0k3n-only@last.example",
];

fn project() -> Project {
    let mut project = Project::new();
    for (name, value) in [
        ("PIP_INDEX_URL", "https://anna%40shop:s3cr3t-index@index.example/simple"),
        (
            "PIP_EXTRA_INDEX_URL",
            "https://ben:s3cr3t-extra@extra.example/x https://dora:p%2Fw-s3cr3t@more.example/ https://t0k3n-only@last.example",
        ),
        ("http_proxy", "http://carl:s3cr3t-proxy@proxy.example:3128"),
        ("HTTPS_PROXY", "carl:s3cr3t-upper@proxy.example:3128"),
    ] {
        project.env(name, value);
    }
    project
}

/// Fails when a secret is in what the program said or left.
fn assert_kept(project: &Project, run: &Run) {
    for secret in SECRETS {
        assert!(!run.stdout.contains(secret), "{secret} is on stdout: {run}");
        assert!(!run.stderr.contains(secret), "{secret} is on stderr: {run}");
        for file in project.files("") {
            let bytes = fs::read(project.path(&file)).unwrap();
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} is in {file}: {}", String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn a_build_that_talks_of_them() {
    for arguments in [&["build", "-v"][..], &["build", "--output", "json"], &["build", "-v", "--output", "json"]] {
        let project = project();
        let talks = json!({ "lines": TALK });
        project.play(&Script::new().on("wait", "pip", talks.clone()).on("build", "", talks));
        let run = project.done(arguments);
        assert_kept(&project, &run);
        assert!(run.stdout.contains("***") || run.stderr.contains("***"), "the talk itself is there: {run}");
        for step in ["wheels-core", "core"] {
            let log = project.done(&["log", &format!("debian-12/{step}")]);
            assert_kept(&project, &log);
            assert!(log.stdout.contains("index.example"), "the rest of a line stays: {log}");
        }
        assert_kept(&project, &project.done(&["plan", "--output", "json"]));
        let manifests: Vec<String> =
            project.files("wheels").into_iter().filter(|file| file.ends_with("manifest.json")).collect();
        assert!(project.read(&format!("wheels/{}", manifests[0])).contains("https://index.example/simple"));
    }
}

#[test]
fn a_build_that_fails_because_of_them() {
    for output in ["human", "json"] {
        for talk in TALK {
            let project = project();
            let error = format!("ERROR: {talk}");
            project.play(&Script::new().on("wait", "pip", json!({ "lines": [error], "exit": 1 })));
            let run = project.run(&["build", "-v", "--output", output]);
            run.assert_code(1);
            assert_kept(&project, &run);
        }
        let project = project();
        project.play(&Script::new().fails("build", "", "build", TALK[0]));
        let run = project.run(&["build", "-v", "--output", output]);
        run.assert_code(1);
        assert_kept(&project, &run);
    }
}

#[test]
fn a_plan_that_says_that_an_index_changed() {
    let mut project = project();
    project.done(&["build", "wheels"]);
    project.env("PIP_INDEX_URL", "https://anna%40shop:s3cr3t-index@i.example/");
    for arguments in [&["plan"][..], &["plan", "--output", "json"], &["build", "wheels"]] {
        let run = project.done(arguments);
        assert_kept(&project, &run);
    }
}

#[test]
fn proxies_reach_the_daemon_only_where_it_forgets_them() {
    let project = project();
    project.done(&["build"]);
    for call in project.calls() {
        let secret = call.contains("s3cr3t");
        // Build arguments with these names are left out of an image's history; labels and commands stay in it.
        assert!(!secret || call.starts_with("build "), "{call}");
        let (before, after) = call.split_once(" args={").unwrap_or((&call, ""));
        let after = after.split_once("} labels=").map_or("", |(_, after)| after);
        assert!(!before.contains("s3cr3t") && !after.contains("s3cr3t"), "{call}");
    }
    let builds = project.calls_of("build");
    assert!(builds[0].contains(r#""http_proxy":"http://carl:s3cr3t-proxy@proxy.example:3128""#), "{}", builds[0]);
    assert!(builds[0].contains(r#""HTTP_PROXY":"http://carl"#) && builds[0].contains(r#""https_proxy":"carl"#));
}

#[test]
fn a_registry_s_password() {
    let project = Project::new();
    let Some(registry) = Registry::new(&project) else { return };
    let address = registry.address.as_str();
    fs::create_dir(project.beside("home/.docker")).unwrap();
    // anna:s3cr3t-index
    let config = json!({ "auths": { address: { "auth": "YW5uYTpzM2NyM3QtaW5kZXg=" } } });
    fs::write(project.beside("home/.docker/config.json"), config.to_string()).unwrap();
    project.done(&["build"]);
    project.play(&Script::new().on(
        "push",
        "",
        json!({
            "lines": ["denied for anna with s3cr3t-index"],
            "fail": { "kind": "refused", "text": "unauthorized: s3cr3t-index", "status": 401 }
        }),
    ));
    for output in ["human", "json"] {
        let run = project.run(&["push", "-v", "--registry", address, "--output", output]);
        run.assert_code(1);
        assert_kept(&project, &run);
    }
    assert!(project.calls_of("push")[0].contains(r#"user="anna""#), "{:?}", project.calls_of("push"));
}

#[test]
fn a_registry_s_password_from_a_helper() {
    let project = Project::new();
    let Some(registry) = Registry::new(&project) else { return };
    let address = registry.address.as_str();
    fs::create_dir(project.beside("home/.docker")).unwrap();
    fs::write(project.beside("home/.docker/config.json"), r#"{ "credsStore": "it" }"#).unwrap();
    let answer = r#"{"Username":"ben","Secret":"s3cr3t-extra"}"#;
    project.program("docker-credential-it", &format!("#!/bin/sh\ncat > \"$HOME/asked\"\necho '{answer}'\n"));
    project.done(&["build"]);
    project.play(&Script::new().on("push", "", json!({ "lines": ["s3cr3t-extra"] })));
    let run = project.done(&["push", "-v", "--registry", address]);
    assert_kept(&project, &run);
    assert_eq!(fs::read_to_string(project.beside("home/asked")).unwrap().trim(), address);
    assert!(project.calls_of("push").iter().all(|call| call.contains(r#"user="ben""#)));
    // A helper that fails says what it will to nobody.
    project
        .program("docker-credential-it", "#!/bin/sh\necho 's3cr3t-extra is locked'\necho 's3cr3t-extra' >&2\nexit 1\n");
    let run = project.run(&["push", "--registry", address]);
    run.assert_code(1).says(&[address]);
    assert_kept(&project, &run);
}

#[test]
fn credentials_in_a_registry_s_address_are_refused_unseen() {
    let mut project = Project::new();
    let address = "anna:s3cr3t-index@r.example.org";
    let run = project.run(&["push", "--registry", address]);
    run.assert_code(2).says(&["registry"]);
    assert_kept(&project, &run);
    project.env("FACTORY_REGISTRY", address);
    let run = project.run(&["push"]);
    run.assert_code(2);
    assert_kept(&project, &run);
}
