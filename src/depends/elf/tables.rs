//! `PT_DYNAMIC`, and the tables that it names by their addresses in memory.

use object::{Endianness, ReadRef, elf, pod};

use super::{BadElf, Elf, MOST, Version, bad};

/// The most bytes of names: those of the largest libraries (a browser's, LLVM's) are a tenth of it.
const MOST_NAMES: u64 = 512 << 20;
/// The longest name of a library or version, in bytes.
const LONGEST_NAME: usize = 4096;

/// The entries that name tables and other things by their addresses.
const ADDRESSES: [i64; 17] = [
    elf::DT_STRTAB,
    elf::DT_SYMTAB,
    elf::DT_HASH,
    elf::DT_GNU_HASH,
    elf::DT_VERSYM,
    elf::DT_VERNEED,
    elf::DT_VERDEF,
    elf::DT_RELA,
    elf::DT_REL,
    elf::DT_RELR,
    elf::DT_JMPREL,
    elf::DT_PLTGOT,
    elf::DT_INIT,
    elf::DT_FINI,
    elf::DT_INIT_ARRAY,
    elf::DT_FINI_ARRAY,
    elf::DT_PREINIT_ARRAY,
];

/// A segment of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) kind: u32,
    pub(super) offset: u64,
    pub(super) address: u64,
    pub(super) size: u64,
}

/// How numbers of the file are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) endian: Endianness,
    pub(super) is_64: bool,
}

impl Numbers {
    /// The number of up to 8 bytes.
    pub(super) fn of(self, bytes: &[u8]) -> u64 {
        let add = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
        match self.endian {
            Endianness::Little => bytes.iter().rev().fold(0, add),
            Endianness::Big => bytes.iter().fold(0, add),
        }
    }
}

/// `PT_DYNAMIC`, and where its addresses are in the file.
pub(super) struct Dynamic<'a, R> {
    pub(super) data: R,
    pub(super) number: Numbers,
    segments: &'a [Segment],
    entries: Vec<(i64, u64)>,
}

impl<'a, 'd, R: ReadRef<'d>> Dynamic<'a, R> {
    /// Reads it; `None` where there is none, or an empty one.
    pub(super) fn of(data: R, number: Numbers, segments: &'a [Segment]) -> Result<Option<Self>, BadElf> {
        let Some(place) = segments.iter().find(|segment| segment.kind == elf::PT_DYNAMIC) else { return Ok(None) };
        let width = if number.is_64 { 16 } else { 8 };
        if place.size > MOST as u64 * width {
            return Err(bad("its list of what it needs is too long"));
        }
        let mut dynamic = Self { data, number, segments, entries: Vec::new() };
        let bytes = dynamic.bytes(place.offset, place.size - place.size % width)?;
        let pairs = bytes.chunks_exact(if number.is_64 { 16 } else { 8 });
        let pair = |pair: &[u8]| {
            let (tag, value) = pair.split_at(pair.len() / 2);
            (number.of(tag), number.of(value))
        };
        let pairs = pairs.map(pair).map(|(tag, value)| (tag.cast_signed(), value));
        dynamic.entries = pairs.take_while(|(tag, _)| *tag != elf::DT_NULL).collect();
        Ok((!dynamic.entries.is_empty()).then_some(dynamic))
    }

    /// What an entry says.
    pub(super) fn value(&self, tag: i64) -> Option<u64> {
        self.entries.iter().find(|(found, _)| *found == tag).map(|(_, value)| *value)
    }

    /// From an address to the next one that an entry names, in bytes.
    pub(super) fn gap(&self, from: u64) -> Option<u64> {
        let addresses = self.entries.iter().filter(|(tag, _)| ADDRESSES.contains(tag)).map(|(_, value)| *value);
        addresses.filter(|address| *address > from).map(|address| address - from).min()
    }

    /// Where an address is in the file, and how much of its segment is behind it.
    pub(super) fn place(&self, address: u64) -> Option<(u64, u64)> {
        self.segments.iter().filter(|segment| segment.kind == elf::PT_LOAD).find_map(|segment| {
            let into = address.checked_sub(segment.address).filter(|into| *into < segment.size)?;
            Some((segment.offset.checked_add(into)?, segment.size - into))
        })
    }

    /// Where the table that a tag names begins in the file.
    pub(super) fn table(&self, tag: i64) -> Result<Option<u64>, BadElf> {
        let Some(address) = self.value(tag) else { return Ok(None) };
        self.place(address).map(|(offset, _)| Some(offset)).ok_or_else(|| bad("one of its tables is outside of it"))
    }

