//! Repositories of this machine that a hostile recipe names: nothing of them runs, and nothing outside of the project is read or
//! written unless the user has said where.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use crate::{
    project::Project,
    repository::{Repository, add_source, git, use_in_image},
};

/// A bare repository in the project as a clone may bring it: every hook and every program of its configuration leaves a mark.
fn hostile(project: &Project) {
    let work = Repository::new(project, "evil", &[("README", "")]);
    fs::rename(work.bare(), project.path("evil.git")).unwrap();
    let canary = project.beside("canary");
    fs::write(&canary, format!("#!/bin/sh\ntouch '{}'\ncat >/dev/null\n", project.beside("ran").display())).unwrap();
    fs::set_permissions(&canary, fs::Permissions::from_mode(0o755)).unwrap();
    let hooks = project.path("evil.git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    for hook in ["pre-receive", "update", "reference-transaction", "post-receive", "post-update", "proc-receive"] {
        symlink(&canary, hooks.join(hook)).unwrap();
    }
    // The command is asked for references of alternates: there is one.
    git(project.folder(), &["init", "--quiet", "--bare", "alternate.git"]);
    let objects = project.path("alternate.git/objects").display().to_string();
    fs::create_dir_all(project.path("evil.git/objects/info")).unwrap();
    project.write("evil.git/objects/info/alternates", &format!("{objects}\n"));
    let config = project.read("evil.git/config")
        + "\talternateRefsCommand = CANARY\n\tfsmonitor = CANARY\n\tsshCommand = CANARY\n\tgitProxy = CANARY\n\
           [uploadpack]\n\tpackObjectsHook = CANARY\n[receive]\n\tautogc = true\n";
    project.write("evil.git/config", &config.replace("CANARY", &canary.display().to_string()));
}

fn tag_of(project: &Project, address: &str) {
    let text = project.read("factory.toml");
    let table = format!("\n[[repository]]\nname = \"evil\"\ngit = \"{address}\"\nref = \"main\"\n");
    project.write("factory.toml", &(text + &table));
}

#[test]
fn a_repository_of_this_machine_is_tagged_where_the_user_says_so_and_runs_nothing() {
    let mut project = Project::new();
    project.without_env("FACTORY_LOCAL_GIT");
    hostile(&project);
    tag_of(&project, "./evil.git");
    let tags = || git(&project.path("evil.git"), &["for-each-ref", "--format=%(refname:short)", "refs/tags"]);
    for words in [&["tag", "--dry-run"][..], &["tag"], &["tag", "--delete"]] {
        let run = project.run(words);
        run.assert_code(2);
        assert!(run.stderr.contains("FACTORY_LOCAL_GIT="), "{run}");
        assert!(!project.beside("ran").exists() && tags().is_empty(), "{run}");
    }
    let run = project.run(&["tag"]);
    shows!(project, run.stderr);
    let folder = project.folder().display().to_string();
    project.env("FACTORY_LOCAL_GIT", folder);
    project.done(&["tag"]);
    let tags = || git(&project.path("evil.git"), &["for-each-ref", "--format=%(refname:short)", "refs/tags"]);
    assert_eq!(tags(), "2.5.11");
    project.done(&["tag", "--delete"]);
    assert_eq!(tags(), "");
    assert!(!project.beside("ran").exists(), "a program of the repository ran");
    project.env("FACTORY_LOCAL_GIT", "srv");
    project.run(&["tag"]).assert_code(2).says(&["FACTORY_LOCAL_GIT names `srv`"]);
}

