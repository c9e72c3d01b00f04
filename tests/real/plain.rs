//! A package of files of the project alone, `tests/data/lamp`: it is built where no engine answers, and the real `factory test` installs it,
//! runs its service, removes and purges it.

use crate::house::{House, containers_of, run, text};

/// Where no engine listens.
const NOBODY: &str = "unix:///nonexistent/docker.sock";

#[test]
#[ignore = "needs a real engine: make real"]
fn plain_packages_are_built_without_an_engine_and_tested_on_one() {
    let house = House::at("tests/data/lamp", "lamp");
    let built = house.command(&["build"]).env("DOCKER_HOST", NOBODY).output().expect("run factory");
    assert!(built.status.success(), "it does not build without an engine:\n{}", text(&built));
    let package = house.package("lamp");
    let listed = run("dpkg-deb", &["--contents", package.to_str().expect("UTF-8")]);
    for line in ["-rwxr-xr-x root/root", "drwxr-x--- lamp/lamp", "./etc/lamp/lamp.conf"] {
        assert!(listed.contains(line), "{line}: {listed}");
    }
    let before = containers_of("lamp");
    let said = house.done(&["test"]);
    for check in ["test-install", "test-files", "test-units", "test-lamp", "test-remove", "test-purge"] {
        let step = format!("debian-12/{check}");
        let passed =
            said.lines().any(|line| line.starts_with("ok ") && line.split_whitespace().any(|word| word == step));
        assert!(passed, "{check} did not pass:\n{said}");
    }
    assert_eq!(containers_of("lamp"), before, "no container is left");
    let plan = house.done(&["plan"]);
    assert!(plan.contains("0 to run"), "the test makes nothing new: {plan}");
}
