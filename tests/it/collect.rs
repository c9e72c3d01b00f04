//! `collect`: packages that an image built itself are taken out, checked, listed and installed beside our own.

use std::{collections::BTreeMap, fs};

use serde_json::json;

use crate::{
    play::Script,
    project::{Project, RECIPE},
};

const ENTRY: &str = r#"
[[package]]
name = "shop-tools"
from = "core"
collect = ["/packages/*.deb"]
"#;

/// A Debian package of one file, as `dpkg-deb` might build it.
fn deb(name: &str, version: &str, arch: &str, path: &str) -> Vec<u8> {
    let tar = |files: &[(&str, &str)]| {
        let mut out = tar::Builder::new(Vec::new());
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(text.len() as u64);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(0);
            header.set_username("root").unwrap();
            header.set_groupname("root").unwrap();
            out.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        out.into_inner().unwrap()
    };
    let control = format!(
        "Package: {name}\nVersion: {version}\nArchitecture: {arch}\nMaintainer: A <a@b.org>\nDescription: tools\n"
    );
    let mut bytes = b"!<arch>\n".to_vec();
    let inner = [("control.tar", tar(&[("control", &control)])), ("data.tar", tar(&[(path, "tools\n")]))];
    let version = ("debian-binary", b"2.0\n".to_vec());
    for (name, content) in std::iter::once(version).chain(inner) {
        bytes.extend(format!("{name:<16}0           0     0     100644  {:<10}`\n", content.len()).bytes());
        bytes.extend(content);
    }
    bytes
}

fn rpm(name: &str, arch: &str) -> Vec<u8> {
    let mut builder = rpm::PackageBuilder::new(name, "2.5.11", "MIT", arch, "tools");
    let tools = rpm::FileOptions::new("/usr/bin/tools").permissions(0o755);
    builder.release("1").with_file_contents("tools\n", tools).unwrap();
    let mut bytes = Vec::new();
    builder.build().unwrap().write(&mut bytes).unwrap();
    bytes
}

const TOOLS: &str = "shop-tools_2.5.11-1~deb12_all.deb";
const DOC: &str = "shop-tools-doc_2.5.11-1~deb12_all.deb";

fn both() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (TOOLS, deb("shop-tools", "2.5.11-1~deb12", "all", "usr/bin/tools")),
        (DOC, deb("shop-tools-doc", "2.5.11-1~deb12", "all", "usr/share/doc/tools")),
        ("build.log", b"done\n".to_vec()),
    ]
}

/// The container's `/packages`.
fn fill(project: &Project, files: &[(&str, Vec<u8>)]) {
    let folder = project.beside("engine/built");
    let _absent = fs::remove_dir_all(&folder);
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    fs::create_dir_all(folder).unwrap();
}

fn script() -> Script {
    Script::new().on("download", "path=/packages", json!({ "archive": { "/packages": "built" } }))
}

fn project(files: &[(&str, Vec<u8>)]) -> Project {
    let project = Project::new();
    project.write("factory.toml", &format!("{RECIPE}{ENTRY}"));
    project.play(&script());
    fill(&project, files);
    project
}

#[test]
fn packages_of_the_image_are_listed_with_ours() {
    let project = project(&both());
    let run = project.done(&["build"]);
    shows!(project, run.stdout);
    let mut files = vec!["SHA256SUMS", TOOLS, DOC, "shop-web_2.5.11-1~deb12_all.deb", "shop_2.5.11-1~deb12_all.deb"];
    files.sort_unstable();
    assert_eq!(project.files("packages/debian-12"), files);
    let sums = project.read("packages/debian-12/SHA256SUMS");
    assert!(sums.lines().count() == 4 && sums.contains(TOOLS) && sums.contains(DOC), "{sums}");
    assert_eq!(fs::read(project.path("packages/debian-12").join(TOOLS)).unwrap(), both()[0].1, "byte for byte");
    let record = project.record("debian-12/package-shop-tools");
    assert_eq!(record["note"], "2 packages");
    assert_eq!(record["files"].as_array().unwrap().len(), 3, "both, and the listing");
    let listing = project.read(".factory/records/debian-12/package-shop-tools.files");
    assert!(listing.contains("usr/bin/tools") && listing.contains("usr/share/doc/tools"), "{listing}");
    project.assert_tidy();

    assert_eq!(project.planned(), Vec::<String>::new());
    fs::remove_file(project.path("packages/debian-12").join(DOC)).unwrap();
    assert_eq!(project.planned(), [format!("package-shop-tools: packages/debian-12/{DOC} is gone")]);
    project.done(&["build"]);
    assert_eq!(project.files("packages/debian-12"), files);
}

