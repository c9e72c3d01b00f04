//! Packages with programs that cannot run where they are installed.

use std::fs;

use crate::project::Project;

const RECIPE: &str = r#"[project]
name = "shop"
maintainer = "Shop Team <shop@example.org>"
license = "Apache-2.0"
platforms = ["PLATFORM"]

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

/// A project that packs a program of this machine; `None` where there is none that fits.
fn packing(platform: &str, change: impl Fn(&mut Vec<u8>)) -> Option<Project> {
    let mut bytes = fs::read("/bin/true").unwrap_or_default();
    let is_fit = bytes.starts_with(b"\x7fELF\x02\x01") && bytes.windows(8).any(|part| part == b"ld-linux");
    if !is_fit || std::env::consts::ARCH != "x86_64" {
        eprintln!("skipped: /bin/true is no dynamic program for x86_64 here");
        return None;
    }
    change(&mut bytes);
    let project = Project::new();
    project.write("factory.toml", &RECIPE.replace("PLATFORM", platform));
    fs::create_dir(project.path("bin")).unwrap();
    fs::write(project.path("bin/hello"), &bytes).unwrap();
    fs::set_permissions(project.path("bin/hello"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    Some(project)
}

#[test]
fn a_program_without_its_libraries() {
    // Nothing is in a played container.
    let Some(project) = packing("debian-12", |_| {}) else { return };
    let run = project.run(&["build", "packages"]);
    run.assert_code(1);
    for part in ["is loaded by \"/lib64/ld-linux-x86-64.so.2\", which is not there", "needs the library \"libc.so.6\""]
    {
        assert!(run.stderr.split_whitespace().collect::<Vec<_>>().join(" ").contains(part), "{part}: {run}");
    }
    assert!(!project.path("packages/debian-12/shop_2.5.11-1~deb12_amd64.deb").exists());
    project.assert_tidy();
    let allow = r#"allow = [
  { check = "interpreter", path = "/usr/bin/hello", reason = "started by hand where there is one" },
  { check = "library", path = "/usr/bin/*", reason = "the same" },
]
"#;
    project.write("factory.toml", &(RECIPE.replace("PLATFORM", "debian-12") + allow));
    project.done(&["build", "packages"]);
    assert!(project.path("packages/debian-12/shop_2.5.11-1~deb12_amd64.deb").exists());
}

#[test]
fn a_program_for_another_machine() {
    let Some(project) = packing("debian-12", |bytes| bytes[18] = 0xb7) else { return };
    let run = project.run(&["build", "packages"]);
    run.assert_code(1);
    shows!(project, run.stderr);
}

#[test]
fn a_program_for_a_newer_libc() {
    let Some(project) = packing("centos-7", |_| {}) else { return };
    let run = project.run(&["build", "packages"]);
    run.assert_code(1);
    let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("needs GLIBC_2.") && said.contains("and centos-7 has glibc-2.17"), "{run}");
}

#[test]
fn a_script_without_its_interpreter() {
    let Some(project) = packing("debian-12", |bytes| *bytes = b"#!/usr/bin/no-such-perl -w\n".to_vec()) else { return };
    std::process::Command::new("chmod").arg("755").arg(project.path("bin/hello")).status().unwrap();
    let run = project.run(&["build", "packages"]);
    run.assert_code(1);
    shows!(project, run.stderr);
}
