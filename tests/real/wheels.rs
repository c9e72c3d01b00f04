//! What the wheels are: compiled where the recipe says so, whole, and the caller's.

use crate::house::{BUILT, House};

#[derive(serde::Deserialize)]
struct Manifest {
    wheels: Vec<Wheel>,
}

#[derive(serde::Deserialize)]
struct Plan {
    rows: Vec<Row>,
}

#[derive(serde::Deserialize)]
struct Row {
    step: String,
    /// None where it waits for what is made before it.
    key: Option<String>,
}

#[derive(serde::Deserialize)]
struct Wheel {
    file: String,
    sha256: String,
    compiled: bool,
}

/// The wheelhouses of a copy, made where images came from the store and needed none. The cache may hold older ones.
fn wheelhouses(house: &House) -> Vec<(std::path::PathBuf, Manifest)> {
    house.done(&["build", "wheels"]);
    let plan = house.done(&["plan", "--output", "json"]);
    let plan = plan.lines().find(|line| line.contains("\"event\":\"plan\"")).expect("a plan");
    let plan: Plan = serde_json::from_str(plan).expect("a plan of our form");
    let sets = plan.rows.into_iter().filter(|row| row.step.starts_with("wheels-"));
    sets.map(|row| {
        let folder = house.wheels.join("debian-12").join(&row.key.expect("a key")[..32]);
        let text = std::fs::read(folder.join("manifest.json")).expect("a manifest");
        (folder, serde_json::from_slice(&text).expect("a manifest of our form"))
    })
    .collect()
}

