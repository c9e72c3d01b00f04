//! What a recipe names and what becomes of it is said: files that git ignores, files of two packages, allowances, modes.

use crate::project::Project;

#[test]
fn the_smallest_recipe_of_the_readme_is_one() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let recipe = readme.split_once("## The smallest recipe").unwrap().1.split_once("```toml\n").unwrap().1;
    let project = Project::new();
    project.write("factory.toml", recipe.split_once("```").unwrap().0);
    project.write("hello.sh", "#!/bin/sh\necho hello\n");
    let run = project.done(&["plan", "--tag", "1.0"]);
    assert!(run.stdout.contains("image example/hello:debian-12-1.0") && run.stdout.contains("package hello"), "{run}");
    assert!(!run.stderr.contains("warning"), "{run}");
}

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
            "`dist/**`: 2 files that `.gitignore` names are shipped, and in no commit: `dist/app.js`, `dist/deep/app.css`",
            "`etc`: 1 file that `.gitignore` names is shipped, and in no commit: `etc/x.log`",
        ]);
        assert_eq!(run.stderr.matches("`dist/**`").count(), 1, "{run}");
    }
    // Of many the first are named, and none that an entry leaves out again.
    for number in 0..6 {
        project.write(&format!("etc/{number}.log"), "x");
    }
    let exclude = ", { src = \"etc/1.log\", type = \"exclude\" }]";
    project.edit("factory.toml", "dst = \"/opt/shop/etc\" }]", &format!("dst = \"/opt/shop/etc\" }}{exclude}"));
    project.done(&["plan"]).says(&[
        "`etc`: 6 files that `.gitignore` names are shipped, and in no commit: `etc/0.log`, `etc/2.log`, `etc/3.log` and 3 more",
    ]);
    project.edit(
        "factory.toml",
        "{ src = \"etc\", dst = \"/opt/shop/etc\" }",
        "{ src = \"etc/5.log\", dst = \"/opt/shop/5\" }",
    );
    project.edit("factory.toml", exclude, "]");
    let run = project.done(&["plan"]);
    assert!(run.stderr.contains("`etc/5.log`: 1 file that `.gitignore` names is shipped, and in no commit\n"), "{run}");
}

/// The usual project whose image takes `etc` and then this.
fn with_second(entries: &str) -> Project {
    let project = Project::new();
    project.write("etc/other.conf", "x = 1\n");
    project.write("prod/shop.conf", "port = 443\n");
    let entry = "contents = [{ src = \"etc\", dst = \"/opt/shop/etc\" }]";
    let both = format!("contents = [\n  {{ src = \"etc\", dst = \"/opt/shop/etc\" }},\n{entries}]");
    project.edit("factory.toml", entry, &both);
    project
}

#[test]
fn two_entries_that_bring_different_files_to_one_place() {
    let project = with_second("  { src = \"prod\", dst = \"/opt/shop/etc\" },\n");
    let run = project.run(&["plan"]);
    run.assert_code(2);
    shows!(project, run.stderr);
    let link = with_second("  { src = \"/etc/shop\", dst = \"/opt/shop/etc/shop.conf\", type = \"symlink\" },\n");
    link.run(&["plan"]).assert_code(2).says(&["the link to `/etc/shop` brings `/opt/shop/etc/shop.conf`"]);
    for fine in [
        // Left out of the first.
        "  { src = \"etc/shop.conf\", type = \"exclude\" },\n  { src = \"prod\", dst = \"/opt/shop/etc\" },\n",
        // The same file, with another mode.
        "  { src = \"etc/shop.conf\", dst = \"/opt/shop/etc/\", file_info = { mode = 0o600 } },\n",
        "  { dst = \"/opt/shop/etc\", type = \"dir\", file_info = { mode = 0o700 } },\n",
        "  { src = \"prod/shop.conf\", dst = \"/opt/shop/etc/prod.conf\" },\n",
    ] {
        with_second(fine).done(&["plan"]);
    }
    // Nobody loses anything by a copy.
    let copy = with_second("  { src = \"copy\", dst = \"/opt/shop/etc\" },\n");
    copy.write("copy/shop.conf", "port = 80\n");
    copy.done(&["plan"]);
}

