//! Base images that are changed before anything is built on them (quirks), and renewed with `--refresh`.

use std::{collections::BTreeSet, fs};

use serde_json::json;

use crate::{
    play::Script,
    project::{Project, Run},
};

const QUIRK: &str = r#"
[[base.quirk]]
reason = "its archive has moved"
remove = ["/etc/apt/sources.list.d/debian.sources"]
write = { "/etc/apt/sources.list" = "deb http://archive.example.org/debian nn main" }

[[base.quirk]]
reason = "its apt is slow"
write = { "/etc/apt/apt.conf.d/90fast" = "Acquire::Languages \"none\";" }

[python]"#;

const IMAGE: &str = "debian:99-slim";

/// A project on a platform of its own.
pub fn project() -> Project {
    let project = Project::with_two_platforms();
    project.edit("factory.toml", "platforms = [\"debian-12\", \"debian-99\"]", "platforms = [\"debian-99\"]");
    project.edit("factory.toml", "official = \"debian-12\"", "official = \"debian-99\"");
    project
}

/// The same with quirks.
fn quirky() -> Project {
    let project = project();
    project.edit("platforms/debian-99.toml", "\n[python]", QUIRK);
    project
}

/// A project whose base is made from packages by a program that notes its arguments, one in a line.
pub fn from_packages(project: Project) -> Project {
    project.edit("factory.toml", "bootstrap = \"never\"", "bootstrap = \"always\"");
    let script = "#!/bin/sh\n\
        { printf '%s\\n' \"$@\"; echo; } >> \"$HOME/calls\"\n\
        case \"$*\" in *--variant=extract*) cat \"$HOME/package.tar\"; exit;; esac\n\
        for word; do case $word in --keyring=*)\n\
          cp \"${word#*=}\" \"$HOME/keys\"; stat -c %a \"${word#*=}\" > \"$HOME/mode\"; echo \"${word#*=}\" > \"$HOME/path\"\n\
        esac; done\n\
        echo a tar\n";
    project.program("mmdebstrap", script);
    project
}

/// The arguments of each call of the program.
pub fn bootstraps(project: &Project) -> Vec<Vec<String>> {
    let text = fs::read_to_string(project.beside("home/calls")).unwrap_or_default();
    text.split_terminator("\n\n").map(|call| call.lines().map(str::to_owned).collect()).collect()
}

/// The names of base images, without the digest.
fn bases(project: &Project) -> Vec<String> {
    let digest = |name: &str| project.record("debian-99/base")["images"].as_object().unwrap().keys().any(|n| n == name);
    let names = project.images().into_iter().filter(|name| name.starts_with("factory.local/base:"));
    names.inspect(|name| assert!(digest(name) || name.ends_with("-plain"), "{name}")).collect()
}

/// The name of the base image in Dockerfiles.
fn local(project: &Project) -> String {
    let record = project.record("debian-99/base");
    let mut names = record["images"].as_object().unwrap().keys();
    names.find(|name| name.starts_with("factory.local/base:debian-99-")).unwrap().clone()
}

/// The error without the talk before it.
pub fn error(run: &Run) -> &str {
    let at = run.stderr.find("error: ").unwrap_or_else(|| panic!("no error: {run}"));
    &run.stderr[at..]
}

#[test]
fn quirks_are_built_into_the_base() {
    let project = quirky();
    project.done(&["build"]);
    let local = local(&project);
    shows!(project, project.dockerfile(&local));
    let build = project.calls_of("build").remove(0);
    assert!(
        build.contains(&format!("\"factory.tags\":\"{local}\"")) && build.contains("\"factory.kind\":\"base\""),
        "{build}"
    );
    let files: BTreeSet<String> = serde_json::from_str(build.split_once(" files=").unwrap().1).unwrap();
    let files: Vec<&str> = files.iter().map(String::as_str).filter(|file| !file.ends_with('/')).collect();
    assert_eq!(files, ["Dockerfile", "rootfs/etc/apt/apt.conf.d/90fast", "rootfs/etc/apt/sources.list"]);
    assert!(project.dockerfile("shop/core:2.5.11").contains(&format!("FROM {local}")), "images are built on it");
    assert!(!project.images().iter().any(|name| name.ends_with("-plain")), "{:?}", project.images());
    let note = project.record("debian-99/base")["note"].clone();
    assert_eq!(note, "debian:99-slim (from its registry, changed)");
    let run = project.done(&["build"]);
    assert!(!run.stderr.contains("started"), "{run}");
}

#[test]
fn a_changed_base_is_the_same_for_every_release() {
    let mut project = quirky();
    let base = |project: &Project| {
        project
            .images()
            .into_iter()
            .find(|name| name.starts_with("factory.local/base:"))
            .and_then(|name| project.image(&name))
    };
    let mut made = BTreeSet::new();
    for time in ["1700000000", "1800000000"] {
        project.env("SOURCE_DATE_EPOCH", time);
        project.done(&["build"]);
        made.insert(base(&project).unwrap());
        project.new_daemon();
        fs::remove_dir_all(project.path(".factory")).unwrap();
    }
    assert_eq!(made.len(), 1, "the time of a release is not in its base");
}

#[test]
fn quirks_of_an_image_that_is_named_by_its_digest() {
    // A daemon lists such an image under no tag.
    let project = quirky();
    let image = format!("debian@sha256:{}", "ba5e".repeat(16));
    project.edit("factory.toml", "[base]\n", &format!("[base]\nimage = \"{image}\"\n"));
    project.done(&["build"]);
    let dockerfile = project.dockerfile(&local(&project));
    assert!(dockerfile.contains(&format!("\nFROM {image}\n")), "{dockerfile}");
}

