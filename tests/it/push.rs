//! `push`: the official platform's images, under a registry's name that is only lent.

use rustix::process::Signal;
use serde_json::json;

use crate::{play::Script, project::Project};

const REGISTRY: &str = "r.example.org:5000";

fn built() -> Project {
    let project = Project::new();
    project.done(&["build", "images"]);
    project.forget_calls();
    project
}

/// Fails when a registry's name is left in the daemon.
fn assert_no_name_left(project: &Project) {
    let left: Vec<String> = project.images().into_iter().filter(|name| name.starts_with(REGISTRY)).collect();
    assert!(left.is_empty(), "{left:?}");
    for name in ["shop/core:2.5.11", "shop/core:debian-12-2.5.11", "shop/web:2.5.11", "shop/web:debian-12-2.5.11"] {
        assert!(project.images().contains(name), "{name} is gone: {:?}", project.images());
    }
}

/// The references that were pushed, in order.
fn pushed(project: &Project) -> Vec<String> {
    let calls = project.calls_of("push").into_iter();
    calls.map(|call| call.split('"').nth(1).unwrap().to_owned()).collect()
}

#[test]
fn every_image_with_every_tag() {
    let project = built();
    let run = project.done(&["push", "--registry", REGISTRY]);
    assert_eq!(
        pushed(&project),
        ["shop/core:debian-12-2.5.11", "shop/core:2.5.11", "shop/web:debian-12-2.5.11", "shop/web:2.5.11"]
            .map(|name| format!("{REGISTRY}/{name}")),
        "parents first"
    );
    shows!(project, run.stdout);
    shows!(project, run.stderr);
    assert_no_name_left(&project);
    // Each name is there for its push, and for nothing else.
    let order: Vec<String> = project
        .calls()
        .iter()
        .filter_map(|call| call.split(' ').next().filter(|word| ["tag", "push", "remove_image"].contains(word)))
        .map(str::to_owned)
        .collect();
    assert_eq!(order, ["tag", "push", "remove_image"].repeat(4));
}

#[test]
fn the_digests_are_whole_in_json() {
    let project = built();
    let run = project.done(&["push", "--registry", REGISTRY, "--output", "json"]);
    let made: serde_json::Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    let daemon = project.daemon();
    for item in made["items"].as_array().unwrap() {
        let digest = item["digest"].as_str().unwrap();
        assert!(digest.starts_with("sha256:") && digest.len() == 71, "{digest}");
        assert!(daemon.to_string().contains(&format!("@{digest}")), "the daemon knows it: {digest}");
    }
}

#[test]
fn where_to() {
    let mut project = built();
    let run = project.run(&["push"]);
    run.assert_code(2).says(&["nothing says which registry to push to", "--registry registry.example.org"]);
    let to = |project: &Project, arguments: &[&str]| -> String {
        project.forget_calls();
        project.done(&[&["push"], arguments].concat());
        pushed(project)[0].split("/shop").next().unwrap().to_owned()
    };
    project.edit("factory.toml", "official =", "registry = \"recipe.example.org/team\"\nofficial =");
    assert_eq!(to(&project, &[]), "recipe.example.org/team");
    project.env("FACTORY_REGISTRY", "variable.example.org");
    assert_eq!(to(&project, &[]), "variable.example.org");
    assert_eq!(to(&project, &["--registry", "localhost:5000"]), "localhost:5000");
}

#[test]
fn what_is_no_registry() {
    let project = built();
    for wrong in [
        "https://r.example.org",
        "shop",
        "r.example.org:0",
        "r.example.org/A",
        "-a.b",
        "a b.c",
        "r.example.org;id",
        "../r.example.org",
    ] {
        let run = project.run(&["push", &format!("--registry={wrong}")]);
        assert_eq!(run.code, Some(2), "{wrong:?}\n{run}");
        assert!(project.calls().is_empty(), "{wrong:?}: {:?}", project.calls());
    }
}

#[test]
fn only_the_official_platform() {
    let project = Project::with_two_platforms();
    project.done(&["build", "images"]);
    project.done(&["push", "--registry", REGISTRY]);
    assert!(pushed(&project).iter().all(|name| !name.contains("debian-99")), "{:?}", pushed(&project));
    assert_eq!(pushed(&project).len(), 4);
    project.forget_calls();
    let run = project.run(&["push", "--registry", REGISTRY, "--platform", "debian-99"]);
    run.assert_code(2).says(&["none of the chosen platforms is the official one"]);
    assert!(pushed(&project).is_empty());
}

