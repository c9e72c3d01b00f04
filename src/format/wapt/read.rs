//! A `.wapt` file that can be read: its parts, not yet believed.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{Cursor, Read, Seek},
    path::Path,
};

use super::{
    control::{self, Control},
    error::WaptError,
    manifest,
};
use crate::{
    format::zip::{Archive, Entry, Limits, ZipError},
    sign::Certificate,
    util::files::{Guarded, open_regular},
};

/// Something an archive is read from.
pub trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

/// An open package.
pub struct Package {
    archive: Archive<Box<dyn Source>>,
}

impl std::fmt::Debug for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Package({} entries)", self.archive.entries().len())
    }
}

/// Opens a package's file.
///
/// # Errors
/// [`WaptError`] where it cannot be read or its archive is refused.
pub fn open(path: &Path) -> Result<Package, WaptError> {
    let file = open_regular(path)?;
    let length = file.metadata()?.len();
    let (file, _) = file.into_parts();
    from_source(Box::new(std::io::BufReader::new(file)), length)
}

/// The same from an open file of `length` bytes, which ends to be read when somebody says so.
///
/// # Errors
/// As [`open`].
pub fn open_file(file: Guarded<File>, length: u64) -> Result<Package, WaptError> {
    from_source(Box::new(std::io::BufReader::new(file)), length)
}

/// The same from memory.
///
/// # Errors
/// As [`open`].
pub fn open_bytes(bytes: Vec<u8>) -> Result<Package, WaptError> {
    let length = bytes.len() as u64;
    from_source(Box::new(Cursor::new(bytes)), length)
}

fn from_source(source: Box<dyn Source>, length: u64) -> Result<Package, WaptError> {
    // Disk images and the like pack well: whoever unpacks asks first who has signed.
    let limits = Limits { swollen: true, ..Limits::default() };
    Ok(Package { archive: Archive::open(source, length, &limits)? })
}

impl Package {
    /// Every entry.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        self.archive.entries()
    }

    /// Whether its contents are more than 256 MiB and more than 100 times its size: only what somebody has signed who is trusted
    /// should be unpacked.
    #[must_use]
    pub fn is_swollen(&self) -> bool {
        self.archive.is_swollen()
    }

    /// The archive behind it.
    pub(super) fn archive(&mut self) -> &mut Archive<Box<dyn Source>> {
        &mut self.archive
    }

    /// Whether a file is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.archive.find(name).is_some()
    }

    /// The folders with nothing in them.
    #[must_use]
    pub fn empty_folders(&self) -> Vec<String> {
        let names: BTreeSet<&str> = self.entries().iter().map(|entry| entry.name.as_str()).collect();
        let holds = |name: &str| {
            let start = format!("{name}/");
            names.range::<&str, _>(start.as_str()..).next().is_some_and(|next| next.starts_with(&start))
        };
        let folders = self.entries().iter().filter(|entry| entry.is_dir && !holds(&entry.name));
        folders.map(|entry| entry.name.clone()).collect()
    }

    /// The bytes of the control file.
    ///
    /// # Errors
    /// Where there is none.
    pub fn control_bytes(&mut self) -> Result<Vec<u8>, WaptError> {
        let found = self.archive.small("WAPT/control", control::LARGEST)?;
        found.ok_or_else(|| WaptError::Control("it is missing: this is no WAPT package".to_owned()))
    }

    /// The control file, as agents read it.
    ///
    /// # Errors
    /// Where it is missing or cannot be read.
    pub fn control(&mut self) -> Result<Control, WaptError> {
        Control::read(&self.control_bytes()?)
    }

    /// The signer's certificate, and those that came along.
    ///
    /// # Errors
    /// Where there are none.
    pub fn certificates(&mut self) -> Result<Vec<Certificate>, WaptError> {
        let bytes = self.archive.small("WAPT/certificate.crt", 1 << 20)?;
        Ok(Certificate::all_from_pem(&bytes.unwrap_or_default())?)
    }

    /// The bytes of the manifest; `None` where there is none.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn manifest_bytes(&mut self) -> Result<Option<Vec<u8>>, ZipError> {
        self.archive.small("WAPT/manifest.sha256", manifest::LARGEST)
    }

    /// A small file's bytes; `None` where there is none of this name.
    ///
    /// # Errors
    /// Where they cannot be read or are more than `most`.
    pub fn small(&mut self, name: &str, most: u64) -> Result<Option<Vec<u8>>, ZipError> {
        self.archive.small(name, most)
    }

    /// Unpacks a file.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn unpack(&mut self, entry: &Entry, out: &mut dyn std::io::Write) -> Result<(), ZipError> {
        self.archive.unpack(entry, out)
    }
}
