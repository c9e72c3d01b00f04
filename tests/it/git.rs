//! Sources from git, out of repositories of this machine: what a reference is, what of a source is taken, what is fetched
//! again, and what is refused.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use rustix::process::Signal;

use crate::{
    deb,
    project::Project,
    repository::{Repository, add_source, assert_nothing_half, checked_out, checkouts, use_in_image},
};

/// What a brick holds.
const BRICK: [(&str, &str); 4] = [
    ("dist/brick.js", "one\n"),
    ("dist/style.css", "a {}\n"),
    ("README.md", "a brick\n"),
    // Built files are committed here though git ignores them: all that is committed is taken.
    (".gitignore", "dist/\n"),
];

/// A project that takes `dist` of the branch that is named, which is `main`.
fn project() -> (Project, Repository) {
    let mut project = Project::new();
    project.env("FACTORY_BRANCH", "main");
    let bricks = Repository::new(&project, "bricks", &BRICK);
    add_source(&project, "bricks", "../bricks.git", "");
    use_in_image(&project, "@bricks/dist", "/opt/shop/brick");
    (project, bricks)
}

/// A project that takes `dist` of this reference.
fn project_at(reference: &str) -> (Project, Repository) {
    let (project, bricks) = project();
    project.edit("factory.toml", "git = \"../bricks.git\"", &format!("git = \"../bricks.git\"\nref = \"{reference}\""));
    (project, bricks)
}

fn short(commit: &str) -> &str {
    &commit[..7]
}

#[test]
fn a_branch() {
    let (project, bricks) = project();
    let run = project.done(&["build"]);
    run.says(&[
        &format!("source bricks: fetching {}", short(&bricks.head())),
        &format!("source bricks: branch main is {} (fetched ", short(&bricks.head())),
    ]);
    assert_eq!(checked_out(&project, "bricks"), [".gitignore", "README.md", "dist/brick.js", "dist/style.css"]);
    let again = project.done(&["build"]);
    again.says(&[&format!("source bricks: branch main is {}", short(&bricks.head()))]);
    assert!(!again.stderr.contains("fetch"), "{again}");
    assert!(project.planned().is_empty());
    project.assert_tidy();
}

#[test]
fn what_the_command_line_says() {
    let (mut project, bricks) = project();
    bricks.git(&["checkout", "--quiet", "-b", "release/2.5"]);
    let other = bricks.commit(&[("dist/brick.js", "release\n")]);
    let run = project.done(&["plan", "--branch", "release/2.5"]);
    run.says(&[&format!("branch release/2.5 is {}", short(&other))]);
    // The flag wins over the variable; an empty variable is none.
    project.env("FACTORY_BRANCH", "");
    let run = project.run(&["plan"]);
    run.assert_code(2);
    shows!(project, run.stderr);
    let run = project.run(&["plan", "--branch=--upload-pack=id"]);
    run.assert_code(2).says(&["`--upload-pack=id` is not a valid git reference"]);
}

#[test]
fn a_tag_and_a_commit() {
    for annotated in [true, false] {
        let (project, bricks) = project_at("{{tag}}");
        let tagged = bricks.head();
        if annotated {
            bricks.git(&["tag", "--annotate", "--message", "a tag", "2.5.11"]);
        } else {
            bricks.git(&["tag", "2.5.11"]);
        }
        bricks.commit(&[("dist/brick.js", "two\n")]);
        project.done(&["plan"]).says(&[&format!("source bricks: tag 2.5.11 is {}", short(&tagged))]);
    }
    let (project, bricks) = project();
    let old = bricks.head();
    bricks.commit(&[("dist/brick.js", "two\n")]);
    for reference in [&old[..40], &old[..8]] {
        project.done(&["plan", "--branch", reference]).says(&[&format!("source bricks: commit {}", short(&old))]);
        let folder = &checkouts(&project, "bricks")[0];
        assert_eq!(project.read(&format!(".factory/sources/{folder}/files/dist/brick.js")), "one\n");
    }
    let unknown = "1234567".repeat(6)[..40].to_owned();
    for reference in [&unknown[..], "1234567"] {
        let run = project.run(&["plan", "--branch", reference]);
        run.assert_code(2).says(&[&format!("there is no commit {reference} in this repository")]);
    }
    assert_nothing_half(&project);
}

