//! Changes of files as a list: each can be the last one that happens, and what is not synced may be gone after a crash. So tests can cut
//! after each of them, and a reader sees the order in which things become true.

use std::{
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

/// A change of one file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// A new file with these bytes. Nothing has this name.
    Write {
        /// Its name.
        to: PathBuf,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// A second name for a file, or a copy where the filesystem has no second names. Nothing has this name.
    Link {
        /// The file.
        from: PathBuf,
        /// Its second name.
        to: PathBuf,
    },
    /// The bytes of a file reach the disk.
    Sync(PathBuf),
    /// The names in a folder reach the disk.
    SyncFolder(PathBuf),
    /// Another name, in place of whatever has it.
    Rename {
        /// The file.
        from: PathBuf,
        /// Its name from now on.
        to: PathBuf,
    },
    /// A name goes, if it is there.
    Remove(PathBuf),
}

/// Where files are.
pub trait Disk {
    /// Makes one change.
    ///
    /// # Errors
    /// Of the system.
    fn apply(&mut self, op: &Op) -> io::Result<()>;

    /// The bytes of a regular file; `None` where there is none. One of more than `limit` bytes is an error, and so is a link.
    ///
    /// # Errors
    /// Of the system.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>>;

    /// SHA-256 of a regular file in hexadecimal; `None` where there is none. A link is an error.
    ///
    /// # Errors
    /// Of the system.
    fn digest(&self, path: &Path) -> io::Result<Option<String>>;

    /// Makes changes in their order, up to the first that fails.
    ///
    /// # Errors
    /// Of the system.
    fn apply_all(&mut self, ops: &[Op]) -> io::Result<()> {
        ops.iter().try_for_each(|op| self.apply(op))
    }
}

/// The changes that put bytes under a name, whole or not at all. `beside` is a name that only this one uses.
#[must_use]
pub fn put(path: &Path, beside: &Path, bytes: Vec<u8>) -> Vec<Op> {
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    vec![
        Op::Remove(beside.to_owned()),
        Op::Write { to: beside.to_owned(), bytes },
        Op::Sync(beside.to_owned()),
        Op::Rename { from: beside.to_owned(), to: path.to_owned() },
        Op::SyncFolder(folder),
    ]
}

/// The machine's own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Real;

impl Disk for Real {
    fn apply(&mut self, op: &Op) -> io::Result<()> {
        match op {
            Op::Write { to, bytes } => fs_err::File::create_new(to)?.write_all(bytes),
            Op::Link { from, to } => link(from, to),
            // Windows syncs only what is open for writing.
            Op::Sync(path) => fs_err::OpenOptions::new().read(true).write(cfg!(windows)).open(path)?.sync_all(),
            Op::SyncFolder(path) if cfg!(unix) => fs_err::File::open(path)?.sync_all(),
            Op::SyncFolder(_) => Ok(()),
            Op::Rename { from, to } => fs_err::rename(from, to),
            Op::Remove(path) => match fs_err::remove_file(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                done => done,
            },
        }
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = open(path)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            let text = format!("`{}` has more than {limit} bytes", path.display());
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        Ok(Some(bytes))
    }

    fn digest(&self, path: &Path) -> io::Result<Option<String>> {
        let Some(mut file) = open(path)? else { return Ok(None) };
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        let mut buffer = vec![0; 64 << 10];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(Some(hex::encode(context.finish()))),
                read => context.update(&buffer[..read]),
            }
        }
    }
}

fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs_err::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) => {
            let mut source = fs_err::File::open(from)?;
            let mut target = fs_err::File::create_new(to)?;
            io::copy(&mut source, &mut target)?;
            target.set_permissions(source.metadata()?.permissions())
        }
    }
}

/// A regular file; `None` where there is none. What lies in the folder of a program is that program: a link would make it another one.
fn open(path: &Path) -> io::Result<Option<fs_err::File>> {
    match fs_err::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(metadata) if metadata.is_file() => fs_err::File::open(path).map(Some),
        Ok(_) => {
            let text = format!("`{}` is a link, a folder or a device, and has to be a regular file", path.display());
            Err(io::Error::new(io::ErrorKind::InvalidInput, text))
        }
    }
}
