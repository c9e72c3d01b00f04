//! Only what changed is made again: a commit, a description, a configuration file, a module, each costs what depends on it.

use std::{fs, path::Path};

use serde_json::Value;

use crate::project::{Project, Run};

/// A committed project that was built. The commit is of the day 1 in May 2024; nothing else says when it is.
fn built() -> Project {
    let mut project = Project::new();
    project.without_env("SOURCE_DATE_EPOCH");
    project.write(".gitignore", "/.factory\n/packages\n/wheels\n/factory.lock\n");
    shell(&project, "git -c init.defaultBranch=main init -q . && git add .");
    commit(&project, 1, "");
    project.done(&["build"]);
    project.forget_calls();
    project
}

fn shell(project: &Project, script: &str) -> String {
    let run = project.start_shell(script).end();
    run.assert_code(0);
    run.stdout.trim().to_owned()
}

/// Commits everything, on a day in May 2024.
fn commit(project: &Project, day: u8, options: &str) {
    let date = format!("2024-05-{day:02}T00:00:00Z");
    let who = "-c user.name=x -c user.email=x@example.org";
    let dates = format!("GIT_AUTHOR_DATE={date} GIT_COMMITTER_DATE={date}");
    shell(project, &format!("git add . && {dates} git {who} commit -q -m {day} {options}"));
}

fn head(project: &Project) -> String {
    shell(project, "git rev-parse HEAD")
}

/// The day of what a label or a record says, `2024-05-03T00:00:00Z`.
fn day(time: &str) -> u8 {
    time.strip_prefix("2024-05-")
        .and_then(|rest| rest.get(..2))
        .unwrap_or_default()
        .parse()
        .unwrap_or_else(|_| panic!("{time}"))
}

/// The labels of an image.
fn labels(project: &Project, name: &str) -> Value {
    let daemon = project.daemon();
    let images = daemon["images"].as_array().unwrap();
    let has = |image: &&Value| image["tags"].as_array().unwrap().iter().any(|tag| tag == name);
    images.iter().find(has).unwrap_or_else(|| panic!("no {name}"))["labels"].clone()
}

const CORE: &str = "shop/core:debian-12-2.5.11";
const WEB: &str = "shop/web:debian-12-2.5.11";

/// Days of an image, from its label, and of a package, from its record.
fn day_of(project: &Project, step: &str) -> u8 {
    match step {
        "core" => day(labels(project, CORE)["org.opencontainers.image.created"].as_str().unwrap()),
        "web" => day(labels(project, WEB)["org.opencontainers.image.created"].as_str().unwrap()),
        step => day(project.record(&format!("debian-12/{step}"))["inputs"]["time"].as_str().unwrap()),
    }
}

fn days(project: &Project) -> [u8; 4] {
    ["core", "web", "package-shop", "package-shop-web"].map(|step| day_of(project, step))
}

fn packages(project: &Project) -> Vec<(String, Vec<u8>)> {
    let files = project.files("packages").into_iter().filter(|file| file.ends_with(".deb"));
    files.map(|file| (file.clone(), fs::read(project.path("packages").join(file)).unwrap())).collect()
}

