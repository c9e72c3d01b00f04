//! Cabinets: what `show` and `verify` say of them.

use std::{fs, io::Cursor};

use factory::{
    format::cab::Cabinet,
    stage::{Role, Spool, Tree, TreePath},
};

use crate::{
    packages::shown,
    project::{Project, Run},
};

/// A cabinet of ours in a project, as the agent of a monitoring takes it.
fn ours(project: &Project) -> &'static str {
    let mut tree = Tree::new(Spool::new().unwrap());
    let files: [(&str, &[u8]); 4] = [
        ("postinstall.cmd", b"@exit 0\r\n"),
        (".venv/pyvenv.cfg", b"home = C:\\ProgramData\\x\r\n"),
        ("Lib/os.py", &b"#".repeat(70_000)),
        ("Lib/größe.txt", b"1"),
    ];
    for (path, bytes) in files {
        tree.add_bytes(TreePath::new(path).unwrap(), bytes, 0o644, 0, Role::Plain, "the test").unwrap();
    }
    let mut out = Cursor::new(Vec::new());
    Cabinet::into_folder("C:\\ProgramData\\x").write(&tree, 1_767_225_600, &mut out).unwrap();
    fs::write(project.path("module.cab"), out.into_inner()).unwrap();
    "module.cab"
}

/// One of another maker, with LZX.
fn theirs(project: &Project) -> &'static str {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/src/format/cab/tests/data/window-21.cab");
    fs::copy(data, project.path("lzx.cab")).unwrap();
    "lzx.cab"
}

fn snapshot(project: &Project, name: &str, run: &Run) {
    project.filters().bind(|| insta::assert_snapshot!(name, format!("{}{}", run.stdout, run.stderr)));
}

#[test]
fn cabinets_are_shown() {
    let project = Project::new();
    snapshot(&project, "cabinets_are_shown-ours", &project.done(&["show", ours(&project)]));
    snapshot(&project, "cabinets_are_shown-lzx", &project.done(&["show", theirs(&project)]));
    let value = shown(&project, "module.cab");
    assert_eq!(value["format"], "cab");
    let files = value["files"].as_array().unwrap();
    assert_eq!(files[0]["path"], "\\postinstall.cmd");
    assert_eq!((&files[0]["size"], &files[0]["time"]), (&9.into(), &"2026-01-01T00:00:00".into()));
    assert_eq!(files[0]["sha256"], "f72ec9084a5fabf28e634bf2e4be4f20015495ebe747e127d5f0bf0aa2eb385c");
}

#[test]
fn cabinets_are_verified() {
    let project = Project::new();
    let (one, other) = (ours(&project), theirs(&project));
    project.done(&["verify", one, other]);
    let mut bytes = fs::read(project.path(one)).unwrap();
    let at = bytes.len() - 1;
    bytes[at] ^= 1;
    fs::write(project.path("damaged.cab"), &bytes).unwrap();
    fs::write(project.path("cut.cab"), &bytes[..at]).unwrap();
    fs::write(project.path("page.cab"), "<html>an error page</html>").unwrap();
    // The name of a file, in the list.
    let place = bytes.windows(10).position(|bytes| bytes == b"\\Lib\\os.py").unwrap();
    bytes[place..place + 10].copy_from_slice(b"\\..\\..\\x.y");
    bytes[at] ^= 1;
    fs::write(project.path("astray.cab"), &bytes).unwrap();
    let run = project.run(&["verify", "damaged.cab", "cut.cab", "page.cab", "astray.cab"]);
    run.assert_code(4);
    snapshot(&project, "cabinets_are_verified", &run);
}
