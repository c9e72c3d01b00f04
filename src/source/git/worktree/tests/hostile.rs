//! Checkouts that were made to be taken for clean, and repositories in them that git must not look into.

use std::os::unix::fs::symlink;

use sha1::Digest as _;

use super::*;

#[test]
fn notes_on_commits_that_were_forged_count_for_nothing() {
    use sha1::Digest as _;
    let world = World::repository("r", &[]);
    let head = world.git("r", &["rev-parse", "HEAD"]);
    world.git("r", &["commit-graph", "write", "--reachable"]);
    world.write("r/app.py", "another\n");
    world.git("r", &["add", "app.py"]);
    let tree = hex::decode(world.git("r", &["write-tree"])).unwrap();
    let path = world.path("r/.git/objects/info/commit-graph");
    let mut graph = fs::read(&path).unwrap();
    // The chunk table says where the commits are (gitformat-commit-graph(5)); there is one.
    let entry = (8..).step_by(12).find(|at| &graph[*at..at + 4] == b"CDAT").unwrap();
    let at = usize::try_from(u64::from_be_bytes(graph[entry + 4..entry + 12].try_into().unwrap())).unwrap();
    graph[at..at + 20].copy_from_slice(&tree);
    graph[at + 32..at + 36].copy_from_slice(&1_500_000_000_u32.to_be_bytes());
    let end = graph.len() - 20;
    let sum = sha1::Sha1::digest(&graph[..end]);
    graph[end..].copy_from_slice(&sum);
    fs::remove_file(&path).unwrap();
    fs::write(&path, graph).unwrap();
    // The harm is real: git itself believes it.
    assert!(world.git("r", &["rev-list", "--no-walk", "--timestamp", "HEAD"]).starts_with("1500000000 "));
    assert_eq!(world.git("r", &["status", "--porcelain"]), "");
    let worktree = world.open("r");
    assert_eq!(worktree.time().unwrap(), Some(1_700_000_000));
    assert_eq!(worktree.revision(&[]).unwrap(), format!("{head}-dirty"));
    assert_eq!(world.changes("r"), ["app.py"]);
}

/// A checkout in which only a file that is in no commit differs, which something of it hides from git.
fn hides(what: &dyn Fn(&World)) -> (World, Vec<String>) {
    let world = World::repository("r", &[]);
    what(&world);
    let seen = world.changes("r");
    let dirty = world.open("r").revision(&[]).unwrap().ends_with("-dirty");
    assert_eq!(dirty, !seen.is_empty());
    (world, seen)
}

#[test]
fn settings_and_lists_of_a_repository_hide_nothing() {
    let (_, seen) = hides(&|world| {
        world.write("r/.git/info/exclude", "evil.conf\n");
        world.write("r/evil.conf", "");
    });
    assert_eq!(seen, ["evil.conf"]);
    let (_, seen) = hides(&|world| {
        world.write("r/.git/evil", "evil.conf\n");
        world.git("r", &["config", "core.excludesFile", ".git/evil"]);
        world.write("r/evil.conf", "");
    });
    assert_eq!(seen, ["evil.conf"]);
    // A list that no commit holds.
    let (_, seen) = hides(&|world| {
        world.write("r/sub/.gitignore", "*\n");
        world.write("r/sub/evil.conf", "");
        world.write("r/new/.gitignore", "*\n");
        world.write("r/new/evil.conf", "");
    });
    assert_eq!(seen, ["new/", "sub/.gitignore", "sub/evil.conf"]);
    let (_, seen) = hides(&|world| {
        world.git("r", &["config", "core.ignoreCase", "true"]);
        world.write("r/APP.py", "");
    });
    assert_eq!(seen, ["APP.py"]);
    let (_, seen) = hides(&|world| {
        world.git("r", &["config", "core.fileMode", "false"]);
        let mode = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
        fs::set_permissions(world.path("r/app.py"), mode).unwrap();
    });
    assert_eq!(seen, ["app.py"]);
    let (_, seen) = hides(&|world| {
        symlink("app.py", world.path("r/link")).unwrap();
        world.git("r", &["add", "link"]);
        world.git("r", &["commit", "--quiet", "--message", "link"]);
        world.git("r", &["config", "core.symlinks", "false"]);
        fs::remove_file(world.path("r/link")).unwrap();
        world.write("r/link", "app.py");
    });
    assert_eq!(seen, ["link"]);
    let (_, seen) = hides(&|world| {
        world.git("r", &["config", "core.autocrlf", "true"]);
        world.write("r/app.py", "1\r\n");
    });
    assert_eq!(seen, ["app.py"]);
}

