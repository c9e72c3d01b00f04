//! `root.json`: which keys each role has.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Role;
use crate::{
    key::{KeyId, PublicKey},
    time::Time,
};

/// The root of trust.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Root {
    /// Whether files have versions and digests in their names.
    #[serde(default)]
    pub consistent_snapshot: bool,
    /// When it is no longer to be believed.
    pub expires: Time,
    /// All keys.
    pub keys: BTreeMap<KeyId, PublicKey>,
    /// Who has which.
    pub roles: Roles,
    /// From 1.
    pub version: u64,
}

/// The keys of each role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are what they are")]
pub struct Roles {
    pub root: RoleKeys,
    pub snapshot: RoleKeys,
    pub targets: RoleKeys,
    pub timestamp: RoleKeys,
}

/// The keys of a role, and how many of them have to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleKeys {
    /// Names of keys, each once.
    #[serde(rename = "keyids")]
    pub ids: Vec<KeyId>,
    /// From 1.
    pub threshold: u64,
}

impl Root {
    /// The keys of a role, by its name; `None` where it is none of the four.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&RoleKeys> {
        match name {
            "root" => Some(&self.roles.root),
            "snapshot" => Some(&self.roles.snapshot),
            "targets" => Some(&self.roles.targets),
            "timestamp" => Some(&self.roles.timestamp),
            _ => None,
        }
    }

    /// Whether a role has the same keys in both. Names are not compared.
    pub(crate) fn has_same_keys(&self, other: &Self, role: &str) -> bool {
        let keys = |root: &Self| -> BTreeSet<PublicKey> {
            let ids = root.role(role).map(|role| role.ids.iter()).into_iter().flatten();
            ids.filter_map(|id| root.keys.get(id).cloned()).collect()
        };
        keys(self) == keys(other)
    }
}

impl RoleKeys {
    fn fault(&self, name: &str) -> Option<String> {
        let distinct: BTreeSet<&KeyId> = self.ids.iter().collect();
        if distinct.len() != self.ids.len() {
            return Some(format!("a key stands twice in the role {name}"));
        }
        (self.threshold == 0).then(|| format!("the threshold of {name} is 0"))
    }
}

impl Role for Root {
    const NAME: &'static str = "root";

    fn version(&self) -> u64 {
        self.version
    }

    fn expires(&self) -> Time {
        self.expires
    }

    fn fault(&self) -> Option<String> {
        let Roles { root, snapshot, targets, timestamp } = &self.roles;
        let all = [("root", root), ("snapshot", snapshot), ("targets", targets), ("timestamp", timestamp)];
        let of_roles = all.into_iter().find_map(|(name, role)| role.fault(name));
        of_roles.or_else(|| (self.version == 0).then(|| "the version is 0".to_owned()))
    }
}
