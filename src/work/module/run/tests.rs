//! Modules of small archives by hand.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read as _},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::{Assembled, ModuleError, Parts, assemble};
use crate::{
    format::{
        wheel::Wheel,
        zip::{Archive, Limits, Writer},
    },
    names::{Machine, PythonVersion},
    stage::{Role, Spool, Tree, TreePath, pe::sample},
    work::module::data::{Layout, STRIPPED},
};

type Bytes = Cursor<Vec<u8>>;

fn layout() -> Layout {
    Layout {
        python: PythonVersion::new("3.13.11").unwrap(),
        machine: Machine::Amd64,
        folder: "C:\\ProgramData\\x\\python-3".to_owned(),
        strip: STRIPPED.map(str::to_owned).to_vec(),
        time: 1_767_225_600,
    }
}

fn program(needed: &[&str]) -> Vec<u8> {
    sample(Machine::Amd64.number(), needed)
}

fn zipped(files: &[(&str, Vec<u8>)]) -> Bytes {
    let mut archive = Writer::new(Cursor::new(Vec::new()), 1_767_225_600);
    for (path, bytes) in files {
        archive.file(path, &mut &bytes[..]).unwrap();
    }
    archive.finish().unwrap()
}

fn archive(files: &[(&str, Vec<u8>)]) -> Archive<Bytes> {
    let bytes = zipped(files);
    let length = bytes.get_ref().len() as u64;
    Archive::open(bytes, length, &Limits::default()).unwrap()
}

/// A NuGet package as CPython's is, as small as it can be.
fn base() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("python.nuspec", b"<package/>".to_vec()),
        ("tools/python.exe", program(&["python313.dll", "KERNEL32.dll"])),
        ("tools/python3.dll", program(&["python313.dll"])),
        ("tools/python313.dll", program(&["api-ms-win-crt-heap-l1-1-0.dll", "VCRUNTIME140.dll"])),
        ("tools/vcruntime140.dll", program(&["kernel32.dll"])),
        ("tools/LICENSE.txt", b"terms".to_vec()),
        ("tools/DLLs/_ssl.pyd", program(&["libssl-3.dll", "python313.dll"])),
        ("tools/DLLs/libssl-3.dll", program(&["WS2_32.dll"])),
        ("tools/DLLs/_sqlite3.pyd", program(&["sqlite3.dll"])),
        ("tools/DLLs/sqlite3.dll", program(&[])),
        ("tools/DLLs/py.ico", b"icon".to_vec()),
        ("tools/Lib/os.py", b"name = 'nt'".to_vec()),
        ("tools/Lib/test/test_os.py", b"".to_vec()),
        ("tools/Lib/__pycache__/os.cpython-313.pyc", b"".to_vec()),
        ("tools/Lib/site-packages/pip/__init__.py", b"".to_vec()),
        ("tools/include/Python.h", b"".to_vec()),
    ]
}

fn wheel(name: &str, files: &[(&str, Vec<u8>)]) -> Wheel<Bytes> {
    let info = format!("{name}-1.dist-info");
    let mut all: Vec<(String, Vec<u8>)> =
        files.iter().map(|(path, bytes)| ((*path).replace("INFO", &info), bytes.clone())).collect();
    all.push((format!("{info}/WHEEL"), b"Wheel-Version: 1.0\n".to_vec()));
    all.push((format!("{info}/METADATA"), format!("Name: {name}\nVersion: 1\n").into_bytes()));
    let line = |(path, bytes): &(String, Vec<u8>)| {
        format!("{path},sha256={},{}\n", URL_SAFE_NO_PAD.encode(Sha256::digest(bytes)), bytes.len())
    };
    let list = all.iter().map(line).collect::<Vec<_>>().concat();
    all.push((format!("{info}/RECORD"), list.into_bytes()));
    let all: Vec<(&str, Vec<u8>)> = all.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect();
    let bytes = zipped(&all);
    let length = bytes.get_ref().len() as u64;
    Wheel::open(bytes, length).unwrap()
}

fn pip() -> Wheel<Bytes> {
    let machine = Machine::Arm64.number();
    wheel(
        "pip",
        &[
            ("pip/_vendor/distlib/t64.exe", program(&[])),
            ("pip/_vendor/distlib/w64.exe", program(&[])),
            ("pip/_vendor/distlib/t64-arm.exe", sample(machine, &[])),
        ],
    )
}

fn shop(needed: &[&str]) -> Wheel<Bytes> {
    let points = b"[console_scripts]\nshop = shop:main\n".to_vec();
    let files =
        [("shop/_native.pyd", program(needed)), ("shop/setuptools/x", Vec::new()), ("INFO/entry_points.txt", points)];
    wheel("shop", &files)
}

