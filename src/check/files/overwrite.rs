//! `overwrite`: files that a package of the distribution owns in the image. Who owns what is asked by the caller.

use std::collections::BTreeMap;

use crate::{
    check::{finding::Finding, place::names_of},
    names::Concern,
    stage::{Kind, Tree},
};

/// Those of a tree; `owners` has absolute paths, each with the package that owns it, and `is_apart` says which packages are not installed
/// beside this one or give it their files.
#[must_use]
pub fn owned(tree: &Tree, owners: &BTreeMap<String, String>, is_apart: impl Fn(&str) -> bool) -> Vec<Finding> {
    let files = tree.iter().filter(|(_, entry)| entry.kind != Kind::Dir);
    files
        .filter_map(|(path, _)| {
            let names = names_of(&format!("/{path}"));
            let owner = names.iter().find_map(|name| owners.get(name)).filter(|owner| !is_apart(owner))?;
            let what =
                format!("belongs to `{owner}` there, and the package manager does not install one over the other");
            let mend = format!("leave it out and add `{owner}` to `depends`, or say `replaces = [\"{owner}\"]`");
            Some(Finding::new(Concern::Overwrite, path.as_str(), what).mend(mend))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Role, Spool, TreePath};

    #[test]
    fn files_of_other_packages() {
        let mut tree = Tree::new(Spool::new().unwrap());
        for path in ["usr/bin/perl", "bin/tar", "usr/bin/shop", "usr/bin/less"] {
            tree.add_bytes(TreePath::new(path).unwrap(), b"x", 0o755, 0, Role::Plain, "a test").unwrap();
        }
        tree.add_parents(0).unwrap();
        let owner = |path: &str, package: &str| (path.to_owned(), package.to_owned());
        let owners = BTreeMap::from([
            owner("/usr/bin/perl", "perl-base"),
            owner("/usr/bin/tar", "tar"),
            owner("/usr/bin", "base-files"),
            owner("/bin/less", "less"),
        ]);
        let found = owned(&tree, &owners, |package| package == "less");
        let found: Vec<(&str, &str)> = found.iter().map(|one| (one.path.as_str(), one.what.as_str())).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].0 == "bin/tar" && found[0].1.contains("`tar`"), "{found:?}");
        assert!(found[1].0 == "usr/bin/perl" && found[1].1.contains("`perl-base`"), "{found:?}");
    }
}
