//! What the store knows of steps: another checkout of the same project on the same daemon makes nothing again.

use std::{fs, path::Path};

use serde_json::json;

use crate::project::{Project, Run};

/// A project that was built, whose wheel cache is beside it.
fn built() -> Project {
    let mut project = Project::new();
    let cache = project.beside("cache").display().to_string();
    project.env("WHEEL_DIR", cache);
    project.done(&["build"]);
    project.forget_calls();
    project
}

/// The checkout as git would give it to somebody else.
fn fresh(project: &Project) {
    for folder in [".factory", "packages"] {
        fs::remove_dir_all(project.path(folder)).unwrap();
    }
}

/// How many images were built, and how many containers were made.
fn work(project: &Project) -> (usize, usize) {
    (project.calls_of("build").len(), project.calls_of("create").len())
}

fn packages(project: &Project) -> Vec<(String, Vec<u8>)> {
    let files = project.files("packages").into_iter();
    files.map(|file| (file.clone(), fs::read(project.path("packages").join(file)).unwrap())).collect()
}

fn build(project: &Project, arguments: &[&str]) -> Run {
    project.forget_calls();
    project.done(&[&["build"], arguments].concat())
}

#[test]
fn another_checkout_makes_nothing_again() {
    let project = built();
    let before = packages(&project);
    assert!(before.iter().any(|(name, _)| name.ends_with(".deb")));
    fresh(&project);
    let run = build(&project, &[]);
    assert_eq!(work(&project), (0, 0), "{run}");
    run.says(&["[debian-12/core] done in", "from the store", "[debian-12/package-shop] done in"]);
    assert_eq!(packages(&project), before);
    assert_eq!(project.planned(), Vec::<String>::new());
    // What it found is whose it was: it goes with the checkout that built it.
    let images = project.images();
    let cleaned = project.done(&["clean"]);
    assert!(!cleaned.stdout.contains("shop/core:debian-12-2.5.11"), "{cleaned}");
    cleaned.says(&["images of this release that were not built in this folder stay", "shop/core:debian-12-2.5.11"]);
    assert_eq!(project.images(), images);
    project.assert_tidy();
}

#[test]
fn what_is_asked_for_anew_is_made_anew() {
    let project = built();
    fresh(&project);
    let run = build(&project, &["--no-cache"]);
    assert!(work(&project).0 > 0 && work(&project).1 > 0, "{run}");
}

#[test]
fn an_image_that_is_gone_is_built_again() {
    let project = built();
    fresh(&project);
    project.meddle(|daemon| {
        let images = daemon["images"].as_array_mut().expect("images");
        images.retain(|image| !image["tags"].to_string().contains("shop/web"));
    });
    let run = build(&project, &[]);
    assert_eq!(project.calls_of("build").len(), 1, "{run}");
    // From now on it is the new one that is known.
    fresh(&project);
    let run = build(&project, &[]);
    assert_eq!(work(&project), (0, 0), "{run}");
}

#[test]
fn a_name_that_moved_comes_back() {
    let project = built();
    fresh(&project);
    project.meddle(|daemon| {
        for image in daemon["images"].as_array_mut().expect("images") {
            if image["tags"].to_string().contains("shop/core:debian-12-2.5.11") {
                image["tags"] = json!(["somebody/elses:1"]);
            }
        }
    });
    let run = build(&project, &[]);
    assert_eq!(work(&project), (0, 0), "{run}");
    assert!(project.calls_of("tag").iter().any(|call| call.contains("shop/core:debian-12-2.5.11")), "{run}");
}

/// Changes the content of each entry of a kind.
fn damage(project: &Project, kind: &str, content: &[u8]) {
    let mut found = 0;
    for file in files(&project.beside("cache/store").join(kind)) {
        if file.ends_with("content") {
            fs::write(file, content).unwrap();
            found += 1;
        }
    }
    assert!(found > 0);
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found
}

#[test]
fn a_damaged_store_is_told_and_everything_made_again() {
    for kind in ["products", "made"] {
        let project = built();
        let before = packages(&project);
        damage(&project, kind, b"{}");
        fresh(&project);
        let run = build(&project, &[]);
        run.says(&["the store was damaged", "it is made again"]);
        assert_eq!(packages(&project), before, "{kind}");
        project.assert_tidy();
    }
}

#[test]
fn an_edited_package_comes_back_from_the_store() {
    let project = built();
    let before = packages(&project);
    let (name, _) = before.iter().find(|(name, _)| name.ends_with(".deb")).unwrap();
    fs::write(project.path("packages").join(name), b"edited").unwrap();
    let run = build(&project, &[]);
    run.says(&["was changed", "from the store"]);
    assert_eq!(packages(&project), before);
    assert_eq!(work(&project), (0, 0), "{run}");
}

#[test]
fn a_store_without_room_keeps_nothing() {
    let mut project = Project::new();
    project.env("WHEEL_STORE_LIMIT", "0");
    project.done(&["build"]);
    assert!(!project.files("wheels").iter().any(|file| file.starts_with("store/products")));
    fresh(&project);
    let run = build(&project, &[]);
    assert!(work(&project).0 > 0, "{run}");
}

/// A store that others may write, in which a first checkout made everything; what a second one says, and how much it makes itself.
fn second(
    change: impl FnOnce(&mut Project, &std::path::Path),
    prepare: impl FnOnce(&mut Project),
) -> (crate::project::Run, usize) {
    use std::os::unix::fs::PermissionsExt as _;
    let mut project = Project::new();
    let cache = project.beside("cache");
    project.env("WHEEL_DIR", cache.display().to_string());
    prepare(&mut project);
    project.done(&["build"]);
    fs::set_permissions(cache.join("store"), fs::Permissions::from_mode(0o777)).unwrap();
    change(&mut project, &cache);
    for folder in [".factory", "packages"] {
        fs::remove_dir_all(project.path(folder)).unwrap();
    }
    project.forget_calls();
    let run = project.done(&["build"]);
    let made = project.calls_of("build").len();
    (run, made)
}

#[test]
fn a_store_that_others_may_write_is_said_once_and_makes_nothing() {
    let (run, made) = second(|_, _| {}, |_| {});
    assert_eq!(run.stderr.matches("is not believed, because others may write in").count(), 1, "{run}");
    run.says(&["chmod -R go-w", "FACTORY_STORE_KEYS"]);
    assert!(made > 0, "images are built again: {run}");
}

#[test]
fn a_signed_store_is_believed_by_whoever_lists_its_key() {
    let keys = |project: &Project| -> String {
        let shown = project.done(&["keys", "store", "mine", "--into", "../keys"]).stdout;
        shown.split_whitespace().find(|word| word.starts_with("ed25519:")).unwrap().to_owned()
    };
    let mut public = String::new();
    let prepare = |project: &mut Project| {
        public = keys(project);
        let file = project.beside("keys/mine.pem").display().to_string();
        project.env("FACTORY_STORE_KEY", file);
    };
    let (run, made) = second(|_, _| {}, prepare);
    assert_eq!(made, 0, "{run}");
    assert!(!run.stderr.contains("is not believed"), "{run}");
    assert!(public.parse::<factory::names::StoreKey>().is_ok());
    let project = Project::new();
    project.edit("factory.toml", "[project]\n", &format!("[project]\nstore_keys = [\"{public}\"]\n"));
    project.done(&["plan"]);
    project.edit("factory.toml", "ed25519:", "rsa:");
    project.run(&["plan"]).assert_code(2).says(&["factory keys store"]);
}
