//! `factory tag` on repositories that git itself is asked for: what is refused before anything, what is done, and what is
//! said of it.

use std::{fs, path::Path};

use crate::{
    project::Project,
    repository::{Repository, git},
    servers::{LOGIN, Ssh, assert_kept, https, ssh, user},
};

/// A project whose release tags three repositories beside it, at the branch that is named, which is `main`.
fn release() -> (Project, [Repository; 3]) {
    let mut project = Project::new();
    project.env("FACTORY_BRANCH", "main");
    let repositories = ["core", "cat", "bricks"].map(|name| {
        let repository = Repository::new(&project, name, &[("README", name)]);
        add(&project, name, &format!("../{name}.git"));
        repository
    });
    fs::write(project.beside("home/.gitconfig"), "[user]\n\tname = Anna\n\temail = anna@example.org\n").unwrap();
    (project, repositories)
}

/// Adds a repository to the recipe.
fn add(project: &Project, name: &str, address: &str) {
    let text = project.read("factory.toml");
    project.write("factory.toml", &format!("{text}\n[[repository]]\nname = \"{name}\"\ngit = \"{address}\"\n"));
}

/// The tags of a repository with their commits.
fn tags(repository: &Repository) -> Vec<String> {
    let found = git(
        repository.bare(),
        &["for-each-ref", "--format=%(refname:short) %(objectname) %(*objectname)", "refs/tags"],
    );
    found
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            format!("{} {}", words[0], words[words.len() - 1])
        })
        .collect()
}

/// The only tag that there is.
fn at(repository: &Repository) -> Vec<String> {
    vec![format!("2.5.11 {}", repository.head())]
}

/// What stdout shows, with the commits of these tests, which are new every day, taken out.
macro_rules! shows_tags {
    ($project:expr, $text:expr) => {
        let mut settings = $project.filters();
        settings.add_filter(r"\b[0-9a-f]{7}\b", "[COMMIT]");
        settings.bind(|| insta::assert_snapshot!($text));
    };
}

#[test]
fn all_of_them_get_the_tag() {
    let (project, repositories) = release();
    let run = project.done(&["tag", "--dry-run"]);
    shows_tags!(project, run.stdout);
    assert!(repositories.iter().all(|repository| tags(repository).is_empty()), "a dry run changed something");
    let run = project.done(&["tag"]);
    shows_tags!(project, run.stdout);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{run}");
    for repository in &repositories {
        assert_eq!(tags(repository), at(repository));
        let kind = git(repository.bare(), &["cat-file", "-t", "2.5.11"]);
        assert_eq!(kind, "commit", "without a text it is lightweight");
    }
    let run = project.done(&["tag", "--output", "json"]);
    shows_tags!(project, run.stdout);
    // Neither the state nor the checkouts of the project come into it.
    assert!(project.files(".factory").iter().all(|file| file.starts_with("logs/")), "{:?}", project.files(".factory"));
}

#[test]
fn a_missing_reference_in_one_of_them() {
    let (project, repositories) = release();
    repositories[1].git(&["push", "--quiet", "origin", "main:other"]);
    git(repositories[1].bare(), &["symbolic-ref", "HEAD", "refs/heads/other"]);
    git(repositories[1].bare(), &["update-ref", "-d", "refs/heads/main"]);
    add(&project, "gone", "../gone.git");
    let run = project.run(&["tag"]);
    run.assert_code(1);
    shows!(project, run.stderr);
    assert_eq!(run.stdout, "");
    assert!(repositories.iter().all(|repository| tags(repository).is_empty()), "something was tagged");
    project.edit("factory.toml", "\n[[repository]]\nname = \"gone\"\ngit = \"../gone.git\"\n", "");
    project.run(&["tag"]).assert_code(2).says(&["repository `cat`: there is no branch or tag `main`"]);
    project.edit("factory.toml", "git = \"../cat.git\"", "git = \"../cat.git\"\nref = \"other\"");
    project.done(&["tag"]);
    assert_eq!(tags(&repositories[1]), at(&repositories[1]));
}

