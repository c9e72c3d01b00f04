//! `examples/collect` on a real engine: what dpkg-deb and rpmbuild built in an image is taken out, and those tools agree
//! with the listing.

use std::{collections::BTreeMap, path::Path, sync::LazyLock};

use crate::house::{House, TAG, docker, run, text};

static BUILT: LazyLock<House> = LazyLock::new(|| {
    let house = House::of("collect", "collect");
    let output = house.factory(&["build"]);
    assert!(output.status.success(), "the example does not build:\n{}", text(&output));
    house
});

/// The lines of a platform's listing: path -> (what, mode and owner).
fn listing(platform: &str) -> BTreeMap<String, (String, String)> {
    let file = BUILT.folder.join(format!(".factory/records/{platform}/package-canopsis-tools.files"));
    let lines = std::fs::read_to_string(file).expect("a listing");
    let line = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        let word = |key: &str| line[key].as_str().expect("a text").to_owned();
        (word("path"), (word("what"), format!("{} {}{}", word("mode"), word("owner"), word("role"))))
    };
    lines.lines().map(line).collect()
}

fn packages(platform: &str) -> Vec<String> {
    let folder = BUILT.folder.join("packages").join(platform);
    let entries = std::fs::read_dir(folder).expect("read the packages").map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<String> = entries.map(|path| path.to_str().expect("UTF-8").to_owned()).collect();
    paths.retain(|path| !path.ends_with("SHA256SUMS"));
    paths.sort();
    paths
}

/// Every file below a folder with its SHA-256, by sha256sum.
fn sums(folder: &Path) -> BTreeMap<String, String> {
    let folder = folder.to_str().expect("UTF-8");
    let found = run("sh", &["-c", "cd \"$1\" && find . -type f -exec sha256sum {} +", "sh", folder]);
    let pair = |line: &str| line.split_once("  ./").map(|(sum, path)| (path.to_owned(), sum.to_owned()));
    found.lines().filter_map(pair).collect()
}

/// The files of a listing.
fn listed_sums(platform: &str) -> BTreeMap<String, String> {
    let files = listing(platform).into_iter();
    files.filter_map(|(path, (what, _))| Some((path, what.strip_prefix("file ")?.to_owned()))).collect()
}

fn scratch(name: &str) -> std::path::PathBuf {
    let folder = BUILT.folder.join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("remove the last run's files");
    }
    std::fs::create_dir_all(&folder).expect("make a folder");
    folder
}

#[test]
#[ignore = "needs a real engine: make real"]
fn collect_debs_as_dpkg_reads_them() {
    let names: Vec<String> =
        packages("debian-12").iter().map(|path| path.rsplit('/').next().expect("a name").to_owned()).collect();
    let whole = |name: &str| format!("{name}_{TAG}-1~deb12_all.deb");
    assert_eq!(names, [whole("canopsis-tools-doc"), whole("canopsis-tools")]);
    let folder = scratch("unpacked-debs");
    let mut paths = BTreeMap::new();
    for package in packages("debian-12") {
        run("dpkg-deb", &["--extract", &package, folder.to_str().expect("UTF-8")]);
        for line in run("dpkg-deb", &["--contents", &package]).lines() {
            let path = line.rsplit(" ./").next().expect("a path").trim_end_matches('/').to_owned();
            paths.insert(path, line.split(' ').next().expect("a mode").to_owned());
        }
    }
    paths.remove("");
    let listing = listing("debian-12");
    assert_eq!(paths.keys().collect::<Vec<_>>(), listing.keys().collect::<Vec<_>>());
    assert_eq!(paths["usr/bin/canopsis-wait"], "-rwxr-xr-x");
    assert_eq!(listing["usr/bin/canopsis-wait"].1, "755 root:root");
    assert_eq!(listing["etc/canopsis-tools.conf"].1, "644 root:rootconfig");
    assert_eq!(sums(&folder), listed_sums("debian-12"));
}

#[test]
#[ignore = "needs a real engine: make real"]
fn collect_rpms_as_rpm_reads_them() {
    // rpm is in the image that built them.
    let image = format!("canopsis/canopsis-tools-build:rpmbuild-12-{TAG}");
    let script = "set -e; cd /root/rpmbuild/RPMS/noarch; rpm --checksig --nosignature *.rpm > /dev/null; \
        rpm --query --queryformat '[%{FILEDIGESTS} %{FILEMODES:octal} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILENAMES}\\n]' --package *.rpm";
    let said = docker(&["run", "--rm", "--network=none", "--entrypoint=sh", &image, "-c", script]);
    let listing = listing("rpmbuild-12");
    let mut paths = Vec::new();
    for line in said.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        let path = words[3].trim_start_matches('/');
        let (what, about) = &listing[path];
        assert_eq!(*what, format!("file {}", words[0]));
        assert_eq!(about.trim_end_matches("config"), format!("{} {}", &words[1][words[1].len() - 3..], words[2]));
        paths.push(path.to_owned());
    }
    paths.sort();
    assert_eq!(paths, listing.keys().cloned().collect::<Vec<_>>());
    // The same files as those in the container, byte for byte.
    let built = docker(&[
        "run",
        "--rm",
        "--network=none",
        "--entrypoint=sh",
        &image,
        "-c",
        "sha256sum /root/rpmbuild/RPMS/noarch/*",
    ]);
    for line in built.lines() {
        let (sum, path) = line.split_once("  ").expect("a sum and a path");
        let name = path.rsplit('/').next().expect("a name");
        let ours = BUILT.folder.join("packages/rpmbuild-12").join(name);
        assert_eq!(&run("sha256sum", &[ours.to_str().expect("UTF-8")])[..64], sum);
    }
}

#[test]
#[ignore = "needs a real engine: make real"]
fn collect_is_listed_cached_and_tested() {
    for platform in ["debian-12", "rpmbuild-12"] {
        let folder = BUILT.folder.join("packages").join(platform);
        let checked = std::process::Command::new("sha256sum")
            .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
            .current_dir(&folder)
            .status();
        assert!(checked.expect("sha256sum").success());
        assert_eq!(packages(platform).len(), 2);
    }
    let plan = BUILT.done(&["plan"]);
    assert!(plan.contains("6 cached, 0 to run"), "{plan}");
    let said = BUILT.done(&["test", "--platform", "debian-12"]);
    assert!(said.contains("2 packages") && said.contains("kept 1 configuration file"), "{said}");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn collect_gives_the_same_bytes_again() {
    let read =
        |platform: &str| std::fs::read(BUILT.folder.join("packages").join(platform).join("SHA256SUMS")).expect("sums");
    let before = [read("debian-12"), read("rpmbuild-12")];
    BUILT.done(&["build", "--no-cache"]);
    assert_eq!([read("debian-12"), read("rpmbuild-12")], before, "built again, not taken from the engine's cache");
}
