//! A clone that brings links, pipes and sockets: nothing outside of it is read, written or removed, and nobody waits for it.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::{fs::symlink, net::UnixListener},
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::{
    project::{Project, RECIPE, Run},
    repository::Repository,
};

/// What no program that looks at a clone may ever show.
const SECRET: &str = "the-secret-of-somebody-else";

/// Every place that the program itself writes in a project.
const OURS: [&str; 24] = [
    ".factory",
    ".factory/lock",
    ".factory/images",
    ".factory/kept",
    ".factory/stat",
    ".factory/used.json",
    ".factory/logs",
    ".factory/logs/run.jsonl",
    ".factory/logs/debian-12",
    ".factory/logs/debian-12/core.log",
    ".factory/records",
    ".factory/records/debian-12",
    ".factory/records/debian-12/core.json",
    ".factory/tests/debian-12/passed.json",
    ".factory/sources",
    "packages",
    "packages/debian-12",
    "packages/debian-12/shop_2.5.11-1~deb12_all.deb",
    "packages/debian-12/SHA256SUMS",
    "packages/release.json",
    "wheels",
    "wheels/debian-12",
    "wheels/store",
    "factory.lock",
];

/// The verbs that somebody may type in a clone.
const VERBS: [&[&str]; 8] = [
    &["plan"],
    &["build"],
    &["build", "images"],
    &["test"],
    &["log"],
    &["clean"],
    &["clean", "--all", "--older-than", "1h"],
    &["push", "--dry-run", "--registry", "r.example.org/shop", "--packages"],
];

/// A folder beside the project that is none of its business.
fn outside(project: &Project) -> PathBuf {
    let folder = project.beside("outside");
    for path in ["file", "debian-12/core.log", "store/x/manifest.json", ".tmp-precious/file", "manifest.json"] {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{SECRET}\n")).unwrap();
    }
    folder
}

/// Everything in a folder, byte for byte.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.insert(path.clone(), Vec::new());
            found.extend(contents(&path));
        } else {
            found.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    found
}

fn put(project: &Project, path: &str, make: impl FnOnce(&Path)) {
    let place = project.path(path);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    let _absent = if place.is_dir() { fs::remove_dir_all(&place) } else { fs::remove_file(&place) };
    make(&place);
}

fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
}

fn keeps_the_secret(project: &Project, run: &Run, what: &str) {
    assert!(!run.stdout.contains(SECRET) && !run.stderr.contains(SECRET), "{what}\n{run}");
    for (path, bytes) in contents(&project.beside("engine")) {
        assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "{what}: it is in {}", path.display());
    }
}

/// Whether a verb has to do with a place.
fn concerns(verb: &[&str], place: &str) -> bool {
    verb[0] != "log" || !place.starts_with("wheels")
}

#[test]
fn no_place_of_ours_is_reached_through_a_link() {
    // To a folder, to a file, and to nothing that is there yet.
    for (place, target) in OURS.into_iter().zip(["", "file", "nothing", "file", ""].into_iter().cycle()) {
        let project = Project::new();
        let outside = outside(&project);
        let target = if target.is_empty() { outside.clone() } else { outside.join(target) };
        put(&project, place, |path| symlink(&target, path).unwrap());
        let before = contents(&outside);
        for verb in VERBS.into_iter().filter(|verb| concerns(verb, place)) {
            let run = project.run(verb);
            let text = format!("`{place}` is a symbolic link to `{}`", target.display());
            run.assert_code(2).says(&[&text, &format!("rm {place}`")]);
            keeps_the_secret(&project, &run, place);
        }
        assert_eq!(contents(&outside), before, "{place}");
        assert!(project.path(place).is_symlink(), "{place}");
    }
}

#[test]
fn a_link_for_wheels_says_what_to_type() {
    let project = Project::new();
    let outside = outside(&project);
    put(&project, "wheels", |path| symlink(&outside, path).unwrap());
    project.run(&["plan"]).assert_code(2).says(&[&format!("WHEEL_DIR={} factory build", outside.display())]);
}

