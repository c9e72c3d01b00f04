//! The Update Framework (TUF, specification 1.0): metadata that says which files belong to an update feed, written, read and followed.
//!
//! [`Client`] follows a feed: it starts with a root that was installed, and believes nothing that the root's keys have not signed.
//! [`Repository`] writes one. Neither reads nor writes a file: what a feed has comes through [`Fetch`], what a client has to keep
//! is [`Remembered`], what a repository gives out is a list of [`File`]s, and the time is a number.
//!
//! What a target that is a release of a program says of itself is [`Says`], the same for whoever publishes and for each machine.
//!
//! Signatures are Ed25519 (written and read) and ECDSA P-256 with SHA-256 (read). Delegations are refused, not followed.
//! Whatever is read is bounded by [`Limits`], and costs no more than its length, with a logarithm beside it.

mod check;
mod client;
mod error;
mod fetch;
mod json;
mod key;
mod metadata;
mod path;
mod release;
mod repository;
mod role;
mod sign;
mod time;
mod window;

pub use check::{Check, CheckError};
pub use client::{Client, Limits, Remembered};
pub use error::{ReadError, TufError};
pub use fetch::{Fetch, FetchError};
pub use key::{KeyId, PublicKey};
pub use metadata::{Metadata, Signature};
pub use path::{PathError, TargetPath};
pub use release::{Delta, Release, Says, releases};
pub use repository::{File, Repository, RepositoryError, RootPlan, Seals};
pub use role::{
    Delegations, Digests, FileMeta, OfSnapshot, Role, RoleKeys, Roles, Root, Snapshot, TargetFile, Targets, Timestamp,
};
pub use sign::{KeyError, Sign, SigningKey};
pub use time::{Time, TimeError};
pub use window::{Window, WindowError};

/// The folder of a feed in which its metadata is.
pub const METADATA: &str = "metadata";

/// The folder of a feed in which its targets are.
pub const TARGETS: &str = "targets";
