//! `usr-merge`: two files of a package that are one where `/bin` and the like lead into `/usr` (Debian 12, every rpm platform).

use crate::{
    check::{finding::Finding, place::names_of},
    names::Concern,
    stage::{Kind, Tree, TreePath},
};

/// Those of a tree, each under its name outside of `/usr`.
#[must_use]
pub fn clashes(tree: &Tree) -> Vec<Finding> {
    let outside = tree.iter().filter(|(path, entry)| !path.as_str().starts_with("usr/") && entry.kind != Kind::Dir);
    outside
        .filter_map(|(path, _)| {
            let twin = names_of(&format!("/{path}")).into_iter().nth(1)?;
            let other = tree.get(&TreePath::new(&twin).ok()?)?;
            let what =
                || format!("is `{twin}` of the same package where `/usr` is merged: one is unpacked over the other");
            (other.kind != Kind::Dir).then(|| Finding::new(Concern::UsrMerge, path.as_str(), what()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Role, Spool};

    #[test]
    fn one_file_under_two_names() {
        let mut tree = Tree::new(Spool::new().unwrap());
        for path in ["bin/x", "usr/bin/x", "lib/systemd/system/a.service", "usr/lib/b", "sbin/y", "usr/bin/y"] {
            tree.add_bytes(TreePath::new(path).unwrap(), b"x", 0o755, 0, Role::Plain, "a test").unwrap();
        }
        tree.add_parents(0).unwrap();
        let found = clashes(&tree);
        assert_eq!(found.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), ["bin/x"]);
    }
}
