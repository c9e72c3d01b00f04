//! Compressed parts of packages as readers: bounded in what they give, and in the memory that they may be made to take.

use std::io::{self, BufRead, Read};

use md5::Md5;
use sha2::{Digest, Sha256};

use super::{error::ForeignError, error::malformed};
use crate::{
    sign::{LOOKED_AT, private_key},
    stage::{Limits, StageError},
};

/// How many times larger than the package what it unpacks to may be, beyond [`FREE`], where it declares nothing.
const RATIO: u64 = 2000;
/// Bytes that any package may unpack to: 256 MiB.
const FREE: u64 = 256 << 20;
/// The memory that an xz stream may ask for: 256 MiB. `xz -9` needs 65 MiB.
const XZ_MEMORY: u64 = 256 << 20;

/// How a part is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format) enum Packing {
    None,
    Gzip,
    /// Of old packages: Debian's of 2005 to 2014, and rpms of SUSE.
    Bzip2,
    Xz,
    /// What .xz came after.
    Lzma,
    Zstd,
}

impl Packing {
    /// By what a member's name ends in: `.xz`.
    pub(in crate::format) fn of_extension(text: &str) -> Option<Self> {
        match text {
            "" => Some(Self::None),
            ".gz" => Some(Self::Gzip),
            ".bz2" => Some(Self::Bzip2),
            ".xz" => Some(Self::Xz),
            ".lzma" => Some(Self::Lzma),
            ".zst" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// A reader of all streams (gzip, xz) or frames (zstd) that were put one behind the other, as tar's programs read them.
    pub(in crate::format) fn unpack_all<'a>(
        self,
        reader: impl BufRead + 'a,
    ) -> Result<Box<dyn Read + 'a>, ForeignError> {
        Ok(match self {
            Self::Xz => {
                let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, liblzma::stream::CONCATENATED)
                    .map_err(io::Error::from)?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(reader, stream))
            }
            Self::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(reader)?),
            Self::None | Self::Gzip | Self::Bzip2 | Self::Lzma => self.unpack(reader)?,
        })
    }

    /// A reader of what was compressed. It stops behind the one stream (xz) or frame (zstd) that a package has.
    pub(in crate::format) fn unpack<'a>(self, reader: impl BufRead + 'a) -> Result<Box<dyn Read + 'a>, ForeignError> {
        Ok(match self {
            Self::None => Box::new(reader),
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(reader)),
            // Its blocks are 900 kB at most.
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(reader)),
            Self::Xz => {
                let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, 0).map_err(io::Error::from)?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(reader, stream))
            }
            Self::Lzma => {
                let stream = liblzma::stream::Stream::new_lzma_decoder(XZ_MEMORY).map_err(io::Error::from)?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(reader, stream))
            }
            // Its window is 128 MiB at most, unless asked for more.
            Self::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(reader)?.single_frame()),
        })
    }
}

/// How much a package may unpack to.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes, by what is known of it.
    bytes: u64,
    /// Bytes, whatever it declares.
    total: u64,
}

impl Bounds {
    /// For a package of `size` bytes.
    #[must_use]
    pub fn for_size(size: u64, limits: &Limits) -> Self {
        let bytes = size.saturating_mul(RATIO).saturating_add(FREE).min(limits.total_bytes);
        Self { bytes, total: limits.total_bytes }
    }

    /// The bytes that it may unpack to.
    pub(in crate::format) fn most(self) -> u64 {
        self.bytes
    }

    /// For one that declares exactly what it unpacks to.
    pub(in crate::format) fn exactly(self, bytes: u64) -> Self {
        Self { bytes: bytes.min(self.total), ..self }
    }

    /// For one that declares about what it installs: a file in an archive takes up to 1,024 bytes more, and all of it is
    /// counted twice to be on the safe side.
    pub(in crate::format) fn about(self, bytes: u64) -> Self {
        let declared = bytes.saturating_mul(2).saturating_add(FREE).min(self.total);
        Self { bytes: self.bytes.max(declared), ..self }
    }

    /// A reader that fails rather than give more, here or at `most`.
    pub(in crate::format) fn bounded<R: Read>(self, reader: R, most: u64) -> Bounded<R> {
        let limit = self.bytes.min(most);
        Bounded { reader, left: limit, limit }
    }
}

