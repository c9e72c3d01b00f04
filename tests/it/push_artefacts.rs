//! Packages and wheelhouses on their way to a registry and back.

use serde_json::{Value, json};

use crate::{
    project::Project,
    push::{push, release},
    registry::Registry,
};

/// A built project, and a registry.
fn built() -> Option<(Project, Registry)> {
    let project = Project::new();
    let registry = Registry::new(&project)?;
    project.done(&["build"]);
    Some((project, registry))
}

/// The release on another machine: nothing is here but the recipe.
fn elsewhere(project: &Project) {
    for folder in ["packages", "wheels", ".factory"] {
        std::fs::remove_dir_all(project.path(folder)).unwrap();
    }
}

fn debs(project: &Project) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| {
        let bytes = std::fs::read(project.path("packages").join(&name)).unwrap();
        (name, bytes)
    };
    project.files("packages").into_iter().filter(|name| name.ends_with(".deb")).map(read).collect()
}

#[test]
fn there_and_back() {
    let Some((project, registry)) = built() else { return };
    // The store is this machine's own.
    let wheels_of = |project: &Project| -> Vec<String> {
        project.files("wheels").into_iter().filter(|file| !file.starts_with("store/")).collect()
    };
    let (packages, wheels) = (debs(&project), wheels_of(&project));
    assert_eq!(packages.len(), 2);
    let run = push(&project, &registry, &["--packages"]).ended(0);
    shows!(project, run.stdout);
    shows!(project, project.read("packages/release.json"));
    elsewhere(&project);
    let run = project.run(&["pull", "--registry", &registry.address]).ended(0);
    shows!(project, run.stdout);
    assert_eq!(debs(&project), packages, "byte for byte");
    assert_eq!(wheels_of(&project), wheels);
    assert!(project.read("packages/debian-12/SHA256SUMS").contains("shop_2.5.11"));
    // The wheels are where a build looks for them.
    let planned = project.planned();
    assert!(planned.iter().all(|line| !line.starts_with("wheels")), "{planned:?}");
    project.assert_tidy();
}

#[test]
fn a_second_time_nothing_moves() {
    let Some((project, registry)) = built() else { return };
    push(&project, &registry, &["--packages"]).ended(0);
    let before = registry.log().len();
    let run = push(&project, &registry, &["--packages"]).ended(0);
    assert!(run.stdout.contains("all 7 there already"), "{run}");
    assert!(registry.log()[before..].iter().all(|line| line.starts_with("GET ")), "{:?}", &registry.log()[before..]);
    let before = registry.log().len();
    let run = project.run(&["pull", "--registry", &registry.address]).ended(0);
    assert!(run.stdout.contains("all 4 there already"), "{run}");
    assert!(registry.log()[before..].iter().all(|line| !line.contains("/blobs/")), "{:?}", &registry.log()[before..]);
}

#[test]
fn another_packaging_is_another_artefact() {
    let Some((project, registry)) = built() else { return };
    push(&project, &registry, &["--packages"]).ended(0);
    project.done(&["build", "--release", "2"]);
    push(&project, &registry, &["--packages", "--release", "2"]).ended(0);
    let names: Vec<String> = release(&project)["pushed"].as_object().unwrap().keys().cloned().collect();
    assert!(names.iter().any(|name| name.ends_with("shop/packages:debian-12-2.5.11-2")), "{names:?}");
    assert!(!names.iter().any(|name| name.ends_with("2.5.11-1")), "another release's list begins anew: {names:?}");
}

#[test]
fn an_upload_that_is_cut() {
    for answers in [
        json!([{ "cut": 10 }]),
        json!([{ "status": 500 }, { "cut": 0 }, { "status": 429, "headers": { "Retry-After": "0" } }]),
        json!([{ "after": true }]),
    ] {
        let Some((project, registry)) = built() else { return };
        registry.answers("PUT", "/shop/packages/blobs/uploads/", answers);
        push(&project, &registry, &["--packages"]).ended(0).says(&["asked again in"]);
        let packages = debs(&project);
        elsewhere(&project);
        project.run(&["pull", "--registry", &registry.address]).ended(0);
        assert_eq!(debs(&project), packages);
    }
}

#[test]
fn files_that_are_here_and_different() {
    let Some((project, registry)) = built() else { return };
    push(&project, &registry, &["--packages"]).ended(0);
    let deb = format!("packages/{}", debs(&project)[0].0);
    project.write(&deb, "mine");
    let run = project.run(&["pull", "--registry", &registry.address]).ended(1);
    run.says(&["is here already, and not the one in the registry", "--force"]);
    assert_eq!(project.read(&deb), "mine");
    project.run(&["pull", "--registry", &registry.address, "--force"]).ended(0);
    assert_ne!(std::fs::read(project.path(&deb)).unwrap(), b"mine");
}

#[test]
fn what_is_not_there() {
    let Some((project, registry)) = built() else { return };
    let run = project.run(&["pull", "--registry", &registry.address, "--tag", "2.5.12"]).ended(1);
    run.says(&["the registry has no ", "factory push --packages"]);
}