#[test]
fn what_is_exempt_is_exempt_alone() {
    let world = World::repository("r", &[]);
    world.write("r/packages/debian/x.deb", "");
    world.write("r/packages2/x.deb", "");
    world.write("r/sub/packages/x.deb", "");
    let except = ["packages".to_owned()];
    assert_eq!(world.open("r").changes(&except).unwrap(), ["packages2/", "sub/packages/"]);
    assert_eq!(world.open("r/sub").changes(&except).unwrap(), Vec::<String>::new());
}

/// An index that says that its folders are those of the commit, and has another file in one.
#[test]
fn notes_of_an_index_on_its_folders_count_for_nothing() {
    let world = World::repository("r", &[]);
    world.git("r", &["read-tree", "HEAD"]);
    let old = hex::decode(world.git("r", &["rev-parse", "HEAD:sub/a.txt"])).unwrap();
    world.write("r/sub/a.txt", "evil\n");
    let new = hex::decode(world.git("r", &["hash-object", "-w", "sub/a.txt"])).unwrap();
    let path = world.path("r/.git/index");
    let mut index = fs::read(&path).unwrap();
    let at = index.windows(20).position(|bytes| bytes == old).unwrap();
    index[at..at + 20].copy_from_slice(&new);
    let end = index.len() - 20;
    let sum = sha1::Sha1::digest(&index[..end]);
    index[end..].copy_from_slice(&sum);
    fs::write(&path, index).unwrap();
    // The harm is real: git itself believes it.
    assert_eq!(world.git("r", &["status", "--porcelain"]), "");
    assert_eq!(world.changes("r"), ["sub/a.txt"]);
}

#[test]
fn an_object_that_is_not_what_its_name_says_is_an_error() {
    let replaced = |name: &str| {
        let world = World::repository("r", &[]);
        let (first, victim) = (world.git("r", &["rev-parse", "HEAD"]), world.git("r", &["rev-parse", name]));
        world.write("r/sub/a.txt", "evil\n");
        world.git("r", &["add", "sub"]);
        world.git("r", &["commit", "--quiet", "--amend", "--message", "evil"]);
        let evil = world.git("r", &["rev-parse", name]);
        let place = |hash: &str| world.path(&format!("r/.git/objects/{}/{}", &hash[..2], &hash[2..]));
        fs::remove_file(place(&victim)).unwrap();
        fs::copy(place(&evil), place(&victim)).unwrap();
        let head = if name == "HEAD" { victim } else { first };
        fs::write(world.path("r/.git/refs/heads/main"), format!("{head}\n")).unwrap();
        world.refused("r")
    };
    for name in ["HEAD", "HEAD^{tree}", "HEAD:sub"] {
        let error = replaced(name);
        assert!(error.contains("that is not what its name says"), "{error}");
    }
}

/// A checkout with a submodule at `inner`, as git makes one, with its repository in the folder itself.
fn with_submodule() -> World {
    let world = World::repository("r", &[]);
    world.git("", &["init", "--quiet", "outer"]);
    world.git("outer", &["clone", "--quiet", "../r", "inner"]);
    world.git("outer", &["-c", "advice.addEmbeddedRepo=false", "add", "inner"]);
    world.git("outer", &["commit", "--quiet", "--message", "with a submodule"]);
    assert_eq!(world.changes("outer"), Vec::<String>::new());
    world
}

