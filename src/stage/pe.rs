//! [`Pe`]: what Windows would look at to load a program or library (Microsoft's PE format). Reads headers and the tables of imports,
//! never runs or resolves anything.

use std::io::{Read, Seek};

use object::{
    LittleEndian as LE, ReadCache, ReadRef,
    pe::{self, ImageNtHeaders32, ImageNtHeaders64},
    read::pe::{ImageNtHeaders, PeFile, optional_header_magic},
};

/// The most libraries that are read of one file: far beyond what linkers write.
const MOST: usize = 4096;
/// The longest name of a library, in bytes.
const LONGEST: usize = 255;

/// A program or a library of Windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pe {
    /// The machine's number: 0x8664 for amd64.
    pub machine: u16,
    /// The libraries that it is loaded with, in lower case.
    pub needed: Vec<String>,
    /// Those that are loaded when they are used first, in lower case.
    pub delayed: Vec<String>,
}

/// Why a file that begins as a program of Windows is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it begins as a program of Windows, but {0}")]
pub struct BadPe(pub String);

impl Pe {
    /// Reads a program or a library; `None` where it begins as none.
    ///
    /// # Errors
    /// [`BadPe`] when it ends early or says what cannot be.
    pub fn read(file: impl Read + Seek) -> Result<Option<Self>, BadPe> {
        let data = ReadCache::new(file);
        let data = &data;
        match data.read_bytes_at(0, 2) {
            Ok(b"MZ") => {}
            _ => return Ok(None),
        }
        match optional_header_magic(data).map_err(told)? {
            pe::IMAGE_NT_OPTIONAL_HDR32_MAGIC => read::<ImageNtHeaders32, _>(data).map(Some),
            pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC => read::<ImageNtHeaders64, _>(data).map(Some),
            other => Err(BadPe(format!("its header is of kind {other:#x}"))),
        }
    }
}

fn told(error: object::Error) -> BadPe {
    BadPe(error.to_string())
}

fn read<'d, H: ImageNtHeaders, R: ReadRef<'d>>(data: R) -> Result<Pe, BadPe> {
    let file = PeFile::<H, R>::parse(data).map_err(told)?;
    let machine = file.nt_headers().file_header().machine.get(LE);
    let has = |index| file.data_directory(index).is_some_and(|directory| directory.virtual_address.get(LE) != 0);
    let (mut needed, mut delayed) = (Vec::new(), Vec::new());
    if has(pe::IMAGE_DIRECTORY_ENTRY_IMPORT)
        && let Some(table) = file.import_table().map_err(told)?
    {
        let mut descriptors = table.descriptors().map_err(told)?;
        while let Some(descriptor) = descriptors.next().map_err(told)? {
            add(&mut needed, table.name(descriptor.name.get(LE)).map_err(told)?)?;
        }
    }
    if has(pe::IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT)
        && let Some(table) =
            file.data_directories().delay_load_import_table(data, &file.section_table()).map_err(told)?
    {
        let mut descriptors = table.descriptors().map_err(told)?;
        while let Some(descriptor) = descriptors.next().map_err(told)? {
            add(&mut delayed, table.name(descriptor.dll_name_rva.get(LE)).map_err(told)?)?;
        }
    }
    Ok(Pe { machine, needed, delayed })
}

fn add(names: &mut Vec<String>, name: &[u8]) -> Result<(), BadPe> {
    let is_name = name.len() <= LONGEST && !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    if !is_name {
        return Err(BadPe("the name of a library is none".to_owned()));
    }
    if names.len() == MOST {
        return Err(BadPe(format!("it needs more than {MOST} libraries")));
    }
    names.push(String::from_utf8_lossy(name).to_lowercase());
    Ok(())
}

/// A library of 64 bits for a machine that needs these ones, and does nothing.
#[cfg(test)]
pub(crate) fn sample(machine: u16, needed: &[&str]) -> Vec<u8> {
    const ADDRESS: u32 = 0x1000;
    let (mut table, mut names) = (Vec::new(), Vec::new());
    let size = u32::try_from((needed.len() + 1) * 20).unwrap_or_default();
    for name in needed {
        let at = ADDRESS + size + u32::try_from(names.len()).unwrap_or_default();
        table.extend([0, 0, 0, at, ADDRESS].map(u32::to_le_bytes).concat());
        names.extend(name.bytes().chain([0]));
    }
    table.extend([0; 20]);
    table.extend(names);
    let length = u32::try_from(table.len()).unwrap_or_default();
    let mut bytes = vec![0; 0x200];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, b"MZ");
    put(0x3c, &[0x40]);
    put(0x40, b"PE\0\0");
    put(0x44, &machine.to_le_bytes());
    put(0x46, &[1, 0]);
    put(0x54, &240_u16.to_le_bytes());
    put(0x58, &[0x0b, 0x02]);
    put(0x58 + 108, &[16]);
    put(0x58 + 120, &[ADDRESS, size].map(u32::to_le_bytes).concat());
    put(0x148, b".idata");
    put(0x150, &[length, ADDRESS, length, 0x200].map(u32::to_le_bytes).concat());
    bytes.extend(table);
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_library_says_what_it_needs() {
        let read = |bytes: Vec<u8>| Pe::read(Cursor::new(bytes)).map(Option::unwrap);
        let one = read(sample(0x8664, &["KERNEL32.dll", "python313.dll"])).unwrap();
        assert_eq!(one.needed, ["kernel32.dll", "python313.dll"]);
        assert_eq!((one.machine, one.delayed), (0x8664, vec![]));
        assert_eq!(read(sample(0xaa64, &[])).unwrap().needed, Vec::<String>::new());
    }

    #[test]
    fn what_is_cut_or_lies_is_refused_or_read() {
        let whole = sample(0x8664, &["KERNEL32.dll", "python313.dll"]);
        for cut in 2..whole.len() {
            // What is left out at the end may be a name that ends there.
            let read = Pe::read(Cursor::new(&whole[..cut]));
            assert!(cut + 1 == whole.len() || read.is_err(), "{cut}");
        }
        for at in 0x40..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                let _ = Pe::read(Cursor::new(bytes));
            }
        }
        assert!(Pe::read(Cursor::new(sample(0x8664, &["a b.dll"]))).is_err());
    }

    #[test]
    fn other_files_are_none() {
        for other in [&b""[..], b"M", b"#!/bin/sh\n", b"\x7fELF"] {
            assert_eq!(Pe::read(Cursor::new(other)), Ok(None));
        }
        assert!(
            Pe::read(Cursor::new(b"MZ")).is_err() && Pe::read(Cursor::new([b'M', b'Z', 0, 0].repeat(100))).is_err()
        );
    }
}