#[test]
fn what_a_reference_may_be() {
    let (project, [core, cat, bricks]) = release();
    let old = core.head();
    core.commit(&[("README", "two")]);
    cat.git(&["tag", "--annotate", "--message", "x", "rc1"]);
    cat.push();
    let before = cat.head();
    cat.commit(&[("README", "two")]);
    let other = bricks.head();
    bricks.commit(&[("README", "two")]);
    for (name, reference) in [("core", &old[..]), ("cat", "refs/tags/rc1"), ("bricks", &other[..9])] {
        let git = format!("git = \"../{name}.git\"");
        project.edit("factory.toml", &git, &format!("{git}\nref = \"{reference}\""));
    }
    project.done(&["tag"]);
    assert_eq!(tags(&core), [format!("2.5.11 {old}")]);
    assert_eq!(tags(&cat), [format!("2.5.11 {before}"), format!("rc1 {before}")]);
    assert_eq!(tags(&bricks), [format!("2.5.11 {other}")]);
    let unknown = "1234567".repeat(6)[..40].to_owned();
    project.edit("factory.toml", &old, &unknown);
    let run = project.run(&["tag", "--tag", "2.5.12"]);
    run.assert_code(2).says(&[&format!("repository `core`: there is no commit {unknown}")]);
    assert_eq!(tags(&bricks).len(), 1, "something was tagged");
}

#[test]
fn a_tag_that_no_build_takes() {
    let (project, [core, ..]) = release();
    for tag in ["3.7.8-1", "next", "2.5.11~rc1"] {
        let run = project.run(&["tag", "--tag", tag]);
        run.assert_code(2).says(&["no tag was touched", "does not say which version it is", "`--tag "]);
        project.run(&["build", "--tag", tag]).assert_code(2);
    }
    assert!(tags(&core).is_empty());
    // One that is there can go.
    core.git(&["push", "--quiet", "origin", "HEAD:refs/tags/3.7.8-1"]);
    project.done(&["tag", "--tag", "3.7.8-1", "--delete"]);
    assert!(tags(&core).is_empty());
}

#[test]
fn a_tag_that_is_there_already() {
    let (project, [core, cat, bricks]) = release();
    let old = cat.head();
    core.git(&["push", "--quiet", "origin", "HEAD:refs/tags/2.5.11"]);
    cat.git(&["push", "--quiet", "origin", "HEAD:refs/tags/2.5.11"]);
    cat.commit(&[("README", "two")]);
    let run = project.run(&["tag"]);
    run.assert_code(1);
    shows_tags!(project, run.stderr);
    assert!(tags(&bricks).is_empty());
    assert_eq!(tags(&cat), [format!("2.5.11 {old}")]);
    project.done(&["tag", "--move", "--dry-run"]);
    assert_eq!(tags(&cat), [format!("2.5.11 {old}")]);
    let run = project.done(&["tag", "--move"]);
    shows_tags!(project, run.stdout);
    assert_eq!(tags(&cat), at(&cat));
    assert_eq!(tags(&bricks), at(&bricks));
}

#[test]
fn an_annotated_tag() {
    let (project, [core, ..]) = release();
    project.done(&["tag", "--message", "Canopsis 2.5.11\n\n# of a Monday"]);
    assert_eq!(tags(&core), at(&core));
    let text = git(core.bare(), &["cat-file", "tag", "2.5.11"]);
    assert!(
        text.contains("tagger Anna <anna@example.org>") && text.ends_with("Canopsis 2.5.11\n\n# of a Monday"),
        "{text}"
    );
    project.done(&["tag", "--message", "again"]).says(&[]);
    assert_eq!(git(core.bare(), &["cat-file", "tag", "2.5.11"]), text, "one that is there is left alone");
    core.commit(&[("README", "two")]);
    project.done(&["tag", "--move", "--message", "moved"]);
    assert_eq!(tags(&core), at(&core));
    assert!(git(core.bare(), &["cat-file", "tag", "2.5.11"]).ends_with("moved"));
    // Deleting asks for no reference.
    project.edit("factory.toml", "git = \"../core.git\"", "git = \"../core.git\"\nref = \"nowhere\"");
    let run = project.done(&["tag", "--delete"]);
    shows_tags!(project, run.stdout.replacen(&core.head()[..7], "[COMMIT]", 9));
    assert!(tags(&core).is_empty());
    let run = project.done(&["tag", "--delete"]);
    assert!(run.stdout.contains("3 was not there"), "{run}");
}