#[test]
fn a_submodule_is_compared_without_a_look_into_its_configuration() {
    let world = with_submodule();
    pipe(&world.path("pipe"));
    let config = fs::read_to_string(world.path("outer/inner/.git/config")).unwrap();
    world.write("outer/inner/.git/config", &format!("{config}[include]\n\tpath = {}\n", world.path("pipe").display()));
    assert_eq!(world.changes("outer"), Vec::<String>::new());
    fs::remove_file(world.path("outer/inner/.git/config")).unwrap();
    pipe(&world.path("outer/inner/.git/config"));
    assert_eq!(world.changes("outer"), Vec::<String>::new());
    fs::write(world.path("outer/inner/.git/refs/heads/main"), "1".repeat(40)).unwrap();
    assert_eq!(world.changes("outer"), ["inner"]);
    for name in ["HEAD", "commondir", "packed-refs", "refs/heads/x"] {
        let world = with_submodule();
        let path = world.path(&format!("outer/inner/.git/{name}"));
        let _ = fs::remove_file(&path);
        pipe(&path);
        assert!(world.refused("outer").contains("is no regular file"), "{name}");
    }
}

#[test]
fn a_submodule_whose_repository_is_elsewhere_is_not_compared() {
    let elsewhere = ["inner (a submodule whose repository is elsewhere: not compared)"];
    let world = with_submodule();
    fs::rename(world.path("outer/inner/.git"), world.path("elsewhere")).unwrap();
    world.write("outer/inner/.git", "gitdir: ../../elsewhere\n");
    assert_eq!(world.changes("outer"), elsewhere);
    fs::remove_file(world.path("elsewhere/HEAD")).unwrap();
    pipe(&world.path("elsewhere/HEAD"));
    assert_eq!(world.changes("outer"), elsewhere);
    let world = with_submodule();
    fs::rename(world.path("outer/inner/.git/HEAD"), world.path("head")).unwrap();
    symlink(world.path("head"), world.path("outer/inner/.git/HEAD")).unwrap();
    assert_eq!(world.changes("outer"), elsewhere);
}

#[test]
fn files_in_the_place_of_a_submodule_are_in_no_commit() {
    let world = with_submodule();
    fs::remove_dir_all(world.path("outer/inner/.git")).unwrap();
    assert_eq!(world.changes("outer"), ["inner"]);
    fs::remove_dir_all(world.path("outer/inner")).unwrap();
    fs::create_dir(world.path("outer/inner")).unwrap();
    assert_eq!(world.changes("outer"), Vec::<String>::new(), "one that is not checked out");
    fs::remove_dir(world.path("outer/inner")).unwrap();
    assert_eq!(world.changes("outer"), ["inner"]);
}

/// A repository that git would wait in.
fn trap(world: &World, name: &str, pipes: &[&str]) {
    world.git("r", &["init", "--quiet", name]);
    world.write(&format!("r/{name}/evil.conf"), "");
    for path in pipes.iter().map(|pipe| world.path(&format!("r/{name}/.git/{pipe}"))) {
        let _ = fs::remove_file(&path);
        pipe(&path);
    }
}

#[test]
fn repositories_in_a_checkout_are_folders_like_others() {
    let world = World::repository("r", &[]);
    trap(&world, "nested", &["HEAD", "commondir", "config"]);
    world.git("r", &["init", "--quiet", "empty"]);
    assert_eq!(world.changes("r"), ["nested/"]);
    // In the place of a file that is in the commit.
    fs::remove_file(world.path("r/app.py")).unwrap();
    trap(&world, "app.py", &["HEAD", "commondir", "config"]);
    assert_eq!(world.changes("r"), ["app.py", "nested/"]);
}

