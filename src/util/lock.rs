//! One run at a time in one project: a lock on `.factory/lock` that the system takes back when the process ends, however
//! it ends.

use std::{
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
};

use fs_err as fs;

/// A held lock. Dropping it gives it back.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Whether the lock could be had.
#[derive(Debug)]
pub enum Tried {
    /// It is ours.
    Held(Lock),
    /// Somebody has it: who, as far as the file tells.
    Busy(String),
}

/// Tries to take the lock of the project's state folder, which is made where it is missing.
///
/// # Errors
/// When the folder or the file cannot be made.
pub fn try_lock(state: &Path) -> io::Result<Tried> {
    fs::create_dir_all(state)?;
    let path = state.join("lock");
    let opened = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
    let (mut file, _) = opened.into_parts();
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())?;
            Ok(Tried::Held(Lock { _file: file }))
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            (&mut file).take(20).read_to_string(&mut holder)?;
            Ok(Tried::Busy(holder.chars().filter(char::is_ascii_digit).collect()))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let Tried::Held(first) = try_lock(folder.path()).unwrap() else { panic!("free lock refused") };
        let Tried::Busy(holder) = try_lock(folder.path()).unwrap() else { panic!("held lock given") };
        assert_eq!(holder, std::process::id().to_string());
        drop(first);
        assert!(matches!(try_lock(folder.path()).unwrap(), Tried::Held(_)));
    }
}
