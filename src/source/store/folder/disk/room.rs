//! How much the store in a folder holds: beyond its limit, what was not used for longest goes first.

use std::{
    io,
    path::{Path, PathBuf},
    sync::PoisonError,
    time::{Duration, SystemTime},
};

use fs_err as fs;

use super::{
    super::super::{
        marker,
        shape::{self, ENTRY},
    },
    Disk,
};
use crate::util::files::TEMPORARY;

/// After so long, what a killed process was writing is removed: no file takes a day to write.
const ABANDONED: Duration = Duration::from_hours(24);

/// An entry that is there.
struct Place {
    path: PathBuf,
    used: SystemTime,
    size: u64,
}

impl Disk {
    /// Counts what was added, and makes room when it is too much.
    pub(super) fn account(&self, added: u64) -> io::Result<()> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let total = if let Some(before) = *kept {
            before.saturating_add(added)
        } else {
            sweep_abandoned(&self.root)?;
            places(&self.root).iter().map(|place| place.size).sum()
        };
        *kept = Some(if total > self.limit { self.make_room()? } else { total });
        Ok(())
    }

    /// Drops what was not used for longest until the rest fits; gives the bytes of the rest.
    fn make_room(&self) -> io::Result<u64> {
        let mut places = places(&self.root);
        places.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
        let mut total: u64 = places.iter().map(|place| place.size).sum();
        for place in &places {
            if total <= self.limit {
                break;
            }
            let (Some(above), Some(name)) = (place.path.parent(), place.path.file_name()) else { continue };
            self.drop_entry(&marker::open(above)?, &name.to_string_lossy())?;
            total -= place.size;
        }
        Ok(total)
    }
}

/// Every entry that is there.
fn places(root: &Path) -> Vec<Place> {
    let mut found = Vec::new();
    let walked = shape::walk(root, &mut |folder, above, name| {
        let path = root.join(above).join(name);
        let used = fs::symlink_metadata(path.join(ENTRY)).and_then(|meta| meta.modified());
        if let Ok(entry) = marker::open_in(folder, name) {
            let (used, size) = (used.unwrap_or(SystemTime::UNIX_EPOCH), shape::content_size(&entry));
            found.push(Place { path, used, size });
        }
        Ok(())
    });
    // One that cannot be read holds nothing that could be dropped.
    let _ = walked;
    found
}

/// Removes what killed processes were writing long ago. What others are writing now stays.
fn sweep_abandoned(root: &Path) -> io::Result<()> {
    if shape::claim(root)? != marker::Claim::Ours {
        return Ok(());
    }
    let folder = marker::open(root)?;
    let now = tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(root)?;
    let now = fs::metadata(now.path())?.modified()?;
    for entry in fs::read_dir(root)?.flatten() {
        let is_temporary = entry.file_name().to_string_lossy().starts_with(TEMPORARY);
        let written = entry.metadata().and_then(|meta| meta.modified());
        let old = written.is_ok_and(|written| now.duration_since(written).is_ok_and(|age| age > ABANDONED));
        if is_temporary && old {
            // One that cannot be removed does no harm.
            let _ = shape::remove_entry(&folder, &entry.file_name().to_string_lossy());
        }
    }
    Ok(())
}
