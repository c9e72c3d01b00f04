//! systemd units are looked at where the package is made, in every format.

use serde_json::json;

use crate::{play::Script, project::Project};

/// A project whose package ships the units in `units/`, each as an entry of its own, with these keys.
pub fn shipping(platform: &str, units: &[(&str, &str, &str)], more: &str) -> Project {
    let project = Project::new();
    let mut contents = String::from("{ src = \"bin\", dst = \"/opt/shop/bin\" },\n");
    for (name, keys, text) in units {
        project.write(&format!("units/{name}"), text);
        contents.push_str(&format!("  {{ src = 'units/{name}', type = \"service\"{keys} }},\n"));
    }
    project.write("bin/run", "#!/bin/sh\n");
    std::fs::set_permissions(project.path("bin/run"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    project.write("bin/data", "1\n");
    project.write(
        "factory.toml",
        &format!(
            r#"[project]
name = "shop"
maintainer = "Shop Team <shop@example.org>"
license = "Apache-2.0"
platforms = ["{platform}"]

[base]
bootstrap = "never"

[[user]]
name = "clerk"

[[user]]
name = "shop"

[[image]]
name = "core"
repository = "shop/core"
users = ["shop", "clerk"]

[[package]]
name = "shop"
from = "core"
summary = "sells things"
users = ["clerk"]
contents = [
  {contents}]
{more}
"#
        ),
    );
    project
}

pub fn service(lines: &str) -> String {
    format!("[Service]\nExecStart=/opt/shop/bin/run\n{lines}\n[Install]\nWantedBy=multi-user.target\n")
}

/// What is wrong with one unit, on one platform.
fn refused(platform: &str, name: &str, keys: &str, text: &str, words: &str) {
    let project = shipping(platform, &[(name, keys, text)], "");
    let run = project.run(&["build", "packages"]);
    let said = run.stderr.split_whitespace().filter(|word| *word != "|").collect::<Vec<_>>().join(" ");
    // What a line says is known before anything runs.
    let code = if said.contains("`factory.toml` has an error") { Some(2) } else { Some(1) };
    assert_eq!(run.code, code, "{platform} {name}: {run}");
    assert!(said.contains(words), "{words}\n{run}");
    if run.code == Some(1) {
        project.assert_tidy();
    }
}

#[test]
fn what_a_unit_cannot_do_is_found_when_the_package_is_made() {
    let unit = |lines: &str| service(lines);
    for (name, keys, text, words) in [
        ("shop.service", "", unit("hello"), "line 3: it is neither a section nor `Key=value`"),
        ("shop.service", "", unit("[Servce]"), "line 3: [Servce] is no section of a service"),
        ("shop.service", "", "[Service]\nType=simple\n".to_owned(), "there is no ExecStart="),
        ("shop.service", "", unit("User=nobody-at-all"), "line 3: User=nobody-at-all names an account"),
        (
            "shop.service",
            "",
            unit("User=shop"),
            "line 3: User=shop names an account that neither the package nor the image has",
        ),
        ("shop.service", "", unit("Group=nogrp"), "line 3: Group=nogrp names an account"),
        ("shop.service", "", unit("EnvironmentFile=/etc/default/shop"), "EnvironmentFile=/etc/default/shop is neither"),
        ("shop.service", "", unit("WorkingDirectory=/opt/shpo"), "WorkingDirectory=/opt/shpo is neither"),
        ("shop.service", "", unit("WorkingDirectory=/opt/shop/bin/data"), "/opt/shop/bin/data is no folder"),
        ("shop.service", "", "[Service]\nExecStart=/opt/shop/bin/rum\n".to_owned(), "did you mean /opt/shop/bin/run?"),
        ("shop.service", "", "[Service]\nExecStart=/opt/shop/bin/data\n".to_owned(), "is not executable, mode 0644"),
        ("shop.service", "", "[Service]\nExecStart=nowhere\n".to_owned(), "ExecStart=nowhere is neither"),
        ("shop.service", ", enable = true", "[Service]\nExecStart=/opt/shop/bin/run\n".to_owned(), "is to be enabled"),
        (
            "shop.service",
            "",
            "[Service]\nExecStart=/opt/shop/bin/run\n[Install]\nWantedBy=multi-usr.target\n".to_owned(),
            "did you mean `multi-user.target`?",
        ),
        (
            "mnt-data-dir.mount",
            "",
            "[Mount]\nWhat=/dev/x\nWhere=/mnt/data-dir\n".to_owned(),
            "mnt-data\\\\x2ddir.mount",
        ),
        ("shop.timer", "", "[Timer]\nUnit=shop.service\n".to_owned(), "a timer needs OnActiveSec="),
        (
            "shop.service",
            "",
            unit("Retsart=always"),
            "line 3: `Retsart=` is no key of [Service], did you mean Restart=?",
        ),
        ("shop.service", "", unit("ReadWritePath=/srv"), "did you mean ReadWritePaths=?"),
        ("shop.service", "", unit("After=network.target"), "`After=` is no key of [Service], it belongs into [Unit]"),
        ("shop.service", "", unit("ReadWritePaths=/var/lib/shop"), "line 3: ReadWritePaths=/var/lib/shop is neither"),
        ("shop.service", "", unit("BindReadOnlyPaths=/opt/shop/bin/rum:/x"), "did you mean /opt/shop/bin/run?"),
        (
            "shop.timer",
            "",
            "[Timer]\nOnCalendar=daily\n".to_owned(),
            "it starts shop.service, the unit of its own name,",
        ),
        (
            "shop.timer",
            "",
            "[Timer]\nOnCalendar=daily\nUnit=nightly.service\n".to_owned(),
            "line 3: Unit=nightly.service is neither in the package, nor in one that it depends on, nor in the image",
        ),
        (
            "shop.socket",
            "",
            "[Socket]\nListenStream=80\nAccept=yes\n".to_owned(),
            "it starts shop@.service, the unit of its own name,",
        ),
        ("shop.path", "", "[Path]\nPathExists=/x\n".to_owned(), "it starts shop.service, the unit of its own name,"),
        ("srv.automount", "", "[Automount]\nWhere=/srv\n".to_owned(), "it starts srv.mount, the unit of its own name,"),
    ] {
        refused("debian-12", name, keys, &text, words);
    }
    refused(
        "rocky-9",
        "shop.service",
        "",
        &unit("User=nobody-at-all"),
        "/usr/lib/systemd/system/shop.service` (of `units/shop.service`) line 3",
    );
}

#[test]
fn what_is_meant_is_allowed_with_a_reason() {
    let text = service("User=postgres\nEnvironmentFile=/etc/default/shop");
    let allow = r#"allow = [
  { check = "unit-user", path = "/lib/systemd/system/shop.service", reason = "the database makes it" },
  { check = "unit-file", path = "/lib/systemd/system/*", reason = "postinstall writes it" },
]"#;
    shipping("debian-12", &[("shop.service", "", &text)], allow).done(&["build", "packages"]);
    let run = shipping("debian-12", &[("shop.service", "", &service(""))], allow).run(&["build", "packages"]).ended(1);
    run.says(&["that nothing needs: unit-user at"]);
}

#[test]
fn every_kind_of_unit_is_shipped_and_started() {
    let units = [
        ("shop.service", "", service("User=clerk\nWorkingDirectory=/opt/shop/bin")),
        ("shop@.service", "", service("User=%i\nWorkingDirectory=/srv/%i")),
        ("shop@mail.service", "", service("")),
        ("shop.socket", "", "[Socket]\nListenStream=80\n".to_owned()),
        ("shop.timer", "", "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n".to_owned()),
        ("shop.path", "", "[Path]\nPathExists=/x\n".to_owned()),
        ("shop.target", "", "[Unit]\nDescription=x\n".to_owned()),
        ("shop.slice", "", "[Slice]\nCPUWeight=10\n".to_owned()),
        ("dev-sdz1.swap", "", "[Swap]\nWhat=/dev/sdz1\n".to_owned()),
        (r"mnt-data\x2ddir.mount", "", "[Mount]\nWhat=/dev/sdz\nWhere=/mnt/data-dir\n".to_owned()),
        (
            r"mnt-data\x2ddir.automount",
            "",
            "[Automount]\nWhere=/mnt/data-dir\n[Install]\nWantedBy=local-fs.target\n".to_owned(),
        ),
    ];
    let units: Vec<(&str, &str, &str)> = units.iter().map(|(name, keys, text)| (*name, *keys, text.as_str())).collect();
    for platform in ["debian-12", "rocky-9"] {
        let project = shipping(platform, &units, "");
        project.done(&["build", "packages"]);
        let files = project.read(&format!(".factory/records/{platform}/package-shop.files"));
        for (name, ..) in &units {
            assert!(files.contains(&name.replace('\\', "\\\\")), "{name}\n{files}");
        }
    }
}

#[test]
fn a_misspelt_unit_of_a_test_is_an_error_at_its_line() {
    for (name, label) in [
        ("shp.service", "did you mean `shop.service`?"),
        ("quue@mail.service", "did you mean `queue@mail.service`?"),
        ("queue.service", "did you mean `queue@instance.service`?"),
        ("shop.servcie", "expected the whole name"),
    ] {
        let test = format!("[[test.unit]]\nname = \"{name}\"\nalive = 3\n");
        let units = [("shop.service", "", service("")), ("queue@.service", "", service(""))];
        let units: Vec<(&str, &str, &str)> =
            units.iter().map(|(name, keys, text)| (*name, *keys, text.as_str())).collect();
        let run = shipping("debian-12", &units, &test).run(&["plan"]).ended(2);
        run.says(&[label, "factory.toml:"]);
    }
    let skip = "[[test.unit]]\nname = \"shop.service\"\nskip = \"needs a modem\"\nalive = 3\n";
    let run = shipping("debian-12", &[("shop.service", "", &service(""))], skip).run(&["plan"]).ended(2);
    run.says(&["`skip` and `alive` in one test"]);
}

#[test]
fn what_a_unit_starts_is_there_or_meant_by_a_near_name() {
    let timer = |unit: &str| format!("[Timer]\nOnCalendar=daily\nUnit={unit}\n");
    let units = [("shop.service", "", service("")), ("x.timer", "", timer("shpo.service"))];
    let units: Vec<(&str, &str, &str)> = units.iter().map(|(name, keys, text)| (*name, *keys, text.as_str())).collect();
    let run = shipping("debian-12", &units, "").run(&["build", "packages"]).ended(1);
    run.says(&["did you mean shop.service?", "write `shop.service` in the unit"]);
    // One of systemd, an alias, an instance of a template, a unit of a package that it depends on.
    let units = [
        ("shop.service", "", format!("{}Alias=till.service\n", service(""))),
        ("queue@.service", "", service("")),
        ("a.timer", "", timer("multi-user.target")),
        ("b.timer", "", timer("till.service")),
        ("c.timer", "", timer("queue@mail.service")),
        ("d.timer", "", timer("base.service")),
    ];
    let units: Vec<(&str, &str, &str)> = units.iter().map(|(name, keys, text)| (*name, *keys, text.as_str())).collect();
    let base = r#"depends = ["shop-base"]

[[package]]
name = "shop-base"
from = "core"
summary = "what it needs"
contents = [{ src = "base.service", type = "service" }]
"#;
    let project = shipping("debian-12", &units, base);
    project.write("base.service", "[Service]\nExecStart=/bin/sh\nWorkingDirectory=/\n");
    let run = project.run(&["build", "packages"]);
    assert!(!run.stderr.contains("Unit="), "{run}");
}

#[test]
fn a_target_that_is_misspelt_has_help_about_that() {
    let text = "[Service]\nExecStart=/opt/shop/bin/run\n[Install]\nWantedBy=multiuser.target\n";
    let run = shipping("debian-12", &[("shop.service", "", text)], "").run(&["build", "packages"]).ended(2);
    run.says(&["did you mean `multi-user.target`?", "the unit never starts by itself"]);
    assert!(!run.stderr.contains("leave `enable` out"), "{run}");
}

#[test]
fn programs_that_cannot_be_started_as_they_are() {
    let set = |project: &Project, mode| {
        std::fs::set_permissions(project.path("bin/run"), std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    let project = shipping("debian-12", &[], "");
    set(&project, 0o644);
    let run = project.run(&["build", "packages"]).ended(1);
    run.says(&["`/opt/shop/bin/run` (of `bin/run`) is a program, but is not executable, mode 0644", "mode = 0o755"]);
    let allow = r#"allow = [{ check = "not-executable", path = "/opt/shop/bin/run", reason = "it is read, not run" }]"#;
    let project = shipping("debian-12", &[], allow);
    set(&project, 0o644);
    project.done(&["build", "packages"]);
    let project = shipping("debian-12", &[], "");
    project.write("bin/run", "#!/bin/sh\r\necho\r\n");
    set(&project, 0o755);
    let run = project.run(&["build", "packages"]).ended(1);
    run.says(&["begins with `#!/bin/sh`, and its lines end as those of Windows do (CR LF)", "dos2unix", "eol=lf"]);
}

/// A unit, and drop-ins for it and for one of somebody else, in other folders than its own.
fn with_drop_ins(own: &str, others: &str) -> Project {
    let project = shipping("debian-12", &[("shop.service", "", "[Service]\nType=simple\n")], "");
    project.write("etc/own.conf", own);
    project.write("etc/others.conf", others);
    let entries = r#"contents = [
  { src = "etc/own.conf", dst = "/etc/systemd/system/shop.service.d/10.conf", type = "config" },
  { src = "etc/others.conf", dst = "/etc/systemd/system/nginx.service.d/10.conf", type = "config" },
"#;
    project.edit("factory.toml", "contents = [\n", entries);
    project
}

#[test]
fn drop_ins_count_wherever_they_are() {
    let start = "[Service]\nExecStart=/opt/shop/bin/run\n";
    with_drop_ins(start, "[Service]\nRestart=always\n").done(&["build", "packages"]);
    let run = with_drop_ins(&format!("{start}Retsart=1\n"), "[Service]\nRestart=always\n").run(&["build", "packages"]);
    run.ended(1)
        .says(&["`/etc/systemd/system/shop.service.d/10.conf` (of `etc/own.conf`) line 3: `Retsart=` is no key"]);
    let run =
        with_drop_ins(start, "[Service]\nRetsart=1\nExecStartPre=/opt/shop/bin/rum\n").run(&["build", "packages"]);
    run.ended(1).says(&[
        "`/etc/systemd/system/nginx.service.d/10.conf` (of `etc/others.conf`) line 2: `Retsart=` is no key",
        "line 3: ExecStartPre=/opt/shop/bin/rum is neither",
    ]);
}

#[test]
fn what_a_package_makes_where_it_is_installed_is_there() {
    let unit = service("User=memb\nReadWritePaths=/var/spool/shop\nWorkingDirectory=/var/spool");
    let unit = unit.replace("multi-user.target", "tpl@one.target near.target");
    let units = [("shop.service", "", unit.as_str()), ("tpl@.target", "", "[Unit]\nDescription=x\n")];
    let near = r#"depends = ["shop-near"]

[[package]]
name = "shop-near"
from = "core"
summary = "what it is wanted by"
contents = [{ src = "near/*", dst = "/lib/systemd/system/" }]
"#;
    let project = shipping("debian-12", &units, near);
    project.write("near/near.target", "[Unit]\nDescription=x\n");
    project.write("made/tmp.conf", "d /var/spool/shop 0755 root root -\n");
    project.write("made/users.conf", "m memb adm\n");
    let entries = r#"contents = [
  { src = "made/tmp.conf", dst = "/usr/lib/tmpfiles.d/shop.conf" },
  { src = "made/users.conf", dst = "/usr/lib/sysusers.d/shop.conf" },
"#;
    project.edit(
        "factory.toml",
        "summary = \"sells things\"\nusers = [\"clerk\"]\ncontents = [\n",
        &format!("summary = \"sells things\"\nusers = [\"clerk\"]\n{entries}"),
    );
    project.done(&["build", "packages"]);
}

#[test]
fn what_is_among_units_and_none_is_told() {
    let project = shipping("debian-12", &[], "");
    project.write("odd/typ.servce", &service(""));
    project.edit(
        "factory.toml",
        "contents = [\n",
        "contents = [\n  { src = \"odd\", dst = \"/lib/systemd/system\" },\n",
    );
    let run = project.run(&["build", "packages"]).ended(1);
    run.says(&["`/lib/systemd/system/typ.servce` (of `odd/typ.servce`) has no name of a unit", "check = \"unit\""]);
}

#[test]
fn a_program_that_only_the_image_has_is_not_there() {
    let unit = "[Service]\nExecStart=/opt/has/server\n";
    let project = shipping("debian-12", &[("shop.service", "", unit)], "");
    let image = "users = [\"shop\", \"clerk\"]\ncontents = [{ src = \"bin/run\", dst = \"/opt/has/server\" }]\n";
    project.edit("factory.toml", "users = [\"shop\", \"clerk\"]\n", image);
    let server = json!({ "name": "", "text": "#!/bin/sh\n", "mode": "755" });
    project.play(&Script::new().on(
        "download",
        "path=/opt/has/server",
        json!({ "archive": { "/opt/has/server": [server] } }),
    ));
    let run = project.run(&["build", "packages"]).ended(1);
    run.says(&["ExecStart=/opt/has/server is neither in the package"]);
}

#[test]
fn a_unit_that_nothing_ever_starts_is_said() {
    let bare = "[Service]\nExecStart=/opt/shop/bin/run\n";
    let said = "shop.service` has no [Install] and no unit here starts it: nothing will";
    let warned = |units: &[(&str, &str, &str)]| {
        let run = shipping("debian-12", units, "").done(&["build", "packages"]);
        run.stderr.split_whitespace().collect::<Vec<_>>().join(" ").contains(said)
    };
    assert!(warned(&[("shop.service", "", bare)]));
    assert!(!warned(&[("shop.service", ", enable = false", bare)]), "it was meant");
    assert!(!warned(&[("shop.service", "", &service(""))]));
    let timer = "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n";
    assert!(!warned(&[("shop.service", "", bare), ("shop.timer", "", timer)]), "the timer starts it");
    let other =
        "[Unit]\nWants=shop.service\n[Service]\nExecStart=/opt/shop/bin/run\n[Install]\nWantedBy=multi-user.target\n";
    assert!(!warned(&[("shop.service", "", bare), ("web.service", "", other)]), "another one wants it");
}

#[test]
fn a_timer_without_its_service_has_help_about_that() {
    let timer = "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n";
    let run = shipping("debian-12", &[("shop.timer", "", timer)], "").run(&["build", "packages"]);
    run.assert_code(1).says(&["it starts shop.service", "ship that unit, too, or name the one that is meant"]);
    assert!(!run.stderr.contains("write `-`"), "{run}");
}

#[test]
fn a_link_to_nothing_is_said() {
    let project = shipping("debian-12", &[("shop.service", "", &service(""))], "");
    project.edit(
        "factory.toml",
        "contents = [\n",
        "contents = [\n  { src = \"/opt/shop/bin/rum\", dst = \"/usr/bin/shop\", type = \"symlink\" },\n  \
         { src = \"/opt/shop/bin/run\", dst = \"/usr/bin/well\", type = \"symlink\" },\n",
    );
    let run = project.done(&["build", "packages"]);
    run.says(&[
        "`/usr/bin/shop` leads to `/opt/shop/bin/rum`, which is neither in the package nor where it is installed",
    ]);
    run.says(&["did you mean /opt/shop/bin/run?; where it is meant: `allow = [{ check = \"dangling-link\", path = \"/usr/bin/shop\"", "[dangling-link]"]);
    assert!(!run.stderr.contains("/usr/bin/well"), "{run}");
    // What is cached is still so: it is said again, and its log has it.
    for verb in [&["build", "packages"][..], &["plan"], &["test"]] {
        project.run(verb).says(&["`/opt/shop/bin/rum`, which is neither in the package"]);
    }
    let log = project.done(&["log", "debian-12/package-shop"]);
    assert!(log.stdout.contains("warning: shop: `/usr/bin/shop` leads to"), "{log}");
    let allow = "allow = [{ check = \"dangling-link\", path = \"/usr/bin/shop\", reason = \"postinstall makes it\" }]";
    project.edit("factory.toml", "summary = ", &format!("{allow}\nsummary = "));
    let run = project.done(&["build", "packages"]);
    assert!(!run.stderr.contains("dangling-link"), "{run}");
}

#[test]
fn lines_that_systemd_does_not_take_are_said_by_a_plan_all_at_once() {
    let units = [
        ("shop.service", "", service("Retsart=1\nUser=")),
        ("shop.timer", "", "[Timer]\nOnCalendar=dayly\n".to_owned()),
    ];
    let units: Vec<_> = units.iter().map(|(name, keys, text)| (*name, *keys, text.as_str())).collect();
    let project = shipping("debian-12", &units, "");
    let run = project.run(&["plan"]);
    run.assert_code(2);
    shows!(project, run.stderr);
    // What is allowed is no mistake.
    let allow = r#"allow = [{ check = "unit", path = "/lib/systemd/system/shop.*", reason = "another systemd" }]"#;
    shipping("debian-12", &units, allow).done(&["plan"]);
}
