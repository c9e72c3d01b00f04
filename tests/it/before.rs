//! A package beside those of the last build: one that was renamed, and one that has fewer files.

use crate::project::Project;

#[test]
fn a_package_that_was_renamed() {
    let project = Project::new();
    project.done(&["build"]);
    project.edit("factory.toml", "[[package]]\nname = \"shop\"", "[[package]]\nname = \"shop-server\"");
    project.edit("factory.toml", "without = [\"shop\"]", "without = [\"shop-server\"]");
    project.edit("factory.toml", "depends = [\"shop (= {{version}})\"]", "depends = [\"shop-server (= {{version}})\"]");
    for _ in 0..2 {
        project.done(&["build"]).says(&[
            "shop-server has files of the package shop, which the recipe does not make any more (`/lib/systemd/system/shop.service` and 3 more)",
            "it cannot be installed where shop is",
            "write `replaces = [\"shop (<= {{version}})\"]` and `breaks = [\"shop (<= {{version}})\"]` into [[package]] `shop-server`",
        ]);
    }
    // A later release replaces what came before it.
    project.done(&["build", "--tag", "3.0"]).says(&["write `replaces = [\"shop (<< {{version}})\"]`"]);
    let relations =
        "summary = \"sells things\"\nreplaces = [\"shop (<= {{version}})\"]\nbreaks = [\"shop (<= {{version}})\"]\n";
    project.edit("factory.toml", "summary = \"sells things\"\n", relations);
    let run = project.done(&["build"]);
    assert!(!run.stderr.contains("has files of the package"), "{run}");
}

#[test]
fn files_that_the_last_package_had() {
    let project = Project::new();
    project.write("data/a.html", "a");
    project.write("data/b.html", "b");
    project.edit(
        "factory.toml",
        "  { src = \"units/shop.service\"",
        "  { src = \"data\", dst = \"/usr/share/shop\" },\n  { src = \"units/shop.service\"",
    );
    let first = project.done(&["build"]);
    assert!(!first.stderr.contains("of the last package"), "{first}");
    std::fs::remove_file(project.path("data/b.html")).unwrap();
    let said = "shop: `/usr/share/shop/b.html` was in the last package, and is not in this one";
    project.done(&["build"]).says(&[said, "[files-gone]"]);
    // It is said while it is so, also where something else is changed.
    project.done(&["build"]).says(&[said]);
    project.write("data/a.html", "aa");
    project.done(&["build"]).says(&[said]);
    let allow = r#"allow = [{ check = "files-gone", path = "/usr/share/shop/b.html", reason = "nobody reads it" }]"#;
    project.edit("factory.toml", "summary = \"sells things\"\n", &format!("summary = \"sells things\"\n{allow}\n"));
    let allowed = project.done(&["build"]);
    assert!(!allowed.stderr.contains("files-gone"), "{allowed}");
    // Another machine has not seen the last one: nothing is missing there.
    std::fs::remove_dir_all(project.path(".factory")).unwrap();
    project.done(&["build"]);
}

#[test]
fn what_goes_and_leaves_something_on_machines() {
    let project = Project::new();
    project.write("units/till.service", "[Service]\nExecStart=/bin/sh\n[Install]\nWantedBy=multi-user.target\n");
    project.write("till.conf", "a = 1\n");
    let entries = "  { src = \"units/till.service\", type = \"service\" },\n  { src = \"till.conf\", dst = \"/etc/shop/till.conf\", type = \"config\" },\n";
    let first = "  { src = \"units/shop.service\"";
    project.edit("factory.toml", first, &format!("{entries}{first}"));
    let allow = r#"allow = [{ check = "unit-file", path = "/lib/systemd/system/till.service", reason = "a test" }]"#;
    project.edit("factory.toml", "summary = \"sells things\"\n", &format!("summary = \"sells things\"\n{allow}\n"));
    project.done(&["build"]);
    project.edit("factory.toml", entries, "  { src = \"units/desk.service\", type = \"service\" },\n");
    project.edit("factory.toml", "system/till.service", "system/desk.service");
    project.write("units/desk.service", "[Service]\nExecStart=/bin/sh\n[Install]\nWantedBy=multi-user.target\n");
    project.done(&["build", "--tag", "3.0"]).says(&[
        "`/etc/shop/till.conf` is configuration of the last package, and not in this one: dpkg leaves it on every machine",
        "`dpkg-maintscript-helper rm_conffile '/etc/shop/till.conf' 3.0~ shop -- \"$@\"`",
        "`/lib/systemd/system/till.service` is a unit of the last package, and not in this one",
        "`deb-systemd-helper purge till.service` in `scripts.postinstall` takes away what enabled it (desk.service is new:",
    ]);
    // The version after that has nothing to do with it.
    let later = project.done(&["build", "--tag", "4.0"]);
    assert!(!later.stderr.contains("files-gone"), "{later}");
}
