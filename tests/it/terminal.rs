//! What a terminal of 80 columns shows: no line is wider than it, but for a path or a command that is.

use std::{fs, process::Command};

use crate::{
    play::Script,
    project::{Project, Run},
    unused::{KEYS, with_dockerfile},
};

/// Starts a program on a terminal of 80 columns, and prints what was seen there.
const TERMINAL: &str = "import fcntl, os, pty, struct, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
    os.execv(sys.argv[1], sys.argv[1:])
seen = b''
while True:
    try: piece = os.read(terminal, 4096)
    except OSError: break
    if not piece: break
    seen += piece
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stdout.buffer.write(seen)
sys.exit(code)";

/// What is seen of a verb on such a terminal, without colours and without what was drawn over; `None` where there is no Python.
fn seen(project: &Project, arguments: &str) -> Option<Run> {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: python3 is not installed");
        return None;
    }
    fs::write(project.beside("bin/seen"), TERMINAL).unwrap();
    let mut run = project.start_shell(&format!("TERM=xterm python3 ../bin/seen \"$factory\" {arguments}")).end();
    let last = |line: &str| bare(line).trim_end_matches('\r').rsplit('\r').next().unwrap_or_default().to_owned();
    run.stdout = run.stdout.split('\n').map(last).collect::<Vec<_>>().join("\n");
    Some(run)
}

/// A line without escape sequences, all of which end with a letter here.
fn bare(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).map_or(part.len(), |at| at + 1);
        all + &part[end..]
    })
}

/// The columns of the terminal.
const COLUMNS: usize = 80;

/// What is seen, row by row: live output is filled up with blanks to the width and has no line ends.
fn rows(run: &Run) -> Vec<String> {
    let mut rows = Vec::new();
    for line in run.stdout.lines() {
        let line: Vec<char> = line.chars().collect();
        rows.extend(line.chunks(COLUMNS).map(|row| row.iter().collect::<String>().trim_end().to_owned()));
    }
    rows
}

/// The lines of which the terminal breaks a word.
fn torn(run: &Run) -> Vec<&str> {
    let is_torn = |line: &&str| {
        let line: Vec<char> = line.chars().collect();
        let ends = (COLUMNS..line.len()).step_by(COLUMNS);
        ends.into_iter().any(|end| line[end - 1] != ' ' && line[end] != ' ')
    };
    run.stdout.lines().filter(is_torn).collect()
}

#[test]
fn warnings_and_answers_fit() {
    let project = with_dockerfile("RUN true", KEYS);
    for arguments in ["plan", "build", "explain", "explain search-path", "doctor"] {
        let Some(run) = seen(&project, arguments) else { return };
        run.assert_code(0);
        assert_eq!(torn(&run), Vec::<&str>::new(), "{arguments}: {run}");
        if arguments == "plan" {
            let rows = rows(&run);
            let start = rows.iter().position(|row| row.starts_with("warning: factory.toml:39")).expect("a warning");
            shows!(project, rows[start..start + 5].join("\n"), @r"
            warning: factory.toml:39: `packages` of the image `web` is not used: web.hbs
              never prints it; write `{{> install packages=packages}}` there, or leave the
              key out
            warning: factory.toml:40: `contents` of the image `web` is not used: web.hbs
              never prints it; write `COPY rootfs/ /` there, or leave the key out
            ");
        }
    }
    // In a file or a pipe each is one line, to be searched for.
    let run = project.done(&["plan"]);
    assert!(run.stderr.lines().all(|line| line.starts_with("warning: ") || line.starts_with("note: ")), "{run}");
}

#[test]
fn a_failure_fits_and_no_command_is_torn() {
    let project = Project::new();
    project.play(&Script::new().fails("build", "debian-12/core", "build", &"a long reason of many words ".repeat(8)));
    let Some(run) = seen(&project, "build --jobs 1") else { return };
    run.assert_code(1);
    assert_eq!(torn(&run), Vec::<&str>::new(), "{run}");
    assert!(run.stdout.contains("`factory log debian-12/core`") || run.stdout.contains("whole log: "), "{run}");
}

#[test]
fn what_two_packages_differ_in_fits() {
    let project = Project::new();
    project.done(&["build", "packages"]);
    let deb = "packages/debian-12/shop_2.5.11-1~deb12_all.deb";
    fs::copy(project.path(deb), project.path("before.deb")).unwrap();
    project.edit(
        "factory.toml",
        "summary = \"sells things\"",
        "summary = \"sells many more things than it has ever sold before it sold them\"\ndescription = \"\"\"\nA shop, \
         and what it says of itself is longer than a line of any terminal that anybody has ever had.\n\"\"\"\ndepends = [\"bash\"]",
    );
    project.edit("etc/shop.conf", "80", "8080");
    project.done(&["build", "packages"]);
    for arguments in [format!("show before.deb {deb}"), format!("verify before.deb {deb}")] {
        let Some(run) = seen(&project, &arguments) else { return };
        run.assert_code(0);
        assert_eq!(torn(&run), Vec::<&str>::new(), "{arguments}: {run}");
    }
}