#[test]
fn what_the_same_release_has_no_more_goes() {
    let project = project(&both());
    project.done(&["build"]);
    fill(&project, &both()[..1]);
    fs::remove_file(project.path("packages/debian-12").join(TOOLS)).unwrap();
    // The played image is the same one with other files: what the store knows of it is not used.
    project.done(&["build", "--no-cache"]);
    assert!(!project.files("packages/debian-12").contains(&DOC.to_owned()));
    assert!(!project.read("packages/debian-12/SHA256SUMS").contains(DOC));
    // Another release's packages are not removed.
    let run = project.done(&["build", "--tag", "2.5.12"]);
    run.says(&["its version `2.5.11` is not the release's `2.5.12`"]);
    assert!(project.files("packages/debian-12").contains(&TOOLS.to_owned()));
}

/// What is said of these files in the container.
fn refused(entry: &str, files: &[(&str, Vec<u8>)]) -> String {
    let project = project(files);
    project.edit("factory.toml", "collect = [\"/packages/*.deb\"]", entry);
    let run = project.run(&["build", "--quiet"]);
    run.assert_code(1);
    assert!(!project.records().contains(&"debian-12/package-shop-tools".to_owned()));
    assert!(!project.files("packages").iter().any(|file| file.contains("tools")), "nothing is written");
    project.assert_tidy();
    let lines = run.stderr.lines().skip_while(|line| !line.starts_with("error:"));
    let ends = |line: &&str| !line.contains("not run because") && !line.contains("factory log");
    lines.take_while(ends).map(|line| line.to_owned() + "\n").collect()
}

#[test]
fn what_is_refused() {
    let good = || both().swap_remove(0).1;
    let each = "collect = [\"/packages/**\"]";
    let debs = "collect = [\"/packages/**/*.deb\"]";
    let rpms = "collect = [\"/packages/*.rpm\"]";
    let mut cut = good();
    cut.truncate(700);
    let cases: Vec<(&str, String)> = vec![
        ("nothing matches", refused(debs, &[("RPMS/noarch/tools.rpm", rpm("tools", "noarch")), ("build.log", vec![])])),
        ("an empty folder", refused(debs, &[])),
        ("a file that is not there", refused("collect = [\"/packages/tool.deb\"]", &[("tools.deb", good())])),
        ("a folder that is not there", refused("collect = [\"/nowhere/*.deb\"]", &[])),
        ("not only packages", refused(each, &[(TOOLS, good()), ("build.log", vec![])])),
        ("no package", refused(debs, &[(TOOLS, b"#!/bin/sh\necho tools\n".to_vec())])),
        ("cut off", refused(debs, &[(TOOLS, cut)])),
        ("another format", refused(rpms, &[("tools.rpm", rpm("tools", "noarch"))])),
        ("another format inside", refused(debs, &[(TOOLS, rpm("tools", "noarch"))])),
        ("another machine", refused(debs, &[(TOOLS, deb("tools", "2.5.11-1", "arm64", "a"))])),
        ("one name twice", refused(debs, &[(&format!("a/{TOOLS}"), good()), (&format!("b/{TOOLS}"), good())])),
        ("one package twice", refused(debs, &[("a.deb", good()), ("b.deb", good())])),
        ("a name that is none", refused(debs, &[("-o.deb", good())])),
        ("one of ours", refused(debs, &[(TOOLS, deb("shop", "2.5.11-1~deb12", "all", "a"))])),
    ];
    let filtered = Project::new();
    shows!(filtered, cases.iter().map(|(case, said)| format!("## {case}\n{said}")).collect::<Vec<_>>().join("\n"));
}

#[test]
fn two_entries_do_not_make_one_file() {
    let project = project(&both());
    project.write("factory.toml", &format!("{RECIPE}{ENTRY}{}", ENTRY.replace("shop-tools", "more-tools")));
    let run = project.run(&["build"]);
    run.assert_code(1).says(&[&format!("{DOC} is made by debian-12/package-shop-tools, too")]);
    assert!(project.records().contains(&"debian-12/package-shop-tools".to_owned()));
}

#[test]
fn links_are_not_followed() {
    let project = project(&[]);
    let link = json!([{ "name": "a.deb", "link": "/etc/shadow" }]);
    project.play(&Script::new().on("download", "path=/packages", json!({ "archive": { "/packages": link } })));
    project.run(&["build"]).assert_code(1).says(&["`/packages/a.deb`, which `collect` takes, is a symbolic link"]);
    let up = json!([{ "name": "../../a.deb", "text": "x" }]);
    project.play(&Script::new().on("download", "path=/packages", json!({ "archive": { "/packages": up } })));
    project.run(&["build"]).assert_code(1).says(&["`.` or `..` component"]);
    project.assert_tidy();
}

#[test]
fn warnings_do_not_stop_it() {
    let project = project(&[("tools.deb", deb("tools", "1:2.5.10-1", "amd64", "usr/bin/tools"))]);
    project.done(&["build"]).says(&[
        "tools.deb: its version `2.5.10` is not the release's `2.5.11`",
        "tools.deb keeps its name, but deb tools would call it tools_2.5.10-1_amd64.deb",
    ]);
    assert!(project.files("packages/debian-12").contains(&"tools.deb".to_owned()));
}

