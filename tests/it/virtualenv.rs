//! The script that fills virtualenvs, run with this machine's Python.

use std::{fs, path::Path, process::Command};

/// Makes a wheel as build back ends do, and runs the script on it.
const MAKE: &str = r#"
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1] + "/shop-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("shop.py", "PRICE = 1\n")
    wheel.writestr("shop-1.0.data/purelib/own/tests/wrong.py", "def f(:\n" if sys.argv[2:] == ["wrong"] else "f = 1\n")
    if sys.argv[2:] == ["native"]:
        with open("/bin/true", "rb") as program:
            wheel.writestr("speedup.so", program.read().replace(b"libc.so.6\0", b"libq.so.6\0"))
    wheel.writestr("shop-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    wheel.writestr("shop-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr("shop-1.0.dist-info/RECORD", "".join(
        name + ",,\n" for name in wheel.namelist() + ["shop-1.0.dist-info/RECORD"]))
"#;

fn python(arguments: &[&str]) -> Option<String> {
    let output = Command::new("python3").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[test]
fn where_wheels_were_while_the_image_was_built_is_not_told() {
    let pip = python(&["-c", "import ensurepip, os, pip, venv; print(os.path.dirname(pip.__file__))"]);
    let Some(pip) = pip else {
        eprintln!("skipped: there is no python3 with pip and venv here");
        return;
    };
    let room = tempfile::tempdir().unwrap();
    let path = |name: &str| room.path().join(name).display().to_string();
    fs::create_dir(path("wheels")).unwrap();
    python(&["-c", MAKE, &path("wheels")]).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("dockerfiles/virtualenv.py").display().to_string();
    let run = ["-B", &script, "--pip", &pip, &path("wheels"), &path("env")];
    let output = Command::new("python3").args(run).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let libraries = fs::read_dir(path("env/lib")).unwrap().next().unwrap().unwrap().path().join("site-packages");
    let info = libraries.join("shop-1.0.dist-info");
    assert!(info.join("INSTALLER").exists(), "it was installed");
    assert!(!info.join("direct_url.json").exists());
    let record = fs::read_to_string(info.join("RECORD")).unwrap();
    assert!(!record.contains("direct_url.json"), "{record}");
    for line in record.lines() {
        let (file, _) = line.split_once(',').unwrap();
        assert!(libraries.join(file).exists(), "{file} is in RECORD and not there");
    }
    let said = Command::new("grep").args(["-rlF", &path("wheels"), &path("env")]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "", "files that name the folder of the wheels");
}

#[test]
fn what_cannot_be_loaded_ends_it() {
    let pip = python(&["-c", "import ensurepip, os, pip, venv; print(os.path.dirname(pip.__file__))"]);
    let is_fit = fs::read("/bin/true").is_ok_and(|bytes| bytes.windows(10).any(|part| part == b"libc.so.6\0"));
    let Some(pip) = pip.filter(|_| is_fit) else {
        eprintln!("skipped: there is no python3 with pip and venv here, or no dynamic /bin/true");
        return;
    };
    let room = tempfile::tempdir().unwrap();
    let path = |name: &str| room.path().join(name).display().to_string();
    fs::create_dir(path("wheels")).unwrap();
    python(&["-c", MAKE, &path("wheels"), "native"]).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("dockerfiles/virtualenv.py");
    fs::copy(script, path("virtualenv.py")).unwrap();
    let run = |prefix: &str| {
        let arguments = ["-B", &path("virtualenv.py"), "--pip", &pip, &path("wheels"), &path(prefix)];
        let output = Command::new("python3").args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = run("one");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("/site-packages/speedup.so needs libq.so.6, which is not there"), "{said}");
    fs::write(path("allowed"), "library /**/site-packages/{fast,speedup}.so\n").unwrap();
    assert_eq!(run("two").0, Some(0));
    let idle = format!("libc {}/none.so", path("three"));
    fs::write(path("allowed"), format!("library /**/site-packages/speedup.so\n{idle}\n")).unwrap();
    let (code, said) = run("three");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("`allow` has an entry that nothing needs: libc at /"), "{said}");
}

/// Holds patterns of the script against paths: those before `not` it has to match, those behind it not.
const PATTERNS: &str = r#"
import sys
with open(sys.argv[1]) as script:
    names = {}
    exec(script.read().split("\ndef main")[0], names)
for line in sys.argv[2:]:
    glob, paths = line.split(" ", 1)
    fits, others = paths.split("not")
    for path in fits.split() + others.split():
        if bool(names["pattern"](glob).match(path)) != (path in fits.split()):
            sys.exit("%s and %s" % (glob, path))
"#;

#[test]
fn allow_has_the_grammar_of_all_patterns() {
    let lines = [
        r"/opt/\[b\].py /opt/[b].py not /opt/b.py",
        r"/opt/a\x\\y /opt/a\x\y not /opt/axy",
        "/opt/[ab]?.py /opt/ax.py not /opt/cx.py /opt/a/.py",
        "/opt/[!a-c].py /opt/d.py not /opt/b.py",
        "/opt/a,b.py /opt/a,b.py not /opt/a b.py",
        "/opt/{a,b}/*.py /opt/a/x.py /opt/b/x.py not /opt/a,b/x.py /opt/a/x/y.py",
        "/opt/**/tests/*.py /opt/tests/x.py /opt/a/b/tests/x.py not /opt/atests/x.py",
        "**/x.so /x.so /a/b/x.so not /ax.so",
        "/opt/** /opt/a /opt/a/b not /opt",
        "/opt/a**b /opt/axb not /opt/a/b",
    ];
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("dockerfiles/virtualenv.py").display().to_string();
    let Ok(output) = Command::new("python3").args(["-B", "-c", PATTERNS, &script]).args(lines).output() else {
        eprintln!("skipped: there is no python3 here");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for line in lines {
        let (glob, paths) = line.split_once(' ').unwrap();
        let (fits, others) = paths.split_once("not").unwrap();
        let ours = factory::util::pattern::glob(glob).unwrap();
        assert!(fits.split_whitespace().all(|path| ours.is_match(path)), "{line}");
        assert!(!others.split_whitespace().any(|path| ours.is_match(path)), "{line}");
    }
}

#[test]
fn modules_of_the_project_have_to_compile_and_those_of_others_need_not() {
    let pip = python(&["-c", "import ensurepip, os, pip, venv; print(os.path.dirname(pip.__file__))"]);
    let Some(pip) = pip else {
        eprintln!("skipped: there is no python3 with pip and venv here");
        return;
    };
    let room = tempfile::tempdir().unwrap();
    let path = |name: &str| room.path().join(name).display().to_string();
    fs::create_dir(path("wheels")).unwrap();
    python(&["-c", MAKE, &path("wheels"), "wrong"]).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("dockerfiles/virtualenv.py");
    fs::copy(script, path("virtualenv.py")).unwrap();
    let run = |options: &[&str], prefix: &str| {
        let (script, wheels, prefix) = (path("virtualenv.py"), path("wheels"), path(prefix));
        let arguments = ["-B", &script, "--pip", &pip].into_iter().chain(options.iter().copied());
        let output = Command::new("python3").args(arguments.chain([wheels.as_str(), &prefix])).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = run(&[], "others");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("left 1 of others that is not for this Python"), "{said}");
    let (code, said) = run(&["--own"], "own");
    assert_eq!(code, Some(1), "{said}");
    for part in
        ["/own/tests/wrong.py\", line 1", "def f(:", "SyntaxError: ", "1 module of the project does not compile"]
    {
        assert!(said.contains(part), "{part}\n{said}");
    }
    fs::write(path("allowed"), "syntax /**/own/tests/*.py\n").unwrap();
    assert_eq!(run(&["--own"], "meant").0, Some(0));
}

#[test]
fn modules_among_the_contents_have_to_compile() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("dockerfiles/virtualenv.py");
    let mut tried = 0;
    for interpreter in ["python3", "python2.7"] {
        let is_there = Command::new(interpreter).arg("--version").output().is_ok_and(|output| output.status.success());
        if !is_there {
            eprintln!("skipped: there is no {interpreter} here");
            continue;
        }
        tried += 1;
        let room = tempfile::tempdir().unwrap();
        let path = |name: &str| room.path().join(name).display().to_string();
        fs::copy(&script, path("virtualenv.py")).unwrap();
        fs::create_dir_all(path("env/lib/python/site-packages")).unwrap();
        let write = |name: &str, text: &str| fs::write(path(name), text).unwrap();
        write("env/lib/python/site-packages/theirs.py", "def f(:\n");
        write("fine.py", "x = 1\n");
        write(
            "other.py",
            if interpreter == "python3" { "#!/usr/bin/python2\nprint 1\n" } else { "#!/usr/bin/python3\nf'x'\n" },
        );
        // Its name has a letter that the locale has not, and it only warns.
        write("é.py", "def f(x):\n    return x is 'a'\n");
        write("own", &format!("{}\n{}\n{}\n", path("fine.py"), path("other.py"), path("é.py")));
        let run = || {
            let arguments = ["-B", &path("virtualenv.py"), "--compile", &path("env")];
            let output = Command::new(interpreter).args(arguments).env("LC_ALL", "C").output().unwrap();
            let said = [output.stdout, output.stderr].concat();
            (output.status.code(), String::from_utf8_lossy(&said).into_owned())
        };
        let (code, said) = run();
        assert_eq!(code, Some(0), "{interpreter}: {said}");
        for (text, fault) in
            [("x = = 'é'\n", "SyntaxError"), (&format!("x = {}1\n", "-".repeat(50_000)), "MemoryError")]
        {
            write("é.py", &format!("# coding: utf-8\n{text}"));
            let (code, said) = run();
            assert_eq!(code, Some(1), "{interpreter}: {said}");
            assert!(
                said.contains(fault) && said.contains("1 module of the project does not compile"),
                "{interpreter}: {said}"
            );
            write("allowed", &format!("syntax {}\n", path("é.py")));
            let (code, said) = run();
            assert_eq!(code, Some(0), "{interpreter}: {said}");
            fs::remove_file(path("allowed")).unwrap();
        }
        write("é.py", "x = 1\n");
        write("fine.py", "x = 1\n\nx = = 2\n");
        let (code, said) = run();
        assert_eq!(code, Some(1), "{interpreter}: {said}");
        assert!(said.contains("fine.py\", line 3") && said.contains("SyntaxError"), "{interpreter}: {said}");
        assert!(!path("fine.pyc").is_empty() && !Path::new(&path("fine.pyc")).exists(), "nothing is written");
    }
    if tried == 0 {
        eprintln!("skipped: there is no Python here");
    }
}

/// A pip that reads an index: it says how often.
const READER: &str = r#"
import functools
import sys

read = []


@functools.lru_cache(maxsize=None)
def page(project, hint=None):
    read.append(project)
    return len(read)


for _ in range(100):
    page("six")
    page("idna", hint="x")
page(["what has no hash is read each time"])
assert page("six") == page("six") != page("idna", hint="x")
print(len(read), sys.argv[1:], __name__)
"#;

#[test]
fn pip_of_python_2_reads_each_page_once() {
    let room = tempfile::tempdir().unwrap();
    fs::create_dir(room.path().join("pip")).unwrap();
    fs::write(room.path().join("pip/__init__.py"), "").unwrap();
    fs::write(room.path().join("pip/__main__.py"), READER).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/execute/wheels/memo.py").display().to_string();
    // As on Python 2.7, where there is none.
    let start = "import functools, runpy, sys; del functools.lru_cache; sys.path.insert(0, sys.argv.pop(1)); sys.argv.pop(0); \
                 runpy.run_path(sys.argv[0], run_name='__main__')";
    let Some(said) = python(&["-B", "-c", start, &room.path().display().to_string(), &script, "download", "-r"]) else {
        eprintln!("skipped: there is no python3 here");
        return;
    };
    assert_eq!(said, "3 ['download', '-r'] __main__");
}
