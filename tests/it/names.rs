//! Names of images are everybody's on a daemon: no project takes that of a base image, or of somebody else's image.

use serde_json::{Value, json};

use crate::{
    play::Script,
    project::Project,
    push::{IMAGES, built, push},
};

fn with_repository(repository: &str) -> Project {
    let project = Project::new();
    project.edit("factory.toml", "\"shop/core\"", &format!("\"{repository}\""));
    project
}

fn image(name: &str, id: &str, labels: Value) -> Value {
    json!({
        "id": format!("sha256:{}", id.repeat(64)), "tags": [name], "repo_digests": [], "labels": labels, "size": 1,
        "created": "", "arch": "amd64",
    })
}

#[test]
fn names_of_factory_s_own_images() {
    for name in ["factory.local/base", "factory.local/shop/builder", "docker.io/factory.local/base"] {
        let run = with_repository(name).run(&["plan"]);
        run.assert_code(2).says(&["is a name of factory's own", "factory.toml:"]);
    }
}

#[test]
fn names_of_base_images() {
    for (repository, tag, whose) in [
        ("ubuntu", "22.04", "Ubuntu 22.04"),
        ("docker.io/library/ubuntu", "22.04", "Ubuntu 22.04"),
        ("docker.io/ubuntu", "24.04", "Ubuntu 24.04"),
        ("almalinux", "9", "Alma"),
        ("centos", "7", "CentOS"),
    ] {
        let mut project = with_repository(repository);
        project.env("FACTORY_TAG", tag);
        let run = project.run(&["plan"]);
        run.assert_code(2).says(&["is the name of the base image of", whose, "factory.toml:"]);
        // Another tag of it is another name.
        project.env("FACTORY_TAG", "2.5.11");
        project.done(&["plan"]);
    }
}

#[test]
fn names_of_base_images_of_the_project() {
    let project = with_repository("shop/base");
    project.edit("factory.toml", "[base]", "[base]\nimage = \"shop/base:2.5.11\"");
    project
        .run(&["plan"])
        .assert_code(2)
        .says(&["`shop/base:2.5.11` is the name of the base image of", "factory.toml:"]);
    // One of the catalogue that a platform file of the project hides is one for all others.
    let project = Project::new();
    let known = std::fs::read_to_string(format!("{}/platforms/alma-9.toml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    project.write("platforms/alma-9.toml", &known.replace("image = \"almalinux:9\"", "image = \"other:9\""));
    for repository in ["almalinux", "other"] {
        let mut project = project.copy_to(repository);
        project.edit("factory.toml", "\"shop/core\"", &format!("\"{repository}\""));
        project.env("FACTORY_TAG", "9");
        project.run(&["plan"]).assert_code(2).says(&["is the name of the base image of"]);
    }
}

#[test]
fn an_image_of_somebody_else_keeps_its_name() {
    for (labels, whose) in [
        (json!({}), "somebody else"),
        (
            json!({ "factory.project": "stall", "factory.kind": "image", "factory.tags": "x shop/core:2.5.11" }),
            "the project `stall`",
        ),
        // Built on one of ours, and named so by hand.
        (
            json!({ "factory.project": "shop", "factory.kind": "image", "factory.tags": "shop/core:1.0" }),
            "somebody else",
        ),
    ] {
        let project = Project::new();
        project.done(&["plan"]);
        project.meddle(|daemon| {
            daemon["images"].as_array_mut().unwrap().push(image("shop/core:2.5.11", "a", labels));
        });
        let run = project.run(&["build", "images"]);
        run.assert_code(1).says(&["`shop/core:2.5.11` is an image of", whose, "docker rmi shop/core:2.5.11"]);
        assert_eq!(project.image("shop/core:2.5.11"), Some(format!("sha256:{}", "a".repeat(64))), "{run}");
        project.meddle(|daemon| {
            daemon["images"].as_array_mut().unwrap().retain(|image| image["tags"] != json!(["shop/core:2.5.11"]));
        });
        project.done(&["build", "images"]);
    }
}

