//! What tells that something was made where it is: the inode and when it was made, which no clone and no archive can bring along.

use std::{
    fs::Metadata,
    os::unix::fs::MetadataExt as _,
    time::{SystemTime, UNIX_EPOCH},
};

/// The mark of a file or a folder: its inode, and when it was made where the file system keeps that. A line.
#[must_use]
pub fn mark(meta: &Metadata) -> String {
    let made = meta.created().ok().and_then(|made: SystemTime| made.duration_since(UNIX_EPOCH).ok());
    format!("{} {}\n", meta.ino(), made.map_or(0, |made| made.as_nanos()))
}
