//! Commands of `postrm purge` that empty the package's state folders.

use super::{super::FormatError, text::quote};
use crate::stage::{Kind, Role, Tree, TreePath};

/// Commands that empty the state folders. The folders themselves, and those above them, are left to dpkg: at a purge it
/// tries again to remove every empty folder that no other package has, after `postrm` has run.
pub(super) fn clear(tree: &Tree) -> Result<String, FormatError> {
    let mut folders: Vec<&TreePath> = Vec::new();
    for (path, entry) in tree.iter().filter(|(_, entry)| entry.role == Role::State) {
        if entry.kind != Kind::Dir {
            return Err(FormatError::Unsupported {
                format: "deb",
                what: format!("`/{path}` as state: it is no folder"),
            });
        }
        if is_shared(path) {
            let what = format!("`/{path}` as state: it belongs to the system, and a purge would empty it");
            return Err(FormatError::Unsupported { format: "deb", what });
        }
        // In canonical order a folder inside another one follows it.
        if !folders.last().is_some_and(|last| path.is_within(last)) {
            folders.push(path);
        }
    }
    if folders.is_empty() {
        return Ok(String::new());
    }
    let words: Vec<String> = folders.iter().map(|path| quote(&format!("/{path}"))).collect();
    Ok(format!(
        "\
for folder in {}; do
    # Not where the path leads through a symbolic link: what is there may be somebody else's.
    if [ -d \"$folder\" ] && [ \"$(readlink -f -- \"$folder\")\" = \"$folder\" ]; then
        find \"$folder\" -xdev -mindepth 1 -delete || true
    fi
done
",
        words.join(" ")
    ))
}

/// Folders of the Filesystem Hierarchy Standard that many packages share: everything at the top, and these.
fn is_shared(path: &TreePath) -> bool {
    const SHARED: [&str; 24] = [
        "etc/opt",
        "lib/systemd",
        "lib/systemd/system",
        "usr/bin",
        "usr/games",
        "usr/include",
        "usr/lib",
        "usr/lib64",
        "usr/libexec",
        "usr/lib/systemd",
        "usr/lib/systemd/system",
        "usr/local",
        "usr/sbin",
        "usr/share",
        "usr/share/doc",
        "usr/src",
        "var/cache",
        "var/lib",
        "var/local",
        "var/log",
        "var/mail",
        "var/opt",
        "var/spool",
        "var/tmp",
    ];
    path.parent().is_none() || SHARED.contains(&path.as_str())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::stage::{Entry, Owner, Spool};

    fn tree<'a>(folders: impl IntoIterator<Item = &'a str>) -> Tree {
        let mut tree = Tree::new(Spool::new().unwrap());
        for path in folders {
            let (owner, origin) = (Owner::root(), "a test".into());
            let entry = Entry { kind: Kind::Dir, mode: 0o755, owner, mtime: 0, role: Role::State, origin };
            tree.add(TreePath::new(path).unwrap(), entry).unwrap();
        }
        tree
    }

    #[test]
    fn a_purge_empties_state_but_follows_no_link() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let state = root.join("a 'quoted' folder");
        let elsewhere = root.join("elsewhere");
        for folder in [&state, &elsewhere] {
            fs_err::create_dir_all(folder.join("sub")).unwrap();
            fs_err::write(folder.join("sub/.hidden"), "x").unwrap();
        }
        fs_err::os::unix::fs::symlink(&elsewhere, state.join("out")).unwrap();
        fs_err::os::unix::fs::symlink(&elsewhere, root.join("link")).unwrap();
        let paths = [state.clone(), root.join("link"), root.join("link/sub"), root.join("missing")];
        let script = clear(&tree(paths.iter().map(|path| path.to_str().unwrap()))).unwrap();
        let shell = Command::new("sh").args(["-ec", &script, "postrm", "purge"]).output().unwrap();
        assert!(shell.status.success() && shell.stderr.is_empty());
        assert_eq!(fs_err::read_dir(&state).unwrap().count(), 0);
        assert!(elsewhere.join("sub/.hidden").exists());
    }

    #[test]
    fn a_folder_inside_another_goes_with_it() {
        let script = clear(&tree(["var/lib/x", "var/lib/x/y", "var/lib/x.d"])).unwrap();
        assert!(script.starts_with("for folder in '/var/lib/x' '/var/lib/x.d'; do\n"), "{script}");
        assert_eq!(clear(&tree([])).unwrap(), "");
    }

    #[test]
    fn what_belongs_to_the_system_is_not_emptied() {
        for shared in ["var/lib", "opt", "usr/share"] {
            assert!(clear(&tree([shared])).unwrap_err().to_string().contains("belongs to the system"), "{shared}");
        }
        let mut file = tree([]);
        file.add_bytes(TreePath::new("var/lib/x").unwrap(), b"", 0o644, 0, Role::State, "a test").unwrap();
        assert_eq!(clear(&file).unwrap_err().to_string(), "deb cannot hold `/var/lib/x` as state: it is no folder");
    }
}
