//! Where units are in a tree, and how their files are read.

use std::io::Read as _;

use crate::{
    check::place::{Place, find},
    stage::{Entry, Kind, Tree, TreePath},
    unit::{UnitError, UnitFile, UnitName},
};

/// The largest unit file that is read, in bytes: 1 MiB.
const LARGEST: u64 = 1 << 20;
/// Where units are, below the root; what is in the last one wins.
pub(super) const FOLDERS: [&str; 4] =
    ["lib/systemd/system", "usr/lib/systemd/system", "usr/local/lib/systemd/system", "etc/systemd/system"];

/// The names of units in the folders where systemd looks for them, as paths of an image.
pub(super) fn unit_paths(name: &str) -> impl Iterator<Item = String> + '_ {
    FOLDERS.iter().map(move |folder| format!("/{folder}/{name}"))
}

/// The unit that a path is the file of.
pub(super) fn unit_at(path: &TreePath) -> Option<UnitName> {
    let (folder, name) = path.as_str().rsplit_once('/')?;
    FOLDERS.contains(&folder).then(|| UnitName::new(name).ok())?
}

/// The file that a unit is in: of a link, the one that it leads to. `None` where that is another unit, or not in the tree.
pub(super) fn shown<'t>(tree: &'t Tree, path: &TreePath, entry: &'t Entry) -> Option<&'t Entry> {
    match &entry.kind {
        Kind::Dir => None,
        Kind::Symlink { .. } => match find(tree, &format!("/{path}")) {
            Place::There(at, entry) if entry.kind != Kind::Dir => {
                let is_unit = TreePath::new(&at).is_ok_and(|at| unit_at(&at).is_some());
                (!is_unit).then_some(entry)
            }
            _ => None,
        },
        _ => Some(entry),
    }
}

/// The lines of a file; `origin` is its path.
pub(super) fn read(tree: &Tree, entry: &Entry, origin: &str) -> std::io::Result<Result<UnitFile, UnitError>> {
    Ok(if let Some(text) = text(tree, entry)? {
        UnitFile::parse(&text, origin)
    } else {
        let reason = "is not UTF-8 text of at most 1 MiB".to_owned();
        Err(UnitError { place: origin.to_owned(), reason })
    })
}

/// A file's text; `None` where it is none, or too long.
pub(super) fn text(tree: &Tree, entry: &Entry) -> std::io::Result<Option<String>> {
    let entry = match &entry.kind {
        Kind::Hardlink { target } => tree.get(target).unwrap_or(entry),
        _ => entry,
    };
    let mut bytes = Vec::new();
    tree.open(entry).take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(String::from_utf8(bytes).ok().filter(|text| text.len() as u64 <= LARGEST))
}
