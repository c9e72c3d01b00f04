//! What a file system has room for, and the words of those who found none.

use std::{
    fmt,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use fs_err as fs;

use super::size::size;

/// How much room a file system has for an ordinary user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Where it is mounted.
    pub mount: PathBuf,
    /// Bytes that are free.
    pub free: u64,
    /// Bytes in all.
    pub size: u64,
    /// Whether it has no entry for another file, however many bytes are free.
    pub no_files: bool,
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mount, free, all) = (self.mount.display(), size(self.free), size(self.size));
        write!(f, "the file system at `{mount}` has {free} of {all} free")?;
        if self.no_files { f.write_str(", and no inode") } else { Ok(()) }
    }
}

/// The room of the file system that a path is on or would be made on; `None` where the system does not tell.
#[must_use]
pub fn room(path: &Path) -> Option<Room> {
    let there = path.ancestors().find_map(|path| fs::canonicalize(path).ok())?;
    let stat = rustix::fs::statvfs(&there).ok()?;
    let device = fs::metadata(&there).ok()?.dev();
    let same = |path: &&Path| fs::metadata(path).is_ok_and(|meta| meta.dev() == device);
    let mount = there.ancestors().take_while(same).last().unwrap_or(&there).to_owned();
    Some(Room {
        mount,
        free: stat.f_bavail.saturating_mul(stat.f_frsize),
        size: stat.f_blocks.saturating_mul(stat.f_frsize),
        no_files: stat.f_files > 0 && stat.f_favail == 0,
    })
}

/// Whether a program's or the daemon's words are about a disk without room.
#[must_use]
pub fn is_full(words: &str) -> bool {
    // The system's own; Go and Python pass it on. Then apt's, dnf's, and quotas.
    const SIGNS: [&str; 4] =
        ["no space left on device", "enough free space in", "more space needed on the", "disk quota exceeded"];
    let lower = words.to_ascii_lowercase();
    SIGNS.iter().any(|sign| lower.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_not_there_yet_has_the_room_of_what_it_would_be_in() {
        let folder = tempfile::tempdir().unwrap();
        let here = room(folder.path()).unwrap();
        let there = room(&folder.path().join("not/there/yet")).unwrap();
        assert_eq!((&here.mount, here.size), (&there.mount, there.size));
        assert!(folder.path().canonicalize().unwrap().starts_with(&here.mount) && here.free <= here.size);
    }

    #[test]
    fn it_says_which_and_how_much() {
        let room = Room { mount: "/srv".into(), free: 12_300, size: 40_000_000_000, no_files: false };
        assert_eq!(room.to_string(), "the file system at `/srv` has 12.3 kB of 40.0 GB free");
        assert!(Room { no_files: true, ..room }.to_string().ends_with("free, and no inode"));
    }

    #[test]
    fn words_of_a_full_disk() {
        for words in [
            "write /var/lib/docker/tmp/x: no space left on device",
            "OSError: [Errno 28] No space left on device",
            "E: You don't have enough free space in /var/cache/apt/archives/.",
            "At least 12MB more space needed on the / filesystem.",
        ] {
            assert!(is_full(words), "{words}");
        }
        assert!(!is_full("E: Unable to locate package space"));
    }
}
