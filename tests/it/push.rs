//! `push`: images under a registry's name that is only lent, to a registry that keeps them.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    play::Script,
    project::{Project, Run},
    registry::{Registry, digest, squat},
};

/// The images of the usual project, in the order of pushes: parents first.
pub const IMAGES: [&str; 4] =
    ["shop/core:debian-12-2.5.11", "shop/core:2.5.11", "shop/web:debian-12-2.5.11", "shop/web:2.5.11"];

/// A project whose images are built, and a registry.
pub fn built() -> Option<(Project, Registry)> {
    let project = Project::new();
    let registry = Registry::new(&project)?;
    project.done(&["build", "images"]);
    project.forget_calls();
    Some((project, registry))
}

/// Pushes there.
pub fn push(project: &Project, registry: &Registry, more: &[&str]) -> Run {
    project.run(&[&["push", "--registry", &registry.address], more].concat())
}

/// Fails when a registry's name is left in the daemon.
pub fn assert_no_name_left(project: &Project) {
    let left: Vec<String> = project.images().into_iter().filter(|name| name.starts_with("127.")).collect();
    assert!(left.is_empty(), "{left:?}");
    for name in IMAGES {
        assert!(project.images().contains(name), "{name} is gone: {:?}", project.images());
    }
}

/// The references that were pushed, in order, without the registry.
pub fn pushed(project: &Project) -> Vec<String> {
    let calls = project.calls_of("push").into_iter();
    calls.map(|call| call.split('"').nth(1).unwrap().split_once('/').unwrap().1.to_owned()).collect()
}

/// `packages/release.json`.
pub fn release(project: &Project) -> Value {
    serde_json::from_str(&project.read("packages/release.json")).unwrap()
}

#[test]
fn every_image_with_every_tag() {
    let Some((project, registry)) = built() else { return };
    let run = push(&project, &registry, &[]).ended(0);
    assert_eq!(pushed(&project), IMAGES, "parents first");
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
    shows!(project, project.read("packages/release.json"));
    for name in IMAGES {
        let listed = &release(&project)["pushed"][format!("{}/{name}", registry.address)];
        assert_eq!(listed["digest"].as_str(), digest(&project, name).as_deref());
        assert_eq!(listed["id"].as_str(), project.image(name).as_deref());
    }
}

#[test]
fn what_is_there_is_not_pushed_again() {
    let Some((project, registry)) = built() else { return };
    push(&project, &registry, &[]).ended(0);
    let listed = project.read("packages/release.json");
    project.forget_calls();
    let run = push(&project, &registry, &[]).ended(0);
    run.says(&["in the registry already, sha256:"]);
    assert!(run.stdout.contains("all 4 there already"), "{run}");
    assert!(pushed(&project).is_empty());
    assert_eq!(project.read("packages/release.json"), listed);
    // Another machine's list knows of nothing, and gets the same.
    std::fs::remove_file(project.path("packages/release.json")).unwrap();
    push(&project, &registry, &[]).ended(0);
    assert_eq!(project.read("packages/release.json"), listed);
}

#[test]
fn a_tag_that_stands_for_something_else() {
    let Some((project, registry)) = built() else { return };
    squat(&project, "shop/web:2.5.11");
    let run = push(&project, &registry, &[]).ended(1);
    shows!(project, run.stderr);
    assert!(pushed(&project).is_empty(), "nothing before everything was looked at");
    squat(&project, "shop/core:2.5.11");
    let run = push(&project, &registry, &[]).ended(1);
    run.says(&["2 tags are in the registry already", "/shop/core:2.5.11 is sha256:", "/shop/web:2.5.11 is sha256:"]);
    push(&project, &registry, &["--force"]).ended(0);
    assert_eq!(pushed(&project), IMAGES);
}

#[test]
fn a_dry_run_pushes_nothing() {
    let Some((project, registry)) = built() else { return };
    push(&project, &registry, &[]).ended(0);
    squat(&project, "shop/web:2.5.11");
    let gone = project.beside("engine/script.json.pushed/manifests/shop/core/2.5.11");
    std::fs::remove_file(gone).unwrap();
    project.forget_calls();
    let run = push(&project, &registry, &["--dry-run"]).ended(0);
    shows!(project, run.stdout);
    assert!(pushed(&project).is_empty());
}

#[test]
fn the_digests_are_whole_in_json() {
    let Some((project, registry)) = built() else { return };
    let run = push(&project, &registry, &["--output", "json"]).ended(0);
    let made: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    let items = made["items"].as_array().unwrap();
    assert_eq!(items.len(), 4);
    for (item, name) in items.iter().zip(IMAGES) {
        assert_eq!(item["digest"].as_str(), digest(&project, name).as_deref(), "{item}");
    }
}

