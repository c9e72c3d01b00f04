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
    project.done(&["build"]).says(&["shop: 1 file of the last package is not in this one: `/usr/share/shop/b.html`"]);
    let last = project.done(&["build"]);
    assert!(!last.stderr.contains("of the last package"), "{last}");
}
