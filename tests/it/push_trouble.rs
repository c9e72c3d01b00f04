//! `push` to a registry that is busy, far, strange, or wants to know who asks.

use serde_json::json;

use crate::{
    play::Script,
    project::Project,
    push::{assert_no_name_left, built, push, pushed},
    registry::Registry,
    servers::{certificates, needs},
};

#[test]
fn a_daemon_that_cannot_push() {
    for (kind, text, code) in [
        ("registry", "dial tcp: connection refused", 1),
        ("refused", "unauthorized: authentication required", 1),
        ("lost", "connection reset by peer", 3),
    ] {
        let Some((project, registry)) = built() else { return };
        project.play(&Script::new().fails("push", "shop/web:debian", kind, text));
        let run = push(&project, &registry, &[]).ended(code);
        run.says(&[text]);
        if kind == "registry" {
            run.says(&[&format!("the registry {} cannot be reached", registry.address)]);
        }
        assert_no_name_left(&project);
        assert_eq!(pushed(&project).len(), 3, "nothing after the one that failed");
        assert_eq!(run.stdout, "", "{kind}: no table of half a push");
        project.play(&Script::new());
        project.forget_calls();
        let run = push(&project, &registry, &[]).ended(0);
        assert!(run.stdout.contains("2 pushed, 2 there already"), "{run}");
        assert_eq!(pushed(&project).len(), 2, "what was there is not pushed again");
        assert_no_name_left(&project);
    }
}

#[test]
fn a_registry_that_is_busy_for_a_while() {
    let Some((project, registry)) = built() else { return };
    let busy = json!({ "fail": { "kind": "busy", "text": "toomanyrequests: slow down" } });
    project.play(&Script::new().once("push", "shop/web:debian", busy));
    let run = push(&project, &registry, &[]).ended(0);
    run.says(&["did not take it this time: toomanyrequests: slow down", "is pushed again in 0.5 s"]);
    assert_eq!(pushed(&project).len(), 5);
    assert_no_name_left(&project);
}

#[test]
fn a_registry_that_stays_busy() {
    let Some((project, registry)) = built() else { return };
    project.play(&Script::new().fails("push", "shop/core:debian", "busy", "received unexpected HTTP status: 503"));
    let run = push(&project, &registry, &[]).ended(1);
    run.says(&["again in 4.0 s", "the same command does the rest"]);
    assert_eq!(pushed(&project).len(), 5, "four more times");
    assert_no_name_left(&project);
}

#[test]
fn a_push_that_stands_still() {
    let Some((project, registry)) = built() else { return };
    project.play(&Script::new().hangs("push", "shop/web:debian"));
    let run = push(&project, &registry, &["--patience", "1s"]).ended(0);
    run.says(&["nothing went between the daemon and the registry of", "for 1s", "is pushed again in 0.5 s"]);
    assert_eq!(project.calls().iter().filter(|call| call.starts_with("cancelled push")).count(), 1);
    assert_no_name_left(&project);
    // Twice is enough.
    let Some((project, registry)) = built() else { return };
    project.play(&Script::new().on("push", "shop/core:debian", json!({ "hang": true })));
    let run = push(&project, &registry, &["--patience", "1s"]).ended(1);
    run.says(&["nothing went between the daemon and the registry of", "the same command does the rest later"]);
    assert_eq!(project.calls().iter().filter(|call| call.starts_with("cancelled push")).count(), 2);
    assert_no_name_left(&project);
}

#[test]
fn a_layer_that_the_daemon_lost() {
    let Some((project, registry)) = built() else { return };
    let lost = json!({ "fail": { "kind": "refused", "text": "layer does not exist" } });
    project.play(&Script::new().once("push", "shop/web:debian", lost));
    let run = push(&project, &registry, &[]).ended(0);
    run.says(&["layer does not exist: a known fault of the engine; the disks are synchronised"]);
    assert_eq!(pushed(&project).len(), 5);
}

#[test]
fn answers_of_a_registry() {
    for (answers, says) in [
        (json!([{ "status": 429, "headers": { "Retry-After": "0" } }]), "answers 429; asked again in 0.0 s"),
        (json!([{ "status": 500 }, { "status": 503 }]), "answers 503; asked again in 1.0 s"),
        (json!([{ "cut": 0 }]), "asked again in 0.5 s"),
    ] {
        let Some((project, registry)) = built() else { return };
        registry.answers("GET", "/manifests/", answers);
        push(&project, &registry, &[]).ended(0).says(&[says]);
        assert_eq!(pushed(&project).len(), 4);
    }
}

