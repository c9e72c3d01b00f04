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
    let said = "`factory.lock` says what this was made of: commit it with the release";
    project.done(&["build", "wheels"]).says(&[said]);
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
    let dry = project.run(&["build", "--locked", "--dry-run"]);
    dry.assert_code(2).says(&["there is no `factory.lock` that the build could be held to"]);
}

#[test]
fn pins_that_moved_are_refused_before_anything_runs() {
    let project = locked();
    project.edit("requirements.txt", "six==1.16.0", "six==1.17.0\nidna==3.10");
    let dry = project.run(&["build", "wheels", "--locked", "--dry-run"]);
    dry.assert_code(4).says(&["debian-12/core: six is 1.17.0, the lock has 1.16.0"]);
    assert!(dry.stdout.contains("to run"), "{dry}");
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

/// A daemon whose base image, under the usual name, has this digest.
fn with_base(digest: &str) -> Script {
    let mut script = Script::new();
    script.images.truncate(1);
    script.images[0]["repo_digests"] = json!([format!("debian@sha256:{}", digest.repeat(16))]);
    script
}

const LOCKED: &str = "debian@sha256:ba5eba5eba5eba5eba5eba5eba5eba5eba5eba5eba5eba5eba5eba5eba5eba5e";

#[test]
fn a_base_that_moved_is_pulled_by_its_digest() {
    let project = locked();
    fresh(&project);
    project.play(&with_base("beef"));
    let run = project.done(&["build", "--locked"]);
    assert!(project.calls_of("pull").iter().any(|call| call.contains(LOCKED)), "{run}");
    assert!(run.stderr.contains("debian:bookworm-slim (from its registry)"), "{run}");
    assert_eq!(project.record("debian-12/base")["root"]["digest"], json!(LOCKED.split_once('@').unwrap().1));
    // What is in Dockerfiles is the locked one; the daemon's own name is left as it is.
    let local = project.images().into_iter().find(|name| name.starts_with("factory.local/base:")).unwrap();
    assert_ne!(project.image(&local), project.image("debian:bookworm-slim"));
    project.forget_calls();
    let run = project.done(&["build", "--locked"]);
    assert!(!run.stderr.contains("started"), "{run}");
}

#[test]
fn a_base_of_another_day_is_not_what_a_lock_wants() {
    // Built without the lock on a newer base: the old release is made again on the old one.
    let project = locked();
    let old = project.read(LOCK);
    fresh(&project);
    project.play(&with_base("beef"));
    project.done(&["build"]);
    assert!(project.read(LOCK).contains("beefbeef"));
    project.write(LOCK, &old);
    project.forget_calls();
    let run = project.done(&["build", "--locked"]);
    assert!(run.stderr.contains("base image debian:bookworm-slim (factory.lock has another one)"), "{run}");
    assert!(project.calls_of("pull").iter().any(|call| call.contains(LOCKED)), "{run}");
    assert_eq!(project.read(LOCK), old);
}

#[test]
fn a_locked_base_that_cannot_be_had_is_exit_4() {
    for (kind, says) in [("registry", "cannot be reached"), ("not-found", "has no image")] {
        let project = locked();
        fresh(&project);
        // There is an image of the name, and one could be made from packages: neither is the locked one.
        project.edit("factory.toml", "bootstrap = \"never\"", "bootstrap = \"fallback\"");
        project.play(&with_base("beef").fails("pull", "", kind, "no route to host"));
        refused(
            &project,
            &["the base image of debian-12: the lock has debian@sha256:ba5e", "could not be pulled", says],
        );
        assert_eq!(project.records(), Vec::<String>::new());
        assert!(project.calls_of("import").is_empty());
    }
}

#[test]
fn a_base_of_no_registry_is_held_to_its_id() {
    let project = one_image();
    let mut script = Script::new();
    script.images[0]["repo_digests"] = json!([]);
    project.play(&script);
    project.done(&["build", "wheels"]);
    let lock = project.read(LOCK);
    assert!(lock.contains("\nid = \"sha256:") && !lock.contains("digest"), "{lock}");
    project.done(&["build", "--locked"]);
    // Another machine has another one under this name, and cannot have the first.
    fresh(&project);
    let mut other = Script::new();
    other.images[0]["id"] = json!(format!("sha256:{}", "0".repeat(64)));
    other.images[0]["repo_digests"] = json!([]);
    project.play(&other);
    project.new_daemon();
    refused(&project, &["which came out of no registry, and is not in this engine"]);
    project.write(LOCK, &lock.lines().filter(|line| !line.starts_with("id = ")).collect::<Vec<_>>().join("\n"));
    refused(&project, &["the lock does not say which debian:bookworm-slim it is, only its name"]);
}

#[test]
fn an_engine_that_gives_every_image_a_digest_is_not_believed() {
    let project = Project::new();
    project.play(&Script::new().fails("known_digest", "debian:bookworm-slim", "not-found", "manifest unknown"));
    let run = project.done(&["build"]);
    assert!(run.stderr.contains("debian:bookworm-slim (local)"), "{run}");
    assert!(!project.read(LOCK).contains("digest"), "{}", project.read(LOCK));
    let builds = project.calls_of("build").join("\n");
    assert!(builds.contains("org.opencontainers.image.base.name") && !builds.contains("image.base.digest"), "{builds}");
    // What was pulled has the digest that the registry said.
    let project = Project::new();
    let mut script = Script::new().fails("known_digest", "", "not-found", "manifest unknown");
    script.images.clear();
    project.play(&script);
    project.new_daemon();
    project.done(&["build"]);
    assert!(project.read(LOCK).contains("digest = \"sha256:"), "{}", project.read(LOCK));
    let builds = project.calls_of("build");
    let core = builds.iter().find(|call| call.contains("shop/core:2.5.11")).unwrap();
    assert!(core.contains("image.base.digest\":\"sha256:"), "{core}");
    let web = builds.iter().find(|call| call.contains("shop/web:2.5.11")).unwrap();
    assert!(
        web.contains("image.base.digest\":\"\""),
        "not the parent's own, and no registry has the parent yet: {web}"
    );
}

#[test]
fn a_lock_of_somebody_else() {
    let project = locked();
    let good = project.read(LOCK);
    for (from, to, says) in [
        ("version = 1", "version = 0", "factory.lock:3:11"),
        ("six-1.16.0-py2.py3-none-any.whl", "../six.whl", "is not a valid wheel"),
        ("[[base]]", "<<<<<<< HEAD\n[[base]]", "this is not TOML"),
        ("name = \"six\"", "name = \"\\u001b[2J\"", "control character"),
    ] {
        project.write(LOCK, &good.replacen(from, to, 1));
        for arguments in [
            &["build"][..],
            &["build", "--locked"],
            &["build", "--dry-run"],
            &["plan"],
            &["pull", "--registry", "localhost:1"],
        ] {
            let run = project.run(arguments);
            run.assert_code(2).says(&[says]);
            let words = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(words.matches("git checkout -- factory.lock").count(), 1, "{arguments:?}: {run}");
            assert!(!run.stderr.contains('\u{1b}'), "{run}");
        }
    }
    // Nobody can take a lock for what it is that has something twice, or another name than its file.
    let twice = good.split_once("[[wheelhouse]]").unwrap().1;
    for text in [format!("{good}\n[[wheelhouse]]{twice}"), good.replacen("name = \"six\"", "name = \"sax\"", 1)] {
        project.write(LOCK, &text);
        for verb in ["plan", "build"] {
            let run = project.run(&[verb]);
            run.assert_code(2);
            let words = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(words.matches("git checkout -- factory.lock").count(), 1, "{run}");
        }
    }
    project.write(LOCK, "version = 1\n");
    refused(&project, &["the wheels of debian-12/core are not in the lock"]);
    fs::File::create(project.path(LOCK)).unwrap().set_len(17 << 20).unwrap();
    project.run(&["build"]).assert_code(2).says(&["larger than 16 MiB"]);
}

#[test]
fn a_lock_that_a_newer_factory_wrote() {
    let project = locked();
    let good = project.read(LOCK);
    project.write(LOCK, &(good.replacen("version = 1", "version = 7", 1) + "\n[[artifact]]\nname = \"x\"\n"));
    for arguments in [&["build"][..], &["build", "--locked"], &["plan"]] {
        let run = project.run(arguments);
        run.assert_code(2).says(&[
            "`factory.lock` has version 7, of a newer factory: this one reads version 1",
            "`factory --version`",
            "`rm factory.lock`, then `factory build`",
        ]);
        assert!(!run.stderr.contains("git checkout") && !run.stderr.contains("artifact"), "{run}");
    }
}

#[test]
fn a_folder_in_the_place_of_the_lock() {
    let project = Project::new();
    project.write("factory.lock/README", "mine\n");
    for verb in ["plan", "build"] {
        let run = project.run(&[verb]);
        run.assert_code(2).says(&[
            "`factory.lock` is a folder, not a file",
            "move it away: `mv factory.lock factory.lock.old`; factory makes anew what it needs",
        ]);
    }
    assert_eq!(project.read("factory.lock/README"), "mine\n");
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
