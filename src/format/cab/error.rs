//! [`CabError`]: what a cabinet cannot hold, or Windows could not unpack.

use std::io;

use crate::stage::{TreeError, TreePath};

/// Why a tree does not become a cabinet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CabError {
    /// There is nothing in it: readers take such a file for a broken one.
    #[error("a cabinet without files is none")]
    Empty,
    /// The folder that it is unpacked into.
    #[error("`{folder}` cannot be the folder that a cabinet is unpacked into: {reason}")]
    Folder {
        /// As it was given, escaped.
        folder: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A path that Windows cannot hold, or takes for something else.
    #[error("`/{path}` (from {origin}) cannot be a file on Windows: {reason}")]
    Name {
        /// The path.
        path: TreePath,
        /// Where it came from.
        origin: String,
        /// Why.
        reason: &'static str,
    },
    /// Two paths that are one on Windows.
    #[error("`/{first}` and `/{second}` are one on Windows, which looks at no case")]
    Clash {
        /// The one that sorts first.
        first: TreePath,
        /// The other one.
        second: TreePath,
    },
    /// Something that is no regular file.
    #[error("`/{path}` (from {origin}) is {what}, which a cabinet cannot hold")]
    Kind {
        /// The path.
        path: TreePath,
        /// Where it came from.
        origin: String,
        /// What it is.
        what: &'static str,
    },
    /// More files than their number can say.
    #[error("a cabinet holds 65,535 files, and `/{path}` is one more")]
    Many {
        /// The first that has no place.
        path: TreePath,
    },
    /// A file that is too large.
    #[error("`/{path}` has {size} bytes: a file in a cabinet has {most} at most (2 GiB)")]
    LargeFile {
        /// The path.
        path: TreePath,
        /// Its bytes.
        size: u64,
        /// The most that one may have.
        most: u64,
    },
    /// A cabinet that is too large.
    #[error("at `/{path}` the cabinet becomes larger than {most} bytes (4 GiB), which is the most that one can have")]
    Large {
        /// The file at which it became so.
        path: TreePath,
        /// The most that one may have.
        most: u64,
    },
    /// The entries do not make a tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The compressor refused to go on.
    #[error("compressing a block failed: {0}")]
    Compress(&'static str),
    /// Reading the tree or writing the cabinet failed.
    #[error("writing the cabinet: {0}")]
    Io(#[from] io::Error),
}
