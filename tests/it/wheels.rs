//! Wheelhouses: what belongs to their key, what pip's failures look like, and what a hostile builder may not do.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};

use crate::{
    play::{Script, downloads, file, sha256, wheel, wheel_bytes, zip},
    project::{Project, Run},
};

/// What pip says in the cases that a user can mend; as it is printed by pip 20.3 to 23.
const MISSING_VERSION: &str = "\
Collecting six==1.16.0
  Downloading six-1.16.0-py2.py3-none-any.whl (11 kB)
ERROR: Could not find a version that satisfies the requirement psutil==5.9.99 (from versions: 5.9.4, 5.9.5, 5.9.6, 5.9.7, 5.9.8, 6.0.0)
ERROR: No matching distribution found for psutil==5.9.99";
const COMPILER: &str = "\
Collecting psutil==5.9.8
  Downloading psutil-5.9.8.tar.gz (503 kB)
Building wheels for collected packages: psutil
  Building wheel for psutil (pyproject.toml): started
  Building wheel for psutil (pyproject.toml): finished with status 'error'
  error: subprocess-exited-with-error
  psutil/_psutil_common.c:9:10: fatal error: Python.h: No such file or directory
  error: command '/usr/bin/gcc' failed with exit code 1
  ERROR: Failed building wheel for psutil
Failed to build psutil
ERROR: Failed to build one or more wheels";
const METADATA: &str = "\
Collecting psutil==5.9.8
  Downloading psutil-5.9.8.tar.gz (503 kB)
  Preparing metadata (setup.py): started
  error: subprocess-exited-with-error
  x python setup.py egg_info did not run successfully.
  error: metadata-generation-failed
  x Encountered error while generating package metadata.";
const HASH: &str = "\
Collecting six==1.16.0
  Downloading six-1.16.0-py2.py3-none-any.whl (11 kB)
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, please update the hashes. Otherwise, examine the package contents carefully; someone may have tampered with them.
    six==1.16.0 from https://index.example.org/six-1.16.0-py2.py3-none-any.whl (from -r /factory/in/requirements.txt (line 2)):
        Expected sha256 aaaa
             Got        8abb";
const CERTIFICATE: &str = "\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by 'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:992)'))': /simple/six/
Could not fetch URL https://index.example.org/simple/six/: There was a problem confirming the ssl certificate: HTTPSConnectionPool(host='index.example.org', port=443): Max retries exceeded with url: /simple/six/ (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:992)'))) - skipping
ERROR: Could not find a version that satisfies the requirement six==1.16.0 (from versions: none)
ERROR: No matching distribution found for six==1.16.0";
const NETWORK: &str = "\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/six/
ERROR: Could not find a version that satisfies the requirement six==1.16.0 (from versions: none)
ERROR: No matching distribution found for six==1.16.0";
const CONFLICT: &str = "\
ERROR: Cannot install -r /factory/in/requirements.txt (line 2) and six==1.17.0 because these package versions have conflicting dependencies.
ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/en/latest/topics/dependency-resolution/";

/// A first build of a project, then a requirement that changes, then what pip says to it. The earlier wheelhouse stays
/// as it is, and nothing says that there is a new one.
fn after_pip_fails(lines: &str) -> (Project, Run) {
    let project = Project::new();
    project.done(&["build", "wheels"]);
    let before = (contents(&project), project.record("debian-12/wheels-core"));
    project.edit("requirements.txt", "psutil==5.9.8", "psutil==5.9.99");
    project.play(&Script::new().pip_fails(lines));
    let run = project.run(&["build", "wheels", "--jobs", "1"]);
    run.assert_code(1);
    assert_eq!((contents(&project), project.record("debian-12/wheels-core")), before, "{run}");
    project.assert_tidy();
    (project, run)
}

/// Everything in `wheels/`.
fn contents(project: &Project) -> Vec<(String, Vec<u8>)> {
    let files = project.files("wheels").into_iter();
    files.map(|file| (file.clone(), fs::read(project.path("wheels").join(file)).unwrap())).collect()
}

/// The error without the talk before it.
fn error(run: &Run) -> &str {
    let at = run.stderr.find("error: ").unwrap_or_else(|| panic!("no error: {run}"));
    &run.stderr[at..]
}

#[test]
fn pip_finds_no_such_version() {
    let (project, run) = after_pip_fails(MISSING_VERSION);
    shows!(project, error(&run));
}