#[test]
fn a_whole_hash_needs_no_repository() {
    let (project, bricks) = project();
    let commit = bricks.head();
    project.done(&["plan", "--branch", &commit]);
    fs::rename(bricks.bare(), project.beside("gone.git")).unwrap();
    project.program("git", "#!/bin/sh\ncase \"$*\" in *--git-dir*) touch \"$HOME/asked\";; esac\nexit 1\n");
    project.done(&["plan", "--branch", &commit]);
    assert!(!project.beside("home/asked").exists(), "git was called");
}

#[test]
fn a_branch_that_moved() {
    let (project, bricks) = project();
    let first = bricks.head();
    project.done(&["build"]);
    bricks.commit(&[("README.md", "a better brick\n")]);
    assert!(project.planned().is_empty(), "nothing that is used has changed: {:?}", project.planned());
    let third = bricks.commit(&[("dist/brick.js", "two\n")]);
    let planned = project.planned();
    assert_eq!(planned[0], format!("core: source bricks: {} -> {}", short(&first), short(&third)), "{planned:?}");
    project.done(&["build"]);
    assert!(project.planned().is_empty());
    assert_eq!(checkouts(&project, "bricks").len(), 3);
}

#[test]
fn every_place_that_takes_a_path() {
    let (project, bricks) = project();
    bricks.commit(&[
        ("core/pyproject.toml", "[project]\nname = \"brick\"\nversion = \"1\"\n"),
        ("requirements.txt", "-r more/others.txt\nsix==1.16.0\n"),
        ("more/others.txt", "psutil==5.9.8\n"),
        (
            "brick.service",
            "[Service]\nExecStart=/opt/shop/bin/shop\nUser=shop\n[Install]\nWantedBy=multi-user.target\n",
        ),
        ("postinst", "#!/bin/sh\necho from the source\n"),
        ("LICENSE", "all yours\n"),
    ]);
    let path = bricks.path("bin/tool");
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o775)).unwrap();
    symlink("brick.js", bricks.path("dist/link.js")).unwrap();
    bricks.commit(&[]);
    project.edit("factory.toml", "requirements = \"requirements.txt\"", "requirements = \"@bricks/requirements.txt\"");
    project.edit("factory.toml", "python = [\"app\"]", "python = [\"app\", \"@bricks/core\"]");
    project.edit(
        "factory.toml",
        "  { src = \"units/shop.service\", type = \"service\" },\n",
        "  { src = \"@bricks/brick.service\", type = \"service\" },\n  { src = \"@bricks/bin\", dst = \"/opt/shop/tools\" },\n  \
         { src = \"@bricks/dist/*.js\", dst = \"/opt/shop/js\" },\n",
    );
    project.edit(
        "factory.toml",
        "summary = \"sells things\"\n",
        "summary = \"sells things\"\nscripts = { postinstall = \"@bricks/postinst\" }\nlicense_file = \"@bricks/LICENSE\"\n",
    );
    project.done(&["build"]);
    let package = fs::read(project.path("packages/debian-12/shop_2.5.11-1~deb12_all.deb")).unwrap();
    let listing = deb::listing(&package);
    for expected in [
        "755 root:root ./opt/shop/tools/tool",
        "644 root:root ./opt/shop/js/brick.js",
        "777 root:root ./opt/shop/js/link.js",
    ] {
        assert!(listing.iter().any(|line| line == expected), "{expected}: {listing:#?}");
    }
    assert!(listing.iter().any(|line| line.ends_with("/systemd/system/brick.service")), "{listing:#?}");
    assert!(deb::control(&package, "postinst").contains("from the source"));
    let inputs = project.record("debian-12/wheels-core")["inputs"].clone();
    assert!(
        inputs["@bricks/requirements.txt"].is_string() && inputs["@bricks/more/others.txt"].is_string(),
        "{inputs}"
    );
    assert!(project.record("debian-12/core")["inputs"]["python folder @bricks/core"].is_string());
    let before = bricks.head();
    let after =
        bricks.commit(&[("postinst", "#!/bin/sh\necho something else\n"), ("more/others.txt", "psutil==5.9.7\n")]);
    let planned = project.planned();
    let moved = format!("source bricks: {} -> {}", short(&before), short(&after));
    assert!(planned.contains(&format!("wheels-core: {moved}")), "{planned:?}");
}

