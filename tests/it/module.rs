//! Modules for Windows: from a recipe, an archive of CPython and pinned wheels to one cabinet, without an engine.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    packages::shown,
    played_index::{AMD64, Index, nupkg, program, wheel},
    project::Project,
};

pub const RECIPE: &str = r#"[project]
name = "agent"
maintainer = "Shop Team <shop@example.org>"
license = "Apache-2.0"
platforms = ["windows-amd64"]

[[module]]
name = "python-3"
requirements = "requirements.txt"
folder = 'C:\ProgramData\agent\python-3'
postinstall = "postinstall.cmd"
contents = [{ src = "etc/shop.conf", dst = "conf/" }]
[module.runtimes."3.13.11"]
kind = "nuget"
file = "python.nupkg"
"#;
const CAB: &str = "packages/windows-amd64/python-3.cab";

/// A line that pins a distribution.
fn pin(wanted: &str, digests: &[&str]) -> String {
    digests.iter().fold(wanted.to_owned(), |line, digest| format!("{line} --hash=sha256:{digest}")) + "\n"
}

/// A wheel of one module without anything else.
fn plain(name: &str, headers: &str) -> Vec<u8> {
    wheel(name, "1.0", &[(&format!("{name}.py"), b"x = 1\n")], headers)
}

/// A project with the recipe, and an index with `shop`, which needs `till` on Windows, and `till`.
pub fn project() -> (Project, Index) {
    let mut project = Project::new();
    let index = Index::new();
    project.env("PIP_INDEX_URL", index.address());
    project.write("factory.toml", RECIPE);
    project.write("postinstall.cmd", "@echo off\n");
    fs::write(project.path("python.nupkg"), nupkg(AMD64)).unwrap();
    let points = b"[console_scripts]\nshop = shop:main\n";
    let native = program(AMD64, &["python3.dll"]);
    let files: [(&str, &[u8]); 3] =
        [("shop/__init__.py", b"def main(): pass\n"), ("shop/_x.pyd", &native), ("INFO/entry_points.txt", points)];
    let needs = "Requires-Python: >=3.8\nRequires-Dist: till (>=1.0) ; sys_platform == 'win32'\nRequires-Dist: nix; sys_platform != 'win32'\n";
    let whole = index.add("shop", "shop-1.0-cp39-abi3-win_amd64.whl", &wheel("shop", "1.0", &files, needs));
    let other = index.add("shop", "shop-1.0-cp39-abi3-manylinux_2_17_x86_64.whl", b"of Linux");
    let till = index.add("till", "till-1.0-py3-none-any.whl", &plain("till", ""));
    let lines = [pin("shop==1.0", &[&other, &whole]), pin("till==1.0 ; os_name == 'nt'", &[&till])];
    project.write("requirements.txt", &(lines.concat() + "nix==2.0 ; sys_platform == 'linux'\n"));
    (project, index)
}

fn members(project: &Project) -> Vec<String> {
    let value = shown(project, CAB);
    let files = value["files"].as_array().unwrap().iter();
    files.map(|file| file["path"].as_str().unwrap().replace('\\', "/")).collect()
}

#[test]
fn a_module_is_made_without_an_engine() {
    let (mut project, index) = project();
    project.without_env("FACTORY_SCRIPTED_ENGINE");
    project.env("DOCKER_HOST", "unix:///does/not/exist");
    let run = project.done(&["build"]);
    shows!(project, format!("{}{}", run.stdout, run.stderr));
    shows!(project, members(&project).join("\n"));
    let sums = project.read("packages/windows-amd64/SHA256SUMS");
    assert!(sums.ends_with("  python-3.cab\n"), "{sums}");
    project.done(&["verify", CAB]);
    let bytes = fs::read(project.path(CAB)).unwrap();
    let mut asked = index.asked();
    asked.sort();
    let wheels = ["/files/shop-1.0-cp39-abi3-win_amd64.whl", "/files/till-1.0-py3-none-any.whl"];
    assert_eq!(asked, [wheels[0], wheels[1], "/simple/shop/", "/simple/till/"]);

    // It is there; then it is in the store; then its wheels are.
    assert!(project.done(&["build"]).stdout.contains("cached"));
    fs::remove_dir_all(project.path("packages")).unwrap();
    fs::remove_dir_all(project.path(".factory")).unwrap();
    project.done(&["build"]);
    assert_eq!(index.asked(), Vec::<String>::new());
    assert!(fs::read(project.path(CAB)).unwrap() == bytes);
    project.done(&["build", "--no-cache"]);
    fs::remove_dir_all(project.path(".factory")).unwrap();
    project.done(&["build", "--no-cache"]);
    assert_eq!(index.asked().iter().filter(|path| path.starts_with("/files/")).count(), 0);
    assert!(fs::read(project.path(CAB)).unwrap() == bytes, "the same bytes");
}

