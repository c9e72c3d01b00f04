//! The [`Shipped`] files of a staged tree.

use std::io::{self, Read as _};

use super::{
    Native, Script, Shipped,
    elf::{Depth, Elf},
    python::{self, Metadata},
};
use crate::stage::{Kind, Tree};

/// The longest first line of a script that the kernel reads, in bytes (execve(2)).
const LONGEST_LINE: u64 = 256;

/// The files of a tree; programs and libraries are those for a machine in the kernel's words (`x86_64`). A broken one, and one for another
/// machine, is a file like any other.
///
/// # Errors
/// When the spool cannot be read.
pub fn shipped(tree: &Tree, machine: &str, depth: Depth) -> io::Result<Shipped> {
    let mut found = Shipped::on(machine);
    for (path, entry) in tree.iter() {
        let place = format!("/{path}");
        match &entry.kind {
            Kind::Dir => {}
            Kind::Symlink { target } => found.link(&place, target),
            Kind::Hardlink { target } => found.link(&place, &format!("/{target}")),
            Kind::File { size, .. } if python::is_metadata(&place) => {
                let mut bytes = Vec::new();
                // One that is too large says nothing that is understood, and that is said.
                tree.open(entry).take(if *size > python::LARGEST { 0 } else { *size }).read_to_end(&mut bytes)?;
                found.metadata(Metadata { path: place, text: String::from_utf8_lossy(&bytes).into_owned() });
            }
            Kind::File { size: 0..4, .. } => found.file(&place),
            Kind::File { .. } => {
                let is_executable = entry.mode & 0o111 != 0;
                let mut start = [0; 4];
                tree.open(entry).read_exact(&mut start)?;
                if start == *b"\x7fELF"
                    && let Ok(Some(elf)) = Elf::read(tree.open(entry), depth)
                    && elf.runs_on(machine)
                {
                    found.native(Native { path: place, is_executable, elf });
                } else if start.starts_with(b"#!") && is_executable {
                    let mut bytes = Vec::new();
                    tree.open(entry).take(LONGEST_LINE).read_to_end(&mut bytes)?;
                    let line = bytes[2..].split(|byte| *byte == b'\n').next().unwrap_or_default();
                    found.script(Script { path: place, line: String::from_utf8_lossy(line).into_owned() });
                } else {
                    found.file(&place);
                }
            }
        }
    }
    Ok(found)
}