#[test]
fn the_users_own_wheel_cache_may_lie_behind_links() {
    let mut project = Project::new();
    let real = project.beside("big/real");
    fs::create_dir_all(&real).unwrap();
    symlink(&real, project.beside("big/wheels")).unwrap();
    let named = project.beside("big/wheels").display().to_string();
    project.env("WHEEL_DIR", named);
    project.done(&["build", "wheels"]);
    assert!(real.join("debian-12").is_dir() && real.join("store").is_dir());
    assert!(project.planned().iter().all(|step| !step.starts_with("wheels-")));
    // Below it nothing is followed.
    let elsewhere = project.beside("elsewhere");
    fs::rename(real.join("debian-12"), &elsewhere).unwrap();
    symlink(&elsewhere, real.join("debian-12")).unwrap();
    let before = contents(&elsewhere);
    project.run(&["plan"]).assert_code(1).says(&["debian-12` is a symbolic link to"]);
    project.run(&["build"]).assert_code(1);
    project.run(&["clean", "--all"]);
    assert_eq!(contents(&elsewhere), before);
}

#[test]
fn nobody_waits_for_a_pipe_in_a_place_of_ours() {
    for place in OURS {
        let project = Project::new();
        put(&project, place, pipe);
        for verb in VERBS.into_iter().filter(|verb| concerns(verb, place)) {
            project
                .run(verb)
                .assert_code(2)
                .says(&[&format!("{place}` is a named pipe"), &format!("{place}`; factory")]);
        }
        assert!(!project.path(place).is_file(), "{place}");
    }
    let project = Project::new();
    fs::create_dir(project.path(".factory")).unwrap();
    let _socket = UnixListener::bind(project.path(".factory/lock")).unwrap();
    project.run(&["build"]).assert_code(2).says(&[".factory/lock` is a socket"]);
}

