//! What a recipe names and what becomes of it is said: files that git ignores, files of two packages, allowances, modes.

use crate::project::Project;

#[test]
fn a_folder_that_is_built_and_not_committed() {
    let project = Project::new();
    project.write(".gitignore", "/dist\n*.log\n");
    project.edit(
        "factory.toml",
        "{ src = \"etc\", dst",
        "{ src = \"dist\", dst = \"/opt/shop/dist\" }, { src = \"etc\", dst",
    );
    let run = project.run(&["plan"]);
    run.assert_code(2).says(&[
        "`dist` does not exist",
        "built, not committed: `.gitignore` names it",
        "make `dist` first",
    ]);
    project.edit("factory.toml", "src = \"dist\"", "src = \"dist/**\"");
    project.run(&["plan"]).assert_code(2).says(&["`dist` is built, not committed: `.gitignore` names it"]);
    // Once it is there it is shipped, and that is said: no commit has it.
    for file in ["dist/app.js", "dist/deep/app.css", "etc/x.log"] {
        project.write(file, "x");
    }
    for verb in ["plan", "build"] {
        let run = project.done(&[verb]);
        run.says(&[
            "`dist/**`: 2 files that `.gitignore` names are shipped",
            "`etc`: 1 file that `.gitignore` names is shipped",
        ]);
        assert_eq!(run.stderr.matches("`dist/**`").count(), 1, "{run}");
    }
}

#[test]
fn a_file_of_two_packages() {
    let project = Project::new();
    project.edit("factory.toml", "without = [\"shop\"]\n", "users = [\"shop\"]\n");
    let run = project.run(&["build", "--jobs", "1"]);
    run.assert_code(1).says(&[
        "shop-web and shop both ship",
        "`/opt/shop/bin/shop`",
        "`without = [\"shop\"]` in shop-web",
        "`conflicts`",
    ]);
    // The same verdict when nothing is left to be done but that one.
    project.run(&["build"]).assert_code(1).says(&["both ship"]);
    project.edit("factory.toml", "depends = [\"shop (= {{version}})\"]", "conflicts = [\"shop\"]");
    project.done(&["build"]);
    project.edit("factory.toml", "conflicts = [\"shop\"]", "replaces = [\"shop (<< 3)\"]");
    project.done(&["build"]);
}

#[test]
fn allowances_are_judged_at_their_lines() {
    let project = Project::new();
    let allow = |entries: &str| {
        project.edit(
            "factory.toml",
            "summary = \"sells things\"\n",
            &format!("summary = \"sells things\"\nallow = [{entries}]\n"),
        )
    };
    let one = |path: &str| format!("{{ check = \"private-key\", path = \"{path}\", reason = \"of the tests\" }}");
    allow(&format!("{}, {}", one("/opt/shop/a.pem"), one("/opt/shop/a.pem")));
    project
        .run(&["plan"])
        .assert_code(2)
        .says(&["`allow` has private-key at `/opt/shop/a.pem` twice", "factory.toml:"]);
    let project = Project::new();
    project.edit(
        "factory.toml",
        "summary = \"sells things\"\n",
        &format!("summary = \"sells things\"\nallow = [{}]\n", one("opt/shop/*.pem")),
    );
    project.run(&["plan"]).assert_code(2).says(&[
        "`opt/shop/*.pem` does not begin with `/`",
        "`/opt/shop/*.pem`",
        "factory.toml:",
    ]);
}

#[test]
fn the_mode_of_an_empty_folder() {
    let project = Project::new();
    std::fs::create_dir(project.path("spool")).unwrap();
    let entry = "{ src = \"spool\", dst = \"/var/spool/shop\", file_info = { mode = 0o770 } }, { src = \"etc\", dst";
    project.edit("factory.toml", "{ src = \"etc\", dst", entry);
    project.done(&["build", "images"]);
    let dockerfile = project.dockerfile("shop/core:2.5.11");
    assert!(dockerfile.contains("\"install\",\"-d\",\"-m\",\"770\",\"--\",\"/var/spool/shop\""), "{dockerfile}");
}