#[test]
fn its_configuration_is_byte_for_byte_as_it_must_be() {
    let (project, _index) = project();
    project.done(&["build"]);
    let value = shown(&project, CAB);
    let digest = |path: &str| {
        let file = value["files"].as_array().unwrap().iter().find(|file| file["path"] == path);
        file.unwrap_or(&Value::Null)["sha256"].as_str().unwrap_or_default().to_owned()
    };
    let of = |text: &str| factory::names::Sha256::of(text).to_string();
    let config =
        "home = C:\\ProgramData\\agent\\python-3\r\nversion_info = 3.13.11\r\ninclude-system-site-packages = false\r\n";
    assert_eq!(digest("\\.venv\\pyvenv.cfg"), of(config));
    assert_eq!(digest("\\postinstall.cmd"), of("@echo off\r\n"));
    assert_eq!(digest("\\conf\\shop.conf"), of("port = 80\n"));
}

#[test]
fn the_environment_chooses_the_version() {
    let (mut project, _index) = project();
    let more = "[module.runtimes.\"3.13.5\"]\nkind = \"nuget\"\nfile = \"python.nupkg\"\n";
    project.write("factory.toml", &format!("{RECIPE}{more}"));
    project.run(&["build"]).assert_code(2).says(&["it has several, and nothing says which one: 3.13.5, 3.13.11"]);
    project.env("PY_VER", "3.13").run(&["build"]).assert_code(2).says(&["PY_VER=3.13 fits several"]);
    project.env("PY_SUBVER", "9").run(&["build"]).assert_code(2).says(&[
        "PY_VER=3.13 PY_SUBVER=9 asks for Python 3.13.9, and it has 3.13.5, 3.13.11",
        "PY_VER=3.12 PY_SUBVER=9 factory build",
    ]);
    project.env("PY_SUBVER", "11").done(&["build"]).says(&["module python-3 with Python 3.13.11"]);
    project.env("PY_SUBVER", "5").done(&["build"]).says(&["module python-3 with Python 3.13.5"]);
    project.without_env("PY_VER");
    project.run(&["build"]).assert_code(2).says(&["PY_SUBVER=5 is the third number"]);
    project.env("PY_VER", "3.13.11").without_env("PY_SUBVER");
    project.done(&["build", "module"]).says(&["Python 3.13.11"]);
    project.env("PY_VER", "3").run(&["build"]).assert_code(2).says(&["asks for a Python that it does not have"]);
}

/// What is said where one more line is in the requirements.
fn refused(project: &Project, line: &str, code: i32, parts: &[&str]) {
    let before = project.read("requirements.txt");
    project.write("requirements.txt", &format!("{before}{line}"));
    project.run(&["build"]).assert_code(code).says(parts);
    project.write("requirements.txt", &before);
}

