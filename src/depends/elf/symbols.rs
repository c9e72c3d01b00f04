//! The symbols that a program or library takes from others.
//!
//! How many symbols a file has is nowhere said. `DT_HASH` has their number; `DT_GNU_HASH` says where those begin that others may find, and
//! what is taken from others lies before; where neither helps (a program that gives nothing to others), the table ends where the next one
//! begins.

use std::collections::HashMap;

use object::{ReadRef, elf};

use super::{
    BadElf, Elf, bad,
    tables::{Dynamic, Names, Numbers},
};

/// The most symbols that are taken from others: the largest programs take some ten thousand.
const MOST_SYMBOLS: usize = 1 << 20;
/// The most entries of tables that are looked at: a browser has some hundred thousand.
const MOST_ENTRIES: u64 = 16 << 20;
/// The most symbols of one bucket of `DT_GNU_HASH`.
const LONGEST_CHAIN: usize = 1 << 16;
/// The longest name of a symbol, and of all together, in bytes: those of C++ have everything in them.
const LONGEST_NAME: usize = 256 << 10;
const LONGEST_NAMES: usize = 256 << 20;

/// A symbol.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol {
    /// As the linker knows it: `_ZNSt6vectorIiE`.
    pub name: String,
    /// Its version, where it has one: `GLIBC_2.34`.
    pub version: Option<String>,
}

/// The symbols that a file takes from others.
pub(super) fn taken<'d, R: ReadRef<'d>>(dynamic: &Dynamic<'_, R>, file: &Elf) -> Result<Vec<Symbol>, BadElf> {
    let Some(names) = dynamic.names()? else { return Ok(Vec::new()) };
    let is_program = file.interpreter.is_some() || !file.is_movable;
    let Some(length) = Length::of(dynamic, file, is_program)? else { return Ok(Vec::new()) };
    let copied = if is_program { copied(dynamic, file)? } else { Vec::new() };
    let table = Table::of(dynamic, names, length.with(&copied)?)?;
    let mut found = Found { symbols: Vec::new(), bytes: 0 };
    for number in 1..length.taken {
        match table.name(number) {
            Some(name) if !name.is_empty() && table.is_undefined(number) => found.add(name, table.version(number))?,
            Some(_) => {}
            None if length.is_said => return Err(bad("the name of a symbol is outside of it")),
            // Behind the end of a table whose length is guessed comes something else.
            None => break,
        }
    }
    for number in copied {
        let name = table.name(number).ok_or_else(|| bad("the name of a symbol is outside of it"))?;
        found.add(name, table.version(number))?;
    }
    found.symbols.sort();
    found.symbols.dedup();
    Ok(found.symbols)
}

struct Found {
    symbols: Vec<Symbol>,
    bytes: usize,
}

impl Found {
    fn add(&mut self, name: &[u8], version: Option<&str>) -> Result<(), BadElf> {
        // A name that is no text is in no list of a distribution.
        let Ok(name) = std::str::from_utf8(name) else { return Ok(()) };
        self.bytes += name.len();
        if self.symbols.len() >= MOST_SYMBOLS || self.bytes > LONGEST_NAMES {
            return Err(bad("it takes too many symbols from others"));
        }
        self.symbols.push(Symbol { name: name.to_owned(), version: version.map(str::to_owned) });
        Ok(())
    }
}

/// `DT_SYMTAB`, with what is beside.
struct Table<'d> {
    names: Names<'d>,
    number: Numbers,
    symbols: &'d [u8],
    /// Of an entry, in bytes.
    width: usize,
    /// `DT_VERSYM`: two bytes for each symbol.
    numbers: &'d [u8],
    versions: HashMap<u16, String>,
}

