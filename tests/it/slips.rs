//! What a recipe, or a file that it ships, says wrongly is said with the word that is meant: at the plan where it can be.

use serde_json::json;

use crate::{
    play::Script,
    project::{Project, Run},
    units::{service, shipping},
};

/// A project with a unit of these lines in `[Unit]` and `[Service]`.
fn with_lines(unit: &str, lines: &str, more: &str) -> Project {
    let text = format!("[Unit]\nDescription=sells\n{unit}{}", service(lines));
    shipping("debian-12", &[("shop.service", "", &text)], more)
}

/// What is said, without the frame of the terminal.
fn flat(run: &Run) -> String {
    run.stderr.split_whitespace().filter(|word| *word != "|" && *word != "│").collect::<Vec<_>>().join(" ")
}

/// A container that has these programs.
fn having(programs: &[&str]) -> Script {
    programs.iter().fold(Script::new(), |script, path| {
        let name = json!({ "name": "", "text": "#!/bin/sh\n", "mode": "755" });
        script.on("download", &format!("path={path}"), json!({ "archive": { *path: [name] } }))
    })
}

#[test]
fn a_script_that_an_interpreter_does_not_find() {
    for (line, said) in [
        (
            "ExecStart=/bin/sh /opt/shop/bin/rum",
            "ExecStart= has /bin/sh run /opt/shop/bin/rum, which is neither in the package nor in the image, did you mean /opt/shop/bin/run?",
        ),
        (
            "ExecStart=/bin/sh -c '/missing --all'",
            "ExecStart=/missing is neither in the package nor a program of the image",
        ),
        ("ExecStart=/bin/sh /opt/shop/bin", "run /opt/shop/bin, which is a folder"),
    ] {
        let text = format!("[Service]\n{line}\n[Install]\nWantedBy=multi-user.target\n");
        let project = shipping("debian-12", &[("shop.service", "", &text)], "");
        project.play(&having(&["/bin/sh"]));
        project.run(&["build", "packages"]).ended(1).says(&[said, "[unit-file]"]);
    }
    let python = "[Service]\nWorkingDirectory=/opt/shop/bin\nExecStart=/bin/python3 -u manage.py\n[Install]\nWantedBy=multi-user.target\n";
    let project = shipping("debian-12", &[("shop.service", "", python)], "");
    project.play(&having(&["/bin/python3"]));
    project
        .run(&["build", "packages"])
        .ended(1)
        .says(&["has /bin/python3 run /opt/shop/bin/manage.py, which is neither"]);
    project.write("bin/manage.py", "print(1)\n");
    let run = project.run(&["build", "packages"]);
    assert!(!run.stderr.contains("manage.py, which"), "{run}");
}

#[test]
fn a_script_of_windows_that_a_shell_is_told_to_run() {
    let text = "[Service]\nExecStart=/bin/sh /opt/shop/bin/data\n[Install]\nWantedBy=multi-user.target\n";
    let project = shipping("debian-12", &[("shop.service", "", text)], "");
    project.play(&having(&["/bin/sh"]));
    project.write("bin/data", "echo sold\r\n");
    project.run(&["build", "packages"]).ended(1).says(&[
        "`/opt/shop/bin/data` (of `bin/data`) is run by /bin/sh (`ExecStart=`), and its lines end as those of Windows do (CR LF) [line-ends]",
    ]);
    project.write("bin/data", "echo sold\n");
    project.done(&["build", "packages"]);
}

#[test]
fn a_program_that_begins_as_none() {
    let project = with_lines("", "", "");
    project.write("bin/run", "echo sold\n");
    let run = project.run(&["build", "packages"]).ended(1);
    run.says(&["ExecStart=/opt/shop/bin/run begins neither as a program (ELF) nor with `#!`", "203/EXEC"]);
}