#[test]
fn answers_that_stay() {
    for (answer, says) in [
        (json!({ "status": 429, "headers": { "Retry-After": "3600" } }), "answers 429 when asked to show"),
        (json!({ "status": 500 }), "answers 500 when asked to show"),
        (json!({ "status": 403, "body": r#"{"errors":[{"code":"DENIED","message":"not yours"}]}"# }), "not yours"),
        (json!({ "status": 200, "body": "<html>" }), "gives no usable answer"),
        (json!({ "status": 418 }), "answers 418"),
        (json!({ "status": 302, "headers": { "Location": "ftp://elsewhere" } }), "leads to an address without TLS"),
    ] {
        let Some((project, registry)) = built() else { return };
        registry.answers("GET", "/manifests/", json!(vec![answer.clone(); 9]));
        let run = push(&project, &registry, &[]).ended(1);
        run.says(&[says]);
        assert!(pushed(&project).is_empty(), "{answer}: nothing is pushed where nobody knows what is there");
    }
}

#[test]
fn what_is_no_registry_is_said() {
    let Some((project, registry)) = built() else { return };
    registry.answers("GET", "/v2/", json!([{ "status": 404 }, { "status": 404 }]));
    let run = push(&project, &registry, &[]).ended(1);
    run.says(&["is no registry: it says 404 to /v2/", "host[:port][/path]"]);
    drop(registry);
    let run = project.run(&["push", "--registry", "127.0.0.1:9"]).ended(1);
    run.says(&["the registry 127.0.0.1:9 cannot be reached"]);
    assert!(pushed(&project).is_empty());
}

#[test]
fn somebody_else_comes_later() {
    let Some((project, registry)) = built() else { return };
    let theirs = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}"#;
    // The first look finds nothing; the one after the push what somebody else has pushed meanwhile.
    registry.answers(
        "GET",
        "/shop/core/manifests/2.5.11",
        json!([{ "status": 404 }, { "status": 200, "body": theirs }]),
    );
    let run = push(&project, &registry, &[]).ended(1);
    run.says(&["somebody else has pushed to it at the same time"]);
    assert_no_name_left(&project);
}

/// The configuration of a user who has logged in.
fn log_in(project: &Project, registry: &Registry, entry: serde_json::Value) {
    let folder = project.beside("home/.docker");
    std::fs::create_dir_all(&folder).unwrap();
    let config = json!({ "auths": { registry.address.clone(): entry } });
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
}

#[test]
fn logins() {
    let (name_and_password, identity) = (json!({ "users": { "ci": "pw-s3cr3t" } }), json!({ "identity": "id-s3cr3t" }));
    let entry = json!({ "username": "ci", "password": "pw-s3cr3t" });
    let token = json!({ "identitytoken": "id-s3cr3t" });
    for (scheme, state, entry) in
        [("basic", &name_and_password, &entry), ("bearer", &name_and_password, &entry), ("bearer", &identity, &token)]
    {
        let project = Project::new();
        let mut state = state.clone();
        state["scheme"] = json!(scheme);
        state["users"] = state.get("users").cloned().unwrap_or(json!({}));
        let Some(registry) = Registry::with(&project, state) else { return };
        project.done(&["build", "images"]);
        let run = push(&project, &registry, &[]).ended(1);
        run.says(&["does not let us in", &format!("`docker login {}`", registry.address)]);
        log_in(&project, &registry, entry.clone());
        let run = push(&project, &registry, &["--verbose"]).ended(0);
        for text in [run.stdout.as_str(), run.stderr.as_str(), &project.read("packages/release.json")] {
            assert!(!text.contains("s3cr3t"), "{text}");
        }
        assert!(!registry.log().join("\n").contains("s3cr3t"), "no secret in an address");
        log_in(&project, &registry, json!({ "username": "ci", "password": "wrong-one" }));
        let run = push(&project, &registry, &[]).ended(1);
        run.says(&["does not let `ci` in"]);
        assert!(!run.stderr.contains("wrong-one"));
    }
}

#[test]
fn any_certificate_will_do_on_loopback() {
    let project = Project::new();
    if needs("openssl").is_none() {
        return;
    }
    let home = project.beside("home");
    certificates(&home);
    let tls = json!({ "tls": [home.join("server.pem"), home.join("server.key")] });
    let Some(registry) = Registry::with(&project, tls) else { return };
    project.done(&["build", "images"]);
    // Nobody knows its CA; but loopback is insecure for Docker, and so for us. Elsewhere: `oci::only_a_known_certificate…`.
    push(&project, &registry, &[]).ended(0);
    assert_eq!(pushed(&project).len(), 4);
}
