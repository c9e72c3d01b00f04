//! `test` as a program: exit codes, containers, Ctrl-C. What is checked in the container is tested where it is written.

use rustix::process::Signal;
use serde_json::json;

use crate::{play::Script, project::Project};

fn built() -> Project {
    let project = Project::new();
    project.done(&["build"]);
    project.forget_calls();
    project
}

#[test]
fn what_was_not_built() {
    let project = Project::new();
    let run = project.run(&["test"]);
    run.assert_code(1).says(&["factory build --tag 2.5.11"]);
    assert!(project.calls_of("create").is_empty());
    project.done(&["build"]);
    project.run(&["test", "--tag", "2.5.12"]).assert_code(1).says(&["factory build --tag 2.5.12"]);
    std::fs::remove_file(project.path("packages/debian-12/shop_2.5.11-1~deb12_all.deb")).unwrap();
    project.run(&["test"]).assert_code(1);
    assert!(project.calls_of("exec").is_empty());
}

#[test]
fn what_a_build_would_make_again() {
    for (file, from, to, why) in [
        ("app/shop.py", "sold", "bought", "core: python folder app changed: shop.py changed"),
        ("factory.toml", "summary = \"sells things\"", "summary = \"sells all\"", "[[package]] summary: "),
        ("requirements.txt", "six==1.16.0", "six==1.15.0", "requirements.txt changed"),
    ] {
        let project = built();
        project.edit(file, from, to);
        let run = project.run(&["test"]).ended(1);
        run.says(&["debian-12/package-shop is not what this checkout makes: ", why, "`factory build --tag 2.5.11`"]);
        assert!(project.calls_of("exec").is_empty(), "{file}");
        assert!(!project.path(".factory/tests/debian-12/failed.json").exists(), "nothing was tested");
        project.run(&["test", "--allow-dirty"]).ended(4).says(&["debian-12/test-files failed"]);
        project.assert_tidy();
    }
}

#[test]
fn a_platform_that_is_outdated_and_one_that_is_not() {
    let project = Project::with_two_platforms();
    project.done(&["build"]);
    project.edit("platforms/debian-99.toml", "~deb99", "~deb98");
    let run = project.run(&["test", "--keep-going"]).ended(4);
    run.says(&["debian-12/test-files failed", "debian-99 was not tested: debian-99/package-shop"]);
}

#[test]
fn packages_that_do_not_install() {
    let project = built();
    let lines = ["shop : Depends: libfoo but it is not installable", "E: Unable to correct problems"];
    project.play(&Script::new().on("exec", "shop_2.5.11", json!({ "lines": lines, "exit": 100 })));
    let run = project.run(&["test"]);
    run.assert_code(4).says(&["debian-12/test-install failed", "factory log debian-12/test-install"]);
    assert!(project.done(&["log", "debian-12/test-install"]).stdout.contains("libfoo"));
    project.assert_tidy();
}

#[test]
fn a_check_that_fails() {
    // Nothing is where the package should have put it: nothing is really installed in a played container.
    let project = built();
    let run = project.run(&["test"]);
    run.assert_code(4).says(&["debian-12/test-files failed"]);
    assert!(run.stdout.contains("debian-12/test-install") && run.stdout.contains("FAILED"), "{run}");
    project.assert_tidy();
    project.run(&["test", "--output", "json"]).assert_code(4);
    let failed = project.read(".factory/tests/debian-12/failed.json");
    assert!(failed.contains("test-files: ") && failed.contains("\"tag\": \"2.5.11\""), "{failed}");
    std::fs::remove_file(project.path(".factory/tests/debian-12/failed.json")).unwrap();
    assert_eq!(project.records().len(), 8, "a test changes nothing of the build");
}

#[test]
fn a_package_that_dpkg_has_forgotten_is_purged() {
    // Without conffiles and postrm it is gone at the removal: apt-get(8) knows no such package then, dpkg(1) is content.
    let project = built();
    let unknown = json!({ "lines": ["E: Unable to locate package shop"], "exit": 100 });
    project.play(&Script::new().on("exec", "\"apt-get\",\"purge\"", unknown));
    project.run(&["test"]);
    let purges: Vec<String> = project.calls_of("exec").into_iter().filter(|call| call.contains("purge")).collect();
    assert!(!purges.is_empty() && purges.iter().all(|call| call.contains("[\"dpkg\",\"--purge\",")), "{purges:#?}");
}

#[test]
fn a_quiet_test_that_does_not_pass_shows_what_it_saw() {
    let project = built();
    let run = project.run(&["test", "--quiet"]).ended(4);
    assert!(run.stdout.contains("debian-12/test-files"), "{run}");
}

#[test]
fn several_platforms_at_once() {
    let project = Project::with_two_platforms();
    project.done(&["build"]);
    let run = project.run(&["test", "--jobs", "2"]);
    run.assert_code(4).says(&["debian-12/test-files failed"]);
    let place = |check: &str| run.stdout.find(check).unwrap_or_else(|| panic!("no {check}\n{run}"));
    assert!(place("debian-12/test-purge") < place("debian-99/test-install"), "the recipe's order\n{run}");
    project.assert_tidy();
}

#[test]
fn a_container_to_look_around_in() {
    for option in ["--keep", "--keep-failed"] {
        let project = built();
        let run = project.run(&["test", option]).ended(4);
        run.says(&["the container stays until the next run of factory here: `docker exec -it c"]);
        assert_eq!(project.containers().len(), 1);
        project.done(&["build"]);
        project.assert_tidy();
    }
}

