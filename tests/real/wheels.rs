//! What the wheels are: compiled where the recipe says so, whole, and the caller's.

use crate::house::{BUILT, House};

#[derive(serde::Deserialize)]
struct Manifest {
    wheels: Vec<Wheel>,
}

#[derive(serde::Deserialize)]
struct Wheel {
    file: String,
    sha256: String,
    compiled: bool,
}

/// The wheelhouses of the built example, by folder.
fn wheelhouses() -> Vec<(std::path::PathBuf, Manifest)> {
    let entries = std::fs::read_dir(House::wheel_dir().join("debian-12")).expect("a wheel cache");
    entries
        .map(|entry| entry.expect("an entry").path())
        .map(|folder| {
            let text = std::fs::read(folder.join("manifest.json")).expect("a manifest");
            (folder, serde_json::from_slice(&text).expect("a manifest of our form"))
        })
        .collect()
}

#[test]
#[ignore = "needs a real engine: make real"]
fn four_are_compiled_here_and_all_are_what_the_manifest_says() {
    let _built = &*BUILT;
    let mut compiled = Vec::new();
    let mut all = 0;
    for (folder, manifest) in wheelhouses() {
        for wheel in &manifest.wheels {
            let path = folder.join(&wheel.file);
            let sum = crate::house::run("sha256sum", &[path.to_str().expect("UTF-8")]);
            assert!(sum.starts_with(&wheel.sha256), "{}", wheel.file);
            all += 1;
            if wheel.compiled {
                // A downloaded one would say manylinux.
                assert!(wheel.file.ends_with("-linux_x86_64.whl"), "{} was not compiled here", wheel.file);
                compiled.push(wheel.file.split('-').next().unwrap_or_default().to_ascii_lowercase());
            }
        }
    }
    compiled.sort();
    compiled.dedup();
    assert_eq!(compiled, ["lxml", "psutil", "pymongo", "pyyaml"]);
    assert!(all >= 25, "{all} wheels");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_damaged_wheel_is_found_and_built_again() {
    let house = &*BUILT;
    let (folder, manifest) = wheelhouses()
        .into_iter()
        .find(|(_, manifest)| !manifest.wheels.iter().any(|wheel| wheel.compiled))
        .expect("the add-on's wheelhouse, which is quickly built");
    let wheel = &manifest.wheels[0];
    std::fs::write(folder.join(&wheel.file), b"damaged").expect("damage a wheel");
    let plan = house.done(&["plan"]);
    assert!(plan.contains(&format!("{} has changed", wheel.file)), "{plan}");
    house.done(&["build"]);
    let sum = crate::house::run("sha256sum", &[folder.join(&wheel.file).to_str().expect("UTF-8")]);
    assert!(sum.starts_with(&wheel.sha256), "the same wheel as before");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_requirement_that_does_not_exist_is_shown_at_its_line_and_keeps_the_wheels() {
    let house = House::copy("missing-requirement");
    let _built = &*BUILT;
    let before = wheelhouses().len();
    let path = house.folder.join("cat/requirements.txt");
    let text = std::fs::read_to_string(&path).expect("requirements");
    let line = text.lines().count() + 1;
    std::fs::write(&path, format!("{text}bottle-flash==99.0\n")).expect("write requirements");
    let output = house.factory(&["build", "wheels"]);
    let said = crate::house::text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("cat/requirements.txt:{line}:1")), "{said}");
    assert!(said.contains("bottle-flash==99.0"), "{said}");
    assert_eq!(wheelhouses().len(), before, "nothing was recorded");
    assert_eq!(house.containers(), "", "no container is left");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn hashes_are_honoured() {
    let house = House::copy("wrong-hash");
    let path = house.folder.join("cat/requirements.txt");
    let wrong = "0".repeat(64);
    std::fs::write(&path, format!("six==1.16.0 --hash=sha256:{wrong}\n")).expect("write requirements");
    // A set with hashes must pin everything by hash: constraints without hashes would be refused for that reason.
    let recipe = house.folder.join("factory.toml");
    let text = std::fs::read_to_string(&recipe).expect("the recipe");
    std::fs::write(
        &recipe,
        text.replace("requirements = \"requirements.txt\"", "requirements = \"cat/requirements.txt\""),
    )
    .expect("write the recipe");
    let output = house.factory(&["build", "wheels"]);
    let said = crate::house::text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("does not have the hash that the requirements pin"), "{said}");
    assert!(said.contains("cat/requirements.txt:1:1"), "{said}");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn wheels_belong_to_the_caller() {
    use std::os::unix::fs::MetadataExt as _;
    let _built = &*BUILT;
    let me = std::fs::metadata(env!("CARGO_TARGET_TMPDIR")).expect("metadata").uid();
    for (folder, manifest) in wheelhouses() {
        for wheel in manifest.wheels {
            assert_eq!(std::fs::metadata(folder.join(wheel.file)).expect("metadata").uid(), me);
        }
    }
}
