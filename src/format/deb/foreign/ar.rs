//! The outer archive: ar(5) in the common System V form, one member after the other.

use std::io::{self, Read};

use super::MAGIC;
use crate::format::foreign::{ForeignError, error::malformed};

/// Bytes of one header.
const HEADER: usize = 60;

/// The header of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArMember {
    /// Its name without the blanks and the slash behind it.
    pub(super) name: String,
    /// Bytes of its content.
    pub(super) size: u64,
}

/// An archive while it is read.
#[derive(Debug)]
pub(super) struct Ar<R> {
    reader: R,
    /// Content bytes of the current member not read yet.
    left: u64,
    /// Whether a byte of padding follows them.
    odd: bool,
}

impl<R: Read> Ar<R> {
    /// Reads the magic.
    pub(super) fn start(mut reader: R) -> Result<Self, ForeignError> {
        let mut magic = [0; MAGIC.len()];
        reader.read_exact(&mut magic)?;
        if magic == *MAGIC { Ok(Self { reader, left: 0, odd: false }) } else { Err(ForeignError::NotAPackage) }
    }

    /// The next member; `None` at the end. Passes over what was not read of the one before.
    pub(super) fn next(&mut self) -> Result<Option<ArMember>, ForeignError> {
        io::copy(&mut self.content(), &mut io::sink())?;
        if std::mem::take(&mut self.odd) {
            let mut padding = [0];
            self.reader.read_exact(&mut padding)?;
            if padding != *b"\n" {
                return Err(malformed("a member of its archive is not padded with a line end"));
            }
        }
        let mut header = Vec::with_capacity(HEADER);
        self.reader.by_ref().take(HEADER as u64).read_to_end(&mut header)?;
        if header.is_empty() {
            return Ok(None);
        }
        let Ok(header) = <[u8; HEADER]>::try_from(header) else { return Err(ForeignError::Truncated) };
        let field =
            |from: usize, to: usize| std::str::from_utf8(&header[from..to]).ok().map(|text| text.trim_end_matches(' '));
        let size = field(48, 58).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let size = size.and_then(|text| text.parse::<u64>().ok());
        let name = field(0, 16).map(|name| name.strip_suffix('/').unwrap_or(name));
        match (name, size) {
            (Some(name), Some(size)) if header.ends_with(b"`\n") && !name.is_empty() => {
                (self.left, self.odd) = (size, size % 2 == 1);
                Ok(Some(ArMember { name: name.to_owned(), size }))
            }
            _ => Err(malformed("a header of its archive is not one of ar(5)")),
        }
    }

    /// The content of the current member. It fails rather than end early.
    pub(super) fn content(&mut self) -> impl Read + '_ {
        ArContent(self)
    }
}

struct ArContent<'a, R>(&'a mut Ar<R>);

impl<R: Read> Read for ArContent<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.0.left).unwrap_or(usize::MAX).min(buffer.len());
        if want == 0 {
            return Ok(0);
        }
        let got = self.0.reader.read(&mut buffer[..want])?;
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.0.left -= got as u64;
        Ok(got)
    }
}
