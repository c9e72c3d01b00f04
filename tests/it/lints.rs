//! Lints over what packages and images ship, as a user sees them.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::json;

use crate::{
    play::{Script, file},
    project::Project,
};

/// A project with a user, an image and a package, which get these keys; what follows is added.
fn project(image: &str, package: &str, more: &str) -> Project {
    let project = Project::new();
    project.write(
        "factory.toml",
        &format!(
            r#"[project]
name = "shop"
maintainer = "Shop Team <shop@example.org>"
license = "Apache-2.0"
platforms = ["debian-12"]

[base]
bootstrap = "never"

[[user]]
name = "isso"

[[image]]
name = "core"
repository = "shop/core"
{image}

[[package]]
name = "shop"
from = "core"
summary = "sells things"
{package}
{more}
"#
        ),
    );
    project
}

/// Writes a file with a mode.
fn put(project: &Project, path: &str, text: &str, mode: u32) {
    project.write(path, text);
    fs::set_permissions(project.path(path), fs::Permissions::from_mode(mode)).unwrap();
}

const DOS: &str = "#!/bin/sh\r\necho sold\r\n";

#[test]
fn line_ends_of_windows_are_found_wherever_a_script_is_started() {
    let contents = "contents = [{ src = \"opt\", dst = \"/opt/shop\" }]";
    let one = project("", contents, "");
    put(&one, "opt/lib/run.sh", DOS, 0o755);
    let run = one.run(&["build", "packages"]).ended(1);
    run.says(&[
        "`/opt/shop/lib/run.sh` (of `opt/lib/run.sh`) begins with `#!/bin/sh`, and its lines end as those of Windows do (CR LF) [line-ends]",
        "convert the file (`dos2unix FILE`), and keep git from turning it back: `*.sh text eol=lf` in `.gitattributes`",
    ]);
    // Nobody starts it: data.
    fs::set_permissions(one.path("opt/lib/run.sh"), fs::Permissions::from_mode(0o644)).unwrap();
    one.done(&["build", "packages"]);
    // A script of the package does.
    put(&one, "post.sh", "sh /opt/shop/lib/run.sh\n", 0o644);
    one.edit("factory.toml", "summary = ", "scripts = { postinstall = \"post.sh\" }\nsummary = ");
    one.run(&["build", "packages"]).ended(1).says(&["[line-ends]"]);
    let allow = "allow = [{ check = \"line-ends\", path = \"/opt/shop/lib/*\", reason = \"for Cygwin\" }]\nsummary = ";
    one.edit("factory.toml", "summary = ", allow);
    one.done(&["build", "packages"]);

    let image = project(
        "contents = [{ src = \"opt\", dst = \"/opt/shop\" }]\ncmd = [\"/bin/sh\", \"/opt/shop/run.sh\"]",
        contents,
        "",
    );
    put(&image, "opt/run.sh", DOS, 0o644);
    image.run(&["build", "images"]).ended(1).says(&["core has programs that cannot run there", "[line-ends]"]);
}

#[test]
fn one_file_under_two_names_of_a_merged_usr() {
    let contents = "contents = [{ src = \"a\", dst = \"/bin/x\" }, { src = \"b\", dst = \"/usr/bin/x\" }]";
    let one = project("", contents, "");
    put(&one, "a", "a\n", 0o644);
    put(&one, "b", "b\n", 0o644);
    one.run(&["build", "packages"])
        .ended(1)
        .says(&["`/bin/x` (of `a`) is `/usr/bin/x` of the same package", "[usr-merge]"]);
}

#[test]
fn a_package_without_files_only_needs_others() {
    let run =
        project("", "contents = [{ src = \"/opt/none/*\", optional = true }]", "").run(&["build", "packages"]).ended(1);
    run.says(&["`/` has no file of the package [empty]", "`contents = []`"]);
    project("", "contents = []", "").run(&["build", "packages"]).ended(1).says(&["[empty]"]);
    for platform in ["debian-12", "rocky-9"] {
        let one = project("", "depends = [\"curl\"]\ncontents = []", "");
        one.edit("factory.toml", "debian-12", platform);
        one.done(&["build", "packages"]);
        let packages: Vec<String> = one.files(&format!("packages/{platform}"));
        let package = packages.iter().find(|file| file.ends_with(".deb") || file.ends_with(".rpm")).unwrap();
        one.done(&["verify", &format!("packages/{platform}/{package}")]);
    }
}

#[test]
fn what_a_start_of_the_machine_empties_is_warned_of() {
    let one = project("", "contents = [{ src = \"a\", dst = \"/run/shop/a\" }]", "");
    put(&one, "a", "a\n", 0o644);
    one.done(&["build", "packages"]).says(&["is gone after the next start of the machine", "[passing]"]);
}

