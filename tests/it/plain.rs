//! Packages of files of the project alone: without an image, and without an engine.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use serde_json::{Value, json};

use crate::{
    play::Script,
    project::{Project, Run},
    push::push,
    registry::Registry,
    wapt::{SETUP, keys},
};

/// A project as nFPM's users have it: what was built elsewhere, units, scripts, configuration.
const RECIPE: &str = r#"[project]
name = "beacon"
maintainer = "Beacon Team <beacon@example.org>"
license = "MIT"
homepage = "https://beacon.example.org"
platforms = ["debian-12", "centos-7"]
official = "debian-12"

[[user]]
name = "beacon"
home = "/var/lib/beacon"

[[package]]
name = "beacon"
summary = "lights up"
formats = ["deb", "rpm", "tar.xz"]
contents = [
  { src = "build/beacon", dst = "/usr/bin/beacon", file_info = { mode = 0o755 } },
  { src = "etc/beacon.conf", dst = "/etc/beacon/beacon.conf", type = "config|noreplace" },
  { src = "beacon.service", type = "service" },
  { src = "README", type = "doc" },
  { src = "/usr/bin/beacon", dst = "/usr/bin/lighthouse", type = "symlink" },
  { dst = "/var/lib/beacon", type = "state", file_info = { owner = "beacon", mode = 0o750 } },
]
users = ["beacon"]
scripts = { postinstall = "postinstall" }
depends = ["adduser"]
"#;

const UNIT: &str = "[Unit]
Description=Beacon
After=network.target

[Service]
ExecStart=/usr/bin/beacon
User=beacon

[Install]
WantedBy=multi-user.target
";

/// Where nothing listens.
const NOBODY: &str = "unix:///nonexistent/docker.sock";

/// A project with a recipe on a machine where no engine answers.
pub fn with(recipe: &str) -> Project {
    let mut project = Project::new();
    project.without_env("FACTORY_SCRIPTED_ENGINE").env("DOCKER_HOST", NOBODY);
    for folder in ["app", "etc", "units", "web"] {
        fs::remove_dir_all(project.path(folder)).unwrap();
    }
    fs::remove_file(project.path("requirements.txt")).unwrap();
    project.write("factory.toml", recipe);
    project.write("build/beacon", "#!/bin/sh\necho light\n");
    project.write("etc/beacon.conf", "colour = white\n");
    project.write("beacon.service", UNIT);
    project.write("README", "Lights up.\n");
    project.write("postinstall", "#!/bin/sh\necho lit\n");
    project
}

