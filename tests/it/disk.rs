//! Files that cannot be written: a clear error, nothing half-written, and the next run goes on.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;

use crate::{play::Script, project::Project};

const PACKAGE: &str = "packages/debian-12/shop_2.5.11-1~deb12_all.deb";

/// A file system of its own on a folder, gone when dropped.
struct Mount(PathBuf);

impl Mount {
    /// `None`, and a line that says so, where this process may not mount.
    fn tmpfs(folder: &Path, options: &str) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder).output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder.to_owned()));
        }
        eprintln!("skipped: a tmpfs cannot be mounted on {} here", folder.display());
        None
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _left_to_the_system = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Bytes that do not compress, as text.
fn noise(bytes: usize) -> String {
    let mut state: u64 = 88_172_645_463_325_252;
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push_str(&format!("{state:016x}"));
    }
    text
}

/// A daemon whose container holds a page that makes a package of about a megabyte.
fn large() -> Script {
    let page = json!({ "/opt/web": [{ "name": "page.html", "text": noise(2 << 20) }] });
    Script::new().on("download", "path=/opt/web", json!({ "archive": page }))
}

/// Fails unless the project can be built once whatever was in the way is gone.
fn assert_goes_on(project: &Project) {
    project.done(&["build"]);
    assert_eq!(project.files("packages/debian-12").len(), 3);
    project.assert_tidy();
}

#[test]
fn a_disk_that_fills_while_a_package_is_written() {
    let project = Project::new();
    let Some(mount) = Mount::tmpfs(&project.path("packages"), "size=256k") else { return };
    project.play(&large());
    let run = project.run(&["build", "--jobs", "1"]);
    run.assert_code(1).says(&["debian-12/package-shop-web failed", "No space left on device"]);
    run.says(&[
        "the file system at `",
        "/shop/packages` has",
        "of 262 kB free",
        "`factory clean --older-than 30d --dry-run`",
    ]);
    assert_eq!(project.files("packages"), ["debian-12/shop_2.5.11-1~deb12_all.deb"], "nothing half-written");
    assert!(!project.records().contains(&"debian-12/package-shop-web".to_owned()));
    assert!(project.records().contains(&"debian-12/package-shop".to_owned()));
    drop(mount);
    assert_goes_on(&project);
}

#[test]
fn a_disk_that_fills_while_wheels_arrive() {
    let project = Project::new();
    let Some(mount) = Mount::tmpfs(&project.path("wheels"), "size=256k") else { return };
    let wheel = json!({ "name": "torch-2-py3-none-any.whl", "text": noise(1 << 20) });
    project.play(&Script::new().pip_downloads(&[wheel]));
    let run = project.run(&["build", "--jobs", "1"]);
    run.assert_code(1).says(&["debian-12/wheels-core failed", "No space left on device"]);
    assert_eq!(project.wheels(), Vec::<String>::new());
    project.assert_tidy();
    drop(mount);
    project.play(&Script::new());
    assert_goes_on(&project);
}

#[test]
fn a_disk_that_fills_under_the_records() {
    let project = Project::new();
    // A page for each of the folders, none for what would be written in them.
    let Some(mount) = Mount::tmpfs(&project.path(".factory"), "size=64k,nr_inodes=12") else { return };
    let run = project.run(&["build", "--jobs", "1"]);
    assert_eq!(run.code, Some(1), "{run}");
    run.says(&["No space left on device", "/shop/.factory` has", "of 65.5 kB free"]);
    for step in project.records() {
        assert!(project.record(&step)["key"].is_string(), "{step}");
    }
    drop(mount);
    assert_goes_on(&project);
}

#[test]
fn the_disk_of_the_engine_is_full() {
    let full = "write /var/lib/docker/tmp/x: no space left on device";
    let pip = json!({ "lines": ["OSError: [Errno 28] No space left on device"], "exit": 1 });
    for (call, then) in [
        ("build", json!({ "fail": { "kind": "build", "text": full } })),
        ("create", json!({ "fail": { "kind": "refused", "status": 500, "text": full } })),
        ("upload", json!({ "fail": { "kind": "refused", "status": 500, "text": full } })),
        ("wait", pip),
    ] {
        let project = Project::new();
        let mut script = Script::new().on(call, "", then);
        script.engine = json!({ "root": "/srv/docker" });
        project.play(&script);
        let run = project.run(&["build", "--jobs", "1"]).ended(1);
        run.says(&["the engine's disk is full: `/srv/docker`", "`docker system df`", "finished steps are kept"]);
        assert!(!run.stderr.contains("trying again"), "{call}: {run}");
        project.play(&Script::new());
        assert_goes_on(&project);
    }
    // Where it can be seen from here, it is measured.
    let project = Project::new();
    let mut script = Script::new().fails("build", "", "build", full);
    script.engine = json!({ "root": project.folder(), "address": "unix:///var/run/docker.sock" });
    project.play(&script);
    project.run(&["build"]).assert_code(1).says(&["the engine's data is in `", "the file system at `", "free"]);
}