#[test]
fn a_platform_of_rpms() {
    let project = Project::with_two_platforms();
    project.edit("platforms/debian-99.toml", "format = \"deb\"", "format = \"rpm\"");
    project.edit("platforms/debian-99.toml", "suite = \"bookworm\"\ncodec", "codec");
    project.edit("platforms/debian-99.toml", "\"amd64\"", "\"x86_64\"");
    project.edit("platforms/debian-99.toml", "\"all\"", "\"noarch\"");
    project.edit("platforms/debian-99.toml", "~deb99", ".el9");
    let packages =
        RECIPE.split_once("[[package]]").unwrap().0.replace("[\"debian-12\"]", "[\"debian-12\", \"debian-99\"]");
    let entry = format!("{ENTRY}[package.overrides.rpm]\ncollect = [\"/packages/RPMS/**/*.rpm\"]\n");
    project.write("factory.toml", &(packages + &entry));
    project.play(&script());
    let mut files = both();
    files.push(("RPMS/noarch/tools-2.5.11-1.noarch.rpm", rpm("tools", "noarch")));
    files.push(("RPMS/x86_64/tools-bin-2.5.11-1.x86_64.rpm", rpm("tools-bin", "x86_64")));
    fill(&project, &files);
    project.done(&["build"]);
    assert_eq!(
        project.files("packages"),
        [
            "debian-12/SHA256SUMS".to_owned(),
            format!("debian-12/{DOC}"),
            format!("debian-12/{TOOLS}"),
            "debian-99/SHA256SUMS".to_owned(),
            "debian-99/tools-2.5.11-1.noarch.rpm".to_owned(),
            "debian-99/tools-bin-2.5.11-1.x86_64.rpm".to_owned(),
        ]
    );
    let run = project.run(&["test", "--platform", "debian-99"]);
    run.assert_code(2).says(&["its package manager (apt) does not install rpm packages"]);
}

#[test]
fn they_are_installed_together() {
    let project = project(&both());
    project.done(&["build"]);
    project.forget_calls();
    project.run(&["test"]).assert_code(4);
    let install = project.calls_of("exec").into_iter().find(|call| call.contains("install")).unwrap();
    for file in [TOOLS, DOC, "shop_2.5.11", "shop-web_2.5.11"] {
        assert!(install.contains(file), "{file} in {install}");
    }
    project.assert_tidy();
}

#[test]
fn what_they_ship_can_be_left_out_of_ours() {
    let project = project(&[("tools.deb", deb("tools", "2.5.11-1", "all", "opt/web/page.html"))]);
    project.edit("factory.toml", "without = [\"shop\"]", "without = [\"shop\", \"shop-tools\"]");
    let run = project.run(&["build"]);
    run.assert_code(1).says(&["shop-web would change files of a package in its `without`: /opt/web/page.html"]);
}

#[test]
fn an_engine_that_goes_away() {
    for bytes in [0, 100, 520, 3000] {
        let project = project(&both());
        let then = json!({ "archive": { "/packages": "built" }, "breaks_after": bytes });
        project.play(&Script::new().on("download", "path=/packages", then));
        let run = project.run(&["build", "--jobs", "1"]);
        assert_eq!(run.code, Some(3), "after {bytes} bytes\n{run}");
        assert!(!project.files("packages").iter().any(|file| file.contains("tools")));
        project.assert_tidy();
    }
}

#[test]
fn a_template_knows_the_release() {
    let project = project(&both());
    let text = "FROM {{from}}\nENV IT={{tag}},{{version}}-{{release}}{{suffix}},{{arch}},{{noarch}},{{epoch}}\n";
    project.write("Dockerfile.hbs", text);
    project.edit(
        "factory.toml",
        "from = \"core\"\nrepository",
        "from = \"core\"\ndockerfile = \"Dockerfile.hbs\"\nrepository",
    );
    project.done(&["build"]);
    let planned: BTreeMap<String, String> = {
        let run = project.done(&["plan", "--release", "2", "--output", "json"]);
        let plan: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let row = |row: &serde_json::Value| Some((row["step"].as_str()?.to_owned(), row["why"].as_str()?.to_owned()));
        plan["rows"].as_array().unwrap().iter().filter_map(row).collect()
    };
    assert!(planned["web"].contains("Dockerfile"), "{planned:?}");
    assert!(!planned["core"].contains("Dockerfile"), "{planned:?}");
}

#[test]
fn a_package_that_fails_takes_no_collected_one_along() {
    let project = project(&both());
    project.play(&script().on("download", "path=/opt/shop", json!({ "fail": { "kind": "io", "text": "broken" } })));
    let run = project.run(&["build", "--keep-going", "--jobs", "1"]).ended(1);
    run.says(&["package-shop failed"]);
    assert!(project.path("packages/debian-12").join(TOOLS).is_file(), "{run}");
    assert!(!run.stderr.contains("package-shop-tools] skipped"), "{run}");
}