    /// Bytes of the file, which has them.
    pub(super) fn bytes(&self, offset: u64, size: u64) -> Result<&'d [u8], BadElf> {
        let length = self.data.len().map_err(|()| bad("it cannot be read"))?;
        let early = || bad("one of its tables ends early");
        offset.checked_add(size).filter(|end| *end <= length).ok_or_else(early)?;
        self.data.read_bytes_at(offset, size).map_err(|()| early())
    }

    fn read<T: pod::Pod>(&self, at: u64) -> Result<&'d T, BadElf> {
        let bytes = self.bytes(at, size_of::<T>() as u64)?;
        pod::from_bytes(bytes).map(|(one, _)| one).map_err(|()| bad("one of its tables ends early"))
    }

    /// All names.
    pub(super) fn names(&self) -> Result<Option<Names<'d>>, BadElf> {
        let (Some(address), Some(size)) = (self.value(elf::DT_STRTAB), self.value(elf::DT_STRSZ)) else {
            return Ok(None);
        };
        let (offset, left) = self.place(address).ok_or_else(|| bad("its names are outside of it"))?;
        if size > left {
            return Err(bad("its names are outside of it"));
        }
        if size > MOST_NAMES {
            return Err(bad("it has too many names"));
        }
        Ok(Some(Names(self.bytes(offset, size)?)))
    }

    pub(super) fn fill(&self, found: &mut Elf) -> Result<(), BadElf> {
        found.has_hash = self.value(elf::DT_HASH).is_some();
        found.has_gnu_hash = self.value(elf::DT_GNU_HASH).is_some();
        found.has_debug = self.value(elf::DT_DEBUG).is_some();
        let Some(names) = self.names()? else { return Ok(()) };
        for (_, at) in self.entries.iter().filter(|(tag, _)| *tag == elf::DT_NEEDED) {
            found.needed.push(names.text(*at)?);
        }
        found.soname = self.value(elf::DT_SONAME).map(|at| names.text(at)).transpose()?;
        if let Some(at) = self.value(elf::DT_RUNPATH).or_else(|| self.value(elf::DT_RPATH)) {
            found.search = names.text(at)?.split(':').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        }
        self.needs(names, |_, version| {
            found.versions.push(version);
            Ok(())
        })?;
        self.defines(names, |_, name| {
            found.defines.push(name);
            Ok(())
        })
    }

    /// Visits the versions that libraries must have, each with its number in the file.
    pub(super) fn needs(
        &self,
        names: Names<'_>,
        mut visit: impl FnMut(u16, Version) -> Result<(), BadElf>,
    ) -> Result<(), BadElf> {
        let Some(mut at) = self.table(elf::DT_VERNEED)? else { return Ok(()) };
        let (endian, mut left) = (self.number.endian, MOST);
        for _ in 0..MOST {
            let need: &elf::Verneed<Endianness> = self.read(at)?;
            let file = names.text(need.vn_file.get(endian).into())?;
            let mut aux = step(at, need.vn_aux.get(endian))?;
            for _ in 0..need.vn_cnt.get(endian) {
                left = left.checked_sub(1).ok_or_else(|| bad("it needs too many versions"))?;
                let one: &elf::Vernaux<Endianness> = self.read(aux)?;
                let version = Version {
                    file: file.clone(),
                    name: names.text(one.vna_name.get(endian).into())?,
                    is_weak: one.vna_flags.get(endian) & elf::VER_FLG_WEAK != 0,
                };
                visit(one.vna_other.get(endian) & elf::VERSYM_VERSION, version)?;
                aux = step(aux, one.vna_next.get(endian))?;
            }
            match need.vn_next.get(endian) {
                0 => return Ok(()),
                next => at = step(at, next)?,
            }
        }
        Err(bad("it needs versions of too many libraries"))
    }

    /// Visits the versions that it has itself, each with its number in the file.
    fn defines(
        &self,
        names: Names<'_>,
        mut visit: impl FnMut(u16, String) -> Result<(), BadElf>,
    ) -> Result<(), BadElf> {
        let endian = self.number.endian;
        let Some(mut at) = self.table(elf::DT_VERDEF)? else { return Ok(()) };
        for _ in 0..MOST {
            let one: &elf::Verdef<Endianness> = self.read(at)?;
            let name: &elf::Verdaux<Endianness> = self.read(step(at, one.vd_aux.get(endian))?)?;
            if one.vd_flags.get(endian) & elf::VER_FLG_BASE == 0 {
                visit(one.vd_ndx.get(endian), names.text(name.vda_name.get(endian).into())?)?;
            }
            match one.vd_next.get(endian) {
                0 => return Ok(()),
                next => at = step(at, next)?,
            }
        }
        Err(bad("it has too many versions"))
    }
}

/// The names in a file (`DT_STRTAB`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'d>(&'d [u8]);

impl<'d> Names<'d> {
    /// The bytes of a name, up to its NUL, where it is no longer than that.
    pub(super) fn bytes(self, at: u64, longest: usize) -> Option<&'d [u8]> {
        let rest = self.0.get(usize::try_from(at).ok()?..)?;
        let rest = &rest[..rest.len().min(longest.saturating_add(1))];
        memchr::memchr(0, rest).map(|end| &rest[..end])
    }

    fn text(self, at: u64) -> Result<String, BadElf> {
        let bytes = self.bytes(at, LONGEST_NAME).ok_or_else(|| bad("a name in it has no end"))?;
        String::from_utf8(bytes.to_vec()).map_err(|_| bad("a name in it is not UTF-8"))
    }
}

fn step(at: u64, by: u32) -> Result<u64, BadElf> {
    at.checked_add(by.into()).ok_or_else(|| bad("one of its tables leads out of it"))
}
