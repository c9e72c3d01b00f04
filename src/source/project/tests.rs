//! What is taken of a project: all of what is named, but for what is never an input and what `.factoryignore` leaves out.

use std::{
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use super::*;
use crate::{source::roots::Roots, util::folder::Links};

/// A folder with these files; a name with a slash at its end is a folder.
fn tree(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for path in files {
        write(folder.path(), path, "");
    }
    folder
}

fn write(folder: &Path, path: &str, text: &str) {
    let place = folder.join(path);
    if path.ends_with('/') {
        std::fs::create_dir_all(place).unwrap();
        return;
    }
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(place, text).unwrap();
}

/// What a path or pattern names, a folder with a slash behind it, a link with an arrow.
fn taken(roots: &Roots, pattern: &str) -> Vec<String> {
    shown(&roots.matching(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}")))
}

fn shown(found: &Found) -> Vec<String> {
    let name = |file: &SourceFile| match &file.kind {
        SourceKind::File { .. } => file.relative.clone(),
        SourceKind::Folder => format!("{}/", file.relative),
        SourceKind::Symlink { target } => format!("{} -> {target}", file.relative),
    };
    found.files.iter().map(name).collect()
}

fn refused(roots: &Roots, pattern: &str) -> String {
    roots.matching(pattern).unwrap_err().to_string()
}

/// A web site with everything that was once left out in silence.
fn site() -> tempfile::TempDir {
    let folder = tree(&[
        "web/.htaccess",
        "web/.well-known/security.txt",
        "web/.git/HEAD",
        "web/module/.git",
        "web/module/a.js",
        "web/.factory/lock",
        "web/dist/bundle.js",
        "web/node_modules/x/index.js",
        "web/empty/",
        "web/keep/.gitkeep",
        "web/app/[id]/page.js",
        "web/mod.py",
        "web/mod.pyc",
        "web/__pycache__/mod.cpython-311.pyc",
        "web/debug.log",
        "web/secret.txt",
    ]);
    // In the project, in what is named, and as ripgrep has it.
    write(folder.path(), ".gitignore", "dist/\n*.log\n");
    write(folder.path(), "web/.gitignore", "node_modules\n");
    write(folder.path(), "web/.ignore", "secret.txt\n");
    write(folder.path(), ".ignore", "*\n");
    folder
}

/// All of [`site`] that is ever taken.
const ALL: [&str; 14] = [
    ".gitignore",
    ".htaccess",
    ".ignore",
    ".well-known/security.txt",
    "__pycache__/mod.cpython-311.pyc",
    "app/[id]/page.js",
    "debug.log",
    "dist/bundle.js",
    "empty/",
    "keep/.gitkeep",
    "mod.py",
    "mod.pyc",
    "module/a.js",
    "node_modules/x/index.js",
];

#[test]
fn what_is_named_is_taken_whole() {
    let folder = site();
    let roots = Roots::for_project(folder.path());
    let mut all: Vec<&str> = ALL.to_vec();
    all.push("secret.txt");
    assert_eq!(taken(&roots, "web"), all);
    assert_eq!(taken(&roots, "web/**"), all);
    // `*` begins with any letter, and takes folders whole, as in a container.
    assert_eq!(taken(&roots, "web/*"), all);
    assert_eq!(taken(&roots, "web/.*"), [".gitignore", ".htaccess", ".ignore", ".well-known/security.txt"]);
    assert_eq!(taken(&roots, "web/{dist,empty}"), ["dist/bundle.js", "empty/"]);
    assert_eq!(taken(&roots, "web/**/*.js").len(), 4);
    assert_eq!(taken(&roots, "web/dist"), ["bundle.js"]);
    assert_eq!(taken(&roots, "web/dist/bundle.js"), ["bundle.js"]);
    // An empty folder that is named is that folder.
    assert_eq!(taken(&roots, "web/empty"), ["/"]);
    assert_eq!(roots.matching("web/empty").unwrap().files[0].mode, 0o755);
}

#[test]
fn what_lies_above_a_project_says_nothing_about_it() {
    let folder = tree(&["shop/web/a.txt", "shop/app/a.py", "shop/app/b.txt"]);
    for name in [".gitignore", ".ignore", ".factoryignore"] {
        write(folder.path(), name, "*\n");
    }
    let roots = Roots::for_project(&folder.path().join("shop"));
    assert_eq!(taken(&roots, "web"), ["a.txt"]);
    assert_eq!(shown(&roots.python(Path::new("app")).unwrap()), ["a.py", "b.txt"]);
}

#[test]
fn what_is_never_an_input() {
    let folder = tree(&[
        "a.txt",
        ".git/HEAD",
        ".factory/lock",
        "factory.lock",
        "sub/factory.lock",
        "packages/debian-12/a.deb",
        "packages/release.json",
        "packages/core/dist/a.js",
        "wheels/debian-12/a.whl",
        "cache/w/store/a",
    ]);
    let project = folder.path();
    symlink("cache/w", project.join("moved")).unwrap();
    let kept = |path: &str, is_shared| Kept { path: project.join(path), is_shared };
    let closed = ["moved", "wheels", "factory.lock", "packages/release.json", "packages/debian-12", "packages/none"];
    let kept: Vec<Kept> = closed.iter().map(|path| kept(path, false)).chain([kept("packages", true)]).collect();
    let roots = Roots::for_project(project).keeping(kept);
    let rest = ["a.txt", "cache/", "moved -> cache/w", "sub/factory.lock"];
    assert_eq!(taken(&roots, "."), rest);
    assert_eq!(taken(&roots, "**"), rest);
    assert_eq!(shown(&roots.python(Path::new(".")).unwrap()), ["a.txt", "moved -> cache/w", "sub/factory.lock"]);
    assert_eq!(taken(&roots, "cache"), ["/"]);
    // Others keep packages of their own there.
    assert_eq!(taken(&roots, "packages/core/dist"), ["a.js"]);
    assert_eq!(taken(&roots, "packages/*"), ["core/dist/a.js"]);
    for path in
        ["packages", "packages/debian-12", "packages/debian-12/*", "wheels", "cache/w", "moved/*", "factory.lock"]
    {
        assert!(refused(&roots, path).contains("factory writes there"), "{path}: {}", refused(&roots, path));
    }
    assert_eq!(refused(&roots, ".git"), "`.git` is never taken: git keeps its own files there");
    assert!(refused(&roots, ".git/*").contains("git keeps its own files there"));
    assert!(refused(&roots, ".factory/lock").contains("factory keeps its own files there"));
    assert!(roots.python(Path::new("wheels")).is_err());
    // Nor are single files: a login may be in there.
    for path in [".git/HEAD", ".factory/lock", "sub/../.git/HEAD"] {
        assert!(roots.text(Path::new(path), 9).is_err() && roots.open(Path::new(path)).is_err(), "{path}");
    }
}

#[test]
fn factoryignore_leaves_out() {
    let folder = site();
    write(folder.path(), ".factoryignore", "# not these\n*.log\n/web/dist\nnode_modules/\n**/keep/*\n");
    write(folder.path(), "web/.factoryignore", "*.pyc\n!mod.pyc\n/secret.txt\n");
    let roots = Roots::for_project(folder.path());
    let gone =
        ["__pycache__/mod.cpython-311.pyc", "debug.log", "dist/bundle.js", "keep/.gitkeep", "node_modules/x/index.js"];
    let mut left: Vec<&str> = ALL.into_iter().filter(|name| !gone.contains(name)).collect();
    left.extend(["__pycache__/", "keep/"]);
    left.sort_by(|a, b| a.trim_end_matches('/').split('/').cmp(b.trim_end_matches('/').split('/')));
    assert_eq!(taken(&roots, "web"), left);
    // What is named and left out is a mistake, not nothing.
    let by = |path: &str, file: &str, pattern: &str| format!("`{path}` is left out: `{file}` has `{pattern}`");
    assert_eq!(refused(&roots, "web/dist"), by("web/dist", ".factoryignore", "/web/dist"));
    assert_eq!(refused(&roots, "web/dist/bundle.js"), by("web/dist/bundle.js", ".factoryignore", "/web/dist"));
    assert_eq!(refused(&roots, "web/debug.log"), by("web/debug.log", ".factoryignore", "*.log"));
    assert_eq!(refused(&roots, "web/secret.txt"), by("web/secret.txt", "web/.factoryignore", "/secret.txt"));
    assert_eq!(refused(&roots, "web/keep"), by("web/keep/.gitkeep", ".factoryignore", "**/keep/*"));
    let glob = refused(&roots, "web/*.log");
    assert_eq!(
        glob,
        "`web/*.log` matches no file of the project; `web/debug.log` is left out there: `.factoryignore` has `*.log`"
    );
    assert!(refused(&roots, "web/di*/*.js").contains("`web/dist` is left out there: `.factoryignore` has `/web/dist`"));
    assert_eq!(refused(&roots, "web/*.css"), "`web/*.css` matches no file of the project");
    assert_eq!(refused(&roots, "nowhere/*.css"), "`nowhere/*.css` matches no file of the project");
}

#[test]
fn patterns_that_are_none_are_mistakes() {
    let folder = tree(&["web/a.txt"]);
    write(folder.path(), "web/.factoryignore", "ok\n{a,b\n");
    let error = refused(&Roots::for_project(folder.path()), "web");
    assert!(error.contains("web/.factoryignore`, line 2: "), "{error}");
    write(folder.path(), "web/.factoryignore", &"x\n".repeat(20_001));
    assert!(refused(&Roots::for_project(folder.path()), "web").contains("more than 20,000 patterns"));
}

#[test]
fn python_folders_mind_git_and_say_so() {
    let folder = tree(&[
        "app/pyproject.toml",
        "app/.hidden.cfg",
        "app/a.py",
        "app/a.pyc",
        "app/alone.pyc",
        "app/__pycache__/a.cpython-311.pyc",
        "app/build/lib/a.py",
        "app/x.log",
        "app/empty/",
        "app/.git/HEAD",
        "gone/a.py",
    ]);
    write(folder.path(), ".gitignore", "*.log\ngone/*\n");
    write(folder.path(), "app/.gitignore", "build/\n");
    write(folder.path(), ".ignore", "*.py\n");
    let roots = Roots::for_project(folder.path());
    let found = roots.python(Path::new("app")).unwrap();
    assert_eq!(shown(&found), [".hidden.cfg", "a.py", "pyproject.toml"]);
    assert_eq!(found.left_out.count, 2);
    assert_eq!(roots.matching("app").unwrap().left_out.count, 0);
    let error = roots.python(Path::new("gone")).unwrap_err().to_string();
    assert_eq!(error, "`gone`: git ignores everything in it");
    // `.factoryignore` has the last word.
    write(folder.path(), ".factoryignore", "!gone/a.py\n");
    assert_eq!(shown(&roots.python(Path::new("gone")).unwrap()), ["a.py"]);
}

#[test]
fn a_link_that_is_named_is_a_link() {
    let folder = tree(&["shared/real.txt", "tree/f"]);
    let project = folder.path();
    for (target, link) in [
        ("shared", "folder"),
        ("shared/real.txt", "file"),
        ("nowhere", "dangling"),
        ("../shared", "tree/folder"),
        ("nowhere", "tree/dangling"),
        ("/etc/passwd", "tree/outside"),
    ] {
        symlink(target, project.join(link)).unwrap();
    }
    let roots = Roots::for_project(project);
    for (path, link) in
        [("folder", "folder -> shared"), ("file", "file -> shared/real.txt"), ("dangling", "dangling -> nowhere")]
    {
        assert_eq!(taken(&roots, path), [link]);
        assert!(roots.matching(path).unwrap().is_single, "{path}");
    }
    // A glob looks into it, and so does a folder for a program.
    assert_eq!(taken(&roots, "folder/*"), ["real.txt"]);
    assert_eq!(shown(&roots.python(Path::new("folder")).unwrap()), ["real.txt"]);
    assert_eq!(shown(&roots.whole(Path::new("folder")).unwrap()), ["real.txt"]);
    let inner = ["dangling -> nowhere", "f", "folder -> ../shared", "outside -> /etc/passwd"];
    assert_eq!(taken(&roots, "tree"), inner);
    assert_eq!(taken(&roots, "tree/*"), inner);
}

#[test]
fn what_cannot_be_taken_is_an_error() {
    let folder = tree(&["web/a.txt", "locked/inner/a.txt"]);
    let project = folder.path();
    let roots = Roots::for_project(project);
    let socket = std::os::unix::net::UnixListener::bind(project.join("web/socket")).unwrap();
    assert!(refused(&roots, "web").contains("web/socket`: it is neither a file, a folder nor a symbolic link"));
    // What is not named does not matter.
    assert_eq!(taken(&roots, "web/*.txt"), ["a.txt"]);
    drop(socket);
    std::fs::remove_file(project.join("web/socket")).unwrap();
    write(project, "web/bad\nname", "");
    assert!(refused(&roots, "web").contains("control character"));
    std::fs::remove_file(project.join("web/bad\nname")).unwrap();
    // A superuser may read and enter everything.
    if rustix::process::geteuid().is_root() {
        eprintln!("skipped: this test is no superuser's");
        return;
    }
    for (path, mode) in [("web/a.txt", 0o000), ("locked", 0o000), ("locked", 0o400)] {
        let place = project.join(path);
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(roots.matching(path.split('/').next().unwrap()).is_err(), "{path} {mode:o}");
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn folders_end_somewhere() {
    let folder = tempfile::tempdir().unwrap();
    let deep = |depth: usize| format!("web/{}", "d/".repeat(depth));
    write(folder.path(), &deep(200), "");
    let roots = Roots::for_project(folder.path());
    assert_eq!(roots.matching("web").unwrap().files.len(), 1);
    write(folder.path(), &format!("{}f", deep(201)), "");
    assert!(refused(&roots, "web").contains("more than 200 folders deep"));
}

#[test]
fn names_that_look_like_patterns_are_named_with_a_backslash() {
    let names = [
        "pages/[id].js",
        "pages/i.js",
        "pages/a*b?.txt",
        "pages/{x}/y",
        r"pages/back\slash",
        "pages/-x",
        "pages/$HOME",
    ];
    let folder = tree(&names);
    let roots = Roots::for_project(folder.path());
    for (src, name) in [
        (r"pages/\[id\].js", "[id].js"),
        (r"pages/a\*b\?.txt", "a*b?.txt"),
        (r"pages/back\slash", r"back\slash"),
        (r"pages/back\\slash", r"back\slash"),
        ("pages/-x", "-x"),
        ("pages/$HOME", "$HOME"),
    ] {
        assert!(roots.matching(src).unwrap().is_single, "{src}");
        assert_eq!(taken(&roots, src), [name], "{src}");
    }
    assert_eq!(taken(&roots, r"pages/\{x\}"), ["y"]);
    assert_eq!(taken(&roots, r"pages/\{x\}/*"), ["y"]);
    assert_eq!(taken(&roots, r"pages/\[*.js"), ["[id].js"]);
    assert_eq!(taken(&roots, "pages/[id].js"), ["i.js"]);
    let error = roots.matching("pages/[x].js").unwrap_err();
    assert!(matches!(error, SourceError::NoMatch { .. }));
    std::fs::remove_file(folder.path().join("pages/i.js")).unwrap();
    let help = roots.matching("pages/[id].js").unwrap_err().help().unwrap();
    assert!(help.contains(r"'pages/\[id\].js'"), "{help}");
    let help = roots.matching("pages/{x}/*").unwrap_err().help().unwrap();
    assert!(help.contains(r"'pages/\{x\}/*'"), "{help}");
}

#[test]
fn globs_start_below_their_fixed_part() {
    let folder = tree(&["etc/a.conf", "etc/b/c.conf", "etc/b/d.txt"]);
    let roots = Roots::for_project(folder.path());
    assert_eq!(taken(&roots, "etc/**/*.conf"), ["a.conf", "b/c.conf"]);
    assert_eq!(taken(&roots, "etc"), ["a.conf", "b/c.conf", "b/d.txt"]);
    assert_eq!(taken(&roots, "etc/a.conf"), ["a.conf"]);
    assert_eq!(taken(&roots, "etc/*/*.txt"), ["b/d.txt"]);
    assert_eq!(taken(&roots, "e?c/{a.conf,b/d.txt}"), ["etc/a.conf", "etc/b/d.txt"]);
    assert!(matches!(roots.matching("etc/*.nope"), Err(SourceError::NoMatch { .. })));
}

#[test]
fn a_glob_enters_only_what_it_may_match() {
    let folder = tree(&["etc/a.conf", "etc/deep/pipe/x"]);
    let place = folder.path().join("etc/deep/pipe/fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &place, rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o644), 0)
        .unwrap();
    let roots = Roots::for_project(folder.path());
    assert_eq!(taken(&roots, "etc/*.conf"), ["a.conf"]);
    // Files beyond what it matches are not described either.
    assert_eq!(taken(&roots, "etc/**/x"), ["deep/pipe/x"]);
    assert!(roots.matching("etc/*").is_err());
}

#[test]
fn every_file_of_a_folder_that_is_no_projects() {
    let folder = site();
    let open = Folder::open(&folder.path().join("web"), Links::Inside).unwrap();
    let found = every_file(&open).unwrap();
    assert_eq!(found.len(), ALL.len() + 1);
}

#[test]
fn walks_that_cost_too_much_together_end() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), ".factoryignore", "*x*y\n");
    write(folder.path(), "a/b.txt", "");
    let root = Folder::open(folder.path(), Links::Inside).unwrap();
    let (digests, effort) = (Digests::forgetful(), Effort::bounded());
    let within = || Within { root: &root, kept: &[], digests: &digests, effort: &effort };
    assert_eq!(within().matching("a/*").unwrap().files.len(), 1);
    effort.hold(u64::MAX, 1).unwrap_err();
    for named in ["a/*", "a", "a/b.txt"] {
        let said = within().matching(named).unwrap_err().to_string();
        assert!(said.contains("too many patterns with wildcards"), "{named}: {said}");
    }
    let effort = Effort::default();
    effort.hold(u64::MAX, 1).unwrap();
    let within = Within { root: &root, kept: &[], digests: &digests, effort: &effort };
    assert_eq!(within.matching("a/*").unwrap().files.len(), 1, "what was planned is done");
}
