//! The whole tree of a module, in the order in which its parts may meet each other.

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
};

use super::{
    ModuleError, base,
    programs::{self, Unmet},
    strip::Strip,
    venv,
};
use crate::{
    format::{
        wheel::{Installed, Launchers, Scheme, Wheel, WheelError},
        zip::Archive,
    },
    stage::{Tree, TreePath},
    work::module::data::Layout,
};

/// What a module is made of.
#[derive(Debug)]
pub struct Parts<R> {
    /// The NuGet package of CPython.
    pub base: Archive<R>,
    /// The wheels of its packages. Launchers come out of pip's, else out of the interpreter's own pip.
    pub wheels: Vec<Wheel<R>>,
    /// Libraries of the runtime of C by their names; none for Windows 10 and later.
    pub runtime: BTreeMap<String, Vec<u8>>,
    /// Further files of the recipe, of the same spool as the tree; they may bring a `postinstall.cmd`.
    pub extra: Tree,
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assembled {
    /// The packages in the order of their wheels.
    pub packages: Vec<Installed>,
    /// Programs and libraries that were found fit for the machine.
    pub programs: usize,
    /// What they need and nothing brings: Windows will not load those.
    pub unmet: Vec<Unmet>,
}

/// Fills an empty tree with a module: `python.exe` and its libraries, `DLLs`, `Lib`, and `.venv` with copies of them, packages and
/// launchers. What the layout leaves out is in neither the tree nor any package's list.
///
/// # Errors
/// [`ModuleError`]; the tree is of no use then.
pub fn assemble<R: Read + Seek>(layout: &Layout, parts: Parts<R>, tree: &mut Tree) -> Result<Assembled, ModuleError> {
    let Parts { base: mut archive, mut wheels, runtime, extra } = parts;
    let strip = Strip::new(&layout.strip)?;
    let mut base = Tree::new(tree.spool().clone());
    base::read(&mut archive, layout, &mut base)?;
    // Before anything else of another machine is met.
    programs::judge_one(layout, &base, &TreePath::new("python.exe")?)?;
    for (path, entry) in base.iter().filter(|(path, _)| !strip.takes(path)) {
        tree.add(path.clone(), entry.clone())?;
    }
    venv::copies(&base, &strip, tree)?;
    venv::runtime(&runtime, layout, &strip, tree)?;
    let packages = packages(layout, &mut wheels, &base, &strip, tree)?;
    tree.merge(extra)?;
    venv::files(layout, tree)?;
    let (programs, unmet) = programs::judge(layout, tree)?;
    Ok(Assembled { packages, programs, unmet })
}

/// Where the interpreter's own pip is.
const PIP: &str = "Lib/site-packages";

/// The bytes of a file of a tree; `None` where it has none there.
fn unpacked(tree: &Tree, path: &str) -> Result<Option<Vec<u8>>, WheelError> {
    let Some(entry) = tree.get(&TreePath::new(path)?) else { return Ok(None) };
    let mut bytes = Vec::new();
    tree.open(entry).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Unpacks the wheels into the environment. Their launchers are those of its pip, else of the interpreter's own.
fn packages<R: Read + Seek>(
    layout: &Layout,
    wheels: &mut [Wheel<R>],
    base: &Tree,
    strip: &Strip,
    tree: &mut Tree,
) -> Result<Vec<Installed>, ModuleError> {
    let scheme = Scheme {
        folder: TreePath::new(".venv")?,
        on_windows: format!("{}\\.venv", layout.folder),
        python: layout.python.short(),
    };
    let told = |name: &str, version: &str, error: WheelError| ModuleError::Wheel {
        name: format!("{name} {version}").trim_end().to_owned(),
        error,
    };
    let mut launchers = None;
    if let Some(pip) = wheels.iter_mut().find(|wheel| wheel.name().eq_ignore_ascii_case("pip")) {
        let version = pip.version().to_owned();
        launchers = Some(Launchers::of_pip(pip, layout.machine).map_err(|error| told("pip", &version, error))?);
    } else if base.iter().any(|(path, _)| path.as_str().starts_with(&format!("{PIP}/pip/_vendor/distlib/"))) {
        let found = Launchers::read(layout.machine, &mut |path| unpacked(base, &format!("{PIP}/{path}")));
        launchers = Some(found.map_err(|error| told("the interpreter's own pip", "", error))?);
    }
    let mut packages = Vec::new();
    for wheel in wheels {
        let (name, version) = (wheel.name().to_owned(), wheel.version().to_owned());
        let installed = wheel.install(&scheme, launchers.as_ref(), &|path| strip.takes(path), layout.time, tree);
        packages.push(installed.map_err(|error| told(&name, &version, error))?);
    }
    Ok(packages)
}