/// See [`Bounds::bounded`].
pub(in crate::format) struct Bounded<R> {
    reader: R,
    left: u64,
    limit: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.reader.read(buffer)?;
        let left = self.left.checked_sub(got as u64).ok_or_else(|| {
            let text = format!("it unpacks to more than {} bytes: more than it declares, or than is read", self.limit);
            io::Error::new(io::ErrorKind::InvalidData, text)
        });
        self.left = left?;
        Ok(got)
    }
}

/// Reads what is left, which must be zeros: the padding of an archive.
pub(in crate::format) fn drain_zeros(reader: &mut dyn Read) -> Result<(), ForeignError> {
    let mut buffer = [0; 8192];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(got) if buffer[..got].iter().all(|b| *b == 0) => {}
            Ok(_) => return Err(malformed("something follows the end of its archive")),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Why an archive could not be read: where it makes no sense and what it is compressed with does not fit its checksum either, it was
/// damaged, and what it seems to say is of no interest.
pub(in crate::format) fn cause(error: ForeignError, rest: &mut dyn Read) -> ForeignError {
    let makes_no_sense =
        |source: &StageError| matches!(source, StageError::Malformed { .. } | StageError::Limit { .. });
    match &error {
        ForeignError::Tar { source, .. } if makes_no_sense(source) => match io::copy(rest, &mut io::sink()) {
            Ok(_) => error,
            Err(damage) => ForeignError::Read(damage),
        },
        _ => error,
    }
}

/// A reader that digests everything it gives.
pub(in crate::format) struct Tally<R, D> {
    reader: R,
    hash: D,
}

impl<R: Read, D: Digest> Tally<R, D> {
    pub(in crate::format) fn new(reader: R) -> Self {
        Self { reader, hash: D::new() }
    }

    /// The digest of all that was read, in hexadecimal digits.
    pub(in crate::format) fn finish(self) -> String {
        hex::encode(self.hash.finalize())
    }
}

impl<R: Read, D: Digest> Read for Tally<R, D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.reader.read(buffer)?;
        self.hash.update(&buffer[..got]);
        Ok(got)
    }
}

/// Digests of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::format) struct Sums {
    pub(in crate::format) sha256: [u8; 32],
    pub(in crate::format) md5: [u8; 16],
    pub(in crate::format) size: u64,
    /// The kind of private key that it holds.
    pub(in crate::format) key: Option<&'static str>,
}

/// Reads to the end.
pub(in crate::format) fn sums(reader: &mut dyn Read) -> io::Result<Sums> {
    let (mut sha256, mut md5, mut size) = (Sha256::new(), Md5::new(), 0);
    let mut buffer = vec![0; 64 * 1024];
    let mut start = Vec::new();
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => {
                let key = private_key(&start);
                return Ok(Sums { sha256: sha256.finalize().into(), md5: md5.finalize().into(), size, key });
            }
            Ok(got) => {
                let room = LOOKED_AT.saturating_sub(size).min(got as u64);
                start.extend_from_slice(&buffer[..usize::try_from(room).unwrap_or(got)]);
                sha256.update(&buffer[..got]);
                md5.update(&buffer[..got]);
                size += got as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_declared_is_what_is_read() {
        let limits = Limits { total_bytes: 3 << 30, ..Limits::default() };
        let bounds = Bounds::for_size(100_000, &limits);
        assert_eq!(bounds.bytes, 2000 * 100_000 + FREE);
        // A gigabyte of zeros is honest where it is declared, and neither more nor less than that is read.
        assert_eq!((bounds.exactly(1 << 30).bytes, bounds.exactly(1 << 20).bytes), (1 << 30, 1 << 20));
        assert_eq!((bounds.about(1 << 30).bytes, bounds.about(1 << 10).bytes), ((2 << 30) + FREE, bounds.bytes));
        assert_eq!((bounds.exactly(4 << 30).bytes, bounds.about(u64::MAX).bytes), (3 << 30, 3 << 30));
        let mut zeros = bounds.exactly(10).bounded(io::repeat(0), u64::MAX);
        assert!(zeros.read_exact(&mut [0; 10]).is_ok() && zeros.read(&mut [0; 1]).is_err());
    }
}