#[test]
fn what_a_store_knows_takes_no_name_either() {
    let project = Project::new();
    project.done(&["build", "images"]);
    // The image is there without its name, which is somebody's now.
    project.meddle(|daemon| {
        for image in daemon["images"].as_array_mut().unwrap() {
            image["tags"].as_array_mut().unwrap().retain(|tag| tag != "shop/core:2.5.11");
        }
        daemon["images"].as_array_mut().unwrap().push(image("shop/core:2.5.11", "a", json!({})));
    });
    project.run(&["build", "images"]).assert_code(1).says(&["`shop/core:2.5.11` is an image of somebody else"]);
    assert_eq!(project.image("shop/core:2.5.11"), Some(format!("sha256:{}", "a".repeat(64))));
}

#[test]
fn an_image_of_a_project_is_no_base() {
    let labels = json!({ "factory.project": "stall", "factory.kind": "image", "factory.tags": "stall/nobase:7" });
    let with = |change: &dyn Fn(&mut Value)| {
        let project = Project::new();
        project.edit("factory.toml", "[base]", "[base]\nimage = \"stall/nobase:7\"");
        project.done(&["plan"]);
        let mut made = image("stall/nobase:7", "a", labels.clone());
        change(&mut made);
        project.meddle(|daemon| daemon["images"].as_array_mut().unwrap().push(made));
        project
    };
    let run = with(&|_| {}).run(&["build", "images"]);
    run.assert_code(1).says(&["`stall/nobase:7` is no base image", "`stall` has made it", "docker rmi stall/nobase:7"]);
    // However the name is spelt.
    with(&|image| image["labels"]["factory.tags"] = json!("docker.io/stall/nobase:7"))
        .run(&["build", "images"])
        .assert_code(1)
        .says(&["`stall/nobase:7` is no base image"]);
    // One that a registry has under that name is what it is, whatever made it; so is one that was given a name by hand.
    with(&|image| image["repo_digests"] = json!([format!("stall/nobase@sha256:{}", "b".repeat(64))]))
        .done(&["build", "images"]);
    with(&|image| image["labels"]["factory.tags"] = json!("stall/core:7")).done(&["build", "images"]);
}

#[test]
fn the_name_of_a_base_is_not_believed_alone() {
    let project = Project::new();
    project.edit("factory.toml", "bootstrap = \"never\"", "bootstrap = \"fallback\"");
    project.done(&["build", "images"]);
    let local = project.images().into_iter().find(|name| name.starts_with("factory.local/base:")).unwrap();
    let genuine = project.image("debian:bookworm-slim").unwrap();
    // The lock of another project had it lent to another image, and nobody has the base any more.
    project.meddle(|daemon| {
        for image in daemon["images"].as_array_mut().unwrap() {
            image["tags"].as_array_mut().unwrap().retain(|tag| *tag != json!(local) && tag != "debian:bookworm-slim");
        }
        let labels = json!({ "factory.project": "x", "factory.kind": "base", "factory.tags": "factory.local/base:x" });
        daemon["images"].as_array_mut().unwrap().push(image(&local, "a", labels));
    });
    project.play(&Script::new());
    project.done(&["build", "images"]);
    assert_ne!(project.image(&local), Some(format!("sha256:{}", "a".repeat(64))), "{genuine}");
}

#[test]
fn a_name_that_is_lent_for_a_push_is_given_back() {
    let Some((project, registry)) = built() else { return };
    let name = format!("{}/{}", registry.address, IMAGES[0]);
    project.meddle(|daemon| {
        daemon["images"].as_array_mut().unwrap().push(image(&name, "a", json!({})));
    });
    push(&project, &registry, &[]).ended(0);
    assert_eq!(project.image(&name), Some(format!("sha256:{}", "a".repeat(64))));
}
