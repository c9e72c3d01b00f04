//! Checkouts of every kind, made by git itself.

use std::{path::Path, process::Command};

use fs_err as fs;
use tempfile::TempDir;

use super::*;

mod hostile;

/// Git goes on tidying up by itself after a command, and would still be at it when the folder goes.
const ALONE: [&str; 4] = ["-c", "gc.auto=0", "-c", "maintenance.auto=false"];

/// A folder with repositories in it; git is run as somebody without a configuration.
struct World(TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        fs::create_dir(world.path("home")).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs git in a folder; gives what it wrote.
    fn try_git(&self, folder: &str, words: &[&str]) -> Result<String, String> {
        let who = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"];
        let mut command = Command::new("git");
        command.current_dir(self.path(folder)).args(ALONE).args(who).args(words);
        command.env("HOME", self.path("home")).env("GIT_CONFIG_NOSYSTEM", "1");
        for name in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
            command.env(name, "1700000000 +0100");
        }
        let done = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if done.status.success() { Ok(text(&done.stdout)) } else { Err(text(&done.stderr)) }
    }

    fn git(&self, folder: &str, words: &[&str]) -> String {
        self.try_git(folder, words).unwrap_or_else(|error| panic!("git {words:?}: {error}"))
    }

    /// A repository with one commit of two files.
    fn repository(name: &str, options: &[&str]) -> Self {
        let world = Self::new();
        world.git("", &[&["init", "--quiet", "--initial-branch=main"], options, &[name]].concat());
        world.write(&format!("{name}/app.py"), "1\n");
        world.write(&format!("{name}/sub/a.txt"), "a\n");
        world.write(&format!("{name}/.gitignore"), "*.log\n");
        world.git(name, &["add", "."]);
        world.git(name, &["commit", "--quiet", "--message", "first"]);
        world
    }

    fn find(&self, folder: &str) -> Result<Option<Worktree>, WorktreeError> {
        Worktree::find(&self.path(folder), &Caller { ceilings: vec![self.0.path().to_owned()], sudo: None })
    }

    fn open(&self, folder: &str) -> Worktree {
        self.find(folder).unwrap().unwrap()
    }

    /// What differs, and what is said of the commit. The files of a checkout are touched first, so that git reads them.
    fn changes(&self, folder: &str) -> Vec<String> {
        self.open(folder).changes(&[]).unwrap()
    }

    /// Holds a checkout to be seen as git itself sees it: clean, then with a change, then with a new file.
    fn assert_seen(&self, folder: &str) {
        let head = self.git(folder, &["rev-parse", "HEAD"]);
        let worktree = self.open(folder);
        assert_eq!(worktree.commit().unwrap().as_str(), head, "{folder}");
        assert_eq!(worktree.time().unwrap(), Some(1_700_000_000), "{folder}");
        assert_eq!(worktree.revision(&[]).unwrap(), head, "{folder}");
        assert_eq!(self.changes(folder), Vec::<String>::new(), "{folder}");
        self.write(&format!("{folder}/app.py"), "other\n");
        self.write(&format!("{folder}/build.log"), "");
        self.write(&format!("{folder}/logs/build.log"), "");
        assert_eq!(self.changes(folder), ["app.py"], "{folder}");
        assert_eq!(self.open(folder).revision(&[]).unwrap(), format!("{head}-dirty"), "{folder}");
        self.write(&format!("{folder}/new name.py"), "");
        assert_eq!(self.changes(folder), ["app.py", "new name.py"], "{folder}");
    }

    fn refused(&self, folder: &str) -> String {
        let error = self.find(folder).and_then(|found| found.unwrap().changes(&[])).unwrap_err();
        let place = fs::canonicalize(self.0.path()).unwrap();
        format!("{error}; {}", error.help()).replace(&place.display().to_string(), "")
    }
}

fn pipe(path: &Path) {
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
}