#[test]
fn packages_that_conflict_are_tested_apart() {
    let project = Project::new();
    project.edit("factory.toml", "depends = [\"shop (= {{version}})\"]", "conflicts = [\"shop\"]");
    project.done(&["build"]);
    project.forget_calls();
    let run = project.run(&["test"]).ended(4);
    run.says(&["packages conflict and are tested in a container each time: shop; shop-web"]);
    let installs: Vec<String> = project.calls_of("exec").into_iter().filter(|call| call.contains("_all.deb")).collect();
    assert_eq!(installs.len(), 2, "{installs:#?}");
    assert!(installs.iter().all(|call| call.matches("_all.deb").count() == 1), "{installs:#?}");
    assert!(run.stdout.contains("test-install+2") && run.stdout.contains("test-purge+2"), "{run}");
    project.done(&["log", "debian-12/test-install+2"]);
    let failed = project.read(".factory/tests/debian-12/failed.json");
    assert!(failed.contains("\"shop\"") && failed.contains("\"shop-web\""), "{failed}");
    project.assert_tidy();
}

#[test]
fn an_engine_that_goes_away() {
    for (call, part) in
        [("create", "test-install"), ("upload", "factory-test"), ("exec", "install"), ("download", "path=/opt/shop")]
    {
        let project = built();
        project.play(&Script::new().fails(call, part, "lost", "connection reset by peer").fails(
            "remove",
            "",
            "unreachable",
            "no",
        ));
        let run = project.run(&["test"]);
        assert_eq!(run.code, Some(3), "{call} {part}: {run}");
        run.says(&["the Docker engine went away"]);
        project.play(&Script::new());
        project.done(&["build"]);
        project.assert_tidy();
    }
}

#[test]
fn an_engine_that_goes_away_while_files_arrive() {
    for path in ["/etc/passwd", "/opt/shop"] {
        let project = built();
        project.play(&Script::new().breaks(path, 100));
        let run = project.run(&["test"]);
        assert_eq!(run.code, Some(3), "{path}: {run}");
        run.says(&["the Docker engine went away while reading files"]);
        project.assert_tidy();
    }
}

#[test]
fn ctrl_c_in_every_call() {
    for (call, part) in [
        ("info", ""),
        ("containers", ""),
        ("image", "factory.local/base"),
        ("create", "test-install"),
        ("start", "sleep"),
        ("upload", "factory-test"),
        ("exec", "install"),
        ("download", "path=/opt/shop"),
        ("remove", ""),
    ] {
        let project = built();
        project.play(&Script::new().hangs(call, part));
        let mut running = project.start(&["test"]);
        running.until_call(call, part);
        running.signal(Signal::INT);
        let run = running.end();
        assert_eq!(run.code, Some(130), "{call} {part}: {run}");
        project.assert_tidy();
    }
}

#[test]
fn a_platform_that_cannot_be_tested_and_those_that_can() {
    let project = Project::with_two_platforms();
    project.done(&["build"]);
    std::fs::remove_file(project.path("packages/debian-99/shop_2.5.11-1~deb99_all.deb")).unwrap();
    let run = project.run(&["test"]).ended(1);
    run.says(&["debian-99/package-shop was not built", "`factory test --keep-going` tests the other platforms"]);
    assert!(project.calls_of("exec").is_empty());
    let run = project.run(&["test", "--keep-going"]).ended(4);
    run.says(&["debian-12/test-files failed", "debian-99 was not tested: debian-99/package-shop was not built"]);
    assert!(run.stdout.contains("NOT TESTED") && run.stdout.contains("1 not tested"), "{run}");
    project.assert_tidy();
    let run = project.run(&["test", "--keep-going", "--platform", "debian-99"]).ended(1);
    run.says(&["debian-99/package-shop was not built"]);
    project.run(&["test", "--keep-going", "--keep"]).assert_code(2);
}

#[test]
fn a_library_that_is_missing_names_the_package_to_depend_on() {
    let project = built();
    let missing = "/opt/shop/bin/shop: error while loading shared libraries: libpq.so.5: cannot open shared object file: No such file";
    let fails = json!({ "lines": [missing], "exit": 1 });
    let owner = json!({ "lines": ["libpq5:amd64: /usr/lib/x86_64-linux-gnu/libpq.so.5"] });
    project.play(&Script::new().on("exec", "shop_2.5.11", fails.clone()).on("wait", "*/libpq.so.5", owner));
    let run = project.run(&["test"]).ended(4);
    run.says(&["add `libpq5` to `depends` of the package: it has `libpq.so.5` in the image"]);
    let asked = project.calls_of("create");
    assert!(asked.iter().any(|call| call.contains(r#"["dpkg-query","--search","*/libpq.so.5"]"#)), "{asked:#?}");
    project.assert_tidy();
    // Where nobody there has it, nothing is said of it.
    let none = json!({ "lines": ["dpkg-query: no path found matching pattern */libpq.so.5"], "exit": 1 });
    project.play(&Script::new().on("exec", "shop_2.5.11", fails).on("wait", "*/libpq.so.5", none));
    let run = project.run(&["test"]).ended(4);
    assert!(!run.stderr.contains("to `depends` of the package"), "{run}");
    project.assert_tidy();
}