fn made(
    base: &[(&str, Vec<u8>)],
    wheels: Vec<Wheel<Bytes>>,
    layout: &Layout,
) -> Result<(Tree, Assembled), ModuleError> {
    made_with(base, wheels, layout, &[])
}

fn made_with(
    base: &[(&str, Vec<u8>)],
    wheels: Vec<Wheel<Bytes>>,
    layout: &Layout,
    extras: &[(&str, &str)],
) -> Result<(Tree, Assembled), ModuleError> {
    let spool = Spool::new()?;
    let (mut tree, mut extra) = (Tree::new(spool.clone()), Tree::new(spool));
    for (path, text) in extras {
        extra.add_bytes(TreePath::new(path)?, text.as_bytes(), 0o644, 0, Role::Plain, "the recipe")?;
    }
    let runtime = BTreeMap::from([("ucrtbase.dll".to_owned(), program(&[]))]);
    let assembled = assemble(layout, Parts { base: archive(base), wheels, runtime, extra }, &mut tree)?;
    Ok((tree, assembled))
}

fn text(tree: &Tree, path: &str) -> String {
    let mut text = String::new();
    let entry = tree.get(&TreePath::new(path).unwrap()).unwrap();
    tree.open(entry).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_module_has_all_that_it_starts_with() {
    let (tree, assembled) = made(&base(), vec![pip(), shop(&["python3.dll"])], &layout()).unwrap();
    let paths: Vec<&str> = tree.iter().map(|(path, _)| path.as_str()).filter(|path| !path.contains("-info/")).collect();
    assert_eq!(
        paths,
        [
            ".venv/Lib/site-packages/pip/_vendor/distlib/t64-arm.exe",
            ".venv/Lib/site-packages/pip/_vendor/distlib/t64.exe",
            ".venv/Lib/site-packages/pip/_vendor/distlib/w64.exe",
            ".venv/Lib/site-packages/shop/_native.pyd",
            ".venv/Lib/site-packages/shop/setuptools/x",
            ".venv/Scripts/_ssl.pyd",
            ".venv/Scripts/libssl-3.dll",
            ".venv/Scripts/python.exe",
            ".venv/Scripts/python3.dll",
            ".venv/Scripts/python313.dll",
            ".venv/Scripts/shop.exe",
            ".venv/Scripts/ucrtbase.dll",
            ".venv/Scripts/vcruntime140.dll",
            ".venv/pyvenv.cfg",
            "DLLs/_ssl.pyd",
            "DLLs/libssl-3.dll",
            "DLLs/py.ico",
            "Lib/os.py",
            "Lib/site-packages/pip/__init__.py",
            "postinstall.cmd",
            "python.exe",
            "python3.dll",
            "python313.dll",
            "vcruntime140.dll",
        ]
    );
    assert_eq!((assembled.packages.len(), assembled.unmet.len()), (2, 0), "{:?}", assembled.unmet);
    assert!(tree.iter().all(|(_, entry)| entry.mtime == layout().time));
}

#[test]
fn the_configuration_has_three_lines() {
    let (tree, _) = made(&base(), vec![], &layout()).unwrap();
    assert_eq!(
        text(&tree, ".venv/pyvenv.cfg").as_bytes(),
        b"home = C:\\ProgramData\\x\\python-3\r\nversion_info = 3.13.11\r\ninclude-system-site-packages = false\r\n"
    );
    let script = text(&tree, "postinstall.cmd");
    assert_eq!(script.matches('\n').count(), script.matches("\r\n").count());
    assert!(script.contains("mklink /J DLLs .\\.venv\\Scripts\r\n"), "{script}");
    let (tree, _) = made_with(&base(), vec![], &layout(), &[("postinstall.cmd", "@rem own"), ("docs/x", "")]).unwrap();
    assert_eq!(text(&tree, "postinstall.cmd"), "@rem own");
}

#[test]
fn what_is_left_out_is_in_no_list() {
    let strip = vec!["**/SHOP/**".to_owned(), "*.exe".to_owned()];
    let (tree, _) = made(&base(), vec![pip(), shop(&[])], &Layout { strip, ..layout() }).unwrap();
    let list = text(&tree, ".venv/Lib/site-packages/shop-1.dist-info/RECORD");
    assert!(!list.contains("_native.pyd") && list.contains("../../Scripts/shop.exe"), "{list}");
    assert!(tree.get(&TreePath::new("python.exe").unwrap()).is_none());
    assert!(tree.get(&TreePath::new(".venv/Scripts/python.exe").unwrap()).is_some(), "its copy is at another place");
    let bad = made(&base(), vec![], &Layout { strip: vec!["a[".to_owned()], ..layout() }).unwrap_err();
    assert!(bad.to_string().starts_with("`a[` is no pattern of paths: "), "{bad}");
}

#[test]
fn what_windows_could_not_load_is_said() {
    let (_, assembled) = made(&base(), vec![pip(), shop(&["mfc140u.dll", "USER32.dll"])], &layout()).unwrap();
    let said: Vec<String> = assembled.unmet.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "`/.venv/Lib/site-packages/shop/_native.pyd` (from the wheel of shop 1) needs `mfc140u.dll`, which is neither in the module nor a part of Windows"
        ]
    );
    let refused = |wheels, layout: &Layout| made(&base(), wheels, layout).unwrap_err().to_string();
    let arm = Layout { machine: Machine::Arm64, ..layout() };
    assert!(refused(vec![], &arm).contains("is for machine 0x8664, and the module for arm64 (0xaa64)"));
    let none = wheel("x", &[("x.dll", b"text".to_vec())]);
    assert!(refused(vec![none], &layout()).contains("it is called as a program of Windows, and is none"));
    let broken = wheel("x", &[("x.dll", program(&[])[..0x80].to_vec())]);
    assert!(refused(vec![broken], &layout()).contains("it begins as a program of Windows, but"));
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let refused = |base: &[(&str, Vec<u8>)], wheels| made(base, wheels, &layout()).unwrap_err().to_string();
    let said = "the interpreter's archive has no `tools/python313.dll`: it is no NuGet package of Python 3.13.11";
    let without: Vec<_> = base().into_iter().filter(|(path, _)| *path != "tools/python313.dll").collect();
    assert!(refused(&without, vec![]).starts_with(said));
    assert!(refused(&base()[..1], vec![]).contains("has no `tools/python.exe`"));
    assert!(refused(&base(), vec![shop(&[])]).starts_with("shop 1: the wheel brings the program `shop`"));
    assert!(
        refused(&base(), vec![pip(), shop(&[]), shop(&[])])
            .contains("comes from both the wheel of shop 1 and the wheel of shop 1")
    );
    let config = wheel("x", &[("x-1.data/data/pyvenv.cfg", b"home = C:\\evil".to_vec())]);
    assert!(
        refused(&base(), vec![config]).contains("`/.venv/pyvenv.cfg` comes from both the wheel of x 1 and factory")
    );
}

