//! What a recipe names of its project is taken whole, into images and every kind of package: hidden files, what git ignores, empty
//! folders, links. What is left out is left out on purpose, and said.

use std::{fs, os::unix::fs::symlink};

use factory::format::wapt;

use crate::{
    deb::listing,
    project::Project,
    wapt::{signed, with_recipe},
};

const RECIPE: &str = r#"[project]
name = "site"
maintainer = "Site Team <site@example.org>"
license = "MIT"
platforms = ["debian-12", "rocky-9"]
official = "debian-12"

[base]
bootstrap = "never"

[[image]]
name = "site"
repository = "site/site"
contents = [
  { src = "web", dst = "/srv/web" },
  { src = "linked", dst = "/srv/linked" },
  { src = "one.txt", dst = "/srv/one.txt" },
  { src = "web/*", dst = "/srv/glob" },
]

[[package]]
name = "site"
from = "site"
summary = "a site"
contents = [
  { src = "web", dst = "/srv/web", file_info = { mode = 0o640 } },
  { src = "linked", dst = "/srv/linked" },
  { src = "one.txt", dst = "/srv/one.txt" },
  { src = "web/{.well-known,empty}", dst = "/srv/glob" },
]
"#;

/// What of `web` is taken; folders have a slash behind them.
const WEB: [&str; 11] = [
    ".gitignore",
    ".htaccess",
    ".ignore",
    ".well-known/security.txt",
    "dist/bundle.js",
    "empty/",
    "inner -> ../shared",
    "keep/.gitkeep",
    "mod.pyc",
    "node_modules/x/index.js",
    "sub/",
];

fn site() -> Project {
    let project = Project::new();
    project.write("factory.toml", RECIPE);
    for path in WEB.iter().filter(|path| !path.contains(['>']) && !path.ends_with('/')) {
        project.write(&format!("web/{path}"), "x\n");
    }
    for folder in WEB.iter().filter(|path| path.ends_with('/')) {
        fs::create_dir_all(project.path("web").join(folder)).unwrap();
    }
    project.write(".gitignore", "dist/\n*.pyc\n");
    project.write("web/.gitignore", "node_modules/\n");
    project.write("web/.ignore", "*\n");
    // Above the project.
    fs::write(project.beside(".gitignore"), "*\n").unwrap();
    // None of these is ever taken.
    for path in ["web/.git/HEAD", "web/sub/.git", "web/.factory/lock"] {
        project.write(path, "x\n");
    }
    project.write("shared/real.txt", "x\n");
    symlink("shared", project.path("linked")).unwrap();
    symlink("shared/real.txt", project.path("one.txt")).unwrap();
    symlink("../shared", project.path("web/inner")).unwrap();
    project
}

/// The files of the context that an image was built with.
fn context(project: &Project, tag: &str) -> Vec<String> {
    let calls = project.calls_of("build");
    let call = calls.iter().find(|call| call.contains(tag)).unwrap_or_else(|| panic!("{tag}: {calls:#?}"));
    serde_json::from_str(call.rsplit_once(" files=").unwrap().1).unwrap()
}

