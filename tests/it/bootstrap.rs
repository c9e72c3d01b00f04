//! Base images made from packages: what the program for it is asked for, and keys that this machine has not.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use crate::{
    bases::{bootstraps, error, from_packages, project},
    project::Project,
};

/// Puts lines into the platform's `[base.bootstrap]`.
fn bootstrap(project: &Project, lines: &str) {
    project.edit("platforms/debian-99.toml", "variant = \"minbase\"\n", &format!("variant = \"minbase\"\n{lines}\n"));
}

#[test]
fn a_bootstrap_gets_what_the_platform_says() {
    let project = from_packages(project());
    bootstrap(
        &project,
        "components = [\"main\", \"universe\"]\nmirror = \"http://old.example.org/debian\"\n\
         options = [\"Acquire::Check-Valid-Until \\\"false\\\"\", \"Acquire::Retries \\\"5\\\"\"]",
    );
    project.done(&["build"]);
    shows!(project, bootstraps(&project)[0].join("\n"));
    // A mirror of one's own is nearer.
    project.edit("factory.toml", "[base]\n", "[base]\nmirror = \"http://mirror.example.org/debian\"\n");
    assert_eq!(project.planned()[0], "base: base.mirror changed");
    project.done(&["build"]);
    let arguments = bootstraps(&project).remove(1);
    assert_eq!(arguments.last().unwrap(), "http://mirror.example.org/debian");
    assert!(!arguments.iter().any(|word| word.contains("old.example.org")), "{arguments:?}");
}

const KEYS: &str = "/usr/share/keyrings/of-no-host.gpg";
const KEYRING: &str =
    r#"keyring = { package = "nn-keyring", suite = "trixie", file = "/usr/share/keyrings/of-no-host.gpg" }"#;

/// A root file system with one file, as the program gives it: names begin with a dot.
fn package(project: &Project, path: &str, bytes: &[u8]) {
    let mut tar = tar::Builder::new(fs::File::create(project.beside("home/package.tar")).unwrap());
    for (path, bytes) in [("./usr/share/doc/README", &b"no keys"[..]), (path, bytes)] {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_cksum();
        tar.append(&header, bytes).unwrap();
    }
    tar.finish().unwrap();
}

#[test]
fn keys_come_out_of_a_package() {
    let project = from_packages(project());
    bootstrap(&project, KEYRING);
    package(&project, &format!(".{KEYS}"), b"\x99\x01keys\x00\xff");
    project.done(&["build"]);
    let calls = bootstraps(&project);
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert_eq!(calls[0], ["--variant=extract", "--format=tar", "--include=nn-keyring", "trixie", "-"]);
    let given: Vec<&String> = calls[1].iter().filter(|word| word.starts_with("--keyring=")).collect();
    assert_eq!(given.len(), 1, "{calls:?}");
    assert!(calls[1].contains(&"--variant=minbase".to_owned()));
    assert_eq!(fs::read(project.beside("home/keys")).unwrap(), b"\x99\x01keys\x00\xff");
    assert_eq!(fs::read_to_string(project.beside("home/mode")).unwrap(), "644\n", "apt reads it as another user");
    let path = fs::read_to_string(project.beside("home/path")).unwrap();
    assert!(!fs::exists(path.trim()).unwrap(), "{path} goes with the run");
    let log = project.done(&["log", "debian-99/base"]).stdout;
    assert!(log.contains("the archive's keys come out of nn-keyring in trixie"), "{log}");
}

#[test]
fn keys_that_this_machine_has_are_taken() {
    let folders = ["/usr/share/keyrings", "/etc/apt/trusted.gpg.d"];
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    let mut files = files.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "gpg"));
    let Some(file) = files.find(|path| path.is_file()) else {
        eprintln!("skipped: this machine has no keyring");
        return;
    };
    let project = from_packages(project());
    bootstrap(&project, &KEYRING.replace(KEYS, file.to_str().unwrap()));
    project.done(&["build"]);
    assert_eq!(bootstraps(&project).len(), 1);
    assert_eq!(fs::read(project.beside("home/keys")).unwrap(), fs::read(file).unwrap());
    assert_eq!(fs::read_to_string(project.beside("home/mode")).unwrap(), "644\n");
}

#[test]
fn keys_of_the_machine_that_the_project_chooses_are_said() {
    let says = "because a platform file of the project says so";
    for (keyring, retired) in
        [("/usr/share/keyrings/debian-archive-removed-keys.gpg", true), ("/etc/apt/keyrings/somebody.gpg", false)]
    {
        let project = from_packages(project());
        bootstrap(&project, &KEYRING.replace(KEYS, keyring));
        // Whether there is such a file or not: it is said before it is looked for.
        let run = project.run(&["build", "--jobs", "1"]);
        run.says(&[keyring, says, "run on this machine"]);
        assert_eq!(run.stderr.contains("taken out of use"), retired, "{run}");
    }
    // What is brought along says itself why.
    let project = from_packages(Project::new());
    project.edit("factory.toml", "platforms = [\"debian-12\"]", "platforms = [\"debian-10\"]");
    project.edit("factory.toml", "official = \"debian-12\"", "official = \"debian-10\"");
    assert!(!project.run(&["build", "--jobs", "1"]).stderr.contains(says));
}

