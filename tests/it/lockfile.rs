//! `factory.lock`: what a build writes, what `--locked` refuses, and what nobody reads.

use std::fs;

use serde_json::json;

use crate::{
    incremental::one_image,
    play::{Script, downloads, file},
    project::{Project, Run},
};

const LOCK: &str = "factory.lock";

/// A built project with a lock, whose calls are forgotten.
fn locked() -> Project {
    let project = one_image();
    project.done(&["build", "wheels"]);
    project.forget_calls();
    project
}

/// A new checkout of the project on a new machine: nothing but what is committed.
fn fresh(project: &Project) {
    for folder in [".factory", "wheels", "packages"] {
        let _absent = fs::remove_dir_all(project.path(folder));
    }
    project.new_daemon();
}

/// A build that refuses to differ from the lock.
fn refused(project: &Project, says: &[&str]) -> Run {
    let before = project.read(LOCK);
    let run = project.run(&["build", "wheels", "--locked", "--jobs", "1"]);
    run.assert_code(4)
        .says(&["this is not what `factory.lock` says", "`factory build` takes what there is now"])
        .says(says);
    assert_eq!(project.read(LOCK), before);
    project.assert_tidy();
    run
}

#[test]
fn what_a_build_writes() {
    let project = locked();
    shows!(project, project.read(LOCK));
}

#[test]
fn it_is_written_after_a_build_that_succeeded_and_changed_something() {
    let project = Project::new();
    project.play(&Script::new().on("wait", "\"wheel\"", json!({ "exit": 1 })));
    project.run(&["build", "wheels"]).assert_code(1);
    assert!(!project.path(LOCK).exists());
    project.play(&Script::new());
    project.done(&["build", "wheels"]);
    let time = || fs::metadata(project.path(LOCK)).unwrap().modified().unwrap();
    let (before, text) = (time(), project.read(LOCK));
    project.done(&["build"]);
    project.edit("requirements.txt", "# What", "# All that");
    project.done(&["build"]);
    assert_eq!((time(), project.read(LOCK)), (before, text));
    project.edit("requirements.txt", "six==1.16.0", "six==1.17.0");
    project.play(&Script::new().pip_downloads(&[file("six-1.17.0-py2.py3-none-any.whl", "newer")]));
    project.done(&["build"]);
    let text = project.read(LOCK);
    assert!(text.contains("version = \"1.17.0\"") && !text.contains("psutil"), "{text}");
}

#[test]
fn it_is_no_input() {
    let project = Project::new();
    project.edit("factory.toml", "src = \"etc\", dst = \"/opt/shop/etc\"", "src = \"*.*\", dst = \"/opt/shop/etc\"");
    project.done(&["build"]);
    let run = project.done(&["build"]);
    assert!(!run.stderr.contains("started"), "{run}");
}

