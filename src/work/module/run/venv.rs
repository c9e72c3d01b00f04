//! The virtual environment of a module: copies of the interpreter and of the libraries that it loads, and the two files that make it
//! work from its folder on Windows.

use std::collections::BTreeMap;

use super::{ModuleError, strip::Strip};
use crate::{
    stage::{Entry, Role, Tree, TreePath},
    work::module::data::Layout,
};

/// Its programs.
const SCRIPTS: &str = ".venv/Scripts";
/// Where the files are from that are written here, for messages.
const ORIGIN: &str = "factory";

/// What is run when a module was unpacked: older ones had no `DLLs`, and base and environment share them then.
const POSTINSTALL: &str = "@echo off\r\n\
    if not exist .\\.venv\\Scripts exit /b 1\r\n\
    if not exist .\\Lib exit /b 2\r\n\
    if not exist .\\DLLs mklink /J DLLs .\\.venv\\Scripts\r\n\
    exit /b 0\r\n";

/// Copies the interpreter's programs and libraries beside each other, where Windows looks for them.
pub(super) fn copies(base: &Tree, strip: &Strip, tree: &mut Tree) -> Result<(), ModuleError> {
    for (path, entry) in base.iter() {
        if !is_copied(path) {
            continue;
        }
        let copy = TreePath::new(&format!("{SCRIPTS}/{}", path.file_name()))?;
        if !strip.takes(&copy) {
            tree.add(copy, entry.clone())?;
        }
    }
    Ok(())
}

/// Programs and libraries at the top, and all libraries of extension modules.
fn is_copied(path: &TreePath) -> bool {
    let (folder, end) = (path.parent(), path.file_name().rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()));
    match folder.as_ref().map(TreePath::as_str) {
        None => matches!(end.as_deref(), Some("exe" | "dll")),
        Some("DLLs") => matches!(end.as_deref(), Some("dll" | "pyd")),
        Some(_) => false,
    }
}

/// Libraries of the runtime of C, for Windows that has none of its own. What the interpreter brings itself stays.
pub(super) fn runtime(
    files: &BTreeMap<String, Vec<u8>>,
    layout: &Layout,
    strip: &Strip,
    tree: &mut Tree,
) -> Result<(), ModuleError> {
    for (name, bytes) in files {
        let path = TreePath::new(&format!("{SCRIPTS}/{name}"))?;
        if !strip.takes(&path) {
            tree.add_bytes(path, bytes, 0o644, layout.time, Role::Plain, "the runtime's folder")?;
        }
    }
    Ok(())
}

/// `pyvenv.cfg` and `postinstall.cmd`; the latter is ours unless the recipe brought one.
pub(super) fn files(layout: &Layout, tree: &mut Tree) -> Result<(), ModuleError> {
    tree.add_bytes(
        TreePath::new(".venv/pyvenv.cfg")?,
        config(layout).as_bytes(),
        0o644,
        layout.time,
        Role::Plain,
        ORIGIN,
    )?;
    let path = TreePath::new("postinstall.cmd")?;
    let is_there = tree.get(&path).is_some_and(|entry: &Entry| entry.kind != crate::stage::Kind::Dir);
    if !is_there {
        tree.add_bytes(path, POSTINSTALL.as_bytes(), 0o644, layout.time, Role::Plain, ORIGIN)?;
    }
    Ok(())
}

/// Three lines, which are compared byte for byte where modules are tested.
pub(super) fn config(layout: &Layout) -> String {
    format!("home = {}\r\nversion_info = {}\r\ninclude-system-site-packages = false\r\n", layout.folder, layout.python)
}
