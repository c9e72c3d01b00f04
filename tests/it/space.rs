//! `clean --older-than` and `--keep-size`: what was not used for long goes, what the release needs stays.

use std::{fs, time::Duration};

use serde_json::json;

use crate::{build::changes, play::Script, project::Project};

/// A project with a release of long ago beside the current one: images, wheels, a log and a record of a step that is gone.
fn with_a_past() -> Project {
    let mut project = Project::new();
    project.env("FACTORY_TAG", "2.5.10").done(&["build"]);
    project.write("requirements.txt", "six==1.16.0\npsutil==5.9.8\nbottle==0.12.25\n");
    project.env("FACTORY_TAG", "2.5.11").done(&["build"]);
    // What the ledger says of the old images is as old as the daemon says they are.
    let used = json!({});
    project.write(".factory/used.json", &used.to_string());
    let current = project.record("debian-12/wheels-core")["key"].as_str().unwrap()[..32].to_owned();
    for house in fs::read_dir(project.path("wheels/debian-12")).unwrap() {
        let house = house.unwrap();
        if house.file_name().to_str() != Some(&current) {
            age(&house.path().join("manifest.json"));
        }
    }
    project.write(".factory/logs/debian-12/gone.log", "long ago\n");
    age(&project.path(".factory/logs/debian-12/gone.log"));
    let old = project.read(".factory/records/debian-12/core.json");
    project.write(".factory/records/debian-12/gone.json", &old);
    age(&project.path(".factory/records/debian-12/gone.json"));
    project.forget_calls();
    project
}

/// Makes a file ninety days old.
fn age(path: &std::path::Path) {
    let file = fs::File::options().append(true).open(path).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap();
    file.set_modified(modified - Duration::from_hours(90 * 24)).unwrap();
}

#[test]
fn what_was_not_used_for_long_goes_and_what_the_release_needs_stays() {
    let project = with_a_past();
    let run = project.done(&["clean", "--older-than", "30d", "--dry-run"]);
    shows!(project, run.stdout);
    assert_eq!(changes(&project), Vec::<String>::new());
    project.done(&["clean", "--older-than", "30d"]);
    let images = project.images();
    assert!(!images.iter().any(|name| name.contains("2.5.10")), "{images:?}");
    assert!(!project.path(".factory/logs/debian-12/gone.log").exists());
    assert!(!project.path(".factory/records/debian-12/gone.json").exists());
    assert!(project.path(".factory/logs/debian-12/core.log").exists(), "it is of today");
    assert_eq!(project.planned(), Vec::<String>::new(), "nothing of the current release is missing");
    assert_eq!(project.files("packages").len(), 5, "packages are the release");
}

#[test]
fn what_cannot_be_read_is_not_unused() {
    let project = with_a_past();
    let before = project.images();
    for path in [".factory/used.json", ".factory/records/debian-12/core.json", ".factory/images"] {
        let was = fs::read(project.path(path)).unwrap();
        match path {
            ".factory/images" => {
                fs::remove_file(project.path(path)).unwrap();
                fs::create_dir(project.path(path)).unwrap();
            }
            _ => project.write(path, "[ 1,"),
        }
        let run = project.run(&["clean", "--older-than", "30d"]).ended(1);
        run.says(&[&format!("`{path}` cannot be read"), "`factory build` and `factory test` write it anew"]);
        assert_eq!(project.images(), before, "{path}");
        let _a_folder = fs::remove_dir(project.path(path));
        fs::write(project.path(path), was).unwrap();
    }
    project.done(&["clean", "--older-than", "30d"]);
}

#[test]
fn what_a_build_used_lately_is_not_old() {
    let project = with_a_past();
    let id = project.image("shop/web:debian-12-2.5.10").unwrap();
    let now = factory::util::clock::now();
    project.write(".factory/used.json", &json!({ id.clone(): now }).to_string());
    project.done(&["clean", "--older-than", "30d"]);
    assert!(project.has_image(&id));
    assert!(!project.images().contains("shop/core:debian-12-2.5.10"));
}

#[test]
fn a_build_notes_what_it_uses() {
    let project = Project::new();
    project.done(&["build"]);
    fs::remove_file(project.path(".factory/used.json")).unwrap();
    let house = project.files("wheels").into_iter().find(|file| file.ends_with("manifest.json")).unwrap();
    age(&project.path("wheels").join(&house));
    // Nothing runs, and everything is used.
    project.done(&["build"]);
    let used: serde_json::Value = serde_json::from_str(&project.read(".factory/used.json")).unwrap();
    assert!(used[project.image("shop/web:2.5.11").unwrap()].is_i64(), "{used}");
    let modified = fs::metadata(project.path("wheels").join(&house)).unwrap().modified().unwrap();
    assert!(modified.elapsed().unwrap() < Duration::from_hours(24), "the wheelhouse is touched");
}

#[test]
fn the_least_recently_used_goes_until_the_rest_fits() {
    let project = with_a_past();
    project.done(&["clean", "--keep-size", "1TB"]);
    assert!(project.images().contains("shop/core:debian-12-2.5.10"), "there is room");
    project.done(&["clean", "--keep-size", "0B"]);
    assert!(!project.images().iter().any(|name| name.contains("2.5.10")), "{:?}", project.images());
    assert_eq!(project.planned(), Vec::<String>::new(), "what is needed stays whatever it takes");
}

#[test]
fn with_all_nothing_is_needed() {
    let project = with_a_past();
    project.done(&["clean", "--keep-size", "0B", "--all"]);
    assert!(!project.images().iter().any(|name| name.starts_with("shop/")), "{:?}", project.images());
    assert!(project.records().is_empty() && project.files("wheels").is_empty(), "{:?}", project.files(""));
    project.done(&["build"]);
}

#[test]
fn wishes_are_read_strictly() {
    let project = Project::new();
    for (option, bad, help) in [
        ("--older-than", "30", "like `45m`, `12h` or `30d`"),
        ("--older-than", "1 month", "like `45m`, `12h` or `30d`"),
        ("--older-than", "0d", "from 1s to 5200w"),
        ("--keep-size", "20", "like `20GB`"),
        ("--keep-size", "20gb", "like `20GB`"),
        ("--keep-size", "-1GB", "like `20GB`"),
    ] {
        let run = project.run(&["clean", &format!("{option}={bad}")]);
        run.assert_code(2).says(&[&format!("`{bad}`"), help]);
    }
    assert!(project.calls().is_empty());
}

#[test]
fn a_project_that_never_built_has_nothing_to_free() {
    let project = Project::new();
    project.play(&Script::new());
    let run = project.done(&["clean", "--older-than", "1s", "--keep-size", "0B"]);
    assert!(run.stdout.contains("0 B in all freed"), "{run}");
}
