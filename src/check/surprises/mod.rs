//! What is not shipped on purpose: private keys, and rights that make a file dangerous to whoever installs it.

mod capabilities;
mod private_key;
mod rights;

use std::io::Read as _;

use super::finding::Finding;
use crate::{
    format::foreign::{Foreign, Item, ItemKind},
    sign::{LOOKED_AT, RsaKey},
    stage::{Kind, Tree},
};

pub use capabilities::lost as lost_capabilities;
pub use private_key::of_bytes;
pub use rights::of_mode;

/// What is in a tree. `key` is the one that signs it: it must not be in there, whatever the recipe allows.
///
/// # Errors
/// When the spool cannot be read.
pub fn in_tree(tree: &Tree, key: Option<&RsaKey>) -> std::io::Result<Vec<Finding>> {
    let mut found = Vec::new();
    for (path, entry) in tree.iter() {
        let is_file = matches!(entry.kind, Kind::File { .. } | Kind::Hardlink { .. });
        if is_file || entry.kind == Kind::Dir {
            found.extend(of_mode(path.as_str(), entry.mode, entry.kind == Kind::Dir));
        }
        if matches!(entry.kind, Kind::File { .. }) {
            let mut start = Vec::new();
            tree.open(entry).take(LOOKED_AT).read_to_end(&mut start)?;
            found.extend(of_bytes(path.as_str(), &start, key));
        }
    }
    Ok(found)
}

/// What is in a package that somebody else built.
#[must_use]
pub fn in_package(package: &Foreign) -> Vec<Finding> {
    let of_item = |item: &Item| match item.kind {
        ItemKind::Symlink { .. } => Vec::new(),
        _ => of_mode(item.path.as_str(), item.mode, item.kind == ItemKind::Dir),
    };
    let of_modes = package.files.iter().flat_map(of_item);
    let keys = package.keys.iter().map(|(path, what)| private_key::found(path.as_str(), what));
    let capabilities = package.capabilities.iter().map(capabilities::brought);
    of_modes.chain(keys).chain(capabilities).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sign::{Bits, Made},
        stage::{Role, Spool, TreePath},
    };

    #[test]
    fn everything_is_found() {
        let made = Made::new(Bits::B2048).unwrap();
        let mut tree = Tree::new(Spool::new().unwrap());
        let mut add = |path: &str, bytes: &[u8], mode| {
            tree.add_bytes(TreePath::new(path).unwrap(), bytes, mode, 0, Role::Plain, "a test").unwrap();
        };
        add("opt/x/key.pem", made.to_pkcs1().as_bytes(), 0o600);
        add("opt/x/su", b"", 0o6755);
        add("opt/x/open", b"", 0o666);
        add("opt/x/plain", b"", 0o644);
        let found = in_tree(&tree, None).unwrap();
        let found: Vec<_> = found.iter().map(|one| (one.path.as_str(), one.what.as_str())).collect();
        let expected = [
            ("opt/x/key.pem", "is a private key"),
            ("opt/x/open", "can be written by everybody, mode 0666"),
            ("opt/x/su", "runs as its owner, mode 6755"),
            ("opt/x/su", "runs as its group, mode 6755"),
        ];
        assert_eq!(found, expected);
        let key = made.key().unwrap();
        let found = in_tree(&tree, Some(&key)).unwrap();
        assert_eq!((found[0].concern, found[0].what.as_str()), (None, "is the key that signs the package"));
        assert!(found[0].advice.as_ref().is_some_and(|advice| advice.contains("could sign as you do")));
    }
}