#[test]
fn other_units_that_are_not_there() {
    // What is nearly a well-known one is said before anything is made.
    let run = with_lines("Requires=postgrsql.service\n", "", "").run(&["plan"]).ended(2);
    run.says(&[
        "units/shop.service:3: Requires=postgrsql.service is no unit",
        "did you mean `postgresql.service`?",
        "check = \"unit-requires\"",
    ]);
    let allow = |check: &str| {
        format!("allow = [{{ check = \"{check}\", path = \"/lib/systemd/system/shop.service\", reason = \"ours\" }}]")
    };
    with_lines("Requires=postgrsql.service\n", "", &allow("unit-requires")).done(&["build", "packages"]);
    let weak = with_lines("After=netwrok.target\nWants=postgrsql.service\n", "", "");
    let run = weak.done(&["build", "packages"]);
    run.says(&[
        "After=netwrok.target is no unit",
        "did you mean `network.target`?",
        "did you mean `postgresql.service`?",
        "[unit-wants]",
    ]);
    assert_eq!(flat(&run).matches("postgrsql.service is no").count(), 1, "said once: {run}");
    let quiet = with_lines("After=netwrok.target\n", "", &allow("unit-wants")).done(&["build", "packages"]);
    assert!(!quiet.stderr.contains("netwrok"), "{quiet}");
    // Of any other only the image can say.
    let run = with_lines("BindsTo=till.service\nAfter=till.service\n", "", "").run(&["build", "packages"]).ended(1);
    run.says(&["line 3: BindsTo=till.service is no unit of systemd, and neither in the package", "[unit-requires]"]);
    let run = with_lines("After=till.service\n", "", "").done(&["build", "packages"]);
    run.says(&["After=till.service is no unit of systemd", "check = \"unit-wants\"", "[unit-wants]"]);
    // Well-known ones need not be there, unless they are required and nothing is depended on.
    let run = with_lines("After=postgresql.service redis.service\n", "", "").done(&["build", "packages"]);
    assert!(!run.stderr.contains("unit-wants"), "{run}");
    with_lines("Requires=postgresql.service\n", "", "")
        .done(&["build", "packages"])
        .says(&["depend on the package that brings postgresql.service"]);
    let run = with_lines("Requires=postgresql.service\n", "", "depends = [\"postgresql (>= 15)\"]")
        .done(&["build", "packages"]);
    assert!(!run.stderr.contains("unit-wants"), "{run}");
    // What is to want a unit, too.
    let text = "[Service]\nExecStart=/opt/shop/bin/run\n[Install]\nWantedBy=mutli-user.target\n";
    let run = shipping("debian-12", &[("shop.service", "", text)], "").run(&["plan"]).ended(2);
    run.says(&["WantedBy=mutli-user.target is no unit", "did you mean `multi-user.target`?", "[unit-install]"]);
    // A word that is no unit's name is passed over by systemd.
    with_lines("After=network\n", "", "")
        .run(&["plan"])
        .ended(2)
        .says(&["After= `network` is no unit, did you mean network.target?"]);
}

#[test]
fn values_of_units_that_systemd_passes_over() {
    let lines = "MemoryMax=2Gb\nUMask=99\nNice=high\nLimitNOFILE=many\nRestart=allways\nKillSignal=SIGTREM\nSystemCallFilter=@system-servce";
    let project = with_lines("", lines, "");
    let run = project.run(&["plan"]);
    run.assert_code(2);
    shows!(project, run.stderr);
}

#[test]
fn maintainer_scripts_that_no_shell_reads() {
    let project = with_lines("", "", "scripts = { postinstall = \"post.sh\", preremove = \"pre.sh\" }");
    project.write("post.sh", "#!/bin/sh\nif true; then\n  touch ran\n");
    project.write("pre.sh", "echo 'open\n");
    let run = project.run(&["plan"]).ended(2);
    run.says(&[
        "`post.sh` is no script of /bin/sh: line",
        "`pre.sh` is no script of /bin/sh",
        "`sh -n post.sh` parses it again",
    ]);
    project.write("post.sh", "#!/bin/sh\ntouch ran\n");
    project.write("pre.sh", "echo open\n");
    project.done(&["plan"]);
    assert!(!project.path("ran").exists(), "nothing of it runs");
}

