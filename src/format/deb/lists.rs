//! `conffiles` and `md5sums`: the two lists of paths in `control.tar`.

use std::{fmt::Write as _, io::Read as _};

use md5::{Digest as _, Md5};

use super::super::FormatError;
use crate::stage::{Entry, Kind, Role, Tree};

/// The configuration files, absolute, one a line (deb-conffiles(5)), in canonical order. A folder with that role is
/// only a folder.
///
/// # Errors
/// dpkg takes regular files of one name only, and trims blanks off the paths.
pub(super) fn conffiles(tree: &Tree) -> Result<String, FormatError> {
    let unsupported = |what| Err(FormatError::Unsupported { format: "deb", what });
    let mut list = String::new();
    for (path, entry) in tree.iter() {
        match &entry.kind {
            Kind::Hardlink { target } if is_config(entry) || tree.get(target).is_some_and(is_config) => {
                return unsupported(format!("the configuration file `/{path}`, which is the same file as `/{target}`"));
            }
            _ if !is_config(entry) || entry.kind == Kind::Dir => {}
            Kind::Symlink { .. } => return unsupported(format!("the symbolic link `/{path}` as a configuration file")),
            _ if path.as_str().ends_with(char::is_whitespace) => {
                return unsupported(format!("the configuration file `/{path}`, whose name ends in a blank"));
            }
            _ => {
                let _ = writeln!(list, "/{path}");
            }
        }
    }
    Ok(list)
}

/// The MD5 of every file that is no configuration file, further names included (deb-md5sums(5)): for `dpkg --verify`
/// and debsums, which look for damage, not for attackers. Reads all contents once.
///
/// # Errors
/// When the spool cannot be read.
pub(super) fn md5sums(tree: &Tree) -> Result<String, FormatError> {
    let mut list = String::new();
    let mut of_links = std::collections::HashMap::new();
    let linked: std::collections::HashSet<_> = tree
        .iter()
        .filter_map(|(_, entry)| match &entry.kind {
            Kind::Hardlink { target } => Some(target.clone()),
            _ => None,
        })
        .collect();
    for (path, entry) in tree.iter().filter(|(_, entry)| !is_config(entry)) {
        let sum = match &entry.kind {
            Kind::File { .. } => md5(tree, entry)?,
            Kind::Hardlink { target } => of_links.get(target).cloned().unwrap_or_default(),
            Kind::Dir | Kind::Symlink { .. } => continue,
        };
        let _ = writeln!(list, "{sum}  {path}");
        if linked.contains(path) {
            of_links.insert(path.clone(), sum);
        }
    }
    Ok(list)
}

fn is_config(entry: &Entry) -> bool {
    matches!(entry.role, Role::Config { .. })
}

fn md5(tree: &Tree, entry: &Entry) -> Result<String, FormatError> {
    let mut hash = Md5::new();
    let mut content = tree.open(entry);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok(hex::encode(hash.finalize())),
            got => hash.update(&buffer[..got]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Owner, Spool, TreePath};

    const CONFIG: Role = Role::Config { noreplace: true, missingok: false };

    fn tree(entries: &[(&str, Kind, Role)]) -> Tree {
        let mut tree = Tree::new(Spool::new().unwrap());
        for (path, kind, role) in entries {
            let entry = Entry {
                kind: kind.clone(),
                mode: 0o644,
                owner: Owner::root(),
                mtime: 0,
                role: *role,
                origin: "a test".into(),
            };
            tree.add(TreePath::new(path).unwrap(), entry).unwrap();
        }
        tree
    }

    fn file() -> Kind {
        Kind::File { offset: 0, size: 0, sha256: [0; 32] }
    }

    fn link(target: &str) -> Kind {
        Kind::Hardlink { target: TreePath::new(target).unwrap() }
    }

    #[test]
    fn conffiles_are_files() {
        let etc = [("etc/x", Kind::Dir, CONFIG), ("etc/x/b", file(), CONFIG), ("etc/x/a c", file(), CONFIG)];
        assert_eq!(conffiles(&tree(&etc)).unwrap(), "/etc/x/a c\n/etc/x/b\n");
        let symlink = Kind::Symlink { target: "b".to_owned() };
        let refused = |entries: &[_]| conffiles(&tree(entries)).unwrap_err().to_string();
        assert_eq!(
            refused(&[("a", symlink, CONFIG)]),
            "deb cannot hold the symbolic link `/a` as a configuration file"
        );
        assert!(refused(&[("a", file(), Role::Plain), ("b", link("a"), CONFIG)]).contains("same file"));
        assert!(refused(&[("a", file(), CONFIG), ("b", link("a"), Role::Plain)]).contains("same file"));
        assert!(refused(&[("a ", file(), CONFIG)]).contains("blank"));
    }

    #[test]
    fn further_names_have_the_sum_of_the_file() {
        let list = md5sums(&tree(&[("a", file(), Role::Plain), ("b", link("a"), Role::Plain), ("c", file(), CONFIG)]));
        let empty = "d41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(list.unwrap(), format!("{empty}  a\n{empty}  b\n"));
    }
}
