//! `empty`: a package without files. One that only needs others says so: it names them in `depends`, and has `contents = []`.

use crate::{
    check::finding::Finding,
    names::Concern,
    recipe::{Content, ContentKind},
    stage::{Kind, Role, Tree},
};

/// That a tree holds nothing that its contents were to bring. Folders that are asked for are something.
#[must_use]
pub fn empty(tree: &Tree, contents: &[Content], depends: &[String]) -> Option<Finding> {
    let only_needs_others = contents.is_empty() && !depends.is_empty();
    let is_asked = |content: &Content| matches!(content.kind, ContentKind::Dir | ContentKind::State);
    let is_something = tree.iter().any(|(_, entry)| entry.kind != Kind::Dir || entry.role == Role::State);
    let is_empty = !only_needs_others && !is_something && (tree.is_empty() || !contents.iter().any(is_asked));
    is_empty.then(|| Finding::new(Concern::Empty, "", "has no file of the package"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        recipe::FileInfo,
        stage::{Spool, TreePath},
        util::toml::Span,
    };

    fn content(kind: ContentKind) -> Content {
        let (src, dst) = ("/opt/x".to_owned(), "/opt/x".to_owned());
        Content { src, dst, kind, info: FileInfo::default(), optional: true, at: Span::default() }
    }

    #[test]
    fn a_package_without_files() {
        let mut tree = Tree::new(Spool::new().unwrap());
        let taken = [content(ContentKind::Files)];
        let needs = ["curl".to_owned()];
        assert!(empty(&tree, &taken, &needs).is_some(), "nothing was taken");
        assert!(empty(&tree, &[], &[]).is_some());
        assert!(empty(&tree, &[], &needs).is_none(), "it only needs others");
        tree.add_bytes(TreePath::new("opt/x/a").unwrap(), b"x", 0o644, 0, Role::Plain, "a test").unwrap();
        tree.add_parents(0).unwrap();
        assert!(empty(&tree, &taken, &[]).is_none());
        tree.remove(&TreePath::new("opt/x/a").unwrap());
        assert!(empty(&tree, &taken, &[]).is_some(), "only folders are left");
        assert!(empty(&tree, &[content(ContentKind::Dir)], &[]).is_none(), "a folder that is asked for");
    }
}
