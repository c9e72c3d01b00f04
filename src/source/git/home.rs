//! Whether a store of sources was made where it is. A checkout or a mirror that came with a clone has a commit's name, and may
//! hold anything: nothing of it is believed. What tells is the inode of the store's folder and when it was made, which no clone and
//! no archive can bring along.

use std::{io, path::Path};

use fs_err as fs;

use crate::util::{
    folder::{Folder, Links},
    here,
};

/// The file in a store that says where it was made.
const NAME: &str = "here";

/// What is in a store beside what was fetched: its lock.
const LOCK: &str = "lock";

/// Takes away everything in a store that was not made where it is; says whether there was something. No other process may be at work
/// in it. A store that was copied is fetched again; one that was moved on its file system is not.
///
/// # Errors
/// When it cannot be read or written.
pub fn settle(store: &Path) -> io::Result<bool> {
    fs::create_dir_all(store)?;
    let (open, mark) = (Folder::open(store, Links::Refused)?, here::mark(&fs::metadata(store)?));
    if open.read(Path::new(NAME), 1 << 10).is_ok_and(|said| said.is_some_and(|said| said == mark.as_bytes())) {
        return Ok(false);
    }
    let mut foreign = false;
    for name in open.entries(Path::new(""))?.into_keys().filter(|name| name != LOCK) {
        open.remove(Path::new(&name))?;
        foreign = true;
    }
    open.write(Path::new(NAME), mark.as_bytes())?;
    Ok(foreign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_elsewhere_goes() {
        let top = tempfile::tempdir().unwrap();
        let store = top.path().join("sources");
        assert!(!settle(&store).unwrap(), "a new one holds nothing");
        fs::create_dir_all(store.join("bricks-1/files")).unwrap();
        fs::write(store.join(LOCK), "").unwrap();
        assert!(!settle(&store).unwrap() && store.join("bricks-1/files").is_dir(), "its own");
        let moved = top.path().join("moved");
        fs::rename(&store, &moved).unwrap();
        assert!(!settle(&moved).unwrap() && moved.join("bricks-1").is_dir(), "moved");
        // A clone brings the same names, and the mark of another folder.
        let clone = top.path().join("clone");
        fs::create_dir_all(clone.join("bricks-1/files")).unwrap();
        fs::copy(moved.join(NAME), clone.join(NAME)).unwrap();
        fs::write(clone.join(LOCK), "").unwrap();
        assert!(settle(&clone).unwrap() && !clone.join("bricks-1").exists() && clone.join(LOCK).exists());
        assert!(!settle(&clone).unwrap());
    }
}