#[test]
fn requirements_that_pin_nothing_are_refused_at_their_line() {
    let (project, index) = project();
    let locking =
        "uv pip compile requirements.in --generate-hashes --only-binary :all: --python-platform x86_64-pc-windows-msvc";
    for (line, said) in [
        ("six\n", "`six` is not pinned to one version"),
        ("six>=1\n", "`six` is not pinned to one version"),
        ("six==1.0\n", "`six` is pinned by no SHA-256"),
    ] {
        refused(&project, line, 2, &[said, locking, "requirements.txt:4"]);
    }
    let digest = "0".repeat(64);
    for (line, said) in [
        (
            pin("six==1.0 ; platform_release >= '10'", &[&digest]),
            "`platform_release` is not known before it is installed",
        ),
        (pin("six==1.0 ; platform = 'x'", &[&digest]), "is no environment marker"),
        (pin("till==1.1", &[&digest]), "`till` is 1.1 here, and 1.0 in requirements.txt:2"),
        ("./folder\n".to_owned(), "takes no folder, repository or address"),
        ("--find-links x\n".to_owned(), "`--find-links` is not read for a module"),
        ("--index-url https://${NOT_SET}/simple\n".to_owned(), "`${NOT_SET}` is not set"),
    ] {
        refused(&project, &line, 2, &[said]);
    }
    project.write("Pipfile", "");
    project.edit("factory.toml", "\"requirements.txt\"", "\"Pipfile\"");
    project.run(&["build"]).assert_code(2).says(&["`Pipfile` pins nothing", "pipenv lock"]);
    assert_eq!(index.asked(), Vec::<String>::new(), "nothing is asked before all of it is pinned");
}

#[test]
fn files_that_will_not_do_are_refused_with_the_ways_out() {
    let (project, index) = project();
    let any = index.add("src-only", "src-only-1.0.tar.gz", b"source");
    refused(
        &project,
        &pin("src-only==1.0", &[&any]),
        1,
        &["requirements.txt:4: src-only 1.0 is there as a source distribution only", "pip wheel --no-deps"],
    );
    let old = index.add("old", "old-1.0-cp312-cp312-win_amd64.whl", b"old");
    refused(
        &project,
        &pin("old==1.0", &[&old]),
        1,
        &["old 1.0 has no wheel for CPython 3.13 on Windows (amd64); its wheels are for cp312-cp312-win_amd64"],
    );
    index.add("unlocked", "unlocked-1.0-cp313-cp313-win_amd64.whl", b"of Windows");
    let linux = index.add("unlocked", "unlocked-1.0-cp313-cp313-manylinux_2_17_x86_64.whl", b"of Linux");
    refused(
        &project,
        &pin("unlocked==1.0", &[&linux]),
        1,
        &[
            "`unlocked-1.0-cp313-cp313-win_amd64.whl`, has none of the digests that pin unlocked 1.0",
            "locked for another system",
        ],
    );
    refused(&project, &pin("till-box==1.0", &[&any]), 1, &["no index has till-box 1.0"]);
    let lie = "1".repeat(64);
    index.add_as("lie", "lie-1.0-py3-none-any.whl", &plain("lie", ""), &lie);
    refused(&project, &pin("lie==1.0", &[&lie]), 1, &["gives another file for /files/lie-1.0-py3-none-any.whl"]);
    let foreign = index.add("mask", "mask-1.0-py3-none-any.whl", &plain("till", ""));
    refused(&project, &pin("mask==1.0", &[&foreign]), 1, &["the wheel for mask 1.0 is one of till 1.0"]);
    let new = index.add("new", "new-1.0-py3-none-any.whl", &plain("new", "Requires-Python: >=3.14\n"));
    refused(&project, &pin("new==1.0", &[&new]), 1, &["new 1.0 needs Python >=3.14, and it is 3.13.11"]);
    assert!(!Path::new(&project.path("packages/windows-amd64/python-3.cab")).exists());
}

#[test]
fn what_windows_alone_needs_must_be_pinned_too() {
    let (project, index) = project();
    let before = project.read("requirements.txt");
    let without = before.lines().filter(|line| !line.starts_with("till")).map(|line| format!("{line}\n"));
    project.write("requirements.txt", &without.collect::<String>());
    project
        .run(&["build"])
        .assert_code(1)
        .says(&["the requirements are not whole for Windows: shop 1.0 needs `till`", "--python-platform windows"]);
    project.write("requirements.txt", &before);
    let extra = "Provides-Extra: more\nRequires-Dist: nowhere ; extra == 'more'\n";
    let box_ = index.add("box", "box-1.0-py3-none-any.whl", &plain("box", extra));
    refused(&project, &pin("box[More]==1.0", &[&box_]), 1, &["box 1.0 needs `nowhere`"]);
    let narrow = index.add("narrow", "narrow-1.0-py3-none-any.whl", &plain("narrow", "Requires-Dist: till<1\n"));
    refused(&project, &pin("narrow==1.0", &[&narrow]), 1, &["narrow 1.0 needs `till<1`, and 1.0 is pinned"]);
    project.write("requirements.txt", &(before + &pin("box==1.0", &[&box_])));
    project.done(&["build"]);
}

