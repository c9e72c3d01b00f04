//! What nobody ships on purpose: private keys, and rights that make a file dangerous to whoever installs it. The recipe may
//! allow each, with a reason; all are said at once, and so is what the recipe allows and nothing has.

use std::io::Read as _;

use super::{Finding, Paths};
use crate::{
    format::foreign::{Foreign, ItemKind},
    names::Concern,
    sign::{LOOKED_AT, RsaKey, holds, private_key},
    stage::{Kind, Tree, TreePath},
    util::pattern,
};

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

/// What is in the beginning of a file.
#[must_use]
pub fn of_bytes(path: &str, start: &[u8], key: Option<&RsaKey>) -> Option<Finding> {
    if key.is_some_and(|key| holds(start, key)) {
        let what = "the key that signs the package".to_owned();
        return Some(Finding { concern: None, path: path.to_owned(), what, from: None });
    }
    private_key(start).map(|what| Finding::new(Concern::PrivateKey, path, what))
}

/// What the rights of a file or folder allow. A folder with its sticky bit is one as `/tmp`.
#[must_use]
pub fn of_mode(path: &str, mode: u32, is_dir: bool) -> Vec<Finding> {
    let all = [
        (Concern::Setuid, !is_dir && mode & 0o4000 != 0, "runs as its owner"),
        (Concern::Setgid, !is_dir && mode & 0o2000 != 0, "runs as its group"),
        (Concern::WorldWritable, mode & 0o002 != 0 && !(is_dir && mode & 0o1000 != 0), "everybody may write it"),
    ];
    let found = all.into_iter().filter(|(_, is_so, _)| *is_so);
    found.map(|(concern, _, what)| Finding::new(concern, path, format!("{what}, mode {mode:04o}"))).collect()
}

/// What is in a package that somebody else built.
#[must_use]
pub fn in_package(package: &Foreign) -> Vec<Finding> {
    let of_item = |item: &crate::format::foreign::Item| match item.kind {
        ItemKind::Symlink { .. } => Vec::new(),
        _ => of_mode(item.path.as_str(), item.mode, item.kind == ItemKind::Dir),
    };
    let of_modes = package.files.iter().flat_map(of_item);
    let keys = package.keys.iter().map(|(path, what)| Finding::new(Concern::PrivateKey, path.as_str(), *what));
    let capabilities = package
        .capabilities
        .iter()
        .map(|path| Finding::new(Concern::Capabilities, path.as_str(), "has file capabilities"));
    of_modes.chain(keys).chain(capabilities).collect()
}

/// Files whose capabilities the package will not have.
pub fn lost_capabilities<'p>(paths: impl IntoIterator<Item = &'p TreePath>) -> impl Iterator<Item = Finding> {
    let what = "has file capabilities, which a package loses: set them in `scripts.postinstall`";
    paths.into_iter().map(move |path| Finding::new(Concern::Capabilities, path.as_str(), what))
}

/// What to do about the first of them.
pub(super) fn help(first: &Finding, paths: Paths) -> String {
    let Some(concern) = first.concern else {
        return "leave it out: whoever has the package could sign as you do. A key that was shipped is to be replaced"
            .to_owned();
    };
    let out = match (paths, &first.from) {
        (Paths::Absolute, None) => {
            let src = paths.shown(&pattern::escaped(&first.path));
            format!("leave it out: `{{ src = \"{src}\", type = \"exclude\" }}` in `contents`; or")
        }
        (_, Some(_)) | (Paths::Relative, _) => "leave it out, or".to_owned(),
    };
    format!("{out} say in the recipe why it is meant: {}", paths.allow(concern, &first.path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sign::{Bits, Made},
        stage::{Role, Spool},
    };

    fn tree() -> (Tree, Made) {
        let made = Made::new(Bits::B2048).unwrap();
        let mut tree = Tree::new(Spool::new().unwrap());
        let mut add = |path: &str, bytes: &[u8], mode| {
            tree.add_bytes(TreePath::new(path).unwrap(), bytes, mode, 0, Role::Plain, "a test").unwrap();
        };
        add("opt/x/key.pem", made.to_pkcs1().as_bytes(), 0o600);
        add("opt/x/su", b"", 0o6755);
        add("opt/x/open", b"", 0o666);
        add("opt/x/plain", b"", 0o644);
        (tree, made)
    }

    #[test]
    fn everything_is_found() {
        let (tree, made) = tree();
        let found = in_tree(&tree, None).unwrap();
        let found: Vec<_> = found.iter().map(|one| (one.path.as_str(), one.what.as_str())).collect();
        let expected = [
            ("opt/x/key.pem", "a private key"),
            ("opt/x/open", "everybody may write it, mode 0666"),
            ("opt/x/su", "runs as its owner, mode 6755"),
            ("opt/x/su", "runs as its group, mode 6755"),
        ];
        assert_eq!(found, expected);
        let key = made.key().unwrap();
        let found = in_tree(&tree, Some(&key)).unwrap();
        assert_eq!((found[0].concern, found[0].what.as_str()), (None, "the key that signs the package"));
        assert!(help(&found[0], Paths::Relative).contains("could sign as you do"));
    }

    #[test]
    fn folders_as_tmp_are_meant() {
        assert_eq!(of_mode("var/x", 0o1777, true), []);
        assert_eq!(of_mode("var/x", 0o2775, true), []);
        assert_eq!(of_mode("var/x", 0o777, true).len(), 1);
    }
}
