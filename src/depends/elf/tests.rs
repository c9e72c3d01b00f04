//! Programs of this machine, and such as no linker writes.

use std::io::Cursor;

use super::*;

fn read(bytes: &[u8]) -> Result<Option<Elf>, BadElf> {
    Elf::read(Cursor::new(bytes), Depth::Symbols)
}

/// A little-endian library of 64 bits, byte by byte.
#[derive(Clone)]
struct Made {
    /// Of `PT_DYNAMIC`.
    entries: Vec<(i64, u64)>,
    /// What is at addresses.
    parts: Vec<(u64, Vec<u8>)>,
    /// More segments: kind, offset, address, size.
    segments: Vec<(u32, u64, u64, u64)>,
}

const NAMES: u64 = 0x400;
const SYMBOLS: u64 = 0x800;
const HASH: u64 = 0xa00;
const NUMBERS: u64 = 0xb00;
const NEEDS: u64 = 0xc00;
/// Where everything ends.
const END: u64 = 0x1000;

impl Made {
    /// One that needs `libfoo.so.1` and takes `foo@FOO_1` and `bar` from it.
    fn new() -> Self {
        let names = b"\0libfoo.so.1\0foo\0bar\0FOO_1\0libown.so.2\0$ORIGIN/lib::/opt/lib\0".to_vec();
        let mut symbols = vec![0; 24];
        for (name, section) in [(13_u32, 0_u16), (17, 0), (13, 7)] {
            symbols.extend(name.to_le_bytes());
            symbols.extend([0x12, 0]);
            symbols.extend(section.to_le_bytes());
            symbols.extend([0; 16]);
        }
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        let halves = |halves: &[u16]| halves.iter().flat_map(|half| half.to_le_bytes()).collect::<Vec<u8>>();
        // One version of one library, with the number 2.
        let mut needs = halves(&[1, 1]);
        needs.extend(words(&[1, 16, 0]));
        needs.extend(words(&[0]));
        needs.extend(halves(&[0, 2]));
        needs.extend(words(&[21, 0]));
        Self {
            entries: vec![
                (elf::DT_NEEDED, 1),
                (elf::DT_SONAME, 27),
                (elf::DT_RUNPATH, 39),
                (elf::DT_STRTAB, NAMES),
                (elf::DT_STRSZ, names.len() as u64),
                (elf::DT_SYMTAB, SYMBOLS),
                (elf::DT_HASH, HASH),
                (elf::DT_VERSYM, NUMBERS),
                (elf::DT_VERNEED, NEEDS),
            ],
            parts: vec![
                (NAMES, names),
                (SYMBOLS, symbols),
                (HASH, words(&[1, 4, 0, 0, 0, 0, 0])),
                (NUMBERS, halves(&[0, 2, 1, 1])),
                (NEEDS, needs),
            ],
            segments: vec![(elf::PT_LOAD, 0, 0, END)],
        }
    }

    fn set(mut self, tag: i64, value: u64) -> Self {
        self.entries.retain(|(known, _)| *known != tag);
        self.entries.push((tag, value));
        self
    }

    fn without(mut self, tag: i64) -> Self {
        self.entries.retain(|(known, _)| *known != tag);
        self
    }

