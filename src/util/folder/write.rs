//! What is written below a folder: whole files through a temporary one, and logs and locks. No link is ever written through.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use fs_err as fs;
use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, openat, renameat, unlinkat};

use super::{CAREFULLY, Folder, Place, Refusal, named, parts};
use crate::util::files::TEMPORARY;

/// Temporary files of this process so far.
static MADE: AtomicU64 = AtomicU64::new(0);

/// The file with which a folder of ours ignores itself, and what is in it.
pub const IGNORED: (&str, &[u8]) = (".gitignore", b"*\n");

impl Folder {
    /// The folder at a path, made with those above it where it is missing.
    ///
    /// # Errors
    /// When it cannot be made, or a link is on the way.
    pub fn make(&self, path: &Path) -> io::Result<Self> {
        let refuse = || Refusal::leads_out(&self.shown(path), None, self.path());
        let mut folder = Self { links: super::Links::Refused, ..self.clone() };
        for part in parts(path).ok_or_else(refuse)?.into_iter().rev() {
            let part = Path::new(&part);
            folder = match folder.below(part)? {
                Some(there) => there,
                None => match mkdirat(&*folder.fd, part, Mode::from_raw_mode(0o777)) {
                    // Another process was faster.
                    Ok(()) | Err(rustix::io::Errno::EXIST) => {
                        folder.below(part)?.ok_or_else(|| folder.missing(part))?
                    }
                    Err(error) => return Err(named(&folder.shown(part), error)),
                },
            };
        }
        Ok(Self { links: self.links, ..folder })
    }

    /// The same for a folder that this program alone writes in: where it was missing git is told to ignore it, so that a checkout
    /// stays clean. One that somebody made is left as it is.
    ///
    /// # Errors
    /// As [`Folder::make`].
    pub fn make_ours(&self, path: &Path) -> io::Result<Self> {
        let is_new = self.below(path)?.is_none();
        let folder = self.make(path)?;
        if is_new {
            folder.write(Path::new(IGNORED.0), IGNORED.1)?;
        }
        Ok(folder)
    }

    /// Writes a whole file through a temporary one beside it and a rename; missing folders are made.
    ///
    /// # Errors
    /// When the disk is full, or something else than a file has its name: what was there is as before.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let place = self.place(path)?;
        let (mut file, temporary) = self.temporary(&place)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        let renamed = written.and_then(|()| {
            renameat(&*place.parent, &*temporary, &*place.parent, &*place.name)
                .map_err(|error| named(&self.shown(&place.below), error))
        });
        if renamed.is_err() {
            // The first failure is the news.
            let _ = unlinkat(&*place.parent, &*temporary, AtFlags::empty());
        }
        renamed
    }

    /// A file to write anew from its beginning; missing folders are made.
    ///
    /// # Errors
    /// When the disk is full, or something else than a file has its name.
    pub fn create(&self, path: &Path) -> io::Result<fs::File> {
        let file = self.open_file(&self.place(path)?, OFlags::WRONLY | OFlags::CREATE)?;
        // Only now is it known to be a file.
        file.set_len(0)?;
        Ok(file)
    }

    /// A file to write on at its end; missing folders are made.
    ///
    /// # Errors
    /// As [`Folder::create`].
    pub fn append(&self, path: &Path) -> io::Result<fs::File> {
        self.open_file(&self.place(path)?, OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND)
    }

    /// A file to read and write, as it is; missing folders are made.
    ///
    /// # Errors
    /// As [`Folder::create`].
    pub fn open_or_create(&self, path: &Path) -> io::Result<fs::File> {
        self.open_file(&self.place(path)?, OFlags::RDWR | OFlags::CREATE)
    }

    /// Removes what is at a path: a folder with everything in it, else the thing itself; nothing where nothing is.
    ///
    /// # Errors
    /// When it cannot be removed, or a link is on the way.
    pub fn remove(&self, path: &Path) -> io::Result<()> {
        let place = self.walk(path, false)?;
        match &place.found {
            // The standard library enters no link below it.
            Some((_, meta)) if meta.is_dir() => fs::remove_dir_all(self.shown(&place.below)),
            Some(_) => unlinkat(&*place.parent, &*place.name, AtFlags::empty())
                .map_err(|error| named(&self.shown(&place.below), error)),
            None => Ok(()),
        }
    }

    /// Removes a folder that is empty.
    ///
    /// # Errors
    /// When it is not there or not empty.
    pub fn remove_empty(&self, path: &Path) -> io::Result<()> {
        let place = self.walk(path, false)?;
        unlinkat(&*place.parent, &*place.name, AtFlags::REMOVEDIR)
            .map_err(|error| named(&self.shown(&place.below), error))
    }

    /// Where a file is to be written: its folder is made, and a link there is none to write through.
    fn place(&self, path: &Path) -> io::Result<Place> {
        if let Some(folder) = path.parent() {
            self.make(folder)?;
        }
        let place = self.walk(path, false)?;
        match &place.found {
            Some((_, meta)) if meta.is_symlink() => {
                Err(Refusal::Link { path: self.shown(&place.below), target: self.target(path)? }.into())
            }
            Some((_, meta)) if !meta.is_file() => {
                Err(Refusal::kind(&self.shown(&place.below), meta.file_type(), "a file").into())
            }
            _ => Ok(place),
        }
    }

    /// A new file beside a place, readable by all as ordinary files are, and its name.
    fn temporary(&self, place: &Place) -> io::Result<(fs::File, OsString)> {
        loop {
            let number = MADE.fetch_add(1, Ordering::Relaxed);
            let name = OsString::from(format!("{TEMPORARY}{}-{number}", std::process::id()));
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | CAREFULLY;
            match openat(&*place.parent, &*name, flags, Mode::from_raw_mode(0o644)) {
                Ok(fd) => {
                    let path = self.shown(&place.below).with_file_name(&name);
                    let file = std::fs::File::from(fd);
                    // Whatever the umask is.
                    rustix::fs::fchmod(&file, Mode::from_raw_mode(0o644))?;
                    return Ok((fs::File::from_parts(file, path), name));
                }
                Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(named(&self.shown(&place.below), error)),
            }
        }
    }
}
