//! `clean`: what is ours goes, what is not stays.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};

use crate::{build::changes, play::Script, project::Project};

/// Images, containers and files of others in a built project, each as near to ours as it can be.
fn among_others() -> Project {
    let project = Project::with_two_platforms();
    // The list is in the order of building.
    project.done(&["build", "--jobs", "1"]);
    // A nameless image of an earlier build, which a container of somebody kept alive then.
    project.meddle(|daemon| {
        let find = |name: &str| -> Value {
            let images = daemon["images"].as_array().unwrap().iter();
            let has = |image: &&Value| image["tags"].as_array().unwrap().contains(&json!(name));
            images.clone().find(has).unwrap_or_else(|| panic!("no {name}")).clone()
        };
        let like = |name: &str, id: &str, tags: &[&str]| {
            let mut image = find(name);
            image["id"] = json!(format!("sha256:{}", id.repeat(64)));
            image["tags"] = json!(tags);
            image
        };
        let mut other_checkout = like("shop/core:debian-99-2.5.11", "c", &["shop/core:debian-99-1.0"]);
        other_checkout["labels"]["factory.tags"] = json!("shop/core:debian-99-1.0");
        let others = [
            // Somebody's Dockerfile begins with `FROM shop/core`: the labels are inherited.
            like("shop/core:2.5.11", "a", &["somebody/shop:1"]),
            // The same without a name.
            like("shop/core:2.5.11", "b", &[]),
            other_checkout,
            // Ours, without a name: the ledger knows it.
            like("shop/core:2.5.11", "d", &[]),
            // Another name for one of ours: that name is somebody's.
            json!({
                "id": format!("sha256:{}", "e".repeat(64)), "tags": ["unlabelled:1"], "repo_digests": [],
                "labels": {}, "size": 1, "created": "", "arch": "amd64",
            }),
        ];
        daemon["images"].as_array_mut().unwrap().extend(others);
        for image in daemon["images"].as_array_mut().unwrap() {
            if image["tags"].as_array().unwrap().contains(&json!("shop/web:2.5.11")) {
                image["tags"].as_array_mut().unwrap().push(json!("somebody/web:kept"));
            }
        }
        let container = |labels: Value| {
            json!({ "image": "unlabelled:1", "argv": [], "labels": labels, "running": true, "exit": 0 })
        };
        daemon["containers"]["c90"] = container(json!({
            "factory.project": "shop", "factory.kind": "container", "factory.home": "another-checkout",
        }));
        daemon["containers"]["c91"] = container(json!({}));
    });
    let ledger = project.read(".factory/images");
    project.write(".factory/images", &format!("{ledger}sha256:{}\n", "d".repeat(64)));
    let created = project.calls_of("create").remove(0);
    let (_, labels) = created.split_once("labels=").unwrap();
    let home = serde_json::from_str::<Value>(labels).unwrap()["factory.home"].clone();
    assert!(home.is_string(), "{created}");
    project.meddle(|daemon| {
        let labels = json!({ "factory.project": "shop", "factory.kind": "container", "factory.home": home });
        daemon["containers"]["c92"] =
            json!({ "image": "unlabelled:1", "argv": [], "labels": labels, "running": true, "exit": 0 });
    });
    project.write("packages/README.md", "ours\n");
    project.write("wheels/debian-12/notes.txt", "somebody's\n");
    project.forget_calls();
    project
}

fn ids(project: &Project) -> BTreeSet<String> {
    let daemon = project.daemon();
    daemon["images"].as_array().unwrap().iter().map(|image| image["id"].as_str().unwrap()[7..8].to_owned()).collect()
}

#[test]
fn only_what_is_ours() {
    let project = among_others();
    let kept = (project.files("wheels"), project.files("packages"));
    let run = project.done(&["clean"]);
    shows!(project, run.stdout);
    let bases: Vec<String> = project.images().into_iter().filter(|name| name.starts_with("factory.local")).collect();
    assert!(bases.iter().all(|name| name.starts_with("factory.local/base:")), "{bases:?}");
    let others: Vec<String> = project
        .images()
        .into_iter()
        .filter(|name| !name.starts_with("factory.local") && !name.starts_with("debian:"))
        .collect();
    assert_eq!(others, ["shop/core:debian-99-1.0", "somebody/shop:1", "somebody/web:kept", "unlabelled:1"]);
    let ids = ids(&project);
    assert!(ids.contains("b"), "a nameless image that we did not build stays");
    assert_eq!(project.containers(), ["c90", "c91"]);
    assert_eq!((project.files("wheels"), project.files("packages")), kept);
    assert!(project.records().is_empty() && project.files(".factory/logs").is_empty());
    assert!(project.files("app").len() == 2 && project.path("factory.toml").exists());
}

