//! The files of a feed in a folder, read as a client reads them and written so that a client that comes in between sees one state.

use std::{
    io::{self, Read},
    path::Path,
};

use factory_tuf::{Fetch, FetchError, File};

use crate::util::folder::Folder;

/// A feed's folder as something that has files.
#[derive(Debug)]
pub struct Files<'a> {
    folder: &'a Folder,
    /// A file that is taken for missing.
    hidden: Option<String>,
}

impl<'a> Files<'a> {
    /// All of them.
    pub fn new(folder: &'a Folder) -> Self {
        Self { folder, hidden: None }
    }

    /// Without the root of this version.
    pub fn without_root(folder: &'a Folder, version: u64) -> Self {
        Self { folder, hidden: Some(format!("{}/{version}.root.json", factory_tuf::METADATA)) }
    }
}

impl Fetch for Files<'_> {
    fn fetch(&mut self, path: &str) -> Result<Box<dyn Read + '_>, FetchError> {
        let place = Path::new(path);
        if self.hidden.as_deref() == Some(path) || self.folder.meta_itself(place)?.is_none() {
            return Err(FetchError::NotFound);
        }
        Ok(Box::new(self.folder.file(place)?))
    }
}

/// Writes metadata in its order. Everything is on the disk before the last one, which leads clients to the rest.
///
/// # Errors
/// Where the disk is full: clients see what they saw before.
pub fn write(folder: &Folder, files: &[File]) -> io::Result<()> {
    let Some((last, before)) = files.split_last() else { return Ok(()) };
    let metadata = folder.make(Path::new(factory_tuf::METADATA))?;
    for File { path, bytes } in before {
        folder.write(Path::new(path), bytes)?;
    }
    sync(metadata.path())?;
    folder.write(Path::new(&last.path), &last.bytes)?;
    sync(metadata.path())
}

/// The names in a folder reach the disk.
///
/// # Errors
/// Of the system.
pub fn sync(folder: &Path) -> io::Result<()> {
    fs_err::File::open(folder)?.sync_all()
}
