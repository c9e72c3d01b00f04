//! The project's own checkout, as a stranger may have made it: nothing that it configures runs, and what cannot be known of
//! it is an error.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::Path,
};

use crate::{
    project::{Project, Run},
    registry::Registry,
    repository::{Repository, add_source, git, use_in_image},
};

/// What `canary` writes when something ran.
fn ran(project: &Project) -> bool {
    project.beside("ran").exists()
}

/// Makes the project a checkout whose commit holds everything. Git's own program is in the test's hands alone.
fn commit(project: &Project) {
    project.write(".gitignore", "/.factory\n/packages\n/wheels\n");
    for words in [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "--message", "all"]] {
        git(project.folder(), words);
    }
}

/// A configuration in which everything that can name a program names one.
fn hostile(project: &Project) -> String {
    let canary = project.beside("canary");
    fs::write(&canary, format!("#!/bin/sh\ntouch '{}'\nexit 1\n", project.beside("ran").display())).unwrap();
    fs::set_permissions(&canary, fs::Permissions::from_mode(0o755)).unwrap();
    let text = r#"
[core]
	fsmonitor = CANARY
	hooksPath = HOOKS
	pager = CANARY
	editor = CANARY
	sshCommand = CANARY
	gitProxy = CANARY
	askPass = CANARY
	alternateRefsCommand = CANARY
	attributesFile = HOOKS/attributes
	excludesFile = HOOKS/attributes
[filter "evil"]
	clean = CANARY
	smudge = CANARY
	process = CANARY
	required = true
[diff]
	external = CANARY
[diff "evil"]
	textconv = CANARY
	command = CANARY
[merge "evil"]
	driver = CANARY
[log]
	showSignature = true
[gpg]
	program = CANARY
[gpg "ssh"]
	program = CANARY
	defaultKeyCommand = CANARY
[alias]
	status = !CANARY
	config = !CANARY
	rev-list = !CANARY
[credential]
	helper = !CANARY
[uploadpack]
	packObjectsHook = CANARY
[trace2]
	eventTarget = HOOKS/trace
[include]
	path = HOOKS/included
[includeIf "gitdir:**"]
	path = HOOKS/included
[extensions]
	worktreeConfig = true
	partialClone = origin
[remote "origin"]
	url = ext::CANARY
	promisor = true
	partialCloneFilter = blob:none
	uploadpack = CANARY
"#;
    let hooks = project.beside("hooks");
    fs::create_dir_all(&hooks).unwrap();
    let text = text.replace("CANARY", &canary.display().to_string()).replace("HOOKS", &hooks.display().to_string());
    fs::write(
        hooks.join("included"),
        "[core]\n\tfsmonitor = CANARY\n".replace("CANARY", &canary.display().to_string()),
    )
    .unwrap();
    for hook in ["post-index-change", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman", "post-checkout"] {
        fs::copy(&canary, hooks.join(hook)).unwrap();
    }
    text
}

/// Everything that looks at the project without building it, and a build.
fn verbs(project: &Project) {
    let registry = Registry::new(project);
    let (plan, tag) = (["plan"], ["tag", "--dry-run"]);
    let mut all = vec![&plan[..], &tag, &["clean", "--dry-run"], &["doctor"], &["build"], &["log"]];
    let address = registry.as_ref().map_or(String::new(), |registry| registry.address.clone());
    let push = ["push", "--dry-run", "--registry", &address];
    if registry.is_some() {
        all.push(&push);
    }
    for words in all {
        let run = project.run(words);
        assert!(!ran(project), "{words:?} ran what the checkout names\n{run}");
    }
    assert_eq!(revision(project), git_free_head(project), "and the commit is known");
}