#[test]
fn servers_that_fail_are_named() {
    let (mut project, index) = project();
    index.yank("till", "it rings twice");
    project.done(&["build"]).says(&["its makers have taken back till 1.0: it rings twice"]);
    index.break_with(401);
    project.env("WHEEL_DIR", project.path("other").display().to_string());
    fs::remove_dir_all(project.path(".factory")).unwrap();
    let login = index.address().replace("//", "//anna:s3cr3t@");
    let run = project.env("PIP_INDEX_URL", login).run(&["build"]);
    run.assert_code(1).says(&["answers 401 to /simple/", "it wants a login"]);
    assert!(!run.stderr.contains("s3cr3t"), "{run}");
    project.env("PIP_INDEX_URL", "http://index.example.org/simple");
    project.run(&["build"]).assert_code(1).says(&["index.example.org is to be asked without TLS"]);
}

#[test]
fn programs_of_another_machine_and_missing_libraries_are_told() {
    let (project, index) = project();
    let files: [(&str, &[u8]); 2] =
        [("a/x.pyd", &program(AMD64, &["mfc140u.dll"])), ("a/y.pyd", &program(AMD64, &["MFC140u.dll"]))];
    let loose = index.add("loose", "loose-1.0-cp313-cp313-win_amd64.whl", &wheel("loose", "1.0", &files, ""));
    let before = project.read("requirements.txt");
    project.write("requirements.txt", &format!("{before}{}", pin("loose==1.0", &[&loose])));
    project
        .done(&["build"])
        .says(&["`mfc140u.dll`, which is neither in the module nor a part of Windows, is needed by 2 files"]);
    fs::write(project.path("python.nupkg"), nupkg(0xaa64)).unwrap();
    project.run(&["build"]).assert_code(1).says(&["is for machine 0xaa64, and the module for amd64", "windows-…"]);
    fs::write(project.path("python.nupkg"), b"no archive").unwrap();
    project.run(&["build"]).assert_code(1).says(&["the interpreter's archive: "]);
}

#[test]
fn windows_sees_modules_and_distros_see_the_rest() {
    let (project, _index) = project();
    let both = RECIPE.replace("[\"windows-amd64\"]", "[\"debian-12\", \"windows-amd64\", \"windows-arm64\"]");
    let more = "[module.overrides.windows-arm64]\nstrip = [\"Lib/**\"]\n[[package]]\nname = \"shop-conf\"\nsummary = \"settings\"\n\
                contents = [{ src = \"etc/shop.conf\", dst = \"/etc/shop.conf\" }]\n";
    project.write("factory.toml", &format!("{both}{more}"));
    let steps = |platform: &str| {
        let run = project.done(&["plan", "--platform", platform, "--output", "json"]);
        let plan: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
        let rows = plan["rows"].as_array().unwrap().iter();
        let mut steps: Vec<String> = rows.map(|row| row["step"].as_str().unwrap().to_owned()).collect();
        steps.sort();
        steps
    };
    assert_eq!(steps("windows-amd64"), ["module-python-3"]);
    assert_eq!(steps("windows-arm64"), ["module-python-3"]);
    let of_debian = steps("debian-12");
    assert!(of_debian.contains(&"package-shop-conf".to_owned()) && !of_debian.contains(&"module-python-3".to_owned()));
    project.write("factory.toml", &RECIPE.replace("windows-amd64", "debian-12"));
    project.run(&["plan"]).says(&["[[module]] is made on no platform of the recipe"]);
    project.run(&["build", "module"]).assert_code(2).says(&["no module is made on these platforms"]);
}