#[test]
fn a_run_for_one_platform_leaves_what_it_says_of_others() {
    let project = Project::with_two_platforms();
    project.done(&["build", "wheels"]);
    let text = project.read(LOCK);
    assert!(text.contains("debian-99"), "{text}");
    project.edit("requirements.txt", "# What", "# All that");
    project.done(&["build", "wheels", "--platform", "debian-12"]);
    assert_eq!(project.read(LOCK), text);
    // What is not in the recipe any more goes.
    project.edit("factory.toml", r#", "debian-99"]"#, "]");
    let recipe = project.read("factory.toml");
    let (start, end) = (recipe.find("[[image]]\nname = \"web\"").unwrap(), recipe.find("[[package]]").unwrap());
    project.write(
        "factory.toml",
        &[&recipe[..start], &recipe[end..recipe.find("[[package]]\nname = \"shop-web\"").unwrap()]].concat(),
    );
    project.done(&["build", "wheels"]);
    let text = project.read(LOCK);
    assert!(
        !text.contains("debian-99") && !text.contains("image = \"web\"") && text.contains("image = \"core\""),
        "{text}"
    );
}

#[test]
fn a_locked_build_takes_what_the_lock_says() {
    let project = locked();
    let text = project.read(LOCK);
    fresh(&project);
    project.done(&["build", "--locked"]);
    assert_eq!(project.read(LOCK), text);
    // pip is held to its versions.
    let uploads = project.calls_of("upload");
    assert!(uploads.iter().any(|call| call.contains("factory/in/factory.lock.txt")), "{uploads:?}");
    project.done(&["build", "--locked"]);
}

#[test]
fn without_it_a_locked_build_says_how_to_make_it() {
    let project = Project::new();
    let run = project.run(&["build", "--locked"]);
    run.assert_code(2).says(&["there is no `factory.lock`", "`factory build` writes it", "git add factory.lock"]);
    assert_eq!(project.calls_of("create").len() + project.calls_of("build").len(), 0);
    project.run(&["build", "--locked", "--dry-run"]).assert_code(2);
}

#[test]
fn pins_that_moved_are_refused_before_anything_runs() {
    let project = locked();
    project.edit("requirements.txt", "six==1.16.0", "six==1.17.0\nidna==3.10");
    let run =
        refused(&project, &["debian-12/core: six is 1.17.0, the lock has 1.16.0", "idna 3.10 is not in the lock"]);
    assert!(!run.stderr.contains("started"), "{run}");
    assert!(project.calls_of("create").is_empty());
}

#[test]
fn what_pip_chooses_is_refused_before_anything_is_built() {
    for (gives, says) in [
        (vec![file("six-1.16.0-py2.py3-none-any.whl", "evil")], "six 1.16.0 is six-1.16.0-py2.py3-none-any.whl ("),
        (
            vec![file("six-1.16.0-py2.py3-none-any.whl", "six"), file("psutil-5.9.8.tar.gz", "evil")],
            "psutil 5.9.8 is built from",
        ),
        (vec![file("six-1.17.0-py2.py3-none-any.whl", "six")], "six is 1.17.0, the lock has 1.16.0"),
        ([downloads(), vec![file("idna-3.10-py3-none-any.whl", "x")]].concat(), "idna 3.10 is not in the lock"),
        (vec![file("six-1.16.0-py2.py3-none-any.whl", "six")], "psutil 5.9.8 is in the lock, and nothing wants it"),
    ] {
        let project = locked();
        fresh(&project);
        project.play(&Script::new().pip_downloads(&gives));
        refused(&project, &[says]);
        assert!(!project.calls_of("create").iter().any(|call| call.contains("\"wheel\"")), "{says}");
        assert!(!project.records().contains(&"debian-12/wheels-core".to_owned()), "{says}");
        assert_eq!(project.files("wheels/debian-12"), Vec::<String>::new(), "{says}");
    }
}

#[test]
fn a_base_that_moved_is_refused_before_it_is_recorded() {
    let project = locked();
    let moved = |digest: &str| {
        let mut script = Script::new();
        script.images[0]["repo_digests"] = json!([format!("debian@sha256:{}", digest.repeat(16))]);
        script
    };
    fresh(&project);
    project.play(&moved("beef"));
    refused(&project, &["the base image of debian-12 is sha256:beefbeefbeef, the lock has sha256:ba5eba5eba5e"]);
    assert_eq!(project.records(), Vec::<String>::new());
    project.new_daemon();
    project.play(&moved("ba5e"));
    project.done(&["build", "--locked"]);
    // Already here: nothing runs at all.
    project.meddle(|daemon| {
        for image in daemon["images"].as_array_mut().unwrap() {
            if image["tags"].as_array().unwrap().contains(&json!("debian:bookworm-slim")) {
                image["repo_digests"] = json!([format!("debian@sha256:{}", "beef".repeat(16))]);
            }
        }
    });
    let run = project.run(&["build", "--locked"]);
    run.assert_code(4).says(&["the base image of debian-12 is sha256:beefbeefbeef"]);
    assert!(!run.stderr.contains("started"), "{run}");
}

#[test]
fn a_lock_of_somebody_else() {
    let project = locked();
    let good = project.read(LOCK);
    for (from, to, says) in [
        ("version = 1", "version = 7", "factory.lock:3:11"),
        ("six-1.16.0-py2.py3-none-any.whl", "../six.whl", "is not a valid wheel"),
        ("[[base]]", "<<<<<<< HEAD\n[[base]]", "this is not TOML"),
        ("name = \"six\"", "name = \"\\u001b[2J\"", "control character"),
    ] {
        project.write(LOCK, &good.replacen(from, to, 1));
        for arguments in [&["build"][..], &["build", "--locked"]] {
            let run = project.run(arguments);
            run.assert_code(2).says(&[says, "git checkout -- factory.lock"]);
            assert!(!run.stderr.contains('\u{1b}'), "{run}");
        }
    }
    project.write(LOCK, "version = 1\n");
    refused(&project, &["the wheels of debian-12/core are not in the lock"]);
    fs::File::create(project.path(LOCK)).unwrap().set_len(17 << 20).unwrap();
    project.run(&["build"]).assert_code(2).says(&["larger than 16 MiB"]);
}

#[test]
fn logins_of_indexes_are_not_in_it() {
    let mut project = Project::new();
    project.env("PIP_INDEX_URL", "https://anna:s3cr3t@index.example/simple");
    project.env("PIP_EXTRA_INDEX_URL", "https://ben:s3cr3t@more.example/simple");
    project.write(
        "requirements.txt",
        "--extra-index-url https://carl:s3cr3t@x.example/simple\nsix==1.16.0\npsutil==5.9.8\n",
    );
    project.done(&["build", "wheels"]);
    for file in project.files("").into_iter().filter(|file| !file.ends_with("requirements.txt")) {
        let bytes = fs::read(project.path(&file)).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("s3cr3t"), "{file}");
    }
}