#[test]
fn places_that_are_nearly_those_of_a_system() {
    let project = with_lines("", "", "");
    project.edit(
        "factory.toml",
        "contents = [\n",
        "contents = [\n  { src = \"bin/data\", dst = \"/ect/shop/data\" },\n  { src = \"bin/data\", dst = \"/usr/ib/shop/data\" },\n  \
         { src = \"bin/data\", dst = \"/workspace/data\" },\n",
    );
    project.edit("factory.toml", "name = \"clerk\"", "name = \"clerk\"\nhome = \"/vra/shop\"");
    let plan = project.done(&["plan"]);
    plan.says(&[
        "`/ect` of `/ect/shop/data` is no folder of a system, did you mean `/etc`?",
        "`/usr/ib` of `/usr/ib/shop/data` is no folder of a system, did you mean `/usr/lib`?",
        "`/vra` in `home` of clerk is no folder of a system, did you mean `/var`?",
        "check = \"odd-place\", path = \"/ect\"",
    ]);
    assert!(!plan.stderr.contains("workspace"), "the base may have it: {plan}");
    let build = project.done(&["build", "packages"]);
    build.says(&["`/workspace` is no folder of a system (Filesystem Hierarchy Standard 3.0)", "[odd-place]"]);
    assert_eq!(flat(&build).matches("did you mean `/etc`").count(), 1, "said once: {build}");
    let entries = ["/ect", "/usr/ib", "/workspace", "/vra/shop"];
    let entries =
        entries.map(|path| format!("{{ check = \"odd-place\", path = \"{path}\", reason = \"ours\" }}")).join(", ");
    project.edit("factory.toml", "summary = ", &format!("allow = [{entries}]\nsummary = "));
    let build = project.done(&["build", "packages"]);
    assert!(!build.stderr.contains("odd-place"), "{build}");
    project.edit(
        "factory.toml",
        "{ src = \"bin/data\", dst = \"/workspace/data\" }",
        "{ src = \"bin/data\", dst = \"/srv/data\" }",
    );
    project.run(&["build", "packages"]).ended(1).says(&["odd-place at `/workspace`"]);
}

#[test]
fn a_file_in_the_place_of_a_folder() {
    for (entry, said) in [
        ("{ src = \"bin/run\", dst = \"/usr/bin\" }", "a file would be `/usr/bin`, which is a folder on every system"),
        ("{ src = \"/opt/shop/bin/run\", dst = \"/usr/bin\", type = \"symlink\" }", "a link would be `/usr/bin`"),
        ("{ src = \"bin/data\", dst = \"/etc\", type = \"config\" }", "a file would be `/etc`"),
    ] {
        let project = with_lines("", "", "");
        project.edit("factory.toml", "contents = [\n", &format!("contents = [\n  {entry},\n"));
        project.run(&["plan"]).ended(2).says(&[said, "name where it goes in there: `dst = \""]);
    }
    let project = with_lines("", "", "");
    project.edit(
        "factory.toml",
        "users = [\"shop\", \"clerk\"]\n",
        "users = [\"shop\", \"clerk\"]\ncontents = [{ src = \"bin/run\", dst = \"/usr/local/bin\" }]\n",
    );
    project.run(&["plan"]).ended(2).says(&["a file would be `/usr/local/bin`", "`dst = \"/usr/local/bin/run\"`"]);
    let project = with_lines("", "", "");
    project.edit(
        "factory.toml",
        "contents = [\n",
        "contents = [\n  { src = \"bin/run\", dst = \"/usr/bin/\" },\n  { src = \"etc\", dst = \"/etc\" },\n",
    );
    project.write("etc/shop/x.conf", "x\n");
    project.done(&["plan"]);
}