#[test]
fn what_was_made_is_looked_at() {
    let (project, _index) = project();
    project.run(&["test"]).assert_code(1).says(&["module-python-3 was not built", "factory build --tag 2.5.11"]);
    let name = "name = \"python-3\"";
    let wishes =
        format!("{name}\nmust_have = [\"python.exe\", \"**/libcrypto-3.dll\"]\nmust_not_have = [\"**/sqlite3.dll\"]");
    project.edit("factory.toml", name, &wishes);
    project.done(&["build"]);
    let run = project.done(&["test"]);
    for part in ["agent 2.5.11: looked at", "29 files, `.venv/pyvenv.cfg`", "byte for byte", "1 passed"] {
        assert!(run.stdout.contains(part), "{run}");
    }
    project.edit("factory.toml", "\"python.exe\"", "\"py.exe\"");
    project.edit("factory.toml", "\"**/sqlite3.dll\"", "\"**/sqlite3.dll\", \"LIB/**/*.py\"");
    let run = project.run(&["test"]);
    run.assert_code(4).says(&[
        "2 things are wrong with it",
        "nothing in it is `py.exe`, which `must_have` names",
        "it has `Lib/os.py`, which `must_not_have` names (`LIB/**/*.py`)",
    ]);
    project.edit("factory.toml", "\"py.exe\"", "\"python.exe\"");
    project.edit("factory.toml", ", \"LIB/**/*.py\"", "");
    project.done(&["test"]);
    // What is tested is what the checkout makes, and what was made.
    project.write("etc/shop.conf", "port = 81\n");
    project.run(&["test"]).assert_code(1).says(&["is not what this checkout makes: etc/shop.conf changed"]);
    project.done(&["test", "--allow-dirty"]);
    fs::write(project.path(CAB), "other").unwrap();
    project.run(&["test", "--allow-dirty"]).assert_code(4).says(&["was changed"]);
}

#[test]
fn locks_of_other_forms_pin_the_same() {
    let (project, index) = project();
    project.done(&["build"]);
    let bytes = fs::read(project.path(CAB)).unwrap();
    let digest = |name: &str| index.digest(name);
    let (shop, till) = (digest("shop-1.0-cp39-abi3-win_amd64.whl"), digest("till-1.0-py3-none-any.whl"));
    let pipfile = serde_json::json!({
        "_meta": { "sources": [{ "name": "pypi", "url": index.address(), "verify_ssl": true }] },
        "default": {
            "Shop": { "hashes": [format!("sha256:{shop}")], "version": "==1.0", "index": "pypi" },
            "till": { "hashes": [format!("sha256:{till}")], "version": "==1.0", "markers": "python_version >= '3.8'" },
            "nix": { "hashes": [], "version": "==1.0", "markers": "sys_platform == 'linux'" },
        },
        "develop": { "other": { "git": "x" } },
    });
    project.write("Pipfile.lock", &serde_json::to_string_pretty(&pipfile).unwrap());
    project.edit("factory.toml", "\"requirements.txt\"", "\"Pipfile.lock\"");
    project.done(&["build"]);
    assert!(fs::read(project.path(CAB)).unwrap() == bytes);
    let package = |name: &str, digest: &str| {
        format!(
            "[[packages]]\nname = \"{name}\"\nversion = \"1.0\"\nwheels = [{{ name = \"x.whl\", hashes = {{ sha256 = \"{digest}\" }} }}]\n"
        )
    };
    let pylock =
        format!("lock-version = \"1.0\"\ncreated-by = \"uv\"\n{}{}", package("shop", &shop), package("till", &till));
    project.write("pylock.windows.toml", &pylock);
    project.edit("factory.toml", "\"Pipfile.lock\"", "\"pylock.windows.toml\"");
    project.done(&["build"]);
    assert!(fs::read(project.path(CAB)).unwrap() == bytes);
    project.write("pylock.windows.toml", &(pylock.clone() + "[[packages]]\nname = \"six\"\nversion = \"1.0\"\n"));
    project.run(&["build"]).assert_code(2).says(&["`six` is pinned by no SHA-256", "pylock.windows.toml:12"]);
    project.write("pylock.windows.toml", &pylock.replace("\"1.0\"\ncreated", "\"2.0\"\ncreated"));
    project.run(&["build"]).assert_code(2).says(&["its `lock-version` is `2.0`, and 1 is known"]);
}