/// What `dpkg-deb` or `rpm` says, where it is installed.
fn tool(project: &Project, words: &[&str]) -> Option<String> {
    let mut command = std::process::Command::new(words[0]);
    let Ok(output) = command.args(&words[1..]).current_dir(project.folder()).output() else {
        eprintln!("skipped: there is no {} here", words[0]);
        return None;
    };
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

pub fn said(run: &Run) -> String {
    run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn packages_of_a_project_are_built_where_no_engine_is() {
    let project = with(RECIPE);
    let run = project.done(&["build", "packages"]);
    let archive = |platform: &str| format!("beacon-2.5.11-{platform}.tar.xz");
    let debian = ["SHA256SUMS", &archive("debian-12"), "beacon_2.5.11-1~deb12_all.deb"];
    assert_eq!(project.files("packages/debian-12"), debian);
    let centos = ["SHA256SUMS", "beacon-2.5.11-1.el7.noarch.rpm", &archive("centos-7")];
    assert_eq!(project.files("packages/centos-7"), centos);
    let lines = || run.stderr.lines().filter(|line| !line.starts_with("note: `factory.lock` names nothing"));
    assert!(!lines().any(|line| line.contains("engine") || line.contains("image")), "{run}");
    if let Some(info) = tool(&project, &["dpkg-deb", "-I", "packages/debian-12/beacon_2.5.11-1~deb12_all.deb"]) {
        for part in ["Depends: adduser", "conffiles", "postinst", "Homepage: https://beacon.example.org"] {
            assert!(info.contains(part), "{part}: {info}");
        }
    }
    if let Some(list) = tool(&project, &["rpm", "-qp", "--dump", "packages/centos-7/beacon-2.5.11-1.el7.noarch.rpm"]) {
        for (path, part) in [
            ("/usr/bin/beacon ", "0100755 root root 0 0"),
            ("/etc/beacon/beacon.conf ", "0100644 root root 1 0"),
            ("/var/lib/beacon ", "040750 beacon root"),
            ("/usr/bin/lighthouse ", "/usr/bin/beacon"),
            ("/usr/lib/systemd/system/beacon.service ", "0100644"),
        ] {
            let line = list.lines().find(|line| line.starts_with(path));
            assert!(line.is_some_and(|line| line.contains(part)), "{path}{part}: {list}");
        }
    }
    let again = project.done(&["build", "packages"]);
    assert!(said(&again).contains("2 cached"), "{again}");
}

#[test]
fn packing_says_how_far_it_is() {
    let project = with(RECIPE);
    // More than is packed in a moment.
    fs::write(project.path("build/beacon"), [&b"#!/bin/sh\n"[..], &vec![b'x'; 5 << 20]].concat()).unwrap();
    let run = project.done(&["build", "packages", "--platform", "debian-12", "--output", "json"]);
    let told: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|event: &Value| event["event"] == "step-progress" && event["bytes"] == true)
        .collect();
    let of =
        |name: &str| told.iter().filter(|event| event["what"].as_str().is_some_and(|what| what.contains(name))).count();
    assert!(
        of("packing beacon_2.5.11-1~deb12_all.deb") >= 5 && of("packing beacon-2.5.11-debian-12.tar.xz") >= 5,
        "{run}"
    );
    assert!(told.iter().all(|event| event["done"].as_u64() <= event["total"].as_u64()), "{run}");
}

#[test]
fn an_archive_of_a_folder() {
    let project = with(&format!(
        "{}[[package]]\nname = \"beacon\"\nsummary = \"lights up\"\nformats = [\"tar.xz\"]\ndir = \"build\"\n",
        &RECIPE[..RECIPE.find("[[user]]").unwrap()]
    ));
    fs::create_dir_all(project.path("build/usr/bin")).unwrap();
    fs::rename(project.path("build/beacon"), project.path("build/usr/bin/beacon")).unwrap();
    fs::set_permissions(project.path("build/usr/bin/beacon"), fs::Permissions::from_mode(0o755)).unwrap();
    project.done(&["build", "--platform", "debian-12"]);
    let listed = tool(&project, &["tar", "-tJf", "packages/debian-12/beacon-2.5.11-debian-12.tar.xz"]).unwrap();
    assert!(listed.lines().any(|line| line.ends_with("usr/bin/beacon")), "{listed}");
}

#[test]
fn nothing_else_is_planned() {
    let project = with(RECIPE);
    let run = project.done(&["plan", "--output", "json"]);
    let plan: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    let rows: Vec<(&str, &str, usize)> = plan["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap();
            (text("platform"), text("step"), row["needs"].as_array().unwrap().len())
        })
        .collect();
    assert_eq!(rows, [("debian-12", "package-beacon", 0), ("centos-7", "package-beacon", 0)]);
    let run = project.done(&["plan"]);
    assert!(!run.stderr.contains("engine"), "{run}");
    // An image that is wanted, too, needs one.
    project.write("factory.toml", &format!("{RECIPE}\n[[image]]\nname = \"core\"\nrepository = \"beacon/core\"\n"));
    project.done(&["build", "packages"]);
    let run = project.run(&["build"]);
    run.assert_code(3);
    let run = project.done(&["plan"]);
    assert!(said(&run).contains("the plan does not know what is built"), "{run}");
}

