//! How a client gets at a feed.

use std::io::{self, Read};

/// Something that has the files of a feed: a web server, a folder, a map.
pub trait Fetch {
    /// The bytes of a file from their begin, by its path in the feed: `metadata/timestamp.json`. Paths are relative and plain (see
    /// [`crate::TargetPath`]). Whoever reads stops at its limit; how long that may take is this one's business.
    ///
    /// # Errors
    /// [`FetchError`].
    fn fetch(&mut self, path: &str) -> Result<Box<dyn Read + '_>, FetchError>;
}

/// Why a file was not to be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is none of that name.
    #[error("the feed does not have it")]
    NotFound,
    /// Something else: the network, the server, the disk.
    #[error(transparent)]
    Failed(#[from] io::Error),
}

/// A file of at most so many bytes; `None` where it has more.
pub(crate) fn bounded(from: &mut dyn Fetch, path: &str, limit: u64) -> Result<Option<Vec<u8>>, FetchError> {
    let mut bytes = Vec::new();
    from.fetch(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}
