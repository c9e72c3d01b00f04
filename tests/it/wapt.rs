//! WAPT packages from the command line: made, signed, verified, shown, published; from folders, images and packages.

use std::{fs, path::Path, process::Command};

use factory::{
    format::{
        wapt::{self, Index},
        zip,
    },
    sign::{Certificate, from_base64},
};
use serde_json::json;

use crate::{
    play::{Script, file},
    project::{Project, RECIPE, Run},
};

/// 2026-11-20, a time at which certificates made today hold is not asked: only that the bytes are the same.
const EPOCH: &str = "1795172800";

pub(crate) const WAPT: &str = r#"
[[wapt]]
package = "tis-shop"
name = "Shop"
description = "sells things"
maturity = "PROD"
locale = ["en", "fr"]
target_os = "windows"
depends = ["tis-base(>=1.0-0)"]
from = "core"
contents = [
  { src = "/out/shop.exe", dst = "files/" },
  { src = "/out/lib/**", dst = "lib" },
  { src = "etc", dst = "." },
  { package = "shop", dst = "linux" },
]
setup = "wapt/setup.py"
"#;

pub(crate) const SETUP: &str =
    "from setuphelpers import *\n\nuninstallkey = []\n\n\ndef install():\n    pass\n\n\ndef uninstall():\n    pass\n";

/// A key and its certificate beside the project.
pub(crate) fn keys(project: &mut Project, name: &str) {
    fs::write(project.beside("password"), "se cret\n").unwrap();
    let beside = project.beside("");
    let password = project.beside("password").display().to_string();
    project.done(&["keys", "wapt", name, "--into", beside.to_str().unwrap(), "--password-file", &password]);
    for (variable, end) in [("FACTORY_WAPT_KEY", "pem"), ("FACTORY_WAPT_CERTIFICATE", "crt")] {
        let path = project.beside(&format!("{name}.{end}")).display().to_string();
        project.env(variable, path);
    }
    project.env("FACTORY_WAPT_PASSWORD_FILE", password);
}

pub(crate) fn signed() -> Project {
    let mut project = Project::new();
    keys(&mut project, "tester");
    project.env("SOURCE_DATE_EPOCH", EPOCH);
    project
}

pub(crate) fn trust(project: &Project) -> String {
    project.variable("FACTORY_WAPT_CERTIFICATE").to_owned()
}

pub(crate) fn verify(project: &Project, file: &str) -> Run {
    project.run(&["verify", file, "--trust", &trust(project)])
}

fn script() -> Script {
    let out = json!([
        { "folder": true },
        { "name": "shop.exe", "text": "MZ" },
        { "name": "lib/a.dll", "text": "a" },
        { "name": "lib/sub/b.dll", "text": "b" },
        { "name": "other.exe", "text": "not taken" },
    ]);
    Script::new().on(
        "download",
        "path=/out",
        json!({ "archive": { "/out": out, "/out/shop.exe": [file("", "MZ")], "/out/lib": [
        { "folder": true }, { "name": "a.dll", "text": "a" }, { "name": "sub/b.dll", "text": "b" },
    ] } }),
    )
}

pub(crate) fn with_recipe(wapt: &str) -> Project {
    let project = signed();
    project.write("factory.toml", &format!("{RECIPE}{wapt}"));
    project.write("wapt/setup.py", SETUP);
    project.play(&script());
    project
}

pub(crate) fn names(path: &Path) -> Vec<String> {
    let package = wapt::open(path).unwrap();
    package.entries().iter().map(|entry| entry.name.clone()).collect()
}