#[test]
fn a_folder_as_it_is_below_the_top() {
    let recipe = RECIPE.replace(
        "  { src = \"build/beacon\", dst = \"/usr/bin/beacon\", file_info = { mode = 0o755 } },\n  { src = \"etc/beacon.conf\", dst = \"/etc/beacon/beacon.conf\", type = \"config|noreplace\" },\n",
        "  { src = \"dist/etc/**\", type = \"config|noreplace\" },\n  { src = \"dist/usr/bin/beacon\", file_info = { mode = 0o750 } },\n  \
         { src = \"dist/**/*.map\", type = \"exclude\" },\n",
    );
    let recipe = recipe.replace("contents = [", "dir = \"dist\"\ncontents = [");
    let project = with(&recipe);
    for (path, text) in [
        ("out/usr/bin/beacon", "#!/bin/sh\necho light\n"),
        ("out/etc/beacon/beacon.conf", "colour = white\n"),
        ("out/usr/share/beacon/a.js", "a"),
        ("out/usr/share/beacon/a.js.map", "a"),
        ("out/usr/share/beacon/left", "out"),
        (".factoryignore", "left\n"),
    ] {
        project.write(path, text);
    }
    fs::create_dir_all(project.path("out/var/log/beacon")).unwrap();
    // A link to a folder of the project is one.
    symlink("out", project.path("dist")).unwrap();
    project.done(&["build", "packages"]);
    let deb = "packages/debian-12/beacon_2.5.11-1~deb12_all.deb";
    if let Some(list) = tool(&project, &["dpkg-deb", "-c", deb]) {
        for part in ["-rwxr-x--- root/root", "./usr/bin/beacon", "./usr/share/beacon/a.js\n", "./var/log/beacon/"] {
            assert!(list.contains(part), "{part}: {list}");
        }
        assert!(!list.contains(".map") && !list.contains("left"), "{list}");
        let conffiles = tool(&project, &["dpkg-deb", "--ctrl-tarfile", deb]);
        assert!(conffiles.is_some_and(|tar| tar.contains("/etc/beacon/beacon.conf\n")));
    }
}

#[test]
fn the_same_files_are_the_same_bytes_with_an_image_and_without() {
    let project = with(RECIPE);
    project.done(&["build", "packages"]);
    let names =
        ["packages/debian-12/beacon_2.5.11-1~deb12_all.deb", "packages/centos-7/beacon-2.5.11-1.el7.noarch.rpm"];
    let without = names.map(|name| fs::read(project.path(name)).unwrap());
    let mut other = Project::new();
    other.env("HOME", project.variable("HOME"));
    for path in ["build/beacon", "etc/beacon.conf", "beacon.service", "README", "postinstall"] {
        other.write(path, &project.read(path));
    }
    let image = "[base]\nbootstrap = \"never\"\n\n[[image]]\nname = \"core\"\nrepository = \"beacon/core\"\n\n[[package]]\nfrom = \"core\"";
    other.write("factory.toml", &RECIPE.replace("[[package]]", image).replace(", \"centos-7\"", ""));
    other.done(&["build", "packages"]);
    assert!(without[0] == fs::read(other.path(names[0])).unwrap());
    assert!(!other.calls_of("create").is_empty());
}