#[test]
fn references_that_there_are_not() {
    let (project, bricks) = project_at("develpo");
    let other = Repository::new(&project, "other", &BRICK);
    let third = Repository::new(&project, "third", &BRICK);
    third.git(&["tag", "main"]);
    third.git(&["push", "--quiet", "origin", "refs/tags/main"]);
    bricks.git(&["branch", "develop"]);
    bricks.push();
    add_source(&project, "other", other.bare().to_str().unwrap(), "ref = \"refs/tags/v9\"");
    add_source(&project, "third", "../third.git", "");
    add_source(&project, "good", "../other.git", "");
    let run = project.run(&["build"]);
    run.assert_code(2);
    shows!(project, run.stderr);
    let left = project.files(".factory/sources");
    assert_eq!(left, ["here", "lock"], "nothing is fetched while one is not known");
    assert!(project.calls_of("build").is_empty() && project.records().is_empty());
}

#[test]
fn what_a_source_does_not_have() {
    let (project, bricks) = project();
    project.edit("factory.toml", "@bricks/dist", "@bricks/dits");
    project.edit("factory.toml", "python = [\"app\"]", "python = [\"app\", \"@bricks/dist\"]");
    let run = project.run(&["plan"]);
    run.assert_code(2);
    let said: Vec<&str> = run.stderr.lines().filter(|line| !line.starts_with("note: ")).collect();
    shows!(project, said.join("\n").replace(short(&bricks.head()), "[SHORT]"));
    project.edit("factory.toml", "@bricks/dits", "@bricks/dist/*.py");
    project.edit("factory.toml", ", \"@bricks/dist\"]", "]");
    let run = project.run(&["plan"]);
    run.assert_code(2).says(&["`@bricks/dist/*.py` matches no file of source `bricks` at"]);
}

#[test]
fn sources_that_are_written_wrong() {
    let project = Project::new();
    add_source(&project, "bricks", "https://anna:s3cr3t@git.example.org/bricks.git", "ref = \"a..b\"");
    add_source(&project, "Bricks", "ext::sh -c id", "branch = \"main\"");
    add_source(&project, "tiles", "http://git.example.org/bricks.git", "");
    add_source(&project, "tiles", "--upload-pack=id", "submodules = \"yes\"");
    let run = project.run(&["plan"]);
    run.assert_code(2);
    assert!(!run.stderr.contains("s3cr3t"), "{run}");
    shows!(project, run.stderr);
    let project = Project::new();
    add_source(&project, "bricks", "../bricks.git", "");
    use_in_image(&project, "@brick/*.js", "/opt/shop/brick");
    project.edit("factory.toml", "python = [\"app\"]", "python = [\"@tiles\"]");
    let run = project.run(&["plan"]);
    run.assert_code(2);
    shows!(project, run.stderr);
}

#[test]
fn a_checkout_that_somebody_changed() {
    for change in ["changed", "gone", "added", "mode", "manifest"] {
        let (project, _bricks) = project();
        project.done(&["build"]);
        let folder = format!(".factory/sources/{}", checkouts(&project, "bricks")[0]);
        let file = format!("{folder}/files/dist/brick.js");
        match change {
            "changed" => project.write(&file, "six\n"),
            "gone" => fs::remove_file(project.path(&file)).unwrap(),
            "added" => project.write(&format!("{folder}/files/dist/more.js"), ""),
            "mode" => fs::set_permissions(project.path(&file), fs::Permissions::from_mode(0o600)).unwrap(),
            _ => fs::remove_file(project.path(&format!("{folder}/manifest.json"))).unwrap(),
        }
        let run = project.done(&["plan"]);
        run.says(&["its checkout is not what it was, and is made again"]);
        assert_eq!(project.read(&file), "one\n", "{change}");
        assert!(!project.path(&format!("{folder}/files/dist/more.js")).exists());
        assert!(project.planned().is_empty(), "{change}");
        assert!(!run.stderr.contains("fetch"), "the commit itself is here: {run}");
        project.assert_tidy();
    }
}

