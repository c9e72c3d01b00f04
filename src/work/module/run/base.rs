//! The interpreter and its library, out of the NuGet package of CPython: all that is below its `tools`.

use std::io::{Read, Seek, SeekFrom};

use super::ModuleError;
use crate::{
    format::zip::Archive,
    stage::{Entry, Owner, Role, Tree, TreePath},
    work::module::data::Layout,
};

/// The folder of the package that is taken.
const TOOLS: &str = "tools/";
/// Where files are from, for messages.
const ORIGIN: &str = "the interpreter's archive";

/// Everything of the interpreter, as paths of a module; nothing is left out.
pub(super) fn read<R: Read + Seek>(
    archive: &mut Archive<R>,
    layout: &Layout,
    tree: &mut Tree,
) -> Result<(), ModuleError> {
    let entries: Vec<_> = archive.entries().iter().filter(|entry| !entry.is_dir).cloned().collect();
    for entry in &entries {
        let Some(path) = entry.name.strip_prefix(TOOLS) else { continue };
        let mut file = tempfile::tempfile()?;
        archive.unpack(entry, &mut file).map_err(ModuleError::Base)?;
        file.seek(SeekFrom::Start(0))?;
        let kind = tree.spool().append(&mut file)?;
        let (owner, origin) = (Owner::root(), ORIGIN.into());
        let entry = Entry { kind, mode: 0o644, owner, mtime: layout.time, role: Role::Plain, origin };
        tree.add(TreePath::new(path)?, entry)?;
    }
    for needed in ["python.exe".to_owned(), layout.python.library(), "Lib/os.py".to_owned()] {
        if tree.get(&TreePath::new(&needed)?).is_none() {
            let (path, version) = (format!("{TOOLS}{needed}"), layout.python.to_string());
            return Err(ModuleError::NoInterpreter { path, version });
        }
    }
    Ok(())
}