/// The recipe with everything that may name a file.
fn recipe() -> String {
    RECIPE
        .replace("repository = \"shop/core\"\n", "repository = \"shop/core\"\ndockerfile = \"core.hbs\"\n")
        .replace(
            "summary = \"sells things\"\n",
            "summary = \"sells things\"\nlicense_file = \"LICENSE\"\nchangelog = \"NEWS\"\nscripts = { postinstall = \"post.sh\" }\n",
        )
        .replace("no_binary = [\"psutil\"]\n", "no_binary = [\"psutil\"]\nconstraints = [\"limits.txt\"]\n")
        + "
[[wapt]]
package = \"tis-shop\"
setup = \"setup.py\"
icon = \"icon.png\"
contents = [{ src = \"etc/*\" }]

[[wapt]]
package = \"tis-folder\"
dir = \"folder\"
"
}

fn with_everything() -> Project {
    let project = Project::new();
    project.write("factory.toml", &recipe());
    project.write("core.hbs", "FROM {{base}}\n");
    for path in
        ["LICENSE", "NEWS", "post.sh", "limits.txt", "setup.py", "icon.png", "folder/setup.py", "etc/more/b.conf"]
    {
        project.write(path, "# nothing\n");
    }
    project.write("folder/WAPT/control", "package: tis-folder\nversion: 1-1\narchitecture: all\ndescription: x\nmaintainer: x\nsection: base\npriority: optional\n");
    project
}

/// Files of the project that the recipe names, and whether the error is at its line there.
const INPUTS: [(&str, bool); 16] = [
    ("requirements.txt", true),
    ("web/requirements.txt", true),
    ("limits.txt", true),
    ("units/shop.service", true),
    ("LICENSE", true),
    ("NEWS", true),
    ("post.sh", true),
    ("core.hbs", true),
    ("setup.py", true),
    ("icon.png", true),
    ("folder/WAPT/control", true),
    ("factory.toml", false),
    ("platforms/debian-99.toml", false),
    ("dockerfiles/install-apt.hbs", false),
    (".gitignore", false),
    ("etc/.factoryignore", false),
];

#[test]
fn no_file_comes_in_from_outside() {
    let project = with_everything();
    project.done(&["plan"]);
    for (path, at_its_line) in INPUTS {
        let project = with_everything();
        let outside = outside(&project);
        put(&project, path, |place| symlink(outside.join("file"), place).unwrap());
        for verb in [&["plan"][..], &["build"]] {
            let run = project.run(verb);
            assert!(matches!(run.code, Some(1 | 2)), "{path}\n{run}");
            run.says(&[path.rsplit('/').next().unwrap(), "symbolic link"]);
            assert!(!at_its_line || run.stderr.contains("[factory.toml:"), "{path}\n{run}");
            keeps_the_secret(&project, &run, path);
        }
    }
}

#[test]
fn no_folder_comes_in_from_outside() {
    for (path, src) in [("app", "app"), ("folder", "folder"), ("etc", "etc/*"), ("etc/deep", "etc/deep/*.log")] {
        let project = with_everything();
        let outside = outside(&project);
        fs::create_dir_all(outside.join("WAPT")).unwrap();
        for (path, text) in [("pyproject.toml", ""), ("setup.py", SECRET), ("WAPT/control", SECRET), ("a.log", SECRET)]
        {
            fs::write(outside.join(path), text).unwrap();
        }
        put(&project, path, |place| symlink(&outside, place).unwrap());
        project.edit(
            "factory.toml",
            "contents = [{ src = \"etc/*\" }]",
            &format!("contents = [{{ src = \"{src}\" }}]"),
        );
        let entry = format!("{{ src = \"{src}\", dst = \"/opt/leak\" }}");
        project.edit("factory.toml", "{ src = \"etc\", dst = \"/opt/shop/etc\" }", &entry);
        let run = project.run(&["plan"]);
        run.assert_code(2).says(&["leads out of the project through a symbolic link", "[factory.toml:"]);
        keeps_the_secret(&project, &run, path);
    }
}

#[test]
fn no_requirements_come_in_from_outside() {
    for option in ["-r ", "-c ", "-r", "--requirement=", "--constraint "] {
        let project = Project::new();
        let outside = outside(&project);
        fs::create_dir(project.path("sub")).unwrap();
        symlink(outside.join("file"), project.path("sub/more.txt")).unwrap();
        project.write("requirements.txt", &format!("six==1.16.0\n{option}sub/more.txt\n"));
        for verb in [&["plan"][..], &["build"]] {
            let run = project.run(verb);
            assert!(matches!(run.code, Some(1 | 2)), "{option}\n{run}");
            run.says(&["requirements.txt:2", "sub/more.txt", "leads out of"]);
            keeps_the_secret(&project, &run, option);
        }
    }
}

#[test]
fn links_that_stay_inside_are_followed() {
    let project = with_everything();
    for (path, _) in INPUTS.into_iter().filter(|(path, _)| project.path(path).is_file() && !path.contains("folder/")) {
        let real = format!("real/{path}");
        let text = project.read(path);
        project.write(&real, &text);
        let up = "../".repeat(path.matches('/').count());
        put(&project, path, |place| symlink(format!("{up}{real}"), place).unwrap());
    }
    project.write("requirements.txt", "six==1.16.0\n-r more/all.txt\n");
    project.write("web/all.txt", "bottle==0.12.25\n");
    put(&project, "more", |place| symlink("web", place).unwrap());
    put(&project, "linked", |place| symlink(project.path("etc"), place).unwrap());
    project.edit(
        "factory.toml",
        "{ src = \"etc\", dst = \"/opt/shop/etc\" }",
        "{ src = \"linked/*\", dst = \"/opt/shop/etc\" }",
    );
    project.done(&["plan"]);
    project.done(&["build", "images"]);
}

#[test]
fn nobody_waits_for_a_pipe_among_the_files() {
    let others = [("etc/pipe", false), ("app/pipe", false), ("folder/pipe", false), ("etc/more/pipe.conf", false)];
    for (path, _) in INPUTS.into_iter().chain(others) {
        let project = with_everything();
        put(&project, path, pipe);
        for verb in [&["plan"][..], &["build"], &["test"], &["doctor"], &["clean", "--dry-run"]] {
            let run = project.run(verb);
            if matches!(verb, ["plan" | "build"]) {
                assert!(matches!(run.code, Some(1 | 2)), "{path} {verb:?}\n{run}");
                run.says(&[path.rsplit('/').next().unwrap()]);
            }
        }
    }
}

#[test]
fn a_record_of_a_clone_names_no_file_of_others() {
    let project = Project::new();
    let outside = outside(&project);
    project.done(&["build"]);
    let step = "debian-12/package-shop";
    let file = outside.join("file").display().to_string();
    for path in [file.as_str(), "../outside/file", "packages/../../outside/file", "etc/shop.conf", ".factory/lock"] {
        let mut record = project.record(step);
        record["files"][0]["path"] = path.into();
        project.write(&format!(".factory/records/{step}.json"), &record.to_string());
        let run = project.run(&["push", "--dry-run", "--registry", "r.example.org/shop", "--packages"]);
        run.assert_code(1).says(&["package-shop is not what this checkout makes: not made yet"]);
        project.run(&["test"]).assert_code(1).says(&["there is no record of it"]);
        assert!(project.planned().iter().any(|step| step.starts_with("package-shop:")), "{path}");
    }
    project.done(&["build"]);
}

#[test]
fn a_tag_is_not_given_to_what_a_clone_claims() {
    let project = Project::new();
    put(&project, ".factory/tests/debian-12/passed.json", pipe);
    fs::write(project.beside("catag.ini"), format!("[projects]\n{SECRET} = x\n")).unwrap();
    symlink(project.beside("catag.ini"), project.path("catag.ini")).unwrap();
    let arguments = ["tag", "--ini", "catag.ini", "--api", "https://git.example.org/api/v4"];
    let run = project.run(&arguments);
    run.assert_code(2).says(&["catag.ini` is a symbolic link to"]);
    keeps_the_secret(&project, &run, "catag.ini");
    fs::remove_file(project.path("catag.ini")).unwrap();
    project.write("catag.ini", "[projects]\nshop/core = main\n");
    project.run(&arguments).assert_code(2).says(&["passed.json` is a named pipe"]);
}

#[test]
fn nothing_is_written_through_links_in_a_new_packages_folder() {
    let project = Project::new();
    let outside = outside(&project);
    fs::create_dir(project.path("new")).unwrap();
    symlink(&outside, project.path("new/WAPT")).unwrap();
    let before = contents(&outside);
    project.run(&["init", "--wapt", "new"]).assert_code(1).says(&["new/WAPT` is a symbolic link to"]);
    assert_eq!(contents(&outside), before);
}

#[test]
fn repositories_of_a_clone_configure_nothing() {
    let project = Project::new();
    let bricks = Repository::new(&project, "bricks", &[("dist/a.js", "one")]);
    let other = Repository::new(&project, "other", &[("dist/a.js", SECRET)]);
    let source =
        format!("[[source]]\nname = \"bricks\"\ngit = \"file://{}\"\nref = \"main\"\n\n", bricks.bare().display());
    project.edit("factory.toml", "[[user]]", &format!("{source}[[user]]"));
    project.edit(
        "factory.toml",
        "{ src = \"etc\",",
        "{ src = \"@bricks/dist\", dst = \"/opt/shop/js\" }, { src = \"etc\",",
    );
    project.done(&["plan"]);
    let mirror = project.files(".factory/sources").into_iter().find(|file| file.ends_with(".git/config")).unwrap();
    let mirror = format!(".factory/sources/{mirror}");
    let config = project.read(&mirror);
    let redirect =
        format!("[url \"file://{}\"]\n\tinsteadOf = file://{}\n", other.bare().display(), bricks.bare().display());
    project.write(&mirror, &(config.clone() + &redirect));
    bricks.commit(&[("dist/a.js", "two")]);
    project.done(&["plan"]);
    assert_eq!(project.read(&mirror), config);
    // What a clone brings under a commit's name is not that commit.
    let commit = bricks.head();
    let is_checkout = |file: &String| file.ends_with("files/dist/a.js") && file.contains(&commit[..12]);
    let checkout = project.files(".factory/sources").into_iter().find(is_checkout).unwrap();
    let mut clone = Project::new();
    clone.env("FACTORY_LOCAL_GIT", project.beside("").display().to_string());
    let copied =
        std::process::Command::new("cp").arg("-r").args([project.path("."), clone.path(".")]).status().unwrap();
    assert!(copied.success());
    let run = clone.done(&["plan"]);
    run.says(&["sources in `.factory` were not fetched here"]);
    assert!(clone.path(&format!(".factory/sources/{checkout}")).is_file());
    assert!(!clone.done(&["plan"]).stderr.contains("were not fetched here"));
}
