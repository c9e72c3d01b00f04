//! Packages and wheelhouses on their way to a registry and back.

use serde_json::{Value, json};

use crate::{
    play::sha256,
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
fn another_packaging_is_another_artifact() {
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
/// A wheel, what its entry of the manifest says more, and whether there is a lock.
type Forged = (&'static str, Vec<(&'static str, Value)>, bool);

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

/// The digests of what the played pip gives.
const HASHED: &str = "six==1.16.0 --hash=sha256:44778d82365e4af681c40d5f0eef5cf6f5899d3f0ac335050a7ed6779cf3f674\npsutil==5.9.8 --hash=sha256:15288647007745658fea2b99678c8559b3397b175c168fc6d1900218226f0e32\n";

/// Gives a wheel of the wheelhouse in the registry other bytes, and has its manifest say so with more.
fn replace(project: &Project, key: &str, wheel: &str, bytes: &[u8], says: &[(&str, Value)]) {
    let pushed = project.beside("engine/script.json.pushed");
    let tag = format!("debian-12-{}", &key[..8]);
    let tags = std::fs::read_dir(pushed.join("manifests/shop/wheels")).unwrap().map(|entry| entry.unwrap());
    let place = tags.into_iter().find(|entry| entry.file_name().to_string_lossy().starts_with(&tag)).unwrap().path();
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(&place).unwrap()).unwrap();
    let blob = |digest: &Value| pushed.join("blobs").join(digest.as_str().unwrap().trim_start_matches("sha256:"));
    let mut put = |title: &str, bytes: &[u8]| {
        let layers = manifest["layers"].as_array_mut().unwrap();
        let named = |layer: &&mut Value| layer["annotations"]["org.opencontainers.image.title"] == json!(title);
        let layer = layers.iter_mut().find(named).unwrap();
        let before = std::fs::read(blob(&layer["digest"])).unwrap();
        layer["digest"] = json!(format!("sha256:{}", sha256(bytes)));
        layer["size"] = json!(bytes.len());
        std::fs::write(blob(&layer["digest"]), bytes).unwrap();
        before
    };
    put(wheel, bytes);
    let house = put("manifest.json", b"");
    let mut house: Value = serde_json::from_slice(&house).unwrap();
    let wheels = house["wheels"].as_array_mut().unwrap();
    let entry = wheels.iter_mut().find(|entry| entry["file"] == json!(wheel)).unwrap();
    entry["sha256"] = json!(sha256(bytes));
    entry["size"] = json!(bytes.len());
    for (name, value) in says {
        entry[*name] = value.clone();
    }
    put("manifest.json", house.to_string().as_bytes());
    std::fs::write(place, manifest.to_string()).unwrap();
}

#[test]
fn wheels_of_a_hostile_registry() {
    const SIX: &str = "six-1.16.0-py2.py3-none-any.whl";
    const PSUTIL: &str = "psutil-5.9.8-cp311-cp311-linux_x86_64.whl";
    let pinned = HASHED.split("sha256:").nth(1).unwrap()[..64].to_owned();
    let cases: [Forged; 7] = [
        (SIX, vec![], true),
        (SIX, vec![("folder", json!("x")), ("compiled", json!(true))], true),
        (SIX, vec![("folder", json!("x")), ("compiled", json!(true))], false),
        (SIX, vec![("sdist", json!(pinned)), ("compiled", json!(true))], true),
        (SIX, vec![("sdist", json!(pinned)), ("compiled", json!(true))], false),
        // Only the lock knows that there was a wheel that was built of it.
        (PSUTIL, vec![], false),
        (PSUTIL, vec![("folder", json!("libs/own")), ("sdist", Value::Null)], true),
    ];
    for (wheel, says, with_lock) in cases {
        let project = Project::new();
        let Some(registry) = Registry::new(&project) else { return };
        project.write("requirements.txt", HASHED);
        project.done(&["build"]);
        push(&project, &registry, &["--packages"]).ended(0);
        let key = project.record("debian-12/wheels-core")["key"].as_str().unwrap().to_owned();
        replace(&project, &key, wheel, b"evil", &says);
        elsewhere(&project);
        if !with_lock {
            std::fs::remove_file(project.path("factory.lock")).unwrap();
        }
        let run = project.run(&["pull", "--registry", &registry.address]).ended(1);
        run.says(&["does not have the hash that the requirements pin"]);
        assert!(
            !project.files("wheels").iter().any(|file| file.ends_with(wheel)),
            "{wheel} {says:?} {with_lock}: {run}"
        );
    }
}

#[test]
fn a_wheelhouse_that_says_what_is_not_so() {
    let project = Project::new();
    project.write("requirements.txt", HASHED);
    project.done(&["build", "wheels"]);
    let key = project.record("debian-12/wheels-core")["key"].as_str().unwrap().to_owned();
    let house = format!("wheels/debian-12/{}", &key[..32]);
    let six = format!("{house}/six-1.16.0-py2.py3-none-any.whl");
    std::fs::write(project.path(&six), "evil").unwrap();
    let mut manifest: Value = serde_json::from_str(&project.read(&format!("{house}/manifest.json"))).unwrap();
    let entry = manifest["wheels"].as_array_mut().unwrap().iter_mut().find(|wheel| wheel["sdist"].is_null()).unwrap();
    entry["sha256"] = json!(sha256(b"evil"));
    entry["folder"] = json!("x");
    entry["compiled"] = json!(true);
    project.write(&format!("{house}/manifest.json"), &manifest.to_string());
    let planned = project.planned();
    assert!(planned[0].contains("does not have the hash that the requirements pin"), "{planned:?}");
    project.done(&["build", "wheels"]);
    assert_eq!(project.read(&six), "six");
}
