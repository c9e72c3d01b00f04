//! Keys, passwords and certificates of WAPT packages, from the command line.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use factory::sign::{Bits, Certificate, Made, RsaKey, Subject, make_certificate};

use crate::wapt::{signed, verify};

#[test]
fn passwords_stay_secret() {
    let mut project = signed();
    let key = fs::read_to_string(project.variable("FACTORY_WAPT_KEY")).unwrap();
    assert!(key.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    let mode = fs::metadata(project.variable("FACTORY_WAPT_KEY")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    project.done(&["init", "--wapt", "tis-new"]);
    fs::write(project.beside("password"), "wr0ng-w0rd").unwrap();
    let run = project.run(&["build", "./tis-new"]);
    run.assert_code(2).says(&["the password does not open the key"]);
    assert!(!run.to_string().contains("wr0ng-w0rd"), "{run}");
    // Nobody can be asked: tests have no terminal of their own.
    project.without_env("FACTORY_WAPT_PASSWORD_FILE");
    project.without_env("FACTORY_WAPT_KEY");
    project.run(&["build", "./tis-new"]).assert_code(2).says(&["nothing says which key signs"]);
}

/// Types into the program's terminal, and gives what was seen on it.
const TERMINAL: &str = "import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:2] + sys.argv[3:])
seen, typed = b'', False
while True:
    try: piece = os.read(terminal, 4096)
    except OSError: break
    if not piece: break
    seen += piece
    if b'Password of' in seen and not typed:
        os.write(terminal, sys.argv[2].encode()); typed = True
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))";

#[test]
fn passwords_are_asked_for_on_the_terminal() {
    let mut project = signed();
    project.done(&["init", "--wapt", "tis-new"]);
    project.without_env("FACTORY_WAPT_PASSWORD_FILE");
    if Command::new("python3").arg("--version").output().is_err() {
        return eprintln!("skipped: python3 is not installed");
    }
    fs::write(project.beside("bin/typed"), TERMINAL).unwrap();
    let typed =
        |text: &str| project.start_shell(&format!("python3 ../bin/typed \"$factory\" '{text}' build ./tis-new")).end();
    let run = typed("se crex\u{7f}t\n");
    run.assert_code(0);
    assert!(run.stdout.contains("Password of") && !run.stdout.contains("se cre"), "{run}");
    let run = typed("wr0ng\n");
    run.assert_code(2);
    assert!(run.stdout.contains("does not open the key") && !run.stdout.contains("wr0ng"), "{run}");
    typed("half\u{3}").assert_code(130);
}

#[test]
fn certificates_of_an_authority() {
    let project = signed();
    let beside = project.beside("").display().to_string();
    let (key, certificate) = (project.variable("FACTORY_WAPT_KEY"), project.variable("FACTORY_WAPT_CERTIFICATE"));
    let password = project.variable("FACTORY_WAPT_PASSWORD_FILE");
    let issue =
        ["--ca", certificate, "--ca-key", key, "--ca-password-file", password, "--into", &beside, "--no-password"];
    project.done(&[&["keys", "wapt", "packager"][..], &issue].concat());
    project.done(&[&["keys", "wapt", "manager", "--no-code-signing"][..], &issue].concat());
    project.done(&["init", "--wapt", "tis-new"]);
    let sign = |name: &str| {
        let path = |end| project.beside(&format!("{name}.{end}")).display().to_string();
        project.run(&["build", "./tis-new", "--key", &path("pem"), "--certificate", &path("crt")])
    };
    sign("packager").assert_code(0);
    verify(&project, "tis-new_0.1.0-1_windows_DEV.wapt").assert_code(0);
    sign("manager").assert_code(1).says(&["is not for code signing", "codeSigning"]);
    // All that are between a certificate and the root come along.
    let mut chain: Vec<(Certificate, RsaKey)> = Vec::new();
    for name in ["root", "middle", "lower"] {
        let made = Made::new(Bits::B2048).unwrap();
        let key = made.key().unwrap();
        let (not_before, not_after) = (0, 4_000_000_000);
        let (organization, country) = (String::new(), String::new());
        let subject = Subject {
            name: name.to_owned(),
            organization,
            country,
            ca: true,
            code_signing: true,
            not_before,
            not_after,
        };
        let issuer = chain.last().map(|(certificate, key)| (certificate, key));
        let own = make_certificate(&subject, &key, issuer).unwrap();
        fs::write(project.path(&format!("{name}.pem")), made.to_pkcs1()).unwrap();
        chain.push((own, key));
    }
    let pem = |numbers: &[usize]| numbers.iter().map(|number| chain[*number].0.to_pem()).collect::<String>();
    fs::write(project.path("root.crt"), pem(&[0])).unwrap();
    fs::write(project.path("lower.crt"), pem(&[2, 1, 0])).unwrap();
    project.done(&[
        "keys",
        "wapt",
        "leaf",
        "--ca",
        "lower.crt",
        "--ca-key",
        "lower.pem",
        "--into",
        &beside,
        "--no-password",
    ]);
    sign("leaf").assert_code(0);
    project.run(&["verify", "tis-new_0.1.0-1_windows_DEV.wapt", "--trust", "root.crt"]).assert_code(0);
    let other = project.beside("packager.pem").display().to_string();
    let mixed = project.run(&["build", "./tis-new", "--key", &other]);
    mixed.assert_code(2).says(&["the key is not that of the certificate of `tester`"]);
}