#[test]
fn images_and_packages_have_all_of_what_is_named() {
    let project = site();
    project.done(&["build"]);
    let tag = "site/site:debian-12-2.5.11";
    let files = context(&project, tag);
    for path in WEB {
        let path = path.split(" ->").next().unwrap();
        for place in ["web", "glob"] {
            let path = format!("rootfs/srv/{place}/{path}");
            assert!(files.contains(&path), "{path}: {files:#?}");
        }
    }
    let never = |path: &&String| path.contains("/.git/") || path.ends_with("/.git") || path.contains(".factory");
    assert_eq!(files.iter().find(never), None);
    let dockerfile = project.dockerfile(tag);
    for line in [
        r#"RUN ["ln","-sfn","--","shared","/srv/linked"]"#,
        r#"RUN ["ln","-sfn","--","shared/real.txt","/srv/one.txt"]"#,
        r#"COPY ["rootfs/srv/web/","/srv/web/"]"#,
    ] {
        assert!(dockerfile.contains(line), "{line}\n{dockerfile}");
    }

    let package = |end: &str, folder: &str| {
        let files = project.files(folder);
        project.path(folder).join(files.iter().find(|file| file.ends_with(end)).unwrap())
    };
    let deb = package(".deb", "packages/debian-12");
    let found = listing(&fs::read(&deb).unwrap());
    for path in WEB {
        let (path, is_link) = (path.split(" ->").next().unwrap(), path.contains("->"));
        let mode = if path.ends_with('/') {
            "755"
        } else if is_link {
            "777"
        } else {
            "640"
        };
        let line = format!("{mode} root:root ./srv/web/{path}");
        assert!(found.contains(&line), "{line}: {found:#?}");
    }
    for line in ["777 root:root ./srv/linked", "777 root:root ./srv/one.txt", "755 root:root ./srv/glob/empty/"] {
        assert!(found.contains(&line.to_owned()), "{line}: {found:#?}");
    }
    assert!(
        !found.iter().any(|line| line.contains("/.git/") || line.ends_with("/.git") || line.contains("/.factory")),
        "{found:#?}"
    );

    let rpm = package(".rpm", "packages/rocky-9");
    let query = ["-qp", "--qf", "[%{FILEMODES:perms} %{FILENAMES} -> %{FILELINKTOS}\\n]", rpm.to_str().unwrap()];
    let Some(found) = crate::rpm::said("rpm", &query, project.folder()) else { return };
    for path in WEB {
        let path = path.split(" ->").next().unwrap();
        assert!(found.contains(&format!(" /srv/web/{} ->", path.trim_end_matches('/'))), "{path}: {found}");
    }
    for line in
        ["drwxr-xr-x /srv/web/empty ->", "lrwxrwxrwx /srv/linked -> shared", "lrwxrwxrwx /srv/web/inner -> ../shared"]
    {
        assert!(found.contains(line), "{line}: {found}");
    }
}