#[test]
fn an_author_and_a_key_are_needed_before_anything() {
    let (project, [core, ..]) = release();
    let config = project.beside("home/.gitconfig");
    fs::write(&config, "[user]\n\tuseConfigOnly = true\n").unwrap();
    let run = project.run(&["tag", "--message", "x"]);
    run.assert_code(1).says(&["the tag could not be written", "git config --global user.name"]);
    let key = project.beside("home/key").display().to_string();
    let signing =
        format!("[user]\n\tname = Anna\n\temail = anna@example.org\n\tsigningKey = {key}\n[gpg]\n\tformat = ssh\n");
    fs::write(&config, signing).unwrap();
    let run = project.run(&["tag", "--message", "x", "--sign"]);
    run.assert_code(1).says(&["the tag could not be signed", "user.signingKey"]);
    assert!(tags(&core).is_empty());
    let made = std::process::Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &key]).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("left out: `ssh-keygen` is not installed here");
        return;
    }
    project.done(&["tag", "--message", "x", "--sign"]);
    assert!(git(core.bare(), &["cat-file", "tag", "2.5.11"]).contains("-----BEGIN SSH SIGNATURE-----"));
}

/// Has a repository refuse what is pushed.
fn refuse(repository: &Repository) {
    git(repository.bare(), &["config", "transfer.hideRefs", "refs/tags"]);
}

#[test]
fn a_failure_midway_is_completed_by_the_same_command() {
    let (project, [core, cat, bricks]) = release();
    refuse(&cat);
    let run = project.run(&["tag"]);
    run.assert_code(1);
    shows_tags!(project, run.stdout);
    shows!(project, run.stderr);
    assert_eq!((tags(&core), tags(&cat).len(), tags(&bricks).len()), (at(&core), 0, 0));
    git(cat.bare(), &["config", "--unset", "transfer.hideRefs"]);
    let run = project.done(&["tag"]);
    assert!(run.stdout.contains("1 was there, 2 created"), "{run}");
    assert_eq!((tags(&cat), tags(&bricks)), (at(&cat), at(&bricks)));
}

#[test]
fn a_tag_that_somebody_else_moves_meanwhile() {
    let (project, [core, cat, _bricks]) = release();
    let real = which_git();
    // Between the look and the push, somebody else is faster.
    let race = format!(
        "#!/bin/sh\ncase \" $* \" in *' push '*cat.git*) {real} -C {} update-ref refs/tags/2.5.11 {};; esac\nexec {real} \"$@\"\n",
        cat.bare().display(),
        cat.head()
    );
    cat.git(&["push", "--quiet", "origin", "HEAD:refs/tags/2.5.11"]);
    let first = cat.head();
    cat.commit(&[("README", "two")]);
    let race = race.replace(&first, &cat.commit(&[("README", "three")]));
    cat.git(&["push", "--quiet", "--force", "origin", "HEAD~1:refs/heads/main"]);
    project.program("git", &race);
    let run = project.run(&["tag", "--move"]);
    run.assert_code(1).says(&["repository `cat`: the server refused: stale info"]);
    assert_eq!(tags(&cat), [format!("2.5.11 {}", cat.head())], "theirs stays");
    assert_eq!(tags(&core), at(&core));
}

