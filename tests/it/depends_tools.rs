//! What the distributions' own tools find in the same files: dpkg-shlibdeps(1), and the `elfdeps` of rpmbuild(8).

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use factory::depends::{
    Native, Shipped,
    deb::{Index, Maker, Question, implies, resolve},
    elf::{Depth, Elf},
    linker, merged, rpm,
};

/// Programs and libraries of every kind: C, C++, an interpreter and its extension modules, one with few and one with many libraries.
const FOLDERS: [&str; 4] = ["/usr/bin", "/usr/sbin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/python3/dist-packages"];
/// So many of them are compared; all with `DEPENDS_ALL=1`.
const MOST: usize = 40;

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&entry.path(), found),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}

/// The programs and libraries below folders that are for this machine.
fn natives_in(folders: &[&str], depth: Depth) -> Vec<Native> {
    let mut files = Vec::new();
    for folder in folders {
        walk(Path::new(folder), &mut files);
    }
    files.sort();
    let native = |path: PathBuf| {
        let file = fs::File::open(&path).ok()?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().ok()?.permissions());
        let elf = Elf::read(file, depth).unwrap_or_else(|error| panic!("{}: {error}", path.display()))?;
        let path = path.to_str()?.to_owned();
        (elf.is_dynamic && elf.runs_on(std::env::consts::ARCH)).then_some(Native {
            path,
            is_executable: mode & 0o111 != 0,
            elf,
        })
    };
    files.into_iter().filter_map(native).collect()
}

/// Files of this machine, spread over all that there are.
fn natives(depth: Depth) -> Vec<Native> {
    let all = natives_in(&FOLDERS, depth);
    let step = if std::env::var_os("DEPENDS_ALL").is_some() { 1 } else { all.len().div_ceil(MOST).max(1) };
    all.into_iter().step_by(step).collect()
}

fn text(path: &str) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// This machine's packages.
fn system() -> Index {
    let mut maker = Maker::new("amd64", &text("/var/lib/dpkg/status"), &text("/var/lib/dpkg/diversions"));
    for entry in fs::read_dir("/var/lib/dpkg/info").unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if maker.wants(&name) {
            maker.add(&name, &text(entry.path().to_str().unwrap()));
        }
    }
    let below = |folder: &str| {
        let mut all: Vec<String> =
            fs::read_dir(folder).into_iter().flatten().flatten().map(|one| one.path().display().to_string()).collect();
        all.sort();
        all
    };
    maker.finish(&linker::configured(&|path| fs::read_to_string(path).ok(), &below), "x86_64-linux-gnu")
}

/// What is found of one file, and whether each library of it has a package that says something of it.
fn ours(native: Native, index: &Index) -> (Vec<String>, bool) {
    let mut shipped = Shipped::default();
    shipped.native(native);
    of_shipped(&shipped, index)
}

/// What is found of a package's files.
fn of_shipped(shipped: &Shipped, index: &Index) -> (Vec<String>, bool) {
    let (beside, mut links) = (BTreeSet::new(), std::collections::BTreeMap::new());
    let ask = |links: &_| resolve(Question { shipped, beside: &beside, index, links, own: "nobody" });
    for path in ask(&links).lost.values().flat_map(|lost| &lost.places) {
        if let Some(end) = fs::canonicalize(path).ok().and_then(|end| Some(merged(end.to_str()?))) {
            links.insert(path.clone(), end);
        }
    }
    let found = ask(&links);
    let is_whole = found.lost.is_empty() && found.silent.is_empty();
    (found.needed.into_iter().map(|needed| needed.text).collect(), is_whole)
}

/// The relations that dpkg-shlibdeps writes.
fn said_by(output: &std::process::Output) -> Vec<String> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = said.lines().find_map(|line| line.strip_prefix("shlibs:Depends=")).unwrap_or_default();
    said.split(", ").filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// The relations that no other one implies, as dpkg-gencontrol writes them.
fn strongest(all: &[String]) -> BTreeSet<&str> {
    let is_weak = |one: &String| all.iter().any(|other| other != one && implies(other, one));
    all.iter().filter(|one| !is_weak(one)).map(String::as_str).collect()
}

#[test]
fn dpkg_shlibdeps_answers_the_same() {
    let project = tempfile::tempdir().unwrap();
    fs::create_dir(project.path().join("debian")).unwrap();
    fs::write(project.path().join("debian/control"), "Source: x\n\nPackage: x\nArchitecture: any\n").unwrap();
    if Command::new("dpkg-shlibdeps").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("skipped: dpkg-shlibdeps is not installed");
        return;
    }
    let index = system();
    let (mut compared, mut silent) = (0, 0);
    for native in natives(Depth::Symbols) {
        let path = native.path.clone();
        let (ours, is_whole) = ours(native, &index);
        let output = Command::new("dpkg-shlibdeps").args(["-O", &path]).current_dir(project.path()).output().unwrap();
        if !is_whole {
            // Where a library has no package, or one that says nothing, it ends, or warns (docs/dependencies.md).
            assert!(!output.stderr.is_empty(), "{path}");
            silent += 1;
            continue;
        }
        assert_eq!(strongest(&ours), strongest(&said_by(&output)), "{path}");
        compared += 1;
    }
    eprintln!("{compared} files have the same dependencies; {silent} need a library that no package says anything of");
    assert!(compared > 10, "too little was compared");
}

