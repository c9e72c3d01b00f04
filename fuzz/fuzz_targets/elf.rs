//! A program or library of somebody else: what it says, bounded, or an error. Names have no NUL, and nothing is counted that is not there.
#![no_main]

use std::io::Cursor;

use factory::depends::elf::{Depth, Elf};
use libfuzzer_sys::fuzz_target;

/// A library of 64 bits around the bytes, so that what is behind the header is reached: `PT_LOAD` is all of it, `PT_DYNAMIC` its begin.
fn wrapped(bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0; 176];
    file[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    (file[16], file[18], file[20], file[32]) = (3, 62, 1, 64);
    (file[52], file[54], file[56]) = (64, 56, 2);
    let size = (bytes.len() as u64 + 176).to_le_bytes();
    file[64] = 1;
    file[96..104].copy_from_slice(&size);
    file[120] = 2;
    (file[128], file[136]) = (176, 176);
    file[152..160].copy_from_slice(&(bytes.len().min(1024) as u64).to_le_bytes());
    file.extend(bytes);
    file
}

fuzz_target!(|bytes: &[u8]| {
    for bytes in [bytes.to_vec(), wrapped(bytes)] {
        let Ok(Some(elf)) = Elf::read(Cursor::new(&bytes), Depth::Symbols) else { continue };
        let names = elf.needed.iter().chain(&elf.search).chain(&elf.soname).chain(&elf.interpreter).chain(&elf.defines);
        assert!(names.into_iter().all(|name| !name.contains('\0') && name.len() <= bytes.len()));
        let symbols: usize = elf.symbols.iter().map(|symbol| symbol.name.len()).sum();
        assert!(symbols <= 256 << 20 && elf.symbols.len() <= bytes.len());
        let again = Elf::read(Cursor::new(&bytes), Depth::Names).expect("it was read before").expect("an ELF file");
        assert_eq!(again.needed, elf.needed);
    }
});