impl<'d> Table<'d> {
    /// The first entries of it.
    fn of<R: ReadRef<'d>>(dynamic: &Dynamic<'_, R>, names: Names<'d>, (at, count): (u64, u64)) -> Result<Self, BadElf> {
        let width = width(dynamic.number.is_64);
        let numbers = match dynamic.table(elf::DT_VERSYM)? {
            Some(at) => dynamic.bytes(at, count * 2)?,
            None => &[],
        };
        Ok(Self {
            names,
            number: dynamic.number,
            symbols: dynamic.bytes(at, count * width)?,
            width: if dynamic.number.is_64 { 24 } else { 16 },
            numbers,
            versions: versions(dynamic, names)?,
        })
    }

    /// Bytes of an entry; none where there is no such entry.
    fn field(&self, number: u64, from: usize, size: usize) -> &'d [u8] {
        let at = usize::try_from(number).ok().and_then(|number| number.checked_mul(self.width)?.checked_add(from));
        at.and_then(|at| self.symbols.get(at..at + size)).unwrap_or_default()
    }

    /// `st_name`, the name itself; `None` where it has no end.
    fn name(&self, number: u64) -> Option<&'d [u8]> {
        self.names.bytes(self.number.of(self.field(number, 0, 4)), LONGEST_NAME)
    }

    /// Whether `st_shndx` is `SHN_UNDEF`.
    fn is_undefined(&self, number: u64) -> bool {
        self.field(number, if self.number.is_64 { 6 } else { 14 }, 2) == [0, 0]
    }

    /// The version of a symbol, where it is one that another file must have.
    fn version(&self, number: u64) -> Option<&str> {
        let at = usize::try_from(number).ok()?.checked_mul(2)?;
        let number = u16::try_from(self.number.of(self.numbers.get(at..at + 2)?)).ok()?;
        self.versions.get(&(number & elf::VERSYM_VERSION)).map(String::as_str)
    }
}

/// Of an entry of `DT_SYMTAB`, in bytes.
fn width(is_64: bool) -> u64 {
    if is_64 { 24 } else { 16 }
}

/// How many symbols there are.
struct Length {
    /// Where they begin in the file.
    offset: u64,
    /// So many have room in the segment.
    room: u64,
    /// Those that are taken from others are among so many first ones.
    taken: u64,
    /// Whether the file says so; else it is the most that it can be.
    is_said: bool,
}

impl Length {
    fn of<'d, R: ReadRef<'d>>(dynamic: &Dynamic<'_, R>, file: &Elf, is_program: bool) -> Result<Option<Self>, BadElf> {
        let Some(address) = dynamic.value(elf::DT_SYMTAB) else { return Ok(None) };
        let (offset, left) = dynamic.place(address).ok_or_else(|| bad("its symbols are outside of it"))?;
        let width = width(dynamic.number.is_64);
        let room = left / width;
        let said = match dynamic.table(elf::DT_GNU_HASH)? {
            Some(at) => in_gnu_hash(dynamic, at, is_program)?,
            None => None,
        };
        let said = match (said, dynamic.table(elf::DT_HASH)?) {
            (None, Some(at)) => Some(in_hash(dynamic, at, file)?),
            (said, _) => said,
        };
        let guessed = || {
            let own = dynamic.gap(address).map_or(room, |gap| gap / width);
            let versions = dynamic.value(elf::DT_VERSYM).and_then(|at| dynamic.gap(at)).map_or(own, |gap| gap / 2);
            own.min(versions).min(room)
        };
        let found = Self { offset, room, taken: said.unwrap_or_else(guessed), is_said: said.is_some() };
        if found.taken > room {
            return Err(bad("its symbols are outside of it"));
        }
        if found.taken > MOST_ENTRIES {
            return Err(bad("it has too many symbols"));
        }
        Ok(Some(found))
    }

    /// Where the table begins and how many entries are read, those of these numbers among them.
    fn with(&self, numbers: &[u64]) -> Result<(u64, u64), BadElf> {
        let last = numbers.iter().max().map_or(0, |last| last.saturating_add(1));
        if last > self.room || last > MOST_ENTRIES {
            return Err(bad("a symbol is outside of it"));
        }
        Ok((self.offset, self.taken.max(last)))
    }
}

/// How many symbols there are, as `DT_HASH` says. Its numbers have 64 bits on Alpha and the 64-bit S/390.
fn in_hash<'d, R: ReadRef<'d>>(dynamic: &Dynamic<'_, R>, at: u64, file: &Elf) -> Result<u64, BadElf> {
    let width = if file.is_64 && [elf::EM_S390, elf::EM_ALPHA].contains(&file.machine) { 8 } else { 4 };
    Ok(dynamic.number.of(dynamic.bytes(at.saturating_add(width), width)?))
}

