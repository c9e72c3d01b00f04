//! How long a cabinet takes, beside the programs that others write cabinets with: `gcab -z`, and `cabarchive` of PyPI.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use factory::{
    format::cab::Cabinet,
    stage::{Entry, Owner, Role, Spool, Tree, TreePath},
};

use crate::{
    extent::{Extent, LeftOut},
    measure::{Sample, median, row, run},
};

/// The word with which this program, started again, writes one cabinet: so that it is measured as others are.
pub const WRITE: &str = "write-cabinet";

/// The files of a folder by `cabarchive`, the whole of which it holds in memory.
const CABARCHIVE: &str = "import sys, pathlib, cabarchive
archive = cabarchive.CabArchive()
for path in sorted(pathlib.Path('.').rglob('*')):
    if path.is_file():
        archive[str(path).replace('/', chr(92))] = cabarchive.CabFile(path.read_bytes())
open(sys.argv[1], 'wb').write(archive.save(compress=True))";

/// One tree, by each of them in turn.
pub fn beside_others(extent: Extent) -> Result<(), LeftOut> {
    let folder = tempfile::tempdir().map_err(|_| LeftOut("no folder could be made"))?;
    let tree = tree(folder.path(), extent)?;
    let names = names(&tree);
    let size: u64 = names.iter().map(|name| fs::metadata(tree.join(name)).unwrap().len()).sum();
    println!("cabinets: {} files, {size} bytes", names.len());
    let own = env::current_exe().map_err(|_| LeftOut("this program does not know where it is"))?;
    let own = own.to_str().ok_or(LeftOut("this program is in a folder that is no text"))?;
    let out = folder.path().join("x.cab");
    let out = out.to_str().ok_or(LeftOut("the folder for temporary files is no text"))?;
    for (level, threads) in extent.some(&[("6", "1"), ("6", "2"), ("5", "2"), ("9", "1"), ("9", "2")]) {
        measured(
            &format!("factory, level {level}, threads {threads}"),
            extent,
            own,
            &[WRITE, level, threads, out],
            &tree,
        );
    }
    let listed: Vec<&str> = ["-c", "-z", out].into_iter().chain(names.iter().map(String::as_str)).collect();
    if is_there("gcab", &["--version"]) {
        measured("gcab -z", extent, "gcab", &listed, &tree);
    }
    let python = env::var_os("FACTORY_BENCH_PYTHON")
        .and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "python3".to_owned());
    if is_there(&python, &["-c", "import cabarchive"]) {
        measured("cabarchive", extent, &python, &["-c", CABARCHIVE, out], &tree);
    }
    Ok(())
}

/// The median of several runs, and what came out.
fn measured(what: &str, extent: Extent, program: &str, arguments: &[&str], tree: &Path) {
    let samples: Vec<Sample> = (0..extent.times(5)).map(|_| run(program, arguments, tree, &[])).collect();
    row(what, &median(&samples));
    let out = arguments.iter().find(|word| word.ends_with("x.cab")).copied().unwrap_or_default();
    println!("    {} bytes", fs::metadata(out).unwrap().len());
}

/// Whether a program of others can be asked; said where it cannot.
fn is_there(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_there = status.is_ok_and(|status| status.success());
    if !is_there {
        println!("  `{program} {}` does not answer: not measured", arguments.join(" "));
    }
    is_there
}

/// `FACTORY_BENCH_TREE`, or 80 MB of this machine's programs, each under a name that Windows takes.
fn tree(folder: &Path, extent: Extent) -> Result<PathBuf, LeftOut> {
    if let Some(tree) = env::var_os("FACTORY_BENCH_TREE") {
        return Ok(PathBuf::from(tree));
    }
    let most = if extent == Extent::Whole { 80_000_000 } else { 1_000_000 };
    let to = folder.join("tree");
    let (mut size, mut count) = (0, 0);
    for path in files(Path::new("/usr/lib")) {
        let length = fs::metadata(&path).map_or(0, |meta| meta.len());
        if size + length > most || length > most / 20 {
            continue;
        }
        let folder = to.join(format!("d{}", count / 100));
        fs::create_dir_all(&folder).map_err(|_| LeftOut("the tree could not be made"))?;
        if fs::copy(&path, folder.join(format!("f{count}"))).is_ok() {
            (size, count) = (size + length, count + 1);
        }
    }
    if count > 0 { Ok(to) } else { Err(LeftOut("there is nothing in /usr/lib")) }
}

/// The names of all files below a folder, sorted.
fn names(tree: &Path) -> Vec<String> {
    let name = |path: PathBuf| path.strip_prefix(tree).unwrap().to_str().unwrap().to_owned();
    files(tree).into_iter().map(name).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut files = Vec::new();
    for entry in entries {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files.extend(self::files(&entry.path())),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}

/// Writes one cabinet of this folder: level, threads, file.
pub fn write(arguments: &[String]) {
    let [level, threads, out] = arguments else { panic!("level, threads and a file") };
    let mut tree = Tree::new(Spool::new().unwrap());
    for name in names(Path::new(".")) {
        let kind = tree.spool().append(&mut fs::File::open(&name).unwrap()).unwrap();
        let (owner, origin) = (Owner::root(), name.as_str().into());
        let entry = Entry { kind, mode: 0o644, owner, mtime: 0, role: Role::Plain, origin };
        tree.add(TreePath::new(&name).unwrap(), entry).unwrap();
    }
    let folder = "C:\\ProgramData\\bench".to_owned();
    let cabinet = Cabinet { folder, level: level.parse().unwrap(), threads: threads.parse().unwrap() };
    cabinet.write(&tree, 1_767_225_600, &mut fs::File::create(out).unwrap()).unwrap();
}
