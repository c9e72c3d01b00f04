//! WAPT packages as their authors write them: what stays, what is said, what is an error; and packages of others.

use std::fs;

use factory::{format::wapt, sign, stage};

use crate::{
    project::Project,
    wapt::{SETUP, says_yes, signed, trust, verify, with_entry, with_recipe},
};

/// A folder with this control file and a `setup.py`.
fn folder(project: &Project, name: &str, control: &str) {
    project.write(&format!("{name}/setup.py"), SETUP);
    project.write(&format!("{name}/WAPT/control"), control);
}

fn control_of(project: &Project, file: &str) -> wapt::Control {
    wapt::open(&project.path(file)).unwrap().control().unwrap()
}

#[test]
fn what_the_author_wrote_stays() {
    let project = signed();
    let control = "package: tis-is\nversion: 1.0-1\narchitecture: all\nsection: base\npriority: critical\n";
    folder(&project, "is", &format!("{control}installed_size: 254251008\n"));
    let run = project.done(&["build", "./is"]);
    assert!(!run.stderr.contains("warning"), "{run}");
    assert_eq!(control_of(&project, "tis-is_1.0-1.wapt").get("installed_size"), "254251008");
    project.done(&["build", "tis-is_1.0-1.wapt", "--set", "version=+"]);
    let control_2 = control_of(&project, "tis-is_1.0-2.wapt");
    assert_eq!((control_2.get("installed_size"), control_2.get("priority")), ("254251008", "critical"));
    folder(&project, "is", &format!("{control}installed_size: 70 MB\n"));
    project.done(&["build", "./is"]).says(&["is/WAPT/control:6: `installed_size`: `70 MB` is not a size"]);
    assert_eq!(control_of(&project, "tis-is_1.0-1.wapt").get("installed_size"), "70 MB");
    let bad = project.run(&["build", "./is", "--set", "installed_size=70 MB"]);
    bad.assert_code(1).says(&["installed_size: `70 MB` is not a size"]);
}

#[test]
fn what_a_control_file_leaves_open_is_said() {
    let project = signed();
    folder(&project, "x", "package: tis-x\nversion: 1.0-1\nsection:\narchitecture: x64\nlicence: MIT\n");
    fs::create_dir_all(project.path("x/files/nothing")).unwrap();
    let run = project.done(&["build", "./x"]);
    run.says(&[
        "WAPT/control does not say them: `section` is `base`, `priority` is `optional` in this package",
        "`files/nothing/`: there is nothing in it, and it is left out",
    ]);
    let run = project.done(&["build", "./x", "--set", "section=base", "--set", "priority=optional"]);
    assert!(!run.stderr.contains("does not say"), "{run}");
}

#[test]
fn a_key_that_stands_twice_is_an_error_at_its_line() {
    let project = signed();
    folder(&project, "q", "package: tis-q\nversion: 1.0-1\ndepends: tis-b\ndepends: tis-c\n");
    let run = project.run(&["build", "./q"]);
    run.assert_code(1).says(&["q/WAPT/control:4:", "`depends` is in line 3 and again in line 4"]);
}

#[test]
fn values_that_are_set_make_sense() {
    let project = signed();
    project.done(&["init", "--wapt", "tis-new"]);
    let refused = |set: &[&str], words: &[&str]| {
        let set: Vec<&str> = set.iter().flat_map(|one| ["--set", one]).collect();
        let run = project.run(&[&["build", "./tis-new"][..], &set].concat());
        assert_ne!(run.code, Some(0), "{run}");
        run.says(words);
    };
    for name in ["version", "package", "architecture", "section", "priority"] {
        refused(&[&format!("{name}=")], &[&format!("`{name}` cannot be empty")]);
    }
    refused(&["maturity=DEV", "maturity=PROD"], &["`maturity` is set twice, to `DEV` and to `PROD`"]);
    refused(&["license=MIT", "licence=GPL"], &["`licence` is set twice"]);
    refused(&["signature="], &["filled in when the package is signed"]);
    assert!(!project.files("").iter().any(|file| file.ends_with(".wapt")), "nothing is written");
    // Others may be empty.
    project.done(&["build", "./tis-new", "--set", "maturity=", "--set", "target_os="]);
    assert_eq!(control_of(&project, "tis-new_0.1.0-1.wapt").get("maturity"), "");
    project.edit("tis-new/WAPT/control", "0.1.0-1", "");
    refused(&["version=+"], &["`version` is missing"]);
    project.done(&["build", "./tis-new", "--set", "version=3.0-1"]);
}