/// What the image that was built last says of its commit.
fn revision(project: &Project) -> String {
    let builds = project.calls_of("build");
    let core = builds.iter().rfind(|call| call.contains("shop/core:")).unwrap();
    let label = core.split_once(r#""org.opencontainers.image.revision":""#).map(|(_, rest)| rest);
    label.and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
}

/// The commit without a word of git: it would run what it is configured to.
fn git_free_head(project: &Project) -> String {
    let head = project.read(".git/HEAD");
    project.read(&format!(".git/{}", head.trim().trim_start_matches("ref: "))).trim().to_owned()
}

fn append(path: &Path, text: &str) {
    let before = fs::read_to_string(path).unwrap_or_default();
    fs::write(path, before + text).unwrap();
}

#[test]
fn nothing_that_a_checkout_configures_runs() {
    let project = Project::new();
    let text = project.read("factory.toml");
    project
        .write("factory.toml", &(text + "\n[[repository]]\nname = \"shop\"\ngit = \"../shop.git\"\nref = \"main\"\n"));
    project.write(".gitattributes", "* filter=evil diff=evil merge=evil\n");
    Repository::new(&project, "shop", &[("README", "")]);
    commit(&project);
    let hostile = hostile(&project);
    append(&project.path(".git/config"), &hostile);
    append(&project.path(".git/config.worktree"), &hostile);
    append(&project.path(".git/info/attributes"), "* filter=evil\n");
    fs::create_dir_all(project.path(".git/hooks")).unwrap();
    for hook in ["post-index-change", "reference-transaction"] {
        fs::copy(project.beside("canary"), project.path(&format!(".git/hooks/{hook}"))).unwrap();
    }
    // Newer than the index: git reads them, through their filter where one is configured.
    for file in ["app/shop.py", "requirements.txt"] {
        let text = project.read(file);
        project.write(file, &text);
    }
    // The harm is real: git itself runs it.
    let _ = std::process::Command::new("git").arg("-C").arg(project.folder()).arg("status").output().unwrap();
    assert!(ran(&project));
    fs::remove_file(project.beside("ran")).unwrap();
    verbs(&project);
}

#[test]
fn a_folder_that_looks_like_a_bare_repository_is_none() {
    let project = Project::new();
    let hostile = hostile(&project);
    git(project.folder(), &["init", "--quiet", "--bare", "inner"]);
    for name in ["HEAD", "config", "objects", "refs"] {
        fs::rename(project.path(&format!("inner/{name}")), project.path(name)).unwrap();
    }
    fs::remove_dir_all(project.path("inner")).unwrap();
    let inside = ["--git-dir=.", "--work-tree=.", "-c", "core.bare=false"];
    git(project.folder(), &[&inside[..], &["add", "factory.toml"]].concat());
    git(project.folder(), &[&inside[..], &["commit", "--quiet", "--message", "inner"]].concat());
    let monitor = hostile.lines().find(|line| line.contains("fsmonitor")).unwrap();
    project.write(
        "config",
        &format!("[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n{monitor}\n"),
    );
    project.done(&["build"]);
    assert!(!ran(&project));
    assert_eq!(revision(&project), "", "outside git");
}

#[test]
fn what_a_hook_of_another_repository_sets_does_not_count() {
    let mut project = Project::new();
    commit(&project);
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"] {
        project.env(name, "/nonexistent");
    }
    project.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "core.worktree").env("GIT_CONFIG_VALUE_0", "/");
    project.done(&["build"]);
    assert_eq!(revision(&project), git_free_head(&project));
    project.edit("app/shop.py", "sold", "bought");
    project.done(&["build"]);
    assert_eq!(revision(&project), git_free_head(&project) + "-dirty");
}

/// Holds every verb that needs the commit to say what is wrong, and those that do not to go on.
fn refused(project: &Project, says: &[&str]) -> Run {
    let text = project.read("factory.toml");
    if !text.contains("[[repository]]") {
        let more = "\n[[repository]]\nname = \"shop\"\ngit = \"file:///nowhere\"\nref = \"main\"\n";
        project.write("factory.toml", &(text + more));
    }
    for words in [&["build"][..], &["plan", "--tag", "2.5.11"], &["tag", "--dry-run"]] {
        project.run(words).assert_code(1).says(says);
    }
    project.done(&["clean", "--dry-run"]);
    let run = project.run(&["doctor"]);
    assert!(run.stdout.contains("checkout"), "{run}");
    project.run(&["plan"])
}

#[test]
fn a_checkout_of_somebody_else_is_said() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can give a checkout to somebody else");
        return;
    }
    let mut project = Project::new();
    commit(&project);
    chown(project.folder(), Some(12345), None).unwrap();
    let run = refused(&project, &["belongs to another user", "git config --global --add safe.directory"]);
    shows!(project, run.stderr);
    // What the help says mends it; so does sudo, which says who called.
    let place = project.folder().canonicalize().unwrap();
    fs::write(project.beside("home/.gitconfig"), format!("[safe]\n\tdirectory = {}\n", place.display())).unwrap();
    project.done(&["plan"]);
    fs::remove_file(project.beside("home/.gitconfig")).unwrap();
    project.env("SUDO_UID", "12345");
    project.done(&["plan"]);
}

