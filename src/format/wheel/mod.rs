//! Wheels, unpacked for Windows by their own rules: the [binary distribution format] and [recording installed projects]. A tree is
//! filled; nothing is run and nothing of this machine looked at.
//!
//! A wheel that anybody made is hostile: its archive is judged as all are (`format/zip`), its `RECORD` must list each file with a digest
//! that fits, and what is said in it becomes code only where it is nothing but names.
//!
//! [binary distribution format]: https://packaging.python.org/en/latest/specifications/binary-distribution-format/
//! [recording installed projects]: https://packaging.python.org/en/latest/specifications/recording-installed-packages/

mod entry_points;
mod error;
mod install;
mod launcher;
mod metadata;
mod record;
mod scheme;
#[cfg(test)]
mod tests;

pub use entry_points::{EntryPoint, Surface};
pub use error::WheelError;
pub use install::Installed;
pub use launcher::Launchers;
pub use scheme::Scheme;

use std::{
    collections::BTreeSet,
    io::{Read, Seek},
};

use self::record::Record;
use super::zip::{Archive, Limits};

/// A wheel that was found good as far as that can be seen without unpacking it.
#[derive(Debug)]
pub struct Wheel<R> {
    archive: Archive<R>,
    /// Its folder of metadata: `x-1.0.dist-info`.
    info: String,
    name: String,
    version: String,
    requires: Vec<String>,
    requires_python: Option<String>,
    record: Record,
    entry_points: Vec<EntryPoint>,
}

impl<R: Read + Seek> Wheel<R> {
    /// Opens a wheel of `length` bytes.
    ///
    /// # Errors
    /// [`WheelError`]: it is no archive, or its metadata do not fit it.
    pub fn open(file: R, length: u64) -> Result<Self, WheelError> {
        let mut archive = Archive::open(file, length, &Limits::default())?;
        let info = info(&archive)?;
        let mut text = |file: &str, most| metadata::text(&mut archive, &format!("{info}/{file}"), most);
        let needed = |text: Option<String>, file: &str| text.ok_or_else(|| malformed(format!("it has no `{file}`")));
        metadata::judge_format(&needed(text("WHEEL", metadata::SMALL)?, "WHEEL")?)?;
        let own = needed(text("METADATA", metadata::LARGE)?, "METADATA")?;
        let (name, version) = metadata::names(&own, &info)?;
        let requires = metadata::headers(&own, "Requires-Dist").into_iter().map(str::to_owned).collect();
        let requires_python = metadata::headers(&own, "Requires-Python").first().map(|&value| value.to_owned());
        let record = Record::read(&needed(text("RECORD", record::LARGEST)?, "RECORD")?)?;
        let entry_points = entry_points::read(&text("entry_points.txt", metadata::SMALL)?.unwrap_or_default())?;
        let wheel = Self { archive, info, name, version, requires, requires_python, record, entry_points };
        wheel.judge()?;
        Ok(wheel)
    }

    /// Its distribution's name, as its metadata have it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The distributions that it requires, each as its metadata have it: `idna (>=2.5) ; python_version > "3"`.
    #[must_use]
    pub fn requires(&self) -> &[String] {
        &self.requires
    }

    /// The interpreters that it takes, as its metadata have it: `>=3.8`.
    #[must_use]
    pub fn requires_python(&self) -> Option<&str> {
        self.requires_python.as_deref()
    }

    /// The programs that it brings, in its own order.
    #[must_use]
    pub fn entry_points(&self) -> &[EntryPoint] {
        &self.entry_points
    }

    /// Whether it holds what its `RECORD` lists, that and nothing else.
    fn judge(&self) -> Result<(), WheelError> {
        let files = || self.archive.entries().iter().filter(|entry| !entry.is_dir).map(|entry| entry.name.as_str());
        let here: BTreeSet<&str> = files().collect();
        for name in files() {
            if self.is_own(name, "direct_url.json") {
                let text = "it says where it was installed from (`direct_url.json`), which only an installed one does";
                return Err(malformed(text));
            }
            if !self.is_record(name) && !self.record.lists(name) {
                return Err(malformed(format!("its RECORD does not list `{name}` with a digest")));
            }
        }
        match self.record.paths().find(|path| !here.contains(path)) {
            Some(missing) => Err(malformed(format!("its RECORD lists `{missing}`, which is not in it"))),
            None => Ok(()),
        }
    }

    /// Whether a path is this file of the metadata.
    fn is_own(&self, path: &str, file: &str) -> bool {
        path.strip_prefix(&self.info).and_then(|rest| rest.strip_prefix('/')) == Some(file)
    }

    /// Whether a path is the list or a signature of it, which the list cannot list.
    fn is_record(&self, path: &str) -> bool {
        ["RECORD", "RECORD.jws", "RECORD.p7s"].iter().any(|file| self.is_own(path, file))
    }
}

/// The one folder of metadata.
fn info<R: Read + Seek>(archive: &Archive<R>) -> Result<String, WheelError> {
    let tops = archive.entries().iter().filter_map(|entry| entry.name.split('/').next());
    let infos: BTreeSet<&str> = tops.filter(|top| top.ends_with(".dist-info")).collect();
    match infos.into_iter().collect::<Vec<_>>()[..] {
        [one] => Ok(one.to_owned()),
        [] => Err(malformed("it has no `.dist-info` folder")),
        _ => Err(malformed("it has several `.dist-info` folders")),
    }
}

fn malformed(what: impl Into<String>) -> WheelError {
    WheelError::Malformed(what.into())
}
