//! A daemon that fails, at every call: exit codes, what is said, what is recorded, and that the next run goes on.

use serde_json::json;

use crate::{
    build::changes,
    play::{Script, file},
    project::Project,
};

#[test]
fn no_engine_answers() {
    let mut project = Project::new();
    project.play(&Script::new().fails("info", "", "unreachable", "connection refused"));
    let run = project.run(&["build"]);
    run.assert_code(3);
    shows!(project, run.stderr, @r"
    error: no Docker engine answers at unix:///var/run/docker.sock: connection
           refused

    help: the socket is there and nothing listens: start the engine again
          (`sudo systemctl restart docker`)
    help: another one is named with `DOCKER_HOST` or `docker context use`
    ");
    for verb in [&["push", "--registry", "r.example.org"][..], &["clean"]] {
        assert_eq!(project.run(verb).code, Some(3), "{verb:?}");
    }
    assert!(project.records().is_empty());
    // The same without a script: nothing listens there.
    project.without_env("FACTORY_SCRIPTED_ENGINE");
    project.env("DOCKER_HOST", format!("unix://{}/nothing.sock", project.beside("").display()));
    project.run(&["build"]).assert_code(3).says(&["nothing.sock", "systemctl --user start docker"]);
    project.env("DOCKER_HOST", "ftp://x");
    project.run(&["build"]).assert_code(3);
}

#[test]
fn an_engine_that_may_not_be_used() {
    let project = Project::new();
    project.play(&Script::new().fails("info", "", "denied", "permission denied"));
    project.run(&["build"]).assert_code(3).says(&["permission denied", "usermod -aG docker"]);
}

/// A call that a build makes, and the step that makes it.
const CALLS: [(&str, &str, &str); 16] = [
    ("image", "debian:bookworm-slim", "base"),
    ("tag", "factory.local/base", "base"),
    ("build", "debian-12/builder", "builder"),
    ("create", "debian-12/wheels-core", "wheels-core"),
    ("upload", "requirements.txt", "wheels-core"),
    ("start", "pip", "wheels-core"),
    ("wait", "pip", "wheels-core"),
    ("download", "path=/factory/files", "wheels-core"),
    ("wait", "dpkg-query", "wheels-core"),
    ("download", "path=/factory/wheels", "wheels-core"),
    ("build", "debian-12/core", "core"),
    ("image", "\"sha256:", "core"),
    ("build", "debian-12/web", "web"),
    ("create", "debian-12/package-shop\"", "package-shop"),
    ("download", "path=/etc/passwd", "package-shop"),
    ("download", "path=/opt/shop", "package-shop"),
];

#[test]
fn an_engine_that_goes_away() {
    for (call, part, step) in CALLS {
        let project = Project::new();
        // Gone is gone: no later call succeeds, no container can be removed.
        let mut script = Script::new().fails(call, part, "lost", "connection reset by peer");
        if call != "image" {
            script = script.fails("remove", "", "unreachable", "connection refused");
        }
        project.play(&script);
        let run = project.run(&["build", "--jobs", "1"]);
        let case = format!("{call} {part}");
        assert_eq!(run.code, Some(3), "{case}\n{run}");
        run.says(&["the Docker engine went away", "finished steps are kept"]);
        let name = format!("debian-12/{step}");
        if part != "\"sha256:" {
            assert!(run.stderr.contains(&format!("error: {name} failed")), "{case}\n{run}");
            assert!(!project.records().contains(&name), "{case}: {:?}", project.records());
        }
        project.play(&Script::new());
        let before = project.records();
        let run = project.done(&["build"]);
        for step in before {
            assert!(run.stderr.contains(&format!("[{step}] cached")), "{case}: {step} was done before\n{run}");
        }
        project.assert_tidy();
    }
}

#[test]
fn an_engine_that_goes_away_while_files_arrive() {
    // In the middle of an archive: of its first block, of a file, and at the border of a member.
    for (path, step) in [
        ("/factory/files", "wheels-core"),
        ("/factory/wheels", "wheels-core"),
        ("/opt/shop", "package-shop"),
        ("/etc/passwd", "package-shop"),
        ("/etc/group", "package-shop"),
    ] {
        for bytes in [0, 100, 520] {
            let project = Project::new();
            project.play(&Script::new().breaks(path, bytes));
            let run = project.run(&["build", "--jobs", "1"]);
            assert_eq!(run.code, Some(3), "{path} after {bytes} bytes\n{run}");
            run.says(&["the Docker engine went away while reading files", "finished steps are kept"]);
            assert!(!project.records().contains(&format!("debian-12/{step}")), "{path} after {bytes} bytes");
            assert_eq!(project.files("packages"), Vec::<String>::new());
            project.assert_tidy();
        }
    }
}

#[test]
fn containers_of_a_lost_run_are_removed_by_the_next() {
    let project = Project::new();
    project.play(&Script::new().fails("wait", "", "lost", "eof").fails(
        "remove",
        "",
        "unreachable",
        "connection refused",
    ));
    let run = project.run(&["build", "--jobs", "1"]);
    run.assert_code(3).says(&["a container of this run could not be removed", "the next run removes it"]);
    assert_eq!(project.containers(), ["c1"]);
    project.play(&Script::new());
    project.forget_calls();
    project.done(&["build"]);
    assert_eq!(project.calls_of("remove")[0], "remove c1");
    project.assert_tidy();
}

#[test]
fn an_image_that_does_not_build() {
    let project = Project::new();
    let lines =
        ["#7 [3/5] RUN apt-get install libfoo", "#7 1.2 E: Unable to locate package libfoo", "#7 ERROR: exit 100"];
    let said = r#"process "/bin/sh -c apt-get install libfoo" did not complete successfully: exit code: 100"#;
    project.play(&Script::new().on(
        "build",
        "debian-12/core",
        json!({ "lines": lines, "fail": { "kind": "build", "text": said } }),
    ));
    let run = project.run(&["build", "--jobs", "1"]);
    run.assert_code(1);
    shows!(project, run.stderr);
    assert_eq!(run.stdout, "", "no table of what was not made");
    assert_eq!(
        project.records(),
        ["debian-12/base", "debian-12/builder", "debian-12/wheels-core", "debian-12/wheels-web"],
        "what was done before is kept, nothing else begins"
    );
    assert!(project.done(&["log", "debian-12/core"]).stdout.contains("Unable to locate package libfoo"));
}

#[test]
fn an_image_whose_virtualenv_lacks_a_library() {
    let project = Project::new();
    let lines = [
        "#9 [5/6] RUN python3 -B /run/scripts/virtualenv.py",
        "#9 installed 2 wheels from wheels",
        "#9 loaded 4 programs and libraries",
        "#9 /opt/shop/lib/python3.11/site-packages/psycopg2/_psycopg.so needs libpq.so.5, which is not there",
        "#9 cannot be loaded: add the OS packages that have it to `packages` of the image, or say with `allow` why it is meant",
        "#9 ERROR: exit code: 1",
    ];
    let said =
        r#"process "/bin/sh -c python3 -B /run/scripts/virtualenv.py" did not complete successfully: exit code: 1"#;
    let then = json!({ "lines": lines, "fail": { "kind": "build", "text": said } });
    project.play(&Script::new().on("build", "debian-12/core", then));
    let run = project.run(&["build", "--jobs", "1"]);
    run.assert_code(1);
    shows!(project, run.stderr.split_once("error: ").unwrap().1);
}

#[test]
fn two_steps_that_fail_are_both_told() {
    let project = Project::new();
    project.play(&Script::new().on("wait", "pip", json!({ "delay_ms": 300, "lines": ["ERROR: broken"], "exit": 2 })));
    let run = project.run(&["build", "wheels", "--jobs", "2"]);
    run.assert_code(1).says(&[
        "2 steps failed",
        "debian-12/wheels-core, debian-12/wheels-web: pip could not build the wheels",
        "`factory log debian-12/wheels-core`, `factory log debian-12/wheels-web`",
        "note: 2 of 4 steps are done, 2 failed",
    ]);
}

#[test]
fn steps_that_run_are_let_finish() {
    let project = Project::new();
    // The second set of wheels fails while the first one is still built: its work is not lost.
    project.play(&Script::new().on("wait", "in/requirements.txt\",\"--no", json!({ "delay_ms": 1500 })).on(
        "wait",
        "web/requirements.txt",
        json!({ "delay_ms": 100, "exit": 1 }),
    ));
    project.run(&["build", "wheels", "--jobs", "2"]).assert_code(1).says(&["wheels-web failed"]);
    assert!(project.records().contains(&"debian-12/wheels-core".to_owned()), "{:?}", project.records());
}

#[test]
fn a_registry_out_of_reach_where_nothing_else_helps() {
    let project = Project::new();
    let mut script = Script::new().fails("pull", "", "registry", "dial tcp: lookup docker.io: no such host");
    script.images.clear();
    project.play(&script);
    let run = project.run(&["build"]);
    run.assert_code(1);
    shows!(project, run.stderr.split("error: ").nth(1).unwrap(), @r#"
    debian-12/base failed: the base image `debian:bookworm-slim` is not in
           the daemon, and it could not be pulled: the registry docker.io cannot be
           reached: dial tcp: lookup docker.io: no such host

    help: `docker load` or `docker tag` the image, mend the way to the registry, or
          set `[base] bootstrap = "fallback"` to make it from the distro's own
          packages
    help: not run because of it: debian-12/builder, debian-12/wheels-core,
          debian-12/core, debian-12/wheels-web, debian-12/web,
          debian-12/package-shop, debian-12/package-shop-web
    help: the whole output: `factory log debian-12/base`
    "#);
    // A registry of one's own is named as such.
    project.edit(
        "factory.toml",
        "bootstrap = \"never\"",
        "bootstrap = \"never\"\nimage = \"r.example.org:5000/debian:12\"",
    );
    project
        .run(&["build"])
        .assert_code(1)
        .says(&["r.example.org:5000 cannot be reached", "r.example.org:5000/debian:12"]);
}

#[test]
fn an_image_that_no_registry_has() {
    let project = Project::new();
    let mut script = Script::new().fails("pull", "", "not-found", "manifest unknown");
    script.images.clear();
    project.play(&script);
    project.run(&["build"]).assert_code(1).says(&["debian:bookworm-slim", "manifest unknown", "docker load"]);
}

#[test]
fn a_base_is_pulled_where_the_daemon_has_none() {
    let project = Project::new();
    let mut script = Script::new();
    script.images.clear();
    project.play(&script);
    project.done(&["build"]);
    assert_eq!(project.calls_of("pull").len(), 1);
    assert!(project.images().contains("debian:bookworm-slim"));
}

#[test]
fn a_pull_that_is_refused() {
    let project = Project::new();
    let mut script =
        Script::new().fails("pull", "", "refused", "toomanyrequests: You have reached your pull rate limit");
    script.images.clear();
    project.play(&script);
    project.run(&["build"]).assert_code(1).says(&["pull rate limit"]);
}

/// A project whose base can be made from packages, on a daemon that has none and reaches no registry.
fn from_packages() -> Project {
    let project = Project::new();
    project.edit("factory.toml", "bootstrap = \"never\"", "bootstrap = \"fallback\"");
    let mut script = Script::new().fails("pull", "", "registry", "no such host");
    script.images.clear();
    project.play(&script);
    project
}

#[test]
fn a_base_made_from_packages() {
    let project = from_packages();
    project.program("mmdebstrap", "#!/bin/sh\necho \"$@\" > \"$HOME/arguments\"\necho 'I: done' >&2\necho a tar\n");
    let run = project.done(&["build", "--jobs", "1"]);
    run.says(&[
        "the registry docker.io cannot be reached",
        "making debian:bookworm-slim from the distro's own packages",
    ]);
    let arguments = std::fs::read_to_string(project.beside("home/arguments")).unwrap();
    assert!(arguments.contains("--variant=minbase") && arguments.ends_with("bookworm -\n"), "{arguments}");
    let import = &project.calls_of("import")[0];
    assert!(import.contains("factory.kind=\\\"base\\\"") && import.contains("CMD"), "{import}");
    assert!(project.done(&["log", "debian-12/base"]).stdout.contains("I: done"));
    // The next one takes what was made.
    let run = project.done(&["build"]);
    assert!(run.stderr.contains("all 8 cached"), "{run}");
    std::fs::remove_dir_all(project.path(".factory")).unwrap();
    project.forget_calls();
    project.done(&["build"]);
    assert!(project.calls_of("import").is_empty() && project.calls_of("pull").is_empty());
}

#[test]
fn a_base_whose_packages_cannot_be_had() {
    let project = from_packages();
    project.program("mmdebstrap", "#!/bin/sh\necho 'E: cannot fetch the archive' >&2\nexit 1\n");
    let run = project.run(&["build"]);
    run.assert_code(1).says(&["`mmdebstrap` failed", "E: cannot fetch the archive", "`[base] mirror`"]);
    assert!(project.records().is_empty());
    assert!(project.calls_of("import").is_empty());
}

#[test]
fn a_base_without_the_program_for_it() {
    let mut project = from_packages();
    project.env("PATH", project.beside("bin").display().to_string());
    project.run(&["build"]).assert_code(1).says(&["`mmdebstrap` is not installed", "apt-get install mmdebstrap"]);
}

#[test]
fn a_path_that_the_image_does_not_have() {
    let project = Project::new();
    project.edit("factory.toml", "{ src = \"/opt/web\" }", "{ src = \"/opt/wbe\" }");
    let run = project.run(&["build"]);
    run.assert_code(1).says(&["debian-12/package-shop-web failed", "`/opt/wbe` matches nothing in the image `web`"]);
    assert_eq!(project.files("packages/debian-12").len(), 1, "the other package is there, and no checksums yet");
}

#[test]
fn a_file_of_nobody() {
    let project = Project::new();
    let archive = json!({ "/opt/web": [{ "name": "page.html", "text": "x", "uid": 4711 }] });
    project.play(&Script::new().on("download", "path=/opt/web", json!({ "archive": archive })));
    project.run(&["build"]).assert_code(1).says(&["user number 4711, which has no name", "with `file_info`"]);
}

#[test]
fn an_owner_that_the_recipe_does_not_make() {
    let project = Project::new();
    let archive = json!({ "/etc/passwd": [file("", "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/sh\n")] });
    let page = json!({ "/opt/web": [{ "name": "page.html", "text": "x", "uid": 33 }] });
    project.play(&Script::new().on("download", "path=/etc/passwd", json!({ "archive": archive })).on(
        "download",
        "path=/opt/web",
        json!({ "archive": page }),
    ));
    let run = project.run(&["build", "--jobs", "1"]);
    run.assert_code(1);
    assert!(run.stderr.contains("www-data") || run.stderr.contains("999"), "{run}");
}

#[test]
fn an_archive_that_leads_out() {
    let project = Project::new();
    let archive = json!({ "/opt/web": [file("a/../../../../etc/passwd", "x")] });
    project.play(&Script::new().on("download", "path=/opt/web", json!({ "archive": archive })));
    let run = project.run(&["build"]);
    run.assert_code(1).says(&["debian-12/package-shop-web failed", "`..` component"]);
    project.assert_tidy();
}

#[test]
fn nothing_is_changed_by_a_run_that_cannot_begin() {
    let project = Project::new();
    project.play(&Script::new().fails("containers", "", "unreachable", "connection refused"));
    project.run(&["build"]).assert_code(3);
    assert_eq!(changes(&project), Vec::<String>::new());
    assert!(project.records().is_empty());
}

#[test]
fn a_layer_that_the_daemon_has_just_written_and_lost() {
    let project = Project::new();
    let reason = "failed to get layer sha256:0a: layer does not exist";
    let lost = serde_json::json!({ "fail": { "kind": "build", "text": reason } });
    project.play(&Script::new().once("build", "shop/web:2.5.11", lost.clone()));
    let run = project.done(&["build", "images", "--no-cache"]);
    run.says(&[reason, "a known fault of the engine", "built again with the cache"]);
    let builds: Vec<String> =
        project.calls_of("build").into_iter().filter(|call| call.contains("shop/web:2.5.11")).collect();
    assert_eq!(builds.len(), 2);
    assert!(builds[0].contains("no_cache=true") && builds[1].contains("no_cache=false"), "{builds:?}");
    // One that stays is an error like any other.
    let project = Project::new();
    project.play(&Script::new().on("build", "shop/web:2.5.11", lost));
    let run = project.run(&["build", "images"]);
    run.assert_code(1).says(&["layer does not exist"]);
}