#[test]
fn pip_cannot_compile() {
    for lines in [COMPILER, METADATA] {
        let (_project, run) = after_pip_fails(lines);
        run.says(&["`psutil` could not be compiled", "requirements.txt:3:1", "[python] build_packages"]);
    }
}

#[test]
fn pip_finds_another_hash() {
    let (_project, run) = after_pip_fails(HASH);
    run.says(&["`six==1.16.0` does not have the hash", "requirements.txt:2:1", "pip hash"]);
}

#[test]
fn pip_does_not_trust_the_index() {
    let (mut project, run) = after_pip_fails(CERTIFICATE);
    shows!(project, error(&run));
    // Whoever named a bundle is not told to name one.
    project.write("ca.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    project.env("FACTORY_CA_BUNDLE", "ca.pem");
    let run = project.run(&["build", "wheels"]);
    run.assert_code(1).says(&["certificate is not trusted"]);
    assert!(!error(&run).contains("name its CA"), "{run}");
}

#[test]
fn pip_does_not_reach_the_index() {
    let (_project, run) = after_pip_fails(NETWORK);
    run.says(&[
        "pip cannot fetch from the index https://pypi.org/simple: no connection",
        "check the network and the proxy variables",
    ]);
}

#[test]
fn pip_finds_a_conflict() {
    let (_project, run) = after_pip_fails(CONFLICT);
    run.says(&["the requirements exclude each other", "loosen one of the pins"]);
}

#[test]
fn pip_fails_in_a_way_of_its_own() {
    let (_project, run) = after_pip_fails(
        "Collecting six\nERROR: Exception:\nTraceback (most recent call last):\nOSError: [Errno 28] No space left on device",
    );
    run.says(&["exit code 1", "No space left on device", "factory log debian-12/wheels-core"]);
    let (_project, run) = after_pip_fails("");
    run.says(&["exit code 1", "it said nothing"]);
}

#[test]
fn what_pip_said_is_in_the_log() {
    let (project, _run) = after_pip_fails(COMPILER);
    let log = project.done(&["log", "debian-12/wheels-core"]);
    assert_eq!(log.stdout, format!("{COMPILER}\n"));
}

#[test]
fn a_distribution_of_an_included_file_is_pointed_at() {
    let project = Project::new();
    project.write("requirements.txt", "-r more.txt\nsix==1.16.0\n");
    project.write("more.txt", "\npsutil==5.9.99\n");
    project.play(&Script::new().pip_fails(MISSING_VERSION));
    project.run(&["build", "wheels"]).assert_code(1).says(&["more.txt:2:1"]);
}

/// What a builder container may give instead of wheels.
#[test]
fn a_hostile_builder() {
    for (what, evil, says) in [
        ("a script", file("run.sh", "x"), "not a wheel's file name"),
        ("a nested wheel", file("a/six-1.16.0-py3-none-any.whl", "x"), "not directly in the wheel folder"),
        ("a traversal", file("../six-1.16.0-py3-none-any.whl", "x"), "not directly in the wheel folder"),
        ("an absolute path", file("/etc/six-1.16.0-py3-none-any.whl", "x"), "not directly in the wheel folder"),
        ("a hidden file", file(".six-1.16.0-py3-none-any.whl", "x"), "not a wheel's file name"),
        ("the manifest", file("manifest.json", "{}"), "not a wheel's file name"),
        ("a link", json!({ "name": "bottle-1-py3-none-any.whl", "link": "/etc/passwd" }), "not a regular file"),
        (
            "a folder",
            json!({ "name": "bottle-1-py3-none-any.whl", "folder": true }),
            "not directly in the wheel folder",
        ),
        ("a wheel of another Python", file("bottle-1-cp27-cp27mu-linux_x86_64.whl", "x"), "interpreter does not take"),
        ("line breaks", file("bottle\n-1-py3-none-any.whl", "x"), "not a wheel's file name"),
    ] {
        let project = Project::new();
        project.play(&Script::new().pip_downloads(&[downloads(), vec![evil]].concat()));
        let run = project.run(&["build", "wheels", "--jobs", "1"]);
        assert_eq!(run.code, Some(1), "{what}: {run}");
        assert!(run.stderr.contains("the wheel builder gave"), "{what}: {run}");
        run.says(&[says]);
        assert_eq!(project.wheels(), Vec::<String>::new(), "{what}: something was kept");
        assert!(!project.records().contains(&"debian-12/wheels-core".to_owned()), "{what}");
        project.assert_tidy();
    }
}

#[test]
fn a_builder_that_gives_nothing() {
    let project = Project::new();
    project.play(&Script::new().pip_downloads(&[json!({ "folder": true })]));
    project.run(&["build", "wheels"]).assert_code(1).says(&["gave no wheel"]);
    project.play(&Script::new().on("download", "", json!({})));
    project.run(&["build", "wheels"]).assert_code(1).says(&["/factory/files is missing"]);
    assert_eq!(project.wheels(), Vec::<String>::new());
}

/// The keys of all wheelhouses of a platform: the names of their folders.
fn keys(project: &Project, platform: &str) -> BTreeSet<String> {
    let files = project.files(&format!("wheels/{platform}"));
    files.iter().filter_map(|file| Some(file.split_once('/')?.0.to_owned())).collect()
}

/// What the plan says of the first image's wheels after a change.
fn why(change: impl FnOnce(&mut Project)) -> Option<String> {
    let mut project = Project::new();
    project.write("constraints.txt", "wheel<1\n");
    project.edit("factory.toml", "no_binary =", "constraints = [\"constraints.txt\"]\nno_binary =");
    project.done(&["build", "wheels"]);
    let key = |project: &Project| project.record("debian-12/wheels-core")["key"].clone();
    let (before, houses) = (key(&project), keys(&project, "debian-12"));
    change(&mut project);
    let planned = project.planned();
    let why = planned.iter().find_map(|line| line.strip_prefix("wheels-core: ").map(str::to_owned));
    project.done(&["build", "wheels"]);
    assert_eq!(key(&project) == before, why.is_none(), "the plan says {planned:?}");
    assert!(keys(&project, "debian-12").is_superset(&houses), "earlier wheelhouses stay");
    why
}

#[test]
fn what_belongs_to_the_key() {
    let said = |change: fn(&mut Project)| why(change).unwrap_or_default();
    assert_eq!(
        said(|project| {
            project.edit("requirements.txt", "1.16.0", "1.17.0");
            project.play(&Script::new().newer_six("1.17.0"));
        }),
        "requirements.txt changed: six 1.16.0 -> 1.17.0"
    );
    assert_eq!(
        said(|project| project.edit("constraints.txt", "<1", "<2")),
        "constraints.txt changed: wheel <1 -> <2, from the store"
    );
    assert_eq!(
        said(|project| {
            project.write("more.txt", "idna\n");
            project.edit("requirements.txt", "six==1.16.0", "-r more.txt");
        }),
        "more.txt is new, requirements.txt changed: six 1.16.0 removed"
    );
    assert_eq!(
        said(|project| project.edit("factory.toml", r#"["psutil"]"#, r#"["six"]"#)),
        "python.no_binary: psutil -> six"
    );
    assert_eq!(
        said(|project| project.edit("factory.toml", "no_binary", "build_packages = [\"libffi-dev\"]\nno_binary")),
        "builder packages changed"
    );
    assert_eq!(
        said(|project| project.edit(
            "factory.toml",
            "no_binary",
            "index_url = \"https://a.example/simple\"\nno_binary"
        )),
        "python.index_url: nothing -> https://a.example/simple"
    );
    assert_eq!(
        said(|project| {
            project.env("PIP_INDEX_URL", "https://b.example/simple");
        }),
        "python.index_url: nothing -> https://b.example/simple"
    );
    assert_eq!(
        said(|project| {
            project.env("PIP_EXTRA_INDEX_URL", "https://c.example/x https://d.example/x");
        }),
        "python.extra_index_urls changed"
    );
}

#[test]
fn what_does_not_belong_to_the_key() {
    let none = |change: fn(&mut Project)| assert_eq!(why(change), None);
    none(|project| project.edit("web/requirements.txt", "0.12.25", "0.13.0"));
    none(|project| project.edit("app/shop.py", "sold", "bought"));
    none(|project| project.edit("factory.toml", "sells things", "buys things"));
    none(|project| project.write("other.txt", "six\n"));
    none(|project| {
        project.env("FACTORY_TAG", "3.0");
    });
    none(|project| {
        project.env("SOURCE_DATE_EPOCH", "1700000000");
    });
    none(|project| {
        project.env("https_proxy", "http://proxy.example:3128");
    });
}

#[test]
fn credentials_do_not_belong_to_the_key() {
    let mut project = Project::new();
    project.env("PIP_INDEX_URL", "https://index.example/simple");
    project.done(&["build", "wheels"]);
    for url in ["https://anna:s3cr3t-one@index.example/simple", "https://ben:s3cr3t-two@index.example/simple"] {
        project.env("PIP_INDEX_URL", url);
        let run = project.done(&["build", "wheels"]);
        assert!(!run.stderr.contains("started"), "{run}");
    }
    project.env("PIP_INDEX_URL", "https://ben:s3cr3t-two@other.example/simple");
    assert_eq!(
        project.planned().iter().find(|line| line.starts_with("wheels-core")).unwrap(),
        "wheels-core: python.index_url changed"
    );
}

#[test]
fn credentials_reach_pip() {
    let mut project = Project::new();
    project.env("PIP_INDEX_URL", "https://anna:s3cr3t-one@index.example/simple");
    project.done(&["build", "wheels"]);
    // In a file that only the build's user can read, never among arguments or variables: `docker inspect` shows those.
    let uploads = project.calls_of("upload");
    assert!(uploads.iter().all(|call| call.contains("factory/pip.conf")), "{uploads:?}");
    assert!(!project.calls().iter().any(|call| call.contains("s3cr3t")), "{:?}", project.calls());
}

#[test]
fn credentials_in_the_recipe_are_refused() {
    let project = Project::new();
    project.edit("factory.toml", "no_binary", "index_url = \"https://anna:s3cr3t@a.example/simple\"\nno_binary");
    project.run(&["plan"]).assert_code(2).says(&["factory.toml:"]);
}

fn damage(change: impl FnOnce(&Project, &str)) -> (Project, Vec<String>) {
    let project = Project::new();
    project.done(&["build"]);
    let house: Value = project.record("debian-12/wheels-core")["key"].clone();
    let folder = format!("wheels/debian-12/{}", &house.as_str().unwrap()[..32]);
    change(&project, &folder);
    let planned = project.planned();
    (project, planned)
}

#[test]
fn a_damaged_wheelhouse_is_found_and_made_again() {
    let wheel = "six-1.16.0-py2.py3-none-any.whl";
    for (planned, change) in [
        (
            "the wheelhouse is damaged: six-1.16.0-py2.py3-none-any.whl has changed",
            (|project, folder| project.write(&format!("{folder}/six-1.16.0-py2.py3-none-any.whl"), "evil"))
                as fn(&Project, &str),
        ),
        ("the wheelhouse is damaged: six-1.16.0-py2.py3-none-any.whl is missing", |project, folder| {
            fs::remove_file(project.path(folder).join("six-1.16.0-py2.py3-none-any.whl")).unwrap();
        }),
        ("the wheelhouse is damaged: its manifest is missing", |project, folder| {
            fs::remove_file(project.path(folder).join("manifest.json")).unwrap();
        }),
        (
            "the wheelhouse is damaged: its manifest cannot be read: EOF while parsing an object at line 1 column 1",
            |project, folder| {
                project.write(&format!("{folder}/manifest.json"), "{");
            },
        ),
        ("the wheelhouse is damaged: its manifest belongs to another wheelhouse", |project, folder| {
            project.edit(&format!("{folder}/manifest.json"), "debian-12", "debian-13");
        }),
        ("its wheelhouse is gone", |project, folder| fs::remove_dir_all(project.path(folder)).unwrap()),
    ] {
        let (project, plan) = damage(change);
        // What the store has is said as far as the manifest still tells what that is.
        let stored = if planned.contains(".whl") { ", from the store" } else { "" };
        assert!(plan.contains(&format!("wheels-core: {planned}{stored}")), "{plan:?}");
        project.forget_calls();
        let run = project.done(&["build"]);
        assert!(run.stderr.contains("[debian-12/wheels-core] started"), "{run}");
        assert!(project.calls_of("build").is_empty(), "the same wheels give the same images: {run}");
        let house = keys(&project, "debian-12");
        assert!(house.iter().any(|key| project.read(&format!("wheels/debian-12/{key}/{wheel}")) == "six"), "{planned}");
        project.assert_tidy();
    }
}

#[test]
fn a_file_that_somebody_put_beside_the_wheels() {
    let (project, plan) = damage(|project, folder| project.write(&format!("{folder}/evil-1-py3-none-any.whl"), "x"));
    assert_eq!(plan, Vec::<String>::new());
    project.forget_calls();
    project.edit("app/shop.py", "sold", "bought");
    project.done(&["build", "images"]);
    assert!(
        !project.calls_of("build").iter().any(|call| call.contains("evil")),
        "only what the manifest lists is used"
    );
}

#[test]
fn platforms_never_mark_each_other() {
    let project = Project::with_two_platforms();
    project.play(&Script::new().on("wait", "builder:debian-99", json!({ "lines": ["ERROR: no"], "exit": 1 })));
    let run = project.run(&["build", "wheels", "--jobs", "1", "--keep-going"]).ended(1);
    run.says(&["debian-99/wheels-core, debian-99/wheels-web:"]);
    let of = |platform: &str| -> Vec<String> {
        let records = project.records().into_iter();
        records.filter(|step| step.starts_with(platform) && step.contains("wheels")).collect()
    };
    assert_eq!(of("debian-12"), ["debian-12/wheels-core", "debian-12/wheels-web"]);
    assert_eq!(of("debian-99"), Vec::<String>::new());
    assert_eq!(keys(&project, "debian-99"), BTreeSet::new());
    assert_eq!(keys(&project, "debian-12").len(), 2);
    // The other way round: what one platform has says nothing of the other.
    project.play(&Script::new());
    project.done(&["build", "wheels"]);
    assert_eq!(keys(&project, "debian-99").len(), 2);
    assert!(keys(&project, "debian-99").is_disjoint(&keys(&project, "debian-12")));
    fs::remove_dir_all(project.path("wheels/debian-12")).unwrap();
    let planned = project.planned();
    assert!(planned.contains(&"debian-12/wheels-core: its wheelhouse is gone".to_owned()), "{planned:?}");
    assert!(!planned.iter().any(|line| line.starts_with("debian-99/wheels")), "{planned:?}");
}

#[test]
fn the_cache_can_lie_elsewhere() {
    let mut project = Project::new();
    let elsewhere = project.beside("cache");
    project.env("WHEEL_DIR", elsewhere.display().to_string());
    project.done(&["build"]);
    assert_eq!(project.wheels(), Vec::<String>::new());
    assert_eq!(fs::read_dir(elsewhere.join("debian-12")).unwrap().count(), 2);
    project.env("WHEEL_DIR", "../cache");
    let run = project.done(&["build"]);
    assert!(!run.stderr.contains("started"), "a relative one is one of the project's folder: {run}");
}

#[test]
fn the_manifest() {
    let project = Project::new();
    project.done(&["build", "wheels"]);
    let key = project.record("debian-12/wheels-core")["key"].as_str().unwrap().to_owned();
    shows!(project, project.read(&format!("wheels/debian-12/{}/manifest.json", &key[..32])));
}

const SIX: &str = "six-1.16.0-py2.py3-none-any.whl";

/// Requirements that pin what the played pip gives.
fn hashed() -> String {
    let (six, psutil) = (sha256(b"six"), sha256(b"psutil's sources"));
    format!("six==1.16.0 --hash=sha256:{six}\npsutil==5.9.8 --hash=sha256:{psutil}\n")
}

/// What resolving gave when a source distribution had put another wheel in place of that of `six`.
fn poisoned() -> Vec<Value> {
    vec![file(SIX, "evil"), file("psutil-5.9.8.tar.gz", "psutil's sources")]
}

#[test]
fn what_resolving_gave_is_held_before_anything_is_kept() {
    let six = "six==1.16.0\npsutil==5.9.8\n".to_owned();
    let other = [file(SIX, "six"), file("psutil-5.9.9.tar.gz", "psutil's sources")];
    let twice = [downloads(), vec![file("six-1.15.0-py2.py3-none-any.whl", "older")]].concat();
    for (what, text, gives, says) in [
        ("another file than pinned", hashed(), poisoned(), "does not have the hash that the requirements pin"),
        ("another file than the index has", six.clone(), poisoned(), "is not the file that the index has"),
        ("another version", six.clone(), other.to_vec(), "is version 5.9.9, and the requirements want ==5.9.8"),
        ("two of one", six.clone(), twice, "one of several files of one distribution"),
        (
            "what is not pinned",
            hashed() + "idna\n",
            [downloads(), vec![file("idna-3-py3-none-any.whl", "")]].concat(),
            "has no `--hash`",
        ),
        (
            "what no index has",
            six.clone(),
            [downloads(), vec![file("unknown-1-py3-none-any.whl", "x")]].concat(),
            "no index has a file of this name",
        ),
        ("what is pinned by another hash", "six==1.16.0 --hash=sha512:aa\n".to_owned(), downloads(), "not SHA-256"),
    ] {
        let project = Project::new();
        project.edit("factory.toml", "no_binary =", "constraints = []\nno_binary =");
        project.write("requirements.txt", &text);
        let tells = [
            downloads(),
            vec![file("psutil-5.9.9.tar.gz", "psutil's sources"), file("six-1.15.0-py2.py3-none-any.whl", "older")],
        ]
        .concat();
        let none = json!({ "lines": [format!("told: sha256 {SIX} {}", sha256(b"six")), format!("told: sha256 psutil-5.9.8.tar.gz {}", sha256(b"psutil's sources")), "told: none unknown-1-py3-none-any.whl"] });
        let script = Script::new().pip_downloads(&gives).index_tells(&tells);
        let script = if says.contains("no index") { script.on("wait", "told.py", none) } else { script };
        project.play(&script);
        let run = project.run(&["build", "wheels", "--jobs", "1"]);
        run.assert_code(1).says(&[says]);
        let kept = project.files("wheels/store");
        assert!(!kept.iter().any(|file| file.starts_with("files") || file.starts_with("built")), "{what}: {kept:?}");
        project.assert_tidy();
    }
}

#[test]
fn nobody_is_asked_where_hashes_are_pinned() {
    let project = Project::new();
    let asks = |project: &Project| -> Vec<String> {
        project.calls_of("upload").into_iter().filter(|call| call.contains("told.py")).collect()
    };
    project.done(&["build", "wheels", "--jobs", "1"]);
    let first = asks(&project);
    assert_eq!(first.len(), 2, "each set");
    assert!(first[0].contains("factory/questions.json") && !first[0].contains(".whl"), "{first:?}");
    project.forget_calls();
    project.write("requirements.txt", &hashed());
    project.done(&["build", "wheels", "--jobs", "1"]);
    assert_eq!(asks(&project), Vec::<String>::new());
}

#[test]
fn an_index_that_does_not_answer() {
    for (lines, says) in [
        (
            &["told: failed six-1.16.0-py2.py3-none-any.whl https://x.example/six/: the server answers 500"][..],
            "answers 500",
        ),
        (&["Traceback (most recent call last):"], "no answer (exit code 0) Traceback"),
        (&["told: sha256 six-1.16.0-py2.py3-none-any.whl evil"], "cannot be read"),
    ] {
        let project = Project::new();
        project.play(&Script::new().on("wait", "told.py", json!({ "lines": lines })));
        project.run(&["build", "wheels", "--jobs", "1"]).assert_code(1).says(&["the index cannot be asked", says]);
        project.assert_tidy();
    }
}

#[test]
fn a_built_wheel_is_what_its_sources_are() {
    let of = |name: &str, bytes: Vec<u8>| json!({ "name": name, "base64": base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes) });
    let name = "psutil-5.9.8-cp311-cp311-linux_x86_64.whl";
    let two =
        zip(&[("psutil-5.9.8.dist-info/METADATA", "Name: psutil\nVersion: 5.9.8\n"), ("six-1.dist-info/METADATA", "")]);
    for (gives, says) in [
        (wheel("psutil-6.0-cp311-cp311-linux_x86_64.whl", "x"), "another version than its source distribution"),
        (of(name, wheel_bytes("six-5.9.8-py3-none-any.whl", "x")), "another distribution"),
        (of(name, wheel_bytes("psutil-6.0-py3-none-any.whl", "x")), "another version"),
        (of(name, two), "not exactly one `.dist-info`"),
        (file(name, "no archive"), "which is no wheel"),
    ] {
        let project = Project::new();
        project.play(&Script::new().pip_builds(&[gives]));
        project.run(&["build", "wheels", "--jobs", "1"]).assert_code(1).says(&[says]);
        assert!(!project.files("wheels/store").iter().any(|file| file.starts_with("built")), "{says}: it was kept");
        project.assert_tidy();
    }
}

#[test]
fn a_wheelhouse_is_held_against_the_requirements_and_not_only_against_itself() {
    let project = Project::new();
    project.write("requirements.txt", &hashed());
    project.done(&["build", "wheels"]);
    let key = project.record("debian-12/wheels-core")["key"].as_str().unwrap().to_owned();
    let folder = format!("wheels/debian-12/{}", &key[..32]);
    project.write(&format!("{folder}/{SIX}"), "evil");
    project.edit(&format!("{folder}/manifest.json"), &sha256(b"six"), &sha256(b"evil"));
    let planned = project.planned();
    let says =
        format!("wheels-core: the wheelhouse is damaged: {SIX} does not have the hash that the requirements pin");
    assert!(planned.contains(&says), "{planned:?}");
    project.done(&["build", "wheels"]);
    assert_eq!(project.read(&format!("{folder}/{SIX}")), "six");
}
