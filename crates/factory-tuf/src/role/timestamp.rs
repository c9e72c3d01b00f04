//! `timestamp.json`: which snapshot is the newest.

use serde::{Deserialize, Serialize};

use super::{FileMeta, Role};
use crate::time::Time;

/// The newest snapshot, signed often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timestamp {
    /// When it is no longer to be believed.
    pub expires: Time,
    /// The one file it speaks of.
    pub meta: OfSnapshot,
    /// From 1.
    pub version: u64,
}

/// What a timestamp speaks of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfSnapshot {
    /// `snapshot.json`.
    #[serde(rename = "snapshot.json")]
    pub snapshot: FileMeta,
}

impl Role for Timestamp {
    const NAME: &'static str = "timestamp";

    fn version(&self) -> u64 {
        self.version
    }

    fn expires(&self) -> Time {
        self.expires
    }
}
