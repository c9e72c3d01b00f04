//! The payload: a cpio archive in "newc" form (cpio(5)), as rpm writes and reads it.
//!
//! Members are named `./opt/x` (`rpmlib(PayloadFilesHavePrefix)`). Of the names of one inode, all but the last have a
//! size of 0. Where a file is 4 GiB or more its size does not fit, and all members are of rpm's own form without names
//! and sizes (magic `07070X`, a number into the file list of the header: `rpmlib(LargeFiles)`, rpm 4.12 and later).

use std::io;

use super::{
    super::{
        FormatError,
        codec::{Member, Members},
    },
    files::{Files, Record},
};
use crate::stage::{Kind, Role, Tree, copy_all};

/// The name of the member that ends an archive.
const END: &str = "TRAILER!!!";
/// Bytes of a member's header, before its name.
const HEADER: u64 = 110;
/// Bytes of a member's header where it is a number only.
const STRIPPED_HEADER: u64 = 14;
const ALIGN: u64 = 4;

/// Writes the whole archive.
///
/// # Errors
/// When the spool or `out` fails.
pub(super) fn write(tree: &Tree, files: &Files, out: &mut dyn Members) -> Result<(), FormatError> {
    let is_stripped = files.are_large;
    for (at, record) in files.in_payload_order() {
        let is_config = matches!(record.entry.role, Role::Config { .. });
        out.member(Member { name: record.path.as_str(), size: bytes_of(record), is_config })?;
        if is_stripped {
            write!(out, "07070X{at:08x}")?;
            pad(out, STRIPPED_HEADER)?;
        } else {
            member(out, &format!("./{}", record.path), record)?;
        }
        match &record.content.kind {
            Kind::File { .. } if record.has_bytes => {
                copy_all(tree.pack(record.content), out)?;
            }
            Kind::Symlink { target } => out.write_all(target.as_bytes())?,
            _ => {}
        }
        pad(out, bytes_of(record))?;
    }
    fields(out, END, &[0, 0, 0, 0, 1, 0, 0])?;
    Ok(())
}

/// How many bytes a member has.
fn bytes_of(record: &Record) -> u64 {
    if record.has_bytes { record.size } else { 0 }
}

fn member(out: &mut dyn Members, name: &str, record: &Record) -> io::Result<()> {
    let size = u32::try_from(bytes_of(record)).map_err(io::Error::other)?;
    let mode = u32::from(record.mode);
    // Owners are in the file list by name; numbers mean nothing on the machine that installs.
    fields(out, name, &[record.member_inode, mode, 0, 0, record.links, record.mtime, size])
}

/// A header of these fields, four of device numbers, the name's length and an unused sum; then the name.
fn fields(out: &mut dyn Members, name: &str, first: &[u32; 7]) -> io::Result<()> {
    let length = u32::try_from(name.len() + 1).map_err(io::Error::other)?;
    let mut header = String::from("070701");
    for field in first.iter().copied().chain([0, 0, 0, 0, length, 0]) {
        header.push_str(&format!("{field:08x}"));
    }
    header.push_str(name);
    header.push('\0');
    out.write_all(header.as_bytes())?;
    pad(out, HEADER + u64::from(length))
}

fn pad(out: &mut dyn Members, size: u64) -> io::Result<()> {
    let missing = usize::try_from(size.next_multiple_of(ALIGN) - size).unwrap_or_default();
    out.write_all(&[0; 4][..missing])
}
