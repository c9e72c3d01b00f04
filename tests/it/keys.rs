//! What makes a step run again, what does not, and what the plan says of it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::{Value, json};

use crate::{
    build::{changes, sha256},
    play::Script,
    project::Project,
};

/// The project after a first build.
fn built() -> Project {
    let project = Project::new();
    project.done(&["build"]);
    project.forget_calls();
    project
}

/// The steps that a build runs now, sorted. One more build must find nothing left to do.
fn ran(project: &Project) -> Vec<String> {
    let run = project.done(&["build"]);
    let line = |line: &str| Some(line.strip_prefix("[debian-12/")?.split_once("] started: ")?.0.to_owned());
    let mut steps: Vec<String> = run.stderr.lines().filter_map(line).collect();
    steps.sort();
    let again = project.done(&["build"]);
    assert!(!again.stderr.contains("started"), "after {run}\n{again}");
    steps
}

/// The packages, by their digests.
fn packages(project: &Project) -> Vec<(String, String)> {
    let files = project.files("packages/debian-12").into_iter().filter(|file| file.ends_with(".deb"));
    files
        .map(|file| {
            let bytes = fs::read(project.path("packages/debian-12").join(&file)).unwrap();
            (file, sha256(&bytes))
        })
        .collect()
}

const ALL_FROM_WHEELS: [&str; 6] = ["core", "package-shop", "package-shop-web", "web", "wheels-core", "wheels-web"];
const ALL_FROM_CORE: [&str; 4] = ["core", "package-shop", "package-shop-web", "web"];
const NOTHING: [&str; 0] = [];

