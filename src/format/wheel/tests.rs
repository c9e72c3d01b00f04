//! Wheels by hand: what becomes of them, and what is refused.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read as _},
};

use sha2::{Digest as _, Sha256};

use super::{Installed, Launchers, Scheme, Surface, Wheel, WheelError, record};
use crate::{
    format::zip,
    names::Machine,
    stage::{Spool, Tree, TreePath},
};

type Files = BTreeMap<String, Vec<u8>>;

/// A good wheel: a module, a script of each kind, programs, data.
fn sample() -> Files {
    [
        ("shop/__init__.py", "price = 1\n"),
        ("shop/a,b.txt", "a name with a comma"),
        ("shop/__pycache__/x.cpython-313.pyc", "byte code"),
        ("shop.pth", "import shop\n"),
        ("Shop_Web-1.0.data/scripts/shop.py", "#!python -E\r\nprint(1)\r\n"),
        ("Shop_Web-1.0.data/scripts/shopw", "#!pythonw\nprint(1)\n"),
        ("Shop_Web-1.0.data/scripts/other.cmd", "@echo off\r\n"),
        ("Shop_Web-1.0.data/data/share/x.txt", "x"),
        ("Shop_Web-1.0.data/purelib/pure.py", ""),
        ("Shop_Web-1.0.data/headers/shop.h", "#define SHOP"),
        ("Shop_Web-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
        ("Shop_Web-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: shop.web\nVersion: 1.0\n\nName: other\n"),
        (
            "Shop_Web-1.0.dist-info/entry_points.txt",
            "[console_scripts]\nshop-it = shop:main\n[gui_scripts]\nshop-gui = shop.gui:Window.open\n[shop.plugins]\nx = y\n",
        ),
        ("Shop_Web-1.0.dist-info/INSTALLER", "somebody\n"),
    ]
    .into_iter()
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .collect()
}

const INFO: &str = "Shop_Web-1.0.dist-info";

/// The list of these files.
fn record(files: &Files) -> String {
    let line = |(path, bytes): (&String, &Vec<u8>)| record::line(path, &Sha256::digest(bytes), bytes.len() as u64);
    files.iter().map(line).collect::<String>() + &format!("{INFO}/RECORD,,\n")
}

fn zipped(files: &Files) -> Vec<u8> {
    let mut archive = zip::Writer::new(Cursor::new(Vec::new()), 1_767_225_600);
    for (path, bytes) in files {
        archive.file(path, &mut &bytes[..]).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn open(files: &Files) -> Result<Wheel<Cursor<Vec<u8>>>, WheelError> {
    let bytes = zipped(files);
    let length = bytes.len() as u64;
    Wheel::open(Cursor::new(bytes), length)
}

/// A wheel of these files with a list that fits.
fn listed(files: &Files) -> Result<Wheel<Cursor<Vec<u8>>>, WheelError> {
    let mut files = files.clone();
    files.insert(format!("{INFO}/RECORD"), record(&files).into_bytes());
    open(&files)
}

fn scheme() -> Scheme {
    Scheme {
        folder: TreePath::new(".venv").unwrap(),
        on_windows: "C:\\ProgramData\\x\\.venv".to_owned(),
        python: "3.13".to_owned(),
    }
}

/// A program that says of which machine it is, and nothing else.
fn program(machine: Machine, mark: u8) -> Vec<u8> {
    let mut bytes = vec![0; 0x48];
    bytes[..2].copy_from_slice(b"MZ");
    bytes[0x3c] = 0x40;
    bytes[0x40..0x44].copy_from_slice(b"PE\0\0");
    bytes[0x44..0x46].copy_from_slice(&machine.number().to_le_bytes());
    bytes[0x47] = mark;
    bytes
}

/// A wheel of pip, as far as launchers go.
fn pip(machine: Machine) -> Files {
    let mut files = Files::new();
    files.insert(format!("{INFO}/WHEEL"), b"Wheel-Version: 1.0\n".to_vec());
    files.insert(format!("{INFO}/METADATA"), b"Name: Shop_Web\nVersion: 1.0\n".to_vec());
    files.insert("pip/_vendor/distlib/t64.exe".to_owned(), program(machine, b't'));
    files.insert("pip/_vendor/distlib/w64.exe".to_owned(), program(machine, b'w'));
    files
}

fn launchers() -> Launchers {
    Launchers::of_pip(&mut listed(&pip(Machine::Amd64)).unwrap(), Machine::Amd64).unwrap()
}

fn installed(files: &Files) -> Result<(Tree, Installed), WheelError> {
    let mut tree = Tree::new(Spool::new()?);
    let installed = listed(files)?.install(&scheme(), Some(&launchers()), &|_| false, 5, &mut tree)?;
    Ok((tree, installed))
}

fn read(tree: &Tree, path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let entry = tree.get(&TreePath::new(path).unwrap()).unwrap_or_else(|| panic!("{path}"));
    tree.open(entry).read_to_end(&mut bytes).unwrap();
    bytes
}

fn text(tree: &Tree, path: &str) -> String {
    String::from_utf8(read(tree, path)).unwrap()
}

#[test]
fn every_file_goes_to_its_place() {
    let (tree, installed) = installed(&sample()).unwrap();
    let paths: Vec<&str> = tree.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            ".venv/Lib/site-packages/Shop_Web-1.0.dist-info/INSTALLER",
            ".venv/Lib/site-packages/Shop_Web-1.0.dist-info/METADATA",
            ".venv/Lib/site-packages/Shop_Web-1.0.dist-info/RECORD",
            ".venv/Lib/site-packages/Shop_Web-1.0.dist-info/WHEEL",
            ".venv/Lib/site-packages/Shop_Web-1.0.dist-info/entry_points.txt",
            ".venv/Lib/site-packages/pure.py",
            ".venv/Lib/site-packages/shop/__init__.py",
            ".venv/Lib/site-packages/shop/a,b.txt",
            ".venv/Lib/site-packages/shop.pth",
            ".venv/Scripts/other.cmd",
            ".venv/Scripts/shop-gui.exe",
            ".venv/Scripts/shop-it.exe",
            ".venv/Scripts/shop.py",
            ".venv/Scripts/shopw",
            ".venv/include/site/python3.13/shop.web/shop.h",
            ".venv/share/x.txt",
        ]
    );
    assert_eq!((installed.name.as_str(), installed.version.as_str()), ("shop.web", "1.0"));
    assert_eq!((installed.left_out, installed.files.len()), (1, paths.len()));
    assert!(tree.iter().all(|(_, entry)| (entry.mtime, entry.mode) == (5, 0o644)));
}

#[test]
fn the_list_is_of_what_is_there() {
    let (tree, _) = installed(&sample()).unwrap();
    let list = text(&tree, ".venv/Lib/site-packages/Shop_Web-1.0.dist-info/RECORD");
    let mut paths = Vec::new();
    for line in list.lines() {
        let start = line.rfind(",sha256=").or_else(|| line.rfind(",,")).unwrap();
        paths.push(line[..start].trim_matches('"'));
    }
    assert_eq!(paths.len(), tree.len());
    for program in ["../../Scripts/shop-it.exe", "../../share/x.txt", "shop/a,b.txt", "Shop_Web-1.0.dist-info/RECORD"] {
        assert!(paths.contains(&program), "{list}");
    }
    assert!(!list.contains(".pyc") && list.contains("\"shop/a,b.txt\",sha256="), "{list}");
    let script = read(&tree, ".venv/Scripts/shop.py");
    assert!(list.contains(&record::line("../../Scripts/shop.py", &Sha256::digest(&script), script.len() as u64)));
    assert_eq!(text(&tree, ".venv/Lib/site-packages/Shop_Web-1.0.dist-info/INSTALLER"), "factory\n");
}

#[test]
fn scripts_are_run_by_the_interpreter_of_the_environment() {
    let (tree, _) = installed(&sample()).unwrap();
    let python = "#!C:\\ProgramData\\x\\.venv\\Scripts\\python.exe";
    assert_eq!(text(&tree, ".venv/Scripts/shop.py"), format!("{python} -E\r\nprint(1)\r\n"));
    assert_eq!(text(&tree, ".venv/Scripts/shopw"), "#!C:\\ProgramData\\x\\.venv\\Scripts\\pythonw.exe\nprint(1)\n");
    assert_eq!(text(&tree, ".venv/Scripts/other.cmd"), "@echo off\r\n");
}

#[test]
fn what_is_left_out_is_not_in_the_list() {
    let mut tree = Tree::new(Spool::new().unwrap());
    let leave_out = |path: &TreePath| path.file_name().starts_with("shop");
    let installed =
        listed(&sample()).unwrap().install(&scheme(), Some(&launchers()), &leave_out, 5, &mut tree).unwrap();
    assert_eq!(installed.left_out, 7, "{:?}", installed.files);
    let list = text(&tree, ".venv/Lib/site-packages/Shop_Web-1.0.dist-info/RECORD");
    assert!(!list.contains("shop.pth") && !list.contains("shop-it") && list.contains("shop/__init__.py"), "{list}");
    assert_eq!(list.lines().count(), tree.len());
}

#[test]
fn programs_become_launchers() {
    let (tree, _) = installed(&sample()).unwrap();
    for (name, mark, python, line) in [
        ("shop-it", b't', "python.exe", "from shop import main\n"),
        ("shop-gui", b'w', "pythonw.exe", "from shop.gui import Window\n"),
    ] {
        let bytes = read(&tree, &format!(".venv/Scripts/{name}.exe"));
        let start = program(Machine::Amd64, mark);
        let rest = bytes.strip_prefix(&start[..]).unwrap();
        let said = format!("#!C:\\ProgramData\\x\\.venv\\Scripts\\{python}\n");
        let archive = rest.strip_prefix(said.as_bytes()).unwrap().to_vec();
        let length = archive.len() as u64;
        let mut archive = zip::Archive::open(Cursor::new(archive), length, &zip::Limits::default()).unwrap();
        let main = String::from_utf8(archive.small("__main__.py", 1000).unwrap().unwrap()).unwrap();
        assert!(main.contains(line), "{main}");
    }
    let mut tree = Tree::new(Spool::new().unwrap());
    let refusal = listed(&sample()).unwrap().install(&scheme(), None, &|_| false, 5, &mut tree).unwrap_err();
    let said = "the wheel brings the program `shop-it`, and there is no launcher for programs with a console";
    assert_eq!(refusal.to_string(), said);
    assert_eq!(listed(&sample()).unwrap().entry_points()[1].surface, Surface::Gui);
}

#[test]
fn launchers_are_of_the_machine_that_is_asked_for() {
    let of = |files: Files, machine| Launchers::of_pip(&mut listed(&files).unwrap(), machine).map(|_| ());
    assert!(of(pip(Machine::Amd64), Machine::Amd64).is_ok());
    assert!(of(pip(Machine::Arm64), Machine::Amd64).unwrap_err().to_string().contains("no program of its machine"));
    assert!(
        of(pip(Machine::X86), Machine::X86)
            .unwrap_err()
            .to_string()
            .contains("it has no `pip/_vendor/distlib/t32.exe`")
    );
    let mut cut = pip(Machine::Amd64);
    cut.insert("pip/_vendor/distlib/t64.exe".to_owned(), b"MZ".to_vec());
    assert!(of(cut, Machine::Amd64).is_err());
}

/// What is said of the sample with these files more, or instead.
fn refused(more: &[(&str, &str)]) -> String {
    let mut files = sample();
    files.extend(more.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())));
    installed(&files).unwrap_err().to_string()
}