#[test]
fn an_original_that_became_another_image() {
    let project = quirky();
    project.done(&["build"]);
    project.meddle(|daemon| {
        for image in daemon["images"].as_array_mut().unwrap() {
            if image["tags"].as_array().unwrap().contains(&json!(IMAGE)) {
                image["id"] = format!("sha256:{}", "f".repeat(64)).into();
            }
        }
    });
    assert_eq!(project.planned()[0], "base: debian:99-slim is another image now");
    project.done(&["build"]);
    assert_eq!(project.planned(), Vec::<String>::new());
    // Without a name it can be fetched again; until then nothing is missing that a build needs.
    project.meddle(|daemon| {
        let images = daemon["images"].as_array_mut().unwrap();
        images.retain(|image| !image["tags"].as_array().unwrap().contains(&json!(IMAGE)));
    });
    assert_eq!(project.planned()[0], "base: debian:99-slim is gone from the daemon");
}

#[test]
fn a_quirk_of_other_words_builds_the_base_again() {
    let project = quirky();
    project.done(&["build"]);
    let before = local(&project);
    project.edit("platforms/debian-99.toml", "archive.example.org", "mirror.example.org");
    let plan = project.planned();
    assert_eq!(plan[0], "base: quirks changed", "{plan:?}");
    project.done(&["build"]);
    assert_ne!(local(&project), before, "another project may still want the other one");
    // A reason is a part of the Dockerfile, but changes no file.
    project.edit("platforms/debian-99.toml", "its apt is slow", "its apt is very slow");
    assert!(project.planned()[0].starts_with("base: "), "{:?}", project.planned());
    // Without quirks the image is taken as it is.
    project.edit(
        "platforms/debian-99.toml",
        &QUIRK.replace("archive.", "mirror.").replace("is slow", "is very slow"),
        "\n[python]",
    );
    project.forget_calls();
    project.done(&["build"]);
    assert!(!project.calls_of("build").iter().any(|call| call.contains("factory.local/base:debian-99")));
    assert_eq!(project.image(&local(&project)), project.image(IMAGE));
}

#[test]
fn clean_removes_what_was_changed_and_no_original() {
    let project = quirky();
    project.done(&["build"]);
    project.done(&["clean"]);
    assert!(project.images().iter().any(|name| name.starts_with("factory.local/base:")), "it is kept without --all");
    let run = project.done(&["clean", "--all"]);
    assert!(run.stdout.contains("factory.local/base:debian-99-"), "{run}");
    let left: Vec<String> = project.images().into_iter().collect();
    assert_eq!(left, ["debian:99-slim", "debian:bookworm-slim"]);
}

#[test]
fn quirks_of_a_base_made_from_packages() {
    let project = from_packages(quirky());
    project.done(&["build"]);
    let local = local(&project);
    let plain = format!("{local}-plain");
    assert_eq!(bases(&project), [local.clone(), plain.clone()]);
    assert!(project.calls_of("import")[0].starts_with(&format!("import \"{plain}\"")));
    assert!(project.dockerfile(&local).contains(&format!("\nFROM {plain}\n")), "{}", project.dockerfile(&local));
    // The long work is not done twice.
    fs::remove_dir_all(project.path(".factory/records")).unwrap();
    project.done(&["build"]);
    assert_eq!(bootstraps(&project).len(), 1);
    project.done(&["clean", "--all"]);
    assert!(!project.images().iter().any(|name| name.starts_with("factory.local/")), "{:?}", project.images());
}

#[test]
fn a_quirk_that_does_not_build() {
    let project = quirky();
    let said = "process \"rm -f -- /etc/apt/sources.list.d/debian.sources\" did not complete: exit code: 1";
    project.play(&Script::new().fails("build", "factory.local/base", "build", said));
    let run = project.run(&["build", "--jobs", "1"]);
    run.assert_code(1);
    shows!(project, error(&run));
    assert!(project.records().is_empty());
}

#[test]
fn a_refresh_pulls_what_is_there_already() {
    for project in [project(), quirky()] {
        project.done(&["build"]);
        assert!(project.calls_of("pull").is_empty());
        project.done(&["build", "--refresh"]);
        assert_eq!(project.calls_of("pull"), [format!("pull \"{IMAGE}\" user=null")]);
    }
}

#[test]
fn a_refresh_without_a_registry_loses_nothing() {
    for project in [project(), quirky()] {
        project.done(&["build"]);
        let before = project.record("debian-99/base");
        project.play(&Script::new().fails("pull", "", "registry", "no such host"));
        let run = project.run(&["build", "--refresh"]);
        run.assert_code(1);
        shows!(project, error(&run));
        assert_eq!(project.record("debian-99/base"), before);
        assert_eq!(project.planned(), Vec::<String>::new(), "what was made still counts");
        let run = project.done(&["build"]);
        assert!(!run.stderr.contains("started"), "{run}");
    }
}

#[test]
fn a_refresh_from_packages_leaves_no_nameless_image() {
    for project in [project(), quirky()] {
        let project = from_packages(project);
        project.done(&["build"]);
        project.program("mmdebstrap", "#!/bin/sh\necho a newer tar\n");
        project.done(&["build", "--refresh"]);
        let daemon = project.daemon();
        let nameless: Vec<_> =
            daemon["images"].as_array().unwrap().iter().filter(|image| image["tags"] == json!([])).collect();
        assert!(nameless.is_empty(), "{nameless:?}");
    }
}