#[test]
fn elfdeps_answers_the_same() {
    const ELFDEPS: &str = "/usr/lib/rpm/elfdeps";
    if !Path::new(ELFDEPS).exists() {
        eprintln!("skipped: rpmbuild is not installed");
        return;
    }
    let said = |way: &str, path: &str| -> BTreeSet<String> {
        let output = Command::new("sh").args(["-c", r#"echo "$2" | "$0" "$1""#, ELFDEPS, way, path]).output().unwrap();
        assert!(output.status.success(), "{path}");
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    };
    let mut compared = 0;
    for native in natives(Depth::Names) {
        let path = native.path.clone();
        let name = native.elf.soname.clone();
        let mut shipped = Shipped::default();
        shipped.native(native.clone());
        let found = rpm::resolve(&shipped, None);
        // What it gives itself it does not need.
        let is_own = |one: &String| name.as_ref().is_some_and(|name| one.starts_with(&format!("{name}(")));
        let theirs: BTreeSet<String> = said("--requires", &path).into_iter().filter(|one| !is_own(one)).collect();
        assert_eq!(
            found.requires.into_keys().filter(|one| !one.starts_with("python(abi)")).collect::<BTreeSet<_>>(),
            theirs,
            "{path}"
        );
        // The same library where every program finds it.
        let mut shipped = Shipped::default();
        shipped.native(Native { path: format!("/usr/lib64/{}", path.rsplit('/').next().unwrap()), ..native });
        assert_eq!(
            rpm::resolve(&shipped, None).provides.into_keys().collect::<BTreeSet<_>>(),
            said("--provides", &path),
            "{path}"
        );
        compared += 1;
    }
    assert!(compared > 10, "too little was compared");
}

/// A folder that `DEPENDS_TREE` names, as one package: what it needs as a whole.
#[test]
fn a_whole_tree_answers_the_same() {
    let Some(folder) = std::env::var_os("DEPENDS_TREE").and_then(|folder| folder.into_string().ok()) else {
        eprintln!("skipped: `DEPENDS_TREE` names no folder to be compared as a whole");
        return;
    };
    // As a package that is being built: only so it takes the libraries of the tree for its own.
    let project = tempfile::tempdir().unwrap();
    fs::create_dir_all(project.path().join("debian/x/DEBIAN")).unwrap();
    fs::write(project.path().join("debian/control"), "Source: x\n\nPackage: x\nArchitecture: any\n").unwrap();
    let tree = project.path().join("debian/x/opt");
    assert!(Command::new("cp").args(["--archive", &folder]).arg(&tree).status().unwrap().success());
    let natives = natives_in(&[tree.to_str().unwrap()], Depth::Symbols);
    assert!(!natives.is_empty(), "{folder} has no program or library for this machine");
    let mut shipped = Shipped::default();
    natives.iter().cloned().for_each(|native| shipped.native(native));

    let folders: BTreeSet<&str> = natives.iter().filter_map(|one| Some(one.path.rsplit_once('/')?.0)).collect();
    let mut ask = Command::new("dpkg-shlibdeps");
    ask.arg("-O").args(folders.iter().map(|folder| format!("-l{folder}"))).args(natives.iter().map(|one| &one.path));
    let theirs = said_by(&ask.current_dir(project.path()).output().unwrap());
    let (found, is_whole) = of_shipped(&shipped, &system());
    assert!(is_whole, "{folder}: a library has no package, or one that says nothing");
    assert_eq!(strongest(&found), strongest(&theirs), "{folder}");

    let found: BTreeSet<String> = rpm::resolve(&shipped, None).requires.into_keys().collect();
    let paths = natives.iter().map(|one| format!("{}\n", one.path)).collect::<Vec<_>>().concat();
    let list = project.path().join("list");
    fs::write(&list, paths).unwrap();
    let output =
        Command::new("/usr/lib/rpm/elfdeps").arg("--requires").stdin(fs::File::open(&list).unwrap()).output().unwrap();
    let is_own = |one: &String| shipped.has_library(one.split('(').next().unwrap_or_default());
    let theirs = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let theirs: BTreeSet<String> = theirs.into_iter().filter(|one| !is_own(one)).collect();
    assert_eq!(
        found.into_iter().filter(|one| !one.starts_with("python(abi)")).collect::<BTreeSet<_>>(),
        theirs,
        "{folder}"
    );
    eprintln!(
        "{folder}: {} files need {}",
        natives.len(),
        strongest(&of_shipped(&shipped, &system()).0).into_iter().collect::<Vec<_>>().join(", ")
    );
}
