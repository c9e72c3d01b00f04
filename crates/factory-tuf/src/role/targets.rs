//! `targets.json`: which files a feed has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Digests, Role};
use crate::{path::TargetPath, time::Time};

/// All files of a feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Targets {
    /// Who else may speak of files. Not followed: a client refuses metadata in which anybody may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegations: Option<Delegations>,
    /// When it is no longer to be believed.
    pub expires: Time,
    /// By name.
    pub targets: BTreeMap<TargetPath, TargetFile>,
    /// From 1.
    pub version: u64,
}

/// A file of a feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetFile {
    /// What the feed's owner says of it; an empty object where nothing is said.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub custom: Map<String, Value>,
    /// Its digests.
    pub hashes: Digests,
    /// Its bytes.
    pub length: u64,
}

impl TargetFile {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { custom: Map::new(), hashes: Digests::of(bytes), length: bytes.len() as u64 }
    }
}

/// Who else may speak of files: read only so far that it can be said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delegations(Value);

impl Delegations {
    /// The names of the roles; empty where nothing has been delegated.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let name =
            |role: &Value| role.get("name").and_then(Value::as_str).unwrap_or("a role without a name").to_owned();
        let listed: Option<Vec<String>> =
            self.0.get("roles").and_then(Value::as_array).map(|roles| roles.iter().map(name).collect());
        let bins = self.0.get("succinct_roles").filter(|roles| !roles.is_null());
        let prefix = bins.map(|roles| roles.get("name_prefix").and_then(Value::as_str).unwrap_or("bins").to_owned());
        listed.unwrap_or_default().into_iter().chain(prefix).collect()
    }
}

impl Role for Targets {
    const NAME: &'static str = "targets";

    fn version(&self) -> u64 {
        self.version
    }

    fn expires(&self) -> Time {
        self.expires
    }
}
