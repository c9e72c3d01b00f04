//! Links of a tree that lead to nothing in it. Pure: whether what they lead to is anywhere else is asked by the caller.

use std::collections::BTreeSet;

use crate::{
    check::{
        finding::Finding,
        place::{Place, find, names_of, similar},
    },
    names::Concern,
    stage::{Kind, Tree},
};

/// What is below these is made while the machine runs.
const PASSING: [&str; 6] = ["/run/", "/proc/", "/sys/", "/dev/", "/tmp/", "/var/run/"];

/// A link that leads out of the tree, or to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outward {
    /// The link's path, without a leading slash.
    pub path: String,
    /// Its target as it is written.
    pub target: String,
    /// Where that is, absolute, under any of its names.
    pub beside: Vec<String>,
    /// What the tree has under a name that is near: `, did you mean /opt/shop/bin?`; empty where it has nothing.
    pub meant: String,
}

impl Outward {
    /// That it leads to nothing anywhere.
    #[must_use]
    pub fn dangling(&self) -> Finding {
        let what = format!(
            "leads to `{}`, which is neither in the package nor where it is installed{}",
            self.target.escape_debug(),
            self.meant
        );
        Finding::new(Concern::DanglingLink, &self.path, what)
    }
}

/// The links of a tree whose targets are not in it, in the order of their paths.
#[must_use]
pub fn outward(tree: &Tree) -> Vec<Outward> {
    // A folder above a file is there, whoever ships it.
    let folders: BTreeSet<&str> = tree.iter().filter_map(|(path, _)| Some(path.as_str().rsplit_once('/')?.0)).collect();
    let is_folder = |path: &str| {
        let path = path.trim_matches('/');
        folders.contains(path)
            || folders.range(&*format!("{path}/")..).next().is_some_and(|next| next.starts_with(&format!("{path}/")))
    };
    let mut found = Vec::new();
    for (path, entry) in tree.iter() {
        let Kind::Symlink { target } = &entry.kind else { continue };
        if let Place::Beside(beside) = find(tree, &format!("/{path}"))
            && !PASSING.iter().any(|folder| format!("{beside}/").starts_with(folder))
            && !is_folder(&beside)
        {
            let (path, target) = (path.as_str().to_owned(), target.clone());
            found.push(Outward { path, target, meant: similar(tree, &beside), beside: names_of(&beside) });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Entry, Owner, Role, Spool, TreePath};

    fn tree(links: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::new(Spool::new().unwrap());
        tree.add_bytes(TreePath::new("opt/x/b/file").unwrap(), b"x", 0o755, 0, Role::Plain, "a test").unwrap();
        for (path, target) in links {
            let kind = Kind::Symlink { target: (*target).to_owned() };
            let entry =
                Entry { kind, mode: 0o777, owner: Owner::root(), mtime: 0, role: Role::Plain, origin: "a test".into() };
            tree.add(TreePath::new(path).unwrap(), entry).unwrap();
        }
        tree
    }

    #[test]
    fn only_what_leads_nowhere_is_found() {
        let tree = tree(&[
            ("opt/x/b/well", "file"),
            ("opt/x/b/twice", "/opt/x/b/well"),
            ("opt/folder", "x"),
            ("opt/other", "/opt/x/b"),
            ("opt/x/b/typo", "fil"),
            ("usr/bin/sh2", "/bin/sh"),
            ("opt/log", "/run/a/log"),
            ("opt/ring", "ring"),
        ]);
        assert_eq!(outward(&tree)[1].meant, ", did you mean /opt/x/b/file?");
        let found: Vec<_> = outward(&tree).into_iter().map(|one| (one.path, one.beside)).collect();
        let expected = [
            ("opt/ring", vec!["/opt/ring"]),
            ("opt/x/b/typo", vec!["/opt/x/b/fil"]),
            ("usr/bin/sh2", vec!["/bin/sh", "/usr/bin/sh"]),
        ];
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((path, beside), (want, all)) in found.iter().zip(&expected) {
            assert_eq!((path.as_str(), beside.iter().map(String::as_str).collect::<Vec<_>>()), (*want, all.clone()));
        }
    }
}
