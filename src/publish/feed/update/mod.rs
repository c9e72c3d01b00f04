//! An update feed: a folder of static files whose metadata is that of The Update Framework (docs/updates.md). What is published is signed by
//! offline keys, what is renewed each day by an online one.
//!
//! Whoever publishes believes as little of the folder as its clients do: it lies on a web server. What is signed again is what a root that
//! was kept beside the keys leads to.

mod change;
mod delta;
mod error;
mod files;
mod keys;
mod machine;
mod open;
mod publish;
mod roots;
#[cfg(test)]
mod tests;
mod verify;

pub use change::{Change, Choice};
pub use error::UpdateError;
pub use keys::{KeyRole, Keys, NewKey};
pub use machine::{is_known, meant, platform_of};
pub use open::{Feed, expiries, is_feed};
pub use publish::{NewFile, Published};
pub use roots::{RoleChange, RootChange};
pub use verify::{listed, remedy, verify};

use factory_tuf::Time;

/// The file of the root that updaters are installed with, beside the keys.
pub const ROOT: &str = "update_root.json";

/// The largest file of metadata that is read, in bytes.
const LARGEST: u64 = 8 << 20;

/// Whatever ends sooner is warned of, in seconds: 14 days.
pub const SOON: i64 = 14 * 86_400;

/// When what is signed now ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until {
    /// The targets, signed by offline keys.
    pub targets: Time,
    /// Snapshot and timestamp, signed by the online key.
    pub online: Time,
}
