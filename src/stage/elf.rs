//! [`Elf`]: what the dynamic linker would look at in a program or library (System V ABI, chapter 5; ld.so(8)). Reads headers,
//! segments and `PT_DYNAMIC`, never sections, which a file may lack; never the whole file.

use std::io::{Read, Seek};

use object::{
    Endianness, ReadCache, ReadRef,
    elf::{self, FileHeader32, FileHeader64},
    read::elf::{Dyn as _, FileHeader, ProgramHeader as _},
};

/// The most entries of any list that is read: far beyond what linkers write.
const MOST: usize = 4096;
/// The longest name that is read, in bytes: paths are no longer.
const LONGEST: u64 = 4096;

/// A program or a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elf {
    /// `e_machine`: 62 for x86-64, 183 for aarch64.
    pub machine: u16,
    /// Whether its addresses have 64 bits.
    pub is_64: bool,
    /// Whether its numbers begin with the low byte.
    pub is_little: bool,
    /// The program that loads it (`PT_INTERP`): what has one is a program, though it may be a library too.
    pub interpreter: Option<String>,
    /// The libraries that it is loaded with (`DT_NEEDED`), without a path as a rule.
    pub needed: Vec<String>,
    /// Folders where they are looked for (`DT_RUNPATH`, else `DT_RPATH`), with `$ORIGIN` as written.
    pub search: Vec<String>,
    /// Versions of symbols that libraries must have: file name and version (`libc.so.6`, `GLIBC_2.34`). Weak ones are left out.
    pub versions: Vec<(String, String)>,
    /// Versions of symbols that it has itself.
    pub defines: Vec<String>,
}

/// Why a file that begins as an ELF file is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it begins as an ELF file, but {0}")]
pub struct BadElf(pub String);

fn bad(what: impl Into<String>) -> BadElf {
    BadElf(what.into())
}

impl Elf {
    /// Reads a program or a library. `None` where it is no ELF file, or one that no dynamic linker loads: an object file
    /// (`.o`, a kernel module), a core file.
    ///
    /// # Errors
    /// [`BadElf`] when it ends early or says what cannot be.
    pub fn read(file: impl Read + Seek) -> Result<Option<Self>, BadElf> {
        let data = ReadCache::new(file);
        let data = &data;
        let Ok(ident) = data.read_bytes_at(0, 16) else { return Ok(None) };
        match (ident.starts_with(&elf::ELFMAG), ident[4]) {
            (false, _) => Ok(None),
            (true, elf::ELFCLASS32) => read::<FileHeader32<Endianness>>(data),
            (true, elf::ELFCLASS64) => read::<FileHeader64<Endianness>>(data),
            (true, class) => Err(bad(format!("its class is {class}"))),
        }
    }
}

fn read<'d, H: FileHeader<Endian = Endianness>>(data: impl ReadRef<'d>) -> Result<Option<Elf>, BadElf> {
    let told = |error: object::Error| bad(error.to_string());
    let header = H::parse(data).map_err(told)?;
    let endian = header.endian().map_err(told)?;
    if ![elf::ET_EXEC, elf::ET_DYN].contains(&header.e_type(endian)) {
        return Ok(None);
    }
    let segments = header.program_headers(endian, data).map_err(told)?;
    let mut found = Elf {
        machine: header.e_machine(endian),
        is_64: header.is_type_64(),
        is_little: endian == Endianness::Little,
        interpreter: None,
        needed: Vec::new(),
        search: Vec::new(),
        versions: Vec::new(),
        defines: Vec::new(),
    };
    for segment in segments {
        if segment.p_type(endian) == elf::PT_INTERP {
            let offset: u64 = segment.p_offset(endian).into();
            found.interpreter = Some(string(data, offset)?);
        }
    }
    let dynamic = segments.iter().find(|segment| segment.p_type(endian) == elf::PT_DYNAMIC);
    let Some(dynamic) = dynamic else { return Ok(Some(found)) };
    let size: u64 = dynamic.p_filesz(endian).into();
    if size > (MOST * 16) as u64 {
        return Err(bad("its list of what it needs is too long"));
    }
    let entries = dynamic.dynamic(endian, data).map_err(told)?.unwrap_or_default();
    let entries = entries.iter().map(|entry| (entry.d_tag(endian).into(), entry.d_val(endian).into()));
    let entries: Vec<(i64, u64)> = entries.take_while(|(tag, _)| *tag != elf::DT_NULL).collect();
    let offset = |address: u64| {
        segments.iter().filter(|segment| segment.p_type(endian) == elf::PT_LOAD).find_map(|segment| {
            let (start, size): (u64, u64) = (segment.p_vaddr(endian).into(), segment.p_filesz(endian).into());
            let into = address.checked_sub(start).filter(|into| *into < size)?;
            let offset: u64 = segment.p_offset(endian).into();
            offset.checked_add(into)
        })
    };
    Dynamic { data, endian, entries: &entries, offset: &offset }.fill(&mut found)?;
    Ok(Some(found))
}

/// `PT_DYNAMIC`, and where its addresses are in the file.
struct Dynamic<'a, R> {
    data: R,
    endian: Endianness,
    entries: &'a [(i64, u64)],
    offset: &'a dyn Fn(u64) -> Option<u64>,
}

