//! Where files of a wheels step are in its containers, below [`ROOT`](super::pip::ROOT).

/// Where pip downloads to.
pub const FILES: &str = "files";

/// Where the versions of the lock are in the container.
pub const PINS: &str = "in/factory.lock.txt";
/// Where a source is that is built.
pub const BUILD: &str = "build";