#[test]
fn where_to() {
    let Some((mut project, registry)) = built() else { return };
    let run = project.run(&["push"]).ended(2);
    run.says(&["nothing says which registry", "--registry registry.example.org"]);
    let to = |project: &Project, arguments: &[&str]| -> String {
        project.forget_calls();
        project.done(&[&["push", "--force"], arguments].concat());
        project.calls_of("tag")[0].split('"').nth(3).unwrap().split("/shop").next().unwrap().to_owned()
    };
    let address = registry.address.as_str();
    project.edit("factory.toml", "official =", &format!("registry = \"{address}/team\"\nofficial ="));
    assert_eq!(to(&project, &["--allow-dirty"]), format!("{address}/team"));
    project.env("FACTORY_REGISTRY", format!("{address}/variable"));
    assert_eq!(to(&project, &["--allow-dirty"]), format!("{address}/variable"));
    assert_eq!(to(&project, &["--allow-dirty", "--registry", address]), address);
}

#[test]
fn what_is_no_registry() {
    let Some((project, _registry)) = built() else { return };
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
fn the_official_platform_or_all() {
    let project = Project::with_two_platforms();
    let Some(registry) = Registry::new(&project) else { return };
    project.done(&["build", "images"]);
    push(&project, &registry, &[]).ended(0);
    assert_eq!(pushed(&project), IMAGES);
    project.forget_calls();
    let run = push(&project, &registry, &["--platform", "debian-99"]).ended(2);
    run.says(&["none of the chosen platforms is the official one", "--all-platforms"]);
    assert!(pushed(&project).is_empty());
    push(&project, &registry, &["--all-platforms"]).ended(0);
    assert_eq!(pushed(&project), ["shop/core:debian-99-2.5.11", "shop/web:debian-99-2.5.11"], "the others are there");
    project.forget_calls();
    std::fs::remove_dir_all(project.beside("engine/script.json.pushed")).unwrap();
    push(&project, &registry, &["--all-platforms", "--platform", "debian-99"]).ended(0);
    assert_eq!(pushed(&project), ["shop/core:debian-99-2.5.11", "shop/web:debian-99-2.5.11"]);
    assert_eq!(release(&project)["pushed"].as_object().unwrap().len(), 6, "what was pushed before stays listed");
}

#[test]
fn what_was_not_built() {
    let project = Project::new();
    let Some(registry) = Registry::new(&project) else { return };
    let run = push(&project, &registry, &[]).ended(1);
    run.says(&["shop/core:debian-12-2.5.11 was not built yet", "factory build images --tag 2.5.11"]);
    project.done(&["build", "images"]);
    let run = push(&project, &registry, &["--tag", "2.5.12"]).ended(1);
    run.says(&["shop/core:debian-12-2.5.12 was not built yet"]);
    assert!(pushed(&project).is_empty());
}

#[test]
fn an_image_that_is_not_what_was_built() {
    let Some((project, registry)) = built() else { return };
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
    let run = push(&project, &registry, &[]).ended(1);
    run.says(&["shop/web:2.5.11 is not the image that was built", "factory build images"]);
    assert!(pushed(&project).is_empty());
    // Whoever gave the name to another image says that it may go.
    project.run(&["build", "images"]).assert_code(1).says(&["docker rmi shop/web:2.5.11"]);
    project.meddle(|daemon| {
        for image in daemon["images"].as_array_mut().unwrap() {
            image["tags"].as_array_mut().unwrap().retain(|tag| tag != "shop/web:2.5.11");
        }
    });
    project.done(&["build", "images"]);
    push(&project, &registry, &[]).ended(0);
    assert_no_name_left(&project);
}

#[test]
fn an_image_that_is_gone() {
    let Some((project, registry)) = built() else { return };
    project.meddle(|daemon| {
        let images = daemon["images"].as_array_mut().unwrap();
        images.retain(|image| !image["tags"].as_array().unwrap().contains(&json!("shop/core:2.5.11")));
    });
    let run = push(&project, &registry, &[]).ended(1);
    run.says(&["shop/core:debian-12-2.5.11 is gone from the daemon", "factory build images"]);
    assert!(pushed(&project).is_empty());
}

#[test]
fn ctrl_c_in_a_push() {
    for call in ["image", "tag", "push", "remove_image"] {
        let Some((project, registry)) = built() else { return };
        let part = if call == "image" { "shop/web:debian" } else { "/shop/web:debian" };
        project.play(&Script::new().hangs(call, part));
        let mut running = project.start(&["push", "--registry", &registry.address]);
        running.until_call(call, part);
        running.signal(Signal::INT);
        let run = running.end();
        assert_eq!(run.code, Some(130), "{call}: {run}");
        assert_no_name_left(&project);
        project.play(&Script::new());
        push(&project, &registry, &[]).ended(0);
        assert_no_name_left(&project);
    }
}

#[test]
fn killed_in_a_push() {
    let Some((project, registry)) = built() else { return };
    project.play(&Script::new().hangs("push", "shop/web:debian"));
    let mut running = project.start(&["push", "--registry", &registry.address]);
    running.until_call("push", "shop/web:debian");
    running.signal(Signal::KILL);
    assert_eq!(running.end().code, None);
    assert!(project.images().iter().any(|name| name.starts_with("127.")), "the name is left for the next push");
    assert_eq!(release(&project)["pushed"].as_object().unwrap().len(), 2, "what is there is listed");
    project.play(&Script::new());
    push(&project, &registry, &[]).ended(0);
    assert_no_name_left(&project);
}