#[test]
fn files_are_what_was_committed() {
    let (project, bricks) = project();
    bricks.commit(&[
        (".gitattributes", "*.txt text eol=crlf ident filter=evil\n*.bin filter=lfs\n"),
        ("dist/a.txt", "$Id$\nline\n"),
        ("dist/x.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"),
    ]);
    fs::write(
        project.beside("home/.gitconfig"),
        "[filter \"evil\"]\n\tsmudge = touch \"$HOME/smudged\"\n[core]\n\tautocrlf = true\n\thooksPath = /hooks\n",
    )
    .unwrap();
    let run = project.done(&["plan"]);
    run.says(&["warning: source bricks: 1 file is in Git LFS, which is not fetched: `dist/x.bin`"]);
    let folder = format!(".factory/sources/{}/files/dist", checkouts(&project, "bricks")[0]);
    assert_eq!(project.read(&format!("{folder}/a.txt")), "$Id$\nline\n");
    assert!(!project.beside("home/smudged").exists());
    let mode = |path: &str| fs::metadata(project.path(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(&folder), mode(&format!("{folder}/a.txt"))), (0o755, 0o644));
}

#[test]
fn submodules_in_submodules() {
    let mut project = Project::new();
    project.env("FACTORY_BRANCH", "main");
    let deep = Repository::new(&project, "deep", &[("deep.txt", "deep\n")]);
    let middle = Repository::new(&project, "middle", &[("middle.txt", "middle\n")]);
    let bricks = Repository::new(&project, "bricks", &BRICK);
    middle.submodule("nested/deep", "../deep.git");
    bricks.submodule("core", "../middle.git");
    add_source(&project, "bricks", &format!("file://{}", bricks.bare().display()), "");
    use_in_image(&project, "@bricks/core", "/opt/shop/brick");
    project.done(&["build"]);
    let all = ["core/.gitmodules", "core/middle.txt", "core/nested/deep/deep.txt"];
    let found = checked_out(&project, "bricks");
    assert!(all.iter().all(|file| found.contains(&(*file).to_owned())), "{found:?}");
    // Pinned: a submodule that moves on changes nothing.
    deep.commit(&[("deep.txt", "deeper\n")]);
    assert!(project.planned().is_empty());
    project.edit("factory.toml", "name = \"bricks\"\n", "name = \"bricks\"\nsubmodules = false\n");
    let run = project.run(&["plan"]);
    run.assert_code(2).says(&["`@bricks/core` does not exist"]);
    assert_eq!(checkouts(&project, "bricks").len(), 2);
    project.assert_tidy();
}

/// A project whose source has a submodule that `.gitmodules` says this of.
fn with_gitmodules(text: &str) -> Project {
    let (project, bricks) = project();
    Repository::new(&project, "other", &[("other.txt", "")]);
    bricks.submodule("core", "../other.git");
    fs::write(bricks.path(".gitmodules"), text).unwrap();
    bricks.commit(&[]);
    project
}

#[test]
fn submodules_that_are_refused() {
    for (name, url, reason) in [
        ("core", "ext::touch /tmp/owned", "git cannot be asked to fetch from there"),
        ("core", "http://127.0.0.1:9/x", "this transport proves nothing"),
        ("core", "https://me:s3cr3t-index@127.0.0.1:9/x", "a user name or password in a URL"),
        ("core", "-x", "not sound"),
        ("../../hooks", "../other.git", "not sound"),
        ("core", "../missing.git", "submodule `core`: there is no repository there"),
    ] {
        let project = with_gitmodules(&format!("[submodule \"{name}\"]\n\tpath = core\n\turl = {url}\n"));
        let run = project.run(&["plan"]);
        run.assert_code(1).says(&["source `bricks`", reason]);
        assert!(!run.stderr.contains("s3cr3t"), "{run}");
        assert!(checkouts(&project, "bricks").is_empty());
        assert_nothing_half(&project);
    }
    let run = with_gitmodules("").run(&["plan"]);
    run.assert_code(1).says(&["`.gitmodules` does not say where `core` is"]);
}

