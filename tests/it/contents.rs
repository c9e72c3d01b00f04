//! `contents` that do nothing in the container: an error at each line, all of them at once.

use serde_json::json;

use crate::{
    play::{Script, file},
    project::{Project, RECIPE},
    wapt::with_recipe,
};

/// The usual project with these contents in its first package, and its second one without them.
fn with(contents: &str) -> Project {
    let project = Project::new();
    let begin = RECIPE.find("contents = [\n").unwrap();
    let end = begin + RECIPE[begin..].find("]\nusers").unwrap() + 1;
    project.write("factory.toml", &format!("{}contents = [\n{contents}]{}", &RECIPE[..begin], &RECIPE[end..]));
    project
}

fn refused(contents: &str) -> String {
    let run = with(contents).run(&["build"]);
    run.assert_code(1);
    run.stderr
}

#[test]
fn what_matches_nothing_is_an_error_at_its_line_all_at_once() {
    let project = with(
        r#"  { src = "/opt/shop" },
  { src = "/opt/shop/ect/**", type = "config|noreplace" },
  { src = "/opt/shop/etc/*.cfg", type = "config" },
  { src = "/opt/shop/etc/shop.cof", type = "config" },
  { src = "/opt/shop/var/log", type = "state" },
  { src = "/opt/shop/etc/secret.conf", type = "exclude" },
  { src = "/opt/shop/bni", file_info = { mode = 0o750 } },
  { src = "/opt/sohp/doc", type = "doc" },
  { src = "/usr/lib/shop" },
"#,
    );
    let run = project.run(&["build"]);
    run.assert_code(1);
    let (_steps, error) = run.stderr.split_once("\nerror: ").unwrap();
    shows!(project, error);
    assert!(project.files("packages/debian-12").iter().all(|file| !file.contains("shop_")), "nothing is written");
}

#[test]
fn what_changes_nothing_is_an_error_too() {
    for (contents, says) in [
        // The secret would be taken again behind it.
        (
            "{ src = \"/opt/shop/etc/shop.conf\", type = \"exclude\" },\n{ src = \"/opt/shop\" },\n",
            "`/opt/shop/etc/shop.conf` leaves nothing out: no entry before it takes that",
        ),
        (
            "{ src = \"/opt/shop/bin\" },\n{ src = \"/opt/shop/etc/shop.conf\", type = \"exclude\" },\n",
            "`/opt/shop/etc/shop.conf` leaves nothing out",
        ),
        (
            "{ src = \"/opt/shop\" },\n{ src = \"/opt/shop/bin/shop\", type = \"state\" },\n",
            "`/opt/shop/bin/shop` matches no folder in the image `core`",
        ),
        (
            "{ src = \"/opt/shop\" },\n{ src = \"/opt/shop/empty\", type = \"config\" },\n",
            "`/opt/shop/empty` matches no file in the image `core`",
        ),
        (
            "{ src = \"/opt/shop\" },\n{ src = \"/opt/shop/empty\", file_info = { mode = 0o640 } },\n",
            "`/opt/shop/empty` matches no file that could get this mode",
        ),
        (
            "{ src = \"/opt/shop\" },\n{ src = \"/opt/shop/etc\", type = \"state\" },\n{ src = \"/opt/shop/etc/*\", type = \"config\" },\n",
            "nothing of `/opt/shop/etc/*` goes into the package",
        ),
        (
            "{ src = \"/opt/shop\" },\n{ src = \"/opt/shop/etc/*\", type = \"config\" },\n{ src = \"/opt/shop/etc\", type = \"exclude\" },\n",
            "nothing of `/opt/shop/etc/*` goes into the package",
        ),
    ] {
        let project = with(contents);
        project.play(&Script::new().on("download", "path=/opt/shop", json!({ "archive": { "/opt/shop": shop() } })));
        let run = project.run(&["build"]);
        run.assert_code(1).says(&[says]);
    }
}

/// The usual files, and an empty folder.
fn shop() -> serde_json::Value {
    json!([
        { "folder": true, "uid": 999, "gid": 999 },
        { "name": "bin/shop", "text": "#!/bin/sh\n", "mode": "755" },
        { "name": "empty", "folder": true },
        file("etc/shop.conf", "port = 80\n"),
    ])
}

#[test]
fn what_matches_nothing_for_wapt_is_an_error_too() {
    let project = with_recipe(
        r#"
[[wapt]]
package = "tis-shop"
from = "core"
contents = [
  { src = "/out/shop.exe", dst = "files/" },
  { src = "/out/shpo.exe", dst = "files/" },
  { src = "/out/lib/*.so", dst = "lib" },
  { src = "/out/none", dst = "none" },
]
setup = "wapt/setup.py"
"#,
    );
    let run = project.run(&["build", "wapt"]);
    run.assert_code(1).says(&[
        "`/out/shpo.exe` matches nothing in the image `core`",
        "`/out/lib/*.so` matches nothing in the image `core`",
        "`/out/none` matches nothing in the image `core`",
        "[factory.toml:",
    ]);
    assert!(!run.stderr.contains("`/out/shop.exe` matches nothing"), "{run}");
    assert!(project.files("packages/debian-12").iter().all(|file| !file.ends_with(".wapt")));
}

#[test]
fn what_may_be_missing_is_in_the_log() {
    let project = with(
        "  { src = \"/opt/shop\" },\n  { src = \"/opt/shop/**/*.pyc\", type = \"exclude\", optional = true },\n  { src = \
         \"/opt/nowhere\", optional = true },\n",
    );
    project.done(&["build"]);
    let log = project.read(".factory/logs/debian-12/package-shop.log");
    assert!(
        log.contains("`/opt/shop/**/*.pyc` leaves nothing out: nothing that is taken matches it, as it may"),
        "{log}"
    );
    assert!(log.contains("`/opt/nowhere` matches nothing in the image `core`, as it may"), "{log}");
    // What is there and yet does nothing is no less of a mistake.
    let order = "{ src = \"/opt/shop/etc\", type = \"exclude\", optional = true },\n{ src = \"/opt/shop\" },\n";
    assert!(refused(order).contains("leaves nothing out"));
    let run = with("{ src = \"etc\", dst = \"/etc/shop\", optional = true },\n").run(&["plan"]);
    run.assert_code(2).says(&["`optional` is for what is in the container"]);
}

#[test]
fn one_mistake_of_two_platforms_is_shown_once() {
    let project = Project::with_two_platforms();
    project.edit("factory.toml", "\"/opt/shop/etc/**\"", "\"/opt/shop/etcetera/**\"");
    let run = project.run(&["--jobs", "1", "build", "--keep-going"]);
    run.assert_code(1);
    assert_eq!(run.stderr.matches("did you mean").count(), 0, "{}", run.stderr);
    assert_eq!(
        run.stderr.matches("`/opt/shop/etcetera/**` matches nothing in the image `core`").count(),
        1,
        "{}",
        run.stderr
    );
}

#[test]
fn a_package_that_leaves_out_nothing_of_another_one_says_so() {
    let project = Project::new();
    project.edit(
        "factory.toml",
        "contents = [{ src = \"/opt/shop\" }, { src = \"/opt/web\" }]",
        "contents = [{ src = \"/opt/web\" }]",
    );
    project.done(&["build"]).says(&["shop-web has nothing in common with shop, which its `without` names"]);
}
