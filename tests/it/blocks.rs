//! The compressed blocks of packages: what did not change comes out of the store, and never changes the bytes.

use std::{fs, path::PathBuf};

use crate::{
    plain::{said, with},
    project::Project,
};

/// A package of a large file that does not compress, one that does, and configuration.
const RECIPE: &str = r#"[project]
name = "beacon"
maintainer = "Beacon Team <beacon@example.org>"
license = "MIT"
homepage = "https://beacon.example.org"
platforms = ["debian-12", "centos-7"]
official = "debian-12"

[[package]]
name = "beacon"
summary = "lights up"
contents = [
  { src = "data/large", dst = "/usr/share/beacon/large" },
  { src = "etc/beacon.conf", dst = "/etc/beacon.conf", type = "config" },
]
"#;

const STEPS: [&str; 2] = ["debian-12/package-beacon", "centos-7/package-beacon"];

fn project() -> Project {
    let project = with(RECIPE);
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    });
    fs::create_dir(project.path("data")).unwrap();
    fs::write(project.path("data/large"), noise.take(300_000).collect::<Vec<u8>>()).unwrap();
    project
}

/// The packages, and what their logs say of blocks.
fn built(project: &Project, options: &[&str]) -> (Vec<Vec<u8>>, Vec<bool>) {
    let run = project.done(&[&["build", "packages"], options].concat());
    assert!(!said(&run).contains("compressed again"), "{run}");
    packages(project)
}

fn packages(project: &Project) -> (Vec<Vec<u8>>, Vec<bool>) {
    let names =
        ["packages/debian-12/beacon_2.5.11-1~deb12_all.deb", "packages/centos-7/beacon-2.5.11-1.el7.noarch.rpm"];
    let logs = STEPS.map(|step| project.done(&["log", step]).stdout.contains("1 of 1 blocks from the store"));
    (names.map(|name| fs::read(project.path(name)).unwrap()).to_vec(), logs.to_vec())
}

/// The entries of the store that are blocks.
fn blocks(project: &Project) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![project.path("wheels/store/blocks")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
            let meta = entry.metadata().unwrap();
            if meta.is_dir() {
                folders.push(entry.path());
            } else if meta.len() > 100_000 {
                found.push(entry.path());
            }
        }
    }
    found
}

#[test]
fn what_did_not_change_is_not_compressed_again() {
    let project = project();
    let (first, reused) = built(&project, &[]);
    assert_eq!((reused, blocks(&project).len()), (vec![false; 2], 2));
    project.write("etc/beacon.conf", "colour = red\n");
    let (second, reused) = built(&project, &[]);
    assert_eq!((reused, blocks(&project).len()), (vec![true; 2], 2));
    assert!(second[0] != first[0] && second[1] != first[1]);
    // The same without what was kept.
    fs::remove_dir_all(project.path(".factory")).unwrap();
    let (anew, reused) = built(&project, &["--no-cache"]);
    assert_eq!(reused, [false; 2]);
    assert!(anew == second);
}

#[test]
fn a_damaged_block_is_said() {
    let project = project();
    built(&project, &[]);
    for block in blocks(&project) {
        let mut bytes = fs::read(&block).unwrap();
        bytes[100] ^= 1;
        fs::remove_file(&block).unwrap();
        fs::write(&block, bytes).unwrap();
    }
    project.write("etc/beacon.conf", "colour = red\n");
    let run = project.done(&["build", "packages"]);
    assert!(said(&run).contains("it is compressed again"), "{run}");
    let (repaired, reused) = packages(&project);
    assert_eq!((reused, blocks(&project).len()), (vec![false; 2], 2));
    fs::remove_dir_all(project.path(".factory")).unwrap();
    let (anew, _) = built(&project, &["--no-cache"]);
    assert!(anew == repaired);
}