#[test]
fn gitmodules_include_no_file_of_this_machine() {
    let project = with_gitmodules("[submodule \"core\"]\n\tpath = core\n\turl = ../other.git\n");
    // The file says where the submodule is: as if it had been in `.gitmodules`.
    let outside = project.beside("outside.conf");
    fs::write(&outside, "[submodule \"core\"]\n\turl = file:///read-from-outside\n").unwrap();
    let project = with_gitmodules(&format!(
        "[submodule \"core\"]\n\tpath = core\n\turl = ../other.git\n[include]\n\tpath = {}\n",
        outside.display()
    ));
    let run = project.done(&["plan"]);
    assert!(!run.stderr.contains("read-from-outside"), "{run}");
}

#[test]
fn links_that_lead_out() {
    let (project, bricks) = project();
    symlink("/etc", bricks.path("dist/out")).unwrap();
    bricks.commit(&[]);
    // As a file of a folder it is a link like any other; nothing goes through it.
    project.done(&["plan"]);
    project.edit("factory.toml", "@bricks/dist\"", "@bricks/dist/out/passwd\"");
    let run = project.run(&["plan"]);
    run.assert_code(2).says(&["leads out of source `bricks`", "through a symbolic link"]);
    project.edit("factory.toml", "@bricks/dist/out/passwd\"", "@bricks/dist/out/*\"");
    let run = project.run(&["plan"]);
    run.assert_code(2).says(&["`@bricks/dist/out/*` leads out of source `bricks`", "[factory.toml:"]);
}

#[test]
fn a_repository_that_is_not_there() {
    let (project, bricks) = project();
    fs::rename(bricks.bare(), project.beside("gone.git")).unwrap();
    let run = project.run(&["plan"]);
    run.assert_code(1);
    shows!(project, run.stderr);
}

/// Puts a program before the real git.
fn before_git(project: &Project, script: &str) {
    let tools = std::env::var_os("PATH").unwrap().into_string().unwrap();
    let real = tools.split(':').map(|folder| format!("{folder}/git")).find(|path| fs::exists(path).unwrap()).unwrap();
    project.program("git", &script.replace("REAL", &real));
}

/// A git that waits in its fetch until it is told to stop, and takes a moment for it.
const SLOW_GIT: &str = "#!/bin/sh
case \"$*\" in
*' fetch '*)
    trap 'sleep 0.3; touch \"$HOME/stopped\"; exit 143' TERM
    touch \"$HOME/fetching\"
    while :; do sleep 0.05; done;;
esac
exec REAL \"$@\"
";

#[test]
fn ctrl_c_in_a_fetch() {
    let (project, _bricks) = project();
    before_git(&project, SLOW_GIT);
    for (at, verb) in ["plan", "build", "test", "push"].into_iter().enumerate() {
        let mut running = project.start(&[verb]);
        let fetching = project.beside("home/fetching");
        running.until("it fetches", || fetching.exists());
        running.signal([Signal::INT, Signal::TERM][at % 2]);
        let run = running.end();
        run.assert_code(130);
        assert!(project.beside("home/stopped").exists(), "git was not given the time to clean up: {run}");
        for mark in ["fetching", "stopped"] {
            fs::remove_file(project.beside("home").join(mark)).unwrap();
        }
        assert!(checkouts(&project, "bricks").is_empty());
    }
    fs::remove_file(project.beside("bin/git")).unwrap();
    project.done(&["build"]);
    project.assert_tidy();
}

#[test]
fn a_stop_that_git_hears_of_first() {
    for what in ["fetch", "ls-remote", "cat-file"] {
        let (project, _bricks) = project();
        let script =
            format!("#!/bin/sh\ncase \"$*\" in *' {what} '*) kill -INT $PPID; exit 128;; esac\nexec REAL \"$@\"\n");
        before_git(&project, &script);
        project.run(&["plan"]).assert_code(130);
        assert_nothing_half(&project);
    }
}

