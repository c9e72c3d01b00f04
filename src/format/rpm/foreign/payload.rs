//! The payload of an rpm: cpio in the "new ASCII" form, or rpm's own short form of it for packages with files above
//! 4 GiB (rpm's `lib/rpmarchive.h`, `lib/cpio.cc`). Each entry must be what the header says of it.

use std::io::{self, Read};

use super::files::{Listed, What};
use crate::{
    format::foreign::{
        ForeignError, Seen,
        codec::sums,
        error::{malformed, shown},
    },
    stage::Limits,
};

/// The name of the entry that ends an archive.
const TRAILER: &str = "TRAILER!!!";

/// The header of an entry.
struct Entry {
    /// Which file of the header; `None` at the end.
    file: Option<usize>,
    /// Bytes of content, where the archive says it.
    size: Option<u64>,
    /// Type and permissions, where the archive says it.
    mode: Option<u32>,
}

/// Reads the archive up to its trailer. What is wrong with one file is noted.
pub(super) fn read(
    reader: &mut dyn Read,
    listed: &mut Listed,
    limits: &Limits,
    seen: &mut Seen,
) -> Result<(), ForeignError> {
    let mut reader = Counted { reader, count: 0 };
    loop {
        let entry = header(&mut reader, listed, limits)?;
        let Some(at) = entry.file else { return Ok(()) };
        let later = entry.size.is_none() && listed.comes_later(at);
        let file = listed.take(at)?;
        if entry.mode.is_some_and(|mode| mode != u32::from(file.mode)) {
            seen.fault(file.disagrees("its mode in the payload is not that in the header"));
        }
        let what = file.what.clone();
        let place = file.path.as_ref().map_or_else(|| "/".to_owned(), |path| format!("/{path}"));
        let bits = u32::from(file.mode);
        let said = match &what {
            What::Dir | What::Special => 0,
            What::Link(target) => target.len() as u64,
            What::Regular if later => 0,
            What::Regular => file.size,
        };
        let size = entry.size.unwrap_or(said);
        if size != said && !(what == What::Regular && size == 0) {
            return Err(file.disagrees("its size in the payload is not that in the header"));
        }
        let mut content = (&mut reader).take(size);
        match what {
            What::Dir | What::Special => {}
            What::Link(target) => {
                let mut bytes = Vec::new();
                content.read_to_end(&mut bytes)?;
                if bytes != target.as_bytes() {
                    seen.fault(file.disagrees("its target in the payload is not that in the header"));
                }
                seen.programs.iter_mut().for_each(|programs| programs.link(&place, &target));
            }
            What::Regular => {
                let sums = match &mut seen.programs {
                    Some(programs) => programs.sums(&mut content, &place, bits)?,
                    None => sums(&mut content)?,
                };
                if sums.size < size {
                    return Err(ForeignError::Truncated);
                }
                let fits = listed.content(at, &sums);
                seen.take(fits);
            }
        }
        reader.align()?;
    }
}

fn header(reader: &mut Counted<'_>, listed: &Listed, limits: &Limits) -> Result<Entry, ForeignError> {
    let mut magic = [0; 6];
    reader.read_exact(&mut magic)?;
    match &magic {
        b"070701" | b"070702" => {}
        b"07070X" => {
            let file = number(reader)? as usize;
            reader.align()?;
            return Ok(Entry { file: Some(file), size: None, mode: None });
        }
        _ => return Err(malformed("its payload is no cpio archive")),
    }
    // ino, mode, uid, gid, nlink, mtime, filesize, two of the device, two of the device that it is, namesize, check.
    let mut fields = [0; 13];
    for field in &mut fields {
        *field = number(reader)?;
    }
    let (mode, size, name_size) = (fields[1], fields[6], fields[11] as usize);
    if name_size < 2 || name_size > limits.path_bytes + 3 {
        return Err(malformed("a name in its payload is empty or too long"));
    }
    let mut name = vec![0; name_size];
    reader.read_exact(&mut name)?;
    reader.align()?;
    let name = name.strip_suffix(b"\0").and_then(|name| std::str::from_utf8(name).ok());
    let name = name.ok_or_else(|| malformed("a name in its payload is no text"))?;
    if name == TRAILER {
        return Ok(Entry { file: None, size: None, mode: None });
    }
    let Some(file) = listed.named(name) else {
        return Err(malformed(format!("its payload has `{}`, which its header does not list", shown(name.as_bytes()))));
    };
    Ok(Entry { file: Some(file), size: Some(u64::from(size)), mode: Some(mode) })
}