#[test]
fn a_link_that_was_made_the_other_way_round() {
    let link = |src: &str, dst: &str| {
        let text = "[Service]\nExecStart=/usr/bin/shop\n[Install]\nWantedBy=multi-user.target\n";
        let project = shipping("debian-12", &[("shop.service", "", text)], "");
        let entry = format!("contents = [\n  {{ src = \"{src}\", dst = \"{dst}\", type = \"symlink\" }},\n");
        project.edit("factory.toml", "contents = [\n", &entry);
        project.run(&["build", "packages"])
    };
    link("/usr/bin/shop", "/opt/shop/start").ended(1).says(&[
        "ExecStart=/usr/bin/shop is neither in the package nor in the image, and the link /opt/shop/start leads there",
        "write `src = \"/opt/shop/start\", dst = \"/usr/bin/shop\"` where it was meant the other way round",
    ]);
    link("/opt/shop/bin/rum", "/usr/bin/shop").ended(1).says(&[
        "ExecStart=/usr/bin/shop is a link to /opt/shop/bin/rum, which is neither in the package nor in the image",
    ]);
    assert_eq!(link("/opt/shop/bin/run", "/usr/bin/shop").code, Some(0));
}

#[test]
fn what_is_enabled_with_a_unit_and_is_not_there() {
    let text = |also: &str| format!("{}Also={also}\n", service(""));
    let timer = "[Timer]\nOnCalendar=daily\nUnit=shop.service\n[Install]\nWantedBy=timers.target\n";
    let said = |also: &str| {
        shipping("debian-12", &[("shop.service", "", &text(also)), ("hello.timer", "", timer)], "")
            .run(&["build", "packages"])
    };
    said("helo.timer").ended(1).says(&[
        "Also=helo.timer is neither",
        "did you mean hello.timer?",
        "write `hello.timer` in the unit",
    ]);
    let run = said("other.path").ended(1);
    run.says(&["ship that unit, too, or take it out of `Also=`"]);
    assert!(!run.stderr.contains("leave `enable` out"), "{run}");
}

#[test]
fn a_program_of_the_package_that_is_named_without_its_folder() {
    let text = "[Service]\nExecStart=run\n[Install]\nWantedBy=multi-user.target\n";
    shipping("debian-12", &[("shop.service", "", text)], "")
        .run(&["build", "packages"])
        .ended(1)
        .says(&["ExecStart=run is neither in the package nor a program of the image, did you mean /opt/shop/bin/run?"]);
}

#[test]
fn what_a_package_without_an_image_has_itself_is_not_asked_of_others() {
    let project = Project::new();
    let text = "[Service]\nUser=clrk\nStateDirectory=shop\nWorkingDirectory=/var/lib/shpo\nExecStart=/usr/bin/shop-rnu\n\
                ExecStartPre=/usr/lib/shop/prepare\n[Install]\nWantedBy=multi-user.target\n";
    project.write("shop.service", text);
    project.write("bin/shop-run", "#!/bin/sh\n");
    project.write("data/x.txt", "x\n");
    project.write(
        "factory.toml",
        r#"[project]
name = "shop"
maintainer = "Shop Team <shop@example.org>"
license = "Apache-2.0"
platforms = ["debian-12"]

[[user]]
name = "clerk"

[[package]]
name = "shop"
summary = "sells things"
users = ["clerk"]
contents = [
  { src = "shop.service", type = "service" },
  { src = "bin/shop-run", dst = "/usr/bin/", file_info = { mode = 0o755 } },
  { src = "data", dst = "/usr/lib/shop" },
]
"#,
    );
    // Nobody else puts files into a folder of its own.
    let run = project.run(&["build", "packages"]).ended(1);
    run.says(&["ExecStartPre=/usr/lib/shop/prepare is neither in the package"]);
    // Of other places the near names are said.
    project.edit("shop.service", "ExecStartPre=/usr/lib/shop/prepare\n", "");
    project.done(&["build", "packages"]).says(&[
        "did you mean /usr/bin/shop-run?",
        "did you mean clerk?",
        "did you mean /var/lib/shop?",
    ]);
}

#[test]
fn units_are_told_in_the_order_of_their_lines() {
    let lines = (0..9).map(|number| format!("EnvironmentFile=/etc/{number}\n")).collect::<Vec<_>>().concat();
    let run = with_lines("", &format!("{lines}User=nobody-at-all\n"), "").run(&["build", "packages"]).ended(1);
    let flat = flat(&run);
    let places: Vec<usize> =
        (6..=14).map(|line| flat.find(&format!("line {line}: ")).unwrap_or_else(|| panic!("{line}: {run}"))).collect();
    assert!(places.is_sorted(), "{run}");
}