/// Git would write the files of a branch that is checked out, through the programs of that repository.
#[test]
fn a_checkout_of_this_machine_keeps_its_files_when_it_is_tagged() {
    let mut project = Project::new();
    let place = project.path("checkout");
    fs::create_dir(&place).unwrap();
    for words in [&["init", "--quiet"][..], &["commit", "--quiet", "--allow-empty", "--message", "first"]] {
        git(&place, words);
    }
    project.write("checkout/.gitattributes", "* filter=x\n");
    project.write("checkout/a", "");
    git(&place, &["add", "."]);
    git(&place, &["commit", "--quiet", "--message", "second"]);
    git(&place, &["branch", "main2"]);
    let mark = project.beside("ran").display().to_string();
    git(&place, &["config", "filter.x.smudge", &format!("sh -c 'touch {mark}; cat'")]);
    git(&place, &["config", "receive.denyCurrentBranch", "updateInstead"]);
    project.write("checkout/.git/HEAD", "ref: refs/tags/2.5.11\n");
    for name in [".git/index", "a", ".gitattributes"] {
        fs::remove_file(place.join(name)).unwrap();
    }
    let text = project.read("factory.toml");
    let table = "\n[[repository]]\nname = \"evil\"\ngit = \"./checkout\"\nref = \"main2\"\n";
    project.write("factory.toml", &(text + table));
    let folder = project.folder().display().to_string();
    project.env("FACTORY_LOCAL_GIT", folder);
    let run = project.run(&["tag", "--allow-dirty"]);
    assert_ne!(run.code, Some(0), "{run}");
    assert!(!project.beside("ran").exists(), "a program of the repository ran\n{run}");
}

#[test]
fn a_repository_outside_of_the_project_is_not_tagged() {
    let mut project = Project::new();
    let other = Repository::new(&project, "other", &[("README", "")]);
    project.without_env("FACTORY_LOCAL_GIT");
    tag_of(&project, &format!("file://{}", other.bare().display()));
    project.run(&["tag"]).assert_code(2).says(&["is a repository of this machine", "not allowed"]);
    assert_eq!(git(other.bare(), &["for-each-ref", "refs/tags"]), "");
    // What is allowed is that folder, not one that is called nearly so.
    project.env("FACTORY_LOCAL_GIT", format!("{}", other.path("").display()));
    project.run(&["tag"]).assert_code(2).says(&["is a repository of this machine"]);
}

/// A project with a private repository beside it, and nothing that the user allows.
fn with_private(make: &dyn Fn(&Project, &Repository)) -> Project {
    let mut project = Project::new();
    project.without_env("FACTORY_LOCAL_GIT").env("FACTORY_BRANCH", "main");
    let private = Repository::new(&project, "private", &[("secret.txt", "a secret\n")]);
    make(&project, &private);
    project
}

/// A source that is in the project, and what is told of it.
fn inside(project: &Project) {
    let own = Repository::new(project, "own", &[("own.txt", "own\n")]);
    fs::rename(own.bare(), project.path("own.git")).unwrap();
    add_source(project, "own", "./own.git", "");
    use_in_image(project, "@own", "/opt/shop/own");
}

fn refused(what: &str, project: &Project, says: &[&str]) {
    let run = project.run(&["plan"]);
    assert_ne!(run.code, Some(0), "{what}: {run}");
    run.says(says);
    let files = project.files(".factory");
    assert!(!files.iter().any(|file| file.ends_with("secret.txt")), "{what}: {files:?}");
    for verb in [&["build"][..], &["push", "--dry-run", "--registry", "127.0.0.1:9"]] {
        assert_ne!(project.run(verb).code, Some(0), "{what}");
    }
}

#[test]
fn a_source_in_the_project_needs_no_word_of_the_user() {
    let project = with_private(&|project, _| inside(project));
    project.done(&["plan"]);
    assert!(project.files(".factory").iter().any(|file| file.ends_with("files/own.txt")));
}

#[test]
fn a_source_outside_of_the_project_is_not_read() {
    let project = with_private(&|project, _| add_source(project, "private", "../private.git", ""));
    let run = project.run(&["plan"]);
    run.assert_code(2);
    shows!(project, run.stderr);
    refused("a path", &project, &["FACTORY_LOCAL_GIT="]);
    let project = with_private(&|project, private| {
        add_source(project, "private", &format!("file://{}", private.bare().display()), "");
    });
    refused("an address", &project, &["FACTORY_LOCAL_GIT="]);
    // Whether something is there is not told either.
    let project = with_private(&|project, _| add_source(project, "private", "../nothing.git", ""));
    refused("nothing", &project, &["FACTORY_LOCAL_GIT="]);
    let project = with_private(&|project, private| {
        symlink(private.bare(), project.path("link.git")).unwrap();
        add_source(project, "private", "./link.git", "");
    });
    refused("a link", &project, &["FACTORY_LOCAL_GIT="]);
    let project = with_private(&|project, private| {
        project.write("checkout/.git", &format!("gitdir: {}\n", private.bare().display()));
        add_source(project, "private", "./checkout", "");
    });
    refused("a file `.git`", &project, &["FACTORY_LOCAL_GIT="]);
}