#[test]
fn from_a_folder_to_a_verified_package() {
    let project = signed();
    project.done(&["init", "--wapt", "tis-new-wapt", "--maintainer", "Me <me@example.org>"]);
    project.done(&["build", "./tis-new-wapt"]);
    let file = "tis-new_0.1.0-1_windows_DEV.wapt";
    verify(&project, file).assert_code(0);
    let before = fs::read(project.path(file)).unwrap();
    project.done(&["build", "./tis-new-wapt"]);
    assert_eq!(fs::read(project.path(file)).unwrap(), before, "the same bytes");
    let mut settings = project.filters();
    settings.add_filter(r"(package_uuid|signature) +\S+", "$1 [OF THE KEY]");
    settings.bind(|| insta::assert_snapshot!(project.done(&["show", file]).stdout));

    // Signed anew with other attributes, named as WAPT 1.8 does.
    project.done(&["build", file, "--set", "version=+", "--set", "maturity=PROD", "--file-name", "1.8"]);
    let next = "tis-new_0.1.0-2_PROD.wapt";
    verify(&project, next).assert_code(0);
    let run = project.done(&["show", file, next]);
    for part in ["0.1.0-1 -> 0.1.0-2", "DEV -> PROD"] {
        assert!(run.stdout.contains(part), "{run}");
    }
    assert!(!run.stdout.contains("setup.py"), "{run}");
    assert!(project.done(&["show", file, file]).stdout.contains("no difference"));
}

#[test]
fn a_package_of_wapt_itself_is_signed_anew() {
    let project = signed();
    let old = "tis-hello_1.2.3.4-5_x64_PREPROD_fr-en.wapt";
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures/wapt/real-1.8.2").join(old);
    if !fixture.exists() {
        return eprintln!("skipped: no fixture {old} beside the project");
    }
    fs::copy(&fixture, project.path(old)).unwrap();
    let run = project.done(&["build", old, "--set", "maturity=PROD", "--file-name", "1.8"]);
    // What its `setup.py` lacks is said, and no reason to refuse.
    run.says(&["warning"]);
    let new = "tis-hello_1.2.3.4-5_x64_PROD_fr-en.wapt";
    verify(&project, new).assert_code(0);
    verify(&project, old).assert_code(4);
    let shown = project.done(&["show", old, new]).stdout;
    assert!(shown.contains("PREPROD -> PROD") && !shown.contains("données"), "{shown}");
}

#[test]
fn nothing_is_overwritten_and_nothing_guessed() {
    let project = signed();
    project.done(&["init", "--wapt", "tis-new"]);
    project.run(&["init", "--wapt", "tis-new"]).assert_code(2).says(&["has these already"]);
    project.run(&["init", "--wapt", "Tis New"]).assert_code(2).says(&["is not a package's name", "--package"]);
    let beside = project.beside("").display().to_string();
    let password = project.beside("password").display().to_string();
    let again = project.run(&["keys", "wapt", "tester", "--into", &beside, "--password-file", &password]);
    again.assert_code(2).says(&["is there already"]);
    project.run(&["build", "./nowhere"]).assert_code(2).says(&["is not there"]);
    project.run(&["build", "./etc"]).assert_code(2).says(&["is no package's folder"]);
    project.run(&["build", "--set", "version=1"]).assert_code(2).says(&["for a package that is named by its path"]);
    project.run(&["build", "./tis-new", "--set", "versoin=1"]).assert_code(1).says(&["no attribute of a WAPT package"]);
    project
        .run(&["build", "./tis-new", "--set", "version=1.0b"])
        .assert_code(1)
        .says(&["not a version of a WAPT package"]);
}

#[test]
fn mistakes_in_a_folder_are_at_their_lines() {
    let project = signed();
    project.done(&["init", "--wapt", "tis-new"]);
    project.edit("tis-new/WAPT/control", "windows", "windows(10)");
    project.edit("tis-new/WAPT/control", "1d", "daily");
    let run = project.run(&["build", "./tis-new"]);
    run.assert_code(1);
    shows!(project, run.stderr);
    project.edit("tis-new/WAPT/control", "windows(10)", "windows");
    project.edit("tis-new/WAPT/control", "daily", "1d");
    project.edit("tis-new/setup.py", "def audit():", "def audit(path):");
    project.run(&["build", "./tis-new"]).assert_code(1).says(&["wants the argument `path`"]);
    assert!(!project.files("").iter().any(|file| file.ends_with(".wapt")), "nothing is written");
}

