//! One run at a time in one project: a lock on `.factory/lock` that the system takes back when the process ends, however
//! it ends.
//!
//! It reaches as far as flock(2) does: on a disk that several machines share, as far as that disk's locks do. NFS 4 and current
//! clusters hand them on; a share that keeps them to itself lets two machines in. The file names the holder and its machine, so
//! that the second one at least says so.

use std::{
    fmt,
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
};

use fs_err as fs;

use super::folder::Folder;

/// The longest description of a holder, in bytes.
const LONGEST: u64 = 300;

/// A held lock. Dropping it gives it back.
#[derive(Debug)]
pub struct Lock {
    file: File,
    /// Who held it before and did not come to give it back.
    pub before: Option<Holder>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A holder that stays in the file looks like one that was killed: no more than that.
        let _ = self.file.set_len(0);
    }
}

/// Whether the lock could be had.
#[derive(Debug)]
pub enum Tried {
    /// It is ours.
    Held(Lock),
    /// Somebody has it: who, as far as the file tells.
    Busy(Option<Holder>),
}

/// Who holds a lock, by the words in the file: whoever may write there may have written them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process.
    pub process: u32,
    /// Its machine's name; empty when not told.
    pub machine: String,
}

impl Holder {
    fn me() -> Self {
        Self { process: std::process::id(), machine: machine() }
    }

    fn parse(text: &str) -> Option<Self> {
        let (process, machine) = text.split_once(' ').unwrap_or((text, ""));
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        Some(Self { process: process.trim().parse().ok()?, machine: machine.chars().filter(plain).collect() })
    }

    /// Whether it is on this machine, as far as is told.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.machine.is_empty() || self.machine == machine()
    }

    /// Whether such a process runs here.
    fn is_alive(&self) -> bool {
        Path::new("/proc").join(self.process.to_string()).exists()
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.process)?;
        if !self.is_here() {
            write!(f, " on {}", self.machine)
        } else if self.is_alive() {
            Ok(())
        } else {
            f.write_str(
                ", which is not to be seen here: it is in another container, or a program that it started still runs",
            )
        }
    }
}

/// This machine's name.
fn machine() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

/// Tries to take the lock of a state folder.
///
/// # Errors
/// When the file cannot be made, or is something else than a file.
pub fn try_lock(state: &Folder) -> io::Result<Tried> {
    let (mut file, _) = state.open_or_create(Path::new("lock"))?.into_parts();
    let taken = file.try_lock();
    let mut text = String::new();
    // Somebody else's bytes may be no text: then nothing is known of the holder.
    let _ = (&mut file).take(LONGEST).read_to_string(&mut text);
    let written = Holder::parse(&text);
    match taken {
        Ok(()) => {
            file.set_len(0)?;
            file.rewind()?;
            let me = Holder::me();
            write!(file, "{} {}", me.process, me.machine)?;
            Ok(Tried::Held(Lock { file, before: written }))
        }
        Err(TryLockError::WouldBlock) => Ok(Tried::Busy(written)),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::folder::Links;

    fn open(folder: &tempfile::TempDir) -> Folder {
        Folder::open(folder.path(), Links::Refused).unwrap()
    }

    #[test]
    fn the_second_is_told_who_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let Tried::Held(first) = try_lock(&open(&folder)).unwrap() else { panic!("free lock refused") };
        assert_eq!(first.before, None);
        let Tried::Busy(holder) = try_lock(&open(&folder)).unwrap() else { panic!("held lock given") };
        assert_eq!(holder.unwrap().to_string(), format!("process {}", std::process::id()));
        drop(first);
        let Tried::Held(next) = try_lock(&open(&folder)).unwrap() else { panic!("free lock refused") };
        assert_eq!(next.before, None, "it was given back");
    }

    #[test]
    fn holders_are_read_with_care() {
        assert_eq!(Holder::parse(""), None);
        assert_eq!(Holder::parse("rm -rf /"), None);
        let far = Holder::parse("4711 build-7.example.org\u{1b}[2J\n").unwrap();
        assert_eq!(far.to_string(), "process 4711 on build-7.example.org2J");
        // No system has so many processes.
        let gone = Holder::parse("4294967295").unwrap();
        assert!(gone.to_string().ends_with("or a program that it started still runs"));
    }

    #[test]
    fn one_that_was_not_given_back_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("lock"), "4711 build-7").unwrap();
        let Tried::Held(lock) = try_lock(&open(&folder)).unwrap() else { panic!("free lock refused") };
        assert!(lock.before.as_ref().is_some_and(|before| !before.is_here()), "{:?}", lock.before);
    }
}