#[test]
fn what_only_an_image_could_tell_is_said() {
    let recipe = RECIPE.replace("users = [\"beacon\"]", "").replace("owner = \"beacon\", ", "");
    let project = with(&recipe.replace(", \"centos-7\"", ""));
    project.write("build/beacon", "#!/usr/bin/python3\nprint('light')\n");
    project.edit("beacon.service", "User=beacon", "User=www-data\nExecReload=/bin/kill -HUP $MAINPID");
    project.edit("factory.toml", "{ src = \"README\", type = \"doc\" },", "{ src = \"README\", type = \"doc\" },\n  { src = \"light.py\", dst = \"/usr/share/beacon/light.py\" },\n  { src = \"/opt/x\", dst = \"/usr/bin/x\", type = \"symlink\" },");
    project.write("light.py", "print(\n");
    let run = project.done(&["build", "packages"]);
    shows!(project, run.stderr);
    // What the recipe says does not matter is not said.
    let allow = "allow = [\n  { check = \"interpreter\", path = \"/usr/bin/beacon\", reason = \"a test\" },\n  { check = \"syntax\", path = \"/usr/share/**\", reason = \"a test\" },\n]\n";
    project.write("factory.toml", &(project.read("factory.toml") + allow));
    let run = project.done(&["build", "packages"]);
    assert!(!run.stderr.contains("python3") && !run.stderr.contains("modules of the project"), "{run}");
    assert!(run.stderr.contains("www-data"), "{run}");
}

#[test]
fn owners_are_root_and_the_package_s_own_users() {
    let project = with(&RECIPE.replace("owner = \"beacon\"", "owner = \"becon\", group = \"www-data\""));
    let run = project.run(&["build", "packages"]);
    run.assert_code(1);
    let (_steps, error) = run.stderr.split_once("\nerror: ").unwrap();
    shows!(project, error);
    // A user of the recipe whom another package makes is unknown here.
    let project = with(&RECIPE.replace("users = [\"beacon\"]", "").replace("owner = \"beacon\", ", ""));
    let other = "\n[[package]]\nname = \"beacon-base\"\nsummary = \"makes users\"\nusers = [\"beacon\"]\ncontents = [{ src = \"README\", type = \"doc\" }]\n";
    project.write("factory.toml", &(project.read("factory.toml") + other));
    project
        .run(&["build", "packages"])
        .assert_code(1)
        .says(&["User=beacon names an account that neither the package nor the image has"]);
}

#[test]
fn a_program_for_another_machine_is_refused_without_an_image() {
    let mut bytes = fs::read("/bin/true").unwrap_or_default();
    if !bytes.starts_with(b"\x7fELF\x02\x01") || std::env::consts::ARCH != "x86_64" {
        eprintln!("skipped: /bin/true is no program for x86_64 here");
        return;
    }
    let project = with(&RECIPE.replace(", \"centos-7\"", ""));
    fs::write(project.path("build/beacon"), &bytes).unwrap();
    project.done(&["build", "packages"]);
    assert!(project.path("packages/debian-12/beacon_2.5.11-1~deb12_amd64.deb").exists());
    bytes[18] = 0xb7;
    fs::write(project.path("build/beacon"), &bytes).unwrap();
    project.run(&["build", "packages"]).assert_code(1).says(&["is for aarch64, and debian-12 is x86_64"]);
    // The libc of the platform is known without looking.
    bytes[18] = 0x3e;
    project.edit("factory.toml", "\"debian-12\"]", "\"centos-7\"]");
    project.edit("factory.toml", "official = \"debian-12\"\n", "");
    fs::write(project.path("build/beacon"), &bytes).unwrap();
    let run = project.run(&["build", "packages"]);
    assert!(said(&run).contains("and centos-7 has glibc-2.17"), "{run}");
}

