//! [`Elf`]: what the dynamic linker would look at in a program or library (System V ABI, chapter 5; ld.so(8); the GNU extension
//! of symbol versions, "ELF Symbol Versioning" of the Linux Standard Base). Reads headers, segments, `PT_DYNAMIC` and the tables that
//! it names, never sections, which a file may lack; never the whole file.

mod symbols;
mod tables;
#[cfg(test)]
mod tests;

use std::io::{Read, Seek};

use object::{
    Endianness, ReadCache, ReadRef,
    elf::{self, FileHeader32, FileHeader64},
    read::elf::{FileHeader, ProgramHeader as _},
};

pub use symbols::Symbol;
use tables::{Dynamic, Numbers, Segment};

/// The most segments, entries of `PT_DYNAMIC` and versions of symbols that are read of each: far beyond what linkers write.
const MOST: usize = 4096;
/// The longest path in a file, in bytes.
const LONGEST: u64 = 4096;

/// A program or a library.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "what the file says, each by its own name")]
pub struct Elf {
    /// `e_machine`: 62 for x86-64, 183 for aarch64.
    pub machine: u16,
    /// Whether its addresses have 64 bits.
    pub is_64: bool,
    /// Whether its numbers begin with the low byte.
    pub is_little: bool,
    /// Whether it may lie anywhere in memory (`ET_DYN`): a library, or a program that was linked so.
    pub is_movable: bool,
    /// The program that loads it (`PT_INTERP`): what has one is a program, though it may be a library too.
    pub interpreter: Option<String>,
    /// Whether it has a table for the dynamic linker (`PT_DYNAMIC`): a static program has none, or one that names nothing.
    pub is_dynamic: bool,
    /// What it is called as a library (`DT_SONAME`).
    pub soname: Option<String>,
    /// The libraries that it is loaded with (`DT_NEEDED`), without a path as a rule.
    pub needed: Vec<String>,
    /// Folders where they are looked for (`DT_RUNPATH`, else `DT_RPATH`), with `$ORIGIN` as written.
    pub search: Vec<String>,
    /// Versions of symbols that libraries must have.
    pub versions: Vec<Version>,
    /// Versions of symbols that it has itself, its own name (`VER_FLG_BASE`) not among them.
    pub defines: Vec<String>,
    /// Whether it has a table to find its symbols with in the form of the System V ABI (`DT_HASH`).
    pub has_hash: bool,
    /// Whether it has one in GNU's form (`DT_GNU_HASH`).
    pub has_gnu_hash: bool,
    /// Whether it has a place for debuggers (`DT_DEBUG`): programs have.
    pub has_debug: bool,
    /// The symbols that it takes from libraries, those that it has a copy of among them (`R_*_COPY`). Empty unless they were asked for.
    pub symbols: Vec<Symbol>,
}

/// A version of symbols that a library must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The library's file name: `libc.so.6`.
    pub file: String,
    /// `GLIBC_2.34`.
    pub name: String,
    /// Whether the program runs without it (`VER_FLG_WEAK`).
    pub is_weak: bool,
}

/// Why a file that begins as an ELF file is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it begins as an ELF file, but {0}")]
pub struct BadElf(pub String);

fn bad(what: impl Into<String>) -> BadElf {
    BadElf(what.into())
}

/// What every ELF file begins with.
pub const MAGIC: [u8; 4] = elf::ELFMAG;

/// A machine's name in the kernel's words (uname(2)), of the architecture of a package in the words of dpkg or rpm. A word that is not
/// known is given back: where it names a machine, that is its name.
#[must_use]
pub fn machine_of(arch: &str) -> &str {
    match arch {
        "amd64" => "x86_64",
        "arm64" => "aarch64",
        "i386" | "i486" | "i586" => "i686",
        "armel" | "armv6hl" => "armv6l",
        "armhf" | "armv7hl" => "armv7l",
        "ppc64el" => "ppc64le",
        arch => arch,
    }
}

/// How much is read of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What it is and which libraries and versions it names.
    Names,
    /// And which symbols it takes from them.
    Symbols,
}

impl Elf {
    /// Reads a program or a library. `None` where it is no ELF file, or one that no dynamic linker loads: an object file
    /// (`.o`, a kernel module), a core file.
    ///
    /// # Errors
    /// [`BadElf`] when it ends early or says what cannot be.
    pub fn read(file: impl Read + Seek, depth: Depth) -> Result<Option<Self>, BadElf> {
        let data = ReadCache::new(file);
        let data = &data;
        let Ok(ident) = data.read_bytes_at(0, 16) else { return Ok(None) };
        match (ident.starts_with(&elf::ELFMAG), ident[4]) {
            (false, _) => Ok(None),
            (true, elf::ELFCLASS32) => read::<FileHeader32<Endianness>>(data, depth),
            (true, elf::ELFCLASS64) => read::<FileHeader64<Endianness>>(data, depth),
            (true, class) => Err(bad(format!("its class is {class}"))),
        }
    }
}

