//! Files that a format adds to a package itself.

use sha2::Digest as _;

use super::FormatError;
use crate::stage::{Kind, Role, Tree, TreePath};

/// Adds a file of ours, unless the very same is there.
pub(super) fn add_own(data: &mut Tree, path: &str, bytes: &[u8], role: Role, epoch: i64) -> Result<(), FormatError> {
    let path = TreePath::new(path)?;
    match data.get(&path) {
        None => Ok(data.add_bytes(path, bytes, 0o644, epoch, role, "factory")?),
        Some(entry) => match entry.kind {
            Kind::File { sha256, .. } if sha256[..] == sha2::Sha256::digest(bytes)[..] => Ok(()),
            _ => Err(FormatError::Taken { path, origin: entry.origin.to_string() }),
        },
    }
}