#[test]
fn keys_of_the_project_are_taken_by_their_digest_and_said() {
    let project = from_packages(project());
    project.write("keys/own.gpg", "own keys");
    fs::set_permissions(project.path("keys/own.gpg"), fs::Permissions::from_mode(0o600)).unwrap();
    let sha256 = factory::names::Sha256::of("own keys");
    bootstrap(&project, &format!("keyring = {{ file = \"keys/own.gpg\", sha256 = \"{sha256}\" }}"));
    let run = project.done(&["build"]);
    run.says(&["a key of the project vouches for, `keys/own.gpg`", "run on this machine"]);
    assert_eq!(bootstraps(&project).len(), 1);
    assert_eq!(fs::read(project.beside("home/keys")).unwrap(), b"own keys");
    assert_eq!(fs::read_to_string(project.beside("home/mode")).unwrap(), "644\n");
}

#[test]
fn keys_that_are_not_the_project_s_own() {
    let sha256 = factory::names::Sha256::of("own keys");
    let refused = |make: &dyn Fn(&Project), says: &str| {
        let project = from_packages(project());
        fs::create_dir(project.path("keys")).unwrap();
        make(&project);
        bootstrap(&project, &format!("keyring = {{ file = \"keys/own.gpg\", sha256 = \"{sha256}\" }}"));
        project.run(&["build", "--jobs", "1"]).assert_code(1).says(&["`keys/own.gpg`", says]);
        assert!(bootstraps(&project).is_empty(), "nothing is made without keys");
    };
    let outside = |project: &Project| {
        fs::write(project.beside("home/own.gpg"), "own keys").unwrap();
        project.beside("home/own.gpg")
    };
    refused(&|project| project.write("keys/own.gpg", "other keys"), "its SHA-256 is");
    refused(&|project| symlink(outside(project), project.path("keys/own.gpg")).unwrap(), "is a symbolic link to");
    refused(
        &|project| {
            fs::remove_dir(project.path("keys")).unwrap();
            symlink(outside(project).parent().unwrap(), project.path("keys")).unwrap();
        },
        "is a symbolic link to",
    );
    refused(&|project| fs::create_dir(project.path("keys/own.gpg")).unwrap(), "is a folder, not a file");
    refused(&|_| {}, "there is no such file");
}

#[test]
fn a_package_without_the_keys() {
    let project = from_packages(project());
    bootstrap(&project, KEYRING);
    package(&project, "./usr/share/keyrings/of-another.gpg", b"keys");
    let run = project.run(&["build", "--jobs", "1"]);
    run.assert_code(1);
    shows!(project, error(&run));
    assert_eq!(bootstraps(&project).len(), 1, "nothing is made without keys");
    assert!(project.records().is_empty() && project.calls_of("import").is_empty());
}

#[test]
fn a_package_of_keys_that_cannot_be_had() {
    let mut project = from_packages(project());
    bootstrap(&project, KEYRING);
    project.program("mmdebstrap", "#!/bin/sh\necho 'E: Unable to locate package nn-keyring' >&2\nexit 1\n");
    let run = project.run(&["build", "--jobs", "1"]);
    run.assert_code(1);
    shows!(project, error(&run));
    project.env("PATH", project.beside("nothing").display().to_string());
    project.run(&["build"]).assert_code(1).says(&["`mmdebstrap` is not installed", "load the image `debian:99-slim`"]);
}

#[test]
fn a_platform_that_cannot_be_made_from_packages() {
    let project = from_packages(project());
    let text = project.read("platforms/debian-99.toml");
    let (before, rest) = text.split_once("[base.bootstrap]").unwrap();
    let (_, after) = rest.split_once("\n[python]").unwrap();
    project.write("platforms/debian-99.toml", &format!("{before}\n[python]{after}"));
    let run = project.run(&["build", "--jobs", "1"]);
    run.assert_code(2);
    shows!(project, error(&run));
}

#[test]
fn ctrl_c_stops_what_the_program_has_started_and_lets_it_clean_up() {
    let mut project = from_packages(project());
    let temporary = project.beside("temporary");
    fs::create_dir(&temporary).unwrap();
    project.env("TMPDIR", temporary.display().to_string());
    // As mmdebstrap does: it keeps the signal until what it has started is through.
    let script = "#!/bin/sh\ntrap : TERM\ntouch \"$TMPDIR/root\"\necho begun >&2\nsleep 1000\n\
                  echo \"$TMPDIR $SOURCE_DATE_EPOCH\" > \"$HOME/cleaned\"\nexit 1\n";
    project.program("mmdebstrap", script);
    let mut running = project.start(&["build", "--verbose"]);
    running.until_says("begun");
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 1);
    running.signal(rustix::process::Signal::INT);
    running.end().assert_code(130);
    let told = fs::read_to_string(project.beside("home/cleaned")).expect("it came to clean up");
    assert!(told.contains("/factory-base-") && told.ends_with(" 315532800\n"), "{told}");
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "its folder goes with the run");
}

#[test]
fn what_a_killed_run_has_left_among_temporary_files_goes() {
    let mut project = from_packages(project());
    let temporary = project.beside("temporary");
    fs::create_dir_all(temporary.join("factory-base-0123456789abcdef-other")).unwrap();
    project.env("TMPDIR", temporary.display().to_string());
    project.program("mmdebstrap", "#!/bin/sh\nmkdir \"$TMPDIR/root\"\necho begun >&2\nexec sleep 5\n");
    let mut running = project.start(&["build", "--verbose"]);
    running.until_says("begun");
    running.signal(rustix::process::Signal::KILL);
    running.end();
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 2);
    project.program("mmdebstrap", "#!/bin/sh\necho a tar\n");
    project.done(&["build"]);
    let left: Vec<_> = fs::read_dir(&temporary).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["factory-base-0123456789abcdef-other"]);
}