#[test]
fn what_needs_an_image_or_a_folder_is_refused_at_its_line() {
    let project = with(RECIPE);
    project.write("empty/.gitkeep", "");
    fs::remove_file(project.path("empty/.gitkeep")).unwrap();
    symlink("/etc", project.path("out")).unwrap();
    let begin = &RECIPE[..RECIPE.find("[[user]]").unwrap()];
    let mut shown = String::new();
    for keys in [
        "contents = [\n  { src = \"README\", type = \"doc\" },\n  { src = \"/opt/beacon\" },\n  { src = \"/etc/beacon.conf\", type = \"config\" },\n  { src = \"/var/lib/beacon\", type = \"state\" },\n  { src = \"/opt/*.map\", type = \"exclude\" },\n]",
        "contents = [{ src = \"README\", type = \"doc\" }, { src = \"/opt/x\", optional = true }]",
        "collect = [\"/packages/*.deb\"]",
        "form = \"core\"\ncontents = [{ src = \"README\", type = \"doc\" }]",
        "from = \"core\"\ncontents = [{ src = \"README\", type = \"doc\" }]",
        "",
        "dir = \"dits\"",
        "dir = \"README\"",
        "dir = \"out\"",
        "dir = \"empty\"",
        "dir = \"/usr\"",
        "dir = \"build\"\ncontents = [{ src = \"etc\", dst = \"/\" }, { src = \"README\", dst = \"/beacon\" }]",
        "dir = \"build\"\ncontents = [{ src = \"build/**\", type = \"exclude\" }]",
    ] {
        let keys = if keys.contains("collect") { keys.to_owned() } else { format!("summary = \"lights up\"\n{keys}") };
        project.write("factory.toml", &format!("{begin}[[package]]\nname = \"beacon\"\n{keys}\n"));
        let run = project.run(&["build", "packages"]);
        run.assert_code(2);
        shown += &format!("{keys}\n---\n{}\n", run.stderr);
    }
    shows!(project, shown);
}

#[test]
fn the_other_verbs_need_no_engine_but_the_test() {
    let project = with(RECIPE);
    project.done(&["build"]);
    project.done(&["log"]);
    project.run(&["test"]).assert_code(3);
    let run = project.done(&["clean", "--all"]);
    assert!(said(&run).contains("no engine answers: images and containers are not looked at"), "{run}");
    assert!(!project.path("packages/debian-12").exists());
    // Where a recipe makes images, their engine has to answer.
    project.write("factory.toml", &format!("{RECIPE}\n[[image]]\nname = \"core\"\nrepository = \"beacon/core\"\n"));
    project.run(&["clean"]).assert_code(3);
}

#[test]
fn packages_go_to_a_registry_and_come_back_without_an_engine() {
    let project = with(&RECIPE.replace(", \"centos-7\"", ""));
    let Some(registry) = Registry::new(&project) else { return };
    project.done(&["build"]);
    let name = "packages/debian-12/beacon_2.5.11-1~deb12_all.deb";
    let before = fs::read(project.path(name)).unwrap();
    // Without `--packages` only images are pushed.
    push(&project, &registry, &[])
        .ended(2)
        .says(&["there is nothing to push: the recipe makes no image here", "`--packages`"]);
    push(&project, &registry, &["--packages"]).ended(0);
    for folder in ["packages", ".factory"] {
        fs::remove_dir_all(project.path(folder)).unwrap();
    }
    project.run(&["pull", "--registry", &registry.address]).ended(0);
    assert!(fs::read(project.path(name)).unwrap() == before);
}

#[test]
fn a_test_makes_the_base_image_that_no_build_needs() {
    let mut project =
        with(&RECIPE.replace(", \"centos-7\"", "").replace("[[user]]", "[base]\nbootstrap = \"never\"\n\n[[user]]"));
    let script = project.beside("engine/script.json").display().to_string();
    project.without_env("DOCKER_HOST").env("FACTORY_SCRIPTED_ENGINE", script);
    project.done(&["build"]);
    assert_eq!(project.calls(), [] as [&str; 0], "no engine is asked where none is needed");
    let run = project.run(&["test"]).ended(4);
    run.says(&["[debian-12/base] done", "debian-12/test-files failed"]);
    assert!(project.images().iter().any(|name| name.starts_with("factory.local/base:debian-12-")));
    // It is there the next time.
    let run = project.run(&["test"]).ended(4);
    assert!(!run.stderr.contains("debian-12/base"), "{run}");
    // Where it cannot be had, its own words say why.
    project.new_daemon();
    let mut script = Script::new().fails("pull", "", "refused", "no such manifest");
    script.images.clear();
    project.play(&script);
    let run = project.run(&["test"]).ended(1);
    run.says(&["debian-12/base failed"]);
}