impl Elf {
    /// The versions of symbols without which it does not run, each with its library's file name.
    pub fn hard(&self) -> impl Iterator<Item = (&str, &str)> {
        self.versions.iter().filter(|one| !one.is_weak).map(|one| (one.file.as_str(), one.name.as_str()))
    }

    /// A library for x86-64 that needs nothing, for tests.
    #[cfg(test)]
    #[must_use]
    pub fn sample() -> Self {
        Self {
            machine: 62,
            is_64: true,
            is_little: true,
            is_movable: true,
            interpreter: None,
            is_dynamic: true,
            soname: None,
            needed: Vec::new(),
            search: Vec::new(),
            versions: Vec::new(),
            defines: Vec::new(),
            has_hash: false,
            has_gnu_hash: true,
            has_debug: false,
            symbols: Vec::new(),
        }
    }

    /// Whether a machine of this name, in the kernel's words (uname(2)), runs it. False for one that is not known here.
    #[must_use]
    pub fn runs_on(&self, machine: &str) -> bool {
        let known = match machine {
            "x86_64" => (elf::EM_X86_64, true, true),
            "aarch64" => (elf::EM_AARCH64, true, true),
            "i386" | "i686" => (elf::EM_386, false, true),
            "armv6l" | "armv7l" => (elf::EM_ARM, false, true),
            "ppc64le" => (elf::EM_PPC64, true, true),
            "riscv64" => (elf::EM_RISCV, true, true),
            "s390x" => (elf::EM_S390, true, false),
            _ => return false,
        };
        (self.machine, self.is_64, self.is_little) == known
    }
}

fn read<'d, H: FileHeader<Endian = Endianness>>(data: impl ReadRef<'d>, depth: Depth) -> Result<Option<Elf>, BadElf> {
    let told = |error: object::Error| bad(error.to_string());
    let header = H::parse(data).map_err(told)?;
    let endian = header.endian().map_err(told)?;
    let kind = header.e_type(endian);
    if ![elf::ET_EXEC, elf::ET_DYN].contains(&kind) {
        return Ok(None);
    }
    let mut found = Elf {
        machine: header.e_machine(endian),
        is_64: header.is_type_64(),
        is_little: endian == Endianness::Little,
        is_movable: kind == elf::ET_DYN,
        interpreter: None,
        is_dynamic: false,
        soname: None,
        needed: Vec::new(),
        search: Vec::new(),
        versions: Vec::new(),
        defines: Vec::new(),
        has_hash: false,
        has_gnu_hash: false,
        has_debug: false,
        symbols: Vec::new(),
    };
    let segments = segments::<H>(header, endian, data)?;
    if let Some(at) = segments.iter().rfind(|segment| segment.kind == elf::PT_INTERP) {
        found.interpreter = Some(path(data, at.offset)?);
    }
    if let Some(dynamic) = Dynamic::of(data, Numbers { endian, is_64: found.is_64 }, &segments)? {
        found.is_dynamic = true;
        dynamic.fill(&mut found)?;
        if depth == Depth::Symbols {
            found.symbols = symbols::taken(&dynamic, &found)?;
        }
    }
    Ok(Some(found))
}

fn segments<'d, H: FileHeader<Endian = Endianness>>(
    header: &H,
    endian: Endianness,
    data: impl ReadRef<'d>,
) -> Result<Vec<Segment>, BadElf> {
    let told = |error: object::Error| bad(error.to_string());
    if usize::from(header.e_phnum(endian)) > MOST {
        return Err(bad("it has too many segments"));
    }
    let all = header.program_headers(endian, data).map_err(told)?;
    if all.len() > MOST {
        return Err(bad("it has too many segments"));
    }
    let one = |segment: &H::ProgramHeader| Segment {
        kind: segment.p_type(endian),
        offset: segment.p_offset(endian).into(),
        address: segment.p_vaddr(endian).into(),
        size: segment.p_filesz(endian).into(),
    };
    Ok(all.iter().map(one).collect())
}

/// The path that begins there, up to its NUL.
fn path<'d>(data: impl ReadRef<'d>, at: u64) -> Result<String, BadElf> {
    let length = data.len().map_err(|()| bad("it cannot be read"))?;
    let end = at.saturating_add(LONGEST).min(length);
    let bytes = data.read_bytes_at_until(at..end, 0).map_err(|()| bad("a name in it has no end"))?;
    String::from_utf8(bytes.to_vec()).map_err(|_| bad("a name in it is not UTF-8"))
}