#[test]
fn what_breaks_the_rules_is_refused() {
    let said = |path: &str, text: &str, part: &str| {
        let refusal = refused(&[(path, text)]);
        assert!(refusal.contains(part), "{refusal}");
    };
    said("other-1.dist-info/x", "", "it has several `.dist-info` folders");
    said("other-1.data/scripts/x", "", "`other-1.data/scripts/x` is in no folder that its data have");
    said("Shop_Web-1.0.data/else/x", "", "is in no folder that its data have");
    said("Shop_Web-1.0.data/x", "", "is in no folder that its data have");
    said("Shop_Web-1.0.dist-info/direct_url.json", "{}", "`direct_url.json`");
    said("shop/x.pyc", "", "byte code without its source, `shop/x.pyc`");
    said("Shop_Web-1.0.dist-info/WHEEL", "Wheel-Version: 2.0\n", "version 2.0 of the format");
    said("Shop_Web-1.0.dist-info/WHEEL", "", "its WHEEL has no Wheel-Version");
    said("Shop_Web-1.0.dist-info/METADATA", "Name: x\nVersion: 1.0\n", "are those of x 1.0");
    said("Shop_Web-1.0.dist-info/METADATA", "Name: shop-web\n", "no Version");
    said("Shop_Web-1.0.dist-info/entry_points.txt", "[console_scripts]\nx = os:system('x')\n", "is no program");
    said("Shop_Web-1.0.data/scripts/shop-it.exe", "", "comes from both");
    said("Shop_Web-1.0.data/purelib/shop/__init__.py", "", "comes from both");
}

#[test]
fn a_list_that_does_not_fit_is_refused() {
    let with = |change: &dyn Fn(&mut Files)| {
        let mut files = sample();
        files.insert(format!("{INFO}/RECORD"), record(&files).into_bytes());
        change(&mut files);
        let mut tree = Tree::new(Spool::new().unwrap());
        open(&files)
            .and_then(|mut wheel| wheel.install(&scheme(), Some(&launchers()), &|_| false, 5, &mut tree))
            .unwrap_err()
            .to_string()
    };
    let put = |path: &'static str, text: &'static str| {
        move |files: &mut Files| drop(files.insert(path.to_owned(), text.into()))
    };
    assert!(with(&put("shop.pth", "import evil\n")).contains("`shop.pth` in the wheel is not what its RECORD says"));
    assert!(with(&put("evil.py", "")).contains("its RECORD does not list `evil.py` with a digest"));
    assert!(with(&|files| drop(files.remove("shop.pth"))).contains("its RECORD lists `shop.pth`, which is not in it"));
    assert!(with(&put("Shop_Web-1.0.dist-info/RECORD", "x")).contains("is not three values"));
    assert!(with(&|files| drop(files.remove(&format!("{INFO}/RECORD")))).contains("it has no `RECORD`"));
}