#[test]
#[ignore = "needs a real engine: make real"]
fn four_are_compiled_here_and_all_are_what_the_manifest_says() {
    let mut compiled = Vec::new();
    let mut all = 0;
    for (folder, manifest) in wheelhouses(&BUILT) {
        for wheel in &manifest.wheels {
            let path = folder.join(&wheel.file);
            let sum = crate::house::run("sha256sum", &[path.to_str().expect("UTF-8")]);
            assert!(sum.starts_with(&wheel.sha256), "{}", wheel.file);
            all += 1;
            if wheel.compiled {
                // A downloaded one would say manylinux.
                assert!(wheel.file.ends_with("-linux_x86_64.whl"), "{} was not compiled here", wheel.file);
                compiled.push(wheel.file.split('-').next().unwrap_or_default().to_ascii_lowercase());
            }
        }
    }
    compiled.sort();
    compiled.dedup();
    assert_eq!(compiled, ["lxml", "psutil", "pymongo", "pyyaml"]);
    assert!(all >= 25, "{all} wheels");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_damaged_wheel_is_found_and_built_again() {
    let house = &*BUILT;
    let (folder, manifest) = wheelhouses(house)
        .into_iter()
        .find(|(_, manifest)| !manifest.wheels.iter().any(|wheel| wheel.compiled))
        .expect("the add-on's wheelhouse, which is quickly built");
    let wheel = &manifest.wheels[0];
    std::fs::write(folder.join(&wheel.file), b"damaged").expect("damage a wheel");
    let plan = house.done(&["plan"]);
    assert!(plan.contains(&format!("{} has changed", wheel.file)), "{plan}");
    house.done(&["build"]);
    let sum = crate::house::run("sha256sum", &[folder.join(&wheel.file).to_str().expect("UTF-8")]);
    assert!(sum.starts_with(&wheel.sha256), "the same wheel as before");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_requirement_that_does_not_exist_is_shown_at_its_line_and_keeps_the_wheels() {
    let house = House::apart("missing-requirement");
    std::fs::write(house.folder.join("requirements.txt"), "six==1.17.0\n").expect("write requirements");
    std::fs::write(house.folder.join("cat/requirements.txt"), "six==1.17.0\n").expect("write requirements");
    house.done(&["build", "wheels"]);
    let before = wheelhouses(&house).len();
    assert_eq!(before, 2, "both are there");
    let path = house.folder.join("cat/requirements.txt");
    let text = std::fs::read_to_string(&path).expect("requirements");
    let line = text.lines().count() + 1;
    std::fs::write(&path, format!("{text}bottle-flash==99.0\n")).expect("write requirements");
    let output = house.factory(&["build", "wheels"]);
    let said = crate::house::text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("cat/requirements.txt:{line}:1")), "{said}");
    assert!(said.contains("bottle-flash==99.0"), "{said}");
    let folders = || std::fs::read_dir(house.wheels.join("debian-12")).expect("the cache").count();
    assert_eq!(folders(), before, "nothing was recorded, and nothing was lost");
    std::fs::write(&path, text).expect("take it back");
    let plan = house.done(&["plan"]);
    assert!(plan.contains("cached  wheels-cat"), "the earlier wheels still count:\n{plan}");
    assert_eq!(crate::house::containers(), "", "no container is left");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn hashes_are_honoured() {
    let house = House::apart("wrong-hash");
    let path = house.folder.join("cat/requirements.txt");
    let wrong = "0".repeat(64);
    std::fs::write(&path, format!("six==1.16.0 --hash=sha256:{wrong}\n")).expect("write requirements");
    house.edit("factory.toml", "requirements = \"requirements.txt\"", "requirements = \"cat/requirements.txt\"");
    let output = house.factory(&["build", "wheels"]);
    let said = crate::house::text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("does not have the hash that the requirements pin"), "{said}");
    assert!(said.contains("cat/requirements.txt:1:1"), "{said}");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn wheels_belong_to_the_caller() {
    use std::os::unix::fs::MetadataExt as _;
    let me = std::fs::metadata(env!("CARGO_TARGET_TMPDIR")).expect("metadata").uid();
    for (folder, manifest) in wheelhouses(&BUILT) {
        for wheel in manifest.wheels {
            assert_eq!(std::fs::metadata(folder.join(wheel.file)).expect("metadata").uid(), me);
        }
    }
}

/// The downloads and the builds that a step's log tells of. What a build fetches for itself is not told there.
fn fetched_and_built(log: &str) -> (usize, usize) {
    let count = |part: &str| log.lines().filter(|line| line.contains(part)).count();
    (count("  Downloading "), count("  Created wheel for "))
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_changed_requirement_is_one_download_and_one_build() {
    let house = House::apart("incremental");
    let write = |pyyaml: &str| {
        let text = format!("idna==3.10\npsutil==7.0.0\nPyYAML=={pyyaml}\nsix==1.17.0\nzipp==3.21.0\n");
        std::fs::write(house.folder.join("requirements.txt"), text).expect("write requirements");
    };
    std::fs::write(house.folder.join("cat/requirements.txt"), "six==1.17.0\n").expect("write requirements");
    write("6.0.1");
    house.done(&["build", "wheels"]);
    assert_eq!(fetched_and_built(&house.log("wheels-core")), (5, 2));
    let lock = || std::fs::read_to_string(house.folder.join("factory.lock")).expect("a lock");
    let before = lock();

    write("6.0.2");
    let plan = house.done(&["plan"]);
    assert!(plan.contains("requirements.txt changed: pyyaml 6.0.1 -> 6.0.2"), "{plan}");
    let table = house.done(&["build", "wheels"]);
    assert!(table.contains("requirements.txt (5 wheels, 1 compiled, 4 from the store)"), "{table}");
    assert_eq!(fetched_and_built(&house.log("wheels-core")), (1, 1));
    let after = lock();
    let other: Vec<&str> = after.lines().filter(|line| !before.lines().any(|old| old == *line)).collect();
    assert_eq!(other.len(), 1, "one line of the lock is another one: {other:?}");

    // On a machine that has only what is committed and the store.
    for folder in [".factory", "wheels/debian-12"] {
        std::fs::remove_dir_all(house.folder.join(folder)).expect("forget");
    }
    let table = house.done(&["build", "wheels", "--locked"]);
    assert!(table.contains("requirements.txt (5 wheels, 5 from the store)"), "{table}");
    assert_eq!((fetched_and_built(&house.log("wheels-core")), lock()), ((0, 0), after));
    write("6.0.1");
    let refused = house.factory(&["build", "wheels", "--locked"]);
    let said = crate::house::text(&refused);
    assert_eq!(refused.status.code(), Some(4), "{said}");
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("pyyaml is 6.0.1, the lock has 6.0.2"), "{said}");
    assert_eq!(crate::house::containers(), "", "no container is left");
}

/// A simple index (PEP 503) on the engine's bridge: its address, and the process that serves it.
struct Index {
    address: String,
    host: String,
    server: std::process::Child,
    _folder: tempfile::TempDir,
}

impl Drop for Index {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Serves these files, each in the folder of its project.
fn index(files: &[(&str, &str, Vec<u8>)]) -> Index {
    use std::io::BufRead as _;
    // The bridge has the first address of its network; older engines tell no gateway.
    let subnet =
        crate::house::run("docker", &["network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Subnet}}"]);
    let (first, _) = subnet.trim().rsplit_once('.').expect("an address");
    let (host, folder) = (format!("{first}.1"), tempfile::tempdir().expect("a folder"));
    for (project, name, bytes) in files {
        std::fs::create_dir_all(folder.path().join(project)).expect("a folder");
        std::fs::write(folder.path().join(project).join(name), bytes).expect("a file");
    }
    let mut server = std::process::Command::new("python3")
        .args(["-u", "-m", "http.server", "0", "--bind", &host, "--directory"])
        .arg(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("serve an index");
    let mut line = String::new();
    std::io::BufReader::new(server.stdout.take().expect("its words")).read_line(&mut line).expect("its port");
    let port = line.split(" port ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a port").to_owned();
    Index { address: format!("http://{host}:{port}/"), host, server, _folder: folder }
}

fn victim(says: &str) -> Vec<u8> {
    let metadata = "Metadata-Version: 2.1\nName: sevictim\nVersion: 1.0\n";
    let tags = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    let mut zip = factory::format::zip::Writer::new(std::io::Cursor::new(Vec::new()), 1_600_000_000);
    for (name, text) in
        [("sevictim.py", says), ("sevictim-1.0.dist-info/METADATA", metadata), ("sevictim-1.0.dist-info/WHEEL", tags)]
    {
        zip.file(name, &mut text.as_bytes()).expect("a file of a wheel");
    }
    zip.finish().expect("a wheel").into_inner()
}

/// A source distribution whose `setup.py` writes another wheel over that of somebody else, wherever it finds it.
fn evil(replacement: &[u8]) -> Vec<u8> {
    let hex = hex::encode(replacement);
    let setup = format!(
        "import binascii, glob, os\n\
         for root in ('/tmp', '/factory'):\n\
         \x20   for path in glob.glob(root + '/**/sevictim-1.0-py3-none-any.whl', recursive=True):\n\
         \x20       open(path + '.x', 'wb').write(binascii.unhexlify('{hex}'))\n\
         \x20       os.rename(path + '.x', path)\n\
         from setuptools import setup\n\
         setup(name='seevil', version='1.0')\n"
    );
    let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gz);
    for (name, text) in
        [("setup.py", setup.as_str()), ("PKG-INFO", "Metadata-Version: 1.1\nName: seevil\nVersion: 1.0\n")]
    {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("seevil-1.0/{name}"), text.as_bytes()).expect("a file of sources");
    }
    tar.into_inner().expect("a tar").finish().expect("a gzip")
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_source_distribution_does_not_change_what_another_requirement_gets() {
    let (genuine, poisoned) = (victim("print('genuine')\n"), victim("print('poisoned')\n"));
    let evil = evil(&poisoned);
    let sum = |bytes: &[u8]| factory::names::Sha256::of(bytes);
    let house = House::apart("resolve-poison");
    house.edit("factory.toml", "requirements = \"requirements.txt\"", "requirements = \"cat/requirements.txt\"");
    let index = index(&[
        ("sevictim", "sevictim-1.0-py3-none-any.whl", genuine.clone()),
        ("seevil", "seevil-1.0.tar.gz", evil.clone()),
    ]);
    let asks = |victim: &str, evil: &str| {
        let from = format!("--extra-index-url {}\n--trusted-host {}\n", index.address, index.host);
        let text = format!("{from}sevictim==1.0 {victim}\nseevil==1.0 {evil}\n");
        std::fs::write(house.folder.join("cat/requirements.txt"), text).expect("write requirements");
        let output = house.factory(&["build", "wheels"]);
        assert_eq!(output.status.code(), Some(1), "{}", crate::house::text(&output));
        crate::house::text(&output).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let pin = |bytes: &[u8]| format!("--hash=sha256:{}", sum(bytes));
    let said = asks(&pin(&genuine), &pin(&evil));
    assert!(said.contains("does not have the hash that the requirements pin"), "{said}");
    let said = asks("", "");
    assert!(said.contains("is not the file that the index has"), "{said}");
    assert!(said.contains("ran code of theirs"), "{said}");
    let kept = house.wheels.join("store/files");
    assert!(!kept.exists(), "nothing is kept before everything was held");
}

/// Git without anybody's configuration, with one author.
fn git(folder: &std::path::Path, words: &[&str]) {
    let mut all = vec!["-C", folder.to_str().expect("UTF-8"), "-c", "user.name=a", "-c", "user.email=a@example.org"];
    all.extend(words);
    crate::house::run("git", &all);
}

#[test]
#[ignore = "needs a real engine: make real"]
fn what_no_index_gives_is_built_beside_what_one_gives() {
    let house = House::apart("wants");
    house.edit("factory.toml", "requirements = \"requirements.txt\"", "requirements = \"cat/requirements.txt\"");
    let folder = |name: &str| {
        let folder = house.folder.join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    };
    let write =
        |folder: &std::path::Path, name: &str, text: &[u8]| std::fs::write(folder.join(name), text).expect("a file");
    // One back end that is not setuptools, which `python` of an image would not take.
    let own = folder("libs/seown");
    let flit = b"[build-system]\nrequires = ['flit_core>=3']\nbuild-backend = 'flit_core.buildapi'\n\
                 [project]\nname = 'seown'\nversion = '1'\ndescription = 'x'\n";
    write(&own, "pyproject.toml", flit);
    write(&own, "seown.py", b"");
    write(&folder("vendor"), "sevictim-1.0-py3-none-any.whl", &victim("print('genuine')\n"));
    let repository = folder("../wants-repository");
    write(
        &repository,
        "setup.py",
        b"from setuptools import setup\nsetup(name='segit', version='2', py_modules=['segit'])\n",
    );
    write(&repository, "segit.py", b"");
    git(&repository, &["init", "--quiet", "--initial-branch=main"]);
    git(&repository, &["add", "--all"]);
    git(&repository, &["commit", "--quiet", "--allow-empty", "--message", "one"]);
    let from = std::fs::canonicalize(&repository).expect("its place");
    let text = format!(
        "-f \"./vendor\"\t# ours\n-e ./libs/seown\nsevictim==1.0\nsegit @ git+file://{}@main\nsix==${{SE_SIX}}\n",
        from.display()
    );
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    write(&house.folder.join("cat"), "requirements.txt", &[&b"\xff\xfe"[..], &utf16].concat());
    let output = house
        .command(&["build", "wheels"])
        .env("SE_SIX", "1.17.0")
        .env("FACTORY_LOCAL_GIT", &from)
        .output()
        .expect("run factory");
    assert!(output.status.success(), "{}", crate::house::text(&output));
    let said = crate::house::text(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("cat/requirements.txt (4 wheels, 2 compiled"), "{said}");
    assert!(said.contains("`-e ./libs/seown` is built as an ordinary wheel"), "{said}");
    let lock = std::fs::read_to_string(house.folder.join("factory.lock")).expect("a lock");
    assert!(lock.contains("name = \"segit-") && lock.contains("name = \"sevictim\""), "{lock}");
    assert!(lock.contains("version = \"1.17.0\""), "{lock}");
    std::fs::remove_dir_all(&repository).expect("the repository");
}