#[test]
fn a_changed_requirement() {
    let project = built();
    project.edit("requirements.txt", "six==1.16.0", "six==1.17.0");
    project.play(&Script::new().newer_six("1.17.0"));
    shows!(project, project.planned().join("\n"), @r"
    wheels-core: requirements.txt changed: six 1.16.0 -> 1.17.0
    core: depends on what wheels-core gives
    wheels-web: requirements.txt changed: six 1.16.0 -> 1.17.0
    web: depends on what core and wheels-web give
    package-shop: depends on what core gives
    package-shop-web: depends on what web and package-shop give
    ");
    assert_eq!(ran(&project), ALL_FROM_WHEELS);
}

#[test]
fn wheels_that_come_out_the_same_end_it() {
    let project = built();
    project.edit("requirements.txt", "six==1.16.0", "six == 1.16.0");
    assert_eq!(ran(&project), ["wheels-core", "wheels-web"]);
}

#[test]
fn a_changed_requirement_of_a_child() {
    let project = built();
    project.edit("web/requirements.txt", "bottle==0.12.25", "bottle==0.13.0");
    let bottle = [crate::play::file("bottle-0.13.0-py3-none-any.whl", "b")];
    let script = Script::new().index_tells(&bottle);
    project.play(&script.on("download", "web/requirements.txt", json!({ "archive": { "/factory/files": bottle } })));
    assert_eq!(ran(&project), ["package-shop-web", "web", "wheels-web"]);
}

#[test]
fn a_changed_file_of_the_application() {
    let project = built();
    project.edit("app/shop.py", "sold", "sold twice");
    shows!(project, project.planned().join("\n"), @r"
    core: python folder app changed: shop.py changed
    web: depends on what core gives
    package-shop: depends on what core gives
    package-shop-web: depends on what web and package-shop give
    ");
    assert_eq!(ran(&project), ALL_FROM_CORE);
}

#[test]
fn a_changed_file_of_an_image_s_contents() {
    let project = built();
    project.edit("etc/shop.conf", "80", "8080");
    assert_eq!(project.planned()[0], "core: contents /opt/shop/etc changed");
    assert_eq!(ran(&project), ALL_FROM_CORE);
}

#[test]
fn a_changed_unit_touches_its_package_alone() {
    let project = built();
    let before = packages(&project);
    project.edit("units/shop.service", "Description=Shop", "Description=The shop");
    assert_eq!(project.planned()[0], "package-shop: units/shop.service changed");
    // The other package leaves out what this one ships; its own bytes stay as they were.
    assert_eq!(ran(&project), ["package-shop", "package-shop-web"]);
    let after = packages(&project);
    assert_eq!(after[0], before[0]);
    assert_ne!(after[1], before[1]);
}

#[test]
fn what_is_not_an_input() {
    let project = built();
    project.done(&["plan"]);
    // Times, also of folders.
    project.start_shell("find . -newermt 1971-01-01 -exec touch -d 2001-02-03 {} +").end().assert_code(0);
    // Bits that a umask decides on.
    for file in ["app/shop.py", "etc/shop.conf", "requirements.txt"] {
        fs::set_permissions(project.path(file), fs::Permissions::from_mode(0o666)).unwrap();
    }
    // Files that are not keys.
    project.write("app/__pycache__/shop.cpython-311.pyc", "x");
    project.write("app/__pycache__/notes.txt", "x");
    project.write("app/old.pyc", "x");
    project.write("app/.gitignore", "*.log\n");
    project.write("app/debug.log", "x");
    project.write("README.md", "x");
    // Words of the recipe that say the same.
    project.edit("factory.toml", "[python]", "# A comment.\n[python]");
    assert_eq!(ran(&project), NOTHING);
    assert_eq!(changes(&project), NOTHING);
}

#[test]
fn a_file_that_becomes_executable_is_another_one() {
    let project = built();
    fs::set_permissions(project.path("app/shop.py"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(ran(&project), ALL_FROM_CORE);
}

#[test]
fn another_release() {
    let mut project = built();
    project.env("FACTORY_TAG", "2.5.12");
    shows!(project, project.planned().join("\n"), @r"
    core: label org.opencontainers.image.version: 2.5.11 -> 2.5.12, tag changed
    web: label org.opencontainers.image.base.name changed, label org.opencontainers.image.version: 2.5.11 -> 2.5.12, tag changed
    package-shop: version: 2.5.11 -> 2.5.12
    package-shop-web: depends on what package-shop gives
    ");
    assert_eq!(ran(&project), ALL_FROM_CORE);
    let kept = packages(&project).iter().filter(|(name, _)| name.contains("2.5.11")).count();
    assert_eq!(kept, 2, "the earlier release's packages stay");
    assert_eq!(project.read("packages/debian-12/SHA256SUMS").lines().count(), 4);
}

#[test]
fn another_packaging_revision() {
    let project = built();
    let plan = project.done(&["plan", "--release", "2"]);
    assert!(plan.stdout.contains("6 cached, 1 to run, 1 waits"), "{plan}");
    let run = project.done(&["build", "--release", "2"]);
    assert!(run.stdout.contains("shop_2.5.11-2~deb12_all.deb"), "{run}");
    assert!(project.calls_of("build").is_empty(), "images have no revision");
}

#[test]
fn another_time() {
    let mut project = built();
    project.env("SOURCE_DATE_EPOCH", "1700000000");
    assert_eq!(ran(&project), ALL_FROM_CORE);
}

#[test]
fn a_ca_bundle_is_no_input() {
    let mut project = built();
    project.write("ca.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    project.env("FACTORY_CA_BUNDLE", project.path("ca.pem").display().to_string());
    assert_eq!(ran(&project), NOTHING);
    project.edit("app/shop.py", "sold", "sold twice");
    assert_eq!(ran(&project), ALL_FROM_CORE);
    let builds = project.calls_of("build");
    assert!(builds[0].contains("trust/ca.pem"), "it goes into the context: {}", builds[0]);
}

#[test]
fn a_template_of_the_project() {
    let project = built();
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("dockerfiles/python-app.hbs");
    let text = fs::read_to_string(known).unwrap();
    project.write("dockerfiles/python-app.hbs", &text);
    assert_eq!(ran(&project), NOTHING, "the same text is the same template");
    project.write("dockerfiles/python-app.hbs", &(text + "ENV EXTRA=1\n"));
    assert_eq!(project.planned()[0], "core: Dockerfile changed");
    assert_eq!(ran(&project), ALL_FROM_CORE);
}

#[test]
fn a_platform_file_of_the_project() {
    let project = built();
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("platforms/debian-12.toml");
    let text = fs::read_to_string(known).unwrap();
    project.write("platforms/debian-12.toml", &text);
    assert_eq!(ran(&project), NOTHING);
    project.write("platforms/debian-12.toml", &text.replace("~deb12", "~bookworm"));
    assert_eq!(ran(&project), ["package-shop", "package-shop-web"]);
    assert!(project.files("packages").contains(&"debian-12/shop_2.5.11-1~bookworm_all.deb".to_owned()));
}

#[test]
fn an_image_that_was_deleted() {
    let project = built();
    project.meddle(|daemon| {
        let images = daemon["images"].as_array_mut().unwrap();
        images.retain(|image| !image["tags"].as_array().unwrap().contains(&json!("shop/web:2.5.11")));
    });
    assert_eq!(project.planned()[0], "web: shop/web:2.5.11 is gone from the daemon");
    // It comes out as it was: its package is not made again.
    assert_eq!(ran(&project), ["web"]);
}

#[test]
fn a_name_that_moved_to_another_image() {
    let project = built();
    let other = format!("sha256:{}", "e".repeat(64));
    // One that another checkout has built.
    project.meddle(|daemon| {
        let images = daemon["images"].as_array_mut().unwrap();
        let has = |image: &&mut Value| image["tags"].as_array().unwrap().contains(&json!("shop/core:2.5.11"));
        let ours = images.iter_mut().find(has).unwrap();
        let mut theirs = ours.clone();
        ours["tags"].as_array_mut().unwrap().retain(|tag| tag != "shop/core:2.5.11");
        theirs["id"] = json!(other);
        theirs["tags"] = json!(["shop/core:2.5.11"]);
        images.push(theirs);
    });
    assert_eq!(project.planned()[0], "core: shop/core:2.5.11 is another image now");
    assert_eq!(ran(&project), ["core"]);
    assert_ne!(project.image("shop/core:2.5.11"), Some(other));
}

#[test]
fn a_base_that_was_renewed() {
    let project = built();
    // `docker pull` brought a newer one: its name leads to another image than the one that was built on.
    project.meddle(|daemon| {
        for image in daemon["images"].as_array_mut().unwrap() {
            image["tags"].as_array_mut().unwrap().retain(|tag| tag != "debian:bookworm-slim");
        }
        let mut newer = daemon["images"][0].clone();
        newer["id"] = json!(format!("sha256:{}", "e".repeat(64)));
        newer["tags"] = json!(["debian:bookworm-slim"]);
        daemon["images"].as_array_mut().unwrap().push(newer);
    });
    assert_eq!(project.planned()[0], "base: debian:bookworm-slim is another image now");
    let again = ran(&project);
    assert!(again.contains(&"base".to_owned()) && again.contains(&"core".to_owned()), "{again:?}");
    assert!(!again.contains(&"wheels-core".to_owned()), "wheels are of the platform, not of a day's base: {again:?}");
    assert_eq!(ran(&project), NOTHING);
    // Without our name for it, it is taken again, and nothing else has to be made.
    project.meddle(|daemon| {
        for image in daemon["images"].as_array_mut().unwrap() {
            let tags = image["tags"].as_array_mut().unwrap();
            tags.retain(|tag| !tag.as_str().unwrap().starts_with("factory.local/base:"));
        }
    });
    assert!(project.planned()[0].starts_with("base: factory.local/base:debian-12-"), "{:?}", project.planned());
    assert_eq!(ran(&project), ["base"]);
}

#[test]
fn a_package_that_was_edited_or_deleted() {
    let project = built();
    let before = packages(&project);
    let path = project.path("packages/debian-12/shop_2.5.11-1~deb12_all.deb");
    fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"x"))
        .unwrap();
    assert_eq!(project.planned()[0], "package-shop: packages/debian-12/shop_2.5.11-1~deb12_all.deb was changed");
    assert_eq!(ran(&project), ["package-shop"]);
    assert_eq!(packages(&project), before);
    fs::remove_file(&path).unwrap();
    assert_eq!(project.planned()[0], "package-shop: packages/debian-12/shop_2.5.11-1~deb12_all.deb is gone");
    assert_eq!(ran(&project), ["package-shop"]);
    assert_eq!(packages(&project), before);
}

#[test]
fn checksums_that_were_edited() {
    let project = built();
    let before = project.read("packages/debian-12/SHA256SUMS");
    project.write("packages/debian-12/SHA256SUMS", "nonsense\n");
    assert_eq!(ran(&project), NOTHING);
    assert_eq!(project.read("packages/debian-12/SHA256SUMS"), before);
}

#[test]
fn a_record_that_cannot_be_read() {
    let project = built();
    project.write(".factory/records/debian-12/core.json", "{");
    assert_eq!(project.planned()[0], "core: not made yet");
    assert_eq!(ran(&project), ["core"]);
}

#[test]
fn without_its_records_a_project_keeps_its_wheels() {
    let project = built();
    let before = packages(&project);
    let wheels = project.files("wheels");
    fs::remove_dir_all(project.path(".factory")).unwrap();
    assert_eq!(ran(&project), ["base", "core", "package-shop", "package-shop-web", "web"]);
    assert_eq!(project.files("wheels"), wheels);
    assert_eq!(packages(&project), before);
}

#[test]
fn two_cold_runs_give_the_same_bytes() {
    let project = built();
    let before = packages(&project);
    assert_eq!(before.len(), 2);
    for folder in [".factory", "packages", "wheels"] {
        fs::remove_dir_all(project.path(folder)).unwrap();
    }
    project.new_daemon();
    project.done(&["build", "--jobs", "1"]);
    assert_eq!(packages(&project), before);
    // Nor does it matter where the checkout lies.
    let other = built();
    assert_eq!(packages(&other), before);
}

#[test]
fn a_builder_that_was_deleted_costs_nothing_while_the_wheels_are_whole() {
    let project = built();
    let is_builder = |tag: &serde_json::Value| tag.as_str().unwrap().contains("/builder:");
    project.meddle(|daemon| {
        let images = daemon["images"].as_array_mut().unwrap();
        images.retain(|image| !image["tags"].as_array().unwrap().iter().any(is_builder));
    });
    let run = project.done(&["build"]);
    assert!(!run.stderr.contains("started"), "{run}");
    project.edit("requirements.txt", "six==1.16.0", "six==1.16.*");
    let planned = project.planned();
    assert!(planned[0].starts_with("builder: ") && planned[0].ends_with("is gone from the daemon"), "{planned:?}");
    project.done(&["build"]);
}

#[test]
fn a_checkout_that_moved() {
    let project = built();
    let moved = project.move_to("elsewhere");
    assert_eq!(ran(&moved), NOTHING);
    moved.edit("requirements.txt", "six==1.16.0", "six==1.16.*");
    assert_eq!(ran(&moved), ["wheels-core", "wheels-web"], "the wheels came out as they were");
}

#[test]
fn another_checkout_of_the_same() {
    let project = built();
    let images = project.images();
    let before = packages(&project);
    let other = project.copy_to("other");
    assert_eq!(ran(&other), NOTHING, "a copy is as good as the first one");
    for folder in [".factory", "packages", "wheels"] {
        fs::remove_dir_all(other.path(folder)).unwrap();
    }
    // It makes the same, which the first one does not notice.
    assert_eq!(ran(&other).len(), 8);
    assert_eq!(packages(&other), before);
    assert_eq!(project.images(), images);
    assert_eq!(ran(&project), NOTHING);
}
