//! Files below `/etc` that a package ships and does not mark as configuration: an upgrade overwrites what an administrator changed
//! there (Debian policy 10.7.3; rpm does the same without `%config`).

use crate::stage::{Kind, Role, Tree};

/// What below `/etc` has its own rules: systemd has drop-ins for what changes, and its links are made and removed with the package.
const APART: [&str; 1] = ["etc/systemd/"];

/// Their paths, absolute. Scripts of init are left out, as units are; so are links, and files of another role.
#[must_use]
pub fn unmarked(tree: &Tree) -> Vec<String> {
    let is_init = |path: &str| path.starts_with("etc/init.d/") || path.starts_with("etc/rc.d/");
    let is_apart = |path: &str| APART.iter().any(|start| path.starts_with(start)) || is_init(path);
    let files = tree.iter().filter(|(path, entry)| {
        path.as_str().starts_with("etc/")
            && !is_apart(path.as_str())
            && matches!(entry.kind, Kind::File { .. } | Kind::Hardlink { .. })
            && !matches!(entry.role, Role::Config { .. })
    });
    files.map(|(path, _)| format!("/{path}")).collect()
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
            ("etc/shop/marked.conf", Role::Config { noreplace: true }),
            ("etc/systemd/system/shop.service", Role::Plain),
            ("etc/init.d/shop", Role::Plain),
            ("opt/shop/etc/x", Role::Plain),
        ] {
            tree.add_bytes(TreePath::new(path).unwrap(), b"x", 0o644, 0, role, "a test").unwrap();
        }
        assert_eq!(unmarked(&tree), ["/etc/shop/shop.conf"]);
    }
}
