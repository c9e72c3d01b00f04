//! `updater.log`: a line for everything that happens, rotated at 10 MB.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

/// At which size a new file is begun, in bytes.
const FULL: u64 = 10_000_000;

/// A file of lines, each with its time.
#[derive(Debug, Clone)]
pub struct Log(PathBuf);

impl Log {
    /// This file; the one before it has `.1` behind its name.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Writes a line there, and to standard error. A log that cannot be written stops nothing, and is said there.
    pub fn say(&self, now: i64, text: &str) {
        let time = factory_tuf::Time::new(now).map(|time| time.to_string()).unwrap_or_default();
        let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let line = format!("{time} {plain}\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
        if let Err(error) = self.write(&line) {
            let _ = writeln!(std::io::stderr(), "{time} the log cannot be written: {error}");
        }
    }

    fn write(&self, line: &str) -> std::io::Result<()> {
        match fs_err::symlink_metadata(&self.0) {
            Ok(metadata) if !metadata.is_file() => return Err(std::io::Error::other("it is no regular file")),
            Ok(metadata) if metadata.len() + line.len() as u64 > FULL => {
                let mut before = self.0.clone().into_os_string();
                before.push(".1");
                fs_err::rename(&self.0, before)?;
            }
            _ => {}
        }
        fs_err::OpenOptions::new().create(true).append(true).open(&self.0)?.write_all(line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_is_put_aside_and_a_line_is_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("updater.log");
        fs_err::write(&path, vec![b'x'; usize::try_from(FULL).unwrap()]).unwrap();
        Log::new(&path).say(0, "a\nb\u{1b}[31m");
        assert_eq!(fs_err::read_to_string(&path).unwrap(), "1970-01-01T00:00:00Z a b [31m\n");
        assert_eq!(fs_err::metadata(folder.path().join("updater.log.1")).unwrap().len(), FULL);
    }
}