/// A package as an agent's nfpm.yaml describes it: two programs, a configuration file that its user owns, a unit for each format under
/// one name, and folders of that user. What its scripts did, making the user and enabling the unit, the recipe says.
const AGENT: &str = r#"[project]
name = "lamp"
maintainer = "Lamp Team <lamp@example.org>"
license = "Apache-2.0"
homepage = "https://lamp.example.org"
platforms = ["debian-12", "alma-9"]
official = "debian-12"

[[user]]
name = "lamp"
home = "/var/lib/lamp"
comment = "Lamp"

[[package]]
name = "lamp"
summary = "index that answers while it is written"
description = "Keeps features, and answers questions about them at once."
users = ["lamp"]
contents = [
  { src = "lamp", dst = "/usr/bin/" },
  { src = "lampsql", dst = "/usr/bin/" },
  { src = "install/lamp.conf", dst = "/etc/lamp/", type = "config|noreplace", file_info = { owner = "lamp", group = "lamp" } },
  { src = "install/lamp.debian.service", dst = "/lib/systemd/system/lamp.service", type = "service" },
  { dst = "/var/log/lamp", type = "state", file_info = { mode = 0o755, owner = "lamp", group = "lamp" } },
  { dst = "/var/lib/lamp", type = "state", file_info = { mode = 0o755, owner = "lamp", group = "lamp" } },
]

[package.overrides.deb]
depends = ["libc6"]

[package.overrides.rpm]
contents = [
  { src = "lamp", dst = "/usr/bin/" },
  { src = "lampsql", dst = "/usr/bin/" },
  { src = "install/lamp.conf", dst = "/etc/lamp/", type = "config|noreplace", file_info = { owner = "lamp", group = "lamp" } },
  { src = "install/lamp.redhat.service", dst = "/usr/lib/systemd/system/lamp.service", type = "service" },
  { dst = "/var/log/lamp", type = "state", file_info = { mode = 0o755, owner = "lamp", group = "lamp" } },
  { dst = "/var/lib/lamp", type = "state", file_info = { mode = 0o755, owner = "lamp", group = "lamp" } },
]
"#;