#[test]
fn a_nameless_image_of_ours_goes() {
    let project = among_others();
    let id = format!("sha256:{}", "d".repeat(64));
    assert!(project.has_image(&id));
    project.done(&["clean"]);
    assert!(!project.has_image(&id));
    assert!(project.calls_of("remove_image").contains(&format!("remove_image \"{id}\"")));
}

#[test]
fn everything_that_is_ours() {
    let project = among_others();
    project.write("packages/debian-12/release-notes.txt", "somebody's\n");
    project.done(&["clean", "--all"]);
    assert_eq!(project.files("wheels"), ["CACHEDIR.TAG", "debian-12/notes.txt"], "what somebody put there stays");
    assert_eq!(project.files("packages"), ["README.md", "debian-12/release-notes.txt"]);
    let others: Vec<String> = project.images().into_iter().filter(|name| name.contains("shop")).collect();
    assert_eq!(others, ["shop/core:debian-99-1.0", "somebody/shop:1"]);
    assert!(project.images().contains("debian:bookworm-slim"), "a base that was there before is nobody's to remove");
}

#[test]
fn another_project_of_the_same_name() {
    let project = Project::new();
    project.done(&["build"]);
    let before = project.images();
    let other = project.copy_to("other");
    fs::remove_dir_all(other.path(".factory")).unwrap();
    for kind in ["core", "web"] {
        other.edit("factory.toml", &format!("\"shop/{kind}\""), &format!("\"stall/{kind}\""));
    }
    other.edit("factory.toml", "[python]", "[python]\nbuild_packages = [\"libffi-dev\"]");
    other.done(&["build"]);
    let both = project.images();
    assert!(both.is_superset(&before) && both.contains("stall/web:2.5.11"), "{both:?}");
    // Each takes its own, whoever is first.
    other.done(&["clean"]);
    assert_eq!(project.images(), before);
    assert!(!project.done(&["build"]).stderr.contains("started"));
    other.done(&["build"]);
    project.done(&["clean"]);
    let left: Vec<String> = project.images().into_iter().filter(|name| !name.contains("debian:")).collect();
    let names: Vec<&str> = left.iter().map(|name| name.split(':').next().unwrap()).collect();
    // Its wheels were whole: no step asked for its builder again.
    assert_eq!(names, ["factory.local/base", "stall/core", "stall/core", "stall/web", "stall/web"]);
}

#[test]
fn another_checkout_of_another_release() {
    let mut project = Project::new();
    let mut other = project.copy_to("other");
    other.env("FACTORY_TAG", "2.4.0");
    other.done(&["build"]);
    project.done(&["build"]);
    project.done(&["clean", "--all"]);
    let core = |project: &Project| -> Vec<String> {
        project.images().into_iter().filter(|name| name.starts_with("shop/core:")).collect()
    };
    assert_eq!(core(&project), ["shop/core:2.4.0", "shop/core:debian-12-2.4.0"], "what the other one made stays");
    project.env("FACTORY_TAG", "2.6.0");
    project.done(&["build"]);
    project.env("FACTORY_TAG", "2.6.1");
    project.done(&["clean"]);
    assert_eq!(core(&project).len(), 2, "the ledger knows releases that are not named any more");
}

#[test]
fn without_its_ledger() {
    let project = Project::new();
    project.done(&["build"]);
    fs::remove_dir_all(project.path(".factory")).unwrap();
    let built = project.images();
    let run = project.done(&["clean"]);
    assert_eq!(project.images(), built, "nothing tells them from another checkout's");
    run.says(&["were not built in this folder", "docker rmi", "shop/core:2.5.11"]);
}

#[test]
fn a_clone_that_calls_itself_so() {
    let project = Project::new();
    project.done(&["build"]);
    let built = project.images();
    // The same name, the same images, and the list of what was built, as a clone may bring it along.
    let clone = project.copy_to("clone");
    let list = project.read(".factory/images");
    fs::remove_dir_all(clone.path(".factory")).unwrap();
    for text in [list.clone(), list.lines().skip(1).collect::<Vec<_>>().join("\n")] {
        clone.write(".factory/images", &text);
        for args in [&["clean", "--dry-run"][..], &["clean", "--all"]] {
            let run = clone.done(args);
            assert!(!run.stdout.contains("shop/"), "{run}");
            run.says(&["were not built in this folder"]);
            let left: Vec<String> = project.images().into_iter().filter(|name| name.contains("shop")).collect();
            assert!(left.iter().all(|name| built.contains(name)) && left.len() >= 4, "{left:?}");
        }
    }
    // What it builds is its own from then on, and nothing of what the list said.
    clone.write(".factory/images", &list);
    clone.edit("factory.toml", "\"shop/core\"", "\"stall/core\"");
    clone.edit("factory.toml", "\"shop/web\"", "\"stall/web\"");
    clone.done(&["build"]);
    clone.done(&["clean"]);
    assert!(project.image("shop/core:2.5.11").is_some() && project.image("stall/core:2.5.11").is_none());
}

