//! `push` and `tag` give nothing to others whose records are not true.

use std::process::Command;

use crate::{
    project::Project,
    push::{built, push, pushed},
    registry::Registry,
};

/// Makes the project a checkout whose commit holds everything.
fn commit(project: &Project) {
    project.write(".gitignore", "/.factory\n/packages\n/wheels\n");
    for arguments in [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "--message", "all"]] {
        let who = ["-c", "user.name=T", "-c", "user.email=t@example.org"];
        let done = Command::new("git").arg("-C").arg(project.folder()).args(who).args(arguments).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

/// A built and tested release in a clean checkout.
fn tested() -> Option<(Project, Registry)> {
    let project = Project::new();
    let registry = Registry::new(&project)?;
    commit(&project);
    project.done(&["build"]);
    project.forget_calls();
    Some((project, registry))
}

/// Notes a test as `factory test` does when everything passes.
fn note_test(project: &Project, tag: &str) {
    let mut images = serde_json::Map::new();
    for step in ["debian-12/core", "debian-12/web"] {
        images.extend(project.record(step)["images"].as_object().unwrap().clone());
    }
    let package = |name: &str| {
        let files = project.record(&format!("debian-12/package-{name}"))["files"].clone();
        let ours = |file: &&serde_json::Value| file["path"].as_str().unwrap().starts_with("packages/");
        files.as_array().unwrap().iter().find(ours).unwrap()["sha256"].clone()
    };
    let packages = serde_json::json!({ "shop": package("shop"), "shop-web": package("shop-web") });
    let passed =
        serde_json::json!({ "tag": tag, "packages": packages, "images": images, "finished": "2026-01-01T00:00:00Z" });
    project.write(".factory/tests/debian-12/passed.json", &passed.to_string());
}

#[test]
fn a_clean_checkout_is_pushed() {
    let Some((project, registry)) = tested() else { return };
    let run = push(&project, &registry, &[]).ended(0);
    assert!(!run.stderr.contains("no commit holds"), "{run}");
    assert_eq!(pushed(&project).len(), 4);
}

#[test]
fn what_is_pushed_says_the_commit_of_the_release() {
    let Some((project, registry)) = tested() else { return };
    note_test(&project, "2.5.11");
    let who =
        ["-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "--quiet", "--allow-empty", "-m", "release"];
    assert!(Command::new("git").arg("-C").arg(project.folder()).args(who).status().unwrap().success());
    let run = push(&project, &registry, &[]).ended(1);
    run.says(&["debian-12/core is not what this checkout makes: its labels name another commit", "factory build"]);
    project.done(&["build"]);
    let run = push(&project, &registry, &[]).ended(0);
    assert!(!run.stderr.contains("was not tested"), "it is what was tested: {run}");
    assert_eq!(pushed(&project).len(), 4);
}

#[test]
fn changes_that_no_commit_holds() {
    let Some((project, registry)) = tested() else { return };
    project.write("app/new.py", "");
    let run = push(&project, &registry, &[]).ended(1);
    run.says(&["the checkout has changes that no commit holds: app/new.py", "--allow-dirty"]);
    assert!(pushed(&project).is_empty());
    push(&project, &registry, &["--allow-dirty"]).ended(0);
    assert_eq!(pushed(&project).len(), 4, "what was built before");
}

#[test]
fn files_that_changed_since() {
    // Outside git nobody can say what is dirty; the records can say what would be made now.
    let Some((project, registry)) = built() else { return };
    project.edit("app/shop.py", "sold", "bought");
    let run = push(&project, &registry, &[]).ended(1);
    run.says(&["debian-12/core is not what this checkout makes: ", "app", "factory build"]);
    assert!(pushed(&project).is_empty());
    let before = project.image("shop/core:2.5.11");
    push(&project, &registry, &["--allow-dirty"]).ended(0);
    assert_eq!((pushed(&project).len(), project.image("shop/core:2.5.11")), (4, before), "what was built is pushed");
}

#[test]
fn what_was_built_again_since_its_test() {
    let Some((project, registry)) = tested() else { return };
    note_test(&project, "2.5.11");
    push(&project, &registry, &["--dry-run"]).ended(0);
    project.edit("app/shop.py", "sold", "bought");
    project.done(&["build"]);
    commit(&project);
    project.done(&["build"]);
    let run = push(&project, &registry, &[]).ended(1);
    run.says(&["on debian-12 was built again since its test", "`factory test` tests what is there now"]);
    assert!(pushed(&project).is_empty());
    note_test(&project, "2.5.11");
    let run = push(&project, &registry, &[]).ended(0);
    assert!(!run.stderr.contains("not tested"), "{run}");
}

#[test]
fn what_was_never_tested_is_said() {
    let Some((project, registry)) = tested() else { return };
    note_test(&project, "2.5.10");
    let run = push(&project, &registry, &[]).ended(0);
    run.says(&["shop 2.5.11 was not tested on debian-12"]);
}

#[test]
fn a_tag_of_what_is_not_true() {
    let Some((project, _registry)) = tested() else { return };
    let text =
        project.read("factory.toml") + "\n[[repository]]\nname = \"shop\"\ngit = \"file:///nowhere\"\nref = \"main\"\n";
    project.write("factory.toml", &text);
    let run = project.run(&["tag"]).ended(1);
    run.says(&["no tag was touched: the checkout has changes that no commit holds: factory.toml"]);
    commit(&project);
    project.done(&["build"]);
    note_test(&project, "2.5.11");
    project.edit("app/shop.py", "sold", "bought");
    commit(&project);
    project.done(&["build"]);
    let run = project.run(&["tag"]).ended(1);
    run.says(&["no tag was touched: ", "was built again since its test"]);
    let run = project.run(&["tag", "--allow-dirty"]).ended(1);
    run.says(&["was built again since its test"]);
}

/// What cannot be read is not taken for "nothing is known against it".
#[test]
fn what_cannot_be_read_is_not_true() {
    let Some((project, registry)) = tested() else { return };
    let text =
        project.read("factory.toml") + "\n[[repository]]\nname = \"shop\"\ngit = \"file:///nowhere\"\nref = \"main\"\n";
    project.write("factory.toml", &text);
    commit(&project);
    project.done(&["build"]);
    note_test(&project, "2.5.11");
    for file in ["tests/debian-12/passed.json", "tests/debian-12/failed.json", "records/debian-12/core.json"] {
        let path = format!(".factory/{file}");
        let before = project.path(&path).exists().then(|| project.read(&path));
        project.write(&path, "{ \"version\": 1, ");
        let run = project.run(&["tag"]).ended(1);
        run.says(&[&format!("`{path}` cannot be read"), &format!("`rm -r {path}`")]);
        push(&project, &registry, &["--allow-dirty"]).ended(1);
        assert!(pushed(&project).is_empty());
        match before {
            Some(text) => project.write(&path, &text),
            None => std::fs::remove_file(project.path(&path)).unwrap(),
        }
    }
    std::fs::remove_dir_all(project.path(".factory/records")).unwrap();
    project.write(".factory/records", "");
    project.run(&["tag"]).ended(1).says(&["`.factory/records` cannot be read: "]);
}

fn git(project: &Project, arguments: &[&str]) {
    let who = ["-c", "user.name=T", "-c", "user.email=t@example.org"];
    let done = Command::new("git").arg("-C").arg(project.folder()).args(who).args(arguments).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_release_whose_git_tag_stands_elsewhere() {
    let Some((project, registry)) = tested() else { return };
    git(&project, &["tag", "v2.5.11"]);
    let said = "the git tag `v2.5.11` is on ";
    for verb in ["plan", "build"] {
        let run = project.done(&[verb]);
        assert!(!run.stderr.contains("the git tag"), "{run}");
    }
    git(&project, &["commit", "--quiet", "--allow-empty", "--message", "after"]);
    for verb in ["plan", "build"] {
        project.done(&[verb]).says(&[said, "and the checkout is at", "`git checkout v2.5.11`", "`--tag`"]);
    }
    let run = push(&project, &registry, &[]).ended(1);
    run.says(&[said, "or `--allow-dirty`"]);
    assert!(pushed(&project).is_empty());
    push(&project, &registry, &["--allow-dirty"]).ended(0);
    assert_eq!(pushed(&project).len(), 4);
    let run = project.run(&["publish", "--into", "repository"]);
    assert!(!run.stderr.contains(said), "there is nothing of the release: {run}");
    project.write("packages/debian-12/x.wapt", "");
    project.run(&["publish", "--tag", "2.5.11", "--into", "repository"]).assert_code(1).says(&[said]);
    let run = project.run(&["publish", "--tag", "2.5.11", "--allow-dirty", "--into", "repository"]);
    assert!(!run.stderr.contains(said), "{run}");
    project.run(&["build", "--publish", "repository"]).assert_code(1).says(&[said, "or `--allow-dirty`"]);
}

#[test]
fn one_of_several_tags_on_the_commit() {
    let Some((mut project, _registry)) = tested() else { return };
    project.without_env("FACTORY_TAG");
    git(&project, &["tag", "2.5.11"]);
    let run = project.done(&["plan"]);
    assert!(!run.stderr.contains("the commit has the tags"), "{run}");
    git(&project, &["tag", "2.5.12"]);
    let said = "the commit has the tags `2.5.11` and `2.5.12`: the release is `2.5.11`, the newest annotated one";
    for verb in ["plan", "build"] {
        project.done(&[verb]).says(&[said, "`--tag`"]);
    }
    git(&project, &["tag", "--annotate", "--message", "x", "2.5.13"]);
    project.done(&["plan"]).says(&["the commit has the tags `2.5.13`, `2.5.11` and `2.5.12`"]);
    let run = project.done(&["plan", "--tag", "2.5.12"]);
    assert!(!run.stderr.contains("the commit has the tags"), "{run}");
}
