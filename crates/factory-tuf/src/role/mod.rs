//! The four top-level roles (specification, 4.3 to 4.6), and what they share.

mod root;
mod snapshot;
mod targets;
mod timestamp;

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use root::{RoleKeys, Roles, Root};
pub use snapshot::Snapshot;
pub use targets::{Delegations, TargetFile, Targets};
pub use timestamp::{OfSnapshot, Timestamp};

use crate::time::Time;

/// A role's metadata.
pub trait Role: Serialize + DeserializeOwned + fmt::Debug + Clone + PartialEq {
    /// `_type`, which is also its file's name.
    const NAME: &'static str;

    /// Which one it is, from 1.
    fn version(&self) -> u64;

    /// When it is no longer to be believed.
    fn expires(&self) -> Time;

    /// What is wrong with it beside its form; `None` where nothing is.
    fn fault(&self) -> Option<String> {
        (self.version() == 0).then(|| "the version is 0".to_owned())
    }
}

/// What one role says of another's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMeta {
    /// Its digests, where they are said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hashes: Option<Digests>,
    /// Its bytes, where they are said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// Its version.
    pub version: u64,
}

/// The digests of a file, by the names of their algorithms: `sha256` and `sha512` are known, at least one of them is there, and each one
/// that is known is checked. Lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Digests(BTreeMap<String, String>);

/// An algorithm of digests, and its length in bytes.
type Known = (&'static str, &'static ring::digest::Algorithm, usize);

const KNOWN: [Known; 2] = [("sha256", &ring::digest::SHA256, 32), ("sha512", &ring::digest::SHA512, 64)];

impl Digests {
    /// SHA-256 alone.
    #[must_use]
    pub fn sha256(digest: &[u8; 32]) -> Self {
        Self([("sha256".to_owned(), hex::encode(digest))].into())
    }

    /// SHA-256 of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self([("sha256".to_owned(), hex::encode(ring::digest::digest(&ring::digest::SHA256, bytes)))].into())
    }

    /// The digests that can be checked: algorithm and hexadecimal text. The first is the one in the file's name.
    pub(crate) fn known(&self) -> impl Iterator<Item = (&'static ring::digest::Algorithm, &str)> {
        KNOWN.iter().filter_map(|(name, algorithm, _)| Some((*algorithm, self.0.get(*name)?.as_str())))
    }

    /// The digest in the name of the file in a feed with consistent snapshots.
    #[must_use]
    pub fn first(&self) -> &str {
        self.known().next().map_or("", |(_, digest)| digest)
    }
}

impl TryFrom<BTreeMap<String, String>> for Digests {
    type Error = String;

    fn try_from(all: BTreeMap<String, String>) -> Result<Self, String> {
        let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let mut found =
            KNOWN.iter().filter_map(|(name, _, bytes)| all.get(*name).map(|text| (name, text, bytes))).peekable();
        if found.peek().is_none() {
            return Err("no digest that is known: sha256 or sha512".to_owned());
        }
        if let Some((name, ..)) = found.find(|(_, text, bytes)| text.len() != **bytes * 2 || !is_hex(text)) {
            return Err(format!("a digest is not {name} in lower-case hexadecimal"));
        }
        Ok(Self(all))
    }
}

impl From<Digests> for BTreeMap<String, String> {
    fn from(digests: Digests) -> Self {
        digests.0
    }
}