#[test]
fn trouble_with_git_is_said() {
    let project = Project::new();
    commit(&project);
    fs::rename(project.path(".git/objects"), project.path(".git/elsewhere")).unwrap();
    let run = refused(&project, &["is no repository of git: it has no folder `objects`"]);
    shows!(project, run.stderr);
    symlink("elsewhere", project.path(".git/objects")).unwrap();
    project.done(&["plan"]);
    fs::write(project.path(".git/HEAD"), "1".repeat(40)).unwrap();
    refused(&project, &["git cannot say what is checked out in"]);
}

#[test]
fn a_checkout_without_git() {
    let mut project = Project::new();
    commit(&project);
    // Everything but git is here.
    let bin = project.beside("without");
    fs::create_dir(&bin).unwrap();
    for program in ["sh", "python3"] {
        let tools = std::env::var_os("PATH").unwrap();
        let found = std::env::split_paths(&tools).map(|folder| folder.join(program)).find(|path| path.is_file());
        if let Some(path) = found {
            symlink(path, bin.join(program)).unwrap();
        }
    }
    let path = format!("{}:{}", project.beside("bin").display(), bin.display());
    project.env("PATH", path);
    let run = refused(&project, &["and `git` is not installed", "sudo apt-get install git"]);
    shows!(project, run.stderr);
    fs::remove_dir_all(project.path(".git")).unwrap();
    project.done(&["plan"]);
}

#[test]
fn the_tag_on_the_commit_is_the_release() {
    let mut project = Project::new();
    project.without_env("FACTORY_TAG");
    commit(&project);
    project.run(&["plan"]).assert_code(2).says(&["nothing says which release this is"]);
    git(project.folder(), &["tag", "2.5.11"]);
    project.done(&["plan"]).says(&[]);
    fs::write(project.path(".git/refs/tags/2.5.12"), "nonsense\n").unwrap();
    project.run(&["plan"]).assert_code(1).says(&["holds no reference"]);
}

#[test]
fn a_mirror_that_came_with_the_project_configures_nothing() {
    let mut project = Project::new();
    project.env("FACTORY_BRANCH", "main");
    let bricks = Repository::new(&project, "bricks", &[("dist/brick.js", "one\n")]);
    add_source(&project, "bricks", "../bricks.git", "");
    use_in_image(&project, "@bricks/dist", "/opt/shop/brick");
    let hostile = hostile(&project);
    project.done(&["plan"]);
    let store = fs::read_dir(project.path(".factory/sources")).unwrap().flatten().map(|entry| entry.path());
    let mirror = store.into_iter().find(|path| path.extension().is_some_and(|end| end == "git")).unwrap();
    append(&mirror.join("config"), &hostile);
    bricks.commit(&[("dist/brick.js", "two\n")]);
    let run = project.done(&["plan"]);
    assert!(!ran(&project), "{run}");
    assert!(!fs::read_to_string(mirror.join("config")).unwrap().contains("canary"), "its configuration is ours");
    // One with objects of somewhere else, or that is a link, is made anew.
    fs::create_dir_all(mirror.join("objects/info")).unwrap();
    fs::write(mirror.join("objects/info/alternates"), format!("{}\n", bricks.bare().join("objects").display()))
        .unwrap();
    bricks.commit(&[("dist/brick.js", "three\n")]);
    project.done(&["plan"]).says(&["is no repository that this program made, and is made anew"]);
    let outside = project.beside("outside.git");
    git(&project.beside(""), &["init", "--quiet", "--bare", "outside.git"]);
    let before = fs::read_to_string(outside.join("config")).unwrap();
    fs::remove_dir_all(&mirror).unwrap();
    symlink(&outside, &mirror).unwrap();
    bricks.commit(&[("dist/brick.js", "four\n")]);
    project.run(&["plan"]).assert_code(2).says(&["is a symbolic link to", "help: remove it: `rm"]);
    assert_eq!(fs::read_to_string(outside.join("config")).unwrap(), before);
    assert_eq!(fs::read_dir(outside.join("objects/pack")).unwrap().count(), 0, "nothing went through the link");
}