#[test]
fn a_source_in_the_project_leads_nowhere_else() {
    let private_objects = |private: &Repository| private.bare().join("objects");
    let into = |project: &Project, name: &str, target: &Path| {
        let path = project.path(&format!("own.git/{name}"));
        let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        symlink(target, path).unwrap();
    };
    let point = |project: &Project, private: &Repository| {
        project.write("own.git/refs/heads/main", &format!("{}\n", private.head()));
    };
    let project = with_private(&|project, private| {
        inside(project);
        into(project, "objects", &private_objects(private));
        point(project, private);
    });
    refused("objects", &project, &["private.git/objects"]);
    let project = with_private(&|project, private| {
        inside(project);
        project.write("own.git/objects/info/alternates", &format!("{}\n", private_objects(private).display()));
        point(project, private);
    });
    refused("alternates", &project, &["private.git/objects"]);
    let project = with_private(&|project, private| {
        inside(project);
        git(private.bare(), &["repack", "--quiet", "-a", "-d"]);
        for entry in fs::read_dir(private_objects(private).join("pack")).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            into(project, &format!("objects/pack/{name}"), &entry.path());
        }
        point(project, private);
    });
    refused("a pack", &project, &["leads to", "private.git/objects/pack"]);
    let project = with_private(&|project, private| {
        inside(project);
        into(project, "refs/heads/main", &private.bare().join("refs/heads/main"));
    });
    refused("a reference", &project, &["leads to"]);
    let project = with_private(&|project, private| {
        inside(project);
        project.write("own.git/commondir", &format!("{}\n", private.bare().display()));
    });
    refused("commondir", &project, &["FACTORY_LOCAL_GIT="]);
    // An include of its configuration is read by nobody, and neither is a pipe.
    let project = with_private(&|project, _| {
        inside(project);
        let config = project.read("own.git/config");
        project.write("own.git/config", &format!("{config}[include]\n\tpath = /etc/shadow\n"));
    });
    project.done(&["plan"]);
    for name in
        ["HEAD", "config", "packed-refs", "refs/heads/x", "shallow", "objects/info/commit-graphs/commit-graph-chain"]
    {
        let project = with_private(&|project, _| {
            inside(project);
            let path = project.path(&format!("own.git/{name}"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let _ = fs::remove_file(&path);
            let mode = rustix::fs::Mode::from_raw_mode(0o600);
            rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        });
        let run = project.run(&["plan"]);
        assert_ne!(run.code, Some(0), "{name}: {run}");
        run.says(&["is no regular file"]);
    }
}

#[test]
fn submodules_of_a_source_in_the_project_are_in_it_too() {
    for address in ["PRIVATE", "file://PRIVATE", "../../private.git"] {
        let project = with_private(&|project, private| {
            let own = Repository::new(project, "own", &[("own.txt", "own\n")]);
            own.submodule("sub", &private.bare().display().to_string());
            let address = address.replace("PRIVATE", &private.bare().display().to_string());
            fs::write(own.path(".gitmodules"), format!("[submodule \"sub\"]\n\tpath = sub\n\turl = {address}\n"))
                .unwrap();
            own.commit(&[]);
            fs::rename(own.bare(), project.path("own.git")).unwrap();
            add_source(project, "own", "./own.git", "");
            use_in_image(project, "@own", "/opt/shop/own");
        });
        refused(address, &project, &["submodule `sub`", "FACTORY_LOCAL_GIT="]);
    }
}