/// Eight hexadecimal digits.
fn number(reader: &mut Counted<'_>) -> Result<u32, ForeignError> {
    let mut digits = [0; 8];
    reader.read_exact(&mut digits)?;
    let text = std::str::from_utf8(&digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
    let number = text.and_then(|text| u32::from_str_radix(text, 16).ok());
    number.ok_or_else(|| malformed("a number in its payload is none"))
}

/// A reader that knows how far it is: parts of an archive begin at multiples of four.
struct Counted<'r> {
    reader: &'r mut dyn Read,
    count: u64,
}

impl Counted<'_> {
    fn align(&mut self) -> Result<(), ForeignError> {
        let mut padding = [0; 3];
        let missing = usize::try_from((4 - self.count % 4) % 4).unwrap_or_default();
        Ok(self.read_exact(&mut padding[..missing])?)
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.reader.read(buffer)?;
        self.count += got as u64;
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::super::header::{Header, Section};
    use super::*;
    use crate::format::{
        PackageFormat,
        foreign::{Item, ItemKind},
    };

    /// What a header lists: `/opt/a` and `/opt/b`, one file, and `/opt/c`, another.
    fn listed() -> Listed {
        let mut builder = rpm::PackageBuilder::new("tools", "1", "MIT", "noarch", "tools");
        for path in ["/opt/a", "/opt/b"] {
            builder.with_file_contents("same", rpm::FileOptions::new(path).hardlink("one")).unwrap();
        }
        builder.with_file_contents("other", rpm::FileOptions::new("/opt/c")).unwrap();
        let mut bytes = Vec::new();
        builder.build().unwrap().write(&mut bytes).unwrap();
        let mut rest = &bytes[96..];
        let signature = Header::read(&mut rest, Section::Signature).unwrap();
        rest.read_exact(&mut vec![0; (8 - signature.size() % 8) % 8]).unwrap();
        let header = Header::read(&mut rest, Section::Main).unwrap();
        Listed::from_header(&header, &Limits::default(), &mut Seen::new(PackageFormat::Rpm)).unwrap()
    }

    /// An archive in rpm's short form: numbers of files, and contents.
    fn short(entries: &[(u32, &str)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let pad = |bytes: &mut Vec<u8>| bytes.resize(bytes.len().next_multiple_of(4), 0);
        for (file, content) in entries {
            bytes.extend(format!("07070X{file:08x}").bytes());
            pad(&mut bytes);
            bytes.extend(content.bytes());
            pad(&mut bytes);
        }
        let zeros = "0".repeat(8 * 11);
        bytes.extend(format!("070701{zeros}0000000b00000000{TRAILER}\0").bytes());
        pad(&mut bytes);
        bytes
    }

    fn taken(bytes: &[u8]) -> Result<Vec<Item>, ForeignError> {
        let mut listed = listed();
        let mut seen = Seen::new(PackageFormat::Rpm);
        read(&mut &*bytes, &mut listed, &Limits::default(), &mut seen)?;
        let items = listed.finish(&mut seen);
        match seen.first_fault() {
            None => Ok(items),
            Some(fault) => Err(fault),
        }
    }

    #[test]
    fn the_short_form_takes_sizes_from_the_header() {
        for order in [[(0, ""), (1, "same"), (2, "other")], [(2, "other"), (1, ""), (0, "same")]] {
            let items = taken(&short(&order)).unwrap();
            let ItemKind::File { size, .. } = items[0].kind else { panic!("{items:?}") };
            assert_eq!((items.len(), size), (3, 4));
            assert_eq!(items[0].kind, items[1].kind);
        }
    }

    #[test]
    fn what_does_not_fit_the_header_is_refused() {
        let said = |entries: &[(u32, &str)]| taken(&short(entries)).unwrap_err().to_string();
        assert!(said(&[(0, ""), (1, "same")]).contains("the payload does not have it"));
        assert!(said(&[(0, ""), (0, "same"), (2, "other")]).contains("the payload has it twice"));
        assert!(said(&[(7, "")]).contains("a file that its header does not list"));
        assert!(said(&[(0, ""), (1, "sama"), (2, "other")]).contains("digest of `/opt/b` is wrong"));
        assert!(said(&[(0, ""), (1, "same"), (2, "othe")]).starts_with("it"));
        assert_eq!(taken(b"070707").unwrap_err().to_string(), "it is malformed: its payload is no cpio archive");
    }
}
