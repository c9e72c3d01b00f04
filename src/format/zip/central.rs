//! The end of an archive and its central directory (APPNOTE 4.3.12 to 4.3.16).

use std::io::{Read, Seek, SeekFrom};

use super::{
    error::ZipError,
    layout::{CENTRAL, END, END_64, LOCATOR_64, exactly, number, u16_at, u32_at},
    limits::Limits,
};

/// The extra field with sizes of large files.
pub(super) const LARGE: u16 = 0x0001;
/// Info-ZIP's extra field with a name in Unicode.
const UNICODE_NAME: u16 = 0x7075;

/// What the directory says of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub name: Vec<u8>,
    /// Whether an extra field gives it another one, which some programs take.
    pub has_second_name: bool,
    pub flags: u16,
    pub method: u16,
    pub crc: u32,
    pub packed: u64,
    pub size: u64,
    pub offset: u64,
    /// `create_system` in the upper byte.
    pub made_by: u16,
    pub attributes: u32,
}

/// Where the directory is.
struct Place {
    entries: u64,
    size: u64,
    offset: u64,
    /// Where what follows it begins.
    end: u64,
}

fn broken(why: &'static str) -> ZipError {
    ZipError::Broken(why)
}

/// Reads the directory. Gives its entries in its order, and where it begins.
pub(super) fn read<R: Read + Seek>(file: &mut R, length: u64, limits: &Limits) -> Result<(Vec<Listed>, u64), ZipError> {
    let place = place(file, length)?;
    if place.entries > limits.entries {
        return Err(ZipError::Large("it has too many entries"));
    }
    if place.size > limits.directory {
        return Err(ZipError::Large("its directory is larger than 64 MiB"));
    }
    if place.offset.checked_add(place.size) != Some(place.end) {
        return Err(broken("its directory is not where its end says"));
    }
    file.seek(SeekFrom::Start(place.offset))?;
    let bytes = exactly(file, place.size, "its directory breaks off")?;
    let mut entries = Vec::new();
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let (entry, after) = entry(rest).ok_or_else(|| broken("an entry of its directory breaks off"))?;
        entries.push(entry);
        rest = after;
    }
    if entries.len() as u64 != place.entries {
        return Err(broken("its directory has another number of entries than its end says"));
    }
    Ok((entries, place.offset))
}

fn place<R: Read + Seek>(file: &mut R, length: u64) -> Result<Place, ZipError> {
    // No archive that is taken has a comment: one would leave open where the archive ends.
    let at = length.checked_sub(22).ok_or_else(|| broken("it is too short"))?;
    file.seek(SeekFrom::Start(at))?;
    let end = exactly(file, 22, "its end breaks off")?;
    let field = |at, length| number(&end, at, length).unwrap_or_default();
    if u32_at(&end, 0) != Some(END) {
        return Err(broken("there is no end of an archive at its end (a comment is not taken)"));
    }
    if field(20, 2) != 0 {
        return Err(broken("it has a comment or breaks off"));
    }
    let whole = Place { entries: field(10, 2), size: field(12, 4), offset: field(16, 4), end: at };
    if field(4, 2) != 0 || field(6, 2) != 0 || field(8, 2) != field(10, 2) {
        return Err(broken("it has several parts"));
    }
    // Agents take the larger form wherever it is, needed or not: then both say the same, or one of them is a trap.
    let Some(large) = place_64(file, at)? else { return Ok(whole) };
    let same = |small: u64, most: u64, large: u64| small == most || small == large;
    if same(whole.entries, 0xffff, large.entries)
        && same(whole.size, 0xffff_ffff, large.size)
        && same(whole.offset, 0xffff_ffff, large.offset)
    {
        Ok(large)
    } else {
        Err(broken("its two ends say different things"))
    }
}

/// The place in the larger form; `None` where the archive has none.
fn place_64<R: Read + Seek>(file: &mut R, end: u64) -> Result<Option<Place>, ZipError> {
    let Some(at) = end.checked_sub(20) else { return Ok(None) };
    file.seek(SeekFrom::Start(at))?;
    let locator = exactly(file, 20, "its end breaks off")?;
    if u32_at(&locator, 0) != Some(LOCATOR_64) {
        return Ok(None);
    }
    let offset = number(&locator, 8, 8).unwrap_or_default();
    if offset.checked_add(56) != Some(at) {
        return Err(broken("its end is not where it says"));
    }
    file.seek(SeekFrom::Start(offset))?;
    let record = exactly(file, 56, "its end breaks off")?;
    let field = |at| number(&record, at, 8).unwrap_or_default();
    if u32_at(&record, 0) != Some(END_64) || field(4) != 44 || field(24) != field(32) {
        return Err(broken("its end is not one"));
    }
    Ok(Some(Place { entries: field(32), size: field(40), offset: field(48), end: offset }))
}

fn entry(bytes: &[u8]) -> Option<(Listed, &[u8])> {
    if u32_at(bytes, 0)? != CENTRAL {
        return None;
    }
    let length = |at| u16_at(bytes, at).map(usize::from);
    let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
    let extra_at = 46 + name;
    let extras = bytes.get(extra_at..extra_at + extra)?;
    let mut large = field(extras, LARGE)?;
    let mut size = |at| -> Option<u64> {
        match u32_at(bytes, at)? {
            u32::MAX => take(&mut large),
            small => Some(u64::from(small)),
        }
    };
    // In this order they are in the extra field.
    let (unpacked, packed, offset) = (size(24)?, size(20)?, size(42)?);
    let name = bytes.get(46..extra_at)?;
    let second = field(extras, UNICODE_NAME)?;
    let listed = Listed {
        name: name.to_vec(),
        // Behind a version and a checksum.
        has_second_name: !second.is_empty() && second.get(5..) != Some(name),
        made_by: u16_at(bytes, 4)?,
        flags: u16_at(bytes, 8)?,
        method: u16_at(bytes, 10)?,
        crc: u32_at(bytes, 16)?,
        attributes: u32_at(bytes, 38)?,
        packed,
        size: unpacked,
        offset,
    };
    Some((listed, bytes.get(extra_at + extra + comment..)?))
}

/// The content of the first extra field of a kind; empty where there is none.
pub(super) fn field(extras: &[u8], kind: u16) -> Option<&[u8]> {
    let mut rest = extras;
    while !rest.is_empty() {
        let (id, length) = (u16_at(rest, 0)?, usize::from(u16_at(rest, 2)?));
        let content = rest.get(4..4 + length)?;
        if id == kind {
            return Some(content);
        }
        rest = rest.get(4 + length..)?;
    }
    Some(&[])
}

pub(super) fn take(large: &mut &[u8]) -> Option<u64> {
    let value = number(large, 0, 8)?;
    *large = large.get(8..)?;
    Some(value)
}