#[test]
fn no_checkout() {
    let world = World::new();
    assert!(world.find("home").unwrap().is_none());
    // A folder that looks like a bare repository is none, and one in a checkout is a part of it.
    world.git("", &["init", "--quiet", "--bare", "bare"]);
    assert!(world.find("bare").unwrap().is_none());
    let world = World::repository("r", &[]);
    world.git("r", &["init", "--quiet", "--bare", "sub/bare"]);
    assert_eq!(world.open("r/sub/bare").commit(), world.open("r").commit());
}

#[test]
fn an_ordinary_one_and_a_part_of_it() {
    let world = World::repository("r", &[]);
    world.assert_seen("r");
    assert_eq!(world.changes("r/sub"), Vec::<String>::new(), "what is elsewhere is not asked about");
    world.write("r/sub/a.txt", "b\n");
    world.write("r/sub/packages/x.deb", "");
    let worktree = world.open("r/sub");
    assert_eq!(worktree.changes(&["packages".to_owned()]).unwrap(), ["a.txt"]);
    assert!(worktree.revision(&[]).unwrap().ends_with("-dirty"));
}

#[test]
fn names_with_the_signs_of_patterns() {
    let world = World::repository("r", &[]);
    world.write("r/[a]*/x", "");
    world.write("r/:(top)a.log", "");
    world.write("r/:!b", "");
    world.write("r/b/x", "");
    assert_eq!(world.changes("r/[a]*"), ["./"]);
    let worktree = world.open("r");
    assert_eq!(worktree.changes(&["[a]*".to_owned()]).unwrap(), [":!b", "b/"]);
}

#[test]
fn linked_worktrees_and_submodules() {
    let world = World::repository("r", &[]);
    world.git("r", &["worktree", "add", "--quiet", "../linked"]);
    world.assert_seen("linked");
    world.git("", &["init", "--quiet", "outer"]);
    world.git("outer", &["submodule", "--quiet", "add", "../r", "inner"]);
    world.git("outer", &["commit", "--quiet", "--message", "with a submodule"]);
    assert_eq!(world.changes("outer"), Vec::<String>::new());
    world.assert_seen("outer/inner");
    // It is not entered; the commit that it is at is compared.
    assert_eq!(world.changes("outer"), Vec::<String>::new());
    world.git("outer/inner", &["commit", "--quiet", "--all", "--message", "second"]);
    assert_eq!(world.changes("outer"), ["inner"]);
}

