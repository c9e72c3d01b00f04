//! The folders that rpm's `%doc` and `%license` make for a package: `/usr/share/doc/<name>`, `/usr/share/licenses/<name>`.
//! What belongs to no package stays when all are gone; so a package whose documents lie there also brings the folders,
//! as rpmbuild does. Several packages may: they are root's, with mode 0755, in all of them.

use std::collections::BTreeSet;

use crate::stage::{Entry, Kind, Owner, Role, Tree, TreeError, TreePath};

const PLACES: [&str; 2] = ["usr/share/doc/", "usr/share/licenses/"];

/// Adds the folders above documents and licences that the tree does not have.
///
/// # Errors
/// [`TreeError`] where the tree does not hold together.
pub(super) fn add_folders(tree: &mut Tree, epoch: i64) -> Result<(), TreeError> {
    let documents = tree.iter().filter(|(_, entry)| matches!(entry.role, Role::Doc | Role::License));
    let above = documents.flat_map(|(path, _)| path.ancestors().collect::<Vec<_>>());
    let is_missing =
        |path: &TreePath| PLACES.iter().any(|place| path.as_str().starts_with(place)) && tree.get(path).is_none();
    let missing: BTreeSet<TreePath> = above.filter(is_missing).collect();
    for path in missing {
        let owner = Owner::root();
        let entry =
            Entry { kind: Kind::Dir, mode: 0o755, owner, mtime: epoch, role: Role::Plain, origin: "factory".into() };
        tree.add(path, entry)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Spool;

    #[test]
    fn documents_bring_their_folders() {
        let mut tree = Tree::new(Spool::new().unwrap());
        for (path, role) in [
            ("usr/share/doc/a/deep/README", Role::Doc),
            ("usr/share/licenses/a/LICENSE", Role::License),
            ("opt/a/README", Role::Doc),
            ("usr/share/doc/b/plain", Role::Plain),
        ] {
            tree.add_bytes(TreePath::new(path).unwrap(), b"", 0o644, 1, role, "a test").unwrap();
        }
        let own = Owner { user: "a".to_owned(), group: "a".to_owned() };
        let given =
            Entry { kind: Kind::Dir, mode: 0o700, owner: own, mtime: 1, role: Role::Plain, origin: "a test".into() };
        let deep = TreePath::new("usr/share/doc/a/deep").unwrap();
        tree.add(deep.clone(), given.clone()).unwrap();
        add_folders(&mut tree, 7).unwrap();
        let folders = tree.iter().filter(|(_, entry)| entry.kind == Kind::Dir);
        let folders: Vec<_> = folders.map(|(path, entry)| (path.as_str(), entry.mode, entry.mtime)).collect();
        let made =
            [("usr/share/doc/a", 0o755, 7), ("usr/share/doc/a/deep", 0o700, 1), ("usr/share/licenses/a", 0o755, 7)];
        assert_eq!(folders, made);
        assert_eq!(tree.get(&deep), Some(&given), "what the recipe says stays");
    }
}
