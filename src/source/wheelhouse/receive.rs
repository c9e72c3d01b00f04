//! Takes wheels and source distributions out of the stream of a container's folder. The stream is hostile until checked.

use std::{collections::BTreeMap, io::Read, path::Path};

use fs_err as fs;

use super::{super::store::Label, Dist, Fits, WheelhouseError};
use crate::{
    names::Sha256,
    util::files::{Tee, digest_of},
};

/// Most files of one requirements set, and the largest one: a bound against a hostile container, not a limit that a
/// project meets.
const MOST: usize = 5_000;
const LARGEST: u64 = 4 << 30;

/// A file that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Its name.
    pub file: Dist,
    /// Of its bytes.
    pub sha256: Sha256,
    /// In bytes.
    pub size: u64,
}

impl Received {
    /// What the store says of it.
    #[must_use]
    pub fn label(&self) -> Label {
        Label { name: self.file.as_str().to_owned(), sha256: self.sha256.clone(), size: self.size }
    }
}

/// Says why a file must not be there.
pub type Judge<'a> = &'a dyn Fn(&Received) -> Result<(), &'static str>;

/// Writes the files of a tar stream into `folder`, which is empty: only regular files with the name of a wheel or of a
/// source distribution, directly in the stream's one folder, are taken. Sorted by name. `fits` says what was asked for.
///
/// # Errors
/// [`WheelhouseError::Foreign`] for the first file that must not be there; what was written before it is left for the
/// caller to remove.
pub fn receive(
    tar: &mut dyn Read,
    folder: &Path,
    fits: Fits<'_>,
    judge: Judge<'_>,
) -> Result<Vec<Received>, WheelhouseError> {
    let mut found: BTreeMap<Dist, Received> = BTreeMap::new();
    let mut archive = tar::Archive::new(tar);
    for entry in archive.entries()? {
        let entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let foreign = |reason| WheelhouseError::Foreign { name: path.escape_debug().to_string(), reason };
        if entry.header().entry_type().is_dir() && path.trim_matches('/').split('/').count() == 1 {
            continue;
        }
        let mut parts = path.split('/');
        let (Some(_folder), Some(name), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(foreign("which is not directly in the wheel folder"));
        };
        let name = Dist::new(name, fits).ok_or_else(|| {
            foreign("which is not a wheel's file name (PEP 427) and not that of a source distribution")
        })?;
        if !entry.header().entry_type().is_file() {
            return Err(foreign("which is not a regular file"));
        }
        if entry.size() > LARGEST || found.len() >= MOST {
            return Err(foreign("which is beyond 4 GiB or 5,000 wheels"));
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(folder.join(name.as_str()))?;
        let (sha256, size) = digest_of(&mut Tee::new(entry, &mut file))?;
        file.sync_all()?;
        let received = Received { file: name.clone(), sha256, size };
        judge(&received).map_err(foreign)?;
        found.insert(name, received);
    }
    Ok(found.into_values().collect())
}
