//! What is known of a module before it is made.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use super::recipe::{ModuleContent, Runtime};
use crate::{
    names::{Machine, PythonVersion, Sha256},
    work::{Gives, Goal, Installs, Kind, Load, Locks, package::PackageWork},
};

/// Modules for Windows.
pub const GOAL: Goal = Goal {
    word: "module",
    nothing: Some((
        "no module is made on these platforms",
        "modules are made on `windows-amd64`, `windows-x86` and `windows-arm64`, of what [[module]] says",
    )),
};

/// See [`Work::Module`](crate::work::Work::Module).
#[derive(Debug, Clone)]
pub struct ModuleWork {
    /// Its name, and that of its file.
    pub name: String,
    /// What it is.
    pub layout: Layout,
    /// Where the interpreter is from.
    pub runtime: Runtime,
    /// The digest of that.
    pub runtime_sha256: Sha256,
    /// Its packages.
    pub pins: Vec<Pin>,
    /// What pins them, for messages.
    pub requirements: String,
    /// The index that they name; empty where they name none.
    pub index: String,
    /// The further indexes that they name.
    pub extra_indexes: Vec<String>,
    /// The folder with the libraries of the C runtime.
    pub runtime_dlls: Option<PathBuf>,
    /// The script that is run when it was unpacked.
    pub postinstall: Option<PathBuf>,
    /// Further files of the project.
    pub contents: Vec<ModuleContent>,
    /// What its test looks for.
    pub must_have: Vec<String>,
    /// What its test must not find.
    pub must_not_have: Vec<String>,
}

impl ModuleWork {
    /// What its file is called.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.cab", self.name)
    }
}

impl Kind for ModuleWork {
    fn version(&self) -> &'static str {
        "module 1"
    }

    fn load(&self) -> Load {
        Load::Compress
    }

    fn usual(&self) -> Duration {
        Duration::from_secs(40)
    }

    fn needs_engine(&self) -> bool {
        false
    }

    fn gives(&self) -> Gives<'_> {
        Gives::Files
    }

    fn locks(&self) -> Locks<'_> {
        // What pins its packages is a lock itself.
        Locks::Nothing
    }

    fn is_stored(&self) -> bool {
        true
    }

    fn lists_files(&self) -> bool {
        false
    }

    fn installs(&self) -> Option<Installs<'_>> {
        None
    }

    fn package(&self) -> Option<&PackageWork> {
        None
    }

    fn untested(&self) -> Option<&'static str> {
        None
    }

    fn is_signed(&self) -> bool {
        false
    }
}

/// One package of a module: a version, and the files that may be it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The distribution, normalised (PEP 503).
    pub name: String,
    /// Its version, as it was written.
    pub version: String,
    /// What is wanted of it beside, normalised.
    pub extras: BTreeSet<String>,
    /// The digests that its file may have.
    pub hashes: BTreeSet<Sha256>,
    /// Where that is said: `requirements.txt:3`.
    pub place: String,
}

/// What a module is, and what of it is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The interpreter's version.
    pub python: PythonVersion,
    /// What its programs run on.
    pub machine: Machine,
    /// The folder that it is installed in, without a backslash at its end: `C:\ProgramData\example\python-3`. It works from there only.
    pub folder: String,
    /// Patterns of paths that are left out, `*` within a part and `**` across parts, whatever the case: [`STRIPPED`] and others.
    pub strip: Vec<String>,
    /// The time of all files, seconds since 1970 UTC.
    pub time: i64,
}

/// What is left out where nothing else is said: what no plugin uses, and SQLite, whose faults would be those of the module. Text files
/// only where they tell nothing to a program.
pub const STRIPPED: [&str; 26] = [
    "*.txt",
    "Lib/*.txt",
    "include/**",
    "libs/**",
    "Tools/**",
    "tcl/**",
    "Scripts/**",
    "Doc/**",
    "**/__pycache__/**",
    "**/*.pyc",
    "Lib/ensurepip/**",
    "Lib/idlelib/**",
    "Lib/lib2to3/**",
    "Lib/sqlite3/**",
    "Lib/test/**",
    "Lib/tkinter/**",
    "Lib/turtle.py",
    "Lib/turtledemo/**",
    "Lib/unittest/**",
    "Lib/venv/**",
    "Lib/**/setuptools*/**",
    "**/sqlite3.dll",
    "**/_sqlite3.pyd",
    "**/pipenv*/**",
    "**/virtualenv*/**",
    ".venv/Lib/site-packages/PyWin32.chm",
];