#[test]
fn logs_that_cannot_be_written_cost_no_work() {
    let project = Project::new();
    project.write(".factory/logs", "a file where the folder should be\n");
    let run = project.done(&["build"]);
    run.says(&["logs are incomplete, the work goes on"]);
    assert_eq!(run.stderr.matches("logs are incomplete").count(), 1, "said once: {run}");
    assert_eq!(project.records().len(), 8);
}

#[test]
fn a_folder_that_may_not_be_written() {
    let project = Project::new();
    project.done(&["build", "images"]);
    let packages = project.path("packages");
    fs::create_dir_all(&packages).unwrap();
    fs::set_permissions(&packages, fs::Permissions::from_mode(0o555)).unwrap();
    // Permissions do not hold root back, a file system does.
    let is_root = fs::File::create(packages.join("probe")).is_ok() && fs::remove_file(packages.join("probe")).is_ok();
    let mount = if is_root { Mount::tmpfs(&packages, "ro") } else { None };
    if is_root && mount.is_none() {
        return;
    }
    let run = project.run(&["build"]);
    let reason = if is_root { "Read-only file system" } else { "Permission denied" };
    run.assert_code(1).says(&["debian-12/package-shop failed", "packages", reason]);
    assert!(!project.records().iter().any(|step| step.contains("package")), "{:?}", project.records());
    drop(mount);
    fs::set_permissions(&packages, fs::Permissions::from_mode(0o755)).unwrap();
    assert_goes_on(&project);
}

#[test]
fn something_else_in_the_way() {
    // Works for every user and on every system: a file where a folder should be, and a folder where a file should be.
    let project = Project::new();
    project.write("packages/debian-12", "a file\n");
    let run = project.run(&["build", "--jobs", "1"]);
    run.assert_code(1).says(&["debian-12/package-shop failed", "packages/debian-12"]);
    assert_eq!(project.read("packages/debian-12"), "a file\n");
    fs::remove_file(project.path("packages/debian-12")).unwrap();

    fs::create_dir_all(project.path(PACKAGE)).unwrap();
    let run = project.run(&["build", "--jobs", "1"]);
    run.assert_code(1).says(&["debian-12/package-shop failed", "shop_2.5.11-1~deb12_all.deb", "Is a directory"]);
    assert_eq!(project.files("packages/debian-12"), Vec::<String>::new(), "nothing half-written");
    project.assert_tidy();
    fs::remove_dir(project.path(PACKAGE)).unwrap();
    assert_goes_on(&project);
}

#[test]
fn checksums_that_cannot_be_written() {
    let project = Project::new();
    fs::create_dir_all(project.path("packages/debian-12/SHA256SUMS")).unwrap();
    let run = project.run(&["build"]);
    run.assert_code(1).says(&["the checksums could not be written", "SHA256SUMS"]);
    assert_eq!(run.stdout, "");
    fs::remove_dir(project.path("packages/debian-12/SHA256SUMS")).unwrap();
    assert_goes_on(&project);
}

#[test]
fn a_disk_that_is_full_before_anything_begins() {
    let project = Project::new();
    let Some(mount) = Mount::tmpfs(&project.path(".factory"), "size=16k,nr_inodes=1") else { return };
    let run = project.run(&["build"]).ended(1);
    run.says(&[
        "the project's state cannot be written",
        "/shop/.factory` has",
        "make room there and run the same command",
    ]);
    assert!(project.calls_of("build").is_empty());
    drop(mount);
    assert_goes_on(&project);
}

#[test]
fn a_state_folder_that_cannot_be_made() {
    let project = Project::new();
    project.write(".factory", "a file\n");
    let run = project.run(&["build"]);
    run.assert_code(2).says(&["`.factory` is a file, not a folder", "rm .factory"]);
    assert!(project.calls_of("build").is_empty());
}

#[test]
fn a_file_that_grows_beyond_what_is_allowed() {
    // `ulimit -f`, without privileges: the wheel is larger than a file may be.
    let project = Project::new();
    let wheel = json!({ "name": "torch-2-py3-none-any.whl", "text": noise(3 << 20) });
    project.play(&Script::new().pip_downloads(&[wheel]));
    let run = project.start_shell("trap '' XFSZ; ulimit -f 2048; exec \"$factory\" build wheels --jobs 1").end();
    run.assert_code(1).says(&["debian-12/wheels-core failed", "File too large"]);
    assert_eq!(project.wheels(), Vec::<String>::new());
    project.assert_tidy();
}
