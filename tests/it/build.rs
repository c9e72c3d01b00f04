//! `plan` and `build` where everything works.

use std::fs;

use sha2::{Digest as _, Sha256};

use crate::{deb, project::Project};

/// The calls that change something in the daemon.
const CHANGES: [&str; 13] = [
    "pull",
    "import",
    "build",
    "tag",
    "remove_image",
    "push",
    "create",
    "start",
    "exec",
    "stop",
    "remove",
    "upload",
    "download",
];

/// The changes among the daemon's calls.
pub fn changes(project: &Project) -> Vec<String> {
    CHANGES.iter().flat_map(|method| project.calls_of(method)).collect()
}

pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[test]
fn a_first_build_makes_everything() {
    let project = Project::new();
    let run = project.done(&["build", "--jobs", "1"]);
    shows!(project, run.stdout);
    shows!(project, run.stderr);
    assert_eq!(
        project.records(),
        ["base", "builder", "core", "package-shop", "package-shop-web", "web", "wheels-core", "wheels-web"]
            .map(|step| format!("debian-12/{step}"))
    );
    let names = ["shop/core:2.5.11", "shop/core:debian-12-2.5.11", "shop/web:2.5.11", "shop/web:debian-12-2.5.11"];
    for name in names {
        assert!(project.images().contains(name), "{name} is not in the daemon: {:?}", project.images());
    }
    project.assert_tidy();
}

#[test]
fn what_is_in_the_packages() {
    let project = Project::new();
    project.done(&["build"]);
    let shop = fs::read(project.path("packages/debian-12/shop_2.5.11-1~deb12_all.deb")).unwrap();
    let web = fs::read(project.path("packages/debian-12/shop-web_2.5.11-1~deb12_all.deb")).unwrap();
    shows!(project, deb::listing(&shop).join("\n"));
    assert_eq!(deb::control(&shop, "conffiles"), "/opt/shop/etc/shop.conf\n");
    let listed = deb::listing(&web);
    assert!(listed.contains(&"644 root:root ./opt/web/page.html".to_owned()), "{listed:?}");
    assert!(!listed.iter().any(|line| line.contains("opt/shop")), "what `without` names is left out: {listed:?}");
    let fields = deb::control(&web, "control");
    assert!(fields.contains("\nDepends: shop (= 2.5.11-1~deb12)\n"), "{fields}");
}

