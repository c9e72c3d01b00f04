//! Links of a package at what a unit names, or that lead there: one whose `src` and `dst` were exchanged leads to what is not there.

use crate::{
    check::place::{Place, find},
    stage::{Kind, Tree, TreePath},
};

/// A link that has to do with a path that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    /// Where it is, with a slash.
    place: String,
    /// What it leads to, as it is written.
    target: String,
    /// Whether it is at the path that is looked for; else it leads there.
    is_at_path: bool,
}

/// The link at a path that is not there, or the first one that leads there.
pub(super) fn of(tree: &Tree, path: &str) -> Option<Link> {
    let target_of = |path: &TreePath| match &tree.get(path)?.kind {
        Kind::Symlink { target } => Some(target.clone()),
        _ => None,
    };
    let own = TreePath::new(path).ok().filter(|_| path.starts_with('/'));
    if let Some(target) = own.as_ref().and_then(target_of) {
        return Some(Link { place: path.to_owned(), target, is_at_path: true });
    }
    let mut links = tree.iter().filter_map(|(at, entry)| match &entry.kind {
        Kind::Symlink { target } => Some((at, target)),
        _ => None,
    });
    let leads_there = |at: &TreePath| matches!(find(tree, &format!("/{at}")), Place::Beside(beside) if beside == path);
    let (at, target) = links.find(|(at, _)| leads_there(at))?;
    Some(Link { place: format!("/{at}"), target: target.clone(), is_at_path: false })
}

impl Link {
    /// What is wrong, behind what a unit says.
    pub(super) fn reason(&self, subject: &str) -> String {
        let Self { place, target, is_at_path } = self;
        if *is_at_path {
            return format!("{subject} is a link to {target}, which is neither in the package nor in the image");
        }
        format!("{subject} is neither in the package nor in the image, and the link {place} leads there")
    }

    /// What to do about it.
    pub(super) fn mend(&self) -> String {
        let Self { place, target, is_at_path } = self;
        let swapped = format!("`src = {place:?}, dst = {target:?}`");
        if *is_at_path {
            format!(
                "a link is made at `dst` and leads to `src`: if it was meant the other way round, write {swapped}; else ship what it leads to"
            )
        } else {
            format!(
                "a link is made at `dst` and leads to `src`: write {swapped} where it was meant the other way round"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Entry, Owner, Role, Spool};

    #[test]
    fn links_of_two_directions() {
        let mut tree = Tree::new(Spool::new().unwrap());
        for (path, target) in [("opt/shop/run", "/usr/bin/shop"), ("usr/bin/till", "../../opt/till/run")] {
            let kind = Kind::Symlink { target: target.to_owned() };
            let entry =
                Entry { kind, mode: 0o777, owner: Owner::root(), mtime: 0, role: Role::Plain, origin: "a test".into() };
            tree.add(TreePath::new(path).unwrap(), entry).unwrap();
        }
        let there = of(&tree, "/usr/bin/shop").unwrap();
        assert!(there.mend().contains("`src = \"/opt/shop/run\", dst = \"/usr/bin/shop\"`"), "{}", there.mend());
        assert!(there.reason("ExecStart=/usr/bin/shop").ends_with("and the link /opt/shop/run leads there"));
        let at = of(&tree, "/usr/bin/till").unwrap();
        assert!(at.reason("ExecStart=/usr/bin/till").contains("is a link to ../../opt/till/run, which is neither"));
        assert_eq!(of(&tree, "/opt/till/run").unwrap().place, "/usr/bin/till");
        assert_eq!(of(&tree, "/usr/bin/other"), None);
        assert_eq!(of(&tree, "shop"), None);
    }
}