/// The base with the bytes of one text replaced by those of another one, as long, wherever they are.
fn patched(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "{from} {to}");
    let mut bytes = zipped(&base()).into_inner();
    let places: Vec<usize> =
        (0..bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from.as_bytes())).collect();
    assert!(!places.is_empty(), "{from}");
    for at in places {
        bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

/// What becomes of a module with this archive.
fn with_archive(bytes: Vec<u8>) -> Result<(Tree, Assembled), String> {
    let length = bytes.len() as u64;
    let base = Archive::open(Cursor::new(bytes), length, &Limits::default()).map_err(|error| error.to_string())?;
    let spool = Spool::new().unwrap();
    let (mut tree, extra) = (Tree::new(spool.clone()), Tree::new(spool));
    let parts = Parts { base, wheels: vec![], runtime: BTreeMap::new(), extra };
    let assembled = assemble(&layout(), parts, &mut tree).map_err(|error| error.to_string())?;
    Ok((tree, assembled))
}

#[test]
fn hostile_archives_are_refused() {
    for name in [
        "tools/../../p.ico",
        "tools/./DLLs/.ico",
        "/tools/DLLs/p.ico",
        "C:\\tools\\DLLs\\ico",
        "tools\\DLLs\\py.ico",
        "tools/DLLs/py\0ico",
        "tools/DLLs//p.ico",
        "tools/python.exe/",
        "tools/python3.dll",
        "tools/DLLs/py\nico",
        "tools/DLLs/nul.tx",
        "tools/os.py/x.ico",
    ] {
        let name = &format!("{name:<17}")[..17];
        let refusal = with_archive(patched("tools/DLLs/py.ico", name));
        // What only Windows minds is the cabinet's to refuse.
        let is_for_the_cabinet = name.contains("nul") || name.contains('\n') || name.starts_with("tools/os.py");
        assert!(refusal.is_err() || is_for_the_cabinet, "{name:?}");
    }
    // Content that is not what its checksum says.
    assert!(with_archive(patched("LICENSE", "LICENCE")).is_ok(), "a name that nothing needs");
    assert!(
        with_archive(patched("tools/Lib/os.py", "tools/Lib/so.py")).unwrap_err().contains("has no `tools/Lib/os.py`")
    );
}

#[test]
fn archives_that_are_cut_or_damaged_are_refused_or_read() {
    let whole = zipped(&base()).into_inner();
    for cut in (0..whole.len()).step_by(97) {
        assert!(with_archive(whole[..cut].to_vec()).is_err(), "{cut}");
    }
    let mut refused = 0;
    for at in (0..whole.len()).step_by(41) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        refused += usize::from(with_archive(bytes).is_err());
    }
    assert!(refused > whole.len() / 41 / 2, "{refused} of {}", whole.len() / 41);
}