#[test]
fn pipes_are_waited_for_nowhere() {
    for name in [
        "objects/info/commit-graphs/commit-graph-chain",
        "objects/pack/multi-pack-index.d/multi-pack-index-chain",
        "objects/pack/more/pack",
    ] {
        let world = World::repository("r", &[]);
        let path = world.path(&format!("r/.git/{name}"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        pipe(&path);
        assert!(world.refused("r").contains("is no regular file"), "{name}");
    }
    let world = World::repository("r", &[]);
    fs::create_dir(world.path("elsewhere")).unwrap();
    pipe(&world.path("elsewhere/pipe"));
    symlink(world.path("elsewhere"), world.path("r/.git/objects/ab")).unwrap();
    assert!(world.refused("r").contains("leads out of the repository"));
    let world = World::repository("r", &[]);
    pipe(&world.path("r/.gitmodules"));
    assert!(world.refused("r").contains("is no regular file"));
}

/// Writes an index again after something in it was changed.
fn sealed(mut index: Vec<u8>) -> Vec<u8> {
    let end = index.len() - 20;
    let sum = sha1::Sha1::digest(&index[..end]);
    index[end..].copy_from_slice(&sum);
    index
}

#[test]
fn an_index_that_names_files_outside_is_not_read() {
    for name in [&b"../b/c.txt"[..], b"a/../c.txt", b"ab//c.text", b".git/x.txt", b"./bcd.text"] {
        let world = World::repository("r", &[]);
        let path = world.path("r/.git/index");
        let mut index = fs::read(&path).unwrap();
        let at = index.windows(10).position(|bytes| bytes == b".gitignore").unwrap();
        index[at..at + 10].copy_from_slice(name);
        fs::write(&path, sealed(index)).unwrap();
        let said = world.refused("r");
        assert!(said.contains("git cannot say") || said.contains("another form"), "{said}");
    }
}

#[test]
fn a_repository_elsewhere_that_does_not_know_the_checkout_is_not_read() {
    let told = |world: &World| {
        let said = world.refused("p");
        assert!(said.contains("which does not know the checkout"), "{said}");
    };
    let world = World::repository("r", &[]);
    world.write("p/.git", "gitdir: ../r/.git\n");
    told(&world);
    insta::assert_snapshot!(world.refused("p"), @"the checkout `/p` says that `/r/.git` is its repository, which does not know the checkout; where both are yours: `git worktree repair` in /p if it is a linked worktree that was moved, else `git config --file /r/.git/config core.worktree /p`");
    // As its help says.
    let (file, root) = (world.path("r/.git/config"), world.path("p"));
    world.git("r", &["config", "--file", file.to_str().unwrap(), "core.worktree", root.to_str().unwrap()]);
    world.open("p");
    let world = World::repository("r", &[]);
    fs::create_dir(world.path("p")).unwrap();
    symlink("../r/.git", world.path("p/.git")).unwrap();
    told(&world);
    let world = World::repository("r", &[]);
    world.git("", &["init", "--quiet", "p"]);
    world.write("p/.git/commondir", "../../r/.git\n");
    told(&world);
}

#[test]
fn links_in_the_repository_lead_to_no_other_one() {
    let world = World::repository("r", &[]);
    world.git("", &["clone", "--quiet", "r", "other"]);
    world.git("other", &["tag", "9.9"]);
    let led = |name: &str, target: &std::path::Path| {
        let path = world.path(&format!("r/.git/{name}"));
        let kept = world.path("kept");
        let was_there = fs::rename(&path, &kept).is_ok();
        symlink(target, &path).unwrap();
        let said = world.refused("r");
        assert!(said.starts_with(&format!("`/r/.git/{name}` is a link that leads out of the repository")), "{said}");
        assert!(said.contains(&format!("`ls -l /r/.git/{name}` says where")), "{said}");
        fs::remove_file(&path).unwrap();
        if was_there {
            fs::rename(&kept, &path).unwrap();
        }
    };
    for name in ["HEAD", "refs", "refs/heads/main", "index", "config", "objects"] {
        led(name, &world.path(&format!("other/.git/{name}")));
    }
    for name in ["packed-refs", "shallow", "commondir", "refs/tags/1", "sharedindex.abc", "objects/info/alternates"] {
        world.write("foreign", "root:x:0:0\n");
        led(name, &world.path("foreign"));
    }
    for target in ["/", "/usr"] {
        led("objects/aa", std::path::Path::new(target));
    }
    assert_eq!(world.changes("r"), Vec::<String>::new());
    // Links that stay inside are as good as what they lead to.
    fs::rename(world.path("r/.git/index"), world.path("r/.git/index.1")).unwrap();
    symlink("index.1", world.path("r/.git/index")).unwrap();
    fs::rename(world.path("r/.git/refs"), world.path("r/.git/refs.1")).unwrap();
    symlink("refs.1", world.path("r/.git/refs")).unwrap();
    assert_eq!(world.changes("r"), Vec::<String>::new());
}

#[test]
fn what_is_borrowed_leads_nowhere_else() {
    let world = World::repository("r", &[]);
    world.git("", &["clone", "--quiet", "--shared", "r", "borrowing"]);
    assert_eq!(world.changes("borrowing"), Vec::<String>::new());
    symlink("/usr", world.path("r/.git/objects/aa")).unwrap();
    let said = world.refused("borrowing");
    assert!(said.starts_with("`/r/.git/objects/aa` is a link that leads out"), "{said}");
    // That a folder is borrowed opens it for nothing else.
    fs::remove_file(world.path("r/.git/objects/aa")).unwrap();
    fs::create_dir_all(world.path("evil")).unwrap();
    symlink(world.path("r/.git/objects"), world.path("evil/aa")).unwrap();
    let stores = [world.path("r/.git/objects"), world.path("evil")].map(|path| path.display().to_string() + "\n");
    world.write("borrowing/.git/objects/info/alternates", &stores.concat());
    assert!(world.refused("borrowing").starts_with("`/evil/aa` is a link that leads out"));
}

#[test]
fn what_a_file_of_the_repository_says_is_not_told() {
    let world = World::repository("r", &[]);
    world.write("r/.git/commondir", "root:x:0:0\n");
    let said = world.refused("r");
    assert!(said.contains("there is none") && !said.contains("root:x"), "{said}");
}

#[test]
fn of_what_alternates_name_only_objects_are_looked_at() {
    let world = World::repository("r", &[]);
    fs::create_dir_all(world.path("elsewhere/deep")).unwrap();
    pipe(&world.path("elsewhere/deep/pipe"));
    world.write("r/.git/objects/info/alternates", &format!("{}\n", world.path("elsewhere").display()));
    assert_eq!(world.changes("r"), Vec::<String>::new());
    fs::create_dir(world.path("elsewhere/pack")).unwrap();
    pipe(&world.path("elsewhere/pack/pipe"));
    let said = world.refused("r");
    assert!(said.contains("is no regular file") && !said.contains("rm "), "{said}");
}

#[test]
fn a_forged_pointer_stands_for_no_content() {
    let world = World::repository("r", &[]);
    world.write("r/a.conf", "honest\n");
    world.git("r", &["add", "."]);
    world.git("r", &["commit", "--quiet", "--message", "honest"]);
    let (evil, place) =
        ("evil content\n", |hash: &str| world.path(&format!("r/.git/objects/{}/{}", &hash[..2], &hash[2..])));
    let sha256 = crate::names::Sha256::of(evil);
    world.write(
        "pointer",
        &format!("version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {}\n", evil.len()),
    );
    let forged = world.git("r", &["hash-object", "-w", "../pointer"]);
    let honest = world.git("r", &["rev-parse", "HEAD:a.conf"]);
    fs::remove_file(place(&honest)).unwrap();
    fs::copy(place(&forged), place(&honest)).unwrap();
    world.write("r/a.conf", evil);
    assert_eq!(world.changes("r"), ["a.conf"]);
}

#[test]
fn nothing_else_hides_what_is_in_no_commit() {
    // A submodule that is said not to be there.
    let world = with_submodule();
    fs::remove_dir_all(world.path("outer/inner/.git")).unwrap();
    world.git("outer", &["update-index", "--skip-worktree", "inner"]);
    assert_eq!(world.changes("outer"), ["inner"]);
    fs::remove_dir_all(world.path("outer/inner")).unwrap();
    assert_eq!(world.changes("outer"), Vec::<String>::new());
    // A list above the part that is asked about, which is not as it was committed.
    let (world, _) = hides(&|world| world.write("r/sub/new.log", ""));
    assert_eq!(world.changes("r/sub"), Vec::<String>::new());
    world.write("r/.gitignore", "*.log\n*.conf\n");
    world.write("r/sub/evil.conf", "");
    assert_eq!(world.changes("r/sub"), ["evil.conf", "new.log"]);
    // What attributes would rewrite.
    let (_, seen) = hides(&|world| {
        world.write("r/.gitattributes", "*.c ident\n");
        world.write("r/a.c", "/* $Id$ */\n");
        world.git("r", &["add", "."]);
        world.git("r", &["commit", "--quiet", "--message", "ident"]);
        world.write("r/a.c", "/* $Id: */ system(`id`); /* $ */\n");
        world.git("r", &["add", "a.c"]);
        assert_eq!(world.git("r", &["status", "--porcelain"]), "");
    });
    assert_eq!(seen, ["a.c"]);
}