#[test]
fn paths_that_no_checkout_may_write() {
    for (name, reason) in [(".git", "`.git/config`"), (".GIT", "`.GIT/config`"), ("git~1", "`git~1/config`")] {
        let (project, bricks) = project();
        let script = format!(
            "blob=$(echo x | git hash-object -w --stdin)
             inner=$(printf '100644 blob %s\\tconfig\\n' $blob | git mktree)
             tree=$(printf '040000 tree %s\\t{name}\\n' $inner | git mktree)
             git update-ref refs/heads/evil $(git -c user.name=A -c user.email=a@b commit-tree -m evil $tree)"
        );
        let output =
            std::process::Command::new("sh").args(["-ec", &script]).current_dir(bricks.bare()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let run = project.run(&["plan", "--branch", "evil"]);
        run.assert_code(1);
        assert!(run.stderr.contains(reason) || run.stderr.contains("not sound"), "{run}");
        assert!(checkouts(&project, "bricks").is_empty());
        assert_nothing_half(&project);
    }
}

#[test]
fn what_a_killed_git_leaves_is_in_nobody_s_way() {
    let (project, bricks) = project();
    project.done(&["plan"]);
    let bare = project.files(".factory/sources").into_iter().find(|file| file.ends_with(".git/HEAD")).unwrap();
    let mirror = bare.trim_end_matches("/HEAD");
    for lock in ["shallow.lock", "packed-refs.lock", "objects/pack/tmp_pack_x"] {
        project.write(&format!(".factory/sources/{mirror}/{lock}"), "");
    }
    project.write(".factory/sources/.tmp-x/files/y", "");
    bricks.commit(&[("dist/brick.js", "two\n")]);
    project.done(&["plan"]);
    assert_nothing_half(&project);
}

#[test]
fn a_caller_that_is_in_a_repository_itself() {
    let (mut project, bricks) = project();
    let elsewhere = bricks.path(".git").display().to_string();
    for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"] {
        project.env(name, &elsewhere);
    }
    project.env("GIT_NAMESPACE", "other");
    project.done(&["plan"]);
    assert_eq!(checkouts(&project, "bricks").len(), 1);
}

#[test]
fn sources_that_share_a_repository() {
    let mut project = Project::new();
    project.env("FACTORY_BRANCH", "main");
    let bricks = Repository::new(&project, "bricks", &BRICK);
    let other = Repository::new(&project, "other", &BRICK);
    other.submodule("core", "../bricks.git");
    for name in ["one", "two", "three"] {
        add_source(&project, name, "../bricks.git", "");
    }
    add_source(&project, "other", "../other.git", "");
    for _ in 0..2 {
        project.done(&["plan"]);
        for name in ["one", "two", "three", "other"] {
            assert_eq!(checkouts(&project, name).len(), 1);
            fs::remove_dir_all(project.path(&format!(".factory/sources/{}", checkouts(&project, name)[0]))).unwrap();
        }
    }
    let mirrors = project.files(".factory/sources").into_iter().filter(|file| file.ends_with(".git/HEAD")).count();
    assert_eq!(mirrors, 2, "one for each address");
    assert_eq!(bricks.head().len(), 40);
}

#[test]
fn one_at_a_time() {
    let (project, _bricks) = project();
    let runs: Vec<_> = (0..4).map(|_| project.start(&["plan"])).collect();
    for run in runs {
        run.end().assert_code(0);
    }
    assert_eq!(checkouts(&project, "bricks").len(), 1);
    assert_nothing_half(&project);
}

#[test]
fn clean_takes_checkouts_and_with_all_the_repositories() {
    let (mut project, bricks) = project();
    project.done(&["build"]);
    // Nothing is asked for what is only removed.
    fs::rename(bricks.bare(), project.beside("gone.git")).unwrap();
    project.without_env("FACTORY_BRANCH");
    project.done(&["clean"]);
    assert!(checkouts(&project, "bricks").is_empty());
    assert!(project.files(".factory/sources").iter().any(|file| file.ends_with(".git/HEAD")));
    project.done(&["clean", "--all"]);
    assert!(project.files(".factory/sources").is_empty());
}
