//! [`Programs`]: the programs, libraries and scripts of a package while it is read, for whoever asks which of them need something.

use std::{
    fs::File,
    io::{self, Read, Seek as _, SeekFrom, Write as _},
};

use super::codec::{Sums, sums};
use crate::depends::{
    Native, Script, Shipped,
    elf::{self, Depth, Elf},
    python::{self, Metadata},
};

/// The longest first line of a script that the kernel reads, in bytes (execve(2)).
const LONGEST_LINE: usize = 256;
/// The most that is read of what a distribution of Python says of itself, in bytes.
const LARGEST_METADATA: usize = 4 << 20;

/// What a package has, as far as it has been read.
#[derive(Debug, Default)]
pub(in crate::format) struct Programs {
    shipped: Shipped,
    /// Where one program at a time is put, to be read out of order; without a name.
    aside: Option<File>,
}

impl Programs {
    /// Says which architecture the package is for, in its format's word. Comes before its files.
    pub(in crate::format) fn are_for(&mut self, arch: &str) {
        self.shipped = Shipped::on(elf::machine_of(arch));
    }

    /// The digests of a file, and what it is.
    ///
    /// # Errors
    /// When it cannot be read, or there is no room to put it aside.
    pub(in crate::format) fn sums(&mut self, content: &mut dyn Read, path: &str, mode: u32) -> io::Result<Sums> {
        let is_metadata = python::is_metadata(path);
        let keeps = if is_metadata { LARGEST_METADATA } else { LONGEST_LINE };
        let mut copied = Copied { content, start: Vec::new(), keeps, aside: &mut self.aside, is_put: false };
        let sums = sums(&mut copied)?;
        let (start, is_put) = (copied.start, copied.is_put);
        if is_metadata {
            // One that is too large says nothing that is understood.
            let text = if sums.size > start.len() as u64 { "".into() } else { String::from_utf8_lossy(&start) };
            self.shipped.metadata(Metadata { path: path.to_owned(), text: text.into_owned() });
            return Ok(sums);
        }
        let is_executable = mode & 0o111 != 0;
        match self.aside.as_mut().filter(|_| is_put) {
            Some(file) => {
                file.seek(SeekFrom::Start(0))?;
                match Elf::read(file, Depth::Names) {
                    Ok(Some(elf)) if elf.runs_on(self.shipped.machine()) => {
                        self.shipped.native(Native { path: path.to_owned(), is_executable, elf });
                    }
                    _ => self.shipped.file(path),
                }
            }
            None if start.starts_with(b"#!") && is_executable => {
                let line = start[2..].split(|byte| *byte == b'\n').next().unwrap_or_default();
                let line = String::from_utf8_lossy(line).into_owned();
                self.shipped.script(Script { path: path.to_owned(), line });
            }
            None => self.shipped.file(path),
        }
        Ok(sums)
    }

    /// Notes a symbolic link, with its target as written, or a further name of a file.
    pub(in crate::format) fn link(&mut self, path: &str, target: &str) {
        self.shipped.link(path, target);
    }

    /// All that was read.
    pub(in crate::format) fn into_shipped(self) -> Shipped {
        self.shipped
    }
}

/// A reader that keeps the first bytes of what it gives, and puts all of it aside where that is a program or a library.
struct Copied<'r> {
    content: &'r mut dyn Read,
    start: Vec<u8>,
    /// So many bytes at its beginning are kept.
    keeps: usize,
    aside: &'r mut Option<File>,
    is_put: bool,
}

impl Copied<'_> {
    /// Where programs are put, empty.
    fn aside(&mut self) -> io::Result<&mut File> {
        let file = match self.aside.take() {
            Some(file) => file,
            None => tempfile::tempfile()?,
        };
        let file = self.aside.insert(file);
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }
}

impl Read for Copied<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.content.read(buffer)?;
        let bytes = &buffer[..got];
        if self.is_put {
            if let Some(file) = self.aside.as_mut() {
                file.write_all(bytes)?;
            }
            return Ok(got);
        }
        let before = self.start.len();
        self.start.extend_from_slice(&bytes[..got.min(self.keeps - before)]);
        if before < elf::MAGIC.len() && self.start.starts_with(&elf::MAGIC) {
            let first = self.start[..before].to_vec();
            let file = self.aside()?;
            file.write_all(&first)?;
            file.write_all(bytes)?;
            self.is_put = true;
        }
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives so many bytes at once.
    struct Slow<'b>(&'b [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            let (now, later) = self.0.split_at(count);
            buffer[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    #[test]
    fn programs_are_read_however_they_come() {
        let program = std::fs::read("/bin/true").unwrap_or_default();
        if !program.starts_with(&elf::MAGIC) || std::env::consts::ARCH != "x86_64" {
            eprintln!("skipped: /bin/true is no program for x86_64 here");
            return;
        }
        for step in [1, 3, 4, 1 << 20] {
            let mut programs = Programs::default();
            programs.are_for("amd64");
            let sums = programs.sums(&mut Slow(&program, step), "/usr/bin/true", 0o755).unwrap();
            assert_eq!(sums.size, program.len() as u64);
            programs.sums(&mut Slow(b"#!/bin/sh -e\nexit\n", step), "/usr/bin/x", 0o755).unwrap();
            programs.sums(&mut Slow(b"\x7fELF", step), "/usr/bin/broken", 0o755).unwrap();
            programs.link("/usr/bin/also", "true");
            let shipped = programs.into_shipped();
            assert_eq!(shipped.natives().len(), 1, "{step}");
            assert!(shipped.natives()[0].elf.needed.iter().any(|name| name == "libc.so.6"), "{step}");
            assert_eq!(shipped.scripts()[0].line, "/bin/sh -e");
            assert_eq!(shipped.paths().count(), 4);
        }
        let mut programs = Programs::default();
        programs.are_for("arm64");
        programs.sums(&mut &*program, "/usr/bin/true", 0o755).unwrap();
        assert!(programs.into_shipped().natives().is_empty(), "it is for another machine");
    }
}
