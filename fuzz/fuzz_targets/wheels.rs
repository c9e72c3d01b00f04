//! The stream of the wheel builder: files with the names of wheels and source distributions or an error, and nothing outside
//! of its folder; and the lock, which comes out of a repository.
#![no_main]

use factory::source::{
    lockfile::{Lockfile, NAME},
    wheelhouse::{ANYTHING, receive},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(folder) = tempfile::tempdir() else { return };
    let into = folder.path().join("into");
    if std::fs::create_dir(&into).is_err() {
        return;
    }
    let received = receive(&mut &*bytes, &into, ANYTHING, &|_| Ok(()));
    let count = |folder: &std::path::Path| std::fs::read_dir(folder).map(Iterator::count).unwrap_or_default();
    assert_eq!(count(folder.path()), 1, "nothing beside its folder");
    if let Ok(received) = received {
        assert_eq!(received.len(), count(&into), "everything that is there is told");
    }
    if std::fs::write(folder.path().join(NAME), bytes).is_ok()
        && let Ok(Some(lock)) = Lockfile::load(folder.path())
        && lock.save(folder.path()).is_ok()
    {
        assert_eq!(Lockfile::load(folder.path()).ok().flatten(), Some(lock), "read as it was written");
    }
});
