//! What others' tools write is read, and what no tool writes is refused.

mod debs;
mod hostile;
mod rpms;

use super::{Foreign, ForeignError, ItemKind};
use crate::stage::Limits;

fn read(bytes: &[u8]) -> Result<Foreign, ForeignError> {
    super::read(bytes, bytes.len() as u64, &Limits::default())
}

fn refused(bytes: &[u8]) -> String {
    match read(bytes) {
        Ok(read) => panic!("taken: {read:?}"),
        Err(error) => error.to_string(),
    }
}

/// `mode user:group path what` of everything, configuration marked.
fn listing(package: &Foreign) -> Vec<String> {
    let line = |item: &super::Item| {
        let what = match &item.kind {
            ItemKind::Dir => "/".to_owned(),
            ItemKind::File { size, sha256 } => format!(" {size} {}", hex::encode(&sha256[..4])),
            ItemKind::Symlink { target } => format!(" -> {target}"),
        };
        let config = if item.config { " config" } else { "" };
        format!("{:o} {}:{} {}{what}{config}", item.mode, item.owner.user, item.owner.group, item.path)
    };
    package.files.iter().map(line).collect()
}

#[test]
fn formats_are_known_by_name_and_by_magic() {
    use super::PackageFormat::{Deb, Rpm};
    let named = |name| super::PackageFormat::of_file(name).map(|(format, _)| format);
    assert_eq!((named("a_1_all.deb"), named("a-1-1.noarch.rpm")), (Some(Deb), Some(Rpm)));
    for other in ["deb", ".deb", "a.udeb", "a.deb.asc", "a.changes", "a.DEB", ""] {
        assert_eq!(named(other), None, "{other}");
    }
    assert_eq!(super::of_magic(b"!<arch>\ndebian-binary").map(|(format, _)| format), Some(Deb));
    assert_eq!(refused(b"PK\x03\x04 not one of ours"), "it is neither a Debian nor an rpm package");
    assert_eq!(refused(b"!<a"), "it ends early: it was cut off");
}
