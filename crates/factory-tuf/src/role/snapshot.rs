//! `snapshot.json`: which files of metadata belong together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FileMeta, Role};
use crate::time::Time;

/// The versions of all metadata of targets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When it is no longer to be believed.
    pub expires: Time,
    /// By the names of files: `targets.json`, and those of delegated roles.
    pub meta: BTreeMap<String, FileMeta>,
    /// From 1.
    pub version: u64,
}

impl Snapshot {
    /// The name of the file of the top-level targets.
    pub const TARGETS: &'static str = "targets.json";
}

impl Role for Snapshot {
    const NAME: &'static str = "snapshot";

    fn version(&self) -> u64 {
        self.version
    }

    fn expires(&self) -> Time {
        self.expires
    }

    fn fault(&self) -> Option<String> {
        let missing = (!self.meta.contains_key(Self::TARGETS)).then(|| "it says nothing of targets.json".to_owned());
        missing.or_else(|| (self.version == 0).then(|| "the version is 0".to_owned()))
    }
}