#[test]
fn the_checksums_are_those_of_the_packages() {
    let project = Project::new();
    project.done(&["build"]);
    let sums = project.read("packages/debian-12/SHA256SUMS");
    let line = |name: &str| {
        let bytes = fs::read(project.path("packages/debian-12").join(name)).unwrap();
        format!("{}  {name}", sha256(&bytes))
    };
    let expected = ["shop-web_2.5.11-1~deb12_all.deb", "shop_2.5.11-1~deb12_all.deb"].map(line);
    assert_eq!(sums.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_second_build_does_nothing() {
    let project = Project::new();
    project.done(&["build"]);
    project.forget_calls();
    let before = project.daemon();
    let run = project.done(&["build", "--jobs", "1"]);
    assert_eq!(changes(&project), Vec::<String>::new());
    assert_eq!(project.daemon(), before);
    shows!(project, run.stderr);
    assert!(run.stdout.contains("all 8 from cache"), "{run}");
}

#[test]
fn the_plan_before_and_after() {
    let project = Project::new();
    let run = project.done(&["plan"]);
    shows!(project, run.stdout);
    assert_eq!(run.stderr, "");
    project.done(&["build"]);
    shows!(project, project.done(&["plan"]).stdout);
}

#[test]
fn a_plan_does_nothing() {
    let project = Project::new();
    let before = project.files("");
    let plan = project.done(&["plan"]);
    let dry = project.done(&["build", "--dry-run"]);
    assert_eq!(project.files(""), before);
    assert_eq!(changes(&project), Vec::<String>::new());
    assert_eq!(plan.stdout, dry.stdout);
}

#[test]
fn only_what_is_asked_for() {
    let records = |what: &str| -> String {
        let project = Project::new();
        project.done(&["build", what]);
        project.records().join(" ").replace("debian-12/", "")
    };
    assert_eq!(records("wheels"), "base builder wheels-core wheels-web");
    assert_eq!(records("images"), "base builder core web wheels-core wheels-web");
    assert_eq!(records("packages"), "base builder core package-shop package-shop-web web wheels-core wheels-web");
    let project = Project::new();
    project.done(&["build", "wheels"]);
    assert!(project.calls_of("build").iter().all(|call| call.contains("/builder:")), "{:?}", project.calls_of("build"));
}

#[test]
fn platforms_are_chosen_by_variable_and_option() {
    let mut project = Project::with_two_platforms();
    let planned = |project: &Project, arguments: &[&str]| -> Vec<&str> {
        let plan = project.done(&[&["plan"], arguments].concat()).stdout;
        ["debian-12", "debian-99"].into_iter().filter(|id| plan.lines().any(|line| line == *id)).collect()
    };
    assert_eq!(planned(&project, &[]), ["debian-12", "debian-99"], "all without a choice");
    for choice in ["debian-99", "nn", " debian-99 ", ",debian-99,"] {
        project.env("SYSBASE", choice);
        assert_eq!(planned(&project, &[]), ["debian-99"], "SYSBASE={choice:?}");
    }
    for choice in ["debian-99,debian-12", "debian-99 debian-12", "bookworm\tnn"] {
        project.env("SYSBASE", choice);
        assert_eq!(planned(&project, &[]), ["debian-12", "debian-99"], "SYSBASE={choice:?}");
    }
    project.env("SYSBASE", "debian-99");
    assert_eq!(planned(&project, &["--platform", "bookworm"]), ["debian-12"], "the option wins");
    project.env("SYSBASE", "");
    assert_eq!(planned(&project, &[]), ["debian-12", "debian-99"], "empty is not a choice");
}

#[test]
fn a_platform_leaves_the_others_alone() {
    let project = Project::with_two_platforms();
    project.done(&["build", "--platform", "debian-99"]);
    let of_the_other = |file: &String| file.contains("debian-12");
    assert!(!project.records().iter().any(of_the_other), "{:?}", project.records());
    assert!(!project.files("packages").iter().any(of_the_other) && !project.files("wheels").iter().any(of_the_other));
    let plain = project.images().into_iter().filter(|name| name.ends_with(":2.5.11")).count();
    assert_eq!(plain, 0, "the plain tag is the official platform's");
}

#[test]
fn images_without_cached_layers() {
    let project = Project::new();
    project.done(&["build"]);
    project.forget_calls();
    let run = project.done(&["build", "--no-cache", "--jobs", "1"]);
    let builds = project.calls_of("build");
    assert_eq!(builds.len(), 2, "both images: {builds:?}");
    assert!(builds.iter().all(|call| call.contains("no_cache=true")), "{builds:?}");
    // The scripted daemon gives the same image for the same context: what follows is not done again.
    assert!(project.calls_of("create").is_empty(), "{run}");
}

#[test]
fn the_time_of_the_artifacts_is_the_commit_s() {
    let project = Project::new();
    let git = "export GIT_AUTHOR_DATE='2024-05-06T07:08:09Z' GIT_COMMITTER_DATE='2024-05-06T07:08:09Z'
        git -c init.defaultBranch=main init -q . && git add . &&
        git -c user.name=x -c user.email=x@example.org commit -qm x && git tag 7.0.1";
    project.start_shell(git).end().assert_code(0);
    let mut project = project;
    project.without_env("FACTORY_TAG").without_env("SOURCE_DATE_EPOCH");
    project.done(&["build"]);
    let builds = project.calls_of("build");
    let core = builds.iter().find(|call| call.contains("shop/core:debian-12-7.0.1")).expect("the tag is git's");
    assert!(core.contains(r#""org.opencontainers.image.created":"2024-05-06T07:08:09Z""#), "{core}");
    let revision = project.start_shell("git rev-parse HEAD").end().stdout;
    assert!(core.contains(&format!(r#""org.opencontainers.image.revision":"{}""#, revision.trim())), "{core}");
}
