//! Whether Windows could load every program and library of a module: they are of its machine, and what they need is in it or a part of
//! Windows. Off Windows nothing else says so.

use std::collections::{BTreeMap, BTreeSet};

use super::ModuleError;
use crate::{
    stage::{Entry, Kind, Pe, Tree, TreePath},
    work::module::data::Layout,
};

/// Libraries that every Windows has, server editions without a desktop too.
const WINDOWS: [&str; 67] = [
    "aclui.dll",
    "activeds.dll",
    "advapi32.dll",
    "avrt.dll",
    "bcrypt.dll",
    "bcryptprimitives.dll",
    "cabinet.dll",
    "cfgmgr32.dll",
    "comctl32.dll",
    "comdlg32.dll",
    "credui.dll",
    "crypt32.dll",
    "cryptui.dll",
    "d3d11.dll",
    "dbghelp.dll",
    "dnsapi.dll",
    "dsound.dll",
    "dwmapi.dll",
    "gdi32.dll",
    "gdiplus.dll",
    "hid.dll",
    "imm32.dll",
    "iphlpapi.dll",
    "kernel32.dll",
    "ktmw32.dll",
    "loadperf.dll",
    "lz32.dll",
    "mpr.dll",
    "mprapi.dll",
    "msi.dll",
    "msimg32.dll",
    "msvcrt.dll",
    "mswsock.dll",
    "ncrypt.dll",
    "netapi32.dll",
    "ntdll.dll",
    "ntdsapi.dll",
    "odbc32.dll",
    "ole32.dll",
    "oleacc.dll",
    "oleaut32.dll",
    "pdh.dll",
    "powrprof.dll",
    "propsys.dll",
    "psapi.dll",
    "query.dll",
    "rasapi32.dll",
    "rpcrt4.dll",
    "secur32.dll",
    "setupapi.dll",
    "sfc.dll",
    "shell32.dll",
    "shlwapi.dll",
    "ucrtbase.dll",
    "urlmon.dll",
    "user32.dll",
    "userenv.dll",
    "uxtheme.dll",
    "version.dll",
    "wevtapi.dll",
    "winhttp.dll",
    "wininet.dll",
    "winmm.dll",
    "winspool.drv",
    "wintrust.dll",
    "ws2_32.dll",
    "wtsapi32.dll",
];
/// What the names of libraries begin with that stand for parts of Windows.
const SETS: [&str; 2] = ["api-ms-win-", "ext-ms-win-"];

/// A library that a program or library needs and that nothing brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// Who needs it.
    pub path: TreePath,
    /// Where that came from.
    pub origin: String,
    /// Its name, in lower case.
    pub library: String,
}

impl std::fmt::Display for Unmet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, origin, library } = self;
        write!(f, "`/{path}` (from {origin}) needs `{library}`, which is neither in the module nor a part of Windows")
    }
}

/// So many files are told of one library.
const TOLD: usize = 4;

/// What is missing, each library once.
pub(super) fn told(unmet: &[Unmet]) -> Vec<String> {
    let mut by_library: BTreeMap<&str, Vec<&Unmet>> = BTreeMap::new();
    for one in unmet {
        by_library.entry(&one.library).or_default().push(one);
    }
    let sentence = |(library, all): (&str, Vec<&Unmet>)| {
        if let [one] = all[..] {
            return one.to_string();
        }
        let named: Vec<String> = all.iter().take(TOLD).map(|one| format!("`/{}`", one.path)).collect();
        let more = all.len().saturating_sub(TOLD);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!(
            "`{library}`, which is neither in the module nor a part of Windows, is needed by {} files: {}{more}",
            all.len(),
            named.join(", ")
        )
    };
    by_library.into_iter().map(sentence).collect()
}

/// Holds every program and library against the machine, and what they need against what there is; gives how many there are.
pub(super) fn judge(layout: &Layout, tree: &Tree) -> Result<(usize, Vec<Unmet>), ModuleError> {
    let names: BTreeSet<String> = tree.iter().map(|(path, _)| path.file_name().to_lowercase()).collect();
    let (mut count, mut unmet) = (0, Vec::new());
    for (path, entry) in tree.iter().filter(|(path, entry)| is_program(path, entry)) {
        let origin = || entry.origin.to_string();
        let program = read(layout, tree, path, entry)?;
        let missing = program.needed.into_iter().filter(|library| !names.contains(library) && !is_windows(library));
        unmet.extend(missing.map(|library| Unmet { path: path.clone(), origin: origin(), library }));
        count += 1;
    }
    Ok((count, unmet))
}

/// Holds one program against the machine, where it is there.
pub(super) fn judge_one(layout: &Layout, tree: &Tree, path: &TreePath) -> Result<(), ModuleError> {
    tree.get(path).map_or(Ok(()), |entry| read(layout, tree, path, entry).map(drop))
}

/// A program of the module's machine.
fn read(layout: &Layout, tree: &Tree, path: &TreePath, entry: &Entry) -> Result<Pe, ModuleError> {
    let origin = || entry.origin.to_string();
    let bad = |reason: String| ModuleError::Program { path: path.clone(), origin: origin(), reason };
    let program = Pe::read(tree.open(entry)).map_err(|error| bad(error.to_string()))?;
    let program = program.ok_or_else(|| bad("it is called as a program of Windows, and is none".to_owned()))?;
    if program.machine == layout.machine.number() {
        return Ok(program);
    }
    let (wanted, number, found) = (layout.machine.as_str(), layout.machine.number(), program.machine);
    Err(ModuleError::Machine { path: path.clone(), origin: origin(), found, wanted, number })
}

/// Whether a file is one that Windows loads. The beginnings of launchers are for every machine, and are not started.
fn is_program(path: &TreePath, entry: &Entry) -> bool {
    let end = path.file_name().rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    let is_called_so = matches!(end.as_deref(), Some("exe" | "dll" | "pyd"));
    let folder = path.parent().map(|folder| folder.file_name().to_ascii_lowercase());
    let is_of_launchers = matches!(folder.as_deref(), Some("distlib" | "setuptools"));
    let is_beginning = is_of_launchers && end.as_deref() == Some("exe");
    matches!(entry.kind, Kind::File { .. }) && is_called_so && !is_beginning
}

fn is_windows(library: &str) -> bool {
    WINDOWS.contains(&library) || SETS.iter().any(|set| library.starts_with(set))
}