#[test]
fn two_entries_of_a_package_for_one_place() {
    let project = Project::new();
    project.write("prod/shop.conf", "port = 443\n");
    let entry = "  { src = \"units/shop.service\", type = \"service\" },\n";
    let more = "  { src = \"etc\", dst = \"/etc/shop\" },\n  { src = \"prod/shop.conf\", dst = \"/etc/shop/\" },\n";
    project.edit("factory.toml", entry, &format!("{entry}{more}"));
    let run = project.run(&["plan"]);
    run.assert_code(2).says(&["`prod/shop.conf` brings `/etc/shop/shop.conf`, which `etc` brings, too"]);
    project.edit(
        "factory.toml",
        "{ src = \"prod/shop.conf\",",
        "{ src = \"etc/shop.conf\", type = \"exclude\" }, { src = \"prod/shop.conf\",",
    );
    // An entry that is left nothing is no entry.
    project.write("etc/other.conf", "x = 1\n");
    project.done(&["plan"]);
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
    // The same verdict when nothing is left to be done but that one. Nothing has its name, and no plan takes it for made.
    project.run(&["build"]).assert_code(1).says(&["both ship"]);
    let packages = || {
        let files = std::fs::read_dir(project.folder().join("packages/debian-12")).unwrap();
        let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(packages().iter().filter(|name| name.starts_with("shop-web")).count(), 0, "{:?}", packages());
    let plan = project.done(&["plan"]);
    assert!(!plan.stdout.contains("changed"), "{plan}");
    project.edit("factory.toml", "depends = [\"shop (= {{version}})\"]", "conflicts = [\"shop\"]");
    project.done(&["build"]);
    project.edit("factory.toml", "conflicts = [\"shop\"]", "replaces = [\"shop (<< 3)\"]");
    project.done(&["build"]);
    // One that was accepted stays as it is when the next one is refused.
    let file =
        |name: &String| (name.clone(), std::fs::read(project.folder().join("packages/debian-12").join(name)).unwrap());
    let before: Vec<_> = packages().iter().map(file).collect();
    project.edit("factory.toml", "replaces = [\"shop (<< 3)\"]", "suggests = [\"shop\"]");
    project.run(&["build"]).assert_code(1).says(&["both ship"]);
    assert!(packages().iter().map(file).collect::<Vec<_>>() == before, "a refused package took a name");
    let plan = project.done(&["plan"]);
    assert!(!plan.stdout.contains(".files was changed"), "{plan}");
}

#[test]
fn allowances_are_judged_at_their_lines() {
    let project = Project::new();
    let allow = |entries: &str| {
        project.edit(
            "factory.toml",
            "summary = \"sells things\"\n",
            &format!("summary = \"sells things\"\nallow = [{entries}]\n"),
        );
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
fn a_missing_folder_for_temporary_files() {
    let mut project = Project::new();
    project.env("TMPDIR", "/no/such/folder");
    for verb in ["plan", "build", "doctor"] {
        project.run(&[verb]).assert_code(2).says(&["`TMPDIR` names `/no/such/folder`, which is no folder", "mkdir -p"]);
    }
    assert!(project.calls().is_empty(), "nothing was asked");
}

#[test]
fn what_is_made_here_ignores_itself() {
    let project = Project::new();
    let git = |arguments: &[&str]| {
        let who = ["-c", "user.name=T", "-c", "user.email=t@example.org"];
        let run = std::process::Command::new("git").arg("-C").arg(project.folder()).args(who).args(arguments).output();
        let run = run.unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap()
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "all"]);
    project.done(&["build"]);
    assert_eq!(git(&["status", "--porcelain"]), "?? factory.lock\n");
    for folder in [".factory", "wheels", "packages"] {
        assert_eq!(project.read(&format!("{folder}/.gitignore")), "*\n");
    }
    // A project without wheels has a store there.
    let project = Project::new();
    let plain = "[[image]]\nname = \"core\"\nrepository = \"shop/core\"\n";
    let head = project.read("factory.toml").split_once("[python]").unwrap().0.to_owned();
    project.write("factory.toml", &format!("{head}{plain}"));
    project.done(&["build"]);
    assert_eq!(project.read("wheels/.gitignore"), "*\n");
    // What the user made is the user's.
    let project = Project::new();
    project.write("packages/core/dist/x", "x");
    project.write("wheels/README", "x");
    project.done(&["build"]);
    assert!(!project.path("packages/.gitignore").exists() && !project.path("wheels/.gitignore").exists());
}

/// A project whose image starts with this, and what is below `/usr/bin` of its images.
fn starting(words: &str, there: &[&str]) -> Project {
    starting_with(words, there, "#!/bin/sh\n", "755")
}

/// The same with how these files begin, and their mode.
fn starting_with(words: &str, there: &[&str], text: &str, mode: &str) -> Project {
    let project = Project::new();
    project.edit("factory.toml", "repository = \"shop/web\"\n", &format!("repository = \"shop/web\"\n{words}\n"));
    let files: Vec<_> =
        there.iter().map(|name| serde_json::json!({ "name": name, "text": text, "mode": mode })).collect();
    let archive = serde_json::json!({ "archive": { "/usr/bin": files } });
    let shell = serde_json::json!({ "name": "", "text": "\u{7f}ELF", "mode": "755" });
    let shell = serde_json::json!({ "archive": { "/bin/sh": [shell] } });
    let script = crate::play::Script::new().on("download", "path=/usr/bin", archive);
    project.play(&script.on("download", "path=/bin/sh", shell));
    project
}

#[test]
fn a_program_that_the_image_starts_with() {
    let project = starting("entrypoint = [\"/usr/bin/shopp\"]", &["shop"]);
    let run = project.run(&["build", "images"]);
    run.assert_code(1).says(&[
        "the image `web` has no `/usr/bin/shopp`",
        "did you mean `/usr/bin/shop`?",
        "factory.toml:",
        "a container of it would end at once",
    ]);
    project.assert_tidy();
    // The build went well: what it said is in its log, and no part of why the image is refused.
    assert!(!run.stderr.contains("#1 scripted build") && run.stderr.contains("whole log: "), "{run}");
    assert!(project.read(".factory/logs/debian-12/web.log").contains("#1 scripted build"));
    let json = project.run(&["build", "images", "--output", "json"]);
    assert!(json.stdout.contains("#1 scripted build") && !json.stderr.contains("#1 scripted build"), "{json}");
    starting("entrypoint = [\"/usr/bin/shop\"]", &["shop"]).done(&["build", "images"]);
    starting("cmd = [\"/usr/bin/shop\"]", &["shop"]).done(&["build", "images"]);
    starting("cmd = [\"/usr/bin/other\"]", &["shop"]).run(&["build", "images"]).assert_code(1);
    let run = starting("cmd = [\"/usr/bin/shop --serve\"]", &["shop"]).run(&["build", "images"]);
    run.assert_code(1).says(&["write each argument as a text of its own", "[\"/usr/bin/shop\", \"--serve\"]"]);
    for (text, mode, words) in [
        ("#!/bin/sh\n", "644", "nobody may execute it, mode 0644"),
        ("#!/bin/sh\r\n", "755", "its lines end as those of Windows do (CR LF)"),
        ("#!/opt/none/python\n", "755", "which is no program of the image"),
        ("#!/usr/bin/env\n", "755", "env gets no program to start"),
        ("exec true\n", "755", "it begins neither as a program of the machine (ELF) nor with `#!`"),
    ] {
        let run = starting_with("entrypoint = [\"/usr/bin/shop\"]", &["shop"], text, mode).run(&["build", "images"]);
        run.assert_code(1).says(&["the image `web` cannot start `/usr/bin/shop`", words]);
    }
    // A volume may bring it, which is said in the recipe, and no more than that.
    let allow =
        |path: &str| format!("\nallow = [{{ check = \"start\", path = \"{path}\", reason = \"a volume brings it\" }}]");
    let with = |words: &str, path: &str| starting(&(words.to_owned() + &allow(path)), &["shop"]);
    with("entrypoint = [\"/config/run.sh\"]", "/config/*.sh").done(&["build", "images"]);
    for (words, path) in [("entrypoint = [\"/usr/bin/shop\"]", "/usr/bin/shop"), ("cmd = [\"/config/a\"]", "/config/b")]
    {
        with(words, path).run(&["build", "images"]).assert_code(1);
    }
    // Words are looked for in the image's PATH, and arguments are no programs.
    starting("entrypoint = [\"shop\"]\ncmd = [\"/usr/bin/x\"]", &["shop"]).done(&["build", "images"]);
    let project = starting("cmd = [\"shpo\", \"--serve\"]", &["shop"]);
    let run = project.run(&["build", "images"]);
    run.assert_code(1).says(&["the image `web` has no `shpo` in its PATH", "not in /usr/local/sbin, /usr/local/bin"]);
    // A program of the virtualenv is named by its path.
    let run = starting("cmd = [\"shop\"]", &[]).run(&["build", "images"]);
    run.assert_code(1).says(&["the image `web` has no `shop` in its PATH", "did you mean `/opt/shop/bin/shop`?"]);
    // A script that an interpreter is to run is looked for, too.
    let run = starting("entrypoint = [\"/bin/sh\", \"/usr/bin/shopp\"]", &["shop"]).run(&["build", "images"]);
    run.assert_code(1)
        .says(&["the image `web` has no `/usr/bin/shopp`, which /bin/sh is to run", "did you mean `/usr/bin/shop`?"]);
    starting("entrypoint = [\"/bin/sh\", \"-e\"]\ncmd = [\"/usr/bin/shop\"]", &["shop"]).done(&["build", "images"]);
    with("cmd = [\"/bin/sh\", \"/config/run.sh\"]", "/config/run.sh").done(&["build", "images"]);
    let run =
        starting_with("cmd = [\"/bin/sh\", \"/usr/bin/shop\"]", &["shop"], "echo\r\n", "644").run(&["build", "images"]);
    run.assert_code(1).says(&["/bin/sh is to run it, and its lines end as those of Windows do (CR LF)"]);
    // What is refused does not get the release's names, and does not stay without one.
    assert!(!project.images().iter().any(|name| name.starts_with("shop/web:")), "{:?}", project.images());
    assert!(project.images().iter().any(|name| name.starts_with("shop/core:")), "{:?}", project.images());
    assert_eq!(
        project.daemon()["images"].as_array().unwrap().iter().filter(|i| i["tags"] == serde_json::json!([])).count(),
        0
    );
    with("cmd = [\"later\"]", "/usr/local/bin/later").done(&["build", "images"]);
}

#[test]
fn configuration_that_the_package_manager_does_not_know() {
    let project = Project::new();
    project.edit(
        "factory.toml",
        "{ src = \"units/shop.service\"",
        "{ src = \"etc\", dst = \"/etc/shop\" },\n  { src = \"units/shop.service\"",
    );
    let run = project.done(&["build"]);
    run.says(&["no configuration to the package manager", "`type = \"config\"` in the entry of `etc`"]);
    assert_eq!(run.stderr.matches("no configuration to the package manager").count(), 1, "{run}");
    project.edit("factory.toml", "dst = \"/etc/shop\" }", "dst = \"/etc/shop\", type = \"config\" }");
    let run = project.done(&["build"]);
    assert!(!run.stderr.contains("no configuration to the package manager"), "{run}");
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

#[test]
fn an_allowance_for_nothing_is_said_with_its_line() {
    let project = Project::new();
    let allow = "summary = \"sells things\"\nallow = [{ check = \"setuid\", path = \"/opt/shop/none\", reason = \"a test\" }]\n";
    project.edit("factory.toml", "summary = \"sells things\"\n", allow);
    let line = project.read("factory.toml").lines().position(|line| line.starts_with("allow = ")).unwrap() + 1;
    let said =
        format!("`allow` of shop has an entry that nothing needs: setuid at `/opt/shop/none` (factory.toml:{line})");
    project.run(&["build", "--jobs", "1"]).assert_code(1).says(&[&said, "take the entry out"]);
    // One that the program in the image found unneeded.
    let project = Project::new();
    let users = "users = [\"shop\"]\nuser = \"shop\"\n";
    let allow = "allow = [{ check = \"library\", path = \"/opt/shop/none.so\", reason = \"a test\" }]\n";
    project.edit("factory.toml", users, &format!("{users}{allow}"));
    let line = project.read("factory.toml").lines().position(|line| line.starts_with("allow = ")).unwrap() + 1;
    let fails = serde_json::json!({
        "lines": ["#9 `allow` has an entry that nothing needs: library at /opt/shop/none.so"],
        "fail": { "kind": "build", "text": "exit code: 1" }
    });
    project.play(&crate::play::Script::new().on("build", "shop/core", fails));
    project.run(&["build", "images"]).assert_code(1).says(&[
        "nothing needs this entry of `allow`: library at `/opt/shop/none.so`",
        &format!("factory.toml:{line}:"),
    ]);
}

#[test]
fn two_sources_of_one_file_of_a_package() {
    let entry = "  { src = \"units/shop.service\", type = \"service\" },\n";
    for (more, says) in [
        (
            "  { src = \"/usr/bin/shop\", dst = \"/opt/shop/bin/shop\", type = \"symlink\" },\n",
            &[
                "the link to `/usr/bin/shop` brings `/opt/shop/bin/shop`, which",
                "if it was meant the other way round, write `src = \"/opt/shop/bin/shop\", dst = \"/usr/bin/shop\"`",
            ][..],
        ),
        (
            "  { src = \"etc/shop.conf\", dst = \"/opt/shop/bin/shop\" },\n",
            &["`etc/shop.conf` brings `/opt/shop/bin/shop`, which", "give it another `dst`"],
        ),
    ] {
        let project = Project::new();
        project.edit("factory.toml", entry, &format!("{entry}{more}"));
        let line = project.read("factory.toml").lines().position(|line| line == more.trim_end()).unwrap() + 1;
        let run = project.run(&["build", "--jobs", "1"]);
        run.assert_code(1).says(says).says(&[&format!("factory.toml:{line}:")]);
    }
}
