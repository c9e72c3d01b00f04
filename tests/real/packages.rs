//! What the packages are: accepted by the field's own tools, installed and removed by apt, and the same bytes every time.

use std::{collections::BTreeMap, path::Path};

use crate::house::{BUILT, House, TAG, docker, image, run};

fn path(house: &House, name: &str) -> String {
    house.package(name).to_str().expect("UTF-8").to_owned()
}

#[test]
#[ignore = "needs a real engine: make real"]
fn dpkg_reads_the_packages() {
    let house = &*BUILT;
    let field = |name: &str, field: &str| run("dpkg-deb", &["--field", &path(house, name), field]);
    assert_eq!(field("canopsis-core", "Version"), format!("{TAG}-1~deb12"));
    assert_eq!(field("canopsis-core", "Architecture"), "amd64");
    assert_eq!(field("canopsis-cat", "Architecture"), "all", "pure Python");
    let depends = field("canopsis-core", "Depends");
    assert!(depends.contains("python3 (>= 3.11), python3 (<< 3.12)"), "{depends}");
    let depends = field("canopsis-cat", "Depends");
    assert!(depends.contains(&format!("canopsis-core (= {TAG}-1~deb12)")), "{depends}");
    let core = run("dpkg-deb", &["--contents", &path(house, "canopsis-core")]);
    let cat = run("dpkg-deb", &["--contents", &path(house, "canopsis-cat")]);
    assert!(core.contains("./opt/canopsis/bin/engine-launcher"));
    assert!(cat.contains("/canopsis_cat/"));
    assert!(!cat.contains("bin/engine-launcher\n"), "what core ships is left out");
    assert!(core.lines().any(|line| line.contains("canopsis/canopsis") && line.ends_with("./opt/canopsis/var/log/")));
}

#[test]
#[ignore = "needs a real engine: make real"]
fn checksums_are_beside_them() {
    let house = &*BUILT;
    let folder = house.folder.join("packages/debian-12");
    let listed = std::fs::read_to_string(folder.join("SHA256SUMS")).expect("SHA256SUMS");
    assert_eq!(listed.lines().count(), 2, "{listed}");
    let checked = std::process::Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(&folder)
        .status();
    assert!(checked.expect("sha256sum").success());
}

#[test]
#[ignore = "needs a real engine: make real"]
fn lintian_finds_nothing_but_what_is_meant() {
    let house = &*BUILT;
    let (core, cat) = (path(house, "canopsis-core"), path(house, "canopsis-cat"));
    let arguments = ["--allow-root", "--tag-display-limit=0", "--fail-on", "error,warning", &core, &cat];
    let output = std::process::Command::new("lintian").args(arguments).output().expect("lintian");
    let said = crate::house::text(&output);
    let findings: Vec<&str> = said.lines().filter(|line| line.starts_with("E:") || line.starts_with("W:")).collect();
    assert!(output.status.success() && findings.is_empty(), "{said}");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn they_install_run_and_go_away() {
    let house = &*BUILT;
    let said = house.done(&["test"]);
    assert!(said.contains("canopsis-webserver"), "{said}");
    assert_eq!(crate::house::containers(), "", "no container is left");
}

/// Digests of everything in the packages folder.
fn digests(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder.join("packages/debian-12")).expect("read the packages");
    entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, run("sha256sum", &[path.to_str().expect("UTF-8")])[..64].to_owned())
        })
        .collect()
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_cold_build_gives_the_same_bytes() {
    let first = digests(&BUILT.folder);
    let house = House::copy("again/elsewhere");
    for name in ["cat-prov", "prov", "cat", "core"] {
        docker(&["rmi", "--force", &image(name), &format!("canopsis/canopsis-{name}:{TAG}")]);
    }
    house.done(&["build", "--no-cache"]);
    for step in ["core", "cat"] {
        let log = house.log(step);
        let runs: Vec<&str> = log.lines().filter(|line| line.contains("] RUN ")).collect();
        let numbers = runs.iter().filter_map(|line| line.split_whitespace().next());
        assert!(runs.len() > 2, "{log}");
        for number in numbers {
            assert!(!log.contains(&format!("{number} CACHED")), "{number} came from the engine's cache:\n{log}");
        }
    }
    assert_eq!(digests(&house.folder), first, "another checkout, other images, the same packages");
    // Give the first copy its images back for the tests that follow.
    BUILT.done(&["build"]);
    assert_eq!(digests(&BUILT.folder), first);
}