#[test]
fn ctrl_c_midway() {
    let (project, [core, cat, bricks]) = release();
    let (real, pushing) = (which_git(), project.beside("home/pushing"));
    let slow = format!(
        "#!/bin/sh\ncase \" $* \" in *' push '*cat.git*) touch {}; exec sleep 600;; esac\nexec {real} \"$@\"\n",
        pushing.display()
    );
    project.program("git", &slow);
    let mut running = project.start(&["tag"]);
    running.until("the second push", || pushing.exists());
    running.signal(rustix::process::Signal::INT);
    let run = running.end();
    run.assert_code(130).says(&["interrupted", "the same command does the rest"]);
    assert!(run.stdout.contains("1 created, 1 failed, 1 not done"), "{run}");
    assert_eq!((tags(&core), tags(&cat).len()), (at(&core), 0));
    fs::remove_file(project.beside("bin/git")).unwrap();
    project.done(&["tag"]);
    assert_eq!((tags(&cat), tags(&bricks)), (at(&cat), at(&bricks)));
}

fn which_git() -> String {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|folder| folder.join("git")).find(|path| path.is_file());
    found.unwrap().display().to_string()
}

#[test]
fn words_that_are_no_tag() {
    let (mut project, [core, ..]) = release();
    project.program("git", "#!/bin/sh\ntouch \"$HOME/asked\"\nexit 1\n");
    let hash = core.head();
    for word in ["--delete", "-d", "a b", "../x", "a/b", "x.lock", "$(id)", "a\u{1b}[31m", "HEAD", &hash] {
        let run = project.run(&["tag", &format!("--tag={word}")]);
        run.assert_code(2).says(&["is not a valid"]);
        assert!(!run.stderr.contains("\u{1b}[31m"), "{run}");
    }
    project.without_env("FACTORY_TAG");
    project.run(&["tag"]).assert_code(2).says(&["nothing says which tag"]);
    project.env("FACTORY_TAG", "2.5.12");
    project.run(&["tag", "--message", " "]).assert_code(2).says(&["the text of an annotated tag is empty"]);
    let run = project.run(&["tag", "--branch=--upload-pack=id"]);
    run.assert_code(2).says(&["`--upload-pack=id` is not a valid git reference"]);
    assert!(!project.beside("home/asked").exists(), "git was called");
}

#[test]
fn recipes_that_name_no_repository_or_a_wrong_one() {
    let project = Project::new();
    project.run(&["tag"]).assert_code(2).says(&["the recipe names no repository to tag", "[[repository]]"]);
    add(&project, "core", "https://anna:s3cr3t@git.example.org/core.git");
    add(&project, "core", "../core.git");
    let text = project.read("factory.toml");
    project.write("factory.toml", &format!("{text}\n[[repository]]\nname = \"Core\"\nref = \"a..b\"\n"));
    let run = project.run(&["tag"]);
    run.assert_code(2);
    assert!(!run.stderr.contains("s3cr3t"), "{run}");
    shows!(project, run.stderr);
}

#[test]
fn over_https_with_a_login() {
    let (mut project, repositories) = release();
    let Some((_server, port)) = https(&project, Some(LOGIN)) else { return };
    project.env("FACTORY_CA_BUNDLE", project.beside("home/ca.pem").display().to_string());
    project.edit("factory.toml", "git = \"../", &format!("git = \"https://127.0.0.1:{port}/"));
    for repository in &repositories {
        git(repository.bare(), &["config", "http.receivepack", "true"]);
    }
    let run = project.run(&["tag"]);
    run.assert_code(1).says(&["3 of 3 repositories are not ready", "the server wants a login"]);
    let login = format!("https://{LOGIN}@127.0.0.1:{port}\n");
    fs::write(project.beside("home/.git-credentials"), login).unwrap();
    let config = "[credential]\n\thelper = store\n[user]\n\tname = Anna\n\temail = anna@example.org\n";
    fs::write(project.beside("home/.gitconfig"), config).unwrap();
    for words in [&["tag"][..], &["tag", "-v", "--output", "json"], &["tag", "--delete"], &["tag", "--message", "x"]] {
        let run = project.done(words);
        assert_kept(&project, &run);
    }
    for repository in &repositories {
        assert_eq!(tags(repository), at(repository));
    }
}

