//! A record is valid only if what it names is there and is what it was, whoever meddled and whatever the times of files say.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::Path,
    time::{Duration, SystemTime},
};

use crate::{build::sha256, project::Project};

const SHOP: &str = "packages/debian-12/shop_2.5.11-1~deb12_all.deb";
const SIX: &str = "six-1.16.0-py2.py3-none-any.whl";
const MEMORY: &str = ".factory/stat";

/// A built project whose files are all remembered.
fn remembered() -> Project {
    let project = Project::new();
    project.done(&["build"]);
    // A file that is younger than a run is read by the next one, too.
    for _ in 0..2 {
        settle(&project);
        assert_eq!(project.planned(), Vec::<String>::new());
    }
    let memory = project.read(MEMORY);
    for file in [SHOP, "app/shop.py", SIX] {
        assert!(memory.lines().any(|line| line.ends_with(file)), "{file} is not in\n{memory}");
    }
    project.forget_calls();
    project
}

/// Waits until the file system's clock has moved on.
fn settle(project: &Project) {
    let path = project.beside("home/clock");
    let now = || {
        fs::write(&path, "").unwrap();
        let meta = fs::metadata(&path).unwrap();
        (meta.ctime(), meta.ctime_nsec())
    };
    let before = now();
    while now() == before {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Replaces the remembered digest of a file by another one: who trusts it believes that the file has changed.
fn lie_about(project: &Project, file: &str) {
    let memory = project.read(MEMORY);
    let (told, _) = memory.trim_end().rsplit_once('\n').unwrap();
    let lies: Vec<String> = told
        .lines()
        .map(|line| if line.ends_with(file) { format!("{}{}", "0".repeat(64), &line[64..]) } else { line.to_owned() })
        .collect();
    let lies = lies.join("\n") + "\n";
    project.write(MEMORY, &format!("{lies}{}\n", sha256(lies.as_bytes())));
}

/// Puts a file's times back to what they were, as far as anybody can.
fn set_modified(path: &Path, time: SystemTime) {
    fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
}

/// Changes a byte of a file; its size and mtime stay.
fn edit_unseen(path: &Path) {
    let before = fs::metadata(path).unwrap().modified().unwrap();
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
    set_modified(path, before);
}

fn wheel(project: &Project) -> String {
    let file = project.files("wheels").into_iter().find(|file| file.ends_with(SIX)).unwrap();
    format!("wheels/{file}")
}

#[test]
fn two_calls_to_the_daemon() {
    let project = remembered();
    project.done(&["plan"]);
    assert_eq!(project.calls(), ["info", "images labels={}"]);
    project.forget_calls();
    project.done(&["build", "--dry-run", "--paranoid"]);
    assert_eq!(project.calls(), ["info", "images labels={}"]);
}

#[test]
fn what_is_remembered_is_not_read() {
    let project = remembered();
    lie_about(&project, SHOP);
    assert_eq!(project.planned()[0], format!("package-shop: {SHOP} was changed"));
    // Who trusts nobody sees that it was not, and remembers it.
    let run = project.done(&["plan", "--paranoid"]);
    assert!(run.stdout.contains("8 cached, 0 to run"), "{run}");
    assert_eq!(project.planned(), Vec::<String>::new());
    lie_about(&project, "app/shop.py");
    assert_eq!(project.planned()[0], "core: python folder app changed: shop.py changed");
    let run = project.done(&["build", "--paranoid"]);
    assert!(!run.stderr.contains("started"), "{run}");
}

#[test]
fn an_edit_that_keeps_size_and_time() {
    for (file, why) in [
        (SHOP.to_owned(), format!("package-shop: {SHOP} was changed")),
        ("app/shop.py".to_owned(), "core: python folder app changed: shop.py changed".to_owned()),
        ("units/shop.service".to_owned(), "package-shop: units/shop.service changed".to_owned()),
        ("wheels".to_owned(), format!("the wheelhouse is damaged: {SIX} has changed")),
    ] {
        let project = remembered();
        let file = if file == "wheels" { wheel(&project) } else { file };
        edit_unseen(&project.path(&file));
        let planned = project.planned();
        assert!(planned[0].contains(&why), "{file}: {planned:?}");
    }
}

#[test]
fn somebody_s_rmi() {
    let project = remembered();
    project.meddle(|daemon| {
        for image in daemon["images"].as_array_mut().unwrap() {
            image["tags"].as_array_mut().unwrap().retain(|tag| tag != "shop/core:2.5.11");
        }
    });
    assert_eq!(project.planned()[0], "core: shop/core:2.5.11 is gone from the daemon");
    project.new_daemon();
    let planned = project.planned();
    assert!(planned[0].starts_with("base: ") && planned[0].ends_with("is gone from the daemon"), "{planned:?}");
}

#[test]
fn a_restored_backup() {
    let project = remembered();
    let backup = project.beside("backup");
    let copied = std::process::Command::new("cp").arg("-a").args([project.folder(), &backup]).status().unwrap();
    assert!(copied.success());
    // The same content in other inodes: read again, and still true.
    for file in [SHOP, "app/shop.py"] {
        fs::rename(backup.join(file), project.path(file)).unwrap();
    }
    assert_eq!(project.planned(), Vec::<String>::new());
    // An old state of a file, older than all that is remembered.
    let old = backup.join("old.py");
    fs::write(&old, "print('gone')\n").unwrap();
    set_modified(&old, SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000));
    fs::rename(&old, project.path("app/shop.py")).unwrap();
    assert_eq!(project.planned()[0], "core: python folder app changed: shop.py changed");
    // All of it: the records of the day, with files of the day.
    fs::rename(project.folder(), project.beside("broken")).unwrap();
    fs::rename(backup.join("app"), project.beside("home/app")).unwrap();
    let copied = std::process::Command::new("cp").arg("-a").args([&backup, project.folder()]).status().unwrap();
    assert!(copied.success());
    assert_eq!(project.run(&["plan"]).code, Some(2), "its `app` was not restored");
    fs::rename(project.beside("home/app"), project.path("app")).unwrap();
    fs::write(project.path("app/shop.py"), "print('sold')\n").unwrap();
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([project.beside("broken").join(SHOP), project.path(SHOP)])
        .status();
    assert!(copied.unwrap().success());
    assert_eq!(project.planned(), Vec::<String>::new());
}

#[test]
fn a_clock_that_jumps() {
    let project = remembered();
    let far = |years: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(years * 31_556_952);
    // Touched under a clock that is wrong, either way: the content decides.
    for years in [1, 100] {
        for file in [SHOP, "app/shop.py", "requirements.txt"] {
            set_modified(&project.path(file), far(years));
        }
        for _ in 0..2 {
            assert_eq!(project.planned(), Vec::<String>::new(), "{years} years after 1970");
        }
        for file in [SHOP, "app/shop.py"] {
            edit_unseen(&project.path(file));
        }
        let planned = project.planned();
        assert_eq!(planned[0], "core: python folder app changed: shop.py changed");
        for file in [SHOP, "app/shop.py"] {
            edit_unseen(&project.path(file));
        }
        assert_eq!(project.planned(), Vec::<String>::new());
    }
    // The memory itself from another time.
    set_modified(&project.path(MEMORY), far(100));
    edit_unseen(&project.path("app/shop.py"));
    assert_eq!(project.planned()[0], "core: python folder app changed: shop.py changed");
}

#[test]
fn a_copied_checkout() {
    let project = remembered();
    let copy = project.copy_to("copy");
    // Its memory is of other files, and lies about them.
    for file in [SHOP, "app/shop.py"] {
        lie_about(&copy, file);
    }
    assert_eq!(copy.planned(), Vec::<String>::new());
    copy.edit("app/shop.py", "sold", "lent");
    assert_eq!(copy.planned()[0], "core: python folder app changed: shop.py changed");
    assert_eq!(project.planned(), Vec::<String>::new(), "the first one does not mind");
}

#[test]
fn a_memory_that_is_damaged_or_missing() {
    let project = remembered();
    let memory = fs::read(project.path(MEMORY)).unwrap();
    let broken: [(&str, Vec<u8>); 4] = [
        ("empty", Vec::new()),
        ("cut off", memory[..memory.len() / 2].to_vec()),
        ("of another version", [b"factory stat 2\n".to_vec(), memory.clone()].concat()),
        ("no text", vec![0xff; 4096]),
    ];
    for (what, bytes) in broken {
        fs::write(project.path(MEMORY), bytes).unwrap();
        assert_eq!(project.planned(), Vec::<String>::new(), "{what}");
        assert!(project.read(MEMORY).starts_with("factory stat 1\n"), "{what}: it is made again");
    }
    fs::remove_file(project.path(MEMORY)).unwrap();
    fs::create_dir(project.path(MEMORY)).unwrap();
    assert_eq!(project.planned(), Vec::<String>::new(), "in its way");
    edit_unseen(&project.path(SHOP));
    assert_eq!(project.planned()[0], format!("package-shop: {SHOP} was changed"));
    project.assert_tidy();
}

#[test]
fn a_push_of_what_was_edited_unseen() {
    let project = remembered();
    edit_unseen(&project.path("app/shop.py"));
    let run = project.run(&["push", "--registry", "127.0.0.1:9", "--paranoid"]);
    run.assert_code(1)
        .says(&["debian-12/core is not what this checkout makes: python folder app changed: shop.py changed"]);
    project.forget_calls();
    edit_unseen(&project.path(SHOP));
    let run = project.run(&["test", "--paranoid"]);
    assert!(run.code != Some(0) && project.calls_of("create").is_empty(), "{run}");
}
