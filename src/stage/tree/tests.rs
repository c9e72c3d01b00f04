//! What a tree keeps true.

use super::*;

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

fn tree_of(files: &[(&str, Kind)]) -> Tree {
    let mut tree = Tree::new(Spool::new().unwrap());
    for (name, kind) in files {
        let entry = Entry {
            kind: kind.clone(),
            mode: 0o755,
            owner: Owner::root(),
            mtime: 0,
            role: Role::Plain,
            origin: "a test".into(),
        };
        tree.add(path(name), entry).unwrap();
    }
    tree
}

fn file() -> Kind {
    Kind::File { offset: 0, size: 0, sha256: [0; 32] }
}

fn link(target: &str) -> Kind {
    Kind::Hardlink { target: path(target) }
}

#[test]
fn only_folders_have_something_below_them() {
    let symlink = Kind::Symlink { target: "/etc".to_owned() };
    assert!(tree_of(&[("a", Kind::Dir), ("a/b", file()), ("a.b", file())]).check().is_ok());
    for kind in [file(), symlink] {
        let error = tree_of(&[("a", kind), ("a/b/c", file())]).check().unwrap_err();
        assert_eq!(error.to_string(), "`/a/b/c` cannot be there, because `/a` (from a test) is not a folder");
    }
}

#[test]
fn a_hard_link_names_an_earlier_file() {
    assert!(tree_of(&[("a", file()), ("b", link("a"))]).check().is_ok());
    assert!(tree_of(&[("a", link("b")), ("b", file())]).check().is_err());
    assert!(tree_of(&[("a", Kind::Dir), ("b", link("a"))]).check().is_err());
    assert!(tree_of(&[("b", link("a"))]).check().is_err());
}

#[test]
fn the_first_name_becomes_the_file() {
    let mut tree = tree_of(&[("a", link("m")), ("m", file()), ("z", link("m")), ("lost", link("no"))]);
    tree.settle_links();
    let kind = |name| tree.get(&path(name)).unwrap().kind.clone();
    assert_eq!([kind("a"), kind("m"), kind("z"), kind("lost")], [file(), link("a"), link("a"), link("no")]);
}

#[test]
fn a_further_name_inherits_the_content() {
    let mut tree = tree_of(&[("a", file()), ("b", link("a")), ("c", link("a"))]);
    tree.retain(|path, _| path.as_str() != "a");
    assert_eq!(tree.get(&path("b")).unwrap().kind, file());
    assert_eq!(tree.get(&path("c")).unwrap().kind, link("b"));
    tree.remove(&path("b"));
    assert_eq!(tree.get(&path("c")).unwrap().kind, file());
}

#[test]
fn a_merge_takes_all_or_nothing() {
    let mut tree = tree_of(&[("a", Kind::Dir), ("a/x", file())]);
    let mut clash = Tree::new(tree.spool().clone());
    clash.add_bytes(path("a/w"), b"", 0o644, 0, Role::Plain, "two").unwrap();
    clash.add_bytes(path("a/x"), b"", 0o644, 0, Role::Plain, "two").unwrap();
    let error = tree.merge(clash).unwrap_err();
    assert_eq!(error.to_string(), "`/a/x` comes from both a test and two");
    assert_eq!(tree.len(), 2);
    assert!(matches!(tree.merge(tree_of(&[])), Err(TreeError::Spools)));
}

#[test]
fn only_so_many_folders_are_implied() {
    let mut tree = tree_of(&[("a/b/c", file()), ("a/b/d", file()), ("e/f/g", file())]);
    assert!(matches!(tree.clone().add_parents_within(0, 3), Err(TreeError::Implied { most: 3, .. })));
    tree.add_parents_within(0, 4).unwrap();
    let all: Vec<&str> = tree.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(all, ["a", "a/b", "a/b/c", "a/b/d", "e", "e/f", "e/f/g"]);
}
