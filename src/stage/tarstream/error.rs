//! [`StageError`]: every reason to refuse a stream, in words for the person who built the container.

use super::{super::AccountsError, TreeError, TreePath};

/// Why a stream was refused. The tree is then as before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// The stream failed.
    #[error("reading the archive stream: {0}")]
    Read(#[source] std::io::Error),
    /// The stream has no end mark: the connection broke.
    #[error("the archive stream ends early")]
    Truncated,
    /// It breaks the format, or uses a part of it that no container archive uses.
    #[error("entry {entry} of the archive stream is malformed: {reason}")]
    Malformed {
        /// Which header, counted from 1.
        entry: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// A name that cannot be in a package.
    #[error("`{name}` in the archive stream is refused: {reason}")]
    Name {
        /// The name, escaped.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// A kind of entry that packages do not hold.
    #[error("`/{path}` is {what}; a package cannot hold it, so exclude it")]
    Special {
        /// The path.
        path: TreePath,
        /// The kind, in words.
        what: &'static str,
    },
    /// A link that cannot be kept.
    #[error("the {kind} `/{path}` to `{target}` is refused: {reason}")]
    Link {
        /// `hard link` or `symbolic link`.
        kind: &'static str,
        /// The path.
        path: TreePath,
        /// The target, escaped.
        target: String,
        /// Why.
        reason: &'static str,
    },
    /// The owner has no name.
    #[error("`/{path}`: {source}")]
    Owner {
        /// The path.
        path: TreePath,
        /// Which number.
        source: AccountsError,
    },
    /// More than [`Limits`](super::Limits) allow.
    #[error("the archive stream has more than {limit} {what}{}{path}", if path.is_empty() { "" } else { ", seen at " })]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How many are allowed.
        limit: u64,
        /// Where, or empty.
        path: String,
    },
    /// The entries do not make a tree, or do not fit the one there is.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// A name for a message: escaped, and not longer than a screen.
pub(super) fn shown(name: &[u8]) -> String {
    const MOST: usize = 200;
    let text: String = match std::str::from_utf8(name) {
        Ok(text) => text.escape_debug().take(MOST + 1).collect(),
        Err(_) => name.escape_ascii().take(MOST + 1).map(char::from).collect(),
    };
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