#[test]
fn all_relations_are_judged_at_once() {
    let project = with_lines("", "", "depends = [\"Postgresql\", \"libc6 (> 2)\", \"shop\"]\nconflicts = [\"a | b\"]");
    let run = project.run(&["plan"]).ended(2);
    run.says(&[
        "`Postgresql` cannot be said in packages",
        "write `postgresql`",
        "`libc6 (> 2)` is not a relation",
        "the package `shop` names itself",
        "`a | b` is not a relation",
    ]);
}

#[test]
fn every_private_key_has_its_line_of_help() {
    let key = format!(
        "-----BEGIN PRIVATE KEY-----\n{}-----END PRIVATE KEY-----\n",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n".repeat(20)
    );
    let project = with_lines("", "", "");
    for name in ["a", "b"] {
        project.write(&format!("bin/{name}.pem"), &key);
    }
    let run = project.run(&["build", "packages"]).ended(1);
    for name in ["a", "b"] {
        run.says(&[&format!("{{ check = \"private-key\", path = \"/opt/shop/bin/{name}.pem\", reason = \"…\" }}")]);
    }
}

#[test]
fn a_unit_that_two_entries_bring_is_told_as_any_file() {
    let project = with_lines("", "", "");
    project.write("more/shop.service", &service("Nice=5"));
    project.edit(
        "factory.toml",
        "contents = [\n",
        "contents = [\n  { src = \"more/shop.service\", type = \"service\" },\n",
    );
    project.run(&["plan"]).ended(2).says(&[
        "`units/shop.service` brings `/lib/systemd/system/shop.service`, which `more/shop.service` brings, too",
    ]);
    let elsewhere = "contents = [\n  { src = \"units/shop.service\", type = \"service\", dst = \"/usr/lib/systemd/system/shop.service\" },\n";
    let project = with_lines("", "", "");
    project.edit("factory.toml", "contents = [\n", elsewhere);
    project.run(&["plan"]).ended(2);
}

#[test]
fn warnings_of_the_recipe_itself_are_allowed_in_project() {
    let project = with_lines("", "", "section = \"netz\"");
    project.edit("factory.toml", "license = \"Apache-2.0\"", "license = \"GPLv2+\"");
    let run = project.done(&["plan"]);
    run.says(&[
        "`GPLv2+` is no SPDX licence",
        "`allow = [{ check = \"license\", path = \"GPLv2+\", reason = \"…\" }]` in `[project]` [license]",
        "Debian has no section `netz`",
        "`allow = [{ check = \"section\", path = \"netz\", reason = \"…\" }]` in `[project]` [section]",
    ]);
    let allow = |entries: &str| format!("license = \"GPLv2+\"\nallow = [{entries}]");
    let both = "{ check = \"license\", path = \"GPLv2+\", reason = \"as upstream\" }, { check = \"section\", path = \"netz\", reason = \"ours\" }";
    project.edit("factory.toml", "license = \"GPLv2+\"", &allow(both));
    let run = project.done(&["plan"]);
    assert!(!run.stderr.contains("warning"), "{run}");
    project.edit("factory.toml", "path = \"netz\"", "path = \"net\"");
    project.run(&["plan"]).ended(2).says(&["`allow` of `[project]` has an entry that nothing needs: `section`"]);
    project.edit("factory.toml", "check = \"section\", path = \"net\"", "check = \"setuid\", path = \"net\"");
    project.run(&["plan"]).ended(2).says(&["`setuid` is about what a package or an image ships"]);
    let project = with_lines("", "", "allow = [{ check = \"license\", path = \"/x\", reason = \"y\" }]");
    project
        .run(&["plan"])
        .ended(2)
        .says(&["`license` is about the recipe itself", "move the entry into `allow` of `[project]`"]);
}
