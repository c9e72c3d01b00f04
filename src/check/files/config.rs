//! Files below `/etc` that a package ships and does not mark as configuration: an upgrade overwrites what an administrator changed
//! there (Debian policy 10.7.3; rpm does the same without `%config`).

use crate::{
    check::finding::Finding,
    names::Concern,
    recipe::{Content, ContentKind},
    stage::{Kind, Role, Tree},
};

/// What below `/etc` has its own rules: systemd has drop-ins for what changes, and its links are made and removed with the package.
const APART: [&str; 1] = ["etc/systemd/"];

/// Those of a tree. Scripts of init are left out, as units are; so are links, and files of another role.
#[must_use]
pub fn unmarked(tree: &Tree, contents: &[Content]) -> Vec<Finding> {
    let is_init = |path: &str| path.starts_with("etc/init.d/") || path.starts_with("etc/rc.d/");
    let is_apart = |path: &str| APART.iter().any(|start| path.starts_with(start)) || is_init(path);
    let files = tree.iter().filter(|(path, entry)| {
        path.as_str().starts_with("etc/")
            && !is_apart(path.as_str())
            && matches!(entry.kind, Kind::File { .. } | Kind::Hardlink { .. })
            && !matches!(entry.role, Role::Config { .. })
    });
    files.map(|(path, _)| finding(path.as_str(), contents)).collect()
}

fn finding(path: &str, contents: &[Content]) -> Finding {
    let what = "is no configuration to the package manager: an upgrade overwrites what an administrator changed (Debian policy 10.7)";
    Finding::new(Concern::UnmarkedConfig, path, what).mend(format!("write {}", entry(path, contents)))
}

/// What to write: where an entry brings the file from the project, that one has the type.
fn entry(path: &str, contents: &[Content]) -> String {
    let path = format!("/{path}");
    let ours = contents.iter().rfind(|one| {
        one.is_of_project()
            && path
                .strip_prefix(&one.dst)
                .is_some_and(|rest| rest.is_empty() || one.dst.ends_with('/') || rest.starts_with('/'))
    });
    match ours {
        Some(Content { kind: ContentKind::Tree, src, .. }) => {
            format!("`{{ src = \"{}{path}\", type = \"config\" }}` in `contents`", src.trim_end_matches('.'))
        }
        Some(entry) => format!("`type = \"config\"` in the entry of `{}`", entry.src),
        None => format!("`{{ src = \"{path}\", type = \"config\" }}` in `contents`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Spool, TreePath};

    #[test]
    fn configuration_that_an_upgrade_overwrites() {
        let mut tree = Tree::new(Spool::new().unwrap());
        for (path, role) in [
            ("etc/shop/shop.conf", Role::Plain),
            ("etc/shop/marked.conf", Role::Config { noreplace: true, missingok: false }),
            ("etc/systemd/system/shop.service", Role::Plain),
            ("etc/init.d/shop", Role::Plain),
            ("opt/shop/etc/x", Role::Plain),
        ] {
            tree.add_bytes(TreePath::new(path).unwrap(), b"x", 0o644, 0, role, "a test").unwrap();
        }
        let found = unmarked(&tree, &[]);
        assert_eq!(found.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), ["etc/shop/shop.conf"]);
        let advice = "write `{ src = \"/etc/shop/shop.conf\", type = \"config\" }` in `contents`";
        assert_eq!(found[0].advice.as_deref(), Some(advice));
    }
}