#[test]
fn shallow_and_partial_clones_and_packed_references() {
    let world = World::repository("r", &[]);
    world.write("r/app.py", "2\n");
    world.git("r", &["commit", "--quiet", "--all", "--message", "second"]);
    world.git("r", &["tag", "v2"]);
    world.git("r", &["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", world.path("r").display());
    for (name, options) in
        [("shallow", "--depth=1"), ("blobless", "--filter=blob:none"), ("treeless", "--filter=tree:0")]
    {
        world.git("", &["clone", "--quiet", options, &url, name]);
        // The server is gone: nothing is fetched.
        world.git(name, &["remote", "set-url", "origin", "file:///nowhere"]);
        world.assert_seen(name);
    }
    world.git("", &["clone", "--quiet", &url, "packed"]);
    world.git("packed", &["pack-refs", "--all"]);
    world.git("packed", &["gc", "--quiet"]);
    assert_eq!(world.open("packed").tags().unwrap(), ["v2"]);
    world.git("packed", &["checkout", "--quiet", "--detach"]);
    world.assert_seen("packed");
}

#[test]
fn other_formats() {
    World::repository("r", &["--object-format=sha256"]).assert_seen("r");
    // One that does not say by itself where its files are.
    let world = World::repository("r", &["--separate-git-dir=elsewhere"]);
    assert!(world.refused("r").contains("does not know the checkout"));
    world.git("r", &["config", "core.worktree", "../r"]);
    world.assert_seen("r");
    for words in [&["update-index", "--index-version=4"][..], &["update-index", "--split-index"]] {
        let world = World::repository("r", &[]);
        world.git("r", words);
        world.assert_seen("r");
    }
    let world = World::repository("r", &[]);
    world.git("", &["clone", "--quiet", "--shared", "r", "borrowing"]);
    world.write("borrowing/.git/objects/info/alternates", "../../../r/.git/objects\n");
    world.assert_seen("borrowing");
    let world = World::repository("r", &[]);
    world.git("r", &["sparse-checkout", "set", "--cone", "none"]);
    assert!(!world.path("r/sub").exists());
    world.assert_seen("r");
    let world = World::repository("r", &[]);
    if world.try_git("r", &["sparse-checkout", "set", "--cone", "--sparse-index", "none"]).is_ok() {
        world.assert_seen("r");
    }
}

#[test]
fn references_in_tables_have_a_way_out() {
    let world = World::new();
    if world.try_git("", &["init", "--quiet", "--ref-format=reftable", "r"]).is_err() {
        return;
    }
    assert_eq!(
        world.refused("r"),
        "the repository of `/r` uses `extensions.refstorage`, which is not read here; `git refs migrate \
         --ref-format=files` (git 2.46) keeps its references in files"
    );
    if world.try_git("r", &["refs", "migrate", "--ref-format=files"]).is_ok() {
        assert!(world.open("r").commit().is_none());
    }
}

#[test]
fn a_branch_without_a_commit() {
    let world = World::new();
    world.git("", &["init", "--quiet", "r"]);
    world.write("r/app.py", "");
    world.write("r/staged.py", "");
    world.git("r", &["add", "staged.py"]);
    let worktree = world.open("r");
    assert_eq!((worktree.commit(), worktree.time().unwrap(), worktree.tags().unwrap()), (None, None, Vec::new()));
    assert_eq!(worktree.revision(&[]).unwrap(), "");
    assert_eq!(worktree.changes(&[]).unwrap(), ["app.py", "staged.py"]);
}

#[test]
fn tags_on_the_commit() {
    let world = World::repository("r", &[]);
    let tags = || world.open("r").tags().unwrap();
    assert_eq!(tags(), [""; 0]);
    world.git("r", &["tag", "b"]);
    world.git("r", &["tag", "a"]);
    assert_eq!(tags(), ["a", "b"]);
    world.git("r", &["tag", "--annotate", "--message", "x", "team/z"]);
    assert_eq!(tags(), ["team/z", "a", "b"], "an annotated tag says more");
    world.git("r", &["pack-refs", "--all"]);
    assert_eq!(tags(), ["team/z", "a", "b"]);
    world.git("r", &["commit", "--quiet", "--allow-empty", "--message", "second"]);
    assert_eq!(tags(), [""; 0]);
}

#[test]
fn tags_on_another_commit() {
    let world = World::repository("r", &[]);
    let elsewhere = |release: &str| world.open("r").elsewhere(release).unwrap();
    world.git("r", &["tag", "1.0"]);
    world.git("r", &["tag", "--annotate", "--message", "x", "v2.0"]);
    for release in ["1.0", "v1.0", "v2.0", "2.0", "3.0"] {
        assert_eq!(elsewhere(release), None, "{release}");
    }
    let before = world.open("r").commit().cloned().unwrap();
    world.git("r", &["commit", "--quiet", "--allow-empty", "--message", "second"]);
    world.git("r", &["tag", "3.0"]);
    for packed in [false, true] {
        if packed {
            world.git("r", &["pack-refs", "--all"]);
        }
        for (release, tag) in [("1.0", "1.0"), ("v1.0", "1.0"), ("v2.0", "v2.0"), ("2.0", "v2.0")] {
            let found = elsewhere(release).unwrap();
            assert_eq!((found.tag.as_str(), &found.commit), (tag, &before), "{release}");
        }
        assert_eq!(elsewhere("3.0"), None);
        assert_eq!(elsewhere("4.0"), None);
    }
}

#[test]
fn what_hides_files_from_git_counts_for_nothing() {
    for word in ["--assume-unchanged", "--skip-worktree"] {
        let world = World::repository("r", &[]);
        world.git("r", &["update-index", word, "app.py"]);
        world.assert_seen("r");
    }
}

#[test]
fn files_in_git_lfs_compare_as_pointers() {
    let world = World::repository("r", &[]);
    let content = "the large file\n";
    let sha256 = crate::names::Sha256::of(content);
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {}\n", content.len());
    world.write("r/.gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    world.write("r/a.bin", &pointer);
    world.write("r/b.bin", &pointer);
    world.git("r", &["add", "."]);
    world.git("r", &["commit", "--quiet", "--message", "large"]);
    world.write("r/a.bin", content);
    assert_eq!(world.changes("r"), Vec::<String>::new());
    assert!(!world.open("r").revision(&[]).unwrap().ends_with("-dirty"));
    world.write("r/a.bin", &content.replace("large", "small"));
    world.write("r/b.bin", "x");
    assert_eq!(world.changes("r"), ["a.bin", "b.bin"]);
}

#[test]
fn line_ends_are_those_of_the_attributes_and_modes_those_of_the_file_system() {
    let world = World::repository("r", &[]);
    world.write("r/.gitattributes", "*.bat text eol=crlf\n");
    world.write("r/a.bat", "one\r\ntwo\r\n");
    world.git("r", &["add", "."]);
    world.git("r", &["commit", "--quiet", "--message", "dos"]);
    world.write("r/a.bat", "one\r\ntwo\r\n");
    assert_eq!(world.changes("r"), Vec::<String>::new());
    let mode = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
    fs::set_permissions(world.path("r/a.bat"), mode).unwrap();
    assert_eq!(world.changes("r"), ["a.bat"]);
    // A repository does not decide what is a change.
    world.git("r", &["config", "core.fileMode", "false"]);
    assert_eq!(world.changes("r"), ["a.bat"]);
}

#[test]
fn what_is_not_as_git_writes_it_is_an_error() {
    let broken = |what: &dyn Fn(&World)| {
        let world = World::repository("r", &[]);
        what(&world);
        world.refused("r")
    };
    let write = |name: &'static str, text: &'static str| broken(&move |world: &World| world.write(name, text));
    let special = |name: &'static str| {
        broken(&move |world: &World| {
            let _ = fs::remove_file(world.path(name));
            pipe(&world.path(name));
        })
    };
    let found = [
        write("r/.git/HEAD", "root:x:0:0\n"),
        write("r/.git/HEAD", "ref: ../../secret\n"),
        write("r/.git/refs/heads/main", ""),
        write("r/.git/packed-refs", "root:x:0:0\n"),
        write("r/.git/shallow", "root:x:0:0\n"),
        write("r/.git/index", "root:x:0:0\n"),
        write("r/.git/config", "root:x:0:0\n"),
        write("r/.git/commondir", "../nowhere\n"),
        broken(&|world| fs::write(world.path("r/.git/refs/heads/main"), "1".repeat(40)).unwrap()),
        broken(&|world| fs::remove_dir_all(world.path("r/.git/objects")).unwrap()),
        broken(&|world| fs::remove_file(world.path("r/.git/HEAD")).unwrap()),
        broken(&|world| {
            fs::remove_dir_all(world.path("r/.git")).unwrap();
            world.write("r/.git", "gitdir: ../gone/x\n");
        }),
        special("r/.git/HEAD"),
        special("r/.git/index"),
        special("r/.git/config"),
        special("r/.git/packed-refs"),
        special("r/.git/refs/heads/main"),
        special("r/.git/objects/info/alternates"),
        special("r/.git/objects/pack/pack-1.idx"),
        special("r/.gitignore"),
        special("r/.gitattributes"),
        special("r/sub/.gitattributes"),
    ];
    // Git's own words differ from version to version.
    let ours = found.iter().map(|text| match text.split_once("git cannot say what is checked out in `/r`: ") {
        Some((_, words)) => format!("(git's words; {})", words.rsplit_once("; ").unwrap().1),
        None => text.clone(),
    });
    insta::assert_snapshot!(ours.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_checkout_of_somebody_else() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let world = World::repository("r", &[]);
    std::os::unix::fs::chown(world.path("r"), Some(12345), None).unwrap();
    assert_eq!(
        world.refused("r"),
        "the checkout `/r` belongs to another user: `/r` is of uid 12345; where you trust it: `git config --global --add \
         safe.directory /r`"
    );
    let sudo = Caller { ceilings: Vec::new(), sudo: Some(12345) };
    assert!(Worktree::find(&world.path("r"), &sudo).unwrap().is_some());
}

/// The time of the last change of a file, as days after the first commit's; of `folder` with what was removed below it.
fn last_day(history: &mut History, files: &[&str], folder: Option<&str>) -> Option<i64> {
    let parts = Parts {
        files: files.iter().map(PathBuf::from).collect(),
        folders: folder.into_iter().map(PathBuf::from).collect(),
    };
    history.last(&parts).map(|change| (change.time - 1_700_000_000) / 86400)
}

#[test]
fn the_last_change_of_files() {
    let world = World::repository("r", &[]);
    let commit = |day: i64, message: &str| {
        world.git("r", &["add", "--all"]);
        let dates = format!("{} +0000", 1_700_000_000 + day * 86400);
        let mut command = Command::new("git");
        command.current_dir(world.path("r")).env("HOME", world.path("home")).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("GIT_AUTHOR_DATE", &dates).env("GIT_COMMITTER_DATE", &dates);
        command.args(["-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", message]);
        assert!(command.status().unwrap().success());
    };
    // Names that look like what git lists around them.
    let odd = ":100644 100644 1111 2222 D\n";
    world.write(&format!("r/{odd}"), "1");
    commit(1, odd);
    world.write("r/sub/b.txt", "b");
    commit(2, "two");
    fs::remove_file(world.path("r/sub/b.txt")).unwrap();
    commit(3, "three");
    world.write("r/app.py", "2\n");
    commit(4, "four");
    let history = |folder: &str| world.open(folder).history().unwrap().unwrap();
    let mut whole = history("r");
    assert_eq!(last_day(&mut whole, &["app.py"], None), Some(4));
    assert_eq!(last_day(&mut whole, &["sub/a.txt"], None), Some(0));
    assert_eq!(last_day(&mut whole, &["sub/a.txt"], Some("sub")), Some(3), "b.txt was removed");
    assert_eq!(last_day(&mut whole, &[odd], None), Some(1));
    assert_eq!(last_day(&mut whole, &["nothing"], None), None);
    assert!(whole.broke().is_none());
    let mut below = history("r/sub");
    assert_eq!(last_day(&mut below, &["a.txt"], None), Some(0));
    assert_eq!(last_day(&mut below, &["app.py"], None), None, "it is not of this folder");
    // A clone without older commits.
    let from = format!("file://{}", world.path("r").display());
    world.git("", &["clone", "--quiet", "--depth", "1", &from, "shallow"]);
    let mut shallow = history("shallow");
    let change = shallow.last(&Parts::default().with_file("sub/a.txt")).unwrap();
    assert!(change.is_end);
    // One whose older trees are nowhere.
    world.git("r", &["config", "uploadpack.allowFilter", "true"]);
    world.git("", &["clone", "--quiet", "--no-checkout", "--filter=tree:0", &from, "partial"]);
    let mut partial = history("partial");
    assert_eq!(last_day(&mut partial, &["sub/a.txt"], None), None);
    assert!(partial.broke().is_some());
}
