//! Whether bytes are the file that metadata speaks of, while they come.

use ring::digest::Context;

use crate::role::{Digests, FileMeta, TargetFile};

/// Holds bytes against a length and digests, piece by piece.
#[derive(Clone)]
pub struct Check {
    length: Option<u64>,
    seen: u64,
    digests: Vec<(Context, String)>,
}

/// The bytes are others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// More come than were said.
    #[error("it has more than {0} bytes")]
    TooLong(u64),
    /// It ended early.
    #[error("it has {found} bytes, not {wanted}")]
    TooShort {
        /// How many came.
        found: u64,
        /// How many were said.
        wanted: u64,
    },
    /// Another file.
    #[error("its digest is {found}, not {wanted}")]
    Digest {
        /// What came.
        found: String,
        /// What was said.
        wanted: String,
    },
}

impl Check {
    /// For a target.
    #[must_use]
    pub fn new(file: &TargetFile) -> Self {
        Self::with(Some(file.length), Some(&file.hashes))
    }

    /// For metadata, of which neither may be said.
    pub(crate) fn of_meta(meta: &FileMeta) -> Self {
        Self::with(meta.length, meta.hashes.as_ref())
    }

    fn with(length: Option<u64>, digests: Option<&Digests>) -> Self {
        let known = digests.into_iter().flat_map(Digests::known);
        let digests = known.map(|(algorithm, text)| (Context::new(algorithm), text.to_owned())).collect();
        Self { length, seen: 0, digests }
    }

    /// How many bytes came so far.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The next bytes.
    ///
    /// # Errors
    /// [`CheckError::TooLong`] as soon as it is clear.
    pub fn update(&mut self, bytes: &[u8]) -> Result<(), CheckError> {
        self.seen = self.seen.saturating_add(bytes.len() as u64);
        if let Some(length) = self.length.filter(|length| self.seen > *length) {
            return Err(CheckError::TooLong(length));
        }
        self.digests.iter_mut().for_each(|(context, _)| context.update(bytes));
        Ok(())
    }

    /// There are no more.
    ///
    /// # Errors
    /// Where they are not the file.
    pub fn finish(self) -> Result<(), CheckError> {
        if let Some(wanted) = self.length.filter(|length| self.seen != *length) {
            return Err(CheckError::TooShort { found: self.seen, wanted });
        }
        let other = self.digests.into_iter().map(|(context, wanted)| (hex::encode(context.finish()), wanted));
        let other = other.into_iter().find(|(found, wanted)| found != wanted);
        other.map_or(Ok(()), |(found, wanted)| Err(CheckError::Digest { found, wanted }))
    }

    /// All bytes at once.
    pub(crate) fn all(mut self, bytes: &[u8]) -> Result<(), CheckError> {
        self.update(bytes)?;
        self.finish()
    }
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Check").field("length", &self.length).field("seen", &self.seen).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_in_pieces_are_the_file_or_not() {
        let check = Check::new(&TargetFile::of(b"content"));
        let mut pieces = check.clone();
        for piece in [&b"con"[..], b"", b"tent"] {
            pieces.update(piece).unwrap();
        }
        assert_eq!(pieces.finish(), Ok(()));
        assert_eq!(check.clone().all(b"contents"), Err(CheckError::TooLong(7)));
        assert_eq!(check.clone().all(b"conten"), Err(CheckError::TooShort { found: 6, wanted: 7 }));
        assert!(matches!(check.all(b"Content"), Err(CheckError::Digest { .. })));
    }

    #[test]
    fn every_known_digest_counts() {
        let both = |sha512: &str| {
            let sha256 = Digests::of(b"a").first().to_owned();
            let hashes = Digests::try_from(std::collections::BTreeMap::from([
                ("sha256".to_owned(), sha256),
                ("sha512".to_owned(), sha512.to_owned()),
                ("blake3".to_owned(), "?".to_owned()),
            ]));
            Check::with(None, Some(&hashes.unwrap()))
        };
        let right = hex::encode(ring::digest::digest(&ring::digest::SHA512, b"a"));
        assert_eq!(both(&right).all(b"a"), Ok(()));
        assert!(both(&"0".repeat(128)).all(b"a").is_err());
    }
}