#[test]
fn a_base_made_from_packages_goes_with_all() {
    let project = Project::new();
    project.edit("factory.toml", "bootstrap = \"never\"", "bootstrap = \"always\"");
    project.program("mmdebstrap", "#!/bin/sh\necho a tar\n");
    project.done(&["build"]);
    let base = |project: &Project| project.images().iter().any(|name| name.starts_with("factory.local/base:"));
    project.done(&["clean"]);
    assert!(base(&project), "it takes long to make");
    project.done(&["clean", "--all"]);
    assert!(!base(&project), "{:?}", project.images());
}

#[test]
fn our_name_for_a_base_that_another_project_made() {
    let project = Project::new();
    project.done(&["build"]);
    project.meddle(|daemon| {
        for image in daemon["images"].as_array_mut().unwrap() {
            if image["tags"].as_array().unwrap().contains(&json!("debian:bookworm-slim")) {
                let name = "factory.local/base:theirs";
                image["tags"].as_array_mut().unwrap().push(json!(name));
                image["labels"] = json!({ "factory.project": "x", "factory.kind": "base", "factory.tags": name });
            }
        }
    });
    project.done(&["clean", "--all"]);
    let left: Vec<String> = project.images().into_iter().filter(|name| !name.contains("debian:99")).collect();
    assert_eq!(left, ["debian:bookworm-slim", "factory.local/base:theirs"]);
}

#[test]
fn a_dry_run_removes_nothing() {
    let project = among_others();
    for all in [&[][..], &["--all"]] {
        let (daemon, files) = (project.daemon(), project.files(""));
        let run = project.done(&[&["clean", "--dry-run"], all].concat());
        assert!(run.stdout.contains("would be freed"), "{run}");
        assert!(run.stdout.contains("shop/core:2.5.11") && run.stdout.contains("left by earlier runs"), "{run}");
        assert!(!run.stdout.contains("somebody") && !run.stdout.contains("debian-99-1.0"), "{run}");
        assert_eq!((project.daemon(), project.files("")), (daemon, files));
        assert_eq!(changes(&project), Vec::<String>::new());
    }
}

#[test]
fn an_image_that_somebody_uses() {
    let project = Project::new();
    project.done(&["build"]);
    let id = project.image("shop/web:2.5.11").unwrap();
    project.meddle(|daemon| {
        daemon["containers"]["c99"] = json!({ "image": id, "argv": [], "labels": {}, "running": true, "exit": 0 });
    });
    let run = project.done(&["clean"]);
    run.says(&["stays", "c99 is using it"]);
    assert!(project.image("shop/core:2.5.11").is_none(), "the others go all the same");
    assert_eq!(project.containers(), ["c99"]);
}

#[test]
fn one_platform_of_several() {
    let project = Project::with_two_platforms();
    project.done(&["build"]);
    project.done(&["clean", "--all", "--platform", "debian-99"]);
    let wheels = project.files("wheels");
    let stays = ["debian-12/", "store/", "CACHEDIR.TAG"];
    assert!(wheels.iter().all(|file| stays.iter().any(|begin| file.starts_with(begin))), "{wheels:?}");
    assert!(wheels.iter().any(|file| file.starts_with("store/")), "the store is of all platforms");
    assert!(!project.files("wheels").is_empty() && !project.files("packages").is_empty());
    assert!(project.image("shop/core:2.5.11").is_some(), "the other platform's images stay");
    assert!(project.image("shop/core:debian-99-2.5.11").is_none());
    assert!(project.records().iter().all(|step| step.starts_with("debian-12/")), "{:?}", project.records());
    assert!(!project.records().is_empty(), "the other platform's records stay");
}

#[test]
fn a_build_after_it() {
    let project = Project::new();
    project.done(&["build"]);
    let sums = project.read("packages/debian-12/SHA256SUMS");
    project.done(&["clean"]);
    let run = project.done(&["build"]);
    assert!(run.stderr.contains("[debian-12/wheels-core] cached"), "{run}");
    assert_eq!(project.read("packages/debian-12/SHA256SUMS"), sums);
    project.done(&["clean", "--all"]);
    let run = project.done(&["clean", "--all"]);
    assert!(run.stdout.contains("0 B in all freed"), "twice is no error: {run}");
}