#[test]
fn setups_that_agents_run_all_the_same() {
    let project = signed();
    project.done(&["init", "--wapt", "tis-new"]);
    project.write(
        "tis-new/setup.py",
        "from setuphelpers import *\nif iswin64():\n    def install():\n        pass\naudit = lambda: 'OK'\n",
    );
    project
        .done(&["build", "./tis-new"])
        .says(&["setup.py:1: `uninstallkey` is not declared", "setup.py:3: `def install` is under a condition"]);
}

#[test]
fn what_verify_takes_can_be_signed_anew() {
    let project = signed();
    project.done(&["init", "--wapt", "tis-new"]);
    project.done(&["build", "./tis-new"]);
    // As another program may write it: all that is wrong, signed by the same key.
    let odd = wapt::Control::read(
        b"package: Tis_Odd\nversion: 1.0b\nsection: games\npriority: a b\nhomepage: example.org\nown: x\n\
          valid_from: 2026-01-01\ndepends: tis-a (>=1)\ndepends: tis-b (>=1)",
    );
    let mut tree = stage::Tree::new(stage::Spool::new().unwrap());
    tree.add_bytes(stage::TreePath::new("setup.py").unwrap(), SETUP.as_bytes(), 0o644, 0, stage::Role::Plain, "x")
        .unwrap();
    let password = sign::Password::new(&fs::read_to_string(project.beside("password")).unwrap());
    let read = |variable| fs::read(project.variable(variable)).unwrap();
    let (key, certificate) = (read("FACTORY_WAPT_KEY"), read("FACTORY_WAPT_CERTIFICATE"));
    let identity = sign::Identity::read(&key, Some(&password), &certificate).unwrap();
    let signing = wapt::Signing { signer: &identity.key, chain: &identity.chain, date: 1_795_172_800, as_found: true };
    let mut out = std::io::Cursor::new(Vec::new());
    wapt::write(&tree, &odd.unwrap(), &signing, &mut out).unwrap();
    fs::write(project.path("odd.wapt"), out.into_inner()).unwrap();
    verify(&project, "odd.wapt").assert_code(0);

    let run = project.done(&["build", "odd.wapt", "--set", "maturity=PROD"]);
    run.says(&[
        "version: `1.0b` is not a version of a WAPT package; it is signed as it is",
        "section: `games` is not a section; it is signed as it is",
        "depends: ",
        "homepage: ",
        "valid_from: ",
        "`own` is no attribute that is known here: it is kept, and not signed",
    ]);
    let file = project.files("").into_iter().find(|file| file.ends_with("PROD.wapt")).unwrap();
    verify(&project, &file).assert_code(0);
    // What is set must be right.
    project.run(&["build", "odd.wapt", "--set", "version=1.0c"]).assert_code(1).says(&["`1.0c` is not a version"]);
    let run = project.run(&["build", "odd.wapt", "--set", "package=Other"]);
    run.assert_code(1).says(&["`Other` is not a package's name"]);
    let run = project.run(&["build", "odd.wapt", "--set", "version=+"]);
    run.assert_code(1).says(&["counts the last number of the version on, and `1.0b` has none"]);
}

#[test]
fn keys_that_signatures_are_not_checked_with_are_named() {
    let project = signed();
    for (name, kind, words) in [
        ("small", &["rsa:1024"][..], "the key of `small` has 1024 bits: 2,048 to 8,192 are taken"),
        (
            "curve",
            &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            "the key of `curve` is an EC key, and packages are signed with RSA",
        ),
    ] {
        let subject = format!("/CN={name}");
        let (key, certificate) = (format!("{name}.pem"), format!("{name}.crt"));
        let rest =
            ["-keyout", &key, "-out", &certificate, "-subj", &subject, "-addext", "extendedKeyUsage=codeSigning"];
        let request = [&["req", "-x509", "-nodes", "-days", "30", "-newkey"], kind, &rest].concat();
        match says_yes(&project, "openssl", &request) {
            None => return eprintln!("skipped: openssl is not installed"),
            Some(made) => assert!(made, "openssl makes no {name} key"),
        }
        project.done(&["init", "--wapt", &format!("tis-{name}")]);
        project.done(&["build", &format!("./tis-{name}")]);
        let file = format!("tis-{name}_0.1.0-1_windows_DEV.wapt");
        // Its own key signed it: only the certificate is looked at here.
        let other = fs::read(project.path(&certificate)).unwrap();
        with_entry(&project, &file, "WAPT/certificate.crt", &other);
        let run = project.run(&["verify", "changed.wapt", "--trust", &certificate]);
        run.assert_code(4).says(&[words]);
        assert!(!run.stderr.contains("the manifest was changed"), "{run}");
    }
}

