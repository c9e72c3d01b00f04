//! The small package of the tests, in the words of this format.

use super::super::sample;
use crate::{
    format::Meta,
    names::{ArchName, Scripts},
    stage::{Tree, TreePath},
};

/// What the package says of itself.
pub(in crate::format) fn meta() -> Meta {
    let mut meta = Meta {
        revision: "1.el7".to_owned(),
        arch: ArchName::new("noarch").unwrap(),
        depends: vec!["python3 >= 3.6".to_owned(), "sudo".to_owned()],
        scripts: Scripts {
            postinstall: "if [ \"$1\" -eq 1 ]; then\n    : ready\nfi".to_owned(),
            preremove: "if [ \"$1\" -eq 0 ]; then\n    : going\nfi".to_owned(),
            ..Scripts::default()
        },
        ..sample::meta()
    };
    meta.changelog[0].version = "2.5.11-1.el7".to_owned();
    meta
}

/// Its files, without the folders above them.
pub(in crate::format) fn tree() -> Tree {
    let old = sample::tree();
    let mut tree = Tree::new(old.spool().clone());
    for (path, entry) in old.iter() {
        let path = TreePath::new(&path.as_str().replace("lib/systemd/system/", "usr/lib/systemd/system/")).unwrap();
        tree.add(path, entry.clone()).unwrap();
    }
    tree
}