    fn at(mut self, address: u64, bytes: &[u8]) -> Self {
        self.parts.push((address, bytes.to_vec()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut file = vec![0; usize::try_from(END).unwrap()];
        let mut put = |at: u64, bytes: &[u8]| {
            let at = usize::try_from(at).unwrap();
            file[at..at + bytes.len()].copy_from_slice(bytes);
        };
        put(0, b"\x7fELF\x02\x01\x01");
        put(16, &[3, 0, 62, 0, 1]);
        put(32, &64_u64.to_le_bytes());
        let entries = self.entries.len() as u64 * 16 + 16;
        let mut segments = self.segments.clone();
        segments.push((elf::PT_DYNAMIC, 0x200, 0x200, entries));
        let count = u16::try_from(segments.len()).unwrap();
        put(52, &[64, 0, 56, 0]);
        put(56, &count.to_le_bytes());
        for (number, (kind, offset, address, size)) in segments.into_iter().enumerate() {
            let at = 64 + number as u64 * 56;
            put(at, &kind.to_le_bytes());
            put(at + 8, &offset.to_le_bytes());
            put(at + 16, &address.to_le_bytes());
            put(at + 32, &size.to_le_bytes());
        }
        for (number, (tag, value)) in self.entries.iter().enumerate() {
            put(0x200 + number as u64 * 16, &tag.to_le_bytes());
            put(0x208 + number as u64 * 16, &value.to_le_bytes());
        }
        for (at, bytes) in &self.parts {
            put(*at, bytes);
        }
        file
    }

    fn read(&self) -> Result<Elf, BadElf> {
        read(&self.bytes()).map(|found| found.expect("an ELF file"))
    }

    fn refused(&self) -> String {
        self.read().expect_err("what cannot be").0
    }
}

fn symbols(elf: &Elf) -> Vec<(&str, Option<&str>)> {
    elf.symbols.iter().map(|one| (one.name.as_str(), one.version.as_deref())).collect()
}

#[test]
fn a_library_says_what_it_needs() {
    let elf = Made::new().read().unwrap();
    assert_eq!(elf.needed, ["libfoo.so.1"]);
    assert_eq!(elf.soname.as_deref(), Some("libown.so.2"));
    assert_eq!(elf.search, ["$ORIGIN/lib", "/opt/lib"]);
    let version = Version { file: "libfoo.so.1".to_owned(), name: "FOO_1".to_owned(), is_weak: false };
    assert_eq!(elf.versions, [version]);
    assert_eq!(symbols(&elf), [("bar", None), ("foo", Some("FOO_1"))]);
    assert!(elf.has_hash && !elf.has_gnu_hash && elf.is_movable && elf.is_dynamic);
    let names = Elf::read(Cursor::new(Made::new().bytes()), Depth::Names).unwrap().unwrap();
    assert!(names.symbols.is_empty() && names.needed == elf.needed);
}

#[test]
fn symbols_are_counted_in_every_way() {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let expected = [("bar", None), ("foo", Some("FOO_1"))];
    // One bucket that is used, and the symbols that others find begin with the fourth.
    let gnu = Made::new().without(elf::DT_HASH).set(elf::DT_GNU_HASH, HASH);
    let used = gnu.clone().at(HASH, &words(&[1, 3, 1, 0, 0, 0, 3, 1]));
    assert_eq!(symbols(&used.read().unwrap()), expected);
    // A program takes a function and gives its address to others: both are behind the first that others find.
    let gives = used.at(HASH, &words(&[1, 1, 1, 0, 0, 0, 1, 2, 2, 3]));
    assert!(symbols(&gives.read().unwrap()).is_empty(), "a library never does");
    let mut program = gives.at(0xe00, b"/lib/ld.so\0");
    program.segments.push((elf::PT_INTERP, 0xe00, 0xe00, 16));
    assert_eq!(symbols(&program.read().unwrap()), expected);
    let far = program.at(HASH + 24, &[2; 0x20]);
    assert_eq!(far.refused(), "one of its tables ends early");
    // Nothing is found by others, and `ld` does not say how many there are: the tables behind it do.
    let empty = gnu.at(HASH, &words(&[1, 1, 1, 0, 0, 0, 0, 0]));
    assert_eq!(symbols(&empty.read().unwrap()), expected);
    // No table at all.
    assert_eq!(symbols(&Made::new().without(elf::DT_HASH).read().unwrap()), expected);
}

#[test]
fn what_a_program_has_a_copy_of_is_taken_from_others() {
    // `R_X86_64_COPY` of the fourth symbol, behind one that names none.
    let mut relocations = vec![0; 24];
    relocations[8] = 8;
    relocations.extend([0; 8]);
    relocations.extend((3_u64 << 32 | 5).to_le_bytes());
    relocations.extend([0; 8]);
    let mut program = Made::new().at(NUMBERS, &[0, 0, 2, 0, 1, 0, 2, 0]).at(0xd00, &relocations).at(SYMBOLS + 24, &[0]);
    program.segments.push((elf::PT_INTERP, 0xe00, 0xe00, 16));
    let program = program.at(0xe00, b"/lib/ld.so\0").set(elf::DT_RELA, 0xd00).set(elf::DT_RELASZ, 48);
    let elf = program.read().unwrap();
    assert_eq!(elf.interpreter.as_deref(), Some("/lib/ld.so"));
    assert_eq!(symbols(&elf), [("bar", None), ("foo", Some("FOO_1"))]);
    assert_eq!(symbols(&program.clone().set(elf::DT_RELACOUNT, 1).read().unwrap()).len(), 2);
    assert_eq!(symbols(&program.set(elf::DT_RELACOUNT, 2).read().unwrap()).len(), 1, "it was skipped");
}

#[test]
fn what_cannot_be_is_refused() {
    let made = Made::new;
    for (made, why) in [
        (made().set(elf::DT_STRTAB, END), "its names are outside of it"),
        (made().set(elf::DT_STRTAB, u64::MAX), "its names are outside of it"),
        (made().set(elf::DT_STRSZ, 4 << 30), "its names are outside of it"),
        (made().set(elf::DT_NEEDED, 0x300), "a name in it has no end"),
        (made().set(elf::DT_SYMTAB, END), "its symbols are outside of it"),
        (made().set(elf::DT_HASH, END), "one of its tables is outside of it"),
        (made().at(HASH + 4, &[0xff; 4]), "its symbols are outside of it"),
        (made().at(HASH + 4, &[4, 1, 0, 0]), "its symbols are outside of it"),
        (made().at(SYMBOLS + 24, &[0xff; 4]), "the name of a symbol is outside of it"),
        (made().set(elf::DT_GNU_HASH, HASH).at(HASH, &[0xff; 16]), "its table of symbols is too large"),
        (made().set(elf::DT_VERNEED, u64::MAX), "one of its tables is outside of it"),
        (made().at(NEEDS + 8, &[0xff; 4]), "one of its tables ends early"),
        (made().at(NEEDS + 12, &[0xff; 4]), "one of its tables ends early"),
    ] {
        assert_eq!(made.refused(), why);
    }
}

#[test]
fn huge_counts_and_circles_end() {
    // 65,535 versions, each of which is the next.
    let circle = Made::new().at(NEEDS + 2, &[0xff, 0xff]);
    assert_eq!(circle.refused(), "it needs too many versions");
    // A segment of its own for everything, and all of them over each other.
    let mut segments = Made::new();
    segments.segments = vec![(elf::PT_LOAD, 0, 0, END), (elf::PT_LOAD, 1, 0, END), (elf::PT_LOAD, 0, 1, u64::MAX)];
    assert_eq!(segments.read().unwrap().needed, ["libfoo.so.1"], "the first one counts");
    let mut many = Made::new().bytes();
    many[56..58].copy_from_slice(&[0xff, 0xff]);
    assert!(read(&many).is_err());
    let mut large = Made::new();
    large.segments.push((elf::PT_DYNAMIC, 0x200, 0x200, 1 << 40));
    large.segments.reverse();
    assert_eq!(large.refused(), "its list of what it needs is too long");
}

#[test]
fn one_long_name_for_all_symbols_is_not_written_a_million_times() {
    let count = 40_000_u32;
    let (names, symbols) = (vec![b'a'; 200 << 10], count as usize * 24);
    let mut bytes = Made::new().bytes();
    let at = bytes.len() as u64;
    bytes.extend(&names);
    bytes.extend([0; 8]);
    let table = bytes.len() as u64;
    bytes.resize(bytes.len() + symbols, 0);
    let made = Made::new()
        .set(elf::DT_STRTAB, at)
        .set(elf::DT_STRSZ, names.len() as u64 + 1)
        .set(elf::DT_SYMTAB, table)
        .at(HASH + 4, &count.to_le_bytes())
        .without(elf::DT_VERSYM)
        .without(elf::DT_VERNEED)
        .without(elf::DT_RUNPATH)
        .without(elf::DT_SONAME)
        .without(elf::DT_NEEDED);
    let mut head = Made { segments: vec![(elf::PT_LOAD, 0, 0, bytes.len() as u64)], ..made }.bytes();
    head.extend(&bytes[head.len()..]);
    for entry in head[usize::try_from(table).unwrap()..].chunks_exact_mut(24) {
        entry[0] = 1;
    }
    assert_eq!(read(&head), Err(bad("it takes too many symbols from others")));
}

#[test]
fn what_is_no_program_is_none() {
    for bytes in [&b""[..], b"\x7fEL", b"#!/bin/sh\n", b"not an ELF file, but long enough to be one"] {
        assert_eq!(read(bytes), Ok(None));
    }
    // An object file, as compilers write it.
    let mut bytes = Made::new().bytes();
    bytes[16] = 1;
    assert_eq!(read(&bytes), Ok(None));
}

#[test]
fn a_static_program_needs_nothing() {
    let mut made = Made::new();
    made.entries.clear();
    let elf = made.read().unwrap();
    assert!(!elf.is_dynamic && elf.needed.is_empty() && elf.symbols.is_empty());
}

#[test]
fn every_byte_may_be_another() {
    let bytes = Made::new().bytes();
    for at in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut other = bytes.clone();
            other[at] = value;
            let _ = read(&other);
        }
        let _ = read(&bytes[..at]);
    }
}

#[test]
fn a_program_of_this_machine() {
    let bytes = std::fs::read("/bin/true").unwrap_or_default();
    let Some(elf) = read(&bytes).ok().flatten().filter(|elf| elf.interpreter.is_some()) else {
        eprintln!("skipped: /bin/true is no dynamic program here");
        return;
    };
    assert_eq!(elf.needed, ["libc.so.6"]);
    assert!(elf.versions.iter().any(|one| one.file == "libc.so.6" && one.name.starts_with("GLIBC_2.")));
    assert!(elf.symbols.iter().any(|one| one.name == "exit"), "{:?}", elf.symbols);
}