#[test]
fn what_the_program_or_git_writes_is_no_input() {
    let project = Project::new();
    commit(&project);
    for name in [".git/evil.conf", "etc/n/.git/evil.conf", "packages/debian-12/evil.conf", "wheels/x"] {
        project.write(name, "");
    }
    symlink(".git", project.path("link")).unwrap();
    let etc = "contents = [{ src = \"etc\",";
    for src in [".git/evil.conf", "etc/n/.git", "link/evil.conf", "link/*", "packages/debian-12", "wheels"] {
        project.edit("factory.toml", etc, &format!("contents = [{{ src = \"{src}\","));
        let run = project.run(&["plan"]);
        assert_ne!(run.code, Some(0), "{src}: {run}");
        project.edit("factory.toml", &format!("contents = [{{ src = \"{src}\","), etc);
    }
}

#[test]
fn a_file_beside_packages_that_no_commit_holds_is_seen() {
    let project = Project::new();
    project.write("packages/own/a.conf", "port = 1\n");
    let own = "contents = [{ src = \"packages/own\", dst = \"/etc/own\" }, { src = \"etc\",";
    project.edit("factory.toml", "contents = [{ src = \"etc\",", own);
    // Nothing of what is built is ignored.
    for words in [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "--message", "all"]] {
        git(project.folder(), words);
    }
    project.done(&["build"]);
    let clean = revision(&project);
    assert!(!clean.ends_with("-dirty"), "{clean}");
    project.done(&["build"]);
    assert_eq!(revision(&project), clean, "what was built changes nothing");
    project.write("packages/own/evil.conf", "");
    project.done(&["build"]);
    assert_eq!(revision(&project), clean + "-dirty");
}

#[test]
fn a_file_in_no_commit_makes_the_revision_dirty() {
    let project = Project::new();
    commit(&project);
    project.write("etc/evil.conf", "");
    fs::create_dir_all(project.path(".git/info")).unwrap();
    append(&project.path(".git/info/exclude"), "evil.conf\n");
    project.done(&["build"]);
    assert_eq!(revision(&project), git_free_head(&project) + "-dirty");
    let run = project.run(&["doctor"]);
    assert!(run.stdout.contains("-dirty"), "{run}");
}

#[test]
fn what_no_commit_holds_is_said_before_it_is_built() {
    let project = Project::new();
    commit(&project);
    let says = "the checkout has changes that no commit holds";
    for verb in ["plan", "build"] {
        let run = project.done(&[verb]);
        assert!(!run.stderr.contains(says), "{run}");
    }
    project.write("app/shop.py", "sold = 2\n");
    for name in ["a", "b", "c", "d"] {
        project.write(&format!("etc/{name}.conf"), "");
    }
    for verb in ["plan", "build"] {
        let run = project.done(&[verb]);
        run.says(&[&format!("{says}: app/shop.py, etc/a.conf, etc/b.conf and 2 more")]);
        assert_eq!(run.stderr.matches(says).count(), 1, "{run}");
        assert!(project.done(&[verb, "--output", "json"]).stdout.contains(says), "{verb}");
    }
}

/// A checkout that names none of our folders in its `.gitignore`.
#[test]
fn a_build_leaves_the_checkout_as_it_was() {
    let project = Project::new();
    for words in
        [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "--message", "all"], &["tag", "2.5.11"]]
    {
        git(project.folder(), words);
    }
    project.done(&["build"]);
    assert!(project.path("packages/.gitignore").exists());
    project.write("app/shop.py", "sold = 2\n");
    git(project.folder(), &["commit", "--quiet", "--all", "--message", "more"]);
    project.done(&["build", "--tag", "2.5.12"]);
    assert_eq!(revision(&project), git_free_head(&project));
    let run = project.run(&["doctor"]);
    assert!(!run.stdout.contains("-dirty"), "{run}");
}

#[test]
fn a_pipe_that_looks_like_a_package_is_not_waited_for() {
    let project = Project::new();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, project.path("x.wapt"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let repository = project.beside("repository").display().to_string();
    for words in [
        &["show", "./x.wapt"][..],
        &["verify", "./x.wapt", "--trust", "x.crt"],
        &["publish", "./x.wapt", "--into", &repository],
        &["build", "./x.wapt"],
    ] {
        let run = project.run(words);
        assert!(run.code.is_some_and(|code| code != 0), "{words:?}: {run}");
    }
}
