//! Metadata of an update feed: each role is read or refused, and a root is held against its own keys.
#![no_main]

use factory_tuf::{Client, Limits, Metadata, Remembered, Root, Snapshot, Targets, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Metadata::<Timestamp>::read(bytes.to_vec());
    let _ = Metadata::<Snapshot>::read(bytes.to_vec());
    if let Ok(Metadata { role, .. }) = Metadata::<Targets>::read(bytes.to_vec()) {
        role.targets.keys().for_each(|path| assert!(path.as_str().split('/').all(|word| !word.is_empty() && word != "..")));
    }
    if let Ok(root) = Metadata::<Root>::read(bytes.to_vec()) {
        let _ = root.count(&root.role, &root.role.roles.root);
    }
    let _ = Client::new(Remembered::installed(bytes.to_vec()), Limits::default());
});
