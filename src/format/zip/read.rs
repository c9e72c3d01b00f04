//! Reading an archive: entries are judged before a byte is unpacked, and unpacked within their bounds.

use std::{
    collections::BTreeMap,
    io::{self, Read, Seek, SeekFrom, Write},
};

use flate2::read::DeflateDecoder;

use super::{
    central::{self, LARGE, Listed, field, take},
    error::ZipError,
    layout::{LOCAL, STREAMED, UTF8, exactly, u16_at, u32_at},
    limits::Limits,
    names,
};

/// An entry that may be unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, `/` between the parts; a folder's without a slash at its end.
    pub name: String,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Bytes of its content.
    pub size: u64,
    method: u16,
    crc: u32,
    packed: u64,
    /// Where its packed content begins.
    start: u64,
}

/// An archive whose entries were found good; their contents are read one by one.
#[derive(Debug)]
pub struct Archive<R> {
    file: R,
    entries: Vec<Entry>,
    is_swollen: bool,
}

fn refused(name: &[u8], reason: &'static str) -> ZipError {
    ZipError::Entry { name: String::from_utf8_lossy(name).escape_debug().take(200).collect(), reason }
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the directory of an archive of `length` bytes and judges it.
    ///
    /// # Errors
    /// [`ZipError`].
    pub fn open(mut file: R, length: u64, limits: &Limits) -> Result<Self, ZipError> {
        let (listed, directory) = central::read(&mut file, length, limits)?;
        let total = listed.iter().try_fold(0_u64, |sum, entry| sum.checked_add(entry.size));
        let is_swollen = total.is_none_or(|total| total > limits.free.max(length.saturating_mul(limits.ratio)));
        if total.is_none_or(|total| total > limits.total) || (is_swollen && !limits.swollen) {
            return Err(ZipError::Large("its contents would be more than 100 times its size, or more than 32 GiB"));
        }
        let mut entries = Vec::new();
        let mut taken: BTreeMap<u64, u64> = BTreeMap::new();
        for one in &listed {
            let (entry, end) = entry(&mut file, one, directory, limits)?;
            if taken.insert(one.offset, end).is_some() {
                return Err(refused(&one.name, "it shares its bytes with another entry"));
            }
            entries.push(entry);
        }
        let overlap = taken.iter().zip(taken.iter().skip(1)).find(|((_, end), (next, _))| end > next);
        if let Some((_, (offset, _))) = overlap {
            let name = listed.iter().find(|one| one.offset == *offset).map(|one| one.name.as_slice());
            return Err(refused(name.unwrap_or_default(), "it shares its bytes with another entry"));
        }
        if taken.keys().next().is_some_and(|first| *first != 0) {
            return Err(ZipError::Broken("something comes before its first entry"));
        }
        alone(&entries, limits)?;
        Ok(Self { file, entries, is_swollen })
    }

    /// All entries, in the archive's order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether the contents are so much larger than the archive that they are only unpacked by who knows where it is from.
    #[must_use]
    pub fn is_swollen(&self) -> bool {
        self.is_swollen
    }

    /// The file of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| !entry.is_dir && entry.name == name)
    }

    /// Unpacks an entry into a writer.
    ///
    /// # Errors
    /// [`ZipError::Damaged`] where it is not what the archive says of it.
    pub fn unpack(&mut self, entry: &Entry, out: &mut dyn Write) -> Result<(), ZipError> {
        let damaged = |reason| ZipError::Damaged { name: entry.name.clone(), reason };
        self.file.seek(SeekFrom::Start(entry.start))?;
        let packed = (&mut self.file).take(entry.packed);
        let mut reader: Box<dyn Read + '_> =
            if entry.method == 8 { Box::new(DeflateDecoder::new(packed)) } else { Box::new(packed) };
        let (mut crc, mut left) = (crc32fast::Hasher::new(), entry.size);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let got = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(got) => got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Err(damaged("it is not deflate")),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(damaged("it is not deflate")),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(damaged("it breaks off")),
                Err(error) => return Err(error.into()),
            };
            left = left.checked_sub(got as u64).ok_or_else(|| damaged("it is longer than the archive says"))?;
            crc.update(&buffer[..got]);
            out.write_all(&buffer[..got])?;
        }
        if left > 0 {
            return Err(damaged("it is shorter than the archive says"));
        }
        if crc.finalize() != entry.crc {
            return Err(damaged("its checksum does not fit"));
        }
        Ok(())
    }

    /// The content of a small file; `None` where there is none of this name.
    ///
    /// # Errors
    /// As [`Archive::unpack`]; [`ZipError::Large`] beyond `most` bytes.
    pub fn small(&mut self, name: &str, most: u64) -> Result<Option<Vec<u8>>, ZipError> {
        let Some(entry) = self.find(name).cloned() else { return Ok(None) };
        self.small_entry(&entry, most).map(Some)
    }

    /// The content of an entry that is small.
    ///
    /// # Errors
    /// As [`Archive::small`].
    pub fn small_entry(&mut self, entry: &Entry, most: u64) -> Result<Vec<u8>, ZipError> {
        if entry.size > most {
            return Err(ZipError::Large("one of the files that describe the package"));
        }
        let mut bytes = Vec::new();
        self.unpack(entry, &mut bytes)?;
        Ok(bytes)
    }
}