#[test]
fn what_was_not_built() {
    let project = Project::new();
    let run = project.run(&["push", "--registry", REGISTRY]);
    run.assert_code(1).says(&["shop/core:debian-12-2.5.11 was not built yet", "factory build images --tag 2.5.11"]);
    project.done(&["build", "images"]);
    let run = project.run(&["push", "--registry", REGISTRY, "--tag", "2.5.12"]);
    run.assert_code(1).says(&["shop/core:debian-12-2.5.12 was not built yet"]);
    assert!(pushed(&project).is_empty());
}

#[test]
fn an_image_that_is_not_what_was_built() {
    let project = built();
    let base = project.image("debian:bookworm-slim").unwrap();
    project.meddle(|daemon| {
        for image in daemon["images"].as_array_mut().unwrap() {
            let is_base = image["id"] == json!(base);
            let tags = image["tags"].as_array_mut().unwrap();
            tags.retain(|tag| tag != "shop/web:2.5.11");
            if is_base {
                tags.push(json!("shop/web:2.5.11"));
            }
        }
    });
    let run = project.run(&["push", "--registry", REGISTRY]);
    run.assert_code(1).says(&["shop/web:2.5.11 is not the image that was built", "factory build images"]);
    assert!(!pushed(&project).contains(&format!("{REGISTRY}/shop/web:2.5.11")), "{:?}", pushed(&project));
    project.done(&["build", "images"]);
    project.done(&["push", "--registry", REGISTRY]);
    assert_no_name_left(&project);
}

#[test]
fn an_image_that_is_gone() {
    let project = built();
    project.meddle(|daemon| {
        let images = daemon["images"].as_array_mut().unwrap();
        images.retain(|image| !image["tags"].as_array().unwrap().contains(&json!("shop/core:2.5.11")));
    });
    let run = project.run(&["push", "--registry", REGISTRY]);
    run.assert_code(1).says(&["shop/core:debian-12-2.5.11 is gone from the daemon", "factory build images"]);
    assert!(pushed(&project).is_empty());
}

#[test]
fn files_that_changed_since_do_not_matter() {
    // What was built is pushed, not what would be built now.
    let project = built();
    let before = project.image("shop/core:2.5.11");
    project.edit("app/shop.py", "sold", "bought");
    project.done(&["push", "--registry", REGISTRY]);
    assert_eq!(pushed(&project).len(), 4);
    assert_eq!(project.image("shop/core:2.5.11"), before);
}

#[test]
fn a_push_that_fails() {
    for (kind, text, code) in [
        ("registry", "dial tcp: connection refused", 1),
        ("refused", "unauthorized: authentication required", 1),
        ("lost", "connection reset by peer", 3),
    ] {
        let project = built();
        project.play(&Script::new().fails("push", "shop/web:debian", kind, text));
        let run = project.run(&["push", "--registry", REGISTRY]);
        assert_eq!(run.code, Some(code), "{kind}: {run}");
        run.says(&[text]);
        if kind == "registry" {
            run.says(&["the registry r.example.org:5000 cannot be reached"]);
        }
        assert_no_name_left(&project);
        assert_eq!(pushed(&project).len(), 3, "nothing after the one that failed");
        assert_eq!(run.stdout, "", "{kind}: no table of half a push");
        project.play(&Script::new());
        project.done(&["push", "--registry", REGISTRY]);
        assert_no_name_left(&project);
    }
}

#[test]
fn ctrl_c_in_a_push() {
    for (call, part) in [
        ("image", "shop/web:debian"),
        ("tag", "r.example.org:5000/shop/web:debian"),
        ("push", "shop/web:debian"),
        ("remove_image", "shop/web:debian"),
    ] {
        let project = built();
        project.play(&Script::new().hangs(call, part));
        let mut running = project.start(&["push", "--registry", REGISTRY]);
        running.until_call(call, part);
        running.signal(Signal::INT);
        let run = running.end();
        assert_eq!(run.code, Some(130), "{call}: {run}");
        assert_no_name_left(&project);
        project.done(&["push", "--registry", REGISTRY]);
        assert_no_name_left(&project);
    }
}

#[test]
fn killed_in_a_push() {
    let project = built();
    project.play(&Script::new().hangs("push", "shop/web:debian"));
    let mut running = project.start(&["push", "--registry", REGISTRY]);
    running.until_call("push", "shop/web:debian");
    running.signal(Signal::KILL);
    assert_eq!(running.end().code, None);
    assert!(project.images().iter().any(|name| name.starts_with(REGISTRY)), "the name is left for the next push");
    project.done(&["push", "--registry", REGISTRY]);
    assert_no_name_left(&project);
}
