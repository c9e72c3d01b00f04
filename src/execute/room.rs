//! Where a program of the host makes a root file system: a folder of this project's own among the temporary ones, so that the next
//! run knows what a killed one has left there.
//!
//! It is not in the project: the program may work as another user, who need not be let into the caller's home.

use std::{
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use fs_err as fs;

use crate::names::CheckoutId;

/// What the folders of a project are called.
fn prefix(checkout: &CheckoutId) -> String {
    format!("factory-base-{checkout}-")
}

/// A folder of the project, which goes when it is dropped, with all that is mounted in it.
#[derive(Debug)]
pub struct Room(PathBuf);

impl Room {
    /// A new one that others may pass through.
    ///
    /// # Errors
    /// When the folder of temporary files cannot be written.
    pub fn new(checkout: &CheckoutId) -> io::Result<Self> {
        use std::os::unix::fs::PermissionsExt as _;
        let open = std::fs::Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix(&prefix(checkout)).permissions(open).tempdir()?;
        // Not removed by its own drop, which knows nothing of mounts.
        Ok(Self(folder.keep()))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// Removes the folders that killed runs of the project `checkout` have left, and what is mounted there. Safe while the project's lock
/// is held. One that cannot be removed does no harm; the next run tries again.
pub fn sweep(checkout: &CheckoutId) {
    let rooms = fs::read_dir(tempfile::env::temp_dir()).into_iter().flatten().flatten();
    for room in rooms.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix(checkout))) {
        // Others may write there, too: a link of that name is no room.
        let is_ours = fs::symlink_metadata(room.path())
            .is_ok_and(|found| found.is_dir() && found.uid() == rustix::process::getuid().as_raw());
        if is_ours {
            remove(&room.path());
        }
    }
}

/// Removes a folder once nothing is mounted below it: a program that was killed leaves the machine's own `/dev` and `/sys` there.
fn remove(folder: &Path) {
    if free(folder) {
        let _ = fs::remove_dir_all(folder);
    }
}

/// Takes away what is mounted below a folder; whether nothing is any more.
fn free(folder: &Path) -> bool {
    // The table has places without links.
    let Ok(folder) = fs::canonicalize(folder) else { return false };
    let Ok(table) = fs::read_to_string("/proc/self/mounts") else { return false };
    let mut below = mounted(&table, &folder);
    below.reverse();
    below.iter().all(|place| rustix::mount::unmount(place, rustix::mount::UnmountFlags::DETACH).is_ok())
}

/// The places of a table (fstab(5)) that are below a folder, in its order.
fn mounted(table: &str, folder: &Path) -> Vec<PathBuf> {
    let places = table.lines().filter_map(|line| line.split(' ').nth(1));
    places.map(|place| PathBuf::from(plain(place))).filter(|place| place.starts_with(folder)).collect()
}

/// A place without its octal escapes: blank, tab, line feed and backslash.
fn plain(place: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(place.to_owned(), |place, (escape, sign)| place.replace(escape, sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_is_mounted_there() {
        let table = "proc /tmp/factory-base-1-a/root/proc proc rw 0 0\ntmpfs /tmp/factory-base-1-ab tmpfs rw 0 0\n\
                     tmpfs /tmp/factory-base-1-a/a\\040b tmpfs rw 0 0\n";
        let found = mounted(table, Path::new("/tmp/factory-base-1-a"));
        assert_eq!(found, ["/tmp/factory-base-1-a/root/proc", "/tmp/factory-base-1-a/a b"].map(PathBuf::from));
    }

    fn checkout(folder: &str) -> CheckoutId {
        CheckoutId::for_folder(Path::new(folder))
    }

    #[test]
    fn a_dead_runs_room_goes_and_others_stay() {
        let (dead, other) =
            (Room::new(&checkout("/0123456789abcdef")).unwrap(), Room::new(&checkout("/fedcba9876543210")).unwrap());
        let dead = std::mem::ManuallyDrop::new(dead);
        std::fs::create_dir(dead.path().join("root")).unwrap();
        sweep(&checkout("/0123456789abcdef"));
        assert!(!dead.path().exists() && other.path().exists());
    }

    #[test]
    fn what_is_mounted_in_a_room_is_not_emptied() {
        let machines = tempfile::tempdir().unwrap();
        std::fs::write(machines.path().join("keep"), "the machine's own").unwrap();
        let room = Room::new(&checkout("/00112233445566aa")).unwrap();
        // By another way to the same place, as where `TMPDIR` is a link.
        let link = machines.path().join("link");
        std::os::unix::fs::symlink(room.path(), &link).unwrap();
        let inside = room.path().join("dev");
        std::fs::create_dir(&inside).unwrap();
        let mount = || rustix::mount::mount_bind(machines.path(), &inside);
        if let Err(error) = mount() {
            return eprintln!("skipped: nothing can be mounted here: {error}");
        }
        assert!(inside.join("keep").exists() && free(&link));
        assert!(!inside.join("keep").exists(), "found through the link");
        mount().unwrap();
        drop(room);
        assert!(machines.path().join("keep").exists());
        assert!(!inside.exists());
    }
}