/// The project of [`AGENT`] with programs of this machine; `None` where none fits.
fn agent() -> Option<Project> {
    let bytes = fs::read("/bin/true").unwrap_or_default();
    if !bytes.starts_with(b"\x7fELF\x02\x01") || std::env::consts::ARCH != "x86_64" {
        eprintln!("skipped: /bin/true is no program for x86_64 here");
        return None;
    }
    let project = with(AGENT);
    for name in ["lamp", "lampsql"] {
        fs::write(project.path(name), &bytes).unwrap();
        fs::set_permissions(project.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    project.write("install/lamp.conf", "bind = \"localhost:10101\"\n");
    for (format, restart) in [("debian", "on-failure"), ("redhat", "always")] {
        let unit = UNIT.replace("beacon", "lamp").replace("Beacon", "Lamp");
        let unit = unit.replace("User=", &format!("Restart={restart}\nUser="));
        project.write(&format!("install/lamp.{format}.service"), &unit);
    }
    Some(project)
}

#[test]
fn what_an_nfpm_yaml_says_is_said_in_a_recipe() {
    let Some(project) = agent() else { return };
    let run = project.done(&["build"]);
    assert!(!run.stderr.contains("warning: lamp"), "{run}");
    let (deb, rpm) =
        ("packages/debian-12/lamp_2.5.11-1~deb12_amd64.deb", "packages/alma-9/lamp-2.5.11-1.el9.x86_64.rpm");
    let (deb, rpm) = (project.path(deb).display().to_string(), project.path(rpm).display().to_string());
    if let Some(list) = tool(&project, &["dpkg-deb", "-c", &deb]) {
        for line in ["drwxr-xr-x lamp/lamp", "-rw-r--r-- lamp/lamp", "./lib/systemd/system/lamp.service\n"] {
            assert!(list.contains(line), "{line}: {list}");
        }
        assert!(!list.contains("debian.service"), "{list}");
    }
    if let Some(postinst) = tool(&project, &["dpkg-deb", "-I", &deb, "postinst"]) {
        assert!(postinst.contains("deb-systemd-helper enable 'lamp.service'"), "{postinst}");
    }
    if let Some(said) = tool(&project, &["rpm", "-qp", "--requires", "--dump", &rpm]) {
        for part in ["0100644 lamp lamp 1 0", "/usr/lib/systemd/system/lamp.service", "040755 lamp lamp"] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    tool(&project, &["lintian", "--fail-on", "error", &deb]);
}

#[test]
fn a_wapt_package_of_files_of_the_project_needs_no_engine() {
    let mut project = with("");
    keys(&mut project, "tester");
    let wapt = "\n[[wapt]]\npackage = \"tis-beacon\"\nname = \"Beacon\"\ndescription = \"lights up\"\nmaturity = \"PROD\"\ntarget_os = \"windows\"\n\
                contents = [{ src = \"README\" }, { package = \"beacon\", dst = \"linux\" }]\nsetup = \"setup.py\"\n";
    project.write("factory.toml", &format!("{}{wapt}", RECIPE.replace(", \"centos-7\"", "")));
    project.write("setup.py", SETUP);
    project.done(&["build", "wapt"]);
    let made = project.files("packages/debian-12");
    assert!(made.iter().any(|name| name.starts_with("tis-beacon_2.5.11-1") && name.ends_with(".wapt")), "{made:?}");
    // What comes out of an image needs one.
    let with_image = project.read("factory.toml").replace(
        "[[package]]",
        "[[image]]\nname = \"core\"\nrepository = \"beacon/core\"\n\n[[package]]\nfrom = \"core\"",
    );
    project.write("factory.toml", &with_image);
    project.run(&["build", "wapt"]).assert_code(3);
}

#[test]
fn a_folder_at_the_top_ships_only_what_is_in_it() {
    let project = Project::new();
    project.write("factory.toml", "[project]\nname = \"beacon\"\nmaintainer = \"Beacon Team <beacon@example.org>\"\nlicense = \"MIT\"\n\
        platforms = [\"debian-12\"]\n\n[base]\nbootstrap = \"never\"\n\n[[image]]\nname = \"core\"\nrepository = \"beacon/core\"\n\
        contents = [{ src = \"tool\", dst = \"/opt/beacon/tool\", file_info = { mode = 0o755 } }]\n\n\
        [[package]]\nname = \"beacon\"\nfrom = \"core\"\nsummary = \"lights up\"\ndir = \"dist\"\n");
    project.write("tool", "#!/bin/sh\n");
    let unit = UNIT.replace("/usr/bin/beacon", "/opt/beacon/tool").replace("User=beacon\n", "");
    project.write("dist/lib/systemd/system/beacon.service", &unit);
    let there = json!({ "archive": { "/opt/beacon/tool": [{ "name": "", "text": "#!/bin/sh\n", "mode": "755" }] } });
    project.play(&Script::new().on("download", "path=/opt/beacon/tool", there));
    // The image has it only because the recipe puts it there.
    project
        .run(&["build"])
        .assert_code(1)
        .says(&["ExecStart=/opt/beacon/tool is neither in the package nor a program of the image"]);
    project.write("dist/opt/beacon/tool", "#!/bin/sh\n");
    fs::set_permissions(project.path("dist/opt/beacon/tool"), fs::Permissions::from_mode(0o755)).unwrap();
    project.done(&["build"]);
}
