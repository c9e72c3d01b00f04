//! The small package of the tests, in the words of this format.

use std::{collections::BTreeMap, io::Cursor};

use sha2::{Digest as _, Sha256};

use super::{super::sample, Rpm};
use crate::{
    format::{Codec, Format as _, Meta},
    names::{ArchName, Scripts},
    stage::{Kind, Tree, TreePath},
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

/// What Enterprise Linux 7 takes.
pub(super) const XZ: Rpm = Rpm { codec: Codec::Xz, threads: 2, weak: true, rich: true };

/// The bytes of a package.
pub(super) fn package(rpm: Rpm, tree: &Tree, meta: &Meta) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    rpm.write(tree, meta, None, &mut out).unwrap();
    out.into_inner()
}

/// A package as a reader that is not ours reads it.
pub(super) fn parsed(bytes: &[u8]) -> rpm::Package {
    rpm::Package::parse(&mut &*bytes).unwrap()
}

/// Every entry of the tree once, with its bytes at one of its names.
pub(super) fn assert_payload(package: &rpm::Package, tree: &Tree) {
    let mut bytes_of: BTreeMap<TreePath, Vec<u8>> = BTreeMap::new();
    let mut count = 0;
    for file in package.files().unwrap() {
        let file = file.unwrap();
        let path = TreePath::new(file.metadata.path().to_str().unwrap()).unwrap();
        let entry = tree.get(&path).unwrap();
        let first = if let Kind::Hardlink { target } = &entry.kind { target.clone() } else { path };
        bytes_of.entry(first).or_default().extend(file.content().unwrap_or_default());
        count += 1;
    }
    assert_eq!(count, tree.len());
    for (path, bytes) in bytes_of {
        match &tree.get(&path).unwrap().kind {
            Kind::File { sha256, .. } => assert_eq!(Sha256::digest(&bytes)[..], sha256[..], "{path}"),
            Kind::Symlink { target } => assert_eq!(bytes, target.as_bytes()),
            _ => assert_eq!(bytes, b""),
        }
    }
}