/// A build in which nothing but labels was put on so many images.
fn only_labels(project: &Project, images: usize) -> Run {
    project.forget_calls();
    let run = project.done(&["build"]);
    let builds = project.calls_of("build");
    assert_eq!(builds.len(), images, "{builds:#?}\n{run}");
    for call in &builds {
        assert!(call.ends_with(r#"files=["Dockerfile"]"#), "nothing is sent: {call}");
    }
    assert!(project.calls_of("create").is_empty(), "{run}");
    assert_eq!(project.planned(), Vec::<String>::new());
    run
}

#[test]
fn a_commit_makes_nothing_again() {
    let project = built();
    let before = (packages(&project), project.image(CORE));
    commit(&project, 9, "--allow-empty");
    assert_eq!(project.planned(), Vec::<String>::new(), "it is no reason");
    let plan = project.done(&["plan"]);
    assert!(plan.stdout.contains("8 cached, 0 to run\n2 images get this commit as a label"), "{plan}");
    let run = only_labels(&project, 2);
    assert!(run.stderr.contains("only its label of the commit"), "{run}");
    assert_eq!(packages(&project), before.0);
    assert_ne!(project.image(CORE), before.1);
    for name in [CORE, WEB] {
        assert_eq!(labels(&project, name)["org.opencontainers.image.revision"], head(&project), "{name} says which");
    }
    assert_eq!(days(&project), [1; 4], "nothing in them is of the other day");
    let plan = project.done(&["plan"]);
    assert!(plan.stdout.ends_with("8 cached, 0 to run\n"), "{plan}");
    project.assert_tidy();
}

#[test]
fn a_description_is_a_label() {
    let project = built();
    let before = packages(&project);
    project.edit("factory.toml", "repository = \"shop/core\"", "repository = \"shop/core\"\ndescription = \"Sells.\"");
    commit(&project, 2, "");
    let label = "label org.opencontainers.image.description is new";
    assert_eq!(project.planned(), [format!("core: {label}"), format!("web: {label}")], "one made from it has it, too");
    let plan = project.done(&["plan"]);
    assert!(plan.stdout.contains("6 cached, 0 to run, 2 get other labels"), "{plan}");
    only_labels(&project, 2);
    project.edit("factory.toml", "Sells.", "Sells things to people.");
    assert!(
        project.planned()[0].starts_with("core: label org.opencontainers.image.description"),
        "{:?}",
        project.planned()
    );
    only_labels(&project, 2);
    assert_eq!(labels(&project, WEB)["org.opencontainers.image.description"], "Sells things to people.");
    assert_eq!(packages(&project), before);
    // A label cannot be taken off: it is built again, from what the engine has.
    project.edit("factory.toml", "\ndescription = \"Sells things to people.\"", "");
    assert_eq!(project.planned()[0], "core: label org.opencontainers.image.description is gone");
    project.done(&["build"]);
    assert_eq!(labels(&project, CORE)["org.opencontainers.image.description"], Value::Null);
}

#[test]
fn another_release_of_the_same_gets_other_names() {
    let mut project = built();
    project.env("FACTORY_TAG", "2.6.0");
    let planned = project.planned();
    let why = "tag changed, label org.opencontainers.image.version: 2.5.11 -> 2.6.0";
    assert!(planned[0].starts_with("core: label org.opencontainers.image."), "{planned:?}");
    assert!(planned.iter().all(|line| !line.starts_with("wheels")), "{why} {planned:?}");
    project.forget_calls();
    project.done(&["build"]);
    let builds = project.calls_of("build");
    assert!(builds.iter().all(|call| call.ends_with(r#"files=["Dockerfile"]"#)), "{builds:#?}");
    assert_eq!(builds.len(), 2);
    assert_eq!(project.image("shop/core:2.6.0"), project.image("shop/core:debian-12-2.6.0"));
    assert!(project.image(CORE).is_some(), "the other release is what it was");
}

#[test]
fn what_changes_most_comes_last() {
    let project = built();
    let dockerfile = project.dockerfile(CORE);
    let place = |part: &str| dockerfile.find(part).unwrap_or_else(|| panic!("no {part} in\n{dockerfile}"));
    let order = [
        "apt-get install -qq -y",
        "\nRUN [\"useradd\"",
        "/run/wheels \\\n      /opt",
        "/run/app \\\n      /opt",
        "COPY [",
    ];
    assert!(order.map(place).is_sorted(), "{dockerfile}");
    for (file, why) in [
        ("etc/shop.conf", "contents /opt/shop/etc changed"),
        ("app/shop.py", "python folder app changed: shop.py changed"),
    ] {
        project.write(file, "other = 1\n");
        let planned = project.planned();
        assert_eq!(planned[0], format!("core: {why}"));
        assert!(!planned.iter().any(|line| line.starts_with("wheels")), "{planned:?}");
        project.done(&["build"]);
    }
}

#[test]
fn a_link_for_the_virtualenv_comes_before_it() {
    let project = Project::new();
    let contents = "contents = [{ src = \"/srv/shop\", dst = \"/opt/shop\", type = \"symlink\" }, ";
    project.edit("factory.toml", "contents = [{ src = \"etc\"", &format!("{contents}{{ src = \"etc\""));
    project.done(&["build", "images"]);
    let dockerfile = project.dockerfile(CORE);
    assert_eq!(dockerfile.matches("\"ln\",\"-sfn\"").count(), 1, "{dockerfile}");
    assert!(dockerfile.find("\"ln\",\"-sfn\"") < dockerfile.find("virtualenv.py"), "{dockerfile}");
}

#[test]
fn modules_among_the_contents_are_compiled() {
    let project = Project::new();
    project.done(&["build", "images"]);
    assert!(!project.dockerfile(CORE).contains("--compile"));
    project.write("etc/site.py", "x = 1\n");
    project.write("etc/libshop.so.1", "no library\n");
    project.edit("factory.toml", "dst = \"/opt/shop/etc\"", "dst = \"/opt/shop/lib/python3.11/site-packages/etc\"");
    project.done(&["build", "images"]);
    assert!(project.dockerfile(CORE).contains("virtualenv.py --compile /opt/shop\n"));
    let call = project.calls_of("build").pop().unwrap();
    assert!(project.calls_of("build").iter().any(|call| call.contains("scripts/brought")), "{call}");
}

#[test]
fn modules_among_the_contents_are_looked_at() {
    let project = Project::new();
    project.write("etc/plugin.py", "x = 1\n");
    project.done(&["build", "images"]);
    let is_looked_at = |tag: &str| project.dockerfile(tag).contains("virtualenv.py --compile /opt/shop\n");
    assert!(is_looked_at(CORE));
    assert!(project.calls_of("build").iter().any(|call| call.contains("scripts/own")));
}

#[test]
fn an_artifact_is_of_the_commit_that_changed_what_is_in_it() {
    let project = built();
    assert_eq!(days(&project), [1; 4]);
    for (day, file, expected) in [
        (2, "units/shop.service", [1, 1, 2, 1]),
        (3, "web/requirements.txt", [1, 3, 2, 3]),
        (4, "README.md", [1, 3, 2, 3]),
        (5, "etc/shop.conf", [5, 5, 5, 5]),
        (6, "app/more.py", [6, 6, 6, 6]),
    ] {
        let before = fs::read_to_string(project.path(file)).unwrap_or_default();
        project.write(file, &format!("{before}# more\n"));
        commit(&project, day, "");
        project.done(&["build"]);
        assert_eq!(days(&project), expected, "{file}");
    }
    // What is taken away is a change as well, and so is what comes by another branch.
    fs::remove_file(project.path("app/more.py")).unwrap();
    commit(&project, 7, "");
    project.done(&["build"]);
    assert_eq!(days(&project), [7; 4]);
    shell(&project, "git checkout -q -b side");
    project.write("etc/shop.conf", "port = 81\n");
    commit(&project, 8, "");
    shell(&project, "git checkout -q main");
    project.write("README.md", "more\n");
    commit(&project, 9, "");
    let who = "-c user.name=x -c user.email=x@example.org";
    let date = "2024-05-10T00:00:00Z";
    shell(&project, &format!("GIT_AUTHOR_DATE={date} GIT_COMMITTER_DATE={date} git {who} merge -q --no-ff -m m side"));
    project.done(&["build"]);
    assert_eq!(days(&project), [8; 4]);
    // What no commit has is of the one that is checked out.
    project.write("units/shop.service", &(project.read("units/shop.service") + "# mine\n"));
    project.done(&["build"]);
    assert_eq!(days(&project), [8, 8, 10, 8]);
    shell(&project, "git checkout -q units");
    project.write("etc/new.conf", "new\n");
    project.done(&["build"]);
    assert_eq!(days(&project), [10; 4]);
}

#[test]
fn a_day_that_is_set_is_that_of_everything() {
    let mut project = built();
    project.env("SOURCE_DATE_EPOCH", "1714953600");
    project.done(&["build"]);
    assert_eq!(days(&project), [6; 4]);
}

#[test]
fn a_project_below_a_checkout_has_its_own_days() {
    let mut project = Project::new();
    project.without_env("SOURCE_DATE_EPOCH");
    fs::write(project.beside("outside.txt"), "x").unwrap();
    shell(&project, "cd .. && git -c init.defaultBranch=main init -q . && git add shop outside.txt");
    let ceiling = Path::new("/").display().to_string();
    project.env("GIT_CEILING_DIRECTORIES", ceiling);
    commit(&project, 1, "");
    fs::write(project.beside("outside.txt"), "y").unwrap();
    shell(&project, "git add ../outside.txt");
    commit(&project, 2, "");
    project.done(&["build"]);
    assert_eq!(days(&project), [1; 4]);
}

#[test]
fn a_shallow_clone_says_that_it_guesses() {
    let project = built();
    commit(&project, 3, "--allow-empty");
    let run = project.done(&["plan"]);
    assert!(!run.stderr.contains("shallow"), "{run}");
    shell(&project, "git clone -q --depth 1 \"file://$PWD\" ../shallow && rm -rf .git && mv ../shallow/.git .git");
    let run = project.done(&["build"]);
    run.says(&["this clone has no older commits (it is shallow)", "git fetch --unshallow"]);
    assert_eq!(days(&project), [3; 4], "the oldest one that is there");
}

#[test]
fn a_record_knows_what_its_image_was() {
    let project = built();
    let record = project.record("debian-12/core");
    commit(&project, 2, "--allow-empty");
    only_labels(&project, 2);
    let now = project.record("debian-12/core");
    assert_eq!(now["before"], serde_json::json!([record["images"][CORE]]));
    assert_eq!(now["output"], record["output"]);
    assert_eq!(now["took_ms"], record["took_ms"], "what it takes to make it is not what labels take");
}

#[test]
fn what_the_store_has_is_said_and_gets_the_labels_of_this_commit() {
    let project = built();
    let before = packages(&project);
    fs::remove_dir_all(project.path("packages")).unwrap();
    for step in ["core", "web", "package-shop", "package-shop-web"] {
        fs::remove_file(project.path(&format!(".factory/records/debian-12/{step}.json"))).unwrap();
    }
    commit(&project, 9, "--allow-empty");
    let plan = project.done(&["plan", "--output", "json"]).stdout;
    let plan: Value = serde_json::from_str(plan.lines().last().unwrap()).unwrap();
    let state = |step: &str| {
        let rows = plan["rows"].as_array().unwrap();
        rows.iter().find(|row| row["step"] == step).unwrap()["state"].as_str().unwrap().to_owned()
    };
    for step in ["core", "web", "package-shop", "package-shop-web"] {
        assert_eq!(state(step), "store", "{plan:#}");
    }
    only_labels(&project, 2);
    assert_eq!(packages(&project), before);
    assert_eq!(labels(&project, CORE)["org.opencontainers.image.revision"], head(&project));
}