/// How many symbols have to be looked at to see all that are taken from others: those before the first one that others may find, and in a
/// program all, because it may give the address of a function that it takes. `None` where others find nothing: then linkers differ in
/// what they write.
fn in_gnu_hash<'d, R: ReadRef<'d>>(dynamic: &Dynamic<'_, R>, at: u64, is_program: bool) -> Result<Option<u64>, BadElf> {
    let header = dynamic.bytes(at, 16)?;
    let word = |number: usize| dynamic.number.of(&header[number * 4..number * 4 + 4]);
    let (buckets, first, bloom) = (word(0), word(1), word(2));
    if buckets > MOST_ENTRIES || bloom > MOST_ENTRIES {
        return Err(bad("its table of symbols is too large"));
    }
    let table = at + 16 + bloom * if dynamic.number.is_64 { 8 } else { 4 };
    let numbers = dynamic.bytes(table, buckets * 4)?.chunks_exact(4).map(|bucket| dynamic.number.of(bucket));
    let Some(mut last) = numbers.max().filter(|last| *last > 0) else { return Ok(None) };
    if !is_program || last < first {
        return Ok(Some(first));
    }
    // The symbols of a bucket follow each other; the last one's hash is odd.
    for _ in 0..LONGEST_CHAIN {
        let hash = dynamic.bytes(table + (buckets + last - first) * 4, 4)?;
        last += 1;
        if dynamic.number.of(hash) & 1 == 1 {
            return Ok(Some(last));
        }
    }
    Err(bad("its table of symbols is too large"))
}

/// The names of versions by their numbers in the file.
fn versions<'d, R: ReadRef<'d>>(dynamic: &Dynamic<'_, R>, names: Names<'_>) -> Result<HashMap<u16, String>, BadElf> {
    let mut found = HashMap::new();
    dynamic.needs(names, |number, version| {
        found.entry(number).or_insert(version.name);
        Ok(())
    })?;
    Ok(found)
}

/// The numbers of the symbols of others that a program has room for itself, so that its code need not look for them.
fn copied<'d, R: ReadRef<'d>>(dynamic: &Dynamic<'_, R>, file: &Elf) -> Result<Vec<u64>, BadElf> {
    // The number of the relocation, in the supplements of the ABI for each machine.
    let copy = match file.machine {
        elf::EM_386 | elf::EM_X86_64 => 5,
        elf::EM_ARM => 20,
        elf::EM_AARCH64 => 1024,
        elf::EM_PPC | elf::EM_PPC64 => 19,
        elf::EM_S390 => 9,
        elf::EM_RISCV | elf::EM_LOONGARCH => 4,
        _ => return Ok(Vec::new()),
    };
    let mut found = Vec::new();
    let half = if dynamic.number.is_64 { 8 } else { 4 };
    for (tag, size, relative, words) in
        [(elf::DT_RELA, elf::DT_RELASZ, elf::DT_RELACOUNT, 3), (elf::DT_REL, elf::DT_RELSZ, elf::DT_RELCOUNT, 2)]
    {
        let (Some(at), Some(size)) = (dynamic.table(tag)?, dynamic.value(size)) else { continue };
        // Those that name no symbol come first, and are most of them.
        let width = half * words;
        let skipped = dynamic.value(relative).unwrap_or_default().min(size / width) * width;
        if (size - skipped) / width > MOST_ENTRIES {
            return Err(bad("it has too many relocations"));
        }
        let bytes = dynamic.bytes(at.saturating_add(skipped), size - skipped)?;
        let (half, width) = if dynamic.number.is_64 { (8, 8 * words) } else { (4, 4 * words) };
        for entry in bytes.chunks_exact(usize::try_from(width).unwrap_or(24)) {
            let info = dynamic.number.of(&entry[half..half * 2]);
            let (symbol, kind) =
                if dynamic.number.is_64 { (info >> 32, info & 0xffff_ffff) } else { (info >> 8, info & 0xff) };
            if kind == copy {
                found.push(symbol);
            }
        }
        if found.len() > MOST_SYMBOLS {
            return Err(bad("it takes too many symbols from others"));
        }
    }
    Ok(found)
}
