//! [`replace_folder`]: a finished folder gets its name, whoever else gives it one at the same time.

use std::{
    io::{self, ErrorKind},
    path::Path,
};

use fs_err as fs;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::TEMPORARY;

/// How often somebody else may be faster.
const ATTEMPTS: usize = 20;

/// Renames a finished folder to its name. What had the name goes: where the file system can exchange two names it is left under the name
/// `fresh`, for the caller to remove, and there is something under the name at every moment. Several processes may do this at once; the
/// last one's stays.
///
/// # Errors
/// When the file system refuses it; what had the name then has it still.
pub fn replace_folder(fresh: &Path, name: &Path) -> io::Result<()> {
    let mut attempts = 0..ATTEMPTS;
    loop {
        let Err(error) = fs::rename(fresh, name) else { return Ok(()) };
        let is_taken =
            matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory);
        if !is_taken || attempts.next().is_none() {
            return Err(error);
        }
        match renameat_with(CWD, fresh, CWD, name, RenameFlags::EXCHANGE) {
            Ok(()) => return Ok(()),
            // It went away meanwhile.
            Err(rustix::io::Errno::NOENT) => {}
            // An old kernel, or a file system that cannot do it.
            Err(_) => move_aside(name)?,
        }
    }
}

/// Moves what has a name into a temporary folder beside it, and removes it there.
fn move_aside(name: &Path) -> io::Result<()> {
    let beside = name.parent().unwrap_or(Path::new("."));
    let old = tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(beside)?;
    match fs::rename(name, old.path().join("old")) {
        // Somebody else was faster.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(path: &Path, content: &str) {
        fs::create_dir_all(path).unwrap();
        fs::write(path.join("content"), content).unwrap();
    }

    #[test]
    fn a_folder_takes_a_name_that_is_free_or_taken() {
        let place = tempfile::tempdir().unwrap();
        let [fresh, name] = ["fresh", "name"].map(|name| place.path().join(name));
        for content in ["first", "second"] {
            folder(&fresh, content);
            replace_folder(&fresh, &name).unwrap();
            assert_eq!(fs::read_to_string(name.join("content")).unwrap(), content);
        }
        fs::remove_dir_all(&name).unwrap();
        fs::write(&name, "a file").unwrap();
        folder(&fresh, "third");
        // What was exchanged is no folder.
        replace_folder(&fresh, &name).unwrap();
        assert!(name.is_dir() && fresh.is_file());
        move_aside(&name).unwrap();
        move_aside(&name).unwrap();
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
        let gone = replace_folder(&place.path().join("nothing"), &name).unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn many_at_once_all_succeed_and_it_is_never_missing() {
        let place = tempfile::tempdir().unwrap();
        let name = place.path().join("name");
        folder(&name, "0");
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (place, name) = (place.path(), &name);
                scope.spawn(move || {
                    for round in 0..50 {
                        let fresh = place.join(format!("{thread}-{round}"));
                        folder(&fresh, "x");
                        replace_folder(&fresh, name).unwrap();
                        assert!(name.join("content").exists());
                    }
                });
            }
        });
    }
}