#[test]
fn wapt_packages_go_there_and_come_back() {
    let mut project = crate::wapt::with_recipe(crate::wapt::WAPT);
    let Some(registry) = Registry::new(&project) else { return };
    project.done(&["build"]);
    let wapts = |project: &Project| -> Vec<(String, Vec<u8>)> {
        let read = |name: String| (name.clone(), std::fs::read(project.path("packages").join(name)).unwrap());
        project.files("packages").into_iter().filter(|name| name.ends_with(".wapt")).map(read).collect()
    };
    let before = wapts(&project);
    assert_eq!(before.len(), 1);
    // Whoever pushes has not the key that signed.
    for variable in ["FACTORY_WAPT_KEY", "FACTORY_WAPT_CERTIFICATE", "FACTORY_WAPT_PASSWORD_FILE"] {
        project.without_env(variable);
    }
    push(&project, &registry, &["--packages"]).ended(0);
    let pushed = release(&project)["pushed"].as_object().unwrap().clone();
    let files =
        pushed.values().filter(|entry| entry["kind"] == "packages").filter_map(|entry| entry["files"].as_object());
    assert_eq!(files.flat_map(|files| files.keys()).filter(|name| name.ends_with(".wapt")).count(), 1, "{pushed:?}");
    elsewhere(&project);
    project.run(&["pull", "--registry", &registry.address]).ended(0);
    assert_eq!(wapts(&project), before, "byte for byte");
}

#[test]
fn a_recipe_of_wapt_packages_alone() {
    let project = crate::wapt::with_recipe(crate::wapt::WAPT);
    let recipe = project.read("factory.toml");
    let (begin, end) = (recipe.find("[[package]]").unwrap(), recipe.find("[[wapt]]").unwrap());
    let wapt = recipe[end..].replace("  { package = \"shop\", dst = \"linux\" },\n", "");
    project.write("factory.toml", &format!("{}{wapt}", &recipe[..begin]));
    let Some(registry) = Registry::new(&project) else { return };
    // What was never built is said before anything goes.
    project.done(&["build", "images"]);
    push(&project, &registry, &["--packages"]).ended(1).says(&["wapt-tis-shop"]);
    project.done(&["build"]);
    push(&project, &registry, &["--packages"]).ended(0);
    elsewhere(&project);
    project.run(&["pull", "--registry", &registry.address]).ended(0);
    assert!(project.files("packages").iter().any(|name| name.ends_with(".wapt")));
}

type Change<'c> = &'c dyn Fn(&mut Value);

/// Changes the manifest of the packages in the registry.
fn tamper(project: &Project, change: impl FnOnce(&mut Value)) {
    let place = project.beside("engine/script.json.pushed/manifests/shop/packages/debian-12-2.5.11-1");
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(&place).unwrap()).unwrap();
    change(&mut manifest);
    std::fs::write(place, manifest.to_string()).unwrap();
}

#[test]
fn a_hostile_registry() {
    const TITLE: &str = "org.opencontainers.image.title";
    let changes: [(&str, Change); 9] = [
        ("no name of a file", &|m| m["layers"][0]["annotations"][TITLE] = json!("-oDebug.deb")),
        ("no name of a file", &|m| m["layers"][0]["annotations"][TITLE] = json!("other_2.5.11-1~deb12_amd64.deb")),
        ("spelt differently", &|m| {
            let layer = m["layers"][0].clone();
            m["layers"].as_array_mut().unwrap().push(layer);
        }),
        ("no name of a file", &|m| m["layers"][0]["annotations"][TITLE] = json!("../../x.deb")),
        ("no name of a file", &|m| m["layers"][0]["annotations"][TITLE] = json!(".bashrc")),
        ("no name of a file", &|m| m["layers"][0]["annotations"] = json!({})),
        ("its type is", &|m| m["artifactType"] = json!("application/vnd.else")),
        ("more bytes come than", &|m| m["layers"][0]["size"] = json!(1)),
        ("more than 16 GiB", &|m| m["layers"][0]["size"] = json!(u64::MAX)),
    ];
    for (says, change) in changes {
        let Some((project, registry)) = built() else { return };
        push(&project, &registry, &["--packages"]).ended(0);
        tamper(&project, change);
        elsewhere(&project);
        let run = project.run(&["pull", "--registry", &registry.address]).ended(1);
        run.says(&[says]);
        assert!(debs(&project).is_empty(), "{:?}", project.files("packages"));
        project.assert_tidy();
    }
}

#[test]
fn other_bytes_than_the_digest_says() {
    let Some((project, registry)) = built() else { return };
    push(&project, &registry, &["--packages"]).ended(0);
    let blobs = project.beside("engine/script.json.pushed/blobs");
    for blob in std::fs::read_dir(blobs).unwrap() {
        let path = blob.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[0] ^= 1;
        std::fs::write(path, bytes).unwrap();
    }
    elsewhere(&project);
    let run = project.run(&["pull", "--registry", &registry.address]).ended(1);
    run.says(&["gives other bytes than those of sha256:"]);
    assert!(project.files("wheels").is_empty(), "{:?}", project.files("wheels"));
    project.assert_tidy();
}