/// An entry and where its bytes end, once its own header agrees with the directory.
fn entry<R: Read + Seek>(
    file: &mut R,
    listed: &Listed,
    directory: u64,
    limits: &Limits,
) -> Result<(Entry, u64), ZipError> {
    let refuse = |reason| refused(&listed.name, reason);
    if listed.flags & !(UTF8 | STREAMED | 0x0006) != 0 {
        return Err(refuse("it is encrypted, or packed in a way that is not known here"));
    }
    if ![0, 8].contains(&listed.method) {
        return Err(refuse("it is neither stored nor deflated"));
    }
    if listed.method == 0 && listed.packed != listed.size {
        return Err(refuse("it is stored, and has two sizes"));
    }
    if listed.has_second_name {
        return Err(refuse("it has a second name"));
    }
    let text = std::str::from_utf8(&listed.name).ok().filter(|name| name.is_ascii() || listed.flags & UTF8 != 0);
    let text = text.ok_or_else(|| refuse("its name is not UTF-8"))?;
    let name = text.strip_suffix('/').unwrap_or(text);
    let is_dir = name.len() < text.len();
    if limits.windows { names::safe(name) } else { names::inside(name) }.map_err(refuse)?;
    // Modes of a Unix system: only files and folders.
    let kind = if listed.made_by >> 8 == 3 { (listed.attributes >> 16) & 0o170_000 } else { 0 };
    match kind {
        0 => {}
        0o100_000 if !is_dir => {}
        0o040_000 if is_dir => {}
        _ => return Err(refuse("it is a link or a device, or not what its name says")),
    }
    if is_dir && listed.size != 0 {
        return Err(refuse("it is a folder with contents"));
    }
    file.seek(SeekFrom::Start(listed.offset))?;
    let header = exactly(file, 30, "the header of an entry breaks off")?;
    let start = agrees(file, &header, listed).ok_or_else(|| refuse("its own header says something else"))?;
    let end = start.checked_add(listed.packed).filter(|end| *end <= directory);
    let end = end.ok_or_else(|| refuse("it reaches into the directory"))?;
    let (size, crc) = (listed.size, listed.crc);
    Ok((Entry { name: name.to_owned(), is_dir, size, crc, method: listed.method, packed: listed.packed, start }, end))
}

/// Where the content begins, where the local header says the same as the directory.
fn agrees<R: Read>(file: &mut R, header: &[u8], listed: &Listed) -> Option<u64> {
    let (name, extra) = (u64::from(u16_at(header, 26)?), u64::from(u16_at(header, 28)?));
    let own_name = exactly(file, name, "").ok()?;
    let extras = exactly(file, extra, "").ok()?;
    let mut large = field(&extras, LARGE)?;
    let mut size = |at| match u32_at(header, at) {
        Some(u32::MAX) if !large.is_empty() => take(&mut large),
        small => small.map(u64::from),
    };
    let (unpacked, packed, crc) = (size(22)?, size(18)?, u32_at(header, 14)?);
    let streamed = listed.flags & STREAMED != 0;
    // What was not known yet is there as nothing.
    let same_number = |own: u64, said: u64| own == said || (streamed && own == 0);
    let numbers = same_number(crc.into(), listed.crc.into())
        && same_number(packed, listed.packed)
        && same_number(unpacked, listed.size);
    let same = u32_at(header, 0)? == LOCAL
        && own_name == listed.name
        && u16_at(header, 8)? == listed.method
        && (u16_at(header, 6)? ^ listed.flags) & (UTF8 | STREAMED | 1) == 0
        && numbers;
    same.then(|| listed.offset + 30 + name + extra)
}

/// No name twice, in whatever case, and nothing below a file.
fn alone(entries: &[Entry], limits: &Limits) -> Result<(), ZipError> {
    let folded = |name: &str| if limits.windows { names::folded(name) } else { name.to_owned() };
    let mut seen: BTreeMap<String, (&str, bool)> = BTreeMap::new();
    for entry in entries {
        // No name has a NUL, which comes before every other character.
        let folded = folded(&entry.name).replace('/', "\0");
        if seen.insert(folded, (&entry.name, entry.is_dir)).is_some() {
            return Err(refused(
                entry.name.as_bytes(),
                "another entry has its name, or one that Windows takes for the same",
            ));
        }
    }
    // In this order everything below a name follows it directly.
    let below = seen.iter().zip(seen.iter().skip(1)).find(|((above, (_, is_dir)), (name, _))| {
        !is_dir && name.strip_prefix(above.as_str()).is_some_and(|rest| rest.starts_with('\0'))
    });
    match below {
        Some((_, (_, (name, _)))) => Err(refused(name.as_bytes(), "it is below something that is not a folder")),
        None => Ok(()),
    }
}
