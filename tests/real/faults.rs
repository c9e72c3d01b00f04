//! Interruptions of real steps: nothing is left behind, every record is true, and the next run completes.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use crate::house::{BUILT, House, docker};

/// Runs a build until a line of its output has `marker`, and sends it a signal then.
fn interrupt(house: &House, arguments: &[&str], marker: &str, signal: &str) -> (Option<i32>, String) {
    let mut child = house.command(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("run factory");
    let stderr = child.stderr.take().expect("stderr");
    let mut seen = String::new();
    let mut sent = false;
    for line in BufReader::new(stderr).lines() {
        let line = line.expect("a line");
        seen.push_str(&line);
        seen.push('\n');
        if !sent && line.contains(marker) {
            send(&child, signal);
            sent = true;
        }
    }
    let started = Instant::now();
    let status = child.wait().expect("its end");
    assert!(sent, "`{marker}` never came:\n{seen}");
    assert!(started.elapsed() < Duration::from_secs(30), "it does not end");
    (status.code(), seen)
}

fn send(child: &Child, signal: &str) {
    crate::house::run("kill", &[&format!("-{signal}"), &child.id().to_string()]);
}

/// Temporary files under a folder.
fn temporary(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(".tmp") {
            found.push(path.display().to_string());
        }
        if path.is_dir() {
            found.extend(temporary(&path));
        }
    }
    found
}

#[test]
#[ignore = "needs a real engine: make real"]
fn ctrl_c_in_each_step_leaves_nothing_and_the_next_run_completes() {
    let _built = &*BUILT;
    let house = House::apart("interrupted");
    // An earlier run of this test may have been cut off.
    for id in docker(&["images", "-q", "--filter", "label=factory.project=interrupted"]).lines() {
        docker(&["rmi", "--force", id]);
    }
    // A small set of its own, so that each step is quick to reach.
    for file in ["requirements.txt", "cat/requirements.txt"] {
        std::fs::write(house.folder.join(file), "six==1.17.0\n").expect("write requirements");
    }
    for (folder, name) in [("core", "canopsis"), ("cat", "canopsis-cat")] {
        let text = format!(
            "[metadata]\nname = {name}\nversion = 1\n\n[options]\npackage_dir =\n    = src\npackages = find:\n\n\
             [options.packages.find]\nwhere = src\n"
        );
        std::fs::write(house.folder.join(folder).join("setup.cfg"), text).expect("write a setup.cfg");
    }
    // Without their programs the units and entry points are for nothing.
    let recipe = std::fs::read_to_string(house.folder.join("factory.toml")).expect("the recipe");
    let units = |line: &&str| !line.contains("units/") && !line.starts_with("entrypoint = ");
    std::fs::write(
        house.folder.join("factory.toml"),
        recipe.lines().filter(units).collect::<Vec<_>>().join("\n") + "\n",
    )
    .expect("write the recipe");
    house.edit("factory.toml", "name = \"canopsis\"\nmaintainer", "name = \"interrupted\"\nmaintainer");
    house.edit("factory.toml", "repository = \"canopsis/", "repository = \"interrupted/");
    let steps = [
        ("wheels", "[debian-12/builder]", "INT"),
        ("wheels", "Collecting six", "INT"),
        ("images", "RUN", "TERM"),
        ("images", "[debian-12/cat]", "INT"),
        ("packages", "taking /opt/canopsis", "INT"),
        ("packages", "files and folders", "INT"),
    ];
    let containers = || {
        let filter = "label=factory.project=interrupted";
        docker(&["ps", "-aq", "--filter", filter])
    };
    for (what, marker, signal) in steps {
        let arguments = ["--verbose", "build", what];
        let (code, said) = interrupt(&house, &arguments, marker, signal);
        assert_eq!(code, Some(130), "{marker}:\n{said}");
        assert_eq!(containers(), "", "{marker}: a container is left");
        assert_eq!(temporary(&house.folder), Vec::<String>::new(), "{marker}");
    }
    // kill -9: the next run removes what was left.
    let (code, _) = interrupt(&house, &["--verbose", "build", "packages"], "taking /opt/canopsis", "KILL");
    assert_eq!(code, None);
    house.done(&["build"]);
    assert_eq!(containers(), "", "the next run removes the container of the killed one");
    let plan = house.done(&["plan"]);
    assert!(plan.contains("0 to run"), "{plan}");
    house.done(&["clean", "--all"]);
    let left = docker(&["images", "-q", "--filter", "label=factory.project=interrupted"]);
    assert_eq!(left, "", "clean removes all that is ours");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn nothing_changed_means_nothing_runs() {
    let house = &*BUILT;
    let plan = house.done(&["plan"]);
    assert!(plan.contains("0 to run"), "{plan}");
    let said = house.done(&["build", "--output", "json"]);
    assert!(!said.contains("step-started"), "{said}");
}