#[test]
fn an_option_for_each_certificate() {
    let project = signed();
    project.done(&["init", "--wapt", "tis-new"]);
    project.done(&["build", "./tis-new"]);
    let (file, own) = ("tis-new_0.1.0-1_windows_DEV.wapt", trust(&project));
    project.done(&["verify", "--trust", &own, file]);
    project.done(&["verify", "--trust", &own, "--trust", &own, file]);
    let swallowed = project.run(&["verify", file, "--trust", &own, &own]);
    swallowed.assert_code(2).says(&["is no package, but a certificate", "write the option before every one"]);
}

#[test]
fn packages_of_hosts_are_passed_over() {
    let project = signed();
    for (name, section) in [("pc-01.example.lan", "host"), ("tis-x", "base")] {
        folder(&project, name, &format!("package: {name}\nversion: 1-1\nsection: {section}\n"));
    }
    project.done(&["build", "./tis-x", "--publish", "repository"]);
    project.done(&["build", "./pc-01.example.lan", "--into", "repository"]);
    for arguments in [&[][..], &["--rescan"]] {
        let run = project.done(&[&["publish", "tis-x_1-1.wapt", "--into", "repository"], arguments].concat());
        run.says(&["`pc-01.example.lan.wapt` is the package of a host"]);
        assert!(run.stdout.contains("1 in the index"), "{run}");
        assert!(!run.stderr.contains("--rescan"), "{run}");
    }
    let named = project.run(&["publish", "repository/pc-01.example.lan.wapt", "--into", "repository"]);
    named.assert_code(4).says(&["packages of hosts are in no index"]);
}

#[test]
fn a_certificate_that_outlives_its_authority() {
    let mut project = signed();
    let (key, certificate) = (project.variable("FACTORY_WAPT_KEY").to_owned(), trust(&project));
    let password = project.variable("FACTORY_WAPT_PASSWORD_FILE").to_owned();
    let own =
        ["--ca", &certificate, "--ca-key", &key, "--ca-password-file", &password, "--no-password", "--days", "7000"];
    let run = project.done(&[&["keys", "wapt", "packager"][..], &own].concat());
    run.says(&["the certificate of `packager` holds until", "that of its issuer `tester` until"]);
    project.done(&["init", "--wapt", "tis-new"]);
    project.without_env("FACTORY_WAPT_PASSWORD_FILE");
    project.done(&["build", "./tis-new", "--key", "packager.pem", "--certificate", "packager.crt"]);
    let run = project.done(&["verify", "tis-new_0.1.0-1_windows_DEV.wapt", "--trust", &certificate]);
    run.says(&["tis-new_0.1.0-1_windows_DEV.wapt: the certificate of `packager` holds until"]);
}

#[test]
fn a_folder_of_the_project_has_the_release_and_what_the_project_says() {
    let project = with_recipe("[[wapt]]\npackage = \"tis-own\"\ndir = \"own\"\n");
    folder(&project, "own", "package: tis-other\nversion: 0.1-1\nmaintainer:\nlicence:\nsection: base\n");
    project.done(&["build", "wapt"]);
    let path = "packages/debian-12/tis-own_2.5.11-1.wapt";
    let control = control_of(&project, path);
    assert_eq!((control.get("package"), control.get("version")), ("tis-own", "2.5.11-1"));
    assert_eq!(control.get("maintainer"), "Shop Team <shop@example.org>");
    assert_eq!(control.get("licence"), "Apache-2.0");
    // What the folder says stays; a version in it is not needed, and may be anything.
    folder(&project, "own", "package: tis-own\nversion: @VERSION@\nmaintainer: Me\nsection: base\n");
    project.done(&["build", "wapt"]);
    assert_eq!(control_of(&project, path).get("maintainer"), "Me");
    project.edit("factory.toml", "dir = \"own\"", "dir = \"own\"\nversion = \"7-1\"\ninstalled_size = 254251008");
    project.done(&["build", "wapt"]);
    let control = control_of(&project, "packages/debian-12/tis-own_7-1.wapt");
    assert_eq!(control.get("installed_size"), "254251008");
    project.edit("factory.toml", "254251008", "-1");
    project.run(&["build", "wapt"]).assert_code(2).says(&["`-1` is not a size"]);
}
