//! `stale-bytecode`: byte code that Python passes over, because its source is not there or another one (PEP 3147, PEP 552).

use std::io::Read as _;

use crate::{
    check::finding::Finding,
    names::Concern,
    stage::{Entry, Kind, Tree, TreePath},
};

/// The folder of byte code, beside the sources.
const FOLDER: &str = "__pycache__";

/// That of a tree.
///
/// # Errors
/// When the spool cannot be read.
pub fn stale(tree: &Tree) -> std::io::Result<Vec<Finding>> {
    let mut found = Vec::new();
    for (path, entry) in tree.iter() {
        let Some(source) = source_of(path.as_str()) else { continue };
        let what = match TreePath::new(&source).ok().and_then(|source| tree.get(&source)) {
            None => Some(format!("is byte code of `/{source}`, which is not in the package")),
            Some(text) => is_of_another(tree, entry, text)?
                .then(|| format!("is byte code of another `/{source}` than the package has")),
        };
        found.extend(what.map(|what| Finding::new(Concern::StaleBytecode, path.as_str(), what)));
    }
    Ok(found)
}

/// The source of byte code in a folder for it: `a/__pycache__/b.cpython-311.opt-1.pyc` is of `a/b.py`. Byte code in the place of a source is
/// imported as it is.
fn source_of(path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/')?;
    let above = folder.strip_suffix(FOLDER).filter(|above| above.is_empty() || above.ends_with('/'))?;
    let stem = name.strip_suffix(".pyc")?;
    // The tag of the interpreter stands behind the module's name, which has no dot.
    Some(format!("{above}{}.py", stem.split('.').next()?))
}

/// Whether its header has the size of another source: four bytes of a magic number, four of flags, which are zero where a time and a
/// size follow (PEP 552).
fn is_of_another(tree: &Tree, code: &Entry, source: &Entry) -> std::io::Result<bool> {
    let (Kind::File { .. }, Kind::File { size, .. }) = (&code.kind, &source.kind) else { return Ok(false) };
    let mut header = Vec::new();
    tree.open(code).take(16).read_to_end(&mut header)?;
    let [_, _, _, _, 0, 0, 0, 0, _, _, _, _, a, b, c, d] = header[..] else { return Ok(false) };
    Ok(u64::from(u32::from_le_bytes([a, b, c, d])) != size & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Role, Spool};

    fn code(flags: u8, size: u32) -> Vec<u8> {
        [&[0xa7, 0x0d, 0x0d, 0x0a, flags, 0, 0, 0, 0, 0, 0, 0][..], &size.to_le_bytes(), b"code"].concat()
    }

    #[test]
    fn byte_code_of_no_source_or_another_one() {
        let mut tree = Tree::new(Spool::new().unwrap());
        let mut add = |path: &str, bytes: &[u8]| {
            tree.add_bytes(TreePath::new(path).unwrap(), bytes, 0o644, 0, Role::Plain, "a test").unwrap();
        };
        add("opt/x/a.py", b"x = 1\n");
        add("opt/x/__pycache__/a.cpython-311.pyc", &code(0, 6));
        add("opt/x/__pycache__/a.cpython-311.opt-1.pyc", &code(0, 7));
        add("opt/x/__pycache__/gone.cpython-311.pyc", &code(0, 6));
        add("opt/x/b.py", b"y = 10\n");
        add("opt/x/__pycache__/b.cpython-311.pyc", &code(3, 6));
        add("opt/x/__pycache__/README", b"no byte code");
        add("opt/x/only.pyc", &code(0, 6));
        let found: Vec<String> = stale(&tree).unwrap().iter().map(|one| format!("{} {}", one.path, one.what)).collect();
        assert_eq!(
            found,
            [
                "opt/x/__pycache__/a.cpython-311.opt-1.pyc is byte code of another `/opt/x/a.py` than the package has",
                "opt/x/__pycache__/gone.cpython-311.pyc is byte code of `/opt/x/gone.py`, which is not in the package",
            ]
        );
    }
}