#[test]
fn what_is_refused_is_named() {
    let mut project = signed();
    project.done(&["init", "--wapt", "tis-new"]);
    project.done(&["build", "./tis-new"]);
    let file = "tis-new_0.1.0-1_windows_DEV.wapt";
    let own = trust(&project);
    // No agent is installed where tests run.
    if !Path::new("/opt/wapt/ssl").exists() {
        project.run(&["verify", file]).assert_code(2).says(&["nothing says what is trusted", "--trust"]);
    }
    keys(&mut project, "stranger");
    verify(&project, file).assert_code(4).says(&["`tester`", "is not trusted"]);
    // A folder with certificates is trust, too.
    fs::create_dir(project.beside("ssl")).unwrap();
    fs::copy(&own, project.beside("ssl/own.crt")).unwrap();
    let folder = project.beside("ssl").display().to_string();
    project.run(&["verify", file, "--trust", &folder]).assert_code(0);
    // As `factory keys wapt` leaves it: the key beside its certificate.
    fs::copy(Path::new(&own).with_extension("pem"), project.beside("ssl/own.pem")).unwrap();
    project.run(&["verify", file, "--trust", &folder]).assert_code(0);
    let key = project.beside("ssl/own.pem").display().to_string();
    project.run(&["verify", file, "--trust", &key]).assert_code(2).says(&["there is no certificate in it"]);
    let mut bytes = fs::read(project.path(file)).unwrap();
    bytes[60] ^= 1;
    fs::write(project.path("broken.wapt"), bytes).unwrap();
    let run = project.run(&["verify", file, "broken.wapt", "--trust", &own]);
    run.assert_code(4).says(&["1 of 2 packages is refused", "broken.wapt:", "is damaged"]);
    fs::write(project.path("text.wapt"), "no zip").unwrap();
    project.run(&["verify", "text.wapt", "--trust", &own]).assert_code(4).says(&["not a whole zip archive"]);
    project.run(&["show", "text.wapt"]).assert_code(4).says(&["not a whole zip archive"]);
    project.run(&["verify", "factory.toml", "--trust", &own]).assert_code(2).says(&["known: .deb"]);
}

#[test]
fn what_was_changed_is_not_signed_anew_in_silence() {
    let project = signed();
    project.done(&["init", "--wapt", "tis-new"]);
    project.done(&["build", "./tis-new"]);
    let file = "tis-new_0.1.0-1_windows_DEV.wapt";
    let quiet = project.done(&["build", file, "--set", "maturity=PROD"]);
    assert!(!quiet.stderr.contains("refused"), "{quiet}");
    with_more_setup(&project, file, b"# evil\n");
    let run = project.done(&["build", "changed.wapt", "--set", "maturity=PREPROD"]);
    run.says(&["`changed.wapt` would be refused as it is", "`setup.py` was changed"]);
}

/// The package with something behind its `setup.py`, as `changed.wapt`.
fn with_more_setup(project: &Project, file: &str, more: &[u8]) {
    let setup = wapt::open(&project.path(file)).unwrap().small("setup.py", 1 << 20).unwrap().unwrap();
    with_entry(project, file, "setup.py", &[&setup[..], more].concat());
}