#[test]
fn a_project_that_was_never_built() {
    let project = Project::new();
    let before = project.files("app");
    project.done(&["clean", "--all"]);
    assert_eq!(project.files("app"), before);
}

#[test]
fn images_that_a_build_supersedes() {
    let project = Project::new();
    project.done(&["build"]);
    let (core, web) = (project.image("shop/core:2.5.11").unwrap(), project.image("shop/web:2.5.11").unwrap());
    // Somebody gave the old one a name: it is theirs now.
    project.meddle(|daemon| {
        for image in daemon["images"].as_array_mut().unwrap() {
            if image["id"] == json!(web) {
                image["tags"].as_array_mut().unwrap().push(json!("somebody/web:kept"));
            }
        }
    });
    project.edit("app/shop.py", "sold", "bought");
    project.done(&["build"]);
    assert!(!project.has_image(&core), "the daemon does not fill with nameless images");
    assert_eq!(project.image("somebody/web:kept"), Some(web));
}

#[test]
fn a_superseded_image_in_use_is_no_failure() {
    let project = Project::new();
    project.done(&["build"]);
    let core = project.image("shop/core:2.5.11").unwrap();
    project.meddle(|daemon| {
        daemon["containers"]["c99"] = json!({ "image": core, "argv": [], "labels": {}, "running": true, "exit": 0 });
    });
    project.edit("app/shop.py", "sold", "bought");
    project.done(&["build"]);
    assert!(project.has_image(&core));
    project.meddle(|daemon| {
        daemon["containers"].as_object_mut().unwrap().clear();
    });
    project.done(&["clean"]);
    assert!(!project.has_image(&core), "later it goes");
}

#[test]
fn no_engine_for_it() {
    let project = Project::new();
    project.done(&["build"]);
    let before = project.files("");
    project.play(&Script::new().fails("images", "", "lost", "eof"));
    project.run(&["clean", "--all"]).assert_code(3);
    assert_eq!(project.files(""), before, "nothing is forgotten that could not be removed");
    fs::remove_file(project.path("factory.toml")).unwrap();
    project.run(&["clean"]).assert_code(2);
}

#[test]
fn a_wheel_cache_of_somebody_else_is_left_as_it_is() {
    let mut project = Project::new();
    let elsewhere = project.beside("nix");
    // As it may look in a folder of another program that happens to have these names.
    let theirs = [
        "store/abc-hello/bin/hello".to_owned(),
        "debian-12/app/manifest.json".to_owned(),
        format!("debian-12/{}/manifest.json", "a".repeat(32)),
        format!("store/files/aa/{}/content", "a".repeat(64)),
    ];
    for path in &theirs {
        let path = elsewhere.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "{\"version\": 1}").unwrap();
    }
    project.env("WHEEL_DIR", elsewhere.display().to_string());
    project.done(&["build"]);
    for arguments in [&["clean", "--all"][..], &["clean", "--all", "--keep-size", "0B"]] {
        let run = project.done(arguments);
        run.says(&["is left as it is", "it has no `CACHEDIR.TAG` of this program", "rm -r"]);
        for path in &theirs {
            assert!(elsewhere.join(path).exists(), "{path}: {run}");
        }
    }
}

#[test]
fn a_wheel_cache_of_ours_goes_whole() {
    for marked in [true, false] {
        let mut project = Project::new();
        let elsewhere = project.beside("cache");
        project.env("WHEEL_DIR", elsewhere.display().to_string());
        project.done(&["build"]);
        let markers = ["CACHEDIR.TAG", "store/CACHEDIR.TAG"].map(|name| elsewhere.join(name));
        for marker in &markers {
            assert!(fs::read_to_string(marker).unwrap().starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
            if !marked {
                fs::remove_file(marker).unwrap();
            }
        }
        let run = project.done(&["clean", "--all"]);
        assert!(!run.stderr.contains("is left as it is"), "{run}");
        assert!(!elsewhere.exists(), "marked {marked}: {run}");
    }
}

#[test]
fn labels_of_this_program_are_not_given_by_recipes() {
    let project = Project::new();
    let text = project.read("factory.toml");
    let labelled = text.replacen("[[image]]\n", "[[image]]\nlabels = { \"factory.project\" = \"other\" }\n", 1);
    assert_ne!(text, labelled);
    project.write("factory.toml", &labelled);
    project.run(&["plan"]).assert_code(2).says(&["factory.project", "does not begin with `factory.`"]);
}
