//! `auto_depends`: what the programs and libraries of a package need, in its `Depends`.

use std::fs;

use serde_json::json;

use crate::{deb, play::Script, project::Project};

const RECIPE: &str = r#"[project]
name = "shop"
maintainer = "Shop Team <shop@example.org>"
license = "Apache-2.0"
platforms = ["debian-12"]

[base]
bootstrap = "never"

[[image]]
name = "core"
repository = "shop/core"

[[package]]
name = "shop"
from = "core"
summary = "sells things"
contents = [{ src = "bin", dst = "/usr/bin" }]
"#;

const DEB: &str = "packages/debian-12/shop_2.5.11-1~deb12_amd64.deb";

/// A project that packs a program of this machine; `None` where there is none that fits.
fn packing(recipe: &str) -> Option<Project> {
    let bytes = fs::read("/bin/true").unwrap_or_default();
    let is_fit = bytes.starts_with(b"\x7fELF\x02\x01") && bytes.windows(8).any(|part| part == b"ld-linux");
    if !is_fit || std::env::consts::ARCH != "x86_64" {
        eprintln!("skipped: /bin/true is no dynamic program for x86_64 here");
        return None;
    }
    let project = Project::new();
    project.write("factory.toml", recipe);
    fs::create_dir(project.path("bin")).unwrap();
    fs::write(project.path("bin/hello"), &bytes).unwrap();
    fs::set_permissions(project.path("bin/hello"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    Some(project)
}

/// What the libc of the played image says of its symbols.
const SYMBOLS: &str = "libc.so.6 libc6 #MINVER#\n exit@GLIBC_2.2.5 2.2.5\n __libc_start_main@GLIBC_2.34 2.34\n \
                       __libc_start_main@GLIBC_2.2.5 2.2.5\n";

/// A daemon whose containers have a libc, and say in dpkg's database what its symbols are, or have none.
fn system(symbols: Option<&str>) -> Script {
    system_with("2.36-9", symbols)
}

/// The same, with this version of it.
fn system_with(version: &str, symbols: Option<&str>) -> Script {
    let file = |text: &str| json!([{ "name": "", "text": text, "mode": "755" }]);
    let mut archive = json!({
        "/lib64/ld-linux-x86-64.so.2": file("x"),
        "/lib/x86_64-linux-gnu/libc.so.6": file("x"),
    });
    if let Some(symbols) = symbols {
        archive["/var/lib/dpkg/status"] = file(&format!(
            "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\nVersion: {version}\n",
        ));
        archive["/var/lib/dpkg/info"] = json!([
            { "name": "libc6:amd64.list", "text": "/.\n/lib/x86_64-linux-gnu/libc.so.6\n" },
            { "name": "libc6:amd64.symbols", "text": symbols },
            { "name": "libc6:amd64.postinst", "text": "#!/bin/sh\nexit 1\n" },
        ]);
    }
    Script::new().on("download", "", json!({ "archive": archive }))
}

fn depends(project: &Project) -> Option<String> {
    let control = deb::control(&fs::read(project.path(DEB)).unwrap(), "control");
    control.lines().find_map(|line| line.strip_prefix("Depends: ")).map(str::to_owned)
}

#[test]
fn the_package_of_a_library_is_needed() {
    let Some(project) = packing(RECIPE) else { return };
    project.play(&system(Some(SYMBOLS)));
    let run = project.done(&["build", "packages"]);
    let libc = depends(&project).expect("a dependency");
    assert!(libc.starts_with("libc6 (>= 2."), "{libc}");
    let log = project.read(".factory/logs/debian-12/package-shop.log");
    assert!(log.contains(&format!("needs {libc} for /usr/bin/hello")), "{log}");
    assert!(!run.stderr.contains("warning"), "{run}");

    // The recipe says more, or less.
    project.write("factory.toml", &(RECIPE.to_owned() + "depends = [\"libc6 (>= 3)\", \"bash\"]\n"));
    project.done(&["build", "packages"]);
    assert_eq!(depends(&project).as_deref(), Some("libc6 (>= 3), bash"));
    project.write("factory.toml", &(RECIPE.to_owned() + "depends = [\"libc6\", \"bash\"]\n"));
    project.done(&["build", "packages"]);
    assert_eq!(depends(&project), Some(format!("bash, {libc}")));

    // Nobody searches.
    project.write("factory.toml", &(RECIPE.to_owned() + "auto_depends = false\n"));
    project.done(&["build", "packages"]);
    assert_eq!(depends(&project), None);
}

#[test]
fn the_packages_of_an_image_are_read_once() {
    let Some(project) = packing(RECIPE) else { return };
    project.play(&system(Some(SYMBOLS)));
    project.done(&["build", "packages"]);
    let read = || project.calls_of("download").into_iter().filter(|call| call.contains("/var/lib/dpkg/info")).count();
    let first = read();
    project.write("factory.toml", &RECIPE.replace("sells things", "sells more things"));
    project.done(&["build", "packages"]);
    // A lint asks for the lists of files, too.
    assert_eq!((first, read()), (1, 1), "the store has them");
    assert!(depends(&project).is_some_and(|text| text.starts_with("libc6 (>= 2.")));
}

#[test]
fn a_library_of_no_package_is_warned_of() {
    let Some(project) = packing(RECIPE) else { return };
    project.play(&system(None));
    let run = project.done(&["build", "packages"]);
    run.says(&[
        "shop: the image has no /var/lib/dpkg/status, so which package has this library is not known: `libc.so.6` (usually of `libc6`) \
         for /usr/bin/hello; name it in `depends`",
        "`allow = [{ check = \"library\", path = \"/usr/bin/hello\", reason = \"…\" }]` [library]",
    ]);
    // It is said again while the package is cached.
    project.done(&["build", "packages"]).says(&["which package has this library is not known: `libc.so.6`"]);
    project.write("factory.toml", &(RECIPE.to_owned() + "depends = [\"libc6 (>= 2.36)\"]\n"));
    let run = project.done(&["build", "packages"]);
    assert!(!run.stderr.contains("libc.so.6"), "{run}");
}

#[test]
fn a_package_without_an_image_says_what_is_not_known() {
    let Some(project) = packing(&RECIPE.replace("from = \"core\"\n", "")) else { return };
    project
        .done(&["build", "packages"])
        .says(&["there is no image to look into, so which package has this library is not known: `libc.so.6`"]);
    assert_eq!(depends(&project), None);
}

#[test]
fn what_an_image_says_is_held_against_the_grammar() {
    let Some(project) = packing(RECIPE) else { return };
    project.play(&system(Some("libc.so.6 libc6 (>= 1) evil\n exit@GLIBC_2.2.5 2.2.5\n")));
    let run = project.run(&["build", "packages"]);
    run.assert_code(1).says(&["which is no relation"]);
    assert!(!project.path(DEB).exists());
    project.assert_tidy();
}

/// The relations of the rpm that a project has made.
fn relations(project: &Project) -> Vec<String> {
    let shown = project.done(&["show", "packages/alma-9/shop-2.5.11-1.el9.x86_64.rpm", "--output", "json"]);
    let described: serde_json::Value = serde_json::from_str(shown.stdout.lines().last().unwrap()).unwrap();
    let all = described["relations"].as_array().unwrap_or_else(|| panic!("{described}"));
    all.iter().map(|one| format!("{} {}", one["kind"].as_str().unwrap(), one["text"].as_str().unwrap())).collect()
}

#[test]
fn an_rpm_needs_libraries_by_their_names() {
    let recipe = RECIPE.replace("debian-12", "alma-9").replace("from = \"core\"\n", "");
    let recipe = recipe.replace("/usr/bin\" }", "/usr/bin\" }, { src = \"tool\", dst = \"/usr/bin/tool\" }");
    let Some(project) = packing(&recipe) else { return };
    project.write("tool", "#!/usr/bin/perl -w\n");
    fs::set_permissions(project.path("tool"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    project.done(&["build", "packages"]);
    let all = relations(&project);
    for wanted in ["libc.so.6()(64bit)", "rtld(GNU_HASH)", "/usr/bin/perl"] {
        assert!(all.contains(&format!("Requires {wanted}")), "{wanted}: {all:?}");
    }
    assert!(all.iter().any(|one| one.starts_with("Requires libc.so.6(GLIBC_2.")), "{all:?}");
    project.write("factory.toml", &(recipe + "auto_depends = false\n"));
    project.done(&["build", "packages"]);
    assert!(relations(&project).iter().all(|one| !one.contains("libc.so.6")), "nobody searches");
}

#[test]
fn an_rpm_does_not_need_what_is_loaded_only_sometimes() {
    let recipe = RECIPE.replace("debian-12", "alma-9")
        + "allow = [{ check = \"interpreter\", path = \"/usr/bin/hello\", reason = \"started by hand where there is one\" }, \
           { check = \"library\", path = \"/usr/bin/*\", reason = \"the same\" }]\n";
    // Nothing is in a played container.
    let Some(project) = packing(&recipe) else { return };
    project.done(&["build", "packages"]);
    let all = relations(&project);
    assert!(all.iter().all(|one| !one.contains("libc.so.6") && !one.contains("rtld")), "{all:?}");
}

/// What `show --why` says, for machines.
fn why(project: &Project, file: &str, name: &[&str]) -> serde_json::Value {
    let run = project.done(&[&["show", "--output", "json", file, "--why"], name].concat());
    serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap()
}

#[test]
fn a_package_says_which_files_ask() {
    let Some(project) = packing(&(RECIPE.to_owned() + "depends = [\"bash\"]\n")) else { return };
    project.play(&system(Some(SYMBOLS)));
    project.done(&["build", "packages"]);
    let libc = depends(&project).unwrap();
    let libc = libc.strip_prefix("bash, ").unwrap();
    let needs = |by: &str| {
        json!([
            { "kind": "Depends", "text": "bash", "by": "nothing", "files": [] },
            { "kind": "Depends", "text": libc, "by": by, "files": ["/usr/bin/hello"] },
        ])
    };
    let said = why(&project, DEB, &[]);
    assert_eq!(said["needs"], needs("record"), "{said}");
    assert_eq!(said["libraries"], json!({ "libc.so.6": ["/usr/bin/hello"] }), "{said}");
    // Only what was asked for, under each of its names.
    for (name, needed, libraries) in [("libc6", 1, 0), ("libc.so.6", 0, 1), ("bash", 1, 0)] {
        let said = why(&project, DEB, &[name]);
        let count = (said["needs"].as_array().unwrap().len(), said["libraries"].as_object().unwrap().len());
        assert_eq!(count, (needed, libraries), "{name}: {said}");
    }
    let run = project.run(&["show", DEB, "--why", "libssl3"]);
    run.assert_code(2).says(&["shop 2.5.11-1~deb12 needs no `libssl3`"]);
    let run = project.done(&["show", DEB, "--why", "libc6"]);
    assert!(run.stdout.contains("/usr/bin/hello"), "{run}");

    // Elsewhere nobody knows how it was built.
    let other = Project::new();
    fs::copy(project.path(DEB), other.path("shop_2.5.11-1_amd64.deb")).unwrap();
    assert_eq!(why(&other, "shop_2.5.11-1_amd64.deb", &[])["needs"], needs("name"));
    let run = other.done(&["show", "shop_2.5.11-1_amd64.deb", "--why"]);
    run.says(&["no record of the package's build"]);
    assert!(run.stdout.contains("no file asks for it"), "{run}");
}

#[test]
fn an_rpm_says_itself_which_files_ask() {
    let recipe = RECIPE.replace("debian-12", "alma-9").replace("from = \"core\"\n", "");
    let Some(project) = packing(&(recipe + "depends = [\"bash\"]\n")) else { return };
    project.done(&["build", "packages"]);
    let file = "packages/alma-9/shop-2.5.11-1.el9.x86_64.rpm";
    let said = why(&project, file, &["libc.so.6"]);
    let needs = said["needs"].as_array().unwrap();
    assert!(needs.len() > 1 && needs.iter().all(|one| one["by"] == "package"), "{said}");
    assert!(needs.iter().all(|one| one["files"] == json!(["/usr/bin/hello"])), "{said}");
    assert_eq!(why(&project, file, &["bash"])["needs"][0]["by"], "nothing");
    project.run(&["show", file, file, "--why"]).assert_code(2).says(&["cannot be used with"]);
}

#[test]
fn the_lock_names_what_packages_say_of_their_libraries() {
    let Some(project) = packing(RECIPE) else { return };
    project.play(&system(Some(SYMBOLS)));
    project.done(&["build", "packages"]);
    let lock = project.read("factory.lock");
    assert!(lock.contains("\n[[index]]\nplatform = \"debian-12\"\nimage = \"core\"\nsha256 = "), "{lock}");
    // The same again, and with another text of the recipe.
    project.done(&["build", "packages", "--locked"]);
    project.write("factory.toml", &RECIPE.replace("sells things", "sells more things"));
    project.done(&["build", "packages", "--locked"]);
    assert_eq!(project.read("factory.lock"), lock);

    // Another version that says the same is no difference, one that says something else is.
    project.write("factory.toml", &RECIPE.replace("sells things", "sells old things"));
    project.play(&system_with("2.36-10", Some(SYMBOLS)));
    project.done(&["build", "packages", "--locked"]);
    project.write("factory.toml", &RECIPE.replace("sells things", "sells all things"));
    project.play(&system_with("2.36-11", Some(&SYMBOLS.replace("2.34\n", "2.35\n"))));
    let run = project.run(&["build", "packages", "--locked"]);
    run.assert_code(4)
        .says(&["the packages in debian-12/core say something else of their libraries than those of the lock"]);
    assert!(depends(&project).is_some(), "the package of before is still there");
    // What was made with it is refused, too.
    project.done(&["build", "packages"]);
    assert_ne!(project.read("factory.lock"), lock);
    project.write("factory.lock", &lock);
    project.run(&["build", "packages", "--locked"]).assert_code(4).says(&["say something else of their libraries"]);
}

#[test]
fn a_package_says_more_of_itself() {
    let more = r#"
maintainer = "Lamp Team <lamp@example.org>"
license = "MIT"
pre_depends = ["libc6 (>= 3)", "init-system-helpers"]
enhances = ["bash"]
"#;
    let Some(project) = packing(&(RECIPE.to_owned() + more)) else { return };
    project.play(&system(Some(SYMBOLS)));
    project.done(&["build", "packages"]);
    let control = deb::control(&fs::read(project.path(DEB)).unwrap(), "control");
    for line in
        ["Maintainer: Lamp Team <lamp@example.org>", "Pre-Depends: libc6 (>= 3), init-system-helpers", "Enhances: bash"]
    {
        assert!(control.lines().any(|found| found == line), "{line}: {control}");
    }
    assert_eq!(depends(&project), None, "what is there before the package is unpacked is there");
    project.done(&["show", DEB, "--why"]);

    // A program is for a machine, whatever the recipe says.
    project.write("factory.toml", &(RECIPE.to_owned() + "architecture = \"all\"\n"));
    let run = project.run(&["build", "packages"]);
    run.assert_code(1).says(&["`/usr/bin/hello` is for x86_64, and `architecture` says \"all\""]);
    let script = RECIPE.to_owned() + "architecture = \"any\"\n";
    project.write("factory.toml", &script);
    project.write("bin/hello", "#!/bin/sh\n");
    project.done(&["build", "packages"]);
    assert!(deb::control(&fs::read(project.path(DEB)).unwrap(), "control").contains("Architecture: amd64"));

    // The same in an rpm.
    let recipe = RECIPE.replace("debian-12", "alma-9").replace("from = \"core\"\n", "") + more;
    let config = "contents = [{ src = \"bin/hello\", dst = \"/etc/hello\", type = \"config|missingok\" }, ";
    project.write("factory.toml", &recipe.replace("contents = [", config));
    project.done(&["build", "packages"]);
    let shown = project.done(&["show", "packages/alma-9/shop-2.5.11-1.el9.noarch.rpm"]).stdout;
    for text in ["Enhances", "Requires(pre)", "Lamp Team", "MIT", "(missingok)"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
}