/// The package with other bytes in one of its files, as `changed.wapt`.
pub(crate) fn with_entry(project: &Project, file: &str, name: &str, other: &[u8]) {
    let mut package = wapt::open(&project.path(file)).unwrap();
    let entries = package.entries().to_vec();
    let mut zip = zip::Writer::new(fs::File::create(project.path("changed.wapt")).unwrap(), 1_795_172_800);
    for entry in &entries {
        let mut bytes = Vec::new();
        package.unpack(entry, &mut bytes).unwrap();
        if entry.name == name {
            bytes = other.to_vec();
        }
        zip.file(&entry.name, &mut &bytes[..]).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn a_setup_of_another_encoding_is_signed_anew() {
    let project = signed();
    project.done(&["init", "--wapt", "tis-new"]);
    project.done(&["build", "./tis-new"]);
    with_more_setup(&project, "tis-new_0.1.0-1_windows_DEV.wapt", b"# \xe9\n");
    project.done(&["build", "changed.wapt", "--set", "maturity=PROD"]).says(&["setup.py` is not UTF-8 text"]);
    verify(&project, "tis-new_0.1.0-1_windows_PROD.wapt").assert_code(0);
}

#[test]
fn from_an_image_and_a_package_of_the_run() {
    let project = with_recipe(WAPT);
    project.done(&["build"]);
    let path = "packages/debian-12/tis-shop_2.5.11-1_windows_PROD_en-fr.wapt";
    verify(&project, path).assert_code(0);
    assert_eq!(
        names(&project.path(path)),
        [
            "files/shop.exe",
            "lib/a.dll",
            "lib/sub/b.dll",
            "linux/shop_2.5.11-1~deb12_amd64.deb",
            "setup.py",
            "shop.conf",
            "WAPT/control",
            "WAPT/certificate.crt",
            "WAPT/manifest.sha256",
            "WAPT/signature.sha256",
        ]
        .map(|name| if name.starts_with("linux/") { deb(&project) } else { name.to_owned() })
    );
    let control = wapt::open(&project.path(path)).unwrap().control().unwrap();
    assert_eq!(control.get("version"), "2.5.11-1");
    assert_eq!(control.get("maintainer"), "Shop Team <shop@example.org>");
    assert_eq!(control.get("licence"), "Apache-2.0");
    assert!(project.read("packages/debian-12/SHA256SUMS").contains("tis-shop_2.5.11-1"));
    project.assert_tidy();
    // Nothing to do, and no key needed for that.
    assert_eq!(project.planned(), Vec::<String>::new());
    let bytes = fs::read(project.path(path)).unwrap();
    fs::remove_file(project.path(path)).unwrap();
    assert_eq!(project.planned(), [format!("wapt-tis-shop: {path} is gone")]);
    project.done(&["build", "wapt"]);
    assert_eq!(fs::read(project.path(path)).unwrap(), bytes, "the same bytes");
    project.edit("wapt/setup.py", "    pass", "    print(1)");
    assert_eq!(project.planned(), ["wapt-tis-shop: wapt/setup.py changed"]);
}

fn deb(project: &Project) -> String {
    let files = project.files("packages/debian-12");
    let deb = files.iter().find(|file| file.starts_with("shop_")).unwrap();
    format!("linux/{deb}")
}

#[test]
fn another_signer_makes_another_package() {
    let mut project = with_recipe(WAPT);
    project.done(&["build"]);
    keys(&mut project, "stranger");
    assert_eq!(project.planned(), ["wapt-tis-shop: signer changed"]);
    for variable in ["FACTORY_WAPT_KEY", "FACTORY_WAPT_CERTIFICATE"] {
        project.without_env(variable);
    }
    let run = project.run(&["build"]);
    run.assert_code(2).says(&["nothing says which key signs the WAPT package"]);
    project.done(&["build", "images"]);
    let none = Project::new();
    none.run(&["build", "wapt"]).assert_code(2).says(&["no WAPT package is made on these platforms"]);
}

#[test]
fn a_folder_of_the_project_with_attributes_of_the_recipe() {
    let project =
        with_recipe("[[wapt]]\npackage = \"tis-own\"\nversion = \"{{version}}-7\"\nlicense = \"MIT\"\ndir = \"own\"\n");
    project.done(&["init", "--wapt", "own", "--package", "tis-other"]);
    let run = project.done(&["build", "wapt"]);
    run.says(&["`license` is taken as `licence`"]);
    let path = project.path("packages/debian-12/tis-own_2.5.11-7_windows_DEV.wapt");
    let control = wapt::open(&path).unwrap().control().unwrap();
    assert_eq!((control.get("licence"), control.get("maturity")), ("MIT", "DEV"));
    assert!(names(&path).contains(&".vscode/launch.json".to_owned()));
    project.edit("own/WAPT/control", "DEV", "D E V");
    project.run(&["build", "wapt"]).assert_code(1).says(&["own/WAPT/control:", "is not a maturity"]);
    project.write("own/WAPT/control", "package: x\nversion: 1\nmaturity: DEV\n");
    project.run(&["build", "wapt", "--tag", "develop-1"]).assert_code(2);
}

#[test]
fn a_release_that_is_no_version_of_wapt() {
    let project = with_recipe(WAPT);
    let run = project.run(&["build", "--tag", "2.5.0-rc1"]);
    run.assert_code(2).says(&["[[wapt]] `tis-shop`, `version`", "2.5.0~rc1-1", "or take another tag"]);
    assert!(project.calls_of("create").is_empty(), "nothing was done");
}

#[test]
fn in_one_command_into_a_repository() {
    let project = with_recipe(WAPT);
    let run = project.done(&["build", "--publish", "repository"]);
    assert!(run.stdout.contains("1 published, 1 read, 1 in the index"), "{run}");
    let index = Index::read(fs::read(project.path("repository/Packages")).unwrap()).unwrap();
    let listed = &index.packages[0];
    assert_eq!(fs::metadata(project.path("repository").join(&listed.file)).unwrap().len(), listed.size);
    let own = Certificate::all_from_pem(&fs::read(trust(&project)).unwrap()).unwrap();
    assert_eq!(index.certificates.values().collect::<Vec<_>>(), [&own[0]]);
    let run = project.done(&["publish", "--into", "repository", "--trust", &trust(&project)]);
    assert!(run.stdout.contains("which is as it was"), "{run}");
    fs::copy(project.path("repository").join(&listed.file), project.path("repository/copy.wapt")).unwrap();
    project
        .done(&["publish", "--into", "repository"])
        .says(&["`copy.wapt` is in the repository's folder, but not in its index"]);
    let twice = project.run(&["publish", "--into", "repository", "--rescan"]);
    twice.assert_code(4).says(&["has the `package_uuid` of"]);
    let nothing = Project::new();
    nothing.run(&["publish", "--into", "repository"]).assert_code(2).says(&["nothing to publish"]);
}

/// Whether a program of the host says yes; `None` where it is not there.
pub(crate) fn says_yes(project: &Project, program: &str, arguments: &[&str]) -> Option<bool> {
    let run = Command::new(program).args(arguments).current_dir(project.folder()).output().ok()?;
    assert!(run.status.success() || program == "openssl", "{}", String::from_utf8_lossy(&run.stderr));
    Some(run.status.success())
}

#[test]
fn openssl_and_python_agree_on_what_is_signed() {
    let project = signed();
    project.done(&["init", "--wapt", "tis-new", "--maintainer", "Zoë 😀 <z@example.org>"]);
    project.done(&["build", "./tis-new"]);
    let mut package = wapt::open(&project.path("tis-new_0.1.0-1_windows_DEV.wapt")).unwrap();
    for (name, to) in [("WAPT/manifest.sha256", "manifest"), ("WAPT/control", "control")] {
        fs::write(project.path(to), package.small(name, 1 << 20).unwrap().unwrap()).unwrap();
    }
    let signature = package.small("WAPT/signature.sha256", 1 << 20).unwrap().unwrap();
    fs::write(project.path("manifest.sig"), from_base64(&String::from_utf8(signature).unwrap()).unwrap()).unwrap();
    let control = package.control().unwrap();
    fs::write(project.path("control.sig"), from_base64(control.get("signature")).unwrap()).unwrap();
    // What WAPT itself does, in Python's own words.
    let canonical = "import json
text = open('control', encoding='utf-8').read()
values, last = {}, None
for line in text.splitlines():
    if not line.strip(): break
    if line.startswith(' '): values[last] += '\\n' + line.strip(); continue
    key, value = line.split(':', 1)
    last = key.strip().lower(); values[last] = value.strip()
values['installed_size'] = int(values['installed_size'])
signed = {name: values.get(name) for name in values['signed_attributes'].split(',')}
open('signed', 'w').write(json.dumps(signed, sort_keys=True, separators=(',', ':')))";
    if says_yes(&project, "python3", &["-c", canonical]).is_none() {
        eprintln!("skipped: python3 is not installed");
        fs::write(project.path("signed"), wapt::signed_bytes(&control)).unwrap();
    }
    assert_eq!(fs::read(project.path("signed")).unwrap(), wapt::signed_bytes(&control));
    let certificate = trust(&project);
    if says_yes(&project, "openssl", &["x509", "-in", &certificate, "-pubkey", "-noout", "-out", "key"]).is_none() {
        return eprintln!("skipped: openssl is not installed");
    }
    for what in ["manifest", "signed"] {
        let signature = if what == "signed" { "control.sig" } else { "manifest.sig" };
        let verify = ["dgst", "-sha256", "-verify", "key", "-signature", signature, what];
        assert_eq!(says_yes(&project, "openssl", &verify), Some(true), "{what}");
        fs::write(project.path(what), "changed").unwrap();
        assert_eq!(says_yes(&project, "openssl", &verify), Some(false), "{what}");
    }
}

const AUTHORITY: &str = "[ca]
default_ca = own
[own]
database = revoked
crlnumber = number
default_md = sha256
default_crl_days = 30
crl_extensions = extensions
[extensions]
authorityKeyIdentifier = keyid:always
";

#[test]
fn revoked_signers_are_refused() {
    let mut project = signed();
    let (key, certificate) = (project.variable("FACTORY_WAPT_KEY").to_owned(), trust(&project));
    let password = project.variable("FACTORY_WAPT_PASSWORD_FILE").to_owned();
    let own = ["--ca", &certificate, "--ca-key", &key, "--ca-password-file", &password, "--no-password"];
    project.done(&[&["keys", "wapt", "packager"][..], &own].concat());
    project.done(&["init", "--wapt", "tis-new"]);
    project.without_env("FACTORY_WAPT_PASSWORD_FILE");
    project.done(&[
        "build",
        "./tis-new",
        "--key",
        "packager.pem",
        "--certificate",
        "packager.crt",
        "--publish",
        "repository",
    ]);
    let file = "tis-new_0.1.0-1_windows_DEV.wapt";
    for (name, text) in [("ca.cnf", AUTHORITY), ("revoked", ""), ("number", "01\n")] {
        project.write(name, text);
    }
    let passin = format!("file:{password}");
    let ca = ["ca", "-config", "ca.cnf", "-keyfile", &key, "-passin", &passin, "-cert", &certificate];
    let crl = |name: &str| says_yes(&project, "openssl", &[&ca[..], &["-gencrl", "-out", name]].concat());
    match crl("empty.crl") {
        None => return eprintln!("skipped: openssl is not installed"),
        Some(made) => assert!(made, "openssl makes no list"),
    }
    let verify = |list: &str| project.run(&["verify", file, "--trust", &certificate, "--crl", list]);
    verify("empty.crl").assert_code(0);
    assert_eq!(says_yes(&project, "openssl", &[&ca[..], &["-revoke", "packager.crt"]].concat()), Some(true));
    assert_eq!(crl("full.crl"), Some(true));
    verify("full.crl").assert_code(4).says(&["the certificate of `packager` is revoked"]);
    // The list goes along with the index, and is heeded where the index is read.
    project.done(&["verify", "repository/Packages", "--trust", &certificate]);
    project.done(&[
        "publish",
        "--into",
        "repository",
        "--crl",
        "full.crl",
        "repository/tis-new_0.1.0-1_windows_DEV.wapt",
    ]);
    let index = Index::read(fs::read(project.path("repository/Packages")).unwrap()).unwrap();
    assert_eq!(index.crls.len(), 1);
    // Alone, too: agents wait for a list, not for the next package.
    project.done(&["publish", "--into", "another", "--crl", "full.crl"]);
    let index = Index::read(fs::read(project.path("another/Packages")).unwrap()).unwrap();
    assert_eq!((index.crls.len(), index.packages.len()), (1, 0));
    project.write("ca.cnf", &AUTHORITY.replace("crl_extensions = extensions\n", ""));
    assert_eq!(crl("nameless.crl"), Some(true));
    let run = project.run(&["publish", "--into", "another", "--crl", "nameless.crl"]);
    run.assert_code(4).says(&["does not name its issuer's key", "authorityKeyIdentifier"]);
    project.run(&["verify", "repository/Packages", "--trust", &certificate]).assert_code(4).says(&["is revoked"]);
}

#[test]
fn groups_have_nothing_but_attributes() {
    let project = with_recipe(
        "[[wapt]]\npackage = \"grp-shop\"\nsection = \"group\"\nmaturity = \"PROD\"\ndepends = [\"tis-a\", \"tis-b(>={{version}})\"]\n",
    );
    project.done(&["build", "wapt"]);
    let path = "packages/debian-12/grp-shop_2.5.11-1_PROD.wapt";
    verify(&project, path).assert_code(0);
    assert_eq!(names(&project.path(path)).len(), 4);
    let control = wapt::open(&project.path(path)).unwrap().control().unwrap();
    assert_eq!(control.get("depends"), "tis-a,tis-b(>=2.5.11-1)");
    assert_eq!(control.get("priority"), "standard");
    assert!(project.calls_of("create").is_empty(), "no container was needed");
}

#[test]
fn an_index_is_verified_as_agents_do() {
    let project = with_recipe(WAPT);
    project.done(&["build", "--publish", "repository"]);
    let own = trust(&project);
    project.run(&["verify", "repository/Packages", "--trust", &own]).assert_code(0);
    let path = project.path("repository/Packages");
    let mut index = Index::read(fs::read(&path).unwrap()).unwrap();
    index.packages[0].control.set("depends", "tis-evil");
    fs::write(&path, index.write().unwrap()).unwrap();
    let run = project.run(&["verify", "repository/Packages", "--trust", &own]);
    run.assert_code(4).says(&["the control file was changed"]);
    index.certificates.clear();
    fs::write(&path, index.write().unwrap()).unwrap();
    project.run(&["verify", "repository/Packages", "--trust", &own]).assert_code(4).says(&["there is no `ssl/`"]);
}

#[test]
fn keys_are_not_packed() {
    let mut project = signed();
    project.done(&["init", "--wapt", "own", "--package", "tis-own"]);
    let own = project.path("own").display().to_string();
    project.done(&["keys", "wapt", "packager", "--into", &own, "--no-password"]);
    // The one that signs, whatever it is called.
    let signer = fs::read_to_string(project.variable("FACTORY_WAPT_KEY")).unwrap();
    project.write("own/data/notes.txt", &signer);
    let run = project.run(&["build", "./own"]);
    run.assert_code(1).says(&[
        "`packager.pem` is a private key [private-key]",
        "`data/notes.txt` is the key that signs the package",
        "allow = [{ check = \"private-key\", path = \"packager.pem\"",
    ]);
    assert!(!project.files("").iter().any(|file| file.ends_with(".wapt")));

    // A recipe may say that one is meant; never the one that signs.
    let allow = "allow = [{ check = \"private-key\", path = \"**\", reason = \"known to everybody\" }]\n";
    let wapt = format!("[[wapt]]\npackage = \"tis-own\"\nversion = \"1.0-1\"\ndir = \"own\"\n{allow}");
    project.write("factory.toml", &format!("{RECIPE}{wapt}"));
    project.write("wapt/setup.py", SETUP);
    project.play(&script());
    project.run(&["build", "wapt"]).assert_code(1).says(&["`data/notes.txt` is the key that signs the package"]);
    fs::remove_file(project.path("own/data/notes.txt")).unwrap();
    project.done(&["build", "wapt"]);
    fs::remove_file(project.path("own/packager.pem")).unwrap();
    let run = project.run(&["build", "wapt"]);
    run.assert_code(1).says(&["`allow` of tis-own has an entry that nothing needs: private-key at `**`"]);
    project.without_env("FACTORY_WAPT_KEY");
}
