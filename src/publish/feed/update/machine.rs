//! Which machines a program is for, by the begin of its file.

use std::{
    io::{self, Read as _},
    path::Path,
};

use crate::util::files::open_regular;

/// Systems and processors as updaters call their own (`std::env::consts`), and what others call them.
const SYSTEMS: [&str; 2] = ["linux", "windows"];
const PROCESSORS: [(&str, &[&str]); 6] = [
    ("x86_64", &["amd64", "x64"]),
    ("aarch64", &["arm64", "armv8"]),
    ("x86", &["i386", "i686", "386", "win32"]),
    ("arm", &["armhf", "armv7", "armv7l"]),
    ("riscv64", &[]),
    ("s390x", &[]),
];

/// What updaters call machines that a text names in other words: `linux-x86_64` of `linux-amd64`. Words of one's own are left alone: the
/// settings of an updater may say any.
#[must_use]
pub fn meant(text: &str) -> Option<String> {
    let (system, processor) = text.split_once('-').unwrap_or((text, ""));
    let (system, processor) = (system.to_ascii_lowercase(), processor.to_ascii_lowercase());
    let found = PROCESSORS.iter().find(|(name, others)| *name == processor || others.contains(&&*processor));
    let (name, _) = found.filter(|_| SYSTEMS.contains(&&*system))?;
    Some(format!("{system}-{name}")).filter(|meant| meant != text)
}

/// Whether a text is what updaters call machines by themselves.
#[must_use]
pub fn is_known(text: &str) -> bool {
    text.split_once('-').is_some_and(|(system, processor)| {
        SYSTEMS.contains(&system) && PROCESSORS.iter().any(|(name, _)| *name == processor)
    })
}

/// So much of a file is looked at, in bytes.
const BEGIN: u64 = 4 << 10;

/// `linux-x86_64` or `windows-x86_64` of an ELF or PE file, as updaters call their own machine; `None` where it does not tell.
///
/// # Errors
/// Where the file cannot be read, or is none.
pub fn platform_of(file: &Path) -> io::Result<Option<String>> {
    let mut begin = Vec::new();
    open_regular(file)?.take(BEGIN).read_to_end(&mut begin)?;
    Ok(told_by(&begin))
}

fn told_by(begin: &[u8]) -> Option<String> {
    elf(begin)
        .map(|machine| format!("linux-{machine}"))
        .or_else(|| pe(begin).map(|machine| format!("windows-{machine}")))
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes([two[0], two[1]]))
}

/// ELF, 18: `e_machine`. All that are known here are little-endian.
fn elf(begin: &[u8]) -> Option<&'static str> {
    let is_little = begin.starts_with(b"\x7fELF") && begin.get(5) == Some(&1);
    match number(begin, 18).filter(|_| is_little)? {
        3 => Some("x86"),
        0x28 => Some("arm"),
        0x3e => Some("x86_64"),
        0xb7 => Some("aarch64"),
        _ => None,
    }
}

/// PE: the header's place is at 60 of the MS-DOS stub, and the machine follows its magic.
fn pe(begin: &[u8]) -> Option<&'static str> {
    let low = number(begin, 60).filter(|_| begin.starts_with(b"MZ") && number(begin, 62) == Some(0))?;
    let at = usize::from(low);
    let magic = begin.get(at..at.checked_add(4)?)?;
    match number(begin, at + 4).filter(|_| magic == b"PE\0\0")? {
        0x14c => Some("x86"),
        0x8664 => Some("x86_64"),
        0xaa64 => Some("aarch64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pe_file(machine: u16) -> Vec<u8> {
        let mut bytes = vec![0; 200];
        bytes[..2].copy_from_slice(b"MZ");
        bytes[60] = 128;
        bytes[128..132].copy_from_slice(b"PE\0\0");
        bytes[132..134].copy_from_slice(&machine.to_le_bytes());
        bytes
    }

    fn elf_file(machine: u16, order: u8) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02".to_vec();
        bytes.push(order);
        bytes.resize(18, 0);
        bytes.extend(machine.to_le_bytes());
        bytes
    }

    #[test]
    fn a_program_tells_its_machine() {
        assert_eq!(told_by(&elf_file(0x3e, 1)).as_deref(), Some("linux-x86_64"));
        assert_eq!(told_by(&elf_file(0xb7, 1)).as_deref(), Some("linux-aarch64"));
        assert_eq!(told_by(&pe_file(0x8664)).as_deref(), Some("windows-x86_64"));
        assert_eq!(told_by(&pe_file(0x14c)).as_deref(), Some("windows-x86"));
    }

    #[test]
    fn machines_are_called_what_updaters_call_them() {
        for (other, name) in [
            ("linux-amd64", "linux-x86_64"),
            ("Windows-x64", "windows-x86_64"),
            ("linux-arm64", "linux-aarch64"),
            ("LINUX-X86_64", "linux-x86_64"),
        ] {
            assert_eq!(meant(other).as_deref(), Some(name));
        }
        for own in ["linux-x86_64", "windows-x86", "", "linux", "x86_64", "linux-", "kiosk-amd64", "test"] {
            assert_eq!(meant(own), None, "{own}");
            assert_eq!(is_known(own), ["linux-x86_64", "windows-x86"].contains(&own), "{own}");
        }
    }

    #[test]
    fn what_does_not_tell_is_not_guessed() {
        let mut far = pe_file(0x8664);
        far[61] = 0xff;
        for bytes in [&b""[..], b"MZ", b"#!/bin/sh\n", &elf_file(0x3e, 2), &elf_file(0x16, 1), &pe_file(1), &far] {
            assert_eq!(told_by(bytes), None, "{bytes:?}");
        }
    }
}
