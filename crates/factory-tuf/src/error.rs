//! What can be wrong with a feed.

use crate::{fetch::FetchError, time::Time};

/// Why a file of metadata cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, or JSON that two readers could see differently.
    #[error("it is not the JSON of metadata: {0}")]
    Json(#[from] serde_json::Error),
    /// Another role's file.
    #[error("it is of the type {found:?}, not {wanted:?}")]
    Type {
        /// What it says.
        found: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// A specification that is not 1.x.
    #[error("it follows version {0:?} of the specification, and 1 is known")]
    Specification(String),
    /// A key that signed twice.
    #[error("two signatures have the same key, {0}")]
    SignedTwice(String),
    /// A value that cannot be.
    #[error("{0}")]
    Fault(String),
}

/// Why a feed is not believed. Whoever gets one keeps what was believed before.
#[derive(Debug, thiserror::Error)]
pub enum TufError {
    /// It could not be had.
    #[error("{file} could not be had")]
    Fetch {
        /// Its path in the feed.
        file: String,
        /// Why.
        source: FetchError,
    },
    /// More bytes than there may be.
    #[error("{file} has more than {limit} bytes")]
    TooLong {
        /// Its path in the feed.
        file: String,
        /// How many there may be.
        limit: u64,
    },
    /// It is not metadata.
    #[error("{file} is refused")]
    Read {
        /// Its path in the feed.
        file: String,
        /// Why.
        source: ReadError,
    },
    /// Too few of its keys have signed it.
    #[error("{file} has {valid} good signatures of the keys that {by} gives it, and {threshold} are needed")]
    Threshold {
        /// Its path in the feed.
        file: String,
        /// The root that says which keys: `root 3`.
        by: String,
        /// How many good ones there are, each key counted once.
        valid: u64,
        /// How many are needed.
        threshold: u64,
    },
    /// Not the version that was asked for.
    #[error("{file} is version {found}, and {wanted} was said: parts of two states of the feed")]
    Version {
        /// Its path in the feed.
        file: String,
        /// What it says.
        found: u64,
        /// What it should be.
        wanted: u64,
    },
    /// Older than what was believed before.
    #[error("{file} is version {found}, and version {trusted} was seen before: the feed went back")]
    Rollback {
        /// Which file.
        file: String,
        /// What is offered.
        found: u64,
        /// What was believed.
        trusted: u64,
    },
    /// A file that the snapshot before had is gone.
    #[error("the snapshot says nothing of {file} any more, and the one before did")]
    Gone {
        /// Which file.
        file: String,
    },
    /// Too old: the feed stands still, somebody holds it back, or this machine's clock is wrong.
    #[error("{file} was good until {expires}, and this machine's clock says {now}")]
    Expired {
        /// Its path in the feed.
        file: String,
        /// When it ended.
        expires: Time,
        /// What time it is taken to be.
        now: Time,
    },
    /// Not the bytes that were said.
    #[error("{file} is not what the feed says of it: {what}")]
    Mismatch {
        /// Its path in the feed.
        file: String,
        /// What differs.
        what: crate::check::CheckError,
    },
    /// Roles beyond the four.
    #[error("the targets are delegated to {}, and delegations are not followed", .0.join(", "))]
    Delegated(Vec<String>),
    /// Nothing ends the chain of roots.
    #[error("there are more than {0} roots behind the one that is known; the next refresh goes on from there")]
    TooManyRoots(u32),
    /// The time is out of the calendar.
    #[error("this machine's clock cannot be used: {0}")]
    Clock(#[from] crate::time::TimeError),
}