#[test]
fn byte_code_without_its_source_is_warned_of() {
    let one = project("", "contents = [{ src = \"opt\", dst = \"/opt/shop\" }]", "");
    put(&one, "opt/keep", "x\n", 0o644);
    put(&one, "opt/__pycache__/gone.cpython-311.pyc", "....", 0o644);
    let run = one.done(&["build", "packages"]);
    run.says(&["`/opt/shop/__pycache__/gone.cpython-311.pyc` is byte code of `/opt/shop/gone.py`", "[stale-bytecode]"]);
}

#[test]
fn a_file_that_a_package_of_the_distribution_owns() {
    let lists =
        json!({ "archive": { "/var/lib/dpkg/info": [file("perl-base.list", "/.\n/usr/bin\n/usr/bin/perl\n")] } });
    let contents = "contents = [{ src = \"perl\", dst = \"/bin/perl\" }]";
    let one = project("", contents, "");
    put(&one, "perl", "perl\n", 0o644);
    one.play(&Script::new().on("download", "path=/var/lib/dpkg/info", lists));
    let run = one.run(&["build", "packages"]).ended(1);
    run.says(&["`/bin/perl` (of `perl`) belongs to `perl-base` there", "[overwrite]", "add `perl-base` to `depends`"]);
    one.edit("factory.toml", "summary = ", "replaces = [\"perl-base\"]\nsummary = ");
    one.done(&["build", "packages"]);
}

#[test]
fn a_folder_to_work_in_that_only_docker_makes() {
    let workdir = |more: &str| {
        let one = project(
            &format!("workdir = \"/opt/shpo\"\n{more}"),
            "contents = [{ src = \"a\", dst = \"/opt/shop/a\" }]",
            "",
        );
        put(&one, "a", "a\n", 0o644);
        let folder = |name: &str| json!({ "name": name, "folder": true });
        let there = json!({ "archive": { "/opt": [folder(""), folder("shop")] } });
        let empty = json!({ "archive": { "/opt/shpo": [folder("")] } });
        one.play(&Script::new().on("download", "path=/opt", there).once("download", "path=/opt/shpo", empty));
        one
    };
    let run = workdir("").done(&["build", "images"]);
    run.says(&[
        "`/opt/shpo` is made by `workdir` alone, and empty",
        "did you mean /opt/shop?; where it is meant: `allow = [{ check = \"workdir\", path = \"/opt/shpo\"",
        "[workdir]",
    ]);
    let made = "contents = [{ type = \"dir\", dst = \"/opt/shpo\" }]";
    let meant = "allow = [{ check = \"workdir\", path = \"/opt/shpo\", reason = \"a volume\" }]";
    for more in [made, meant] {
        let run = workdir(more).done(&["build", "images"]);
        assert!(!run.stderr.contains("[workdir]"), "{more}\n{run}");
    }
    let idle = workdir(&format!("{made}\n{meant}")).run(&["build", "images"]).ended(1);
    idle.says(&["an entry that nothing needs: workdir at `/opt/shpo`"]);
}

#[test]
fn an_owner_that_is_nearly_a_user_of_the_recipe() {
    let contents =
        "users = [\"isso\"]\ncontents = [{ src = \"a\", dst = \"/opt/shop/a\", file_info = { owner = \"isoo\" } }]";
    let one = project("users = [\"isso\"]", contents, "");
    put(&one, "a", "a\n", 0o644);
    let run = one.done(&["plan"]);
    run.says(&["files of shop belong to the user `isoo`, whom the recipe does not make", "did you mean `isso`?"]);
    let run = one.run(&["build", "packages"]).ended(1);
    shows!(one, run.stderr);
    one.edit("factory.toml", "isoo", "isso");
    let run = one.done(&["build", "packages"]);
    assert!(!run.stderr.contains("did you mean"), "{run}");
}

#[test]
fn a_unit_where_no_package_manager_starts_it() {
    let contents =
        "contents = [\n  { src = \"x.service\", type = \"service\", dst = \"/etc/systemd/system/x.service\" },\n]";
    let one = project("", contents, "");
    put(&one, "x.service", "[Service]\nExecStart=/bin/sh\n[Install]\nWantedBy=multi-user.target\n", 0o644);
    let run = one.run(&["plan"]).ended(2);
    run.says(&[
        "`x.service` goes to `/etc/systemd/system/x.service`, where a Debian package has no units",
        "leave `dst` out",
    ]);
    put(&one, "y/x.service", "[Service]\nExecStart=/bin/sh\n", 0o644);
    one.edit(
        "factory.toml",
        ", dst = \"/etc/systemd/system/x.service\" },\n",
        " },\n  { src = \"y/x.service\", type = \"service\" },\n",
    );
    one.run(&["plan"])
        .ended(2)
        .says(&["`y/x.service` brings `/lib/systemd/system/x.service`, which `x.service` brings, too", "first here"]);
}