#[test]
fn over_ssh() {
    let (mut project, [core, ..]) = release();
    let Some(ssh) = ssh(&mut project) else { return };
    ssh.is_known(&project);
    Ssh::has_key(&project);
    let place = |name: &str| Path::new(&project.beside(name)).display().to_string();
    let address = format!("git = \"ssh://{}@127.0.0.1:{}{}", user(), ssh.port, place(""));
    project.edit("factory.toml", "git = \"../", &format!("{}/", address.trim_end_matches('/')));
    project.done(&["tag"]);
    assert_eq!(tags(&core), at(&core));
    project.done(&["tag", "--delete"]);
    assert!(tags(&core).is_empty());
}

/// The project as a checkout of one of its repositories, whose commit holds everything.
fn own(project: &Project, address: &str) -> Repository {
    let own = Repository::new(project, "own", &[("README", "own")]);
    add(project, "own", "../own.git");
    project.write(".gitignore", "/.factory\n/packages\n/wheels\n");
    git(project.folder(), &["init", "--quiet", "--initial-branch=main"]);
    git(project.folder(), &["remote", "add", "origin", address]);
    commit(project);
    own
}

fn commit(project: &Project) {
    git(project.folder(), &["add", "."]);
    git(project.folder(), &["commit", "--quiet", "--allow-empty", "--message", "more"]);
}

fn give(project: &Project, own: &Repository) {
    git(project.folder(), &["push", "--quiet", "--force", own.bare().to_str().unwrap(), "HEAD:main"]);
}

#[test]
fn the_own_repository_is_tagged_where_the_checkout_is() {
    let (project, _) = release();
    let own = own(&project, "https://ci:secret@git.example.org/shop.git");
    give(&project, &own);
    commit(&project);
    // What is there is known here, and is not what is checked out.
    let run = project.run(&["tag"]);
    run.assert_code(1).says(&["would get the tag, and this checkout of the repository is at", "--allow-dirty"]);
    shows_tags!(project, run.stderr);
    assert!(tags(&own).is_empty());
    give(&project, &own);
    project.done(&["tag"]);
    assert_eq!(tags(&own), [format!("2.5.11 {}", git(project.folder(), &["rev-parse", "HEAD"]))]);
}

#[test]
fn the_own_repository_may_be_ahead() {
    let (project, _) = release();
    let own = own(&project, &format!("file://{}", project.beside("own").display()));
    // Nothing of it was fetched: its address alone says whose it is.
    let run = project.run(&["tag"]);
    run.assert_code(1).says(&["this checkout of the repository is at"]);
    let run = project.done(&["tag", "--allow-dirty"]);
    assert!(run.stdout.contains("own"), "{run}");
    assert_eq!(tags(&own), at(&own));
}

#[test]
fn a_tag_of_the_checkout_is_somewhere_else() {
    let (project, repositories) = release();
    let own = own(&project, "https://git.example.org/shop.git");
    git(project.folder(), &["tag", "v2.5.11"]);
    commit(&project);
    give(&project, &own);
    let run = project.run(&["tag"]);
    run.assert_code(1).says(&["no tag was touched: the git tag `v2.5.11` is on"]);
    assert!(repositories.iter().all(|repository| tags(repository).is_empty()));
    project.done(&["tag", "--move"]);
    assert!(!tags(&own).is_empty());
}

#[test]
fn a_lock_that_no_commit_holds_is_said() {
    let (project, _) = release();
    let own = own(&project, "https://git.example.org/shop.git");
    give(&project, &own);
    let said = "the commit has another `factory.lock` than this checkout, or none";
    assert!(!project.done(&["tag", "--dry-run"]).stderr.contains(said));
    project.write("factory.lock", "version = 1\n");
    project.done(&["tag", "--dry-run"]).says(&[said, "git add factory.lock"]);
    // Nor does git, where it ignores it.
    project.write(".gitignore", "/.factory\n/packages\n/wheels\n/factory.lock\n");
    commit(&project);
    give(&project, &own);
    project.done(&["tag", "--dry-run"]).says(&[said]);
    git(project.folder(), &["add", "--force", "factory.lock"]);
    commit(&project);
    give(&project, &own);
    assert!(!project.done(&["tag", "--dry-run"]).stderr.contains(said));
}