impl<'d, R: ReadRef<'d>> Dynamic<'_, R> {
    fn value(&self, tag: i64) -> Option<u64> {
        self.entries.iter().find(|(found, _)| *found == tag).map(|(_, value)| *value)
    }

    /// Where the table that a tag names begins in the file.
    fn table(&self, tag: i64) -> Result<Option<u64>, BadElf> {
        let Some(address) = self.value(tag) else { return Ok(None) };
        (self.offset)(address).map(Some).ok_or_else(|| bad("one of its tables is outside of it"))
    }

    fn fill(&self, found: &mut Elf) -> Result<(), BadElf> {
        let Some(strings) = self.table(elf::DT_STRTAB)? else { return Ok(()) };
        let text = |at: u64| string(self.data, strings.checked_add(at).ok_or_else(|| bad("a name is outside of it"))?);
        for (_, at) in self.entries.iter().filter(|(tag, _)| *tag == elf::DT_NEEDED) {
            found.needed.push(text(*at)?);
        }
        if let Some(at) = self.value(elf::DT_RUNPATH).or_else(|| self.value(elf::DT_RPATH)) {
            found.search = text(at)?.split(':').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        }
        if let Some(table) = self.table(elf::DT_VERNEED)? {
            self.needs(table, &text, &mut found.versions)?;
        }
        if let Some(table) = self.table(elf::DT_VERDEF)? {
            self.defines(table, &text, &mut found.defines)?;
        }
        Ok(())
    }

    fn needs(
        &self,
        mut at: u64,
        text: &dyn Fn(u64) -> Result<String, BadElf>,
        versions: &mut Vec<(String, String)>,
    ) -> Result<(), BadElf> {
        let endian = self.endian;
        for _ in 0..MOST {
            let need: &elf::Verneed<Endianness> = self.read(at)?;
            let file = text(need.vn_file.get(endian).into())?;
            let mut aux = step(at, need.vn_aux.get(endian))?;
            for _ in 0..need.vn_cnt.get(endian) {
                let one: &elf::Vernaux<Endianness> = self.read(aux)?;
                if one.vna_flags.get(endian) & elf::VER_FLG_WEAK == 0 {
                    versions.push((file.clone(), text(one.vna_name.get(endian).into())?));
                }
                if versions.len() > MOST {
                    return Err(bad("it needs too many versions"));
                }
                aux = step(aux, one.vna_next.get(endian))?;
            }
            match need.vn_next.get(endian) {
                0 => return Ok(()),
                next => at = step(at, next)?,
            }
        }
        Err(bad("it needs versions of too many libraries"))
    }

    fn defines(
        &self,
        mut at: u64,
        text: &dyn Fn(u64) -> Result<String, BadElf>,
        defines: &mut Vec<String>,
    ) -> Result<(), BadElf> {
        let endian = self.endian;
        for _ in 0..MOST {
            let one: &elf::Verdef<Endianness> = self.read(at)?;
            let name: &elf::Verdaux<Endianness> = self.read(step(at, one.vd_aux.get(endian))?)?;
            defines.push(text(name.vda_name.get(endian).into())?);
            match one.vd_next.get(endian) {
                0 => return Ok(()),
                next => at = step(at, next)?,
            }
        }
        Err(bad("it has too many versions"))
    }

    fn read<T: object::Pod>(&self, at: u64) -> Result<&'d T, BadElf> {
        self.data.read_at(at).map_err(|()| bad("one of its tables ends early"))
    }
}

fn step(at: u64, by: u32) -> Result<u64, BadElf> {
    at.checked_add(by.into()).ok_or_else(|| bad("one of its tables leads out of it"))
}

/// The text that begins there, up to its NUL.
fn string<'d>(data: impl ReadRef<'d>, at: u64) -> Result<String, BadElf> {
    let length = data.len().map_err(|()| bad("it cannot be read"))?;
    let end = at.saturating_add(LONGEST).min(length);
    let bytes = data.read_bytes_at_until(at..end, 0).map_err(|()| bad("a name in it has no end"))?;
    String::from_utf8(bytes.to_vec()).map_err(|_| bad("a name in it is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Option<Elf>, BadElf> {
        Elf::read(Cursor::new(bytes))
    }

    /// A dynamic program of this machine; empty where there is none.
    fn program() -> Vec<u8> {
        let bytes = fs_err::read("/bin/true").unwrap_or_default();
        match read(&bytes) {
            Ok(Some(elf)) if elf.interpreter.is_some() => bytes,
            _ => {
                eprintln!("skipped: /bin/true is no dynamic program here");
                Vec::new()
            }
        }
    }

    #[test]
    fn a_program_says_what_it_needs() {
        let bytes = program();
        let Ok(Some(elf)) = read(&bytes) else { return };
        assert!(elf.interpreter.unwrap().starts_with("/lib"));
        assert_eq!(elf.needed, ["libc.so.6"]);
        assert!(elf.versions.iter().any(|(file, version)| file == "libc.so.6" && version.starts_with("GLIBC_2.")));
        assert!(elf.is_64 && elf.is_little);
    }

    #[test]
    fn what_is_no_program_is_none() {
        for bytes in [&b""[..], b"\x7fEL", b"#!/bin/sh\n", b"not an ELF file, but long enough to be one"] {
            assert_eq!(read(bytes), Ok(None));
        }
        let mut bytes = program();
        if !bytes.is_empty() {
            // An object file, as compilers write it.
            bytes[16] = 1;
            assert_eq!(read(&bytes), Ok(None));
        }
    }

    #[test]
    fn broken_ones_are_errors() {
        let bytes = program();
        if bytes.is_empty() {
            return;
        }
        assert!(read(&bytes[..40]).is_err());
        assert!(read(&bytes[..300]).is_err());
        let mut other = bytes.clone();
        other[4] = 9;
        assert_eq!(read(&other), Err(BadElf("its class is 9".to_owned())));
    }

    #[test]
    fn every_byte_may_be_another() {
        let bytes = program();
        for at in 0..bytes.len().min(1200) {
            for value in [0, 1, 0x7f, 0xff] {
                let mut other = bytes.clone();
                other[at] = value;
                let _ = read(&other);
            }
        }
    }
}
