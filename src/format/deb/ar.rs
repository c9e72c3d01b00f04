//! The outer archive of a `.deb`: ar(5) in the common System V form, as deb(5) wants it.
//!
//! Members are streamed: a member's size is written into its header after its content. Numbers of the machine (owner,
//! time) never get in.

use std::io::{SeekFrom, Write};

use super::super::{FormatError, Target};

/// The largest member in bytes: its header has ten decimal digits for it.
const MAX_MEMBER: u64 = 9_999_999_999;
/// Where in a member's header its size is.
const SIZE_AT: u64 = 48;
/// Bytes of a member's header.
const HEADER: u64 = 60;

/// An archive being written at the current position of its target.
pub(super) struct Ar<'a> {
    out: &'a mut dyn Target,
    mtime: u64,
}

impl<'a> Ar<'a> {
    /// Writes the magic. `epoch` is the time of all members, seconds since 1970 UTC, never below 0.
    pub(super) fn start(out: &'a mut dyn Target, epoch: i64) -> Result<Self, FormatError> {
        out.write_all(b"!<arch>\n")?;
        Ok(Self { out, mtime: epoch.max(0).cast_unsigned() })
    }

    /// Writes one member; `fill` writes its content. Names have at most 16 bytes and no slash (deb(5)).
    pub(super) fn member(
        &mut self,
        name: &str,
        fill: impl FnOnce(&mut dyn Write) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        let start = self.out.stream_position()?;
        writeln!(self.out, "{name:<16}{:<12}0     0     100644  {:<10}`", self.mtime, 0)?;
        fill(&mut self.out)?;
        let end = self.out.stream_position()?;
        let size = end - start - HEADER;
        if size > MAX_MEMBER {
            return Err(FormatError::Unsupported { format: "deb", what: format!("{name} of {size} bytes") });
        }
        self.out.seek(SeekFrom::Start(start + SIZE_AT))?;
        write!(self.out, "{size:<10}")?;
        self.out.seek(SeekFrom::Start(end))?;
        if size % 2 == 1 {
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Seek as _};

    use super::*;

    #[test]
    fn an_archive_is_as_ar_writes_it() {
        let mut out = Cursor::new(b"before ".to_vec());
        out.seek(SeekFrom::End(0)).unwrap();
        let mut ar = Ar::start(&mut out, 1_700_000_000).unwrap();
        ar.member("debian-binary", |out| Ok(out.write_all(b"2.0\n")?)).unwrap();
        ar.member("odd", |out| Ok(out.write_all(b"abc")?)).unwrap();
        assert_eq!(
            String::from_utf8(out.into_inner()).unwrap(),
            "before !<arch>\n\
             debian-binary   1700000000  0     0     100644  4         `\n2.0\n\
             odd             1700000000  0     0     100644  3         `\nabc\n"
        );
    }
}