#[test]
fn what_was_once_left_out_makes_steps_again() {
    let project = site();
    project.done(&["build", "--platform", "debian-12"]);
    let planned = |change: &dyn Fn()| {
        change();
        let run = project.done(&["plan", "--platform", "debian-12", "--output", "json"]);
        let plan: serde_json::Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
        let rows = plan["rows"].as_array().unwrap().clone();
        let why =
            |row: &serde_json::Value| format!("{}: {}", row["step"].as_str().unwrap(), row["why"].as_str().unwrap());
        rows.iter().filter(|row| row["state"] != "cached").map(why).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(planned(&|| ()), "");
    // What is never taken changes nothing.
    assert_eq!(planned(&|| project.write("web/.git/HEAD", "y\n")), "");
    assert_eq!(planned(&|| project.write("web/.factory/lock", "y\n")), "");
    for change in [
        &(|| project.write("web/.htaccess", "y\n")) as &dyn Fn(),
        &|| project.write("web/dist/bundle.js", "y\n"),
        &|| fs::create_dir(project.path("web/new")).unwrap(),
        &|| project.write("web/.factoryignore", "/keep\n"),
    ] {
        let why = planned(change);
        assert!(why.contains("contents /srv/web changed") && why.contains("package-site: "), "{why}");
        project.done(&["build", "--platform", "debian-12"]);
        assert_eq!(planned(&|| ()), "");
    }
    let files = context(&project, "site/site:debian-12-2.5.11");
    assert!(files.contains(&"rootfs/srv/web/keep/.gitkeep".to_owned()));
    let last = project.calls_of("build").into_iter().rfind(|call| call.contains("site/site")).unwrap();
    assert!(!last.contains("rootfs/srv/web/keep") && last.contains("rootfs/srv/web/new/"), "{last}");
}

#[test]
fn what_matches_nothing_is_an_error_at_its_line_all_at_once() {
    let project = with_recipe(
        r#"
[[wapt]]
package = "tis-shop"
contents = [{ src = "etc/*.nope" }, { src = "etc/secret.conf" }]
setup = "wapt/setup.py"
"#,
    );
    project.edit(
        "factory.toml",
        "contents = [{ src = \"etc\", dst = \"/opt/shop/etc\" }]",
        "contents = [{ src = \"etc/**/*.cfg\", dst = \"/opt/shop/etc\" }, { src = \"web/dist\", dst = \"/srv\" }, { src = \"packages\", \
         dst = \"/srv\" }]",
    );
    project.edit(
        "factory.toml",
        "  { src = \"units/shop.service\", type = \"service\" },\n",
        "  { src = \"units/shop.service\", type = \"service\" },\n  { src = \"nowhere/*\", dst = \"/srv\" },\n  { src = \"etc/s*.conf\", \
         dst = \"/srv\" },\n",
    );
    project.write(".factoryignore", "secret.conf\n/web/dist\nshop.conf\n");
    project.write("etc/secret.conf", "x\n");
    project.write("web/dist/a.js", "x\n");
    project.write("packages/own/a.js", "x\n");
    project.write("app/.gitignore", "*\n");
    let run = project.run(&["plan"]);
    run.assert_code(2);
    shows!(project, run.stderr);
    assert!(project.calls_of("build").is_empty());
}

#[test]
fn exclude_leaves_out_files_of_the_project() {
    let project = site();
    let out = "  { src = \"web/**/.git*\", type = \"exclude\" },\n  { src = \"web/dist\", type = \"exclude\" },\n";
    let web = "  { src = \"web/*\", dst = \"/srv/glob\" },\n";
    project.edit("factory.toml", web, &format!("{web}{out}"));
    let package = "  { src = \"web/{.well-known,empty}\", dst = \"/srv/glob\" },\n";
    project.edit("factory.toml", package, &format!("{out}{package}"));
    project.done(&["build", "--platform", "debian-12"]);
    let files = context(&project, "site/site:debian-12-2.5.11");
    let deb = project.files("packages/debian-12").into_iter().find(|file| file.ends_with(".deb")).unwrap();
    let found = listing(&fs::read(project.path("packages/debian-12").join(deb)).unwrap());
    for all in [files, found] {
        assert!(all.iter().any(|path| path.ends_with("srv/web/.htaccess")), "{all:#?}");
        assert!(
            !all.iter().any(|path| path.contains("/dist") || path.contains("/.gitignore") || path.contains(".gitkeep")),
            "{all:#?}"
        );
    }
    let wrong = "  { src = \"shared\", type = \"exclude\" },\n  { src = \"web\", dst = \"/srv/x\" },\n  { src = \"web\", type = \"exclude\" },\n";
    project.edit("factory.toml", package, &format!("{package}{wrong}"));
    project.run(&["plan"]).assert_code(2).says(&[
        "`shared` leaves nothing out: no entry before it takes that",
        "nothing of `web` is taken: later entries leave all of it out",
    ]);
}

#[test]
fn python_folders_say_what_git_ignores() {
    let project = Project::new();
    let quiet = project.done(&["plan"]);
    assert!(!quiet.stderr.contains("left out"), "{quiet}");
    project.write(".gitignore", "*.log\n/app/build\n");
    project.write("app/x.log", "x\n");
    project.write("app/build/lib/shop.py", "x\n");
    project.write("app/.coveragerc", "x\n");
    project.write("app/shop.pyc", "x\n");
    let says = "`app`: 2 files and folders that `.gitignore` names are left out of the Python package: `app/build`, `app/x.log`";
    for verb in ["plan", "build"] {
        let run = project.done(&[verb]);
        assert_eq!(run.stderr.matches(says).count(), 1, "{run}");
    }
    let files = context(&project, "shop/core:debian-12-2.5.11");
    let app: Vec<&String> = files.iter().filter(|file| file.starts_with("app/0/") && !file.ends_with('/')).collect();
    assert_eq!(app, ["app/0/.coveragerc", "app/0/pyproject.toml", "app/0/shop.py"]);
}

#[test]
fn what_is_made_here_goes_into_nothing() {
    let mut project = site();
    project.edit("factory.toml", "src = \"web\",", "src = \".\",");
    project.edit("factory.toml", "platforms = [\"debian-12\", \"rocky-9\"]", "platforms = [\"debian-12\"]");
    fs::create_dir(project.path("cache")).unwrap();
    project.env("WHEEL_DIR", "cache/wheels");
    for path in
        ["cache/wheels/x.whl", "wheels/y.whl", "packages/debian-12/z.deb", "packages/release.json", "factory.lock"]
    {
        project.write(path, "x\n");
    }
    fs::remove_file(project.path("factory.lock")).unwrap();
    fs::remove_file(project.path("packages/release.json")).unwrap();
    project.done(&["build"]);
    // Once more, now that it made all of its own.
    project.write("web/.htaccess", "again\n");
    project.done(&["build"]);
    assert!(project.planned().is_empty(), "{:?}", project.planned());
    let deb = project.files("packages/debian-12").into_iter().find(|file| file.starts_with("site_")).unwrap();
    let found = listing(&fs::read(project.path("packages/debian-12").join(deb)).unwrap());
    assert!(found.iter().any(|line| line.ends_with("./srv/web/web/.htaccess")), "{found:#?}");
    for never in ["whl", "packages", "factory.lock", "/.factory"] {
        assert!(!found.iter().any(|line| line.contains(never)), "{never}: {found:#?}");
    }
    let files = project.calls_of("build").concat();
    for never in [".whl", "rootfs/srv/web/packages", "factory.lock", "/.factory"] {
        assert!(!files.contains(never), "{never}");
    }
}

#[test]
fn a_name_that_no_image_can_hold() {
    let project = site();
    project.write("web/.wh.index.html", "x\n");
    project.run(&["plan"]).assert_code(2).says(&[
        "/srv/web/.wh.index.html",
        "it says that a file is gone",
        "[factory.toml:",
    ]);
}

#[test]
fn a_unit_behind_a_link_is_the_unit() {
    let project = Project::new();
    project.write("real/shop.service", &project.read("units/shop.service"));
    fs::remove_file(project.path("units/shop.service")).unwrap();
    symlink("../real/shop.service", project.path("units/shop.service")).unwrap();
    project.done(&["build"]);
    let deb = project.files("packages/debian-12").into_iter().find(|file| file.starts_with("shop_")).unwrap();
    let found = listing(&fs::read(project.path("packages/debian-12").join(deb)).unwrap());
    let unit = found.iter().find(|line| line.ends_with("/shop.service")).unwrap();
    assert!(unit.starts_with("644 "), "{unit}");
    project.edit("real/shop.service", "Description=Shop", "Description=Other");
    assert_eq!(project.planned()[0], "package-shop: units/shop.service through its link changed");
}

fn names(project: &Project, path: &str) -> Vec<String> {
    let package = wapt::open(&project.path(path)).unwrap();
    package.entries().iter().map(|entry| entry.name.clone()).collect()
}

#[test]
fn wapt_packages_have_all_but_empty_folders() {
    let project = with_recipe(
        r#"
[[wapt]]
package = "tis-own"
dir = "own"
contents = [{ src = "web", dst = "web" }]
"#,
    );
    project.done(&["init", "--wapt", "own", "--package", "tis-own"]);
    for path in
        ["web/.htaccess", "web/dist/a.js", "own/.well-known/x", "own/dist/b.js", "own/notes.txt", "own/.factory/lock"]
    {
        project.write(path, "x\n");
    }
    project.write(".gitignore", "dist/\n");
    project.write("own/.factoryignore", "notes.txt\n");
    for folder in ["web/empty", "own/none"] {
        fs::create_dir(project.path(folder)).unwrap();
    }
    let run = project.done(&["build", "wapt"]);
    run.says(&[
        "`none/`: there is nothing in it, and it is left out",
        "`web/empty/`: there is nothing in it, and it is left out",
    ]);
    let path = "packages/debian-12/tis-own_2.5.11-1_windows_DEV.wapt";
    let found = names(&project, path);
    for name in ["web/.htaccess", "web/dist/a.js", ".well-known/x", "dist/b.js"] {
        assert!(found.contains(&name.to_owned()), "{name}: {found:#?}");
    }
    for name in ["notes.txt", ".factoryignore", ".factory/lock"] {
        assert!(!found.contains(&name.to_owned()), "{name}: {found:#?}");
    }
    project.write("own/.well-known/x", "y\n");
    let planned = project.planned();
    assert!(planned.contains(&"wapt-tis-own: own changed: .well-known/x changed".to_owned()), "{planned:?}");
}

#[test]
fn a_wapt_folder_of_its_own_is_taken_whole() {
    let project = signed();
    project.done(&["init", "--wapt", "new", "--package", "tis-new", "--maintainer", "Me <me@example.org>"]);
    for path in ["new/.hidden", "new/dist/b.js", "new/mod.pyc", "new/left.txt", "new/.git/HEAD"] {
        project.write(path, "x\n");
    }
    project.write("new/.gitignore", "dist/\n");
    project.write("new/.factoryignore", "left.txt\n");
    project.done(&["build", "./new"]);
    let found = names(&project, "tis-new_0.1.0-1_windows_DEV.wapt");
    for name in [".hidden", "dist/b.js", "mod.pyc", ".gitignore"] {
        assert!(found.contains(&name.to_owned()), "{name}: {found:#?}");
    }
    assert!(!found.iter().any(|name| name == "left.txt" || name.starts_with(".git/")), "{found:#?}");
}

#[test]
fn entries_that_name_the_same_over_and_over_end_somewhere() {
    let project = Project::new();
    for number in 0..600 {
        project.write(&format!("e/{number}"), "");
    }
    let entries: Vec<_> = (0..1700).map(|at| format!("{{ src = \"e/**\", dst = \"/opt/{at}\" }}, ")).collect();
    project.edit("factory.toml", "{ src = \"etc\",", &format!("{}{{ src = \"etc\",", entries.concat()));
    let run = project.run(&["plan"]).ended(2);
    run.says(&["with it the entries of this table name more than 1,000,000 files"]);
}

#[test]
fn an_owner_is_of_an_entry_and_of_its_folders() {
    let project = Project::new();
    for name in ["static/a.css", "static/img/b.png", "dist/app.js"] {
        project.write(name, "");
    }
    let entries = "{ src = \"static\", dst = \"/srv/shop/static\", file_info = { owner = \"shop\" } }, \
                   { src = \"dist\", dst = \"/srv/shop/static/js\" }, { src = \"etc\",";
    project.edit("factory.toml", "{ src = \"etc\",", entries);
    project.edit("factory.toml", "python = [\"app\"]\n", "dockerfile = \"Dockerfile\"\n");
    project.edit("factory.toml", "users = [\"shop\"]\n", "");
    project.write("Dockerfile", "FROM {{from}}\nCOPY rootfs/ /\n{{#each owned}}RUN {{json this}}\n{{/each}}");
    project.done(&["build", "images"]);
    let dockerfile = project.dockerfile("shop/core:2.5.11");
    let chown = dockerfile.lines().find(|line| line.contains("chown")).unwrap_or_else(|| panic!("{dockerfile}"));
    for owned in ["\"/srv/shop/static\"", "\"/srv/shop/static/img\"", "/a.css\"", "/img/b.png\""] {
        assert!(chown.contains(owned), "{owned}: {chown}");
    }
    assert!(!chown.contains("/js") && !chown.contains("\"/srv\""), "{chown}");
}

#[test]
fn a_file_that_would_vanish_in_a_folder_is_an_error() {
    for (dst, says) in [("/srv/shop/static/img", "one entry of `contents` puts a file there and another one a folder")]
    {
        let project = Project::new();
        for name in ["static/img/b.png", "LICENSE"] {
            project.write(name, "");
        }
        let entries = format!(
            "{{ src = \"static\", dst = \"/srv/shop/static\" }}, {{ src = \"LICENSE\", dst = \"{dst}\" }}, {{ src = \"etc\","
        );
        project.edit("factory.toml", "{ src = \"etc\",", &entries);
        project.run(&["plan"]).ended(2).says(&[&format!("`{dst}`: "), says]);
    }
    for (dst, whole) in [("/etc", "/etc/LICENSE"), ("/", "/LICENSE")] {
        let project = Project::new();
        project.write("LICENSE", "");
        let entries = format!("{{ src = \"LICENSE\", dst = \"{dst}\" }}, {{ src = \"etc\",");
        project.edit("factory.toml", "{ src = \"etc\",", &entries);
        let says = [format!("a file would be `{dst}`"), format!("`dst = \"{whole}\"`")];
        project.run(&["plan"]).ended(2).says(&[&says[0], &says[1]]);
    }
}

#[test]
fn a_slash_at_the_end_puts_a_file_into_a_folder() {
    let project = Project::new();
    project.write("LICENSE", "");
    let entry = "{ src = \"LICENSE\", dst = \"/usr/share/\" }, { src = \"etc\",";
    project.edit("factory.toml", "{ src = \"etc\",", entry);
    project.done(&["build", "images"]);
    let dockerfile = project.dockerfile("shop/core:2.5.11");
    assert!(dockerfile.contains("\"/usr/share/LICENSE\""), "{dockerfile}");
}