#[test]
fn other_tools_get_a_file_of_their_own() {
    let project = Project::new();
    let run = project.run(&["plan", "--pylock", "locks"]);
    run.assert_code(2).says(&["the wheels of debian-12/wheels-core are not built", "factory build wheels"]);
    project.done(&["build", "wheels"]);
    project.done(&["plan", "--pylock", "locks"]);
    assert_eq!(project.files("locks"), ["pylock.debian-12.toml"]);
    let text = project.read("locks/pylock.debian-12.toml");
    let path = text.lines().find_map(|line| line.strip_prefix("path = \"")).unwrap().trim_end_matches('"');
    assert!(project.path("locks").join(path).is_file(), "{text}");
}

#[test]
fn the_sources_commits_are_in_it() {
    if std::process::Command::new("git").arg("--version").output().is_err() {
        eprintln!("skipped: git is not installed");
        return;
    }
    let project = Project::new();
    let bricks = project.beside("bricks");
    let git = |arguments: &[&str]| {
        let mut git = std::process::Command::new("git");
        git.args(["-c", "user.name=x", "-c", "user.email=x@example.org", "-C"]).arg(&bricks).args(arguments);
        let output = git.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    fs::create_dir(&bricks).unwrap();
    fs::write(bricks.join("a.txt"), "a").unwrap();
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "one"]);
    let source = format!("[[source]]\nname = \"bricks\"\ngit = \"{}\"\nref = \"main\"\n\n[[user]]", bricks.display());
    project.edit("factory.toml", "[[user]]", &source);
    project.done(&["build", "wheels"]);
    let first = git(&["rev-parse", "HEAD"]);
    assert!(project.read(LOCK).contains(&format!("name = \"bricks\"\ncommit = \"{first}\"")), "{}", project.read(LOCK));
    git(&["commit", "-q", "--allow-empty", "-m", "two"]);
    let second = git(&["rev-parse", "HEAD"]);
    refused(&project, &[&format!("source bricks is at {}, the lock has {}", &second[..7], &first[..7])]);
}
