//! `formats`: what is made of a package, beside or instead of what the platform's package manager takes.

use crate::{project::Project, push::push, registry::Registry};

/// The usual project with a line in the table of its first package.
fn with(line: &str) -> Project {
    let project = Project::new();
    project.edit("factory.toml", "summary = \"sells things\"\n", &format!("summary = \"sells things\"\n{line}\n"));
    project
}

#[test]
fn a_format_of_another_platform_is_passed_over() {
    let project = with(r#"formats = ["deb", "rpm"]"#);
    let run = project.done(&["build", "packages"]);
    assert!(!run.stderr.contains("no package is made"), "{run}");
    let files = project.files("packages/debian-12");
    assert!(files.iter().any(|file| file.starts_with("shop_2.5.11")), "{files:?}");
    assert!(files.iter().all(|file| !file.contains(".rpm")), "{files:?}");
}

#[test]
fn a_package_that_no_format_makes_is_said() {
    let project = with(r#"formats = ["rpm"]"#);
    project.edit("factory.toml", "without = [\"shop\"]\n", "");
    let run = project.done(&["build", "packages"]);
    let said = "no package is made of shop on debian-12: it takes deb packages, and its `formats` name none";
    assert!(run.stderr.split_whitespace().collect::<Vec<_>>().join(" ").contains(said), "{run}");
    assert!(project.files("packages/debian-12").iter().all(|file| !file.starts_with("shop_")));
}

#[test]
fn what_is_without_a_package_that_is_not_made_is_refused() {
    let project = with(r#"formats = ["rpm"]"#);
    project.run(&["plan"]).assert_code(2).says(&["[[package]] `shop-web` takes package shop", "`formats`"]);
}

#[test]
fn formats_are_known_words_each_once() {
    let refused = |line: &str, parts: &[&str]| {
        with(line).run(&["plan"]).assert_code(2).says(parts);
    };
    refused(r#"formats = ["dep"]"#, &["unknown package format `dep`", "did you mean `deb`?"]);
    refused(r#"formats = ["deb", "deb"]"#, &["`deb` is twice in this list"]);
    refused("formats = []", &["nothing would be made of it", "leave `formats` out"]);
}

/// The members of an archive, without folders.
fn members(project: &Project, path: &str) -> Vec<String> {
    let file = std::fs::File::open(project.path(path)).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let entries = archive.entries().unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| !entry.header().entry_type().is_dir());
    files.map(|entry| String::from_utf8_lossy(&entry.path_bytes()).into_owned()).collect()
}

#[test]
fn an_archive_is_made_beside_a_package() {
    let project = with("");
    project.done(&["build", "packages"]);
    let deb = project.files("packages/debian-12").into_iter().find(|file| file.starts_with("shop_")).unwrap();
    let before = std::fs::read(project.path(&format!("packages/debian-12/{deb}"))).unwrap();
    project.edit(
        "factory.toml",
        "summary = \"sells things\"",
        "summary = \"sells things\"\nformats = [\"deb\", \"tar.gz\"]",
    );
    let run = project.done(&["build", "packages"]);
    let archive = "packages/debian-12/shop-2.5.11-debian-12.tar.gz";
    assert!(run.stdout.contains(archive) && run.stdout.contains(&deb), "{run}");
    run.says(&["shop: its tar archive has files only: no users"]);
    assert!(members(&project, archive).iter().any(|path| path == "opt/shop/etc/shop.conf"), "{run}");
    assert!(project.read("packages/debian-12/SHA256SUMS").contains("  shop-2.5.11-debian-12.tar.gz\n"));
    assert_eq!(
        std::fs::read(project.path(&format!("packages/debian-12/{deb}"))).unwrap(),
        before,
        "the deb is the same"
    );
    // One that is gone is made again, and nothing else.
    let bytes = std::fs::read(project.path(archive)).unwrap();
    assert!(project.planned().is_empty(), "{:?}", project.planned());
    std::fs::remove_file(project.path(archive)).unwrap();
    project.done(&["build", "packages"]);
    assert_eq!(std::fs::read(project.path(archive)).unwrap(), bytes);
}

#[test]
fn an_archive_is_made_where_no_package_can_be() {
    let project = with(r#"formats = ["tar.xz"]"#);
    project.edit("factory.toml", "without = [\"shop\"]\n", "");
    let run = project.done(&["build", "packages"]);
    assert!(run.stdout.contains("packages/debian-12/shop-2.5.11-debian-12.tar.xz"), "{run}");
    assert!(project.files("packages/debian-12").iter().all(|file| !file.starts_with("shop_")));
}

#[test]
fn what_no_package_manager_takes_is_not_tested_and_that_is_said() {
    let project = with(r#"formats = ["tar.xz"]"#);
    project.edit("factory.toml", "without = [\"shop\"]\n", "");
    project.done(&["build"]);
    let run = project.run(&["test"]);
    run.says(&["archives are not installed here: only what the package manager takes is tested"]);
}

#[test]
fn an_archive_goes_to_a_registry_and_one_of_somebody_else_stays() {
    let project = with(r#"formats = ["deb", "tar.gz"]"#);
    let Some(registry) = Registry::new(&project) else { return };
    project.done(&["build"]);
    let (ours, other) = ("packages/debian-12/shop-2.5.11-debian-12.tar.gz", "packages/debian-12/notes.tar.gz");
    let bytes = std::fs::read(project.path(ours)).unwrap();
    std::fs::write(project.path(other), "mine").unwrap();
    project.done(&["build"]);
    assert!(!project.read("packages/debian-12/SHA256SUMS").contains("notes"));
    push(&project, &registry, &["--packages"]).ended(0);
    std::fs::remove_file(project.path(ours)).unwrap();
    project.run(&["pull", "--registry", &registry.address]).ended(0);
    assert_eq!(std::fs::read(project.path(ours)).unwrap(), bytes);
    project.done(&["clean", "--all"]);
    assert!(!project.path(ours).exists());
    assert_eq!(project.read(other), "mine");
}

#[test]
fn what_a_renamed_package_leaves_behind_is_said() {
    let project = with(r#"formats = ["tar.xz"]"#);
    project.edit("factory.toml", "without = [\"shop\"]\n", "");
    let said =
        "`packages/debian-12/shop-2.5.11-debian-12.tar.xz` is of this release, and nothing here makes it any more";
    assert!(!project.done(&["build"]).stderr.contains(said));
    project.edit("factory.toml", "name = \"shop\"\nfrom", "name = \"store\"\nfrom");
    project.edit("factory.toml", "depends = [\"shop (= {{version}})\"]\n", "");
    // A run that does not know of all packages says nothing of them.
    assert!(!project.done(&["build", "wheels"]).stderr.contains(said));
    project.done(&["build"]).says(&[said]);
}
